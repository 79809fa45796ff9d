//! Every event of Busline, for the tools that compare what is published with what is read.

use std::fmt;

use schemars::JsonSchema;
use serde_json::Value;
use uuid::Uuid;

use crate::documents;
use crate::envelope::{self, BusEvent, Payload, ReadError};
use crate::participants::{self, ParticipantPayload};

/// One event version: its names and its type.
#[derive(Clone)]
pub struct EventType {
    /// The service that publishes it.
    pub service: &'static str,
    /// The bus's `source`: `busline.<service>`.
    pub source: String,
    /// The bus's `detail-type`: `<Event>.v<N>`.
    pub detail_type: String,
    /// The schema's name: `<service>/<Event>/v<N>`.
    pub schema: String,
    example: &'static str,
    document: fn(&str, &Value) -> Value,
    rewrite: fn(BusEvent) -> Result<Value, ReadError>,
    user: fn(BusEvent) -> Result<Option<Uuid>, ReadError>,
}

/// All events, by publisher: `build.rs` finds them by their examples.
#[must_use]
pub fn all() -> Vec<EventType> {
    include!(concat!(env!("OUT_DIR"), "/catalog.rs"))
}

impl EventType {
    /// The JSON Schema of its whole `detail`, as the Rust type has it, with its example.
    #[must_use]
    pub fn document(&self) -> Value {
        // An example that is no JSON leaves a null here, which no schema of an event allows: the tests say so.
        let example: Value = serde_json::from_str(self.example).unwrap_or_default();
        (self.document)(self.service, &example["detail"])
    }

    /// Reads a bus event into the Rust type and writes its `detail` again.
    ///
    /// # Errors
    /// When the message is no event of this type.
    pub fn rewrite(&self, message: BusEvent) -> Result<Value, ReadError> {
        (self.rewrite)(message)
    }

    /// The user that a bus event of this type is about, as its payload tells.
    ///
    /// # Errors
    /// When the message is no event of this type.
    pub fn user(&self, message: BusEvent) -> Result<Option<Uuid>, ReadError> {
        (self.user)(message)
    }
}

impl fmt::Debug for EventType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("EventType").field(&self.schema).finish()
    }
}

fn event<P: Payload + JsonSchema>(example: &'static str) -> EventType {
    EventType {
        service: P::SERVICE,
        source: envelope::source::<P>(),
        detail_type: envelope::detail_type::<P>(),
        schema: envelope::schema::<P>(),
        example,
        document: |_, example| documents::written::<P>(example),
        rewrite: |message| envelope::read::<P, P>(message).map(|event| serde_json::json!(event)),
        user: |message| envelope::read::<P, P>(message).map(|event| event.data.user()),
    }
}

/// An event that several services publish, as one of them does.
fn participant_event<P: ParticipantPayload + JsonSchema>(service: &'static str, example: &'static str) -> EventType {
    EventType {
        service,
        source: participants::source(service),
        detail_type: participants::detail_type::<P>(),
        schema: participants::schema::<P>(service),
        example,
        document: documents::written_by_participant::<P>,
        rewrite: |message| participants::read::<P, P>(message).map(|event| serde_json::json!(event)),
        user: |message| participants::read::<P, P>(message).map(|event| event.data.user()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::envelope::USER_FIELDS;

    #[test]
    fn the_user_of_an_event_is_in_a_field_by_which_an_erasure_finds_it() {
        for event in all() {
            let example: Value = serde_json::from_str(event.example).unwrap();
            let user = event.user(serde_json::from_value(example.clone()).unwrap()).unwrap();
            let data = &example["detail"]["data"];
            let named: Vec<&str> = USER_FIELDS.iter().filter_map(|field| data[field].as_str()).collect();
            assert_eq!(named, user.map(|user| user.to_string()).as_slice(), "{}", event.schema);
        }
    }
}
