//! Overview of dead-letter queues: messages, age, sources and replay targets.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Result, ensure};
use aws_json::cloudwatch::{self, Datapoint, Metric};
use futures_util::stream::{self, StreamExt};
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use serde_json::Value;

use crate::connection::{Connection, LOCAL};
use crate::dlq::limits::MAX_CONCURRENT_REQUESTS;
use crate::dlq::queue::Queue;
use crate::dlq::queue::attributes::Attributes;
use crate::dlq::queue_lookup::list_urls;
use crate::error::UsageError;

/// How far back the age of the oldest message is looked for. `CloudWatch` stops to count a queue that was not used for
/// hours, and is some minutes late.
/// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html>
const METRIC_WINDOW_SECONDS: i64 = 15 * 60;

/// How long the ages may take. The list is useful without them.
const MAX_METRIC_TIME: Duration = Duration::from_secs(5);

/// A dead-letter queue in the list.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct QueueOverview {
    /// The service that owns it.
    pub service: Option<String>,
    pub queue: String,
    pub url: String,
    /// The number of visible messages, approximately.
    pub depth: u64,
    /// The number of messages in flight, approximately.
    pub in_flight: u64,
    /// Messages that are still delayed.
    pub delayed: u64,
    /// When the oldest message was sent to the queue or moved into it, by the queue's metric; `null` when that is not known.
    pub oldest: Option<Timestamp>,
    /// Whether there is certainly no other age: the queue is empty.
    pub oldest_is_exact: bool,
    /// The difference to the depth at the previous `list`; `null` the first time.
    pub growth: Option<i64>,
    /// When the previous `list` was.
    pub last_look: Option<Timestamp>,
    /// How long a message is kept, in seconds.
    pub retention: u64,
    /// The seconds until SQS drops the oldest message; `null` when that is not known.
    pub retention_left: Option<i64>,
    /// The most that it can be. Messages that SQS moved from another standard queue are kept from when they were sent first,
    /// which the metric does not tell.
    /// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/setting-up-dead-letter-queue-retention.html>
    pub retention_left_at_most: Option<i64>,
    /// Who can send messages to it.
    pub fed_by: Vec<QueueSource>,
    /// Where messages are replayed to, by the kind of sender.
    pub replays_to: Vec<String>,
}

/// A sender that a queue admits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct QueueSource {
    /// `topic`, `rule`, `function`, `bucket`, `queue`, `anybody`, or the AWS service or account.
    pub kind: String,
    /// The name, or a pattern of names; `*` for any.
    pub name: String,
}

/// Depth and time of the previous `list`, by queue URL.
pub type PreviousDepths = BTreeMap<String, (u64, Timestamp)>;

/// The dead-letter and parking queues of an environment. Without an environment, and in a local cloud without deployed
/// services: every queue that another queue uses as its dead-letter queue, or with such a name; if there are none, all
/// queues.
///
/// No message is read: everything is an attribute of the queue, or its metric `ApproximateAgeOfOldestMessage`.
///
/// # Errors
/// When SQS fails.
pub async fn list_queues(
    connection: &Connection,
    previous: &PreviousDepths,
    now: Timestamp,
) -> Result<Vec<QueueOverview>> {
    let mut urls = list_urls(&connection.sdk, connection.prefix().as_deref()).await?;
    if urls.is_empty() && connection.is_busline {
        ensure!(
            connection.env == LOCAL,
            UsageError(format!(
                "the environment `{}` has no queues; check --env, the region and the profile, or leave out --env to list all \
                 dead-letter queues.{}",
                connection.env,
                connection.similar_environments().await
            ))
        );
        urls = list_urls(&connection.sdk, None).await?;
    }
    let mut queues = with_attributes(connection, urls).await?;
    let sources = sources(&queues);
    let is_dead_letter_queue = |(queue, attributes): &(Queue, Attributes)| {
        sources.contains_key(&attributes.arn) || has_typical_name(queue.name())
    };
    if queues.iter().any(is_dead_letter_queue) {
        queues.retain(is_dead_letter_queue);
    }
    let oldest = oldest(connection, &queues, now).await;
    let overview = |(queue, attributes): &(Queue, Attributes)| {
        let sources = sources.get(&attributes.arn).map(Vec::as_slice).unwrap_or_default();
        overview(queue, attributes, sources, previous.get(queue.url()), (oldest.get(queue.url()).copied(), now))
    };
    Ok(queues.iter().map(overview).collect())
}

