//! The events of services that hold personal data: each of them takes part in the erasure and the export of users.
//!
//! Several services publish these events, each under its own `source` and with its own schema, example and release. The
//! bus's `source`, which IAM restricts to the publishing service, tells which service has answered.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::bounds::{Count, Text};
use crate::envelope::{self, BusEvent, Event, Metadata, ReadError};

/// How the `source` of each event of Busline begins; the name of the publishing service follows.
const SOURCE_PREFIX: &str = "busline.";

/// The data of an event version that each participant publishes.
pub trait ParticipantPayload: Serialize + DeserializeOwned {
    /// The event's name in the past tense, such as `UserDataErased`.
    const NAME: &'static str;
    /// The event's version, from 1.
    const VERSION: u32;

    /// The user that the event is about: when they delete their account, its copies in the outbox are deleted too. `None`
    /// for an event that names no user.
    fn user(&self) -> Option<Uuid>;
}

/// The bus's `detail-type` of an event: `<Event>.v<N>`.
#[must_use]
pub fn detail_type<P: ParticipantPayload>() -> String {
    format!("{}.v{}", P::NAME, P::VERSION)
}

/// The bus's `source` of an event that `service` publishes: `busline.<service>`.
#[must_use]
pub fn source(service: &str) -> String {
    format!("{SOURCE_PREFIX}{service}")
}

/// The name of the schema of an event that `service` publishes: `<service>/<Event>/v<N>`.
#[must_use]
pub fn schema<P: ParticipantPayload>(service: &str) -> String {
    format!("{service}/{}/v{}", P::NAME, P::VERSION)
}

/// The service that has published an event which [`read`] has returned.
#[must_use]
pub fn publisher(metadata: &Metadata) -> &str {
    metadata.schema.split('/').next().unwrap_or_default()
}

/// Reads the event `P` of any publisher into the subscriber's own type `D`.
///
/// # Errors
/// When the message is another event than `P`, its `detail` is not an envelope around a `D`, or its schema is the one of
/// another service than its `source`.
pub fn read<P: ParticipantPayload, D: DeserializeOwned>(message: BusEvent) -> Result<Event<D>, ReadError> {
    let Some(service) = message.source.strip_prefix(SOURCE_PREFIX).filter(|service| is_service_name(service)) else {
        return Err(envelope::other_event("source", &source("<service>"), &message.source));
    };
    let schema = schema::<P>(service);
    envelope::read_named(message, &detail_type::<P>(), &schema)
}

fn is_service_name(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

/// The publishing service has erased everything that it had about a deleted user.
///
/// It names the deletion and not the user, so that a proof of the erasure does not keep the user's id.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct UserDataErasedV1 {
    /// The deletion: the hash of the user's id, 64 hexadecimal digits.
    #[schemars(with = "Text<64, 64>")]
    pub deletion_id: String,
    /// When the erasure ended.
    pub erased_at: Timestamp,
}

impl ParticipantPayload for UserDataErasedV1 {
    const NAME: &'static str = "UserDataErased";
    const VERSION: u32 = 1;

    fn user(&self) -> Option<Uuid> {
        None
    }
}

/// The publishing service has written its part of a user's export.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct UserDataExportedV1 {
    /// The user pool's `sub`.
    pub user_id: Uuid,
    /// The export that the part belongs to.
    pub export_id: Uuid,
    /// The prefix of the part's objects in the bucket of exports. 1 to 200 characters.
    #[schemars(with = "Text<1, 200>")]
    pub key: String,
    /// The size of all objects of the part.
    #[schemars(with = "Count")]
    pub bytes: u64,
}

impl ParticipantPayload for UserDataExportedV1 {
    const NAME: &'static str = "UserDataExported";
    const VERSION: u32 = 1;

    fn user(&self) -> Option<Uuid> {
        Some(self.user_id)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn message(source: &str, schema: &str) -> BusEvent {
        let detail = json!({
            "metadata": {
                "eventId": "0198c0de-0000-7000-8000-000000000001", "occurredAt": "2026-11-21T08:00:00Z",
                "subject": "s", "sequence": 1, "correlationId": "c", "causationId": "r",
                "traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
                "producer": "orders@0.1.0", "schema": schema,
            },
            "data": {"deletionId": "d", "erasedAt": "2026-11-21T08:00:00Z"},
        });
        BusEvent { source: source.to_owned(), detail_type: "UserDataErased.v1".to_owned(), detail }
    }

    fn read_message(source: &str, schema: &str) -> Result<Event<UserDataErasedV1>, ReadError> {
        read::<UserDataErasedV1, _>(message(source, schema))
    }

    #[test]
    fn the_source_names_the_publisher() {
        let event = read_message("busline.orders", "orders/UserDataErased/v1").unwrap();
        assert_eq!(publisher(&event.metadata), "orders");
    }

    #[test]
    fn an_event_with_the_schema_of_another_service_is_refused() {
        read_message("busline.orders", "billing/UserDataErased/v1").unwrap_err();
    }

    #[test]
    fn an_event_of_another_system_is_refused() {
        for source in ["aws.s3", "busline.", "busline.a/b", "busline"] {
            let error = read_message(source, "orders/UserDataErased/v1").unwrap_err().to_string();
            assert_eq!(error, format!("the event's source is `{source}`, this function reads `busline.<service>`"));
        }
    }
}
