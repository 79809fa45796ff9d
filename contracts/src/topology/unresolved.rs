//! Parts of a template that may hold rules or functions and cannot be resolved here.

use serde_json::{Value, json};

use super::Unclear;
use super::properties::{job, resource_name};
use super::silence;
use crate::template::{entries, one_or_many};

/// The one transform that is understood.
const SAM: &str = "AWS::Serverless-2016-10-31";

/// The types of a function's events that SAM knows.
///
/// <https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-property-function-eventsource.html>
const EVENT_TYPES: [&str; 20] = [
    "AlexaSkill",
    "Api",
    "CloudWatchEvent",
    "CloudWatchLogs",
    "Cognito",
    "DocumentDB",
    "DynamoDB",
    "EventBridgeRule",
    "HttpApi",
    "IoTRule",
    "Kinesis",
    "MQ",
    "MSK",
    "S3",
    "SNS",
    "SQS",
    "Schedule",
    "ScheduleV2",
    "SelfManagedKafka",
    "WebSocketApi",
];

/// The rules of a service, as a policy of its queue names them; its name follows.
const OWN_RULES: &str = "arn:${AWS::Partition}:events:${AWS::Region}:${AWS::AccountId}:rule/${BusName}/busline-${Env}-";

const OWN_NAME: &str = "!Sub busline-${Env}-<service>-<job>, or no name";

/// Resources that connect functions with the bus, or that run code, in a way that is not read here.
const OTHERS: [(&str, &str); 9] = [
    ("AWS::Lambda::Function", "an AWS::Serverless::Function"),
    ("AWS::Lambda::Alias", "the function itself, of which one version runs"),
    ("AWS::Lambda::Version", "the function itself, of which one version runs"),
    ("AWS::Lambda::EventSourceMapping", "an event of its AWS::Serverless::Function"),
    ("AWS::Lambda::EventInvokeConfig", "EventInvokeConfig of its AWS::Serverless::Function"),
    ("AWS::Pipes::Pipe", "an outbox and the job publish, or a rule as an event of a function"),
    ("AWS::Events::EventBus", "the bus that the services share"),
    ("AWS::Events::Endpoint", "the bus that the services share"),
    (CUSTOM, "a resource that CloudFormation knows itself"),
];

const MACHINE: &str = "AWS::Serverless::StateMachine";

/// Code that runs during a deployment and may change anything; its type may also begin with `Custom::`.
const CUSTOM: &str = "AWS::CloudFormation::CustomResource";

/// Macros, which can write any resource.
pub(crate) fn macros(template: &Value) -> Vec<Unclear> {
    let names = one_or_many(&template["Transform"]).iter().filter(|transform| *transform != SAM);
    let top = names.map(|transform| unclear("/Transform".to_owned(), format!("the transform {transform}")));
    let mut found: Vec<Unclear> = top.collect();
    find_macros(template, &mut String::new(), &mut found);
    found
}

fn find_macros(value: &Value, pointer: &mut String, found: &mut Vec<Unclear>) {
    for (name, entry) in entries(value) {
        let length = pointer.len();
        pointer.push('/');
        pointer.push_str(&name.replace('~', "~0").replace('/', "~1"));
        if name == "Fn::Transform" {
            found.push(unclear(pointer.clone(), format!("the transform {entry}")));
        }
        find_macros(entry, pointer, found);
        pointer.truncate(length);
    }
    for item in value.as_array().into_iter().flatten() {
        find_macros(item, pointer, found);
    }
}

fn unclear(pointer: String, what: String) -> Unclear {
    Unclear { pointer, what, write: format!("{SAM}, and AWS::Include with a file of this repository") }
}

/// What a resource of any type may hide.
pub(super) fn resource(logical: &str, kind: &str, properties: &Value) -> Vec<Unclear> {
    let mut found = Vec::new();
    if entries(properties).any(|(name, _)| name == "Ref" || name.starts_with("Fn::")) {
        let what = format!("the Properties of {logical}, which a function decides");
        found.push(Unclear::resource(logical, what, "each property by itself"));
    }
    let known = if kind.starts_with("Custom::") { CUSTOM } else { kind };
    if let Some((_, write)) = OTHERS.iter().find(|(other, _)| *other == known) {
        found.push(Unclear::resource(logical, format!("{logical}, an {kind}"), write));
    }
    if kind == "AWS::Scheduler::Schedule" && resource_name(&properties["Target"]["Arn"]).is_none() {
        let what =
            format!("the target {} of the schedule {logical}, which may call any API", properties["Target"]["Arn"]);
        found.push(Unclear::resource(logical, what, "!GetAtt of a function's Arn"));
    }
    if kind == MACHINE {
        let names = entries(&properties["Events"]).filter(|(_, event)| !is_clock_or_api(event));
        found.extend(names.map(|(name, event)| {
            let what =
                format!("the event {name} of {logical} with Type {}: no contract has what it reads", event["Type"]);
            let pointer = format!("/Resources/{logical}/Properties/Events/{name}");
            Unclear {
                pointer,
                what,
                write: "the rule as an event of a function, which starts the state machine".to_owned(),
            }
        }));
    }
    found
}

fn is_clock_or_api(event: &Value) -> bool {
    matches!(event["Type"].as_str(), Some("Schedule" | "ScheduleV2" | "Api"))
}

