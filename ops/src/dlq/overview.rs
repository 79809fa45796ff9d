//! Dead-letter queues at a glance: what waits, since when, who feeds them, and where it would go back to.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::time::Duration;

use anyhow::{Result, ensure};
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use serde_json::Value;

use crate::dlq::look::{self, End, Until};
use crate::dlq::names;
use crate::dlq::queue::attributes::Attributes;
use crate::dlq::queue::{self, Queue, WrongUse};
use crate::target::{LOCAL, Target};

/// How many messages are looked at to find the oldest.
const SAMPLE: usize = 200;

/// The longest time to look for the oldest message of one queue.
const PATIENCE: Duration = Duration::from_secs(10);

/// A dead-letter queue.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Overview {
    /// The service that it belongs to, by its name.
    pub service: Option<String>,
    /// Its name.
    pub queue: String,
    /// Its URL.
    pub url: String,
    /// Messages that wait, approximately.
    pub depth: u64,
    /// Messages that somebody holds at the moment.
    pub in_flight: u64,
    /// Messages that were sent with a delay.
    pub delayed: u64,
    /// When the oldest message that was seen came.
    pub oldest: Option<Timestamp>,
    /// Every waiting message was seen, so that no other is older.
    pub oldest_is_exact: bool,
    /// How many more there are than at the last look, or how many fewer. `null` at the first.
    pub growth: Option<i64>,
    /// When the last look was.
    pub last_look: Option<Timestamp>,
    /// How long a message is kept, in seconds.
    pub retention: u64,
    /// How long until the oldest message that was seen is dropped, in seconds.
    pub retention_left: Option<i64>,
    /// Who may put messages in.
    pub fed_by: Vec<Feed>,
    /// Where messages would be replayed to, by what feeds the queue.
    pub replays_to: Vec<String>,
}

/// Who may put messages into a queue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Feed {
    /// `topic`, `rule`, `function`, `bucket`, `queue`, `anybody`, or the AWS service or account that is admitted.
    pub kind: String,
    /// Its name, or a pattern of names; `*` when any will do.
    pub name: String,
}

/// What was there at the last look: depth and time by a queue's URL.
pub type Before = BTreeMap<String, (u64, Timestamp)>;

/// The dead-letter queues of an environment at a glance. Where there is no Busline, and where the local cloud has none
/// deployed, every queue that is one by what other queues say of it or by its name; when none is, all queues.
///
/// The oldest message of each is looked for among all its messages, or the first 200.
///
/// # Errors
/// When SQS fails.
pub async fn survey(target: &Target, before: &Before, now: Timestamp) -> Result<Vec<Overview>> {
    let prefix = target.is_busline.then(|| format!("busline-{}-", target.env));
    let mut urls = queue::urls(&target.sdk, prefix.as_deref()).await?;
    if urls.is_empty() && target.is_busline {
        ensure!(
            target.env == LOCAL,
            WrongUse(format!(
                "no queue is of the environment `{}`: without --env, all dead-letter queues are listed",
                target.env
            ))
        );
        urls = queue::urls(&target.sdk, None).await?;
    }
    let mut queues = Vec::new();
    for url in urls {
        let queue = Queue::at(&target.sdk, &url);
        match queue.attributes().await {
            Ok(attributes) => queues.push((queue, attributes)),
            // It went since it was listed.
            Err(error) if error.is::<WrongUse>() => {}
            Err(error) => return Err(error),
        }
    }
    let sources = sources(&queues);
    let is_one = |(queue, attributes): &(Queue, Attributes)| {
        sources.contains_key(&attributes.arn) || sounds_like_one(queue.name())
    };
    if queues.iter().any(is_one) {
        queues.retain(is_one);
    }
    let mut overviews = Vec::with_capacity(queues.len());
    for (queue, attributes) in queues {
        let sources = sources.get(&attributes.arn).map(Vec::as_slice).unwrap_or_default();
        overviews.push(overview(&queue, &attributes, sources, before.get(queue.url()), now).await?);
    }
    Ok(overviews)
}

/// The names of the queues that give messages up to another, by that one's ARN.
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

fn sounds_like_one(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    // Parked messages wait for somebody too.
    ["dlq", "dead-letter", "dead_letter", "deadletter", "parking"].iter().any(|part| name.contains(part))
}

