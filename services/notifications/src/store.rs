//! The service's table: inbox entries, recipients and their preferences, agendas, the delivery states of emails,
//! connections, and the claims of events.
//!
//! All rows of a user are in the partition `USER#<sub>`; the user comes from the caller's token or from the event.

pub(crate) mod agenda;
mod connections;
pub(crate) mod email_deliveries;
mod inbox;
pub(crate) mod inbox_row;
pub(crate) mod keys;
pub(crate) mod preferences;
mod read_all_entries;
mod recipients;
pub(crate) mod reminder_counts;

use aws_config::SdkConfig;
use aws_sdk_dynamodb::Client;
use lambda_kit::personal_data::tombstone;
use lambda_kit::sessions;
use lambda_kit::table::TableError;
use uuid::Uuid;

use crate::domain::live::Session;

/// The service's one DynamoDB table; the modules below hold its rows.
#[derive(Clone, Debug)]
pub(crate) struct Store {
    client: Client,
    table: String,
}

/// Whether a write took effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WriteOutcome {
    Applied,
    /// The event was applied before, or the row is newer than the event.
    Duplicate,
}

impl Store {
    pub(crate) fn new(config: &SdkConfig, table: String) -> Self {
        Self { client: Client::new(config), table }
    }

    /// Whether the user has deleted their account. Every job that creates something for a user checks it first, because
    /// a token is valid for some minutes after the deletion and events arrive for weeks.
    pub(crate) async fn is_deleted(&self, user: Uuid) -> Result<bool, TableError> {
        tombstone::exists(&self.client, &self.table, user).await
    }

    /// Whether the user has signed out on all devices since the session began, or has deleted their account.
    pub(crate) async fn has_ended(&self, session: Session) -> Result<bool, TableError> {
        sessions::has_ended(&self.client, &self.table, session.user, session.authenticated_at).await
    }
}
