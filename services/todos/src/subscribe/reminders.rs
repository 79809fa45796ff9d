//! Changes of items, after which their schedules change, and schedules that fire: reminders and purges.

use aws_lambda_events::dynamodb::EventRecord;
use jiff::Timestamp;
use lambda_kit::invoked::Invocation;
use lambda_kit::stream;
use serde::Deserialize;
use uuid::Uuid;

use crate::app::reminders::{DueReminders, ReminderSchedules};
use crate::app::todos::Todos;
use crate::domain::purge::Purge;
use crate::domain::reminder::{ItemChange, Reminder};
use crate::subscribe::error::SubscribeError;

/// The key of a changed row.
#[derive(Deserialize)]
struct RowKey {
    pk: String,
    sk: String,
}

/// What a change tells about an item's due time.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ChangedRow {
    due_at: Option<Timestamp>,
    updated_at: Timestamp,
}

/// The input of a purge's schedule.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct PurgeInput {
    todo_id: Uuid,
    owner_id: Uuid,
    deleted_at: Timestamp,
}

/// The input of a reminder's schedule.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ScheduleInput {
    todo_id: Uuid,
    owner_id: Uuid,
    due_at: Timestamp,
}

/// Makes the schedule of a changed item match the item as it is now.
///
/// Everything is retried by Lambda. A repeat is harmless, because the item is read again. After the last attempt the
/// record is kept; its replay reads the item at that time.
pub(crate) async fn schedule(schedules: &ReminderSchedules, record: EventRecord) -> Result<(), SubscribeError> {
    let (owner, todo) = ids(stream::keys(&record)?)?;
    let row: Option<ChangedRow> = stream::item(&record)?;
    let change = row.map(|row| ItemChange { due_at: row.due_at, updated_at: row.updated_at });
    Ok(schedules.update(owner, todo, change.as_ref()).await?)
}

/// Publishes that an item is due.
///
/// Everything is retried by Lambda. A repeat is harmless: the event's id, which follows from item and due time, is
/// claimed in the transaction that commits the event. The item itself is not changed, so that no edit of it fails.
pub(crate) async fn remind(reminders: &DueReminders, due: Invocation<ScheduleInput>) -> Result<(), SubscribeError> {
    let ScheduleInput { todo_id, owner_id, due_at } = due.input;
    Ok(reminders.publish(&Reminder { todo_id, owner_id, due_at }, &due.correlation).await?)
}

/// Purges an item 30 days after its deletion.
///
/// Everything is retried by Lambda. A repeat is harmless: an item that was purged, restored or deleted again since then
/// is left as it is.
pub(crate) async fn purge(todos: &Todos, due: Invocation<PurgeInput>) -> Result<(), SubscribeError> {
    let PurgeInput { todo_id, owner_id, deleted_at } = due.input;
    Ok(todos.purge(&Purge { todo_id, owner_id, deleted_at }, &due.correlation).await?)
}

/// The owner and the id in an item's key.
fn ids(key: RowKey) -> Result<(Uuid, Uuid), SubscribeError> {
    let owner = key.pk.strip_prefix("USER#").and_then(|id| Uuid::try_parse(id).ok());
    let id = key.sk.strip_prefix("DELETED-").unwrap_or(&key.sk).strip_prefix("TODO#");
    let todo = id.and_then(|id| Uuid::try_parse(id).ok());
    owner.zip(todo).ok_or(SubscribeError::UnexpectedRow(key.sk))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_key_of_an_item_is_parsed() {
        let (owner, todo) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let parse = |pk: String, sk: String| ids(RowKey { pk, sk }).ok();
        assert_eq!(parse(format!("USER#{owner}"), format!("TODO#{todo}")), Some((owner, todo)));
        assert_eq!(parse(format!("USER#{owner}"), format!("DELETED-TODO#{todo}")), Some((owner, todo)));
        assert_eq!(parse(format!("USER#{owner}"), "IDEMPOTENCY#x".into()), None);
        assert_eq!(parse("OUTBOX#x".into(), format!("TODO#{todo}")), None);
    }
}
