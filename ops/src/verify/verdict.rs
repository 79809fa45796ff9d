//! The verdict on a message, and a message before its verdict.

use jiff::Timestamp;
use serde::Serialize;

use crate::verify::consumer::ConsumerAddress;
use crate::verify::schema_check::SchemaCheck;

/// What would happen to a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// There is evidence for success and none against it.
    WouldPass,
    /// It would fail again.
    WouldFail,
    /// A newer event of its subject was handled by the same job, or waits for it.
    Stale,
    /// Today's job cannot read it.
    Unreadable,
    /// There is no evidence either way.
    CannotTell,
}

impl Verdict {
    /// The name in the machine format.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::WouldPass => "would-pass",
            Self::WouldFail => "would-fail",
            Self::Stale => "stale",
            Self::Unreadable => "unreadable",
            Self::CannotTell => "cannot-tell",
        }
    }
}

/// A message that was verified.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Verified {
    /// SQS's id of the message.
    pub message_id: String,
    /// The function that would receive it.
    pub function: Option<String>,
    /// The error type of the failure.
    pub error_type: Option<String>,
    pub event_type: Option<String>,
    pub event_id: Option<String>,
    pub subject: Option<String>,
    /// The number of the change of its subject.
    pub sequence: Option<u64>,
    pub failed_at: Option<Timestamp>,
    pub verdict: Verdict,
    /// The reason for the verdict, in a sentence.
    pub reason: String,
    /// The facts on which the verdict is based.
    pub evidence: Vec<String>,
}

/// A message before its verdict, without its event, so that memory does not grow with the size of events.
#[derive(Debug)]
pub(super) struct Case {
    pub(super) verified: Verified,
    pub(super) address: ConsumerAddress,
    pub(super) schema_check: SchemaCheck,
}
