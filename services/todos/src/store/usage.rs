//! What users have used of their quotas: one row for each user and resource, and the rows that it counts.

use std::collections::HashMap;

use aws_sdk_dynamodb::error::ProvideErrorMetadata;
use aws_sdk_dynamodb::types::{AttributeValue, Select};
use jiff::Timestamp;
use lambda_kit::table::TableError;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::domain::quota::{Quota, Resource, Usage};
use crate::store::{Store, keys, partition};

/// What a user has used: `pk` is `USER#<owner>`, `sk` is `USAGE#items` or `USAGE#attachment-bytes`.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct UsageRow {
    pk: String,
    sk: String,
    used: u64,
    changed_at: Timestamp,
    is_exact: bool,
    version: u64,
}

impl UsageRow {
    fn new(owner: Uuid, resource: Resource, usage: &Usage) -> Self {
        let Usage { used, changed_at, is_exact, version } = *usage;
        Self { pk: partition(owner), sk: sort_key(resource).to_owned(), used, changed_at, is_exact, version }
    }
}

impl From<UsageRow> for Usage {
    fn from(row: UsageRow) -> Self {
        let UsageRow { used, changed_at, is_exact, version, .. } = row;
        Self { used, changed_at, is_exact, version }
    }
}

/// The size of an attachment.
#[derive(Deserialize)]
struct SizeRow {
    bytes: u64,
}

impl Store {
    /// Adds `amount` to what the user has used. False when that would exceed the quota, or nothing is recorded yet.
    pub(crate) async fn add_usage(
        &self,
        owner: Uuid,
        quota: Quota,
        amount: u64,
        now: Timestamp,
    ) -> Result<bool, TableError> {
        let Some(room) = quota.room_for(amount) else { return Ok(false) };
        let added = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(key(owner, quota.resource)))
            .update_expression(
                "SET #used = #used + :amount, #version = #version + :one, #changedAt = :now, #isExact = :false",
            )
            .condition_expression("#used <= :room")
            .expression_attribute_names("#used", "used")
            .expression_attribute_names("#version", "version")
            .expression_attribute_names("#changedAt", "changedAt")
            .expression_attribute_names("#isExact", "isExact")
            .expression_attribute_values(":amount", number(amount))
            .expression_attribute_values(":one", number(1))
            .expression_attribute_values(":now", AttributeValue::S(now.to_string()))
            .expression_attribute_values(":false", AttributeValue::Bool(false))
            .expression_attribute_values(":room", number(room))
            .send()
            .await;
        was_written(added)
    }

    /// What is recorded of the user's use.
    pub(crate) async fn get_usage(&self, owner: Uuid, resource: Resource) -> Result<Option<Usage>, TableError> {
        let request = self.client.get_item().table_name(&self.table).set_key(Some(key(owner, resource)));
        let answer = request.consistent_read(true).send().await.map_err(TableError::call)?;
        let row: Option<UsageRow> =
            answer.item.map(serde_dynamo::from_item).transpose().map_err(TableError::corrupt)?;
        Ok(row.map(Usage::from))
    }

    /// Writes a record, if the present one has the version before. False when it has another.
    pub(crate) async fn save_usage(&self, owner: Uuid, resource: Resource, usage: &Usage) -> Result<bool, TableError> {
        let row = UsageRow::new(owner, resource, usage);
        let row = serde_dynamo::to_item(row).map_err(TableError::serialization)?;
        let put = self.client.put_item().table_name(&self.table).set_item(Some(row));
        let put = match usage.version {
            1 => put.condition_expression("attribute_not_exists(pk)"),
            version => put
                .condition_expression("#version = :before")
                .expression_attribute_names("#version", "version")
                .expression_attribute_values(":before", number(version - 1)),
        };
        was_written(put.send().await)
    }

    /// Counts what the user has of a resource.
    pub(crate) async fn count_usage(&self, owner: Uuid, resource: Resource, now: Timestamp) -> Result<u64, TableError> {
        match resource {
            // In this order: an item that is deleted meanwhile may be counted twice, and is not missed.
            Resource::Items => {
                Ok(self.count_rows(owner, "TODO#").await? + self.count_rows(owner, "DELETED-TODO#").await?)
            }
            Resource::AttachmentBytes => self.sum_attachment_bytes(owner, now).await,
        }
    }

    async fn count_rows(&self, owner: Uuid, prefix: &str) -> Result<u64, TableError> {
        let request = self.client.query().table_name(&self.table).consistent_read(true).select(Select::Count);
        let request = request
            .key_condition_expression("pk = :pk AND begins_with(sk, :prefix)")
            .expression_attribute_values(":pk", AttributeValue::S(partition(owner)))
            .expression_attribute_values(":prefix", AttributeValue::S(prefix.to_owned()));
        let mut pages = request.into_paginator().send();
        let mut count = 0;
        while let Some(page) = pages.next().await {
            count += u64::from(page.map_err(TableError::call)?.count().unsigned_abs());
        }
        Ok(count)
    }

    /// The bytes of all attachments that are not rejected and have not expired, as announced until a file is checked.
    async fn sum_attachment_bytes(&self, owner: Uuid, now: Timestamp) -> Result<u64, TableError> {
        let request = self.client.query().table_name(&self.table).consistent_read(true);
        let request = request
            .key_condition_expression("pk = :pk AND begins_with(sk, :prefix)")
            .filter_expression("#status <> :rejected AND (attribute_not_exists(#expiresAt) OR #expiresAt > :now)")
            .projection_expression("#bytes")
            .expression_attribute_names("#status", "status")
            .expression_attribute_names("#expiresAt", "expiresAt")
            .expression_attribute_names("#bytes", "bytes")
            .expression_attribute_values(":pk", AttributeValue::S(partition(owner)))
            .expression_attribute_values(":prefix", AttributeValue::S("FILE#".to_owned()))
            .expression_attribute_values(":rejected", AttributeValue::S("rejected".to_owned()))
            .expression_attribute_values(":now", AttributeValue::N(now.as_second().to_string()));
        let mut rows = request.into_paginator().items().send();
        let mut sum = 0;
        while let Some(row) = rows.next().await {
            let row: SizeRow = serde_dynamo::from_item(row.map_err(TableError::call)?).map_err(TableError::corrupt)?;
            sum += row.bytes;
        }
        Ok(sum)
    }
}

