//! Every event of Busline, for the tools that compare what is published with what is read.

use std::fmt;

use schemars::JsonSchema;
use serde_json::Value;

use crate::documents;
use crate::envelope::{self, BusEvent, Payload, ReadError};
use crate::notifications::{NotificationsErasedV1, NotificationsExportedV1};
use crate::todos::attachments::{AttachmentDeletedV1, AttachmentReadyV1, AttachmentRejectedV1};
use crate::todos::{
    TodoChangedV1, TodoCompletedV1, TodoCreatedV1, TodoDeletedV1, TodoDueV1, TodoReopenedV1, TodosErasedV1,
    TodosExportedV1,
};
use crate::users::{UserDeletedV1, UserExportReadyV1, UserExportRequestedV1, UserProfileChangedV1, UserRegisteredV1};

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
    document: fn(&Value) -> Value,
    rewrite: fn(BusEvent) -> Result<Value, ReadError>,
}

/// All events, by publisher.
#[must_use]
pub fn all() -> Vec<EventType> {
    vec![
        of::<UserRegisteredV1>(include_str!("../examples/users/UserRegistered/v1.json")),
        of::<UserProfileChangedV1>(include_str!("../examples/users/UserProfileChanged/v1.json")),
        of::<UserDeletedV1>(include_str!("../examples/users/UserDeleted/v1.json")),
        of::<UserExportRequestedV1>(include_str!("../examples/users/UserExportRequested/v1.json")),
        of::<UserExportReadyV1>(include_str!("../examples/users/UserExportReady/v1.json")),
        of::<TodoCreatedV1>(include_str!("../examples/todos/TodoCreated/v1.json")),
        of::<TodoChangedV1>(include_str!("../examples/todos/TodoChanged/v1.json")),
        of::<TodoCompletedV1>(include_str!("../examples/todos/TodoCompleted/v1.json")),
        of::<TodoReopenedV1>(include_str!("../examples/todos/TodoReopened/v1.json")),
        of::<TodoDeletedV1>(include_str!("../examples/todos/TodoDeleted/v1.json")),
        of::<TodoDueV1>(include_str!("../examples/todos/TodoDue/v1.json")),
        of::<AttachmentReadyV1>(include_str!("../examples/todos/AttachmentReady/v1.json")),
        of::<AttachmentRejectedV1>(include_str!("../examples/todos/AttachmentRejected/v1.json")),
        of::<AttachmentDeletedV1>(include_str!("../examples/todos/AttachmentDeleted/v1.json")),
        of::<TodosErasedV1>(include_str!("../examples/todos/TodosErased/v1.json")),
        of::<TodosExportedV1>(include_str!("../examples/todos/TodosExported/v1.json")),
        of::<NotificationsErasedV1>(include_str!("../examples/notifications/NotificationsErased/v1.json")),
        of::<NotificationsExportedV1>(include_str!("../examples/notifications/NotificationsExported/v1.json")),
    ]
}

impl EventType {
    /// The JSON Schema of its whole `detail`, as the Rust type has it, with its example.
    #[must_use]
    pub fn document(&self) -> Value {
        // An example that is no JSON leaves a null here, which no schema of an event allows: the tests say so.
        let example: Value = serde_json::from_str(self.example).unwrap_or_default();
        (self.document)(&example["detail"])
    }

    /// Reads a bus event into the Rust type and writes its `detail` again.
    ///
    /// # Errors
    /// When the message is no event of this type.
    pub fn rewrite(&self, message: BusEvent) -> Result<Value, ReadError> {
        (self.rewrite)(message)
    }
}

impl fmt::Debug for EventType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("EventType").field(&self.schema).finish()
    }
}

fn of<P: Payload + JsonSchema>(example: &'static str) -> EventType {
    EventType {
        service: P::SERVICE,
        source: envelope::source::<P>(),
        detail_type: envelope::detail_type::<P>(),
        schema: envelope::schema::<P>(),
        example,
        document: documents::written::<P>,
        rewrite: |message| envelope::read::<P, P>(message).map(|event| serde_json::json!(event)),
    }
}
