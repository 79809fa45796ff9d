//! What a replay is asked to do: which messages, which way, how fast, and what becomes of them.

use serde::{Deserialize, Serialize};

use crate::dlq::filter::Filter;
use crate::dlq::journal::entry::Purpose;
use crate::dlq::roads::choice::{Choice, Way};

/// How a replay goes about it. Kept in the journal, so that a replay goes on as it began.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Options {
    /// Which way messages go.
    pub choice: Choice,
    /// In which order.
    pub order: Order,
    /// How it begins.
    pub pace: Pace,
    /// Messages a second, at the most.
    pub rate: Option<f64>,
    /// Calls at a time.
    pub concurrency: usize,
    /// A message that was replayed this often is parked.
    pub max_replays: u32,
    /// Where messages are parked, by the queue's URL.
    pub parking: Option<String>,
    /// What messages are sent for. Those that failed too often are parked in any case.
    #[serde(default = "handled_again")]
    pub purpose: Purpose,
    /// What becomes of a message that was accepted.
    pub after: After,
    /// The endpoint that messages go to in a rehearsal, in the place of the queue's own.
    #[serde(default)]
    pub rehearsal: Option<String>,
    /// What happens to an event when there is a newer one of its subject.
    pub superseded: Superseded,
    /// How long a message stays hidden after a crash, at the most, in seconds.
    pub hidden: u64,
    /// With [`Pace::Ramp`]: how long a step waits for the queue that it sent to to be worked off, in seconds.
    pub settle: u64,
}

/// In which order messages go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Order {
    /// As they come.
    Any,
    /// Those of one subject by their sequence, one at a time.
    Subject,
}

/// How a replay begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Pace {
    /// With all that it can.
    Full,
    /// With 1, 2, 5, 20, … messages, and stops when they fail.
    Ramp,
}

/// What becomes of a message that was accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum After {
    /// It leaves the queue.
    Remove,
    /// It stays: this is a rehearsal.
    Keep,
}

/// What happens to an event when a newer one of its subject for the same consumer is in the plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Superseded {
    /// It is left where it is.
    Leave,
    /// It is replayed all the same.
    Replay,
}

/// Journals of earlier versions do not say it.
fn handled_again() -> Purpose {
    Purpose::Replay
}

impl Options {
    /// Nothing has to be known of a message before it is sent, and all are meant.
    pub(crate) fn needs_no_look(&self, filter: &Wanted) -> bool {
        matches!(self.choice.way, Way::Queue(_))
            && matches!((self.order, self.pace), (Order::Any, Pace::Full))
            && filter.is_everything
    }
}

/// Which messages are meant.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// What they must be.
    pub filter: Filter,
    /// How many at the most.
    pub count: Option<usize>,
    /// The filter lets everything through, and there is no most.
    pub is_everything: bool,
}

impl Wanted {
    /// What a filter lets through, and no more than `count`.
    #[must_use]
    pub fn new(filter: Filter, count: Option<usize>) -> Self {
        let Filter { error, error_type, function, rule, service, detail_type, .. } = &filter;
        let says_what = error.is_some() || error_type.is_some() || function.is_some() || rule.is_some();
        let says_which = service.is_some() || detail_type.is_some() || !filter.fields.is_empty();
        let says_whom = filter.subject.is_some() || filter.event_id.is_some() || filter.message_id.is_some();
        let says_when = filter.since.is_some() || filter.until.is_some() || !filter.envelopes.is_empty();
        let is_everything = !(says_what || says_which || says_whom || says_when) && count.is_none();
        Self { filter, count, is_everything }
    }
}
