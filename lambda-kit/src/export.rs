//! A service's part of what a user has asked for: the rows of their partition, as JSON, in the users service's bucket.
//!
//! A part is written page by page, so that its size is bounded by no memory. Written again, it is the same objects.

use std::collections::HashMap;

use aws_config::SdkConfig;
use aws_sdk_dynamodb::types::AttributeValue;
use events::envelope::{Event, Metadata, Payload};
use lambda_runtime::Error;
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::cause::{Cause, NewEvent};
use crate::claim::claim;
use crate::clock;
use crate::outbox::OutboxRow;
use crate::settings::{MissingSettings, Settings};
use crate::table::TableError;
use crate::tombstone;
use crate::transaction::{self, Written};

/// Attributes that say where a row is, in the table and in its indexes, and nothing else of its user.
const KEYS: [&str; 9] = [
    "pk",
    "sk",
    BY_STATUS,
    "byDue",
    "byStatusAndDue",
    "byUnread",
    "byRegistration",
    // The partitions of indexes across users.
    "directory",
    "digestShard",
];

/// The key of an index that begins with the row's status, which such a row says nowhere else.
const BY_STATUS: &str = "byStatus";

/// Where the parts of one export are: everything of a service is under `parts/<service>/<user's hash>/<export id>/`.
#[derive(Clone, Copy, Debug)]
pub struct Part {
    /// The service that writes it.
    pub service: &'static str,
    /// Whose it is. The place has their hash, so that it can be found when their id is forgotten.
    pub user: Uuid,
    /// Which export it belongs to.
    pub export: Uuid,
}

impl Part {
    /// The prefix of the part's objects.
    #[must_use]
    pub fn prefix(&self) -> String {
        format!("parts/{}/{}/{}/", self.service, tombstone::deletion_id(self.user), self.export)
    }
}

/// Writes the parts of a service.
#[derive(Clone, Debug)]
pub struct Exporter {
    dynamodb: aws_sdk_dynamodb::Client,
    s3: aws_sdk_s3::Client,
    table: String,
    bucket: String,
}

impl Exporter {
    /// The exporter of the service whose settings these are: `TABLE_NAME`, `EXPORTS_BUCKET`.
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

    /// Writes the rows of `partition` whose sort keys begin with none of `left_out`, as `<service>-<n>.json`: arrays of
    /// at most a megabyte. The bytes that were written.
    ///
    /// # Errors
    /// When a call fails, or the user has deleted their account meanwhile.
    pub async fn rows(&self, part: &Part, partition: &str, left_out: &[&str]) -> Result<u64, ExportError> {
        let (mut bytes, mut after) = (0, None);
        for page in 1.. {
            let query = self.dynamodb.query().table_name(&self.table).key_condition_expression("pk = :pk");
            let query = query.expression_attribute_values(":pk", AttributeValue::S(partition.to_owned()));
            let answer = query.set_exclusive_start_key(after).send().await.map_err(TableError::call)?;
            let rows = answer.items.unwrap_or_default().into_iter();
            let rows = rows.filter(|row| !left_out.iter().any(|prefix| text(row, "sk").starts_with(prefix)));
            let rows = rows.map(readable).collect::<Result<Vec<_>, _>>()?;
            let body = serde_json::to_vec_pretty(&rows).map_err(TableError::corrupt)?;
            bytes += self.put(part, &format!("{}-{page}.json", part.service), body).await?;
            after = answer.last_evaluated_key;
            if after.is_none() {
                break;
            }
        }
        Ok(bytes)
    }

    /// Copies an object of another bucket of ours into the part.
    ///
    /// # Errors
    /// When the call fails, or the user has deleted their account meanwhile.
    pub async fn copy(&self, part: &Part, name: &str, source: &str) -> Result<(), ExportError> {
        self.go_on(part).await?;
        let request = self.s3.copy_object().bucket(&self.bucket).key(format!("{}{name}", part.prefix()));
        request.copy_source(source).send().await.map_err(call)?;
        Ok(())
    }

    /// Claims the event `asked` for the job `export`, and commits the service's answer: that its part is written, under
    /// the prefix that `data` is given. The second time neither is written, and nothing for a user who has deleted their
    /// account meanwhile: an erasure does not wait for an export. `version` is the service's.
    ///
    /// # Errors
    /// When the table fails.
    pub async fn answer<P: Payload>(
        &self,
        part: &Part,
        asked: &Metadata,
        version: &str,
        data: impl FnOnce(String) -> P,
    ) -> Result<(), TableError> {
        let now = clock::now();
        let new = NewEvent { id: clock::new_id(), occurred_at: now, subject: part.export.to_string(), sequence: 1 };
        let metadata = Cause::of_event(asked).metadata::<P>(version, new);
        let writes = [
            claim(&self.table, "export", asked.event_id, now)?,
            OutboxRow::new(&Event { metadata, data: data(part.prefix()) })?.put(&self.table)?,
            tombstone::absent(&self.table, part.user)?,
        ];
        match transaction::write(&self.dynamodb, &writes).await? {
            Written::Now | Written::Refused(_) => Ok(()),
        }
    }

