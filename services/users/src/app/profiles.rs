//! Profiles: made at registration or by the user's first request, read, changed and listed.

use lambda_kit::caller::Caller;
use lambda_kit::clock;
use lambda_kit::contention::{self, ATTEMPTS};
use lambda_kit::correlation::CorrelationContext;
use lambda_kit::page::Limit;
use lambda_kit::table::TableError;

use crate::app::error::AppError;
use crate::domain::profile::{Attributes, ListPosition, Profile, Settings};
use crate::store::{Page, SaveOutcome, Store};
use crate::user_pool::UserPool;

/// The callers' own profiles, and the user pool from which a missing one is made.
#[derive(Clone, Debug)]
pub(crate) struct Profiles {
    pub(crate) store: Store,
    pub(crate) pool: UserPool,
}

impl Profiles {
    /// The caller's profile. It is made now if the user pool's trigger has not made it: because it failed, or because
    /// Cognito does not call it for users that an administrator creates.
    pub(crate) async fn get(&self, caller: &Caller, correlation: &CorrelationContext) -> Result<Profile, AppError> {
        for attempt in 0..ATTEMPTS {
            if let Some(profile) = self.store.profile(caller.subject).await? {
                return Ok(profile);
            }
            if self.store.is_deleted(caller.subject).await? {
                return Err(AppError::UserNotFound);
            }
            let user = self.pool.user(&caller.username).await?.ok_or(AppError::UserNotFound)?;
            let change = Profile::register(user.attributes(), clock::now())?;
            // After a user was deleted, another user can get the same name, but never the same subject.
            if change.profile.id != caller.subject {
                return Err(AppError::UserNotFound);
            }
            match self.store.save(change, correlation).await? {
                SaveOutcome::Saved(profile) => return Ok(profile),
                SaveOutcome::Conflict => contention::pause(attempt).await,
            }
        }
        Err(AppError::Contended)
    }

    /// Computes new settings with `rule` and saves them. Returns the current profile if nothing changes.
    pub(crate) async fn change<E: From<AppError>>(
        &self,
        caller: &Caller,
        correlation: &CorrelationContext,
        rule: impl Fn(&Profile) -> Result<Settings, E>,
    ) -> Result<Profile, E> {
        for attempt in 0..ATTEMPTS {
            let profile = self.get(caller, correlation).await?;
            let settings = rule(&profile)?;
            let Some(change) = profile.clone().edit(settings, clock::now()) else {
                return Ok(profile);
            };
            match self.store.save(change, correlation).await.map_err(AppError::from)? {
                SaveOutcome::Saved(profile) => return Ok(profile),
                SaveOutcome::Conflict => contention::pause(attempt).await,
            }
        }
        Err(AppError::Contended.into())
    }
}

/// The list of all users.
#[derive(Clone, Debug)]
pub(crate) struct UserDirectory {
    pub(crate) store: Store,
}

impl UserDirectory {
    pub(crate) async fn list(&self, limit: Limit, after: Option<ListPosition>) -> Result<Page, AppError> {
        Ok(self.store.list(limit, after).await?)
    }
}

/// The registration of users that the user pool has confirmed.
#[derive(Clone, Debug)]
pub(crate) struct Registrations {
    pub(crate) store: Store,
}

/// The result of a registration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RegistrationOutcome {
    Registered,
    AlreadyRegistered,
}

impl Registrations {
    /// Writes the first profile of a user, unless there is one.
    pub(crate) async fn register(
        &self,
        user: Attributes<'_>,
        correlation: &CorrelationContext,
    ) -> Result<RegistrationOutcome, AppError> {
        let change = Profile::register(user, clock::now())?;
        let outcome: Result<SaveOutcome, TableError> = self.store.save(change, correlation).await;
        Ok(match outcome? {
            SaveOutcome::Saved(_) => RegistrationOutcome::Registered,
            SaveOutcome::Conflict => RegistrationOutcome::AlreadyRegistered,
        })
    }
}
