//! Marking a whole inbox as read.

use aws_sdk_dynamodb::types::{AttributeValue, TransactWriteItem, Update};
use jiff::Timestamp;
use lambda_kit::table::TableError;
use lambda_kit::transaction::{self, TransactionOutcome};
use uuid::Uuid;

use crate::store::{Store, keys};

/// The number of entries that one transaction marks. A transaction has at most 100 writes.
/// Source: <https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html>
const ENTRIES_PER_TRANSACTION: i32 = 100;
/// A request makes at most this many transactions, to end within its function's timeout.
const MAX_TRANSACTIONS: usize = 40;

impl Store {
    /// Marks the unread entries of an inbox as read, in several transactions. Returns the number of unread entries
    /// afterwards: those that were added meanwhile, and those beyond the limit of a request.
    pub(crate) async fn read_all_entries(&self, owner: Uuid, now: Timestamp) -> Result<u64, TableError> {
        for _ in 0..MAX_TRANSACTIONS {
            let keys = self.unread_keys(owner).await?;
            if keys.is_empty() {
                break;
            }
            let writes = keys.iter().map(|sk| self.mark_read(owner, sk, now)).collect::<Result<Vec<_>, _>>()?;
            // Refused: another request has read one of them, and none was marked. The next query leaves it out.
            let (TransactionOutcome::Applied | TransactionOutcome::ConditionFailed(_)) =
                transaction::write(&self.client, &writes).await?;
        }
        self.unread(owner).await
    }

    async fn unread_keys(&self, owner: Uuid) -> Result<Vec<String>, TableError> {
        let request = self.client.query().table_name(&self.table).index_name("byUnread").consistent_read(true);
        let request = request
            .key_condition_expression("pk = :pk")
            .expression_attribute_values(":pk", AttributeValue::S(keys::partition(owner)))
            .projection_expression("sk")
            .limit(ENTRIES_PER_TRANSACTION);
        let answer = request.send().await.map_err(TableError::call)?;
        let keys = answer.items.unwrap_or_default().into_iter().filter_map(|mut item| match item.remove("sk") {
            Some(AttributeValue::S(sk)) => Some(sk),
            _ => None,
        });
        Ok(keys.collect())
    }

    fn mark_read(&self, owner: Uuid, sk: &str, now: Timestamp) -> Result<TransactWriteItem, TableError> {
        let update = Update::builder()
            .table_name(&self.table)
            .set_key(Some(keys::user_row(owner, sk.to_owned())))
            .update_expression("SET readAt = :readAt REMOVE byUnread")
            .condition_expression("attribute_exists(byUnread)")
            .expression_attribute_values(":readAt", keys::timestamp(now)?)
            .build()?;
        Ok(TransactWriteItem::builder().update(update).build())
    }
}