/// The queues with their attributes, in the same order. Several are read at a time.
async fn with_attributes(connection: &Connection, urls: Vec<String>) -> Result<Vec<(Queue, Attributes)>> {
    let opened = Queue::open(connection, "").await;
    let reads = urls.into_iter().map(|url| {
        let queue = opened.beside(&url);
        async move { queue.attributes().await.map(|attributes| (queue, attributes)) }
    });
    let read: Vec<Result<_>> = stream::iter(reads).buffered(MAX_CONCURRENT_REQUESTS).collect().await;
    // An unknown queue was deleted since it was listed.
    let is_deleted = |read: &Result<_>| read.as_ref().is_err_and(anyhow::Error::is::<UsageError>);
    read.into_iter().filter(|read| !is_deleted(read)).collect()
}

/// For each dead-letter queue, by ARN, the names of the queues that use it.
fn sources(queues: &[(Queue, Attributes)]) -> BTreeMap<String, Vec<String>> {
    let mut sources: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (queue, attributes) in queues {
        let policy = attributes.redrive_policy.as_ref();
        if let Some(arn) = policy.and_then(|policy| policy["deadLetterTargetArn"].as_str()) {
            sources.entry(arn.to_owned()).or_default().push(queue.name().to_owned());
        }
    }
    sources
}

fn has_typical_name(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    // A parking queue needs attention too.
    ["dlq", "dead-letter", "dead_letter", "deadletter", "parking"].iter().any(|part| name.contains(part))
}

fn overview(
    queue: &Queue,
    attributes: &Attributes,
    sources: &[String],
    last: Option<&(u64, Timestamp)>,
    (oldest, now): (Option<Timestamp>, Timestamp),
) -> QueueOverview {
    let fed_by = queue_sources(attributes.policy.as_ref(), sources);
    let retention = SignedDuration::from_secs(i64::try_from(attributes.retention).unwrap_or(i64::MAX));
    let end = oldest.and_then(|oldest| oldest.checked_add(retention).ok());
    let left = end.map(|end| end.duration_since(now).as_secs());
    QueueOverview {
        service: queue.service(),
        queue: queue.name().to_owned(),
        url: queue.url().to_owned(),
        depth: attributes.depth,
        in_flight: attributes.in_flight,
        delayed: attributes.delayed,
        oldest,
        oldest_is_exact: attributes.total_messages() == 0,
        growth: last.map(|(depth, _)| attributes.depth.cast_signed() - depth.cast_signed()),
        last_look: last.map(|(_, at)| *at),
        retention: attributes.retention,
        retention_left: left.filter(|_| sources.is_empty() || queue.is_fifo()),
        retention_left_at_most: left,
        replays_to: replay_targets(&fed_by),
        fed_by,
    }
}

/// When the oldest message of each queue was sent or moved to it, by URL and by the queue's metric. A queue is missing when the
/// metric does not exist (an unused queue, the local cloud) or cannot be read.
async fn oldest(
    connection: &Connection,
    queues: &[(Queue, Attributes)],
    now: Timestamp,
) -> BTreeMap<String, Timestamp> {
    let filled: Vec<&Queue> =
        queues.iter().filter(|(_, attributes)| attributes.total_messages() > 0).map(|(queue, _)| queue).collect();
    let metrics: Vec<Metric<'_>> = filled.iter().map(|queue| age_metric(queue.name())).collect();
    let until = now.as_second();
    let read = cloudwatch::newest_maxima(&connection.sdk, &metrics, (until - METRIC_WINDOW_SECONDS, until));
    let Ok(Ok(newest)) = tokio::time::timeout(MAX_METRIC_TIME, read).await else { return BTreeMap::new() };
    let oldest = filled.iter().zip(newest);
    oldest.filter_map(|(queue, newest)| Some((queue.url().to_owned(), begin_of(newest?, now)?))).collect()
}