    async fn put(&self, part: &Part, name: &str, body: Vec<u8>) -> Result<u64, ExportError> {
        self.go_on(part).await?;
        let bytes = body.len() as u64;
        let request = self.s3.put_object().bucket(&self.bucket).key(format!("{}{name}", part.prefix()));
        request.content_type("application/json").body(body.into()).send().await.map_err(call)?;
        Ok(bytes)
    }

    /// An erasure does not wait for an export, which may take long: each object is a write of its own, and asks first.
    async fn go_on(&self, part: &Part) -> Result<(), ExportError> {
        if tombstone::stands(&self.dynamodb, &self.table, part.user).await? {
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

/// A row as its user may read it: its kind, its attributes but for keys, and what its keys alone say of it, which are the
/// id of a row that has no `id`, and the status of one in an index by status.
///
/// # Errors
/// When an attribute is none that JSON has.
#[expect(clippy::implicit_hasher, reason = "the SDK's own map")]
pub fn readable(row: HashMap<String, AttributeValue>) -> Result<Value, TableError> {
    let said = said_by_keys(&row);
    let attributes: Map<String, Value> = serde_dynamo::from_item(row).map_err(TableError::corrupt)?;
    let own = attributes.into_iter().filter(|(name, _)| !KEYS.contains(&name.as_str()));
    // A row's own words come last, and stand.
    Ok(Value::Object(said.chain(own).collect()))
}

fn said_by_keys(row: &HashMap<String, AttributeValue>) -> impl Iterator<Item = (String, Value)> + use<> {
    let (kind, ids) = text(row, "sk").split_once('#').unwrap_or((text(row, "sk"), ""));
    let id = ids.rsplit('#').next().unwrap_or_default();
    let status = text(row, BY_STATUS).split('#').next().unwrap_or_default();
    let said = [("kind", kind.to_lowercase()), ("id", id.to_owned()), ("status", status.to_owned())];
    said.into_iter().filter(|(_, value)| !value.is_empty()).map(|(name, value)| (name.to_owned(), value.into()))
}

/// Why a part is not written.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The table failed.
    #[error("the table failed")]
    Table(#[from] TableError),
    /// A call to S3 failed.
    #[error("the call to S3 failed")]
    Call(#[source] Error),
    /// There is nothing to export any more.
    #[error("the user has deleted their account")]
    Deleted,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(row: &Value) -> Value {
        readable(serde_dynamo::to_item(row).unwrap()).unwrap()
    }

    #[test]
    fn a_row_is_exported_with_its_kind_and_without_its_keys() {
        let entry = json!({
            "pk": "USER#1", "sk": "INBOX#2", "byUnread": "INBOX#2", "id": "2", "kind": "todo-due", "about": "Buy milk",
        });
        assert_eq!(read(&entry), json!({"id": "2", "kind": "todo-due", "about": "Buy milk"}));
        let profile = json!({
            "pk": "USER#1", "sk": "PROFILE", "directory": "USERS", "byRegistration": "2026#1", "id": "1", "version": 1,
        });
        assert_eq!(read(&profile), json!({"kind": "profile", "id": "1", "version": 1}));
        let preferences =
            json!({"pk": "USER#1", "sk": "PREFERENCES", "userId": "1", "digestShard": "a", "digestHour": 19});
        assert_eq!(read(&preferences), json!({"kind": "preferences", "userId": "1", "digestHour": 19}));
    }

    #[test]
    fn what_a_rows_keys_alone_say_is_exported_too() {
        let agenda = json!({"pk": "USER#1", "sk": "AGENDA#2", "title": "Buy milk", "state": "open"});
        assert_eq!(read(&agenda), json!({"kind": "agenda", "id": "2", "title": "Buy milk", "state": "open"}));
        let todo = json!({
            "pk": "USER#1", "sk": "TODO#2", "byStatus": "open#2", "byDue": "2026#2", "byStatusAndDue": "open#2026#2",
            "id": "2", "title": "Buy milk", "tags": ["home"],
        });
        let expected = json!({"kind": "todo", "id": "2", "status": "open", "title": "Buy milk", "tags": ["home"]});
        assert_eq!(read(&todo), expected);
    }
}
