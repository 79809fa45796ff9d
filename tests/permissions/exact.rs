//! The templates by themselves: a role for each function, exact actions, exact resources.

use std::collections::BTreeSet;

use serde_norway::Value;
use tests::product::Service;

use crate::grants::{jobs, template};

/// Where a resource may end in a wildcard, since no name can be known before: a stream's label, the keys under which
/// Lambda keeps failed batches, users' files and exports under their ids, the schedules of a group, and open connections.
const OPEN_ENDS: [&str; 11] = [
    "/stream/*",
    "/aws/lambda/*",
    "-todos-files-${AWS::AccountId}/uploads/*",
    "-todos-files-${AWS::AccountId}/files/*",
    "-users-exports-${AWS::AccountId}/archives/*",
    "-users-exports-${AWS::AccountId}/parts/*",
    "-users-exports-${AWS::AccountId}/parts/users/*",
    ":${ExportsBucket}/parts/todos/*",
    ":${ExportsBucket}/parts/notifications/*",
    "/${Reminders}/*",
    "/@connections/*",
];

#[test]
fn permissions_are_exact_in_a_role_for_each_function() {
    let jobs = jobs();
    assert!(jobs.len() >= 25, "{} functions", jobs.len());
    let roles: BTreeSet<(&str, &str)> = jobs.iter().map(|job| (job.service.name(), job.role.as_str())).collect();
    assert_eq!(roles.len(), jobs.len(), "no two functions share a role");
    let mut wrong = Vec::new();
    for job in &jobs {
        for grant in job.grants() {
            let what = format!("{}/{}: {} on {}", job.service.name(), job.name, grant.action, grant.resource);
            if grant.action.contains(['*', '?']) || grant.action.split(':').count() != 2 {
                wrong.push(format!("{what}: name the action"));
            }
            let open_end = OPEN_ENDS.iter().find_map(|end| grant.resource.strip_suffix(end));
            if open_end.unwrap_or(&grant.resource).contains(['*', '?']) {
                wrong.push(format!("{what}: name the resource"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn permissions_come_from_a_role_that_is_lambdas_or_schedulers_alone() {
    for service in Service::ALL {
        let template = template(service);
        for (name, resource) in template["Resources"].as_mapping().unwrap() {
            let (name, properties) = (name.as_str().unwrap(), &resource["Properties"]);
            match resource["Type"].as_str().unwrap() {
                "AWS::IAM::Role" => {
                    let trust = &properties["AssumeRolePolicyDocument"]["Statement"];
                    let principals: Vec<&Value> =
                        trust.as_sequence().unwrap().iter().map(|statement| &statement["Principal"]).collect();
                    assert_eq!(principals.len(), 1, "{name}");
                    let is_lambdas = principals[0]["Service"] == "lambda.amazonaws.com";
                    assert!(is_lambdas || is_for_one_group_of_schedules(&trust[0]), "{name} is not Lambda's");
                    assert_eq!(principals[0].as_mapping().unwrap().len(), 1, "{name}");
                    assert!(properties.get("ManagedPolicyArns").is_none(), "{name} has a managed policy");
                    for statement in properties["Policies"][0]["PolicyDocument"]["Statement"].as_sequence().unwrap() {
                        let open = ["NotAction", "NotResource"].iter().any(|key| statement.get(key).is_some());
                        assert!(!open, "{name} allows all but something");
                    }
                }
                // Both would give something to roles that stand elsewhere.
                "AWS::IAM::Policy" | "AWS::IAM::ManagedPolicy" | "AWS::IAM::RolePolicy" => {
                    panic!("{name}: write a role's permissions into the role")
                }
                // SAM would make a role with permissions of its own choice.
                "AWS::Serverless::Function" => assert!(properties.get("Policies").is_none(), "{name} has Policies"),
                _ => {}
            }
        }
    }
}

/// EventBridge Scheduler calls functions by a role of its own, here for the schedules of one group.
///
/// <https://docs.aws.amazon.com/scheduler/latest/UserGuide/cross-service-confused-deputy-prevention.html>
fn is_for_one_group_of_schedules(statement: &Value) -> bool {
    let source = &statement["Condition"]["ArnEquals"]["aws:SourceArn"];
    statement["Principal"]["Service"] == "scheduler.amazonaws.com" && !source.is_null()
}

/// Queues, topics and buckets: a policy that admits a service admits it for one source, not for whoever uses it.
#[test]
fn permissions_of_resources_name_who_may_and_for_what() {
    for service in Service::ALL {
        let template = template(service);
        for (name, resource) in template["Resources"].as_mapping().unwrap() {
            let name = name.as_str().unwrap();
            let Some(statements) = resource["Properties"]["PolicyDocument"]["Statement"].as_sequence() else {
                continue;
            };
            for statement in statements.iter().filter(|statement| statement["Effect"] == "Allow") {
                let actions = serde_norway::to_string(&statement["Action"]).unwrap();
                assert!(!actions.contains('*'), "{name}: name the action");
                let principal = &statement["Principal"];
                assert!(principal.as_mapping().is_some(), "{name}: name who may");
                let principals = serde_norway::to_string(principal).unwrap();
                assert!(!principals.contains('*'), "{name}: name who may");
                if principal.get("Service").is_some() {
                    let conditions = statement["Condition"].as_mapping().into_iter().flat_map(|all| all.values());
                    let has_source = conditions.into_iter().any(|keys| keys.get("aws:SourceArn").is_some());
                    assert!(has_source, "{name}: say for which aws:SourceArn the service may");
                }
            }
        }
    }
}
