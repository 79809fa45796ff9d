//! Settings with which a job gets, sends or keeps less than its contract promises, without a change of any contract.

use serde_json::Value;

use super::properties::{given, job, resource_name};
use super::{BUS_NAME, PUBLISH, Service, Silence, program};
use crate::template::{entries, number, one_or_many};

/// The shortest time for which Lambda and EventBridge must try again, in seconds: an outage of minutes is no failure.
const LEAST_AGE: i64 = 3_600;
/// The fewest repetitions of an asynchronous invocation: Lambda's default.
///
/// <https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html>
const LEAST_RETRIES: i64 = 2;
/// The fewest repetitions of a delivery by a rule; EventBridge's default is 185.
const LEAST_DELIVERIES: i64 = 10;

/// What can take a failed event or batch.
const DESTINATIONS: [&str; 3] = ["AWS::SNS::Topic", "AWS::SQS::Queue", "AWS::S3::Bucket"];

/// The filter of an outbox's stream. Any other may leave out events, whatever else it looks at.
///
/// <https://docs.aws.amazon.com/lambda/latest/dg/with-ddb-filtering.html>
const OUTBOX_FILTER: &str = r#"{"eventName": ["INSERT"], "dynamodb": {"Keys": {"sk": {"S": ["OUTBOX"]}}}}"#;

/// What stops a function that publishes or that a rule invokes.
pub(super) fn stopping(service: &Service, logical: &str, function: &Value, resources: &Value) -> Vec<Silence> {
    let place = Place::new(logical, function);
    if !is_publisher(function) && !is_reader(logical, function, resources) {
        let doubts = program::doubts_of_code(function).into_iter();
        return doubts.map(|(setting, what, write)| place.silence(&setting, what, &write)).collect();
    }
    let mut found = Vec::new();
    let reserved = &function["ReservedConcurrentExecutions"];
    if !reserved.is_null() && number(reserved).is_none_or(|reserved| reserved == 0) {
        let what = format!("ReservedConcurrentExecutions is {reserved}: the function may never run");
        found.push(place.silence(
            "ReservedConcurrentExecutions",
            what,
            "it without a reserved concurrency, with one above 0, or with !If [<condition>, !Ref <parameter>, \
             !Ref AWS::NoValue], where the condition is !Not [!Equals [!Ref <parameter>, \"0\"]] and the parameter a String \
             with the AllowedPattern ^(0|[1-9][0-9]{0,3})$",
        ));
    }
    let doubts = program::doubts(function).into_iter();
    found.extend(doubts.map(|(setting, what, write)| place.silence(&setting, what, &write)));
    if is_publisher(function) {
        found.extend(stopped_publisher(service, &place, function, resources));
    }
    found
}

fn stopped_publisher(service: &Service, place: &Place, function: &Value, resources: &Value) -> Vec<Silence> {
    let mut found = Vec::new();
    let bus = &function["Environment"]["Variables"]["BUS_NAME"];
    if !service.refers_to(bus, BUS_NAME) {
        let what = format!("the publisher sends to the bus {bus}, on which no rule listens");
        found.push(place.silence("Environment/Variables/BUS_NAME", what, "BUS_NAME: !Ref BusName"));
    }
    let mut streams = entries(&function["Events"]).filter(|(_, event)| event["Type"] == "DynamoDB");
    let Some((name, stream)) = streams.next() else {
        let what = "the publisher has no event of a table's stream: it never runs".to_owned();
        found.push(place.silence("Events", what, "an event of Type DynamoDB for the table's stream"));
        return found;
    };
    let event = &stream["Properties"];
    let reasons =
        [disabled(event), unseen(event, function, resources), filtered(&event["FilterCriteria"]), unreported(event)];
    found.extend(
        reasons
            .into_iter()
            .chain([skipping(event), unusual(event)])
            .flatten()
            .map(|(setting, what, write)| place.silence(&format!("Events/{name}/Properties/{setting}"), what, write)),
    );
    found
}

/// The settings of a stream's event that are understood.
const STREAM_SETTINGS: [&str; 12] = [
    "BatchSize",
    "BisectBatchOnFunctionError",
    "DestinationConfig",
    "Enabled",
    "FilterCriteria",
    "FunctionResponseTypes",
    "MaximumBatchingWindowInSeconds",
    "MaximumRecordAgeInSeconds",
    "MaximumRetryAttempts",
    "ParallelizationFactor",
    "StartingPosition",
    "Stream",
];

/// A setting, what it causes, and what would be right.
type Reason<'a> = (&'a str, String, &'static str);

fn disabled(event: &Value) -> Option<Reason<'static>> {
    let enabled = &event["Enabled"];
    let what = || format!("the event source has Enabled: {enabled}: the outbox may never be read");
    (!enabled.is_null() && *enabled != true).then(|| ("Enabled", what(), "it without Enabled"))
}

