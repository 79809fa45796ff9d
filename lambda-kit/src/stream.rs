//! A table's stream as Lambda delivers it: batches of records, of which some are outbox rows.

use events::envelope::broken_rule;
use serde::Deserialize;
use serde_dynamo::Item;

use crate::outbox::OutboxRow;

/// A batch of a table's stream; the fields that the publisher reads.
///
/// Source: <https://docs.aws.amazon.com/lambda/latest/dg/with-ddb-example.html>
#[derive(Debug, Deserialize)]
pub struct StreamBatch {
    /// In the order of the changes of each item.
    #[serde(rename = "Records")]
    pub records: Vec<StreamRecord>,
}

/// One change of the table.
#[derive(Debug, Deserialize)]
pub struct StreamRecord {
    dynamodb: Change,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Change {
    sequence_number: String,
    /// Read record by record: one that does not parse must not take the batch with it.
    #[serde(default)]
    new_image: serde_json::Value,
}

impl StreamRecord {
    /// Names the record in its shard.
    #[must_use]
    pub fn sequence_number(&self) -> &str {
        &self.dynamodb.sequence_number
    }

    /// The outbox row that the change wrote.
    ///
    /// # Errors
    /// When the change wrote no item, or one that is no outbox row.
    pub fn row(&self) -> Result<OutboxRow, NoOutboxRow> {
        let item = serde_json::from_value::<Item>(self.dynamodb.new_image.clone());
        let item = item.map_err(|error| NoOutboxRow::NoItem(broken_rule(&error)))?;
        serde_dynamo::from_item(item).map_err(|error| NoOutboxRow::OtherItem(broken_rule(&error)))
    }
}

/// Why a stream record is no outbox row. The causes are named without the values that they quote.
#[derive(Debug, thiserror::Error)]
pub enum NoOutboxRow {
    /// There is no new image, or it is no item.
    #[error("the stream record holds no item: {0}")]
    NoItem(String),
    /// The item has other attributes than a row.
    #[error("the stream record's item is no outbox row: {0}")]
    OtherItem(String),
}
