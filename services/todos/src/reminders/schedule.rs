//! The job `schedule`: from changes of items to their schedules.

use lambda_kit::clock;
use lambda_kit::stream::StreamRecord;
use serde::Deserialize;
use tracing::info;

use crate::reminders::{Reminder, ReminderError, Scheduler, Seen};
use crate::store::{ItemKey, Store};

/// A schedule is made anew this often when its item changes meanwhile.
const ATTEMPTS: usize = 4;

/// What the job works with.
#[derive(Clone, Debug)]
pub(crate) struct Schedules {
    pub(crate) store: Store,
    pub(crate) scheduler: Scheduler,
}

#[derive(Deserialize)]
struct Keys {
    pk: String,
    sk: String,
}

/// Makes the schedule of the item that was changed match the item as it is now.
///
/// Retried by Lambda: everything. Parked after that: the record, whose replay looks at the item of then.
pub(crate) async fn schedule(schedules: &Schedules, record: StreamRecord) -> Result<(), ReminderError> {
    let Keys { pk, sk } = record.keys()?;
    let key = ItemKey::parse(&pk, &sk).ok_or(ReminderError::ForeignKey(sk))?;
    let seen: Option<Seen> = record.item()?;
    // What was written last must fit the item of afterwards: a replay may meet another change of the same item.
    for _ in 0..ATTEMPTS {
        let before = wanted(schedules, key, seen.as_ref()).await?;
        match before {
            Wanted::Schedule(reminder) => schedules.scheduler.put(&reminder, clock::now()).await?,
            Wanted::NoOther(reminder) => schedules.scheduler.remove_other(&reminder).await?,
            Wanted::None => schedules.scheduler.remove(key.id).await?,
        }
        if before == wanted(schedules, key, seen.as_ref()).await? {
            info!(todo.id = %key.id, schedule = before.name(), "the item's schedule is as it should be");
            return Ok(());
        }
    }
    Err(ReminderError::Contended)
}

/// The schedule that an item should have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wanted {
    Schedule(Reminder),
    /// Its due time is over: a schedule for it stays, if an earlier change led to one, and none is made.
    NoOther(Reminder),
    None,
}

impl Wanted {
    fn name(self) -> &'static str {
        match self {
            Self::Schedule(_) => "planned",
            Self::NoOther(_) => "over",
            Self::None => "none",
        }
    }
}

async fn wanted(schedules: &Schedules, key: ItemKey, seen: Option<&Seen>) -> Result<Wanted, ReminderError> {
    let todo = schedules.store.get(key.owner, key.id).await?;
    Ok(match todo.as_ref().and_then(Reminder::of) {
        Some(reminder) if reminder.is_to_come(seen, clock::now()) => Wanted::Schedule(reminder),
        Some(reminder) => Wanted::NoOther(reminder),
        None => Wanted::None,
    })
}
