//! The options of a replay: which messages, which target, how fast, and what happens to a message afterwards.

use serde::{Deserialize, Serialize};

use crate::dlq::filter::Filter;
use crate::dlq::journal::entry::Purpose;
use crate::dlq::targets::selection::{ReplayTarget, TargetSelection};

/// How a replay proceeds. The journal keeps the options, so that a resumed replay has the same.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Options {
    /// Where messages are replayed to.
    #[serde(rename = "choice")]
    pub selection: TargetSelection,
    /// The order of messages.
    pub order: Order,
    /// How fast the replay starts.
    pub pace: Pace,
    /// The maximum number of messages a second.
    pub rate: Option<f64>,
    /// The number of concurrent calls.
    pub concurrency: usize,
    /// A message that was replayed this often is parked.
    pub max_replays: u32,
    /// The URL of the parking queue.
    pub parking: Option<String>,
    /// Why messages are sent. Messages that failed too often are parked in any case.
    #[serde(default = "replay_purpose")]
    pub purpose: Purpose,
    /// What happens to a message that was accepted.
    pub after: AfterReplay,
    /// The endpoint of a rehearsal, which replaces that of the queue.
    #[serde(default)]
    pub rehearsal: Option<String>,
    /// What happens to an event when a newer one of its subject is in the plan.
    pub superseded: Superseded,
    /// The visibility timeout in seconds: how long a message stays hidden after a crash.
    #[serde(rename = "hidden")]
    pub visibility_timeout: u64,
    /// With [`Pace::Ramp`]: how long a step waits in seconds until the queue that it sent to is empty again.
    pub settle: u64,
}

/// The order of messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Order {
    /// In the order of arrival.
    Any,
    /// Messages of one subject by their sequence, one at a time.
    Subject,
}

/// How fast a replay starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Pace {
    /// As fast as the target accepts messages.
    Full,
    /// With 1, 2, 5, 20, … messages. Stops when they fail.
    Ramp,
}

/// What happens to a message that was accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum AfterReplay {
    /// It is deleted from the queue.
    #[serde(rename = "remove")]
    Delete,
    /// It stays in the queue: the replay is a rehearsal.
    Keep,
}

/// What happens to an event when a newer one of its subject for the same consumer is in the plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Superseded {
    /// It is left out of the plan.
    #[serde(rename = "leave")]
    Skip,
    /// It is left out of the plan because the operator asked for that.
    #[serde(rename = "leaveOnRequest")]
    SkipOnRequest,
    /// It is replayed as well.
    Replay,
}

/// Journals of earlier versions do not contain the purpose.
fn replay_purpose() -> Purpose {
    Purpose::Replay
}

impl Options {
    /// Whether all messages can be sent without looking at any of them first.
    pub(crate) fn can_skip_browsing(&self, chosen: &MessageSelection) -> bool {
        matches!(self.selection.target, ReplayTarget::Queue(_))
            && matches!((self.order, self.pace), (Order::Any, Pace::Full))
            && chosen.is_everything
    }
}

/// Which messages of a queue to replay.
#[derive(Clone, Debug)]
pub struct MessageSelection {
    /// The conditions that each must fulfil.
    pub filter: Filter,
    /// The maximum number of messages.
    pub count: Option<usize>,
    /// There is no condition and no maximum.
    pub is_everything: bool,
}

impl MessageSelection {
    /// The messages that match a filter, at most `count`.
    #[must_use]
    pub fn new(filter: Filter, count: Option<usize>) -> Self {
        let is_everything = filter.is_empty() && count.is_none();
        Self { filter, count, is_everything }
    }
}
