//! This service's copy of users' addresses and profiles.

use lambda_kit::clock;
use lambda_kit::table::TableError;
use tracing::info;
use uuid::Uuid;

use crate::app::error::JobError;
use crate::domain::digest_schedule::is_digest_time;
use crate::domain::recipient::{EmailProblem, Profile};
use crate::store::{Store, WriteOutcome};

#[derive(Clone, Debug)]
pub(crate) struct Recipients {
    pub(crate) store: Store,
}

impl Recipients {
    /// Saves a profile, and the address if there is one, unless the user is deleted. A changed profile may arrive
    /// before the registration.
    pub(crate) async fn update(&self, email: Option<String>, profile: Profile) -> Result<(), TableError> {
        let user = profile.user;
        if self.store.is_deleted(user).await? {
            info!("the user has deleted their account");
            return Ok(());
        }
        if let Some(email) = email {
            self.store.save_address(user, email).await?;
        }
        match self.store.save_profile(profile).await? {
            WriteOutcome::Applied => {}
            WriteOutcome::Duplicate => info!("the profile is known already, or a newer one"),
        }
        self.reschedule_digest(user).await
    }

    /// Sends no more emails to an address, unless the user is deleted. An error before the registration has arrived.
    pub(crate) async fn stop_emails(&self, user: Uuid, address: String, problem: EmailProblem) -> Result<(), JobError> {
        if self.store.recipient(user).await?.is_none() {
            return if self.store.is_deleted(user).await? { Ok(()) } else { Err(JobError::RecipientUnknown) };
        }
        match self.store.save_email_problem(user, address, problem).await? {
            WriteOutcome::Applied => info!(user.id = %user, "no more emails are sent to the address"),
            WriteOutcome::Duplicate => info!(user.id = %user, "the user has another address"),
        }
        Ok(())
    }

    /// Moves a digest that was planned for another time zone, or before the time zone was known.
    async fn reschedule_digest(&self, user: Uuid) -> Result<(), TableError> {
        let Some(planned) = self.store.planned_digest(user).await? else {
            return Ok(());
        };
        let Some(recipient) = self.store.recipient(user).await? else {
            return Ok(());
        };
        let zone = recipient.time_zone();
        if !is_digest_time(planned.settings.digest_hour, &zone, planned.at) {
            let next = planned.settings.next_digest(&zone, clock::now());
            self.store.reschedule_digest(&planned, next).await?;
        }
        Ok(())
    }
}