/// A stream without the rows' content, or of another table than the one into which the service writes.
fn unseen(event: &Value, function: &Value, resources: &Value) -> Option<Reason<'static>> {
    let table = resource_name(&event["Stream"]);
    let written = resource_name(&function["Environment"]["Variables"]["TABLE_NAME"]);
    if table != written {
        let what = format!("the stream is of the table {}, and TABLE_NAME names another", event["Stream"]);
        return Some(("Stream", what, "!GetAtt of the StreamArn of the table in TABLE_NAME"));
    }
    let properties = table.map_or(&Value::Null, |table| &resources[table]["Properties"]);
    let stream = &properties["StreamSpecification"];
    let guards =
        [&stream["ResourcePolicy"], &properties["ResourcePolicy"], &properties["SSESpecification"]["KMSMasterKeyId"]];
    if let Some(guard) = guards.into_iter().find(|guard| !guard.is_null()) {
        let what = format!("the table has a policy or a key that may keep the publisher from its stream: {guard}");
        return Some(("Stream", what, "a table without ResourcePolicy and KMSMasterKeyId"));
    }
    let view = &stream["StreamViewType"];
    if view == "NEW_IMAGE" || view == "NEW_AND_OLD_IMAGES" {
        return None;
    }
    let what = "the stream brings no new rows of a table of this template".to_owned();
    Some(("Stream", what, "!GetAtt of the table's StreamArn, and StreamViewType: NEW_IMAGE"))
}

/// A filter that leaves out events that wait in the outbox.
fn filtered(criteria: &Value) -> Option<Reason<'static>> {
    let parse = |text: &str| serde_json::from_str::<Value>(text).ok();
    let takes_all = |filter: &Value| filter["Pattern"].as_str().and_then(parse) == parse(OUTBOX_FILTER);
    if criteria.is_null() || one_or_many(&criteria["Filters"]).iter().any(takes_all) {
        return None;
    }
    let what = format!("the filter {criteria} may leave out rows of the outbox: their events are never published");
    Some(("FilterCriteria", what, OUTBOX_FILTER))
}

/// The publisher answers which rows it could not publish; without this setting, Lambda takes that for a success.
///
/// <https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-batchfailurereporting.html>
fn unreported(event: &Value) -> Option<Reason<'static>> {
    let types = one_or_many(&event["FunctionResponseTypes"]);
    if types.iter().any(|kind| kind == "ReportBatchItemFailures") {
        return None;
    }
    let what = "the event source ignores which rows of the outbox could not be published: they are lost".to_owned();
    Some(("FunctionResponseTypes", what, "FunctionResponseTypes: [ReportBatchItemFailures]"))
}

/// From `LATEST`, whatever is committed while the event source is created or moved is never sent.
///
/// <https://docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-eventsourcemapping.html>
fn skipping(event: &Value) -> Option<Reason<'static>> {
    let position = &event["StartingPosition"];
    let what = || format!("the stream is read from {position}: events that are committed meanwhile are never sent");
    (position != "TRIM_HORIZON").then(|| ("StartingPosition", what(), "StartingPosition: TRIM_HORIZON"))
}

/// A setting that may keep rows of the outbox back, such as a key or a window for sums.
fn unusual(event: &Value) -> Option<Reason<'_>> {
    let (name, value) = given(event).find(|(name, _)| !STREAM_SETTINGS.contains(&name.as_str()))?;
    let what = format!("the event source has {name}: {value}, with which it may not bring every row of the outbox");
    Some((name, what, "the event source without it"))
}

/// Where a function loses what it could not do, or gives up early.
pub(super) fn losing(logical: &str, function: &Value, resources: &Value) -> Vec<Silence> {
    let place = Place::new(logical, function);
    let mut found = Vec::new();
    if is_reader(logical, function, resources) {
        let config = &function["EventInvokeConfig"];
        let on_failure = &config["DestinationConfig"]["OnFailure"]["Destination"];
        found.extend(place.unkept(on_failure, resources, "EventInvokeConfig"));
        found.extend(place.short(
            config,
            "EventInvokeConfig",
            ["MaximumEventAgeInSeconds", "MaximumRetryAttempts"],
            LEAST_RETRIES,
        ));
    }
    for (name, event) in rules(function) {
        let setting = format!("Events/{name}/Properties/RetryPolicy");
        let policy = &event["Properties"]["RetryPolicy"];
        found.extend(place.short(
            policy,
            &setting,
            ["MaximumEventAgeInSeconds", "MaximumRetryAttempts"],
            LEAST_DELIVERIES,
        ));
    }
    found.extend(targets(logical, resources).flat_map(|(pointer, target)| {
        let place = Place { job: place.job.clone(), pointer };
        let limits = ["MaximumEventAgeInSeconds", "MaximumRetryAttempts"];
        place.short(&target["RetryPolicy"], "RetryPolicy", limits, LEAST_DELIVERIES)
    }));
    let streams =
        entries(&function["Events"]).filter(|(_, event)| is_publisher(function) && event["Type"] == "DynamoDB");
    for (name, event) in streams {
        let (setting, stream) = (format!("Events/{name}/Properties"), &event["Properties"]);
        let on_failure = &stream["DestinationConfig"]["OnFailure"]["Destination"];
        found.extend(place.unkept(on_failure, resources, &setting));
        found.extend(place.short(
            stream,
            &setting,
            ["MaximumRecordAgeInSeconds", "MaximumRetryAttempts"],
            LEAST_RETRIES,
        ));
    }
    found
}

