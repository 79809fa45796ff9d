//! The plan of a replay: how many messages go to which target, and how many are left out and why. Planning removes
//! nothing from the queue.

use std::collections::{BTreeMap, HashMap};
use std::ops::ControlFlow;

use anyhow::Result;
use jiff::Timestamp;
use uuid::Uuid;

use crate::dlq::browse::{BrowseLimits, browse};
use crate::dlq::envelope::Origin;
use crate::dlq::filter::Filter;
use crate::dlq::history::History;
use crate::dlq::journal::entry::SUPERSEDED;
use crate::dlq::journal::state::short_id;
use crate::dlq::message::Message;
use crate::dlq::options::{MessageSelection, Options, Order, Superseded};
use crate::dlq::queue::Queue;
use crate::dlq::queue::attributes::RedrivingQueue;
use crate::dlq::queue_lookup::name_in_url;
use crate::dlq::targets::selection::{NotReplayable, ReplayTarget};

/// The reason for messages that do not match the filters.
pub const FILTERED_OUT: &str = "filtered out";

/// The beginning of the reason for messages that the plan did not see.
pub const NOT_SEEN: &str = "not seen: ";

/// The reason for messages that were left out because of a newer event, if the operator asked for it.
const SUPERSEDED_ON_REQUEST: &str = "superseded: left out on request (--skip-superseded)";

/// What happens to a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PlanDecision {
    Replay {
        /// The replay attempt number, from 1.
        attempt: u32,
    },
    /// It failed too often and is parked.
    Park {
        /// The replay attempt number that it would have.
        attempt: u32,
    },
    /// It stays in the queue, for this reason.
    Skip(String),
}

/// Which messages are replayed or parked, and which are left out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// The plan is the whole queue, and no message was looked at.
    pub everything: bool,
    /// With `everything`: messages sent later than this, by SQS's clock, are not part of the plan.
    pub until: Option<Timestamp>,
    /// The number of messages to replay or park; with `everything`, approximately.
    pub planned: u64,
    /// The messages of the plan otherwise, with the position of each in the order of its subject.
    pub chosen: HashMap<Uuid, Option<(Uuid, u64)>>,
    /// The number of messages for each target.
    pub targets: BTreeMap<String, u64>,
    /// The number of messages left out for each reason.
    pub left_out: BTreeMap<String, u64>,
    /// The number of messages that were not seen, approximately: they might match.
    pub unseen: u64,
}

/// Decides what happens to one message, without regard to others.
#[must_use]
pub fn decide(options: &Options, filter: &Filter, history: &History, message: &Message) -> PlanDecision {
    if !filter.admits(message) {
        return PlanDecision::Skip(FILTERED_OUT.to_owned());
    }
    let attempt = history.attempts(message).saturating_add(1);
    if attempt > options.max_replays {
        return match &options.parking {
            Some(_) => PlanDecision::Park { attempt },
            None => {
                PlanDecision::Skip(format!("already replayed {} times, and there is no parking queue", attempt - 1))
            }
        };
    }
    match options.selection.describe_target(message) {
        Ok(_) => PlanDecision::Replay { attempt },
        Err(NotReplayable(reason)) => PlanDecision::Skip(reason),
    }
}

