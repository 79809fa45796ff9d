//! The plan of a replay: what goes where, how many, and what is left out and why. Nothing is taken out of the queue.

use std::collections::{BTreeMap, HashMap};
use std::ops::ControlFlow;

use anyhow::Result;
use jiff::Timestamp;
use uuid::Uuid;

use crate::dlq::envelope::Origin;
use crate::dlq::filter::Filter;
use crate::dlq::history::History;
use crate::dlq::journal::state::short_id;
use crate::dlq::look::{Until, look};
use crate::dlq::message::Message;
use crate::dlq::options::{Options, Order, Superseded, Wanted};
use crate::dlq::queue::Queue;
use crate::dlq::roads::choice::{NoWay, Way};

/// What is to be done with a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Send it, for this time.
    Replay {
        /// Which time it is, from 1.
        attempt: u32,
    },
    /// It failed too often: keep it apart.
    Park {
        /// Which time it would be.
        attempt: u32,
    },
    /// Leave it, for this reason.
    Leave(String),
}

/// What is to be done, and why.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// Every message of the queue is meant, and none was looked at.
    pub everything: bool,
    /// Of everything: what was sent to the queue later than this is not meant, by SQS's clock.
    pub until: Option<Timestamp>,
    /// How many messages are to be replayed or parked; of everything, approximately.
    pub planned: u64,
    /// The messages, when it is not everything, and where each is in its subject's order.
    pub chosen: HashMap<Uuid, Option<(Uuid, u64)>>,
    /// How many go where.
    pub roads: BTreeMap<String, u64>,
    /// How many are left out, and why.
    pub left_out: BTreeMap<String, u64>,
    /// How many of those left out were in the queue and not seen, approximately: they may be meant.
    pub unseen: u64,
}

/// What is to be done with one message, not looking at any other.
#[must_use]
pub fn judge(options: &Options, wanted: &Filter, history: &History, message: &Message) -> Verdict {
    if !wanted.admits(message) {
        return Verdict::Leave("filtered out".to_owned());
    }
    let attempt = history.attempts(message).saturating_add(1);
    if attempt > options.max_replays {
        return match &options.parking {
            Some(_) => Verdict::Park { attempt },
            None => Verdict::Leave(format!("replayed {} times already, and there is no parking queue", attempt - 1)),
        };
    }
    match options.choice.outline(message) {
        Ok(_) => Verdict::Replay { attempt },
        Err(NoWay(reason)) => Verdict::Leave(reason),
    }
}

