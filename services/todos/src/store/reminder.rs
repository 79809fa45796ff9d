//! That an item is due, committed once for each of its due times.

use aws_sdk_dynamodb::types::{AttributeValue, CancellationReason, ConditionCheck, TransactWriteItem};
use jiff::Timestamp;
use lambda_kit::cause::Cause;
use lambda_kit::claim::claim;
use lambda_kit::table::TableError;
use lambda_kit::transaction::{self, Written};

use crate::domain::Todo;
use crate::reminders::Reminder;
use crate::store::{Store, event, item};

/// How a reminder went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reminded {
    Now,
    /// This due time of the item was told of before.
    Before,
    /// Somebody changed the item first; nothing was written.
    Outdated,
}

impl Store {
    /// Commits that `todo` is due, if it still has the version that it was read with. The item itself stays as it is.
    pub(crate) async fn remind(
        &self,
        todo: &Todo,
        reminder: &Reminder,
        now: Timestamp,
        cause: &Cause,
    ) -> Result<Reminded, TableError> {
        let unchanged = ConditionCheck::builder()
            .table_name(&self.table)
            .set_key(Some(item::key(todo.owner, todo.id)))
            .condition_expression("version = :version")
            .expression_attribute_values(":version", AttributeValue::N(todo.version.to_string()))
            .build()?;
        let writes = [
            claim(&self.table, "remind", reminder.event_id(), now)?,
            TransactWriteItem::builder().condition_check(unchanged).build(),
            event::due_row(todo, reminder, now, cause)?.put(&self.table)?,
        ];
        Ok(match transaction::write(&self.client, &writes).await? {
            Written::Now => Reminded::Now,
            Written::Refused(reasons) if failed(reasons.first()) => Reminded::Before,
            Written::Refused(_) => Reminded::Outdated,
        })
    }
}

fn failed(reason: Option<&CancellationReason>) -> bool {
    reason.and_then(CancellationReason::code) == Some("ConditionalCheckFailed")
}
