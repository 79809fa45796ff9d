//! Events that keep the service's own copy of the people whom it writes to.
//!
//! A repeat is harmless, and so is any order: the address is kept once, and a profile only gives way to a newer one.

use events::envelope::Event;
use lambda_kit::clock;
use tracing::info;
use uuid::Uuid;

use crate::domain::Profile;
use crate::domain::digest::comes_at;
use crate::store::{Applied, Store};
use crate::subscribe::error::SubscribeError;
use crate::subscribe::readers::{ProfileSeen, RegisteredSeen};

/// Keeps a new user's address and profile.
pub(crate) async fn registered(store: &Store, event: Event<RegisteredSeen>) -> Result<(), SubscribeError> {
    let RegisteredSeen { email, profile } = event.data;
    if store.is_deleted(profile.user_id).await? {
        info!("the user has deleted their account");
        return Ok(());
    }
    let user = profile.user_id;
    store.keep_address(user, email).await?;
    keep(store, profile, event.metadata.sequence).await?;
    replan(store, user).await
}

/// Keeps a user's changed profile, also when it comes before their registration.
pub(crate) async fn changed(store: &Store, event: Event<ProfileSeen>) -> Result<(), SubscribeError> {
    if store.is_deleted(event.data.user_id).await? {
        info!("the user has deleted their account");
        return Ok(());
    }
    let user = event.data.user_id;
    keep(store, event.data, event.metadata.sequence).await?;
    replan(store, user).await
}

/// Moves a digest that was planned before its user's time zone was known, or in another one: its hour is one of their day.
async fn replan(store: &Store, user: Uuid) -> Result<(), SubscribeError> {
    let Some(planned) = store.planned_digest(user).await? else {
        return Ok(());
    };
    let Some(recipient) = store.recipient(user).await? else {
        return Ok(());
    };
    let zone = recipient.zone();
    if !comes_at(planned.wishes.digest_hour, &zone, planned.at) {
        store.move_digest(&planned, planned.wishes.next_digest(&zone, clock::now())).await?;
    }
    Ok(())
}

async fn keep(store: &Store, seen: ProfileSeen, sequence: u64) -> Result<(), SubscribeError> {
    let profile = Profile {
        user: seen.user_id,
        sequence,
        display_name: seen.display_name,
        locale: seen.locale,
        time_zone: seen.time_zone,
    };
    match store.keep_profile(profile).await? {
        Applied::Now => {}
        Applied::Before => info!("a profile as new as this one is known already"),
    }
    Ok(())
}
