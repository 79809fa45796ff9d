//! Failures by cause: thousands of messages are a handful of reasons.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use jiff::Timestamp;
use regex::Regex;
use serde::Serialize;

use crate::dlq::envelope::Envelope;
use crate::dlq::message::Message;

/// How many steps a cluster's history has.
pub const STEPS: usize = 24;

/// Failures with one cause.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Cluster {
    /// The service that failed.
    pub service: Option<String>,
    /// The function that failed.
    pub function: Option<String>,
    /// The rule that could not deliver.
    pub rule: Option<String>,
    /// The kind of failure record.
    pub envelope: Envelope,
    /// The kind of error.
    pub error_type: Option<String>,
    /// What the errors say, with ids, numbers, times and quotes replaced by `…`.
    pub error_message: Option<String>,
    /// The event and its version.
    pub event_type: Option<String>,
    /// How many messages.
    pub count: u64,
    /// The first failure.
    pub first: Option<Timestamp>,
    /// The last failure.
    pub last: Option<Timestamp>,
    /// The id of one of the messages, the first that was seen.
    pub example: String,
    /// What the example's error says, to the letter.
    pub example_message: Option<String>,
    /// How many failures in each of [`STEPS`] steps of the time from the queue's first failure to its last.
    pub histogram: Vec<u64>,
}

/// What makes two failures the same.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Cause {
    service: Option<String>,
    function: Option<String>,
    rule: Option<String>,
    envelope: Envelope,
    error_type: Option<String>,
    error_message: Option<String>,
    event_type: Option<String>,
}

#[derive(Debug)]
struct Members {
    count: u64,
    times: Vec<Timestamp>,
    example: String,
    example_message: Option<String>,
}

/// Gathers failures; keeps a time each, and of each cause one example.
#[derive(Debug, Default)]
pub struct Clusters(BTreeMap<Cause, Members>);

impl Clusters {
    /// Adds a message.
    pub fn add(&mut self, message: &Message) {
        let cause = Cause {
            service: message.service.clone(),
            function: message.function.clone(),
            rule: message.rule.clone(),
            envelope: message.envelope,
            error_type: message.error_type.clone(),
            error_message: message.error_message.as_deref().map(normalised),
            event_type: message.event_type.clone(),
        };
        let members = self.0.entry(cause).or_insert_with(|| Members {
            count: 0,
            times: Vec::new(),
            example: message.message_id.clone(),
            example_message: message.error_message.clone(),
        });
        members.count += 1;
        members.times.extend(message.failed_at);
    }

    /// The clusters, the largest first.
    #[must_use]
    pub fn finish(self) -> Vec<Cluster> {
        let times = || self.0.values().flat_map(|members| &members.times).copied();
        let whole = times().min().zip(times().max());
        let mut clusters: Vec<Cluster> =
            self.0.into_iter().map(|(cause, members)| cluster(cause, members, whole)).collect();
        clusters.sort_by_key(|cluster| std::cmp::Reverse(cluster.count));
        clusters
    }
}

fn cluster(cause: Cause, members: Members, whole: Option<(Timestamp, Timestamp)>) -> Cluster {
    Cluster {
        service: cause.service,
        function: cause.function,
        rule: cause.rule,
        envelope: cause.envelope,
        error_type: cause.error_type,
        error_message: cause.error_message,
        event_type: cause.event_type,
        count: members.count,
        first: members.times.iter().min().copied(),
        last: members.times.iter().max().copied(),
        example: members.example,
        example_message: members.example_message,
        histogram: histogram(&members.times, whole),
    }
}

fn histogram(times: &[Timestamp], whole: Option<(Timestamp, Timestamp)>) -> Vec<u64> {
    let mut steps = vec![0; STEPS];
    let Some((first, last)) = whole else { return steps };
    let length = (last.as_millisecond() - first.as_millisecond()).max(1);
    let count = i64::try_from(STEPS).unwrap_or(i64::MAX);
    for time in times {
        let step = (time.as_millisecond() - first.as_millisecond()).saturating_mul(count) / length;
        let step = usize::try_from(step).unwrap_or(0).min(STEPS - 1);
        steps[step] += 1;
    }
    steps
}

/// The same text for the same cause: what differs from one failure to the next is `…`.
#[must_use]
pub fn normalised(message: &str) -> String {
    #[expect(clippy::expect_used, reason = "the pattern is a constant, and a test compiles it")]
    static DIFFERING: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(
            r#"(?x)
            "[^"]*" | \B'[^']*' | `[^`]*`                                             # quoted values, no apostrophes
            | [0-9A-Fa-f]{8}-(?:[0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12}                    # UUIDs
            | [\w.+-]+@[\w-]+(?:\.[\w-]+)+                                            # addresses
            | \d{4}-\d\d-\d\d(?:[T\ ]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?(?:Z|[+-]\d\d:?\d\d)?)?  # times
            | \b0x[0-9A-Fa-f]+\b
            | \b[0-9A-Fa-f]*(?:[0-9][A-Fa-f]|[A-Fa-f][0-9])[0-9A-Fa-f]*\b             # hexadecimal
            | \b[0-9A-Za-z]*[0-9][0-9A-Za-z]{14,}\b                                   # other long ids
            | \d+(?:[.,:]\d+)*                                                        # numbers
            "#,
        )
        .expect("a valid pattern")
    });
    DIFFERING.replace_all(message, "…").into_owned()
}
