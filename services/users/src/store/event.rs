//! The outbox rows of this service's events.

use events::envelope::{Event, Payload};
use events::users::{
    UserDeletedV1, UserExportReadyV1, UserExportRequestedV1, UserProfileChangedV1, UserRegisteredV1, UserSignedOutV1,
};
use jiff::Timestamp;
use lambda_kit::clock;
use lambda_kit::correlation::{CorrelationContext, NewEvent};
use lambda_kit::outbox::{OutboxError, OutboxRow};
use uuid::Uuid;

use crate::domain::deletion::OpenDeletion;
use crate::domain::export::{Archive, Export};
use crate::domain::profile::{Change, DomainEvent};

/// The event of a new or changed profile.
pub(crate) fn profile_changed(change: &Change, correlation: &CorrelationContext) -> Result<OutboxRow, OutboxError> {
    let profile = &change.profile;
    let user_id = profile.id;
    let display_name = profile.settings.display_name.as_str().to_owned();
    let locale = profile.settings.locale.as_str().to_owned();
    let time_zone = profile.settings.time_zone.as_str().to_owned();
    match &change.event {
        DomainEvent::Registered => profile_row(
            change,
            correlation,
            UserRegisteredV1 {
                user_id,
                email: profile.email.as_str().to_owned(),
                display_name,
                locale,
                time_zone,
                registered_at: profile.registered_at,
            },
        ),
        DomainEvent::Changed(fields) => profile_row(
            change,
            correlation,
            UserProfileChangedV1 {
                user_id,
                changed: fields.iter().map(|&field| field.to_owned()).collect(),
                display_name,
                locale,
                time_zone,
            },
        ),
    }
}

/// The event that requests a user's erasure from the participants of a deletion; it may be requested more than once.
pub(crate) fn user_deleted(
    deletion: &OpenDeletion,
    now: Timestamp,
    correlation: &CorrelationContext,
) -> Result<OutboxRow, OutboxError> {
    let data = UserDeletedV1 { user_id: deletion.user, deleted_at: deletion.requested_at };
    let (subject, sequence) = (deletion.user.to_string(), deletion.sequence);
    row(NewEvent { id: clock::new_id(), occurred_at: now, subject, sequence }, correlation, data)
}

/// The event of a sign-out on all devices, each of which is a separate subject.
pub(crate) fn user_signed_out(
    user_id: Uuid,
    sessions_ended_before: Timestamp,
    now: Timestamp,
    correlation: &CorrelationContext,
) -> Result<OutboxRow, OutboxError> {
    let id = clock::new_id();
    let data = UserSignedOutV1 { user_id, sessions_ended_before };
    row(NewEvent { id, occurred_at: now, subject: id.to_string(), sequence: 1 }, correlation, data)
}

/// The event that requests the parts of an export from its participants.
pub(crate) fn export_requested(export: &Export, correlation: &CorrelationContext) -> Result<OutboxRow, OutboxError> {
    let (user_id, export_id, requested_at) = (export.user, export.id, export.requested_at);
    let data = UserExportRequestedV1 { user_id, export_id, requested_at };
    let subject = export_id.to_string();
    row(NewEvent { id: clock::new_id(), occurred_at: requested_at, subject, sequence: 1 }, correlation, data)
}

/// The event that an export's archive is ready.
pub(crate) fn export_ready(
    export: &Export,
    archive: Archive,
    now: Timestamp,
    correlation: &CorrelationContext,
) -> Result<OutboxRow, OutboxError> {
    let Archive { bytes, expires_at } = archive;
    let data = UserExportReadyV1 { user_id: export.user, export_id: export.id, bytes, expires_at };
    let subject = export.id.to_string();
    row(NewEvent { id: clock::new_id(), occurred_at: now, subject, sequence: 2 }, correlation, data)
}

fn profile_row<P: Payload>(
    change: &Change,
    correlation: &CorrelationContext,
    data: P,
) -> Result<OutboxRow, OutboxError> {
    let new = NewEvent {
        id: clock::new_id(),
        occurred_at: change.profile.updated_at,
        subject: change.profile.id.to_string(),
        sequence: change.profile.version,
    };
    row(new, correlation, data)
}

fn row<P: Payload>(new: NewEvent, correlation: &CorrelationContext, data: P) -> Result<OutboxRow, OutboxError> {
    OutboxRow::new(&Event { metadata: correlation.metadata::<P>(env!("CARGO_PKG_VERSION"), new), data })
}