/// The rules among a function's events.
pub(super) fn rules(function: &Value) -> impl Iterator<Item = (&String, &Value)> {
    entries(&function["Events"])
        .filter(|(_, event)| matches!(event["Type"].as_str(), Some("EventBridgeRule" | "CloudWatchEvent")))
}

/// Whether a rule invokes a function, as its event or as a separate resource.
fn is_reader(logical: &str, function: &Value, resources: &Value) -> bool {
    rules(function).next().is_some() || targets(logical, resources).next().is_some()
}

/// The targets of separate rule resources that are a function, with their pointers.
fn targets<'a>(logical: &'a str, resources: &'a Value) -> impl Iterator<Item = (String, &'a Value)> {
    let rules = entries(resources).filter(|(_, resource)| resource["Type"] == "AWS::Events::Rule");
    rules.flat_map(move |(rule, resource)| {
        let targets = one_or_many(&resource["Properties"]["Targets"]).iter().enumerate();
        let own = targets.filter(move |(_, target)| resource_name(&target["Arn"]) == Some(logical));
        own.map(move |(at, target)| (format!("/Resources/{rule}/Properties/Targets/{at}"), target))
    })
}

fn is_publisher(function: &Value) -> bool {
    function["Handler"] == PUBLISH
}

/// A function of a template.
struct Place {
    job: String,
    pointer: String,
}

impl Place {
    fn new(logical: &str, function: &Value) -> Self {
        Self { job: job(function).unwrap_or_default(), pointer: format!("/Resources/{logical}/Properties") }
    }

    fn silence(&self, setting: &str, what: String, write: &str) -> Silence {
        let pointer = format!("{}/{setting}", self.pointer);
        Silence { subject: self.job.clone(), pointer, what, write: write.to_owned() }
    }

    /// A destination of failures that is missing, or no resource of the template.
    fn unkept(&self, destination: &Value, resources: &Value, setting: &str) -> Option<Silence> {
        let kind = resource_name(destination).and_then(|name| resources[name]["Type"].as_str());
        if kind.is_some_and(|kind| DESTINATIONS.contains(&kind)) {
            return None;
        }
        let what = format!("what {} could not do is lost: its OnFailure destination is {destination}", self.job);
        let write = "DestinationConfig with OnFailure and a topic, queue or bucket of this template";
        Some(self.silence(&format!("{setting}/DestinationConfig"), what, write))
    }

    /// Limits of age and of repetitions that are too low, or not known; none given means AWS's own, which are high.
    fn short(&self, config: &Value, setting: &str, names: [&str; 2], retries: i64) -> Vec<Silence> {
        if entries(config).any(|(name, _)| name.starts_with("Fn::")) {
            let what = format!("when {} gives up depends on {config}", self.job);
            return vec![self.silence(setting, what, "the limits as plain numbers, or none")];
        }
        let [age, attempts] = names;
        let is_short = |name: &str, least: i64| {
            let given = &config[name];
            let found = given.as_i64().or_else(|| given.as_str()?.parse().ok());
            // -1 is for ever, for streams.
            !given.is_null() && found != Some(-1) && found.is_none_or(|found| found < least)
        };
        let short = [(age, LEAST_AGE), (attempts, retries)].into_iter().filter(|(name, least)| is_short(name, *least));
        let silence = |(name, least): (&str, i64)| {
            let what = format!("{} gives up early: {name} is {}", self.job, config[name]);
            self.silence(&format!("{setting}/{name}"), what, &format!("{name} of at least {least}, or none"))
        };
        short.map(silence).collect()
    }
}

#[cfg(test)]
mod tests {
    use crate::template;
    use crate::topology::Service;

    #[test]
    fn a_rule_resource_that_gives_up_early_is_found() {
        let target = "{Arn: !GetAtt Fn.Arn, Id: one, RetryPolicy: {MaximumRetryAttempts: 1}}";
        let template = format!(
            "Resources:\n  Fn: {{Type: 'AWS::Serverless::Function', Properties: {{Handler: created}}}}\n  Plain: {{Type: \
             'AWS::Events::Rule', Properties: {{Targets: [{target}]}}}}\n"
        );
        let losing = Service::from_template("x", &template::parse(&template).unwrap()).losing;
        let pointer = "/Resources/Plain/Properties/Targets/0/RetryPolicy/MaximumRetryAttempts";
        assert!(losing.iter().any(|silence| silence.pointer == pointer && silence.subject == "created"), "{losing:#?}");
    }
}
