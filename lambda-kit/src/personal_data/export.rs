//! Export: a service's part of a user's data, which it writes into the bucket of exports as JSON.
//!
//! A part is written page by page, so that memory does not limit its size. A repeat writes the same objects.

use std::collections::HashMap;

use aws_config::SdkConfig;
use aws_sdk_dynamodb::types::AttributeValue;
use events::envelope::{Event, Metadata};
use events::participants::ParticipantPayload;
use lambda_runtime::Error;
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::claim::claim;
use crate::clock;
use crate::correlation::{CorrelationContext, NewEvent, Producer};
use crate::outbox::OutboxRow;
use crate::personal_data::tombstone;
use crate::settings::{MissingSettings, Settings};
use crate::table::TableError;
use crate::transaction::{self, TransactionOutcome};

/// Attributes that are keys of tables and indexes, and are not part of a user's data.
const KEYS: [&str; 9] = [
    "pk",
    "sk",
    BY_STATUS,
    "byDue",
    "byStatusAndDue",
    "byUnread",
    "byRegistration",
    // The partition keys of indexes that hold rows of all users.
    "directory",
    "digestShard",
];

/// The key of an index that begins with the row's status. Such a row has no other attribute with its status.
const BY_STATUS: &str = "byStatus";

/// The part of one export that one service writes.
#[derive(Clone, Copy, Debug)]
pub struct ExportPart {
    /// The service that writes the part.
    pub service: &'static str,
    /// The user who requested the export.
    pub user: Uuid,
    /// The export that it belongs to.
    pub export: Uuid,
}

impl ExportPart {
    /// The prefix of the keys of the part's objects.
    #[must_use]
    pub fn prefix(&self) -> String {
        part_prefix(self.service, self.user, self.export)
    }
}

/// The prefix of the keys of a part's objects: `parts/<service>/<deletion id>/<export id>/`. The deletion id is a hash, by
/// which the objects are found after the user's id was erased.
#[must_use]
pub fn part_prefix(service: &str, user: Uuid, export: Uuid) -> String {
    format!("parts/{service}/{}/{export}/", tombstone::deletion_id(user))
}

/// Writes the export parts of a service.
#[derive(Clone, Debug)]
pub struct Exporter {
    dynamodb: aws_sdk_dynamodb::Client,
    s3: aws_sdk_s3::Client,
    table: String,
    bucket: String,
}

impl Exporter {
    /// Makes the exporter of the service with these settings: `TABLE_NAME`, `EXPORTS_BUCKET`.
    ///
    /// # Errors
    /// Names the settings that are missing.
    pub fn from_env(config: &SdkConfig) -> Result<Self, MissingSettings> {
        Settings::read(|settings| Self {
            dynamodb: aws_sdk_dynamodb::Client::new(config),
            s3: aws_sdk_s3::Client::new(config),
            table: settings.text("TABLE_NAME"),
            bucket: settings.text("EXPORTS_BUCKET"),
        })
    }

    /// Writes the rows of `partition` as arrays of at most 1 MB, `<service>-<n>.json`, without the sort keys that begin
    /// with one of `excluded`. Returns the number of bytes.
    ///
    /// # Errors
    /// When a call fails, or the user has deleted their account meanwhile.
    pub async fn write_rows(&self, part: &ExportPart, partition: &str, excluded: &[&str]) -> Result<u64, ExportError> {
        let (mut bytes, mut after) = (0, None);
        for page in 1.. {
            let query = self.dynamodb.query().table_name(&self.table).key_condition_expression("pk = :pk");
            let query = query.expression_attribute_values(":pk", AttributeValue::S(partition.to_owned()));
            let answer = query.set_exclusive_start_key(after).send().await.map_err(TableError::call)?;
            let rows = answer.items.unwrap_or_default().into_iter();
            let rows = rows.filter(|row| !excluded.iter().any(|prefix| text(row, "sk").starts_with(prefix)));
            let rows = rows.map(to_json).collect::<Result<Vec<_>, _>>()?;
            let body = serde_json::to_vec_pretty(&rows).map_err(TableError::corrupt)?;
            bytes += self.put(part, &format!("{}-{page}.json", part.service), body).await?;
            after = answer.last_evaluated_key;
            if after.is_none() {
                break;
            }
        }
        Ok(bytes)
    }

    /// Copies an object of another bucket of the product into the part.
    ///
    /// # Errors
    /// When the call fails, or the user has deleted their account meanwhile.
    pub async fn copy_object(&self, part: &ExportPart, name: &str, source: &str) -> Result<(), ExportError> {
        self.check_not_deleted(part).await?;
        let request = self.s3.copy_object().bucket(&self.bucket).key(format!("{}{name}", part.prefix()));
        request.copy_source(source).send().await.map_err(call)?;
        Ok(())
    }

