//! The path of what a job could not do: from its function, over a bucket and a topic, to the dead-letter queue.
//!
//! Each resource on it may have only the settings that are known to let everything through.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::Silence;
use super::properties::{given, resource_name};
use crate::template::{entries, number, one_or_many};

/// The shortest time for which a queue must keep a failed message, in seconds: SQS's default. An alarm tells of one that has
/// waited for three days.
const LEAST_RETENTION: u64 = 345_600;
/// The shortest time for which a bucket must keep a failed batch, in days: as long as the queue keeps what names it.
const LEAST_DAYS: u64 = 14;
/// The largest message that must fit: the record of a failure holds the whole event and more.
const LEAST_SIZE: u64 = 1_048_576;

const QUEUE_SETTINGS: [&str; 8] = [
    "MaximumMessageSize",
    "MessageRetentionPeriod",
    "QueueName",
    "ReceiveMessageWaitTimeSeconds",
    "RedriveAllowPolicy",
    "SqsManagedSseEnabled",
    "Tags",
    "VisibilityTimeout",
];
const TOPIC_SETTINGS: [&str; 4] = ["DisplayName", "MaximumMessageSize", "Tags", "TopicName"];

/// What gives or takes permissions on a queue, a topic or a bucket, and where it names them.
const POLICIES: [(&str, &str); 5] = [
    ("AWS::SQS::QueuePolicy", "Queues"),
    ("AWS::SQS::QueueInlinePolicy", "Queue"),
    ("AWS::SNS::TopicPolicy", "Topics"),
    ("AWS::SNS::TopicInlinePolicy", "TopicArn"),
    ("AWS::S3::BucketPolicy", "Bucket"),
];

/// Where the path of what failed is broken, or may be.
pub(super) fn breaks(resources: &Value) -> Vec<Silence> {
    let mut path = FailurePath { resources, followed: BTreeSet::new(), found: Vec::new() };
    for (_, resource) in entries(resources) {
        path.follow_destinations(&resource["Properties"]);
    }
    path.found
}

struct FailurePath<'a> {
    resources: &'a Value,
    followed: BTreeSet<&'a str>,
    found: Vec<Silence>,
}

impl<'a> FailurePath<'a> {
    /// The destinations of a function, of its events, and of the targets of a rule.
    fn follow_destinations(&mut self, properties: &'a Value) {
        let events = entries(&properties["Events"]).map(|(_, event)| &event["Properties"]);
        let configurations = std::iter::once(&properties["EventInvokeConfig"]).chain(events);
        for configuration in configurations.chain(one_or_many(&properties["Targets"])) {
            self.follow(&configuration["DestinationConfig"]["OnFailure"]["Destination"]);
            self.follow(&configuration["DeadLetterConfig"]["Arn"]);
        }
    }

    /// Looks at a resource on the path once.
    fn follow(&mut self, reference: &'a Value) {
        let Some(name) = resource_name(reference).filter(|name| self.followed.insert(name)) else { return };
        let resource = &self.resources[name];
        let properties = &resource["Properties"];
        match resource["Type"].as_str() {
            Some("AWS::S3::Bucket") => self.bucket(name, properties),
            Some("AWS::SNS::Topic") => self.topic(name, properties),
            Some("AWS::SQS::Queue") => self.queue(name, properties),
            _ => {}
        }
    }

    fn bucket(&mut self, name: &'a str, properties: &'a Value) {
        let wanted = "s3:ObjectCreated:*";
        let all = one_or_many(&properties["NotificationConfiguration"]["TopicConfigurations"]).iter();
        let mut notified = all.filter(|it| it["Event"] == wanted && it["Filter"].is_null()).map(|it| &it["Topic"]);
        match notified.next() {
            Some(topic) if self.may_notify(name, properties, topic) => self.follow(topic),
            Some(topic) => {
                let what = format!("{name} may not tell {topic} of what it keeps: no policy of the topic is plain");
                let write = "one AWS::SNS::TopicPolicy that allows s3.amazonaws.com sns:Publish, and denies nothing";
                self.add(name, "NotificationConfiguration", what, write);
                self.follow(topic);
            }
            None => {
                let what = format!("{name} tells no topic of what it keeps: nobody learns of it");
                let write =
                    format!("NotificationConfiguration: {{TopicConfigurations: [{{Event: {wanted}, Topic: …}}]}}");
                self.add(name, "NotificationConfiguration", what, &write);
            }
        }
        self.retention_of_bucket(name, properties);
        let encryption = properties["BucketEncryption"].to_string();
        if encryption.contains("aws:kms") {
            let what = format!("{name} is encrypted with a key that Lambda may not be allowed to use: {encryption}");
            self.add(name, "BucketEncryption", what, "SSEAlgorithm: AES256");
        }
        self.refusals(name);
    }

