//! Taking a replay back, as far as that is possible: what was put into a queue and is still there comes back to where it
//! was. What a function was given cannot be taken back.

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use aws_config::SdkConfig;
use uuid::Uuid;

use crate::dlq::batches;
use crate::dlq::journal::entry::{Entry, Purpose, Summary};
use crate::dlq::journal::state::short_id;
use crate::dlq::journal::{Journal, read};
use crate::dlq::marks::{self, Marking};
use crate::dlq::message::{Attribute, Message};
use crate::dlq::options::{After, Options};
use crate::dlq::queue::{Queue, WrongUse};
use crate::dlq::roads::choice::Way;
use crate::dlq::roads::outgoing;
use crate::dlq::sweep::sweep_hiding;

/// What a replay put where: each message's new id, and the one that it had.
#[derive(Debug, Default)]
struct Put {
    purposes: HashMap<Uuid, Purpose>,
    replayed: HashMap<String, Uuid>,
    parked: HashMap<String, Uuid>,
    /// Messages that were being put back, by their keys, and nobody knows whether they were.
    unsure: HashMap<String, Uuid>,
    /// Messages that were put back and may still be where they were.
    back: HashSet<Uuid>,
}

impl Put {
    fn take(&mut self, entry: Entry) {
        match entry {
            Entry::Intent { purpose, messages } => {
                self.purposes.extend(messages.iter().map(|message| (short_id(&message.id), purpose)));
            }
            Entry::Sent { messages } => {
                for message in messages {
                    let id = short_id(&message.id);
                    let put = match self.purposes.get(&id) {
                        Some(Purpose::Park) => &mut self.parked,
                        _ => &mut self.replayed,
                    };
                    put.extend(message.as_id.map(|new| (new, id)));
                }
            }
            Entry::RollingBack { ids, keys } => self.unsure.extend(keys.into_iter().zip(ids)),
            Entry::RolledBack { ids } => {
                self.unsure.retain(|_, id| !ids.contains(id));
                self.back.extend(ids);
            }
            Entry::TakenOut { ids } => {
                self.replayed.retain(|_, id| !ids.contains(id));
                self.parked.retain(|_, id| !ids.contains(id));
            }
            _ => {}
        }
    }
}

/// Puts back what the replay of this journal has put into queues and nobody has taken since: each message is journaled,
/// sent, journaled and deleted, in this order. Setting `stopped` ends it in good order; when the process dies, messages stay
/// `hidden` for so long.
///
/// # Errors
/// [`WrongUse`] when the messages went to functions, none left their queue, or the replay itself has to be resumed
/// first; else when SQS fails, the journal cannot be written, or somebody holds messages that may have been put back.
pub async fn rollback(sdk: &SdkConfig, path: &Path, hidden: Duration, stopped: &AtomicBool) -> Result<Summary> {
    let (journal, state) = Journal::reopen(path)?;
    ensure!(
        state.accepted.is_empty() && state.unsure.is_empty(),
        WrongUse(format!(
            "{} messages were sent or being sent and are not deleted: `resume` the replay first, or they would be there \
             twice",
            state.accepted.len() + state.unsure.len()
        ))
    );
    let no_plan = || WrongUse("the journal has no plan: nothing was done, and nothing can be put back".to_owned());
    let planned = state.plan.ok_or_else(no_plan)?;
    ensure!(
        !planned.options.is_null(),
        WrongUse("it is the journal of an edit: `edit` the message again to take it back".to_owned())
    );
    let options: Options = serde_json::from_value(planned.options).context("the journal's options are not known")?;
    ensure!(
        options.after == After::Remove,
        WrongUse("it was a rehearsal: no message left its queue, and there is nothing to put back".to_owned())
    );
    let mut put = Put::default();
    read::read(path, |line| put.take(line.entry))?;
    let origin = Queue::at(sdk, &planned.queue);
    find_again(&mut put, &origin, &journal, (hidden, stopped)).await?;
    let mut targets = Vec::new();
    match (&options.choice.way, put.replayed.is_empty()) {
        (Way::Queue(url), false) => targets.push((Queue::at(sdk, url), &put.replayed)),
        (Way::Back, false) => ensure!(
            !put.parked.is_empty(),
            WrongUse("what functions and their queues were given cannot be taken back".to_owned())
        ),
        (_, true) => {}
    }
    if let Some(parking) = options.parking.as_ref().filter(|_| !put.parked.is_empty()) {
        targets.push((Queue::at(sdk, parking), &put.parked));
    }
    let (mut whole, mut back) = (0, 0);
    for (target, ids) in &targets {
        whole += ids.len() as u64;
        let move_back = Move { target, ids, back: &put.back, origin: &origin, journal: &journal, hidden };
        back += move_back.run(stopped).await?;
    }
    let summary = Summary {
        planned: whole,
        replayed: back,
        remaining: whole.saturating_sub(back),
        journal: path.display().to_string(),
        ..Summary::default()
    };
    journal.write(Entry::Closed(summary.clone())).await?;
    Ok(summary)
}

