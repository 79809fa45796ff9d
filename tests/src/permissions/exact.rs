//! Checks of a service's template: a role for each function, exact actions, exact resources.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::permissions::grants::{functions, template, texts};

/// Where a resource of any service may end with a wildcard, because its name is not known before: the label of a stream,
/// the keys under which Lambda stores failed batches, and open connections.
const OPEN_ENDS: [&str; 3] = ["/stream/*", "${FailuresBucket.Arn}/aws/lambda/*", "/@connections/*"];

/// Checks a service's template. `open_ends` are further ends of resources that may contain a wildcard.
pub fn check(service: &str, open_ends: &[&str]) {
    check_grants(service, open_ends);
    check_roles(service);
    check_resource_policies(service);
}

fn check_grants(service: &str, open_ends: &[&str]) {
    let functions = functions(service);
    assert!(!functions.is_empty(), "{service} has no function");
    let roles: BTreeSet<&str> = functions.iter().map(|function| function.role.as_str()).collect();
    assert_eq!(roles.len(), functions.len(), "no two functions share a role");
    let mut wrong = Vec::new();
    for function in &functions {
        for grant in function.grants() {
            let what = format!("{service}/{}: {} on {}", function.job, grant.action, grant.resource);
            if grant.action.contains(['*', '?']) || grant.action.split(':').count() != 2 {
                wrong.push(format!("{what}: name the action"));
            }
            let mut ends = OPEN_ENDS.iter().chain(open_ends);
            let stem = ends.find_map(|end| grant.resource.strip_suffix(end)).unwrap_or(&grant.resource);
            if stem.contains(['*', '?']) {
                wrong.push(format!("{what}: name the resource"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Settings of a function by which SAM uses another role, or adds permissions to the generated one.
const OTHER_PERMISSIONS: [&str; 9] = [
    "Role",
    "AssumeRolePolicyDocument",
    "PermissionsBoundary",
    "RolePath",
    "DeadLetterQueue",
    "DurableConfig",
    "Tracing",
    "VpcConfig",
    "FileSystemConfigs",
];

/// Types of events for which SAM adds no permission, or for DynamoDB permissions that the boundary limits.
const EVENTS: [&str; 7] = ["Cognito", "DynamoDB", "EventBridgeRule", "HttpApi", "S3", "SNS", "Schedule"];

/// Each function has its own policy within the boundary, and no resource adds permissions to its role.
fn check_roles(service: &str) {
    let template = template(service);
    let globals = &template["Globals"]["Function"];
    assert_eq!(globals["PermissionsBoundary"]["Ref"], "Boundary", "{service}");
    let inherited = ["Policies", "EventInvokeConfig"].iter().find(|name| globals.get(**name).is_some());
    assert_eq!(inherited, None, "{service}: each function sets this itself");
    for (name, resource) in template["Resources"].as_object().unwrap() {
        let properties = &resource["Properties"];
        match resource["Type"].as_str().unwrap() {
            "AWS::Serverless::Function" => check_function(name, properties),
            "AWS::IAM::Role" => check_scheduler_role(name, properties),
            "AWS::IAM::ManagedPolicy" if name == "Boundary" => check_boundary(properties),
            // These would add permissions to a role that is defined elsewhere.
            "AWS::IAM::Policy" | "AWS::IAM::ManagedPolicy" | "AWS::IAM::RolePolicy" => {
                panic!("{name}: write a function's permissions into its Policies")
            }
            "AWS::Serverless::Connector" => panic!("{name}: SAM chooses the permissions of a connector"),
            _ => {}
        }
    }
}

fn check_function(name: &str, properties: &Value) {
    let other = OTHER_PERMISSIONS.iter().find(|setting| properties.get(**setting).is_some());
    assert_eq!(other, None, "{name}");
    check_plain_policy(name, &properties["Policies"]);
    check_events(name, properties);
}

/// A role that is not SAM's is EventBridge Scheduler's.
fn check_scheduler_role(name: &str, properties: &Value) {
    let trust = properties["AssumeRolePolicyDocument"]["Statement"].as_array().unwrap();
    assert_eq!(trust.len(), 1, "{name}");
    assert_eq!(trust[0]["Principal"].as_object().unwrap().len(), 1, "{name}");
    assert!(is_for_one_group_of_schedules(&trust[0]), "{name}: SAM generates the roles of functions");
    assert!(properties.get("ManagedPolicyArns").is_none(), "{name} has a managed policy");
    let policies = properties["Policies"].as_array().unwrap();
    assert_eq!(policies.len(), 1, "{name}");
    check_no_exclusion(name, &policies[0]["PolicyDocument"]);
}

/// `Policies` is missing when a function only logs; otherwise it is a list of one policy document.
fn check_plain_policy(name: &str, policies: &Value) {
    if policies.is_null() {
        return;
    }
    let policies = policies.as_array().unwrap_or_else(|| panic!("{name}: Policies is a list"));
    assert_eq!(policies.len(), 1, "{name}: one document holds all statements");
    assert!(policies[0]["Statement"].is_array(), "{name}: no managed policy and no policy template of SAM");
    check_no_exclusion(name, &policies[0]);
}

fn check_no_exclusion(name: &str, policy: &Value) {
    for statement in policy["Statement"].as_array().unwrap() {
        let open = ["NotAction", "NotResource"].iter().any(|key| statement.get(key).is_some());
        assert!(!open, "{name}: NotAction and NotResource allow everything else");
    }
}

/// SAM adds wider permissions for a stream's failure destination if it has a `Type`.
fn check_events(name: &str, function: &Value) {
    for (event, settings) in function["Events"].as_object().into_iter().flatten() {
        let kind = settings["Type"].as_str().unwrap();
        assert!(EVENTS.contains(&kind), "{name}/{event}: which permissions does SAM add for {kind}?");
        let on_failure = &settings["Properties"]["DestinationConfig"]["OnFailure"];
        assert!(on_failure.get("Type").is_none(), "{name}/{event}: leave out Type, and write the permission");
    }
    for (outcome, destination) in function["EventInvokeConfig"]["DestinationConfig"].as_object().into_iter().flatten() {
        assert_eq!((outcome.as_str(), &destination["Type"]), ("OnFailure", &"SNS".into()), "{name}");
        assert_eq!(destination["Destination"]["Ref"], "FailuresTopic", "{name}");
    }
}

/// The boundary is attached to nothing else. Of what SAM attaches it leaves only this service's log group and stream.
fn check_boundary(policy: &Value) {
    for key in ["Roles", "Users", "Groups", "ManagedPolicyName"] {
        assert!(policy.get(key).is_none(), "the boundary has {key}");
    }
    let (open, closed): (Vec<&Value>, Vec<&Value>) = policy["PolicyDocument"]["Statement"]
        .as_array()
        .unwrap()
        .iter()
        .partition(|statement| statement.get("NotAction").is_some());
    assert_eq!(open.len(), 1, "one statement allows what the functions' own policies limit");
    let excluded = texts(&open[0]["NotAction"]);
    // What AWSLambdaBasicExecutionRole and AWSLambdaDynamoDBExecutionRole allow on every resource.
    let stream_actions = ["DescribeStream", "GetRecords", "GetShardIterator", "ListStreams"];
    for action in stream_actions.map(|action| format!("dynamodb:{action}")) {
        assert!(excluded.contains(&action), "the boundary allows {action} on every resource");
    }
    assert!(excluded.contains(&"logs:*".to_owned()), "the boundary allows all log groups");
    for statement in closed {
        let resource = statement["Resource"].to_string();
        let is_own =
            ["\"Logs\"", "\"Table\",\"StreamArn\"", "${Table.Arn}/stream/*"].iter().any(|own| resource.contains(own));
        assert!(is_own, "{resource} is neither the service's log group nor its table's stream");
        assert!(!statement["Action"].to_string().contains('*'), "name the action");
    }
}

/// EventBridge Scheduler invokes functions with a separate role, here for the schedules of one group.
///
/// <https://docs.aws.amazon.com/scheduler/latest/UserGuide/cross-service-confused-deputy-prevention.html>
fn is_for_one_group_of_schedules(statement: &Value) -> bool {
    let source = &statement["Condition"]["ArnEquals"]["aws:SourceArn"];
    statement["Principal"]["Service"] == "scheduler.amazonaws.com" && !source.is_null()
}

/// The policies of queues, topics and buckets: one that allows an AWS service access allows it for one source only.
fn check_resource_policies(service: &str) {
    for (name, resource) in template(service)["Resources"].as_object().unwrap() {
        let statements = resource["Properties"]["PolicyDocument"]["Statement"].as_array();
        let statements = statements.filter(|_| resource["Type"] != "AWS::IAM::ManagedPolicy").into_iter().flatten();
        for statement in statements.filter(|statement| statement["Effect"] == "Allow") {
            check_resource_statement(name, statement);
        }
    }
}

fn check_resource_statement(name: &str, statement: &Value) {
    assert!(!statement["Action"].to_string().contains('*'), "{name}: name the action");
    let principal = &statement["Principal"];
    assert!(principal.is_object() && !principal.to_string().contains('*'), "{name}: name the principal");
    if principal.get("Service").is_some() {
        let mut conditions = statement["Condition"].as_object().into_iter().flat_map(|all| all.values());
        let has_source = conditions.any(|keys| keys.get("aws:SourceArn").is_some());
        assert!(has_source, "{name}: name the aws:SourceArn for which the service is allowed");
    }
}