fn age_metric(queue: &str) -> Metric<'_> {
    Metric { namespace: "AWS/SQS", name: "ApproximateAgeOfOldestMessage", dimension: ("QueueName", queue) }
}

/// The metric may have been measured after `now`, when this program is slow: the age is as of `now` then.
fn begin_of(age: Datapoint, now: Timestamp) -> Option<Timestamp> {
    let measured = SignedDuration::try_from_secs_f64(age.timestamp).ok()?;
    let age = SignedDuration::try_from_secs_f64(age.maximum).ok()?;
    Timestamp::UNIX_EPOCH.checked_add(measured).ok()?.min(now).checked_sub(age).ok()
}

/// The senders that the queue's policy admits, and the queues that use it as their dead-letter queue.
fn queue_sources(policy: Option<&Value>, sources: &[String]) -> Vec<QueueSource> {
    let statements = policy.map(|policy| as_list(&policy["Statement"])).unwrap_or_default();
    let mut found: Vec<QueueSource> =
        statements.into_iter().filter(|it| it["Effect"] == "Allow").flat_map(admitted).collect();
    found.extend(sources.iter().map(|name| QueueSource { kind: "queue".to_owned(), name: name.clone() }));
    found.dedup();
    found
}

fn admitted(statement: &Value) -> Vec<QueueSource> {
    let arns: Vec<String> =
        conditions(statement).flat_map(as_list).filter_map(Value::as_str).map(str::to_owned).collect();
    if !arns.is_empty() {
        return arns.iter().map(|arn| source_of(arn)).collect();
    }
    let principal = &statement["Principal"];
    let named = as_list(&principal["Service"]).into_iter().chain(as_list(&principal["AWS"])).chain([principal]);
    let any_of = |name: &str| {
        let kind = if name == "*" { "anybody" } else { name };
        QueueSource { kind: kind.to_owned(), name: "*".to_owned() }
    };
    named.filter_map(Value::as_str).map(any_of).collect()
}

/// The values of a statement's conditions on `aws:SourceArn`. IAM ignores the case of its name.
fn conditions(statement: &Value) -> impl Iterator<Item = &Value> {
    let operators = statement["Condition"].as_object().into_iter().flatten();
    let keys = operators.filter_map(|(_, keys)| keys.as_object()).flatten();
    keys.filter(|(key, _)| key.eq_ignore_ascii_case("aws:SourceArn")).map(|(_, value)| value)
}

/// IAM allows a single value in the place of a list.
fn as_list(value: &Value) -> Vec<&Value> {
    match value {
        Value::Null => Vec::new(),
        Value::Array(values) => values.iter().collect(),
        one => vec![one],
    }
}

fn source_of(arn: &str) -> QueueSource {
    let kind = match arn.split(':').nth(2).unwrap_or_default() {
        "sns" => "topic",
        "events" => "rule",
        "lambda" => "function",
        "s3" => "bucket",
        "sqs" => "queue",
        other => other,
    };
    let name = arn.rsplit([':', '/']).next().unwrap_or(arn);
    QueueSource { kind: kind.to_owned(), name: name.to_owned() }
}

/// Where a replay sends messages, by the kind of sender.
fn replay_targets(senders: &[QueueSource]) -> Vec<String> {
    let target = |sender: &QueueSource| match sender.kind.as_str() {
        "topic" | "function" | "bucket" | "lambda.amazonaws.com" | "sns.amazonaws.com" | "s3.amazonaws.com" => {
            "the function that failed".to_owned()
        }
        "rule" | "events.amazonaws.com" => "the target of the rule".to_owned(),
        "queue" => format!("the queue {}", sender.name),
        _ => "the source that each message names".to_owned(),
    };
    let mut targets: Vec<String> = senders.iter().map(target).collect();
    targets.sort();
    targets.dedup();
    targets
}
