//! The plan of a replay: what goes where, how many, and what is left out and why. Nothing is taken out of the queue.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::ops::ControlFlow;
use std::path::Path;
use std::time::{Duration, SystemTime};

use anyhow::Result;
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

use crate::dlq::envelope::Origin;
use crate::dlq::filter::Filter;
use crate::dlq::journal::entry::{Entry, Intent, Purpose};
use crate::dlq::journal::read;
use crate::dlq::journal::state::short_id;
use crate::dlq::look::{Until, look};
use crate::dlq::marks;
use crate::dlq::message::Message;
use crate::dlq::queue::Queue;
use crate::dlq::roads::{Choice, NoWay, Way};

/// Journals older than a queue can keep a message say nothing of what is in it.
/// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-configure-queue-parameters.html>
const LONGEST_RETENTION: Duration = Duration::from_hours(14 * 24);

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

impl Options {
    /// Nothing has to be known of a message before it is sent, and all are meant.
    fn needs_no_look(&self, filter: &Wanted) -> bool {
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

/// How often each failure was replayed before, as the journals say: what was accepted and left the queue for it. What
/// was refused was never handled again, and a rehearsal leaves a message where it is.
#[derive(Debug, Default)]
pub struct History(HashMap<Uuid, u32>);

impl History {
    /// What the journals of a folder say, but for the one of the replay `except`, which goes on.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn read(folder: &Path, except: Option<&Path>) -> Result<Self> {
        let mut history = Self::default();
        for path in read::all(folder)? {
            if Some(path.as_path()) == except {
                continue;
            }
            let age = fs::metadata(&path).and_then(|file| file.modified()).map(|at| SystemTime::elapsed(&at));
            if matches!(age, Ok(Ok(age)) if age > LONGEST_RETENTION) {
                continue;
            }
            // Of one that is broken, what was read before the break: it must not keep others from being replayed.
            let mut replay = Told::default();
            read::read(&path, |line| history.take(&mut replay, line.entry)).ok();
        }
        Ok(history)
    }

    fn take(&mut self, replay: &mut Told, entry: Entry) {
        match entry {
            Entry::Plan(plan) => replay.is_rehearsal = plan.options["after"] == json!(After::Keep),
            Entry::Intent { purpose: Purpose::Replay, messages } if !replay.is_rehearsal => {
                let about = |intent: Intent| (short_id(&intent.id), (short_id(&intent.key), intent.attempt));
                replay.meant.extend(messages.into_iter().map(about));
            }
            Entry::Sent { messages } => {
                for message in messages {
                    if let Some((failure, attempt)) = replay.meant.remove(&short_id(&message.id)) {
                        let attempts = self.0.entry(failure).or_default();
                        *attempts = attempt.max(*attempts);
                    }
                }
            }
            Entry::Failed { messages } => {
                for message in messages {
                    replay.meant.remove(&short_id(&message.id));
                }
            }
            _ => {}
        }
    }

    /// How often a message was replayed: as its marks say, or the journals.
    #[must_use]
    pub fn attempts(&self, message: &Message) -> u32 {
        let marks = marks::read(message);
        if marks.begins_anew {
            return 0;
        }
        let noted = self.0.get(&marks::failure(message)).copied().unwrap_or(0);
        marks.attempt.max(noted)
    }
}

/// What the journal of one replay has told so far.
#[derive(Debug, Default)]
struct Told {
    /// Its messages stay in the queue.
    is_rehearsal: bool,
    /// What was about to be sent, by message: which failure, and for which time.
    meant: HashMap<Uuid, (Uuid, u32)>,
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
    let depth = queue.attributes().await?.depth;
    let Way::Queue(url) = &options.choice.way else {
        return Ok(Plan::default());
    };
    let road = format!("queue {}", url.rsplit('/').next().unwrap_or(url));
    let roads = BTreeMap::from([(road, depth)]);
    Ok(Plan { everything: true, planned: depth, roads, ..Plan::default() })
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
    use crate::dlq::journal::entry::{Accepted, Planned, Refused};
    use crate::dlq::message::Raw;

    const ID: &str = "6e0f2a8a-0000-4000-8000-000000000001";

    fn begun(after: After) -> Entry {
        let options = json!({ "after": after });
        let text = |text: &str| text.to_owned();
        Entry::Plan(Box::new(Planned {
            replay_id: text("r"),
            queue: text("q"),
            env: text("local"),
            way: text("back"),
            planned: 1,
            everything: false,
            options,
        }))
    }

    fn meant(purpose: Purpose, attempt: u32) -> Entry {
        let intent = Intent { id: ID.to_owned(), receipt: String::new(), key: ID.to_owned(), attempt };
        Entry::Intent { purpose, messages: vec![intent] }
    }

    fn sent() -> Entry {
        Entry::Sent { messages: vec![Accepted { id: ID.to_owned(), as_id: None }] }
    }

    fn refused() -> Entry {
        Entry::Failed { messages: vec![Refused { id: ID.to_owned(), error: "ResourceNotFound".to_owned() }] }
    }

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

    fn attempts(entries: impl IntoIterator<Item = Entry>) -> u32 {
        let (mut history, mut replay) = (History::default(), Told::default());
        entries.into_iter().for_each(|entry| history.take(&mut replay, entry));
        history.0.get(&short_id(ID)).copied().unwrap_or(0)
    }

    #[test]
    fn what_was_accepted_counts() {
        assert_eq!(attempts([begun(After::Remove), meant(Purpose::Replay, 2), sent()]), 2);
    }

    #[test]
    fn what_was_accepted_and_came_back_counts() {
        assert_eq!(attempts([begun(After::Remove), meant(Purpose::Replay, 1), sent(), refused()]), 1);
    }

    #[test]
    fn what_was_refused_does_not_count() {
        assert_eq!(attempts([begun(After::Remove), meant(Purpose::Replay, 3), refused()]), 0);
    }

    #[test]
    fn a_rehearsal_does_not_count() {
        assert_eq!(attempts([begun(After::Keep), meant(Purpose::Replay, 1), sent()]), 0);
    }

    #[test]
    fn parking_does_not_count() {
        assert_eq!(attempts([begun(After::Remove), meant(Purpose::Park, 4), sent()]), 0);
    }
}
