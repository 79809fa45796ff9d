//! The event that an item is due, committed once for each of its due times.

use aws_sdk_dynamodb::types::{AttributeValue, CancellationReason, ConditionCheck, TransactWriteItem};
use jiff::Timestamp;
use lambda_kit::claim::claim;
use lambda_kit::correlation::CorrelationContext;
use lambda_kit::table::TableError;
use lambda_kit::transaction::{self, TransactionOutcome};

use crate::domain::reminder::Reminder;
use crate::domain::todo::Todo;
use crate::store::{Store, todo_events, todo_row};

/// The outcome of a reminder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RemindOutcome {
    Published,
    /// There was an event for this due time before.
    Duplicate,
    /// The item was changed first; nothing was written.
    Outdated,
}

impl Store {
    /// Commits the event that `todo` is due, if the item still has this version. The item is not changed.
    pub(crate) async fn remind(
        &self,
        todo: &Todo,
        reminder: &Reminder,
        now: Timestamp,
        correlation: &CorrelationContext,
    ) -> Result<RemindOutcome, TableError> {
        let unchanged = ConditionCheck::builder()
            .table_name(&self.table)
            .set_key(Some(todo_row::key(todo.owner, todo.id)))
            .condition_expression("version = :version")
            .expression_attribute_values(":version", AttributeValue::N(todo.version.to_string()))
            .build()?;
        let writes = [
            claim(&self.table, "remind", reminder.event_id(), now)?,
            TransactWriteItem::builder().condition_check(unchanged).build(),
            todo_events::due_row(todo, reminder, now, correlation)?.put(&self.table)?,
        ];
        Ok(match transaction::write(&self.client, &writes).await? {
            TransactionOutcome::Applied => RemindOutcome::Published,
            TransactionOutcome::ConditionFailed(reasons) if is_failed(reasons.first()) => RemindOutcome::Duplicate,
            TransactionOutcome::ConditionFailed(_) => RemindOutcome::Outdated,
        })
    }
}

fn is_failed(reason: Option<&CancellationReason>) -> bool {
    reason.and_then(CancellationReason::code) == Some("ConditionalCheckFailed")
}
