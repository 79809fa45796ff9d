//! Every event of Busline, for the tools that compare what is published with what is read.

use crate::envelope::{self, Payload};
use crate::todos::{TodoChangedV1, TodoCompletedV1, TodoCreatedV1, TodoDeletedV1, TodoReopenedV1};
use crate::users::{UserProfileChangedV1, UserRegisteredV1};

/// The names of one event version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventType {
    /// The service that publishes it.
    pub service: &'static str,
    /// The bus's `source`: `busline.<service>`.
    pub source: String,
    /// The bus's `detail-type`: `<Event>.v<N>`.
    pub detail_type: String,
    /// The schema's name: `<service>/<Event>/v<N>`.
    pub schema: String,
}

/// All events, by publisher.
#[must_use]
pub fn all() -> Vec<EventType> {
    vec![
        of::<UserRegisteredV1>(),
        of::<UserProfileChangedV1>(),
        of::<TodoCreatedV1>(),
        of::<TodoChangedV1>(),
        of::<TodoCompletedV1>(),
        of::<TodoReopenedV1>(),
        of::<TodoDeletedV1>(),
    ]
}

fn of<P: Payload>() -> EventType {
    EventType {
        service: P::SERVICE,
        source: envelope::source::<P>(),
        detail_type: envelope::detail_type::<P>(),
        schema: envelope::schema::<P>(),
    }
}
