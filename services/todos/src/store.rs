//! The service's table: items, attachments, idempotency keys and the outbox, changed together in transactions.
//!
//! Everything of a user is under `pk` = `USER#<owner>`, and the owner always comes from the caller's token. Three local
//! indexes order one user's items: an index never crosses users, and a list includes what was just written.

mod attachment_events;
mod attachment_row;
mod attachments;
mod idempotency_row;
mod keys;
pub(crate) mod reminders;
mod todo_events;
mod todo_row;
mod todos;
mod usage;

use aws_config::SdkConfig;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::ReturnValuesOnConditionCheckFailure;
use lambda_kit::personal_data::tombstone;
use lambda_kit::table::TableError;
use uuid::Uuid;

pub(crate) use self::attachment_row::StoredAttachment;
pub(crate) use self::keys::partition;

/// Puts the existing row into the cancellation reason, so that no second read is needed.
const RETURN_EXISTING: ReturnValuesOnConditionCheckFailure = ReturnValuesOnConditionCheckFailure::AllOld;

/// The service's one DynamoDB table; the modules below hold its rows.
#[derive(Clone, Debug)]
pub(crate) struct Store {
    client: Client,
    table: String,
}

impl Store {
    pub(crate) fn new(config: &SdkConfig, table: String) -> Self {
        Self { client: Client::new(config), table }
    }

    /// Whether the user has deleted their account. Routes that write have asked before they are called; jobs that create
    /// a row or move it to another key must ask, and other changes fail because the row is missing.
    pub(crate) async fn is_deleted(&self, user: Uuid) -> Result<bool, TableError> {
        tombstone::exists(&self.client, &self.table, user).await
    }
}
