//! What may be deployed beside what.

#![allow(clippy::unwrap_used, reason = "parts of tests: they fail by panicking")]

use contracts::deploy::record::{self, Forced, LARGEST_VALUE};
use contracts::deploy::{self, Verdict};
use contracts::repository::Repository;
use contracts::repository::tree::Tree;
use serde_json::{Value, json};

use crate::repository::{here, today, tree};

const SCHEMA: &str = "events/schemas/todos/TodoCompleted/v1.json";
const READER: &str = "services/notifications/reads/todo-completed/TodoCompleted.v1.json";
const SERVICES: [&str; 3] = ["notifications", "todos", "users"];

fn changed(path: &str, change: impl Fn(&mut Value)) -> Repository {
    let mut tree: Tree = tree();
    let mut value: Value = serde_json::from_str(tree.text(path).unwrap()).unwrap();
    change(&mut value);
    tree.put(path, value.to_string());
    Repository::of(tree, None)
}

fn data(schema: &mut Value) -> &mut Value {
    &mut schema["properties"]["data"]
}

#[test]
fn everything_may_go_where_nothing_is() {
    for service in SERVICES {
        assert_eq!(deploy::verdict(&here(), &deploy::Services::new(), service, today()), Verdict::Yes, "{service}");
    }
}

#[test]
fn what_is_deployed_may_be_deployed_again() {
    let deployed = deploy::promises(&here());
    for service in SERVICES {
        assert_eq!(deploy::verdict(&here(), &deployed, service, today()), Verdict::Yes, "{service}");
    }
}

#[test]
fn a_publisher_may_not_go_while_a_deployed_reader_could_not_read_it() {
    let head = changed(SCHEMA, |schema| data(schema)["required"] = json!(["todoId"]));
    let Verdict::Impossible { blockers, proof, steps } =
        deploy::verdict(&head, &deploy::promises(&here()), "todos", today())
    else {
        panic!("a reader that is hurt was not seen");
    };
    let hurt: Vec<_> = blockers.iter().map(|blocker| blocker.reader.as_str()).collect();
    assert_eq!(hurt, ["notifications/push-todos", "notifications/todo-completed", "notifications/update-agenda"]);
    assert!(
        blockers.iter().all(|blocker| blocker.witness.is_some())
            && !proof.is_empty()
            && steps[0].contains("a new version beside it")
    );
}

#[test]
fn a_reader_that_asks_for_more_goes_after_its_publisher() {
    let base = changed(SCHEMA, |schema| data(schema)["required"] = json!(["todoId", "ownerId", "completedAt"]));
    let base = deploy::promises(&base);
    // The tree's publisher promises the title, which the deployed one does not; the tree's reader needs it.
    let mut deployed = deploy::promises(&changed(READER, |schema| data(schema)["required"] = json!(["todoId"])));
    deployed.insert("todos".into(), base["todos"].clone());
    assert_eq!(deploy::verdict(&here(), &deployed, "todos", today()), Verdict::Yes);
    let Verdict::No { blockers, order } = deploy::verdict(&here(), &deployed, "notifications", today()) else {
        panic!("an order exists");
    };
    assert_eq!(order, ["todos", "notifications"]);
    assert_eq!(blockers[0].event, "todos/TodoCompleted/v1");
}

#[test]
fn what_is_recorded_is_read_again_and_fits_into_parameters() {
    for (service, promises) in deploy::promises(&here()) {
        let parameters = record::parameters("local", &service, &promises);
        for (name, value) in &parameters {
            assert!(
                value.len() <= LARGEST_VALUE,
                "{name} has {} bytes, a parameter takes {LARGEST_VALUE}",
                value.len()
            );
        }
        let pairs = parameters.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let others = [("/busline/local/todos/api-id", "x"), ("/busline/local/bus/name", "y")];
        let recorded = record::read("local", pairs.chain(others)).unwrap();
        assert_eq!(recorded.services.get(&service), Some(&promises), "{service}");
    }
}

#[test]
fn a_forced_deployment_is_recorded_however_many_it_hurt() {
    let forced = Forced {
        at: "2026-11-21T08:00:00Z".parse().unwrap(),
        reason: "readers follow in an hour".into(),
        hurt: vec!["notifications/todo-completed: it cannot read that".into(); 500],
    };
    let value = record::forced_value(&forced).unwrap();
    assert!(value.len() <= LARGEST_VALUE);
    let name = record::forced_parameter("prod", "todos");
    let recorded = record::read("prod", [(name.as_str(), value.as_str())]).unwrap();
    assert_eq!(recorded.forced["todos"].reason, forced.reason);
    assert!(recorded.services.is_empty());
}

#[test]
fn a_parameter_that_records_nothing_is_named() {
    let error = record::read("prod", [("/busline/prod/todos/contracts/publishes/x", "{}")]).unwrap_err();
    assert!(error.to_string().contains("contracts/publishes/x"), "{error}");
}