    /// Claims the event `request` for the job `export`, and commits the event that the part is written; `data` gets the
    /// part's prefix. A repeat writes nothing. Nothing is written either if the user has deleted their account meanwhile.
    ///
    /// # Errors
    /// When the table fails.
    pub async fn announce<P: ParticipantPayload>(
        &self,
        part: &ExportPart,
        request: &Metadata,
        version: &str,
        data: impl FnOnce(String) -> P,
    ) -> Result<(), TableError> {
        let now = clock::now();
        let new = NewEvent { id: clock::new_id(), occurred_at: now, subject: part.export.to_string(), sequence: 1 };
        let producer = Producer { service: part.service, version };
        let metadata = CorrelationContext::from_event(request).participant_metadata::<P>(&producer, new);
        let event = Event { metadata, data: data(part.prefix()) };
        let writes = [
            claim(&self.table, "export", request.event_id, now)?,
            OutboxRow::from_participant(part.service, &event)?.put(&self.table)?,
            tombstone::not_exists_check(&self.table, part.user)?,
        ];
        match transaction::write(&self.dynamodb, &writes).await? {
            TransactionOutcome::Applied | TransactionOutcome::ConditionFailed(_) => Ok(()),
        }
    }

    async fn put(&self, part: &ExportPart, name: &str, body: Vec<u8>) -> Result<u64, ExportError> {
        self.check_not_deleted(part).await?;
        let bytes = body.len() as u64;
        let request = self.s3.put_object().bucket(&self.bucket).key(format!("{}{name}", part.prefix()));
        request.content_type("application/json").body(body.into()).send().await.map_err(call)?;
        Ok(bytes)
    }

    /// An export may take long and an erasure does not wait for it, so this is checked before each object.
    async fn check_not_deleted(&self, part: &ExportPart) -> Result<(), ExportError> {
        if tombstone::exists(&self.dynamodb, &self.table, part.user).await? {
            return Err(ExportError::Deleted);
        }
        Ok(())
    }
}

fn call(error: impl Into<Error>) -> ExportError {
    ExportError::Call(error.into())
}

fn text<'a>(row: &'a HashMap<String, AttributeValue>, name: &str) -> &'a str {
    row.get(name).and_then(|value| value.as_s().ok()).map_or("", String::as_str)
}

/// Converts a row to the JSON that its user gets: its kind and its attributes without keys. If the row has no `id` or
/// `status` attribute, they are taken from its keys.
///
/// # Errors
/// When an attribute has a type that JSON does not have.
#[expect(clippy::implicit_hasher, reason = "the SDK's own map")]
pub fn to_json(row: HashMap<String, AttributeValue>) -> Result<Value, TableError> {
    let from_keys = attributes_from_keys(&row);
    let attributes: Map<String, Value> = serde_dynamo::from_item(row).map_err(TableError::corrupt)?;
    let attributes = attributes.into_iter().filter(|(name, _)| !KEYS.contains(&name.as_str()));
    // The row's attributes come last and replace those from its keys.
    Ok(Value::Object(from_keys.chain(attributes).collect()))
}

fn attributes_from_keys(row: &HashMap<String, AttributeValue>) -> impl Iterator<Item = (String, Value)> + use<> {
    let (kind, ids) = text(row, "sk").split_once('#').unwrap_or((text(row, "sk"), ""));
    let id = ids.rsplit('#').next().unwrap_or_default();
    let status = text(row, BY_STATUS).split('#').next().unwrap_or_default();
    let found = [("kind", kind.to_lowercase()), ("id", id.to_owned()), ("status", status.to_owned())];
    found.into_iter().filter(|(_, value)| !value.is_empty()).map(|(name, value)| (name.to_owned(), value.into()))
}

/// Why a part was not written.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// A call to the service's table failed.
    #[error("the table failed")]
    Table(#[from] TableError),
    /// A call to S3 failed.
    #[error("the call to S3 failed")]
    Call(#[source] Error),
    /// The user has deleted their account; there is nothing to export.
    #[error("the user has deleted their account")]
    Deleted,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(row: &Value) -> Value {
        to_json(serde_dynamo::to_item(row).unwrap()).unwrap()
    }

    #[test]
    fn a_row_is_exported_with_its_kind_and_without_its_keys() {
        let entry = json!({
            "pk": "USER#1", "sk": "INBOX#2", "byUnread": "INBOX#2", "id": "2", "kind": "todo-due", "about": "Buy milk",
        });
        assert_eq!(read(&entry), json!({"id": "2", "kind": "todo-due", "about": "Buy milk"}));
        let profile = json!({
            "pk": "USER#1", "sk": "PROFILE", "directory": "ALL", "byRegistration": "2026#1", "id": "1", "version": 1,
        });
        assert_eq!(read(&profile), json!({"kind": "profile", "id": "1", "version": 1}));
        let preferences =
            json!({"pk": "USER#1", "sk": "PREFERENCES", "userId": "1", "digestShard": "a", "digestHour": 19});
        assert_eq!(read(&preferences), json!({"kind": "preferences", "userId": "1", "digestHour": 19}));
    }

    #[test]
    fn an_id_and_a_status_from_keys_are_exported() {
        let agenda = json!({"pk": "USER#1", "sk": "AGENDA#2", "title": "Buy milk", "state": "open"});
        assert_eq!(read(&agenda), json!({"kind": "agenda", "id": "2", "title": "Buy milk", "state": "open"}));
        let todo = json!({
            "pk": "USER#1", "sk": "TODO#2", "byStatus": "open#2", "byDue": "2026#2", "byStatusAndDue": "open#2026#2",
            "id": "2", "title": "Buy milk", "labels": ["home"],
        });
        let expected = json!({"kind": "todo", "id": "2", "status": "open", "title": "Buy milk", "labels": ["home"]});
        assert_eq!(read(&todo), expected);
    }
}
