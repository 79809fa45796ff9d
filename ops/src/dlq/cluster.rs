//! Grouping failures by cause.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use jiff::Timestamp;
use regex::Regex;
use serde::Serialize;
use serde_json::json;

use crate::dlq::envelope::Envelope;
use crate::dlq::journal::read::hash;
use crate::dlq::message::Message;

/// The length of a cluster's id.
pub const ID_LENGTH: usize = 8;

/// The number of steps in a cluster's histogram.
pub const STEPS: usize = 24;

/// Failures with the same cause.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Cluster {
    /// Identifies the cause: the same in every queue and at any time.
    pub id: String,
    /// The service that failed, of the example.
    pub service: Option<String>,
    /// The function that failed.
    pub function: Option<String>,
    /// The rule that could not deliver.
    pub rule: Option<String>,
    /// The kind of failure record.
    pub envelope: Envelope,
    pub error_type: Option<String>,
    /// The error text, with ids, numbers, times and quoted values replaced by `…`.
    pub error_message: Option<String>,
    /// The `detail-type` of the event.
    pub event_type: Option<String>,
    /// The number of messages.
    pub count: u64,
    /// The time of the first failure.
    pub first: Option<Timestamp>,
    /// The time of the last failure.
    pub last: Option<Timestamp>,
    /// The id of the first message that was read.
    pub example: String,
    /// The exact error text of the example.
    pub example_message: Option<String>,
    /// The number of failures in each of [`STEPS`] steps from the first failure in the queue to the last.
    pub histogram: Vec<u64>,
}

impl Cluster {
    /// The cause in words.
    #[must_use]
    pub fn describe(&self) -> String {
        let envelope = self.envelope.to_string();
        let place = self.function.as_ref().or(self.rule.as_ref()).unwrap_or(&envelope);
        let error = [&self.error_type, &self.error_message].into_iter().flatten().cloned().collect::<Vec<_>>();
        format!("{place}, {}", if error.is_empty() { "no error text".to_owned() } else { error.join(": ") })
    }
}

/// What failures of a cluster have in common.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ClusterKey {
    function: Option<String>,
    rule: Option<String>,
    envelope: Envelope,
    error_type: Option<String>,
    error_message: Option<String>,
    event_type: Option<String>,
}

impl ClusterKey {
    /// The cluster of a message.
    #[must_use]
    pub fn from_message(message: &Message) -> Self {
        Self {
            function: message.function.clone(),
            rule: message.rule.clone(),
            envelope: message.envelope,
            error_type: message.error_type.clone(),
            error_message: message.error_message.as_deref().map(normalised),
            event_type: message.event_type.clone(),
        }
    }

    /// The beginning of the hash of the cause, in hexadecimal.
    #[must_use]
    pub fn id(&self) -> String {
        let Self { function, rule, envelope, error_type, error_message, event_type } = self;
        let cause = json!([envelope, function, rule, error_type, error_message, event_type]);
        hash(cause.to_string().as_bytes())[..ID_LENGTH].to_owned()
    }
}

#[derive(Debug)]
struct Members {
    count: u64,
    times: Vec<Timestamp>,
    service: Option<String>,
    example: String,
    example_message: Option<String>,
}

/// Collects failures. Keeps the time of each, and one example for each cause.
#[derive(Debug, Default)]
pub struct Clusters(BTreeMap<ClusterKey, Members>);

impl Clusters {
    pub fn add(&mut self, message: &Message) {
        let members = self.0.entry(ClusterKey::from_message(message)).or_insert_with(|| Members {
            count: 0,
            times: Vec::new(),
            service: message.service.clone(),
            example: message.message_id.clone(),
            example_message: message.error_message.clone(),
        });
        members.count += 1;
        members.times.extend(message.failed_at);
    }

    /// The clusters, the largest first. The place of each, from 1, is its number.
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

fn cluster(cause: ClusterKey, members: Members, whole: Option<(Timestamp, Timestamp)>) -> Cluster {
    Cluster {
        id: cause.id(),
        service: members.service,
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

/// Replaces what differs between failures of the same cause by `…`.
#[must_use]
pub fn normalised(message: &str) -> String {
    #[expect(clippy::expect_used, reason = "the pattern is a constant that a test compiles")]
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

#[cfg(test)]
mod tests {
    use super::*;

    fn key(function: Option<&str>, rule: Option<&str>) -> ClusterKey {
        ClusterKey {
            function: function.map(str::to_owned),
            rule: rule.map(str::to_owned),
            envelope: Envelope::Unknown,
            error_type: None,
            error_message: None,
            event_type: None,
        }
    }

    #[test]
    fn different_causes_have_different_ids() {
        let keys = [
            key(None, None),
            key(Some(""), None),
            key(None, Some("")),
            key(Some("a"), Some("b")),
            key(Some("a\nb"), None),
            key(Some("b"), Some("a")),
        ];
        let ids: std::collections::BTreeSet<String> = keys.iter().map(ClusterKey::id).collect();
        assert_eq!(ids.len(), keys.len(), "{ids:?}");
        assert!(ids.iter().all(|id| id.len() == ID_LENGTH), "{ids:?}");
    }
}
