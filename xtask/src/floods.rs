//! What a flood of requests without a token can take from the others, in every template.

use std::path::Path;

use serde_json::Value;

use crate::planned::{Place, Plan, Resource};
use crate::stacks::Stacks;

const PLACE: Place<'_> = Place { env: "prod", account: "123456789012", region: "eu-west-1" };
/// The most requests of a second, and in a burst, that run a function for anybody. An account runs 1,000 at a time.
const MOST: u64 = 100;

fn plan() -> Plan {
    let repo = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    Plan::read(repo, &Stacks::discover(repo).unwrap(), PLACE).unwrap()
}

fn functions(plan: &Plan) -> impl Iterator<Item = &Resource> {
    plan.of_kind("AWS::Serverless::Function")
}

/// The routes of a function that need no token, as in `GET /sample`.
fn public_routes(function: &Resource) -> impl Iterator<Item = String> {
    let events = function.properties["Events"].as_object().into_iter().flatten();
    let routes = events.map(|(_, event)| &event["Properties"]).filter(|route| route["Auth"]["Authorizer"] == "NONE");
    routes.map(|route| format!("{} {}", route["Method"].as_str().unwrap(), route["Path"].as_str().unwrap()))
}

fn is_throttled(settings: &Value) -> bool {
    ["ThrottlingBurstLimit", "ThrottlingRateLimit"]
        .iter()
        .all(|limit| settings[limit].as_u64().is_some_and(|it| it <= MOST))
}

/// A route with an authorizer for JSON Web Tokens runs a function for valid tokens alone.
#[test]
fn each_route_that_runs_a_function_for_anybody_has_a_throttle() {
    let plan = plan();
    let mut count = 0;
    for function in functions(&plan) {
        for route in public_routes(function) {
            let mut apis = plan.of_kind("AWS::Serverless::HttpApi").filter(|api| api.stack == function.stack);
            assert!(
                apis.all(|api| is_throttled(&api.properties["RouteSettings"][&route])),
                "{}: {route}",
                function.stack
            );
            count += 1;
        }
    }
    for api in plan.of_kind("AWS::Serverless::WebSocketApi") {
        assert!(is_throttled(&api.properties["RouteSettings"]["$connect"]), "{}: $connect", api.stack);
        count += 1;
    }
    assert!(count > 0);
}

#[test]
fn each_publisher_has_executions_that_nothing_else_takes() {
    let plan = plan();
    let mut publishers = functions(&plan).filter(|function| function.properties["Handler"] == "publish").peekable();
    assert!(publishers.peek().is_some());
    for publisher in publishers {
        let reserved = &publisher.properties["ReservedConcurrentExecutions"];
        let reserved = reserved.as_u64().or_else(|| reserved.as_str()?.parse().ok());
        assert!(reserved.is_some_and(|executions| executions > 0), "{}", publisher.stack);
    }
}
