//! The entries of a journal, one a line.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

/// The reason for messages that were left out because of a newer event, although nobody asked for that.
pub const SUPERSEDED: &str =
    "superseded: a newer event of the same subject is in the plan (--order subject or --superseded takes both)";

/// One line of a journal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Line {
    /// The line number, from 0.
    pub n: u64,
    /// The time of writing.
    pub at: Timestamp,
    /// The SHA-256 of the line before it, in hexadecimal; zeros for the first.
    pub previous: String,
    #[serde(flatten)]
    pub entry: Entry,
}

/// A step of a replay. The names are part of the journal format.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "entry", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Entry {
    /// The plan of the replay.
    Plan(Box<Planned>),
    /// Messages of the plan, unless it is the whole queue.
    Chosen {
        /// SQS's ids of the messages in the queue.
        ids: Vec<Uuid>,
        /// The position of each in the order of its subject, if the order matters: a hash of the subject, and the
        /// sequence.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        places: Vec<Option<(Uuid, u64)>>,
    },
    /// Messages that are about to be sent. Without a later entry the outcome is unknown.
    Intent {
        /// Why they are sent.
        purpose: Purpose,
        messages: Vec<Intent>,
    },
    /// Messages that the target accepted.
    Sent { messages: Vec<Accepted> },
    /// Messages that were not accepted: they are still in the queue.
    Failed {
        /// The messages, with the kinds of errors.
        messages: Vec<Refused>,
    },
    /// Messages that were deleted from the queue.
    Deleted {
        /// SQS's ids of the messages in the queue.
        ids: Vec<Uuid>,
    },
    /// Messages that were skipped: they stay in the queue.
    Skipped {
        /// Why they were skipped.
        reason: String,
        /// SQS's ids of the messages in the queue.
        ids: Vec<String>,
    },
    /// Another process resumed the replay.
    Resumed {},
    /// Messages that are about to be rolled back. Without a later `rolledBack` the outcome is unknown.
    RollingBack {
        /// The messages, by their ids before the replay.
        ids: Vec<Uuid>,
        /// The replay key of each, which it carries after the rollback.
        keys: Vec<String>,
    },
    /// Messages that were sent back to their original queue.
    RolledBack {
        /// The messages, by their ids before the replay.
        ids: Vec<Uuid>,
    },
    /// Messages that were rolled back and deleted from the target queue.
    TakenOut {
        /// The messages, by their ids before the replay.
        ids: Vec<Uuid>,
    },
    /// The replay has ended.
    Closed(Summary),
}

/// The plan of a replay.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Planned {
    /// The id of the replay.
    pub replay_id: String,
    /// The URL of the dead-letter queue.
    pub queue: String,
    /// The environment that the queue belongs to.
    pub env: String,
    /// The replay targets, in words.
    pub way: String,
    /// The number of messages to replay or park.
    pub planned: u64,
    /// Every message of the queue is part of the plan; otherwise those of the `chosen` lines.
    pub everything: bool,
    /// With `everything`: messages sent later than this, by SQS's clock, are not part of the plan.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// The number of messages that were left out of the plan.
    #[serde(default)]
    pub left_out: u64,
    /// The number of those that were not seen, so that they might match.
    #[serde(default)]
    pub unseen: u64,
    /// The number of messages in the dead-letter queue, visible or not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total: Option<u64>,
    /// The number of messages in the chosen target queue, visible or not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target_total: Option<u64>,
    /// The number of messages that were left out of the plan, by reason.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub reasons: BTreeMap<String, u64>,
    /// The options of the replay; `null` for an edit.
    pub options: Value,
    /// The file of an import.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
}

/// Why messages are sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Purpose {
    /// To be processed again.
    Replay,
    /// To be kept in the parking queue.
    Park,
}

/// A message that is about to be sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Intent {
    /// SQS's id of the message in the queue.
    pub id: String,
    /// The receipt handle, which deletes it or makes it visible while it is in flight.
    pub receipt: String,
    /// Identifies the message at its target, however often it is sent.
    pub key: String,
    /// The replay attempt number, from 1.
    pub attempt: u32,
}

/// A message that the target accepted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Accepted {
    /// SQS's id of the message in the queue.
    pub id: String,
    /// The id that the target gave it: SQS's or SNS's message id, or Lambda's request id.
    #[serde(rename = "as", default, skip_serializing_if = "Option::is_none")]
    pub as_id: Option<String>,
}

/// A message that was not accepted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refused {
    /// SQS's id of the message in the queue.
    pub id: String,
    /// The kind of error, without its text, which may quote the message.
    pub error: String,
}

/// The result of a replay: the last line of `replay`, `resume` and `rollback`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// Messages to replay or park.
    pub planned: u64,
    /// Accepted messages; of a rollback, those that are back in their queue.
    pub replayed: u64,
    /// Messages that were moved to the parking queue.
    pub parked: u64,
    /// Messages that were left out of the plan.
    pub skipped: u64,
    /// Messages that were not accepted, or failed again.
    pub failed: u64,
    /// Messages of the plan that are not finished, and messages of the queue that the plan did not see.
    pub remaining: u64,
    /// The number of messages that were left out or skipped, by reason.
    #[serde(rename = "leftOut", default, skip_serializing_if = "BTreeMap::is_empty")]
    pub left_out: BTreeMap<String, u64>,
    /// The path of the journal.
    pub journal: String,
}

impl Summary {
    /// The number of messages that were left out because of a newer event, although nobody asked for that.
    #[must_use]
    pub fn superseded(&self) -> u64 {
        self.left_out.get(SUPERSEDED).copied().unwrap_or(0)
    }
}
