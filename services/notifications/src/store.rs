//! The service's table: inbox entries and their unread counters, recipients and their preferences, agendas, mails, and the
//! events that were applied.
//!
//! Everything of a user is under `pk` = `USER#<sub>`, and the user comes from the caller's token or from the event. The
//! unread counter changes in the transaction that adds or reads an entry, so that it is exact and costs one read.

mod agenda;
mod connection;
mod entry;
mod mail;
mod preferences;
mod read_all;
mod recipient;

use std::collections::HashMap;

use aws_config::SdkConfig;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::BuildError;
use aws_sdk_dynamodb::types::{
    AttributeValue, CancellationReason, Put, ReturnValuesOnConditionCheckFailure, TransactWriteItem, Update,
};
use jiff::Timestamp;
use lambda_kit::claim::claim;
use lambda_kit::page::Limit;
use lambda_kit::table::TableError;
use lambda_kit::tombstone;
use lambda_kit::transaction::{self, TransactionError, Written};
use uuid::Uuid;

use crate::domain::Entry;
use crate::domain::language::Language;
pub(crate) use crate::store::agenda::{AgendaKey, Said};
pub(crate) use crate::store::entry::partition;
use crate::store::entry::{Counter, EntryItem};
pub(crate) use crate::store::mail::{Begun, Settled};
pub(crate) use crate::store::preferences::{DueDigest, Planned, SHARDS, Wished};

/// The service's table.
#[derive(Clone, Debug)]
pub(crate) struct Store {
    client: Client,
    table: String,
}

/// Which entries of an inbox a list shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Show {
    All,
    Unread,
}

/// A page of one user's inbox, after an entry.
#[derive(Debug)]
pub(crate) struct PageRequest {
    pub(crate) owner: Uuid,
    pub(crate) show: Show,
    pub(crate) limit: Limit,
    /// The last entry of the page before.
    pub(crate) after: Option<Uuid>,
}

/// A page that was read.
#[derive(Debug)]
pub(crate) struct Page {
    /// The newest first.
    pub(crate) entries: Vec<Entry>,
    /// How many entries of the whole inbox are unread.
    pub(crate) unread: u64,
    /// What its owner reads.
    pub(crate) language: Language,
    /// Whether there is another page.
    pub(crate) more: bool,
}

/// Whether an event had its effect now or before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Applied {
    Now,
    Before,
}

impl Store {
    pub(crate) fn new(config: &SdkConfig, table: String) -> Self {
        Self { client: Client::new(config), table }
    }

    /// Claims the entry's event, adds the entry and counts it as unread, or does none of this.
    pub(crate) async fn add(&self, entry: &Entry, now: Timestamp) -> Result<Applied, TableError> {
        let item = serde_dynamo::to_item(EntryItem::from(entry)).map_err(TableError::unstorable)?;
        let put = Put::builder().table_name(&self.table).set_item(Some(item)).build()?;
        let writes = vec![
            claim(&self.table, "inbox", entry.id, now)?,
            TransactWriteItem::builder().put(put).build(),
            self.count(entry.owner, 1)?,
        ];
        // The claim's condition is the only one.
        Ok(match transaction::write(&self.client, &writes).await? {
            Written::Now => Applied::Now,
            Written::Refused(_) => Applied::Before,
        })
    }

    /// Whether the user has deleted their account. Asked before anything new is made for them: tokens outlive them by up
    /// to an hour, events by weeks.
    pub(crate) async fn is_deleted(&self, user: Uuid) -> Result<bool, TableError> {
        tombstone::stands(&self.client, &self.table, user).await
    }

    /// The owner's entry with this id.
    pub(crate) async fn get(&self, owner: Uuid, id: Uuid) -> Result<Option<Entry>, TableError> {
        let answer = self
            .client
            .get_item()
            .table_name(&self.table)
            .set_key(Some(entry::key(owner, id)))
            .consistent_read(true)
            .send()
            .await
            .map_err(TableError::call)?;
        answer.item.map(parse).transpose()
    }

