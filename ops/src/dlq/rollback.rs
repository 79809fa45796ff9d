//! Taking a replay back, as far as that is possible: what was put into a queue and is still there comes back to where it
//! was. What a function was given cannot be taken back.

use std::collections::HashMap;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use aws_config::SdkConfig;
use uuid::Uuid;

use crate::dlq::batches;
use crate::dlq::journal::entry::{Entry, Purpose, Summary};
use crate::dlq::journal::state::short_id;
use crate::dlq::journal::{Journal, read};
use crate::dlq::marks::{self, Marking};
use crate::dlq::message::Message;
use crate::dlq::plan::Options;
use crate::dlq::queue::{Queue, WrongUse};
use crate::dlq::roads::{Way, outgoing};
use crate::dlq::sweep::sweep;

/// What a replay put where: each message's new id, and the one that it had.
#[derive(Debug, Default)]
struct Put {
    purposes: HashMap<Uuid, Purpose>,
    replayed: HashMap<String, Uuid>,
    parked: HashMap<String, Uuid>,
    rolled_back: u64,
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
            Entry::RolledBack { ids } => {
                self.rolled_back += ids.len() as u64;
                self.replayed.retain(|_, id| !ids.contains(id));
                self.parked.retain(|_, id| !ids.contains(id));
            }
            _ => {}
        }
    }
}

/// Puts back what the replay of this journal has put into queues and nobody has taken since.
///
/// # Errors
/// [`WrongUse`] when the messages went to functions; else when SQS fails or the journal cannot be written.
pub async fn rollback(sdk: &SdkConfig, path: &Path) -> Result<Summary> {
    let (journal, state) = Journal::reopen(path)?;
    let planned = state.plan.context("the journal has no plan: nothing was done")?;
    let options: Options = serde_json::from_value(planned.options).context("the journal's options are not known")?;
    let mut put = Put::default();
    read::read(path, |line| put.take(line.entry))?;
    let origin = Queue::at(sdk, &planned.queue);
    let (mut back, mut targets) = (0, Vec::new());
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
    for (target, ids) in &targets {
        back += from(target, ids, &origin, &journal).await?;
    }
    let whole: usize = targets.iter().map(|(_, ids)| ids.len()).sum();
    let summary = Summary {
        planned: whole as u64,
        replayed: back,
        remaining: (whole as u64).saturating_sub(back),
        journal: path.display().to_string(),
        ..Summary::default()
    };
    journal.write(Entry::Closed(summary.clone())).await?;
    Ok(summary)
}

async fn from(target: &Queue, ids: &HashMap<String, Uuid>, origin: &Queue, journal: &Journal) -> Result<u64> {
    let wanted = |message: &Message| ids.contains_key(&message.message_id);
    let mut back = 0;
    sweep(target, ids.len(), wanted, async |messages| {
        let sent = messages.iter().map(|message| {
            let attributes = marks::kept(message, Marking::Clear);
            outgoing(message, origin.url(), &message.body, attributes)
        });
        let outcomes = batches::send(origin.sqs(), origin.url(), &sent.collect::<Vec<_>>()).await?;
        let accepted = messages.into_iter().zip(outcomes).filter(|(_, outcome)| outcome.is_ok());
        let accepted: Vec<Message> = accepted.map(|(message, _)| message).collect();
        let old = accepted.iter().filter_map(|message| ids.get(&message.message_id).copied());
        journal.write(Entry::RolledBack { ids: old.collect() }).await?;
        back += accepted.len() as u64;
        Ok(accepted)
    })
    .await?;
    Ok(back)
}