/// Looks through the queue and plans.
///
/// # Errors
/// When the queue cannot be read.
pub async fn plan(queue: &Queue, options: &Options, wanted: &Wanted, history: &History, until: Until) -> Result<Plan> {
    if options.needs_no_look(wanted) {
        return everything(queue, options).await;
    }
    let mut plan = Plan::default();
    let mut newest: HashMap<Uuid, u64> = HashMap::new();
    let mut roads: Vec<String> = Vec::new();
    let mut road_of: HashMap<Uuid, usize> = HashMap::new();
    let looked = look(queue, until, |message| {
        let place = place(&message);
        let verdict = judge(options, &wanted.filter, history, &message);
        let road = match (&verdict, options.choice.outline(&message)) {
            (Verdict::Replay { .. }, Ok(road)) => road,
            (Verdict::Park { .. }, _) => "parking queue".to_owned(),
            _ => String::new(),
        };
        match verdict {
            Verdict::Leave(reason) => *plan.left_out.entry(reason).or_default() += 1,
            Verdict::Replay { .. } | Verdict::Park { .. } => {
                let id = short_id(&message.message_id);
                plan.chosen.insert(id, place);
                let known = roads.iter().position(|known| *known == road);
                road_of.insert(id, known.unwrap_or(roads.len()));
                if known.is_none() {
                    roads.push(road);
                }
                if let Some((subject, sequence)) = place {
                    let newest = newest.entry(subject).or_default();
                    *newest = sequence.max(*newest);
                }
            }
        }
        let is_enough = wanted.count.is_some_and(|count| plan.chosen.len() >= count);
        Ok(if is_enough { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
    })
    .await?;
    if leaves_superseded(options) {
        plan.leave_superseded(&newest);
    }
    plan.planned = plan.chosen.len() as u64;
    plan.leave_unseen(looked.unseen());
    for id in plan.chosen.keys() {
        if let Some(road) = road_of.get(id).and_then(|index| roads.get(*index)) {
            *plan.roads.entry(road.clone()).or_default() += 1;
        }
    }
    Ok(plan)
}

/// In order, an older event comes before a newer one, and overwrites nothing. A queue's reader decides for itself.
fn leaves_superseded(options: &Options) -> bool {
    options.superseded == Superseded::Leave && options.order == Order::Any && options.choice.way == Way::Back
}

async fn everything(queue: &Queue, options: &Options) -> Result<Plan> {
    let until = Some(queue.now().await?);
    let depth = queue.attributes().await?.depth;
    let Way::Queue(url) = &options.choice.way else {
        return Ok(Plan::default());
    };
    let road = format!("queue {}", url.rsplit('/').next().unwrap_or(url));
    let roads = BTreeMap::from([(road, depth)]);
    Ok(Plan { everything: true, until, planned: depth, roads, ..Plan::default() })
}

/// What a message is about and for whom, and which change of it; none for a batch of several events.
///
/// Two consumers of one subject do different work: what one of them is yet to be told, the other does not make old.
#[must_use]
pub fn place(message: &Message) -> Option<(Uuid, u64)> {
    let subject = message.subject.as_ref().filter(|_| message.events.is_empty())?;
    let Origin { target_arn, source_queue_arn, .. } = &message.origin;
    let consumer = message.function.as_ref().or(target_arn.as_ref()).or(source_queue_arn.as_ref());
    let name = format!("{subject} at {}", consumer.map_or("", String::as_str));
    Some((Uuid::new_v5(&Uuid::NAMESPACE_OID, name.as_bytes()), message.sequence?))
}

impl Plan {
    fn leave_unseen(&mut self, unseen: u64) {
        self.unseen = unseen;
        if unseen > 0 {
            let reason = "not seen: others hold them, they are behind ten of their FIFO group, or the time was over";
            self.left_out.insert(reason.to_owned(), unseen);
        }
    }

    fn leave_superseded(&mut self, newest: &HashMap<Uuid, u64>) {
        let before = self.chosen.len();
        let is_older = |(subject, sequence)| newest.get(&subject).is_some_and(|newest| sequence < *newest);
        self.chosen.retain(|_, place| !place.is_some_and(is_older));
        let left = before - self.chosen.len();
        if left > 0 {
            let reason = "superseded: a newer event of the same subject is in the plan (--order subject takes both)";
            self.left_out.insert(reason.to_owned(), left as u64);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dlq::envelope::{self, Reading};
    use crate::dlq::message::Raw;

    const ID: &str = "6e0f2a8a-0000-4000-8000-000000000001";

    fn about(function: &str, sequence: u64) -> Message {
        let reading = envelope::read(&Raw { message_id: ID.to_owned(), ..Raw::default() });
        let Reading::Whole(decoded) = reading else { panic!("an empty message is whole") };
        let message = Message::new(Raw::default(), *decoded);
        let function = Some(function.to_owned());
        Message { function, subject: Some("todo/1".to_owned()), sequence: Some(sequence), ..message }
    }

    #[test]
    fn a_newer_event_of_another_consumer_supersedes_nothing() {
        let (created, completed) = (about("search-index", 1), about("mail", 2));
        let (created, completed) = (place(&created).unwrap(), place(&completed).unwrap());
        let mut plan = Plan { chosen: HashMap::from([(Uuid::from_u128(1), Some(created))]), ..Plan::default() };
        plan.leave_superseded(&HashMap::from([created, completed]));
        assert_eq!(plan.chosen.len(), 1);
        plan.leave_superseded(&HashMap::from([place(&about("search-index", 2)).unwrap()]));
        assert!(plan.chosen.is_empty());
    }
}
