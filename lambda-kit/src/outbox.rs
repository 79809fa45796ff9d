//! The transactional outbox: the finished event is a row, written in the transaction that makes the change.

use aws_sdk_dynamodb::error::BuildError;
use aws_sdk_dynamodb::types::{Put, TransactWriteItem};
use events::envelope::MAX_EVENT_BYTES;
use events::envelope::{self, Event, Payload};
use events::participants::{self, ParticipantPayload};
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::ttl;

/// How long a row is kept: longer than every queue's retention, so that a lost failure message can be replayed from here.
pub const OUTBOX_RETENTION: SignedDuration = SignedDuration::from_hours(30 * 24);

/// One event that waits for the publisher: `pk` is `OUTBOX#<event id>`, `sk` is `OUTBOX`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OutboxRow {
    pk: String,
    sk: String,
    /// The event's `source` on the bus: `busline.<service>`.
    pub source: String,
    /// The event's `detail-type` on the bus: `<Event>.v<N>`.
    pub detail_type: String,
    /// The event as JSON, at most [`MAX_EVENT_BYTES`] bytes.
    pub detail: String,
    /// The id of the thing that the event is about.
    pub subject: String,
    /// The number of the subject's change, from 1.
    pub sequence: u64,
    /// The user that the event is about, if it names one: the key of the index `byUser`, in which an erasure finds it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<Uuid>,
    expires_at: i64,
}

impl OutboxRow {
    /// Converts an event to its row.
    ///
    /// # Errors
    /// When the event cannot be written as JSON, or is larger than [`MAX_EVENT_BYTES`].
    pub fn new<P: Payload>(event: &Event<P>) -> Result<Self, OutboxError> {
        let (source, detail_type) = (envelope::source::<P>(), envelope::detail_type::<P>());
        Self::from_event(event, source, detail_type, event.data.user())
    }

    /// Converts an event that several services publish to the row of the publishing `service`.
    ///
    /// # Errors
    /// As [`OutboxRow::new`].
    pub fn from_participant<P: ParticipantPayload>(service: &str, event: &Event<P>) -> Result<Self, OutboxError> {
        let (source, detail_type) = (participants::source(service), participants::detail_type::<P>());
        Self::from_event(event, source, detail_type, event.data.user())
    }

    fn from_event<P: Serialize>(
        event: &Event<P>,
        source: String,
        detail_type: String,
        user: Option<Uuid>,
    ) -> Result<Self, OutboxError> {
        let detail = serde_json::to_string(event).map_err(OutboxError::Json)?;
        if detail.len() > MAX_EVENT_BYTES {
            return Err(OutboxError::TooLarge(detail.len()));
        }
        let metadata = &event.metadata;
        let expires_at = ttl::expires_at(metadata.occurred_at, OUTBOX_RETENTION);
        Ok(Self {
            pk: format!("OUTBOX#{}", metadata.event_id),
            sk: "OUTBOX".to_owned(),
            source,
            detail_type,
            detail,
            subject: metadata.subject.clone(),
            sequence: metadata.sequence,
            user,
            expires_at,
        })
    }

    /// The event's id, which subscribers claim.
    #[must_use]
    pub fn event_id(&self) -> &str {
        self.pk.strip_prefix("OUTBOX#").unwrap_or(&self.pk)
    }

    /// The write of this row; put it into the transaction of the change.
    ///
    /// # Errors
    /// When the row cannot be converted to an item.
    pub fn put(&self, table: &str) -> Result<TransactWriteItem, OutboxError> {
        let item = serde_dynamo::to_item(self).map_err(OutboxError::Item)?;
        let put = Put::builder().table_name(table).set_item(Some(item)).build().map_err(OutboxError::Incomplete)?;
        Ok(TransactWriteItem::builder().put(put).build())
    }
}

/// Why an event cannot be written to the outbox.
#[derive(Debug, thiserror::Error)]
pub enum OutboxError {
    /// The event cannot be written as JSON.
    #[error("the event cannot be written as JSON")]
    Json(#[source] serde_json::Error),
    /// The event is larger than [`MAX_EVENT_BYTES`]; holds its size.
    #[error("the event has {0} bytes, the maximum is {MAX_EVENT_BYTES}")]
    TooLarge(usize),
    /// The row cannot be converted to an item.
    #[error("the outbox row cannot be converted to a DynamoDB item")]
    Item(#[source] serde_dynamo::Error),
    /// The SDK misses a required field of the write.
    #[error("a required field of the outbox write is missing")]
    Incomplete(#[source] BuildError),
}
