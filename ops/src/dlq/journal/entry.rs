//! What a journal's lines say.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

/// One line.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Line {
    /// Its number, from 0.
    pub n: u64,
    /// When it was written.
    pub at: Timestamp,
    /// The SHA-256 of the line before it, in hexadecimal; zeros for the first.
    pub previous: String,
    /// What it says.
    #[serde(flatten)]
    pub entry: Entry,
}

/// What a line says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "entry", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Entry {
    /// What is to be done.
    Plan(Box<Planned>),
    /// Messages of the plan, when not simply all of the queue.
    Chosen {
        /// Their ids.
        ids: Vec<Uuid>,
        /// Where each is in its subject's order, when the order matters: a hash of the subject, and the sequence.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        places: Vec<Option<(Uuid, u64)>>,
    },
    /// What is about to be sent. Without an outcome after it nobody knows whether it was.
    Intent {
        /// Where to.
        purpose: Purpose,
        /// What.
        messages: Vec<Intent>,
    },
    /// What was accepted.
    Sent {
        /// Which messages.
        messages: Vec<Accepted>,
    },
    /// What was not accepted: it is still in the queue.
    Failed {
        /// Which messages, and why.
        messages: Vec<Refused>,
    },
    /// What left the queue.
    Deleted {
        /// Which messages.
        ids: Vec<Uuid>,
    },
    /// What is left where it is.
    Skipped {
        /// Why.
        reason: String,
        /// Which messages.
        ids: Vec<String>,
    },
    /// Another process goes on.
    Resumed {},
    /// What is about to be put back. Without a `rolledBack` after it nobody knows whether it was.
    RollingBack {
        /// Which messages, by the ids that they had.
        ids: Vec<Uuid>,
        /// The key of each, which it carries when it is back.
        keys: Vec<String>,
    },
    /// What was put back into the queue that it came from.
    RolledBack {
        /// Which messages, by the ids that they had.
        ids: Vec<Uuid>,
    },
    /// What was put back, and has left the queue that it was in.
    TakenOut {
        /// Which messages, by the ids that they had.
        ids: Vec<Uuid>,
    },
    /// The replay has ended.
    Closed(Summary),
}

/// Where messages come from, and what is to be done with them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Planned {
    /// Names the replay.
    pub replay_id: String,
    /// The queue's URL.
    pub queue: String,
    /// The environment that the queue belongs to.
    pub env: String,
    /// The road back.
    pub way: String,
    /// How many messages were chosen.
    pub planned: u64,
    /// Every message of the queue is meant; otherwise those of the `chosen` lines.
    pub everything: bool,
    /// Of everything: what was sent to the queue later than this is not meant, by SQS's clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// How many messages of the queue were left out.
    #[serde(default)]
    pub left_out: u64,
    /// How many of those left out were not seen, and may be meant.
    #[serde(default)]
    pub unseen: u64,
    /// The options as they were given.
    pub options: Value,
}

/// What messages are sent for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Purpose {
    /// To be handled again.
    Replay,
    /// To be kept apart.
    Park,
}

/// A message that is about to be sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Intent {
    /// SQS's id of the message in the queue.
    pub id: String,
    /// What deletes it or gives it back, while it is held.
    pub receipt: String,
    /// Names what is sent, however often it is sent.
    pub key: String,
    /// The how-manieth replay of it this is, from 1.
    pub attempt: u32,
}

/// A message that was accepted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Accepted {
    /// SQS's id of the message in the queue.
    pub id: String,
    /// The receiver's id of it: SQS's or SNS's new message id, Lambda's request id, the bus's event id.
    #[serde(rename = "as", default, skip_serializing_if = "Option::is_none")]
    pub as_id: Option<String>,
}

/// A message that was not accepted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refused {
    /// SQS's id of the message in the queue.
    pub id: String,
    /// The kind of error. Not its text, which may quote the message.
    pub error: String,
}

/// What a replay did: the last line of `replay`, `resume` and `rollback`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// Messages that were to be replayed or parked.
    pub planned: u64,
    /// Messages that were accepted; for a rollback, those that were put back.
    pub replayed: u64,
    /// Messages that were parked.
    pub parked: u64,
    /// Messages that were left out of the plan.
    pub skipped: u64,
    /// Messages that were sent and not accepted, or came back.
    pub failed: u64,
    /// Messages of the plan that are still to be done, and those in the queue that the plan did not see.
    pub remaining: u64,
    /// The journal's file.
    pub journal: String,
}
