//! Exports in the table: one row a user, of the newest.

use std::collections::HashMap;

use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{AttributeValue, Put, ReturnValue, TransactWriteItem, Update};
use events::envelope::{Event, Payload};
use events::users::{UserExportReadyV1, UserExportRequestedV1};
use jiff::Timestamp;
use lambda_kit::cause::{Cause, NewEvent};
use lambda_kit::outbox::OutboxRow;
use lambda_kit::table::TableError;
use lambda_kit::transaction::{self, Written};
use lambda_kit::{clock, tombstone};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::export::{Archive, Export, Writer};
use crate::store::{Store, item};

/// Whether an export was begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ExportBegun {
    Now,
    /// Another one was begun meanwhile, or the account was deleted; nothing was written.
    Outdated,
}

/// What is there of an export after a part was noted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Collected {
    /// Every part, of this export, which has no archive yet.
    All(Export),
    Some,
    /// The export is not waiting for parts: it is ready, or another one, or gone.
    Nothing,
}

/// The row of a user's newest export: `pk` is `USER#<sub>`, `sk` is `EXPORT`.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ExportItem {
    pk: String,
    sk: String,
    id: Uuid,
    user_id: Uuid,
    requested_at: Timestamp,
    requests: Vec<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    bytes: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    archived_until: Option<Timestamp>,
}

impl From<&Export> for ExportItem {
    fn from(export: &Export) -> Self {
        Self {
            pk: item::partition(export.user),
            sk: "EXPORT".to_owned(),
            id: export.id,
            user_id: export.user,
            requested_at: export.requested_at,
            requests: export.requests.clone(),
            bytes: export.archive.map(|archive| archive.bytes),
            archived_until: export.archive.map(|archive| archive.expires_at),
        }
    }
}

impl From<ExportItem> for Export {
    fn from(item: ExportItem) -> Self {
        let archive = item.bytes.zip(item.archived_until);
        Self {
            id: item.id,
            user: item.user_id,
            requested_at: item.requested_at,
            requests: item.requests,
            archive: archive.map(|(bytes, expires_at)| Archive { bytes, expires_at }),
        }
    }
}

impl Store {
    /// The user's newest export.
    pub(crate) async fn export(&self, user: Uuid) -> Result<Option<Export>, TableError> {
        let request = self.client.get_item().table_name(&self.table).set_key(Some(key(user))).consistent_read(true);
        let answer = request.send().await.map_err(TableError::call)?;
        answer.item.map(parse).transpose()
    }

    /// Writes a new export and its event, if the newest one is still the one with the id `before`.
    pub(crate) async fn begin_export(
        &self,
        export: &Export,
        before: Option<Uuid>,
        cause: &Cause,
    ) -> Result<ExportBegun, TableError> {
        let item = serde_dynamo::to_item(ExportItem::from(export)).map_err(TableError::unstorable)?;
        let put = Put::builder().table_name(&self.table).set_item(Some(item));
        let put = match before {
            None => put.condition_expression("attribute_not_exists(pk)"),
            Some(before) => put
                .condition_expression("id = :before")
                .expression_attribute_values(":before", AttributeValue::S(before.to_string())),
        };
        let asks =
            UserExportRequestedV1 { user_id: export.user, export_id: export.id, requested_at: export.requested_at };
        let writes = [
            TransactWriteItem::builder().put(put.build()?).build(),
            row(asks, export, 1, export.requested_at, cause)?.put(&self.table)?,
            tombstone::absent(&self.table, export.user)?,
        ];
        Ok(match transaction::write(&self.client, &writes).await? {
            Written::Now => ExportBegun::Now,
            Written::Refused(_) => ExportBegun::Outdated,
        })
    }

    /// Notes that a service has written its part of an export.
    pub(crate) async fn note_part(
        &self,
        user: Uuid,
        export: Uuid,
        writer: Writer,
        now: Timestamp,
    ) -> Result<Collected, TableError> {
        let answer = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(key(user)))
            .update_expression("SET #part = if_not_exists(#part, :now)")
            .condition_expression("id = :id AND attribute_not_exists(archivedUntil)")
            .expression_attribute_names("#part", writer.attribute())
            .expression_attribute_values(":now", AttributeValue::S(now.to_string()))
            .expression_attribute_values(":id", AttributeValue::S(export.to_string()))
            .return_values(ReturnValue::AllNew)
            .send()
            .await;
        let row = match answer {
            Ok(answer) => answer.attributes.unwrap_or_default(),
            Err(error)
                if error.as_service_error().is_some_and(UpdateItemError::is_conditional_check_failed_exception) =>
            {
                return Ok(Collected::Nothing);
            }
            Err(error) => return Err(TableError::call(error)),
        };
        if Writer::ALL.iter().all(|writer| row.contains_key(writer.attribute())) {
            return Ok(Collected::All(parse(row)?));
        }
        Ok(Collected::Some)
    }

    /// Makes an export ready and commits its event, if it still waits for its archive. Whether it does.
    pub(crate) async fn finish_export(
        &self,
        export: &Export,
        archive: Archive,
        now: Timestamp,
        cause: &Cause,
    ) -> Result<bool, TableError> {
        let until = serde_dynamo::to_attribute_value(archive.expires_at).map_err(TableError::unstorable)?;
        let update = Update::builder()
            .table_name(&self.table)
            .set_key(Some(key(export.user)))
            .update_expression("SET #bytes = :bytes, archivedUntil = :until")
            .condition_expression("id = :id AND attribute_not_exists(archivedUntil)")
            .expression_attribute_values(":id", AttributeValue::S(export.id.to_string()))
            .expression_attribute_names("#bytes", "bytes")
            .expression_attribute_values(":bytes", AttributeValue::N(archive.bytes.to_string()))
            .expression_attribute_values(":until", until)
            .build()?;
        let ready = UserExportReadyV1 {
            user_id: export.user,
            export_id: export.id,
            bytes: archive.bytes,
            expires_at: archive.expires_at,
        };
        let event = row(ready, export, 2, now, cause)?;
        let writes = [TransactWriteItem::builder().update(update).build(), event.put(&self.table)?];
        Ok(matches!(transaction::write(&self.client, &writes).await?, Written::Now))
    }
}

fn row<P: Payload>(
    data: P,
    export: &Export,
    sequence: u64,
    now: Timestamp,
    cause: &Cause,
) -> Result<OutboxRow, TableError> {
    let new = NewEvent { id: clock::new_id(), occurred_at: now, subject: export.id.to_string(), sequence };
    let metadata = cause.metadata::<P>(env!("CARGO_PKG_VERSION"), new);
    Ok(OutboxRow::new(&Event { metadata, data })?)
}

fn key(user: Uuid) -> HashMap<String, AttributeValue> {
    HashMap::from([
        ("pk".to_owned(), AttributeValue::S(item::partition(user))),
        ("sk".to_owned(), AttributeValue::S("EXPORT".to_owned())),
    ])
}

fn parse(row: HashMap<String, AttributeValue>) -> Result<Export, TableError> {
    let item: ExportItem = serde_dynamo::from_item(row).map_err(TableError::corrupt)?;
    Ok(item.into())
}
