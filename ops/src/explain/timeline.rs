//! The timeline of an event, and the findings from which it is assembled.

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use crate::dlq::event::Identity;

/// How long services keep logs and outbox rows.
pub(super) const RETENTION: SignedDuration = SignedDuration::from_hours(30 * 24);

/// Everything that is known of an event.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct EventTimeline {
    /// The id that was asked for.
    pub event_id: String,
    /// Type, subject and sequence, if an outbox row or a dead-letter message has them.
    pub event: Identity,
    /// The W3C trace id in the event's metadata.
    pub trace_id: Option<String>,
    /// What happened, in order.
    pub steps: Vec<Step>,
    /// What could not be searched, and why.
    pub unseen: Vec<String>,
}

/// Something that happened to an event.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Step {
    /// When it happened; `null` for a rule, which has no time.
    pub at: Option<Timestamp>,
    pub kind: StepKind,
    /// The service that did it.
    pub service: Option<String>,
    /// The function, rule, table or queue.
    pub place: Option<String>,
    /// The step in a sentence.
    pub text: String,
    /// The id of the message that waits, or that was replayed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message_id: Option<String>,
}

/// What can happen to an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum StepKind {
    /// Its outbox row was written, in the transaction of the change.
    Committed,
    /// The bus accepted it.
    Published,
    /// The pattern of a rule matches it.
    Matched,
    /// A job handled it.
    Handled,
    /// A job failed to handle it.
    Failed,
    /// A job logged something else about it.
    Logged,
    /// It waits in a queue.
    Waiting,
    /// An operator replayed it.
    Replayed,
    /// An operator parked it.
    Parked,
}

impl StepKind {
    /// The name in the machine format.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Committed => "committed",
            Self::Published => "published",
            Self::Matched => "matched",
            Self::Handled => "handled",
            Self::Failed => "failed",
            Self::Logged => "logged",
            Self::Waiting => "waiting",
            Self::Replayed => "replayed",
            Self::Parked => "parked",
        }
    }
}

/// What one source knows of the event.
#[derive(Debug, Default)]
pub(super) struct Findings {
    pub(super) steps: Vec<Step>,
    pub(super) unseen: Vec<String>,
}