    /// Saves an entry that was just read and counts one unread less. When somebody else read it first, nothing is
    /// written, and the entry comes back as it is.
    pub(crate) async fn save_read(&self, read: Entry) -> Result<Entry, TableError> {
        let update = Update::builder()
            .table_name(&self.table)
            .set_key(Some(entry::key(read.owner, read.id)))
            .update_expression("SET readAt = :readAt REMOVE byUnread")
            .condition_expression("attribute_exists(byUnread)")
            .expression_attribute_values(":readAt", entry::time(read.read_at)?)
            // Puts the entry into the cancellation reason, so that no second read is needed.
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .build()?;
        let writes = [TransactWriteItem::builder().update(update).build(), self.count(read.owner, -1)?];
        let reasons = match transaction::write(&self.client, &writes).await? {
            Written::Now => return Ok(read),
            Written::Refused(reasons) => reasons,
        };
        match reasons.first().and_then(CancellationReason::item) {
            Some(held) => parse(held.clone()),
            None => Err(TransactionError::cancelled(&reasons).into()),
        }
    }

    /// One page of an inbox. Reads one entry more than it shows, the counter and the owner's language, however large the
    /// inbox is.
    pub(crate) async fn list(&self, asked: &PageRequest) -> Result<Page, TableError> {
        let (page, about_owner) = tokio::try_join!(self.page(asked), self.unread_and_language(asked.owner))?;
        let ((entries, more), (unread, language)) = (page, about_owner);
        Ok(Page { entries, unread, language, more })
    }

    async fn unread_and_language(&self, owner: Uuid) -> Result<(u64, Language), TableError> {
        Ok((self.unread(owner).await?, self.language(owner).await?))
    }

    async fn page(&self, asked: &PageRequest) -> Result<(Vec<Entry>, bool), TableError> {
        let range = entry::range(asked.show);
        let answer = self
            .client
            .query()
            .table_name(&self.table)
            .set_index_name(range.index.map(str::to_owned))
            .key_condition_expression("pk = :pk AND #key BETWEEN :from AND :to")
            .expression_attribute_names("#key", range.attribute)
            .expression_attribute_values(":pk", AttributeValue::S(entry::partition(asked.owner)))
            .expression_attribute_values(":from", AttributeValue::S(range.from))
            .expression_attribute_values(":to", AttributeValue::S(range.to))
            .set_exclusive_start_key(asked.after.map(|after| entry::start_key(asked, after)))
            .scan_index_forward(false)
            .limit(asked.limit.and_one())
            .consistent_read(true)
            .send()
            .await
            .map_err(TableError::call)?;
        let mut items = answer.items.unwrap_or_default();
        let more = items.len() > asked.limit.items() || answer.last_evaluated_key.is_some();
        items.truncate(asked.limit.items());
        let entries = items.into_iter().map(parse).collect::<Result<_, _>>()?;
        Ok((entries, more))
    }

    async fn unread(&self, owner: Uuid) -> Result<u64, TableError> {
        let answer = self
            .client
            .get_item()
            .table_name(&self.table)
            .set_key(Some(entry::counter_key(owner)))
            .consistent_read(true)
            .send()
            .await
            .map_err(TableError::call)?;
        let Some(item) = answer.item else {
            return Ok(0);
        };
        let counter: Counter = serde_dynamo::from_item(item).map_err(TableError::corrupt)?;
        Ok(counter.unread)
    }

    /// The write that adds `change` to the owner's unread counter.
    fn count(&self, owner: Uuid, change: i16) -> Result<TransactWriteItem, BuildError> {
        let update = Update::builder()
            .table_name(&self.table)
            .set_key(Some(entry::counter_key(owner)))
            .update_expression("ADD unread :change")
            .expression_attribute_values(":change", AttributeValue::N(change.to_string()))
            .build()?;
        Ok(TransactWriteItem::builder().update(update).build())
    }
}

fn parse(item: HashMap<String, AttributeValue>) -> Result<Entry, TableError> {
    let item: EntryItem = serde_dynamo::from_item(item).map_err(TableError::corrupt)?;
    Ok(item.into())
}