/// The events of a function that are not plain.
pub(super) fn events(logical: &str, function: &Value) -> Vec<Unclear> {
    let place = format!("/Resources/{logical}/Properties");
    let events = &function["Events"];
    if !events.is_null() && !events.is_object() {
        let (what, write) = (format!("the Events {events}"), "a mapping of names to events".to_owned());
        return vec![Unclear { pointer: format!("{place}/Events"), what, write }];
    }
    let is_known = |event: &Value| event["Type"].as_str().is_some_and(|kind| EVENT_TYPES.contains(&kind));
    let strange = entries(events).filter(|(_, event)| !is_known(event)).map(|(name, event)| Unclear {
        pointer: format!("{place}/Events/{name}"),
        what: format!("the event {name} of {logical}, which has no plain Type of SAM: {event}"),
        write: "the event with its Type and Properties, outside of intrinsic functions".to_owned(),
    });
    let nameless = (silence::rules(function).next().is_some() && job(function).is_none()).then(|| Unclear {
        pointer: format!("{place}/Handler"),
        what: format!("the Handler {} of {logical}, which has rules", function["Handler"]),
        write: "the name of its job".to_owned(),
    });
    strange.chain(nameless).collect()
}

/// The functions that a rule resource names as targets and may not invoke.
///
/// <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html#eb-lambda-permissions>
pub(super) fn uninvokable(logical: &str, rule: &Value, resources: &Value) -> Vec<Unclear> {
    let targets = one_or_many(&rule["Targets"]).iter().filter_map(|target| resource_name(&target["Arn"]));
    let functions = targets.filter(|name| resources[*name]["Type"] == "AWS::Serverless::Function");
    let refused = functions.filter(|function| !entries(resources).any(|(_, it)| permits(it, function, logical)));
    refused
        .map(|function| {
            let what =
                format!("the rule {logical}, which may not invoke {function}: no AWS::Lambda::Permission is plain");
            let write = format!(
                "the rule as an event of {function}, or an AWS::Lambda::Permission with Action lambda:InvokeFunction, \
                 Principal events.amazonaws.com, FunctionName !Ref {function} and SourceArn !GetAtt {logical}.Arn"
            );
            Unclear { pointer: format!("/Resources/{logical}"), what, write }
        })
        .collect()
}

fn permits(resource: &Value, function: &str, rule: &str) -> bool {
    let properties = &resource["Properties"];
    let is_plain = entries(properties).all(|(name, _)| {
        matches!(name.as_str(), "Action" | "FunctionName" | "Principal" | "SourceArn" | "SourceAccount")
    });
    let is_own_account =
        properties["SourceAccount"].is_null() || properties["SourceAccount"]["Ref"] == "AWS::AccountId";
    resource["Type"] == "AWS::Lambda::Permission"
        && resource["Condition"].is_null()
        && is_plain
        && is_own_account
        && properties["Action"] == "lambda:InvokeFunction"
        && properties["Principal"] == "events.amazonaws.com"
        && resource_name(&properties["FunctionName"]) == Some(function)
        && resource_name(&properties["SourceArn"]) == Some(rule)
}

/// The dead-letter queue of a rule, if it is none of the template, or EventBridge may not send to it.
///
/// <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html>
pub(super) fn dead_letters(service: &str, pointer: &str, config: Option<&Value>, resources: &Value) -> Option<Unclear> {
    let arn = &config?["Arn"];
    let queue = resource_name(arn).filter(|name| resources[*name]["Type"] == "AWS::SQS::Queue");
    let (what, write) = match queue {
        None => (format!("the dead-letter queue {arn}, which is none of this template"), "!GetAtt of a queue's Arn"),
        Some(queue) if !entries(resources).any(|(_, it)| lets_in(it, queue, service)) => (
            format!("the dead-letter queue {queue}, to which EventBridge may not send"),
            "an AWS::SQS::QueuePolicy that allows events.amazonaws.com sqs:SendMessage, and denies nothing",
        ),
        Some(_) => {
            let name = name_of(pointer, resources);
            let prefix = format!("busline-${{Env}}-{service}-");
            if name.is_null() || name["Fn::Sub"].as_str().is_some_and(|name| name.starts_with(&prefix)) {
                return None;
            }
            (format!("the rule's name {name}, for which the policy of its dead-letter queue does not hold"), OWN_NAME)
        }
    };
    Some(Unclear { pointer: pointer.to_owned(), what, write: write.to_owned() })
}

/// The name of a rule, which is an event of a function or a resource.
fn name_of<'a>(pointer: &str, resources: &'a Value) -> &'a Value {
    let rule = pointer.strip_prefix("/Resources").and_then(|pointer| resources.pointer(pointer));
    let properties = rule.map_or(&Value::Null, |rule| &rule["Properties"]);
    if properties["Name"].is_null() { &properties["RuleName"] } else { &properties["Name"] }
}

fn lets_in(policy: &Value, queue: &str, service: &str) -> bool {
    let properties = &policy["Properties"];
    let statements = one_or_many(&properties["PolicyDocument"]["Statement"]);
    let allows = |statement: &Value| {
        let names = |value: &Value, name: &str| one_or_many(value).iter().any(|found| found == name);
        statement["Effect"] == "Allow"
            && names(&statement["Principal"]["Service"], "events.amazonaws.com")
            && names(&statement["Action"], "sqs:SendMessage")
            && one_or_many(&statement["Resource"]).iter().any(|found| resource_name(found) == Some(queue))
            && is_for_own_rules(&statement["Condition"], service)
    };
    policy["Type"] == "AWS::SQS::QueuePolicy"
        && policy["Condition"].is_null()
        && one_or_many(&properties["Queues"]).iter().any(|found| resource_name(found) == Some(queue))
        && statements.iter().all(|statement| statement["Effect"] == "Allow")
        && statements.iter().any(allows)
}

/// No condition, or the one that lets in the rules of the service.
fn is_for_own_rules(condition: &Value, service: &str) -> bool {
    let own = json!({"ArnLike": {"aws:SourceArn": {"Fn::Sub": format!("{OWN_RULES}{service}-*")}}});
    condition.is_null() || *condition == own
}