/// Whether a conditional write was made.
fn was_written<T, E>(written: Result<T, E>) -> Result<bool, TableError>
where
    E: ProvideErrorMetadata + Into<lambda_runtime::Error>,
{
    match written {
        Ok(_) => Ok(true),
        Err(error) if error.code() == Some("ConditionalCheckFailedException") => Ok(false),
        Err(error) => Err(TableError::call(error)),
    }
}

fn key(owner: Uuid, resource: Resource) -> HashMap<String, AttributeValue> {
    keys::key(owner, sort_key(resource).to_owned())
}

fn sort_key(resource: Resource) -> &'static str {
    match resource {
        Resource::Items => "USAGE#items",
        Resource::AttachmentBytes => "USAGE#attachment-bytes",
    }
}

fn number(value: u64) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_the_same_after_a_round_trip() {
        let usage = Usage { used: 7, changed_at: Timestamp::UNIX_EPOCH, is_exact: true, version: 2 };
        let row = UsageRow::new(Uuid::from_u128(1), Resource::AttachmentBytes, &usage);
        let row: HashMap<String, AttributeValue> = serde_dynamo::to_item(row).unwrap();
        assert_eq!(row["sk"], key(Uuid::from_u128(1), Resource::AttachmentBytes)["sk"]);
        assert_eq!(Usage::from(serde_dynamo::from_item::<_, UsageRow>(row).unwrap()), usage);
    }
}