/// Looks in the queue that messages came from for those that were being put back when a process died: they carry their
/// keys. The others are put back again.
///
/// Those that somebody holds, such as a rollback that died while it looked, are waited for: put back again, they would be
/// there twice. A FIFO queue drops such copies for five minutes, and never shows all of a large group.
async fn find_again(
    put: &mut Put,
    origin: &Queue,
    journal: &Journal,
    (hidden, stopped): (Duration, &AtomicBool),
) -> Result<()> {
    if put.unsure.is_empty() {
        return Ok(());
    }
    let mut found = HashSet::new();
    let is_unsure = |message: &Message| put.unsure.contains_key(&marks::key(message));
    // Several messages may have one key: all are looked at.
    sweep_hiding(origin, hidden, (usize::MAX, stopped), is_unsure, async |messages| {
        found.extend(messages.iter().filter_map(|message| put.unsure.get(&marks::key(message))));
        Ok(Vec::new())
    })
    .await?;
    let missing = put.unsure.len() - found.len();
    let held = if missing == 0 || origin.is_fifo() { 0 } else { origin.attributes().await?.out_of_sight() };
    put.back.extend(found.iter().copied());
    journal.write(Entry::RolledBack { ids: found.into_iter().collect() }).await?;
    ensure!(
        held == 0,
        "{missing} messages were being put back when a rollback ended, and may be among the {held} that somebody holds in \
         {}: run it again when nobody does",
        origin.name()
    );
    Ok(())
}

/// What is to be moved back from one queue.
struct Move<'a> {
    target: &'a Queue,
    ids: &'a HashMap<String, Uuid>,
    back: &'a HashSet<Uuid>,
    origin: &'a Queue,
    journal: &'a Journal,
    hidden: Duration,
}

impl Move<'_> {
    /// How many are back, and not where they were.
    async fn run(&self, stopped: &AtomicBool) -> Result<u64> {
        let old: HashMap<Uuid, Uuid> = self.ids.iter().map(|(new, old)| (short_id(new), *old)).collect();
        let wanted = |message: &Message| self.ids.contains_key(&message.message_id);
        let mut seen = HashSet::new();
        let moved = sweep_hiding(self.target, self.hidden, (self.ids.len(), stopped), wanted, async |messages| {
            seen.extend(messages.iter().filter_map(|message| self.old(message)));
            let (again, first): (Vec<Message>, Vec<Message>) =
                messages.into_iter().partition(|message| self.old(message).is_some_and(|id| self.back.contains(&id)));
            Ok(again.into_iter().chain(self.send(first).await?).collect())
        })
        .await?;
        let moved: Vec<Uuid> = moved.iter().filter_map(|id| old.get(id).copied()).collect();
        // One that was put back before and is not here was deleted before, if all that is here was seen.
        let saw_all = !stopped.load(Ordering::Relaxed) && self.target.attributes().await?.out_of_sight() == 0;
        let gone = self.ids.values().filter(|id| saw_all && self.back.contains(id) && !seen.contains(id)).copied();
        let ids: Vec<Uuid> = moved.into_iter().chain(gone).collect();
        let back = ids.len() as u64;
        if back > 0 {
            self.journal.write(Entry::TakenOut { ids }).await?;
        }
        Ok(back)
    }

    fn old(&self, message: &Message) -> Option<Uuid> {
        self.ids.get(&message.message_id).copied()
    }

    /// Sends messages back; those that were accepted.
    async fn send(&self, messages: Vec<Message>) -> Result<Vec<Message>> {
        if messages.is_empty() {
            return Ok(messages);
        }
        let ids = messages.iter().filter_map(|message| self.old(message)).collect();
        let keys = messages.iter().map(marks::key).collect();
        self.journal.write(Entry::RollingBack { ids, keys }).await?;
        let sent: Vec<_> = messages.iter().map(|message| self.outgoing(message)).collect();
        let (sqs, url) = (self.origin.sqs(), self.origin.url());
        let outcomes = if self.origin.is_fifo() {
            batches::send_in_order(sqs, url, &sent).await?
        } else {
            batches::send(sqs, url, &sent).await?
        };
        let accepted = messages.into_iter().zip(outcomes).filter(|(_, outcome)| outcome.is_ok());
        let accepted: Vec<Message> = accepted.map(|(message, _)| message).collect();
        let ids = accepted.iter().filter_map(|message| self.old(message)).collect();
        self.journal.write(Entry::RolledBack { ids }).await?;
        Ok(accepted)
    }

    /// The message as it was, with its key where there is room.
    fn outgoing(&self, message: &Message) -> batches::Outgoing {
        let mut attributes = marks::kept(message, Marking::Clear);
        marks::add(&mut attributes, message, marks::KEY, Attribute::text(marks::key(message)));
        outgoing(message, self.origin.url(), &message.body, attributes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dlq::journal::entry::{Accepted, Intent};

    #[test]
    fn what_was_put_back_is_deleted_and_not_put_back_again() {
        let message = |purpose| Entry::Intent {
            purpose,
            messages: vec![Intent { id: "m".into(), receipt: "r".into(), key: "m".into(), attempt: 1 }],
        };
        let id = short_id("m");
        let mut put = Put::default();
        put.take(message(Purpose::Replay));
        put.take(Entry::Sent { messages: vec![Accepted { id: "m".into(), as_id: Some("n".into()) }] });
        put.take(Entry::RollingBack { ids: vec![id], keys: vec!["m".into()] });
        assert_eq!(put.unsure.get("m"), Some(&id), "a crash here leaves it unknown");
        put.take(Entry::RolledBack { ids: vec![id] });
        assert!(put.unsure.is_empty() && put.back.contains(&id) && put.replayed.contains_key("n"));
        put.take(Entry::TakenOut { ids: vec![id] });
        assert!(put.replayed.is_empty());
    }
}