async fn overview(
    queue: &Queue,
    attributes: &Attributes,
    sources: &[String],
    last: Option<&(u64, Timestamp)>,
    now: Timestamp,
) -> Result<Overview> {
    let (oldest, oldest_is_exact) = if attributes.depth == 0 { (None, true) } else { oldest(queue).await? };
    let fed_by = feeds(attributes.policy.as_ref(), sources);
    let retention = SignedDuration::from_secs(i64::try_from(attributes.retention).unwrap_or(i64::MAX));
    let end = oldest.and_then(|oldest| oldest.checked_add(retention).ok());
    Ok(Overview {
        service: names::service(queue.name()),
        queue: queue.name().to_owned(),
        url: queue.url().to_owned(),
        depth: attributes.depth,
        in_flight: attributes.in_flight,
        delayed: attributes.delayed,
        oldest,
        oldest_is_exact,
        growth: last.map(|(depth, _)| attributes.depth.cast_signed() - depth.cast_signed()),
        last_look: last.map(|(_, at)| *at),
        retention: attributes.retention,
        retention_left: end.map(|end| end.as_second() - now.as_second()),
        replays_to: ways_back(&fed_by),
        fed_by,
    })
}

/// When the oldest message came, and whether all were looked at.
async fn oldest(queue: &Queue) -> Result<(Option<Timestamp>, bool)> {
    let mut oldest: Option<Timestamp> = None;
    let mut left = SAMPLE;
    let looked = look::look(queue, Until::after(PATIENCE), |message| {
        oldest = oldest.into_iter().chain(message.sent_at()).min();
        left -= 1;
        Ok(if left == 0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
    });
    let looked = looked.await?;
    let saw_all = u64::try_from(looked.read).unwrap_or(u64::MAX) >= looked.expected;
    Ok((oldest, looked.end == End::AllSeen && saw_all))
}

/// Who may send, by the queue's own policy and by the queues that name it.
fn feeds(policy: Option<&Value>, sources: &[String]) -> Vec<Feed> {
    let statements = policy.map(|policy| some(&policy["Statement"])).unwrap_or_default();
    let mut feeds: Vec<Feed> = statements.into_iter().filter(|it| it["Effect"] == "Allow").flat_map(admitted).collect();
    feeds.extend(sources.iter().map(|name| Feed { kind: "queue".to_owned(), name: name.clone() }));
    feeds.dedup();
    feeds
}

fn admitted(statement: &Value) -> Vec<Feed> {
    let arns: Vec<String> = conditions(statement).flat_map(some).filter_map(Value::as_str).map(str::to_owned).collect();
    if !arns.is_empty() {
        return arns.iter().map(|arn| feed(arn)).collect();
    }
    let principal = &statement["Principal"];
    let named = some(&principal["Service"]).into_iter().chain(some(&principal["AWS"])).chain([principal]);
    let all_of = |name: &str| {
        let kind = if name == "*" { "anybody" } else { name };
        Feed { kind: kind.to_owned(), name: "*".to_owned() }
    };
    named.filter_map(Value::as_str).map(all_of).collect()
}

/// The values of a statement's conditions on `aws:SourceArn`, whose name IAM reads in any case.
fn conditions(statement: &Value) -> impl Iterator<Item = &Value> {
    let operators = statement["Condition"].as_object().into_iter().flatten();
    let keys = operators.filter_map(|(_, keys)| keys.as_object()).flatten();
    keys.filter(|(key, _)| key.eq_ignore_ascii_case("aws:SourceArn")).map(|(_, value)| value)
}

/// IAM writes one thing as itself and several as a list.
fn some(value: &Value) -> Vec<&Value> {
    match value {
        Value::Null => Vec::new(),
        Value::Array(values) => values.iter().collect(),
        one => vec![one],
    }
}

fn feed(arn: &str) -> Feed {
    let kind = match arn.split(':').nth(2).unwrap_or_default() {
        "sns" => "topic",
        "events" => "rule",
        "lambda" => "function",
        "s3" => "bucket",
        "sqs" => "queue",
        other => other,
    };
    let name = arn.rsplit([':', '/']).next().unwrap_or(arn);
    Feed { kind: kind.to_owned(), name: name.to_owned() }
}

/// Where a replay would bring messages, by what feeds the queue.
fn ways_back(feeds: &[Feed]) -> Vec<String> {
    let way = |feed: &Feed| match feed.kind.as_str() {
        "topic" | "function" | "bucket" | "lambda.amazonaws.com" | "sns.amazonaws.com" | "s3.amazonaws.com" => {
            "the function that failed".to_owned()
        }
        "rule" | "events.amazonaws.com" => "the target of the rule".to_owned(),
        "queue" => format!("the queue {}", feed.name),
        _ => "where each message says that it came from".to_owned(),
    };
    let mut ways: Vec<String> = feeds.iter().map(way).collect();
    ways.sort();
    ways.dedup();
    ways
}
