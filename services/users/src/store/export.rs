//! Exports in the table: one row per user, of the newest export.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{AttributeValue, Put, ReturnValue, TransactWriteItem, Update};
use jiff::Timestamp;
use lambda_kit::correlation::CorrelationContext;
use lambda_kit::personal_data::tombstone;
use lambda_kit::table::TableError;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::domain::export::{Archive, Export, PartAnnouncement};
use crate::domain::participants::Services;
use crate::store::{Store, WriteOutcome, event, profile_row};

/// The result of noting a part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum PartOutcome {
    /// The export after the part was noted; it has no archive yet.
    Noted(Export),
    /// The export is ready or deleted, a newer one has replaced it, or the service is not one of its participants.
    Ignored,
}

/// The row of a user's newest export: `pk` is `USER#<sub>`, `sk` is `EXPORT`.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ExportRow {
    pk: String,
    sk: String,
    id: Uuid,
    user_id: Uuid,
    requested_at: Timestamp,
    requests: Vec<Timestamp>,
    participants: Services,
    /// When each service has written its part.
    exported_by: BTreeMap<String, Timestamp>,
    /// Services that were dropped because they were not registered any more.
    #[serde(default, skip_serializing_if = "Services::is_empty")]
    removed_participants: Services,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    bytes: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    archived_until: Option<Timestamp>,
}

impl ExportRow {
    /// The row of a new export.
    fn new(export: &Export) -> Self {
        Self {
            pk: profile_row::partition(export.user),
            sk: "EXPORT".to_owned(),
            id: export.id,
            user_id: export.user,
            requested_at: export.requested_at,
            requests: export.requests.clone(),
            participants: export.participants.clone(),
            exported_by: BTreeMap::new(),
            removed_participants: Services::new(),
            bytes: None,
            archived_until: None,
        }
    }
}

impl From<ExportRow> for Export {
    fn from(row: ExportRow) -> Self {
        let archive = row.bytes.zip(row.archived_until);
        Self {
            id: row.id,
            user: row.user_id,
            requested_at: row.requested_at,
            requests: row.requests,
            participants: row.participants,
            exported_by: row.exported_by.into_keys().collect(),
            archive: archive.map(|(bytes, expires_at)| Archive { bytes, expires_at }),
        }
    }
}

impl Store {
    /// The user's newest export.
    pub(crate) async fn newest_export(&self, user: Uuid) -> Result<Option<Export>, TableError> {
        let request = self.client.get_item().table_name(&self.table).set_key(Some(key(user))).consistent_read(true);
        let response = request.send().await.map_err(TableError::call)?;
        response.item.map(parse).transpose()
    }

    /// Writes a new export and its event, on the condition that `newest` is still the id of the newest one.
    pub(crate) async fn begin_export(
        &self,
        export: &Export,
        newest: Option<Uuid>,
        correlation: &CorrelationContext,
    ) -> Result<WriteOutcome, TableError> {
        let item = serde_dynamo::to_item(ExportRow::new(export)).map_err(TableError::serialization)?;
        let put = Put::builder().table_name(&self.table).set_item(Some(item));
        let put = match newest {
            None => put.condition_expression("attribute_not_exists(pk)"),
            Some(newest) => put
                .condition_expression("id = :newest")
                .expression_attribute_values(":newest", AttributeValue::S(newest.to_string())),
        };
        let writes = [
            TransactWriteItem::builder().put(put.build()?).build(),
            event::export_requested(export, correlation)?.put(&self.table)?,
            tombstone::not_exists_check(&self.table, export.user)?,
        ];
        self.write_outcome(&writes).await
    }

    /// Notes that a participant has written its part. The time of its first announcement is kept.
    pub(crate) async fn note_part(&self, part: &PartAnnouncement, now: Timestamp) -> Result<PartOutcome, TableError> {
        let response = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(key(part.user)))
            .update_expression("SET exportedBy.#service = if_not_exists(exportedBy.#service, :now)")
            .condition_expression(
                "id = :id AND attribute_not_exists(archivedUntil) AND contains(participants, :service)",
            )
            .expression_attribute_names("#service", &part.service)
            .expression_attribute_values(":service", AttributeValue::S(part.service.clone()))
            .expression_attribute_values(":now", AttributeValue::S(now.to_string()))
            .expression_attribute_values(":id", AttributeValue::S(part.export.to_string()))
            .return_values(ReturnValue::AllNew)
            .send()
            .await;
        match response {
            Ok(response) => Ok(PartOutcome::Noted(parse(response.attributes.unwrap_or_default())?)),
            Err(error)
                if error.as_service_error().is_some_and(UpdateItemError::is_conditional_check_failed_exception) =>
            {
                Ok(PartOutcome::Ignored)
            }
            Err(error) => Err(TableError::call(error)),
        }
    }

    /// Drops participants that are not registered any more, and notes them in the row. Returns the export without them;
    /// it stays unchanged if another request has replaced it meanwhile.
    pub(crate) async fn drop_participants(&self, export: Export, removed: &Services) -> Result<Export, TableError> {
        let participants: Services = export.participants.difference(removed).cloned().collect();
        let attribute =
            |services: &Services| serde_dynamo::to_attribute_value(services).map_err(TableError::serialization);
        let response = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(key(export.user)))
            .update_expression("SET participants = :participants, removedParticipants = :removed")
            .condition_expression("id = :id AND attribute_not_exists(archivedUntil)")
            .expression_attribute_values(":id", AttributeValue::S(export.id.to_string()))
            .expression_attribute_values(":participants", attribute(&participants)?)
            .expression_attribute_values(":removed", attribute(removed)?)
            .send()
            .await;
        match response {
            Ok(_) => Ok(Export { participants, ..export }),
            Err(error)
                if error.as_service_error().is_some_and(UpdateItemError::is_conditional_check_failed_exception) =>
            {
                Ok(export)
            }
            Err(error) => Err(TableError::call(error)),
        }
    }

    /// Makes an export ready and commits its event, on the condition that it has no archive yet.
    pub(crate) async fn finish_export(
        &self,
        export: &Export,
        archive: Archive,
        now: Timestamp,
        correlation: &CorrelationContext,
    ) -> Result<WriteOutcome, TableError> {
        let until = serde_dynamo::to_attribute_value(archive.expires_at).map_err(TableError::serialization)?;
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
        let ready = event::export_ready(export, archive, now, correlation)?;
        let writes = [TransactWriteItem::builder().update(update).build(), ready.put(&self.table)?];
        self.write_outcome(&writes).await
    }
}

fn key(user: Uuid) -> HashMap<String, AttributeValue> {
    HashMap::from([
        ("pk".to_owned(), AttributeValue::S(profile_row::partition(user))),
        ("sk".to_owned(), AttributeValue::S("EXPORT".to_owned())),
    ])
}

fn parse(item: HashMap<String, AttributeValue>) -> Result<Export, TableError> {
    let row: ExportRow = serde_dynamo::from_item(item).map_err(TableError::corrupt)?;
    Ok(row.into())
}
