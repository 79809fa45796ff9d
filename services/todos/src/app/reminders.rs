//! Schedules of reminders and purges, and the events that items are due.
//!
//! A schedule is made to match the item as it is now: repeats, disorder and late records lead to the same schedule.
//! When a schedule fires, the item is read again, so that one that fires twice, late, or for a moved item is harmless.

use lambda_kit::clock;
use lambda_kit::contention::{self, ATTEMPTS};
use lambda_kit::correlation::CorrelationContext;
use tracing::info;
use uuid::Uuid;

use crate::app::error::AppError;
use crate::domain::reminder::{ItemChange, Reminder, WantedSchedule};
use crate::scheduler::Scheduler;
use crate::store::Store;
use crate::store::reminders::RemindOutcome;

/// The schedules of all items.
#[derive(Clone, Debug)]
pub(crate) struct ReminderSchedules {
    pub(crate) store: Store,
    pub(crate) scheduler: Scheduler,
}

/// Reminders that are due.
#[derive(Clone, Debug)]
pub(crate) struct DueReminders {
    pub(crate) store: Store,
}

impl ReminderSchedules {
    /// Makes an item's schedule match the item after a change of it.
    pub(crate) async fn update(&self, owner: Uuid, todo: Uuid, change: Option<&ItemChange>) -> Result<(), AppError> {
        // The schedule that was written last must match the item as it is after that: a replay may run at the same
        // time.
        for attempt in 0..ATTEMPTS {
            let wanted = self.wanted(owner, todo, change).await?;
            match wanted {
                WantedSchedule::Reminder(reminder) => self.scheduler.put(&reminder, clock::now()).await?,
                WantedSchedule::Purge(purge) => self.scheduler.put_purge(&purge, clock::now()).await?,
                WantedSchedule::AtMost(reminder) => self.scheduler.remove_other(&reminder).await?,
                WantedSchedule::None => self.scheduler.remove(todo).await?,
            }
            if wanted == self.wanted(owner, todo, change).await? {
                info!(todo.id = %todo, schedule = wanted.name(), "the item's schedule is up to date");
                return Ok(());
            }
            contention::pause(attempt).await;
        }
        Err(AppError::Contended)
    }

    async fn wanted(&self, owner: Uuid, todo: Uuid, change: Option<&ItemChange>) -> Result<WantedSchedule, AppError> {
        let todo = self.store.find_todo(owner, todo).await?;
        Ok(WantedSchedule::new(todo.as_ref(), change, clock::now()))
    }
}

impl DueReminders {
    /// Publishes that an item is due, once for each of its due times, if it is still open and due at that time.
    pub(crate) async fn publish(&self, reminder: &Reminder, correlation: &CorrelationContext) -> Result<(), AppError> {
        for attempt in 0..ATTEMPTS {
            let todo = self.store.get_todo(reminder.owner_id, reminder.todo_id).await?;
            let Some(todo) = todo.filter(|todo| Reminder::for_todo(todo) == Some(*reminder)) else {
                info!(todo.id = %reminder.todo_id, "the item is no longer due at this time");
                return Ok(());
            };
            match self.store.remind(&todo, reminder, clock::now(), correlation).await? {
                RemindOutcome::Published => return Ok(()),
                RemindOutcome::Duplicate => {
                    info!(todo.id = %reminder.todo_id, "there was a reminder for this time before");
                    return Ok(());
                }
                RemindOutcome::Outdated => contention::pause(attempt).await,
            }
        }
        Err(AppError::Contended)
    }
}
