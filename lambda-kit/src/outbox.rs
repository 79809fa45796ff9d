//! The transactional outbox: the finished event is a row, written in the transaction that makes the change.

use aws_sdk_dynamodb::error::BuildError;
use aws_sdk_dynamodb::types::{Put, TransactWriteItem};
use events::envelope::MAX_EVENT_BYTES;
use events::envelope::{self, Event, Payload};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// How long a row is kept: past every queue's retention, so that a lost failure can be traced and replayed from here.
pub const OUTBOX_LIFE: SignedDuration = SignedDuration::from_hours(30 * 24);

/// One event, committed and waiting for the publisher: `pk` is `OUTBOX#<event id>`, `sk` is `OUTBOX`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OutboxRow {
    pk: String,
    sk: String,
    /// `busline.<service>`.
    pub source: String,
    /// `<Event>.v<N>`.
    pub detail_type: String,
    /// The event as JSON, at most [`MAX_EVENT_BYTES`] bytes.
    pub detail: String,
    /// What the event is about.
    pub subject: String,
    /// The number of the change among the subject's.
    pub sequence: u64,
    /// The user whom the event is about, if it names one: the key of the index `byUser`, by which an erasure finds it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<Uuid>,
    expires_at: i64,
}

impl OutboxRow {
    /// The row of an event.
    ///
    /// # Errors
    /// When the event cannot be written as JSON, or is larger than an event may be.
    pub fn new<P: Payload>(event: &Event<P>) -> Result<Self, OutboxError> {
        let detail = serde_json::to_string(event).map_err(OutboxError::Unwritable)?;
        if detail.len() > MAX_EVENT_BYTES {
            return Err(OutboxError::TooLarge(detail.len()));
        }
        let metadata = &event.metadata;
        let expires_at = metadata.occurred_at.saturating_add(OUTBOX_LIFE).map_or(0, Timestamp::as_second);
        Ok(Self {
            pk: format!("OUTBOX#{}", metadata.event_id),
            sk: "OUTBOX".to_owned(),
            source: envelope::source::<P>(),
            detail_type: envelope::detail_type::<P>(),
            detail,
            subject: metadata.subject.clone(),
            sequence: metadata.sequence,
            user: event.data.user(),
            expires_at,
        })
    }

    /// The event's id.
    #[must_use]
    pub fn event_id(&self) -> &str {
        self.pk.strip_prefix("OUTBOX#").unwrap_or(&self.pk)
    }

    /// The write that commits the event, to go into the transaction of the change.
    ///
    /// # Errors
    /// When the row cannot be turned into an item.
    pub fn put(&self, table: &str) -> Result<TransactWriteItem, OutboxError> {
        let item = serde_dynamo::to_item(self).map_err(OutboxError::Unstorable)?;
        let put = Put::builder().table_name(table).set_item(Some(item)).build().map_err(OutboxError::Incomplete)?;
        Ok(TransactWriteItem::builder().put(put).build())
    }
}

/// Why an event cannot be committed.
#[derive(Debug, thiserror::Error)]
pub enum OutboxError {
    /// The event has no JSON form.
    #[error("the event cannot be written as JSON")]
    Unwritable(#[source] serde_json::Error),
    /// The event is larger than an event may be.
    #[error("the event has {0} bytes, an event may have {MAX_EVENT_BYTES}")]
    TooLarge(usize),
    /// The row has no item form.
    #[error("the outbox row cannot be stored")]
    Unstorable(#[source] serde_dynamo::Error),
    /// The SDK misses a field of the write.
    #[error("the outbox write is incomplete")]
    Incomplete(#[source] BuildError),
}