    fn may_notify(&self, name: &str, bucket: &Value, topic: &Value) -> bool {
        let Some(topic) = resource_name(topic) else { return false };
        let arn = bucket["BucketName"]["Fn::Sub"].as_str().map(|it| format!("arn:${{AWS::Partition}}:s3:::{it}"));
        self.lets_in(topic, "s3.amazonaws.com", "sns:Publish", &[json!({"Fn::Sub": arn}), arn_of(name)])
    }

    fn retention_of_bucket(&mut self, name: &str, properties: &Value) {
        let configuration = &properties["LifecycleConfiguration"];
        let is_short = |rule: &Value| {
            let days = &rule["ExpirationInDays"];
            let is_early = !days.is_null() && number(days).is_none_or(|days| days < LEAST_DAYS);
            rule["Status"] != "Disabled" && (is_early || !rule["ExpirationDate"].is_null())
        };
        if one_or_many(&configuration["Rules"]).iter().any(is_short) {
            let what = format!("{name} keeps what failed for a short time: {configuration}");
            self.add(name, "LifecycleConfiguration", what, &format!("ExpirationInDays of at least {LEAST_DAYS}"));
        }
    }

    fn topic(&mut self, name: &'a str, properties: &'a Value) {
        self.settings(name, properties, &TOPIC_SETTINGS);
        self.size(name, properties);
        self.refusals(name);
        let all = entries(self.resources).filter(|(_, it)| it["Type"] == "AWS::SNS::Subscription");
        let own = all.filter(|(_, it)| resource_name(&it["Properties"]["TopicArn"]) == Some(name));
        let Some((_, subscription)) = own.into_iter().find(|(_, it)| is_plain_subscription(&it["Properties"])) else {
            let what = format!("no plain subscription brings what failed from {name} to a queue");
            let write = "an AWS::SNS::Subscription with Protocol sqs, RawMessageDelivery: true and no filter but for \
                         Event: [{exists: false}] of the body";
            return self.add(name, "TopicName", what, write);
        };
        let endpoint = &subscription["Properties"]["Endpoint"];
        let queue = resource_name(endpoint).filter(|queue| self.resources[*queue]["Type"] == "AWS::SQS::Queue");
        let is_let_in = |queue| self.lets_in(queue, "sns.amazonaws.com", "sqs:SendMessage", &[json!({"Ref": name})]);
        if !queue.is_some_and(is_let_in) {
            let what = format!("{name} may not send what failed to {endpoint}");
            let write = "a queue of this template, and one AWS::SQS::QueuePolicy that allows sns.amazonaws.com \
                         sqs:SendMessage, and denies nothing";
            self.add(name, "TopicName", what, write);
        }
        self.follow(endpoint);
    }

    fn queue(&mut self, name: &'a str, properties: &'a Value) {
        self.settings(name, properties, &QUEUE_SETTINGS);
        if !properties["MaximumMessageSize"].is_null() {
            self.size(name, properties);
        }
        let retention = &properties["MessageRetentionPeriod"];
        if !retention.is_null() && number(retention).is_none_or(|seconds| seconds < LEAST_RETENTION) {
            let what = format!("{name} keeps what failed for {retention} seconds");
            let write = format!("MessageRetentionPeriod of at least {LEAST_RETENTION}");
            self.add(name, "MessageRetentionPeriod", what, &write);
        }
        let reads = |(_, event): (&String, &Value)| resource_name(&event["Properties"]["Queue"]) == Some(name);
        let taker = entries(self.resources).find(|(_, it)| entries(&it["Properties"]["Events"]).any(reads));
        if let Some((function, _)) = taker {
            let what = format!("{function} takes what failed out of {name}: operators would not find it");
            self.add(name, "QueueName", what, "the queue without a function that reads it");
        }
        self.refusals(name);
    }

    /// Settings that may keep something back, such as a key that senders may not use.
    fn settings(&mut self, name: &str, properties: &Value, known: &[&str]) {
        let strange = given(properties).filter(|(setting, _)| !known.contains(&setting.as_str()));
        for (setting, value) in strange {
            let what = format!("{name} has {setting}: {value}, with which it may not get or keep all that failed");
            self.add(name, setting, what, &format!("it without {setting}"));
        }
    }

