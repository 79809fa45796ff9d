//! What happened to a profile, as the event that the bus will carry.

use events::envelope::{Event, Payload};
use events::users::{UserProfileChangedV1, UserRegisteredV1};
use lambda_kit::cause::{Cause, NewEvent};
use lambda_kit::clock;
use lambda_kit::outbox::{OutboxError, OutboxRow};

use crate::domain::{Change, Happening};

/// The outbox row of a change.
pub(crate) fn outbox_row(change: &Change, cause: &Cause) -> Result<OutboxRow, OutboxError> {
    let profile = &change.profile;
    let user_id = profile.id;
    let display_name = profile.settings.display_name.as_str().to_owned();
    let locale = profile.settings.locale.as_str().to_owned();
    let time_zone = profile.settings.time_zone.as_str().to_owned();
    match &change.what {
        Happening::Registered => row(
            change,
            cause,
            UserRegisteredV1 {
                user_id,
                email: profile.email.as_str().to_owned(),
                display_name,
                locale,
                time_zone,
                registered_at: profile.registered_at,
            },
        ),
        Happening::Changed(fields) => row(
            change,
            cause,
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

fn row<P: Payload>(change: &Change, cause: &Cause, data: P) -> Result<OutboxRow, OutboxError> {
    let new = NewEvent {
        id: clock::new_id(),
        occurred_at: change.profile.updated_at,
        subject: change.profile.id.to_string(),
        sequence: change.profile.version,
    };
    OutboxRow::new(&Event { metadata: cause.metadata::<P>(env!("CARGO_PKG_VERSION"), new), data })
}