/// Browses the queue and makes the plan.
///
/// # Errors
/// When the queue cannot be read.
pub async fn plan(
    queue: &Queue,
    options: &Options,
    chosen: &MessageSelection,
    history: &History,
    limits: BrowseLimits,
) -> Result<Plan> {
    if options.can_skip_browsing(chosen) {
        return plan_everything(queue, options, limits.redriving).await;
    }
    let mut plan = Plan::default();
    let mut newest: HashMap<Uuid, u64> = HashMap::new();
    let mut targets: Vec<String> = Vec::new();
    let mut target_of: HashMap<Uuid, usize> = HashMap::new();
    let browsed = browse(queue, limits, |message| {
        let position = subject_position(&message);
        let decision = decide(options, &chosen.filter, history, &message);
        let target = match (&decision, options.selection.describe_target(&message)) {
            (PlanDecision::Replay { .. }, Ok(target)) => target,
            (PlanDecision::Park { .. }, _) => "parking queue".to_owned(),
            _ => String::new(),
        };
        match decision {
            PlanDecision::Skip(reason) => *plan.left_out.entry(reason).or_default() += 1,
            PlanDecision::Replay { .. } | PlanDecision::Park { .. } => {
                let id = short_id(&message.message_id);
                plan.chosen.insert(id, position);
                let known = targets.iter().position(|known| *known == target);
                target_of.insert(id, known.unwrap_or(targets.len()));
                if known.is_none() {
                    targets.push(target);
                }
                if let Some((subject, sequence)) = position {
                    let newest = newest.entry(subject).or_default();
                    *newest = sequence.max(*newest);
                }
            }
        }
        let is_enough = chosen.count.is_some_and(|count| plan.chosen.len() >= count);
        Ok(if is_enough { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
    })
    .await?;
    if skips_superseded(options) {
        let is_requested = options.superseded == Superseded::SkipOnRequest;
        plan.skip_superseded(&newest, if is_requested { SUPERSEDED_ON_REQUEST } else { SUPERSEDED });
    }
    plan.planned = plan.chosen.len() as u64;
    plan.skip_unseen(&browsed.unseen_by_reason(queue.is_fifo()));
    for id in plan.chosen.keys() {
        if let Some(target) = target_of.get(id).and_then(|index| targets.get(*index)) {
            *plan.targets.entry(target.clone()).or_default() += 1;
        }
    }
    Ok(plan)
}

/// In subject order an older event is replayed before a newer one and overwrites nothing. The consumer of another queue
/// decides for itself.
fn skips_superseded(options: &Options) -> bool {
    options.superseded != Superseded::Replay
        && options.order == Order::Any
        && options.selection.target == ReplayTarget::Origin
}

async fn plan_everything(queue: &Queue, options: &Options, redriving: RedrivingQueue) -> Result<Plan> {
    let until = Some(queue.now().await?);
    let attributes = queue.attributes().await?;
    attributes.require_harmless_reading(queue, redriving)?;
    let depth = attributes.depth;
    let ReplayTarget::Queue(url) = &options.selection.target else {
        return Ok(Plan::default());
    };
    let target = format!("queue {}", name_in_url(url));
    let targets = BTreeMap::from([(target, depth)]);
    let mut plan = Plan { everything: true, until, planned: depth, targets, ..Plan::default() };
    let unseen = [("in flight elsewhere", attributes.in_flight), ("delayed", attributes.delayed)];
    plan.skip_unseen(&unseen.into_iter().filter(|(_, count)| *count > 0).collect::<Vec<_>>());
    Ok(plan)
}

/// The subject of a message at its consumer, and the sequence; `None` for a batch of several events.
///
/// The consumer is part of it, because different consumers of one subject do different work: a newer event for one does
/// not supersede an older event for another.
#[must_use]
pub fn subject_position(message: &Message) -> Option<(Uuid, u64)> {
    let subject = message.subject.as_ref().filter(|_| message.events.is_empty())?;
    let Origin { target_arn, source_queue_arn, .. } = &message.origin;
    let consumer = message.function.as_ref().or(target_arn.as_ref()).or(source_queue_arn.as_ref());
    let name = format!("{subject} at {}", consumer.map_or("", String::as_str));
    Some((Uuid::new_v5(&Uuid::NAMESPACE_OID, name.as_bytes()), message.sequence?))
}

impl Plan {
    fn skip_unseen(&mut self, unseen: &[(&str, u64)]) {
        self.unseen = unseen.iter().map(|(_, count)| count).sum();
        self.left_out.extend(unseen.iter().map(|(reason, count)| (format!("{NOT_SEEN}{reason}"), *count)));
    }

    fn skip_superseded(&mut self, newest: &HashMap<Uuid, u64>, reason: &str) {
        let before = self.chosen.len();
        let is_older = |(subject, sequence)| newest.get(&subject).is_some_and(|newest| sequence < *newest);
        self.chosen.retain(|_, position| !position.is_some_and(is_older));
        let left = before - self.chosen.len();
        if left > 0 {
            self.left_out.insert(reason.to_owned(), left as u64);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dlq::envelope::{self, Reading};
    use crate::dlq::raw_message::RawMessage;

    const ID: &str = "6e0f2a8a-0000-4000-8000-000000000001";

    fn about(function: &str, sequence: u64) -> Message {
        let reading = envelope::read(&RawMessage { message_id: ID.to_owned(), ..RawMessage::default() });
        let Reading::Whole(decoded) = reading else { panic!("an empty message is whole") };
        let message = Message::new(RawMessage::default(), *decoded);
        let function = Some(function.to_owned());
        Message { function, subject: Some("todo/1".to_owned()), sequence: Some(sequence), ..message }
    }

    #[test]
    fn a_newer_event_for_another_consumer_does_not_supersede() {
        let (created, completed) = (about("search-index", 1), about("mail", 2));
        let (created, completed) = (subject_position(&created).unwrap(), subject_position(&completed).unwrap());
        let mut plan = Plan { chosen: HashMap::from([(Uuid::from_u128(1), Some(created))]), ..Plan::default() };
        plan.skip_superseded(&HashMap::from([created, completed]), SUPERSEDED);
        assert_eq!(plan.chosen.len(), 1);
        plan.skip_superseded(&HashMap::from([subject_position(&about("search-index", 2)).unwrap()]), SUPERSEDED);
        assert!(plan.chosen.is_empty());
        assert_eq!(plan.left_out, BTreeMap::from([(SUPERSEDED.to_owned(), 1)]));
    }
}
