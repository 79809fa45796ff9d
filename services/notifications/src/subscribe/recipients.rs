//! Events that update this service's copy of addresses and profiles: one conversion for each event, and one job.

use events::envelope::Event;

use crate::app::error::JobError;
use crate::app::recipients::Recipients;
use crate::domain::recipient::Profile;
use crate::subscribe::payloads::{ProfilePayload, RegistrationPayload};

/// The data of an event about a recipient. Only the registration has the address.
pub(crate) struct RecipientUpdate {
    email: Option<String>,
    profile: ProfilePayload,
}

/// Saves the address and the profile of an event.
///
/// Repeats and any order are harmless: an address is saved once, and a profile is only replaced by a newer one. Lambda
/// retries all failures.
pub(crate) async fn update(recipients: &Recipients, event: Event<RecipientUpdate>) -> Result<(), JobError> {
    let Event { metadata, data: RecipientUpdate { email, profile } } = event;
    Ok(recipients.update(email, profile.at_sequence(metadata.sequence)).await?)
}

pub(crate) fn user_registered(registration: RegistrationPayload) -> RecipientUpdate {
    RecipientUpdate { email: Some(registration.email), profile: registration.profile }
}

pub(crate) fn profile_changed(profile: ProfilePayload) -> RecipientUpdate {
    RecipientUpdate { email: None, profile }
}

impl ProfilePayload {
    fn at_sequence(self, sequence: u64) -> Profile {
        let Self { user_id: user, display_name, locale, time_zone: time_zone_name } = self;
        Profile { user, sequence, display_name, locale, time_zone_name }
    }
}
