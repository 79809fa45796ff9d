//! A whole inbox read at once.

use aws_sdk_dynamodb::types::{AttributeValue, TransactWriteItem, Update};
use jiff::Timestamp;
use lambda_kit::table::TableError;
use lambda_kit::transaction::{self, Written};
use uuid::Uuid;

use crate::store::{Store, entry};

/// So many entries are marked in one transaction, which may have 100 writes, the counter's among them.
const AT_ONCE: i32 = 99;
/// A request marks no more than so many times [`AT_ONCE`] entries, to end within its function's timeout.
const ROUNDS: usize = 40;

impl Store {
    /// Marks the unread entries of an inbox as read and counts them off, some in each transaction. How many are unread
    /// afterwards: what came meanwhile, and in a huge inbox what is left.
    pub(crate) async fn read_all(&self, owner: Uuid, now: Timestamp) -> Result<u64, TableError> {
        for _ in 0..ROUNDS {
            let keys = self.unread_keys(owner).await?;
            if keys.is_empty() {
                break;
            }
            let mut writes = keys.iter().map(|sk| self.mark(owner, sk, now)).collect::<Result<Vec<_>, _>>()?;
            writes.push(self.count(owner, -i16::try_from(keys.len()).unwrap_or(i16::MAX))?);
            // Refused: one of them was read by itself meanwhile, and none was marked. The next look leaves it out.
            let (Written::Now | Written::Refused(_)) = transaction::write(&self.client, &writes).await?;
        }
        self.unread(owner).await
    }

    async fn unread_keys(&self, owner: Uuid) -> Result<Vec<String>, TableError> {
        let request = self.client.query().table_name(&self.table).index_name("byUnread").consistent_read(true);
        let request = request
            .key_condition_expression("pk = :pk")
            .expression_attribute_values(":pk", AttributeValue::S(entry::partition(owner)))
            .projection_expression("sk")
            .limit(AT_ONCE);
        let answer = request.send().await.map_err(TableError::call)?;
        let keys = answer.items.unwrap_or_default().into_iter().filter_map(|mut item| match item.remove("sk") {
            Some(AttributeValue::S(sk)) => Some(sk),
            _ => None,
        });
        Ok(keys.collect())
    }

    fn mark(&self, owner: Uuid, sk: &str, now: Timestamp) -> Result<TransactWriteItem, TableError> {
        let update = Update::builder()
            .table_name(&self.table)
            .set_key(Some(entry::row(owner, sk.to_owned())))
            .update_expression("SET readAt = :readAt REMOVE byUnread")
            .condition_expression("attribute_exists(byUnread)")
            .expression_attribute_values(":readAt", entry::time(Some(now))?)
            .build()?;
        Ok(TransactWriteItem::builder().update(update).build())
    }
}
