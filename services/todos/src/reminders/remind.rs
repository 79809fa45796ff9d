//! The job `remind`: what a schedule invokes when its item is due.

use lambda_kit::clock;
use lambda_kit::invoked::Invocation;
use tracing::info;

use crate::reminders::{Reminder, ReminderError};
use crate::store::{Reminded, Store};

/// A reminder is tried again this often when its item changes meanwhile.
const ATTEMPTS: usize = 4;

/// Publishes that an item is due, once for each of its due times, if it is still open and due at that time.
///
/// Retried by Lambda: everything. A repeat is harmless: the event's id, which follows from item and due time, is claimed
/// in the transaction that commits it. The item itself is not changed, so that nobody's edit is disturbed.
pub(crate) async fn remind(store: &Store, due: Invocation<Reminder>) -> Result<(), ReminderError> {
    let reminder = due.input;
    for _ in 0..ATTEMPTS {
        let todo = store.get(reminder.owner_id, reminder.todo_id).await?;
        let Some(todo) = todo.filter(|todo| Reminder::of(todo) == Some(reminder)) else {
            info!(todo.id = %reminder.todo_id, "the item is not due at this time any more");
            return Ok(());
        };
        match store.remind(&todo, &reminder, clock::now(), &due.cause).await? {
            Reminded::Now => return Ok(()),
            Reminded::Before => {
                info!(todo.id = %reminder.todo_id, "the item was reminded of at this time before");
                return Ok(());
            }
            Reminded::Outdated => {}
        }
    }
    Err(ReminderError::Contended)
}