    fn size(&mut self, name: &str, properties: &Value) {
        let size = &properties["MaximumMessageSize"];
        if number(size).is_none_or(|bytes| bytes < LEAST_SIZE) {
            let what =
                format!("{name} takes no message that is larger than {size}, and the record of a failure may be");
            self.add(name, "MaximumMessageSize", what, &format!("MaximumMessageSize: {LEAST_SIZE}"));
        }
    }

    /// Policies that deny something, apart from access without TLS.
    fn refusals(&mut self, name: &str) {
        let without_tls = json!({"Bool": {"aws:SecureTransport": false}});
        let denies = |statement: &Value| statement["Effect"] != "Allow" && statement["Condition"] != without_tls;
        let refuses = |policy: &Value| one_or_many(&policy["PolicyDocument"]["Statement"]).iter().any(denies);
        let refusing =
            self.policies(name).filter(|(_, policy)| refuses(&policy["Properties"])).map(|(policy, _)| policy);
        for policy in refusing.collect::<Vec<_>>() {
            let what = format!("{policy} may refuse what failed on its way to {name}");
            self.add(policy, "PolicyDocument", what, "a policy that denies nothing");
        }
    }

    /// Whether the one policy of a queue or topic lets a service of AWS send to it for these sources.
    fn lets_in(&self, name: &str, principal: &str, action: &str, sources: &[Value]) -> bool {
        let names = |value: &Value, name: &str| one_or_many(value).iter().any(|found| found == name);
        let allows = |statement: &Value| {
            statement["Effect"] == "Allow"
                && names(&statement["Principal"]["Service"], principal)
                && names(&statement["Action"], action)
                && one_or_many(&statement["Resource"]).iter().any(|found| resource_name(found) == Some(name))
                && is_met(&statement["Condition"], sources)
        };
        let mut policies = self.policies(name);
        // Of several policies of one queue or topic, the last that is written holds alone.
        let (Some((_, policy)), None) = (policies.next(), policies.next()) else { return false };
        policy["Condition"].is_null()
            && one_or_many(&policy["Properties"]["PolicyDocument"]["Statement"]).iter().any(allows)
    }

    /// The policies of a resource, and those with a resource that is not known.
    fn policies(&self, name: &str) -> impl Iterator<Item = (&'a String, &'a Value)> {
        let is_about = move |value: &Value| resource_name(value).is_none_or(|found| found == name);
        entries(self.resources).filter(move |(_, resource)| {
            let property = POLICIES.iter().find(|(kind, _)| resource["Type"] == **kind).map(|(_, property)| *property);
            property.is_some_and(|property| one_or_many(&resource["Properties"][property]).iter().any(is_about))
        })
    }

    fn add(&mut self, resource: &str, setting: &str, what: String, write: &str) {
        let pointer = format!("/Resources/{resource}/Properties/{setting}");
        self.found.push(Silence { subject: resource.to_owned(), pointer, what, write: write.to_owned() });
    }
}

fn arn_of(name: &str) -> Value {
    json!({"Fn::GetAtt": [name, "Arn"]})
}

/// Whether a condition is none, or holds for these sources in the own account.
fn is_met(condition: &Value, sources: &[Value]) -> bool {
    let holds = |operator: &str, key: &str, value: &Value| match key {
        "aws:SourceArn" => matches!(operator, "ArnEquals" | "ArnLike" | "StringEquals") && sources.contains(value),
        "aws:SourceAccount" => operator == "StringEquals" && *value == json!({"Ref": "AWS::AccountId"}),
        _ => false,
    };
    entries(condition).all(|(operator, keys)| entries(keys).all(|(key, value)| holds(operator, key, value)))
}

/// A subscription of a queue that brings each message as it was sent, apart from S3's test of a notification.
fn is_plain_subscription(properties: &Value) -> bool {
    given(properties).all(|(name, value)| match name.as_str() {
        "TopicArn" | "Endpoint" => true,
        "Protocol" => value == "sqs",
        "RawMessageDelivery" => *value == true,
        "FilterPolicyScope" => value == "MessageBody",
        "FilterPolicy" => *value == json!({"Event": [{"exists": false}]}),
        _ => false,
    }) && properties["RawMessageDelivery"] == true
        && properties["FilterPolicy"].is_null() == properties["FilterPolicyScope"].is_null()
}
