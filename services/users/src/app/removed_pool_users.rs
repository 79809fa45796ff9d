//! Users that were removed from the user pool without a request to this service.
//!
//! Every owner of an access token may call Cognito's own `DeleteUser`, and an administrator may delete a user in the
//! console. The pool does not tell this service, so an hourly job compares: a profile without a subject in the pool is
//! deleted as by `DELETE /me`. A subject is never reused, so a user who signs up with the same address again is another
//! user here.
//!
//! The pool's list alone is not enough, because it is eventually consistent; the job asks for each user who is missing in
//! it. Asking for every user instead would make each of them a monthly active user, who costs money.
//!
//! Sources: <https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_ListUsers.html>,
//! <https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_DeleteUser.html>,
//! <https://docs.aws.amazon.com/cognito/latest/developerguide/quotas.html#monthly-active-users>

use jiff::SignedDuration;
use lambda_kit::clock;
use lambda_kit::correlation::CorrelationContext;
use tracing::info;
use uuid::Uuid;

use crate::app::deletions::Deletions;
use crate::app::error::AppError;
use crate::domain::deletion::BeginOutcome;
use crate::domain::missing_users::MissingUsers;
use crate::user_pool::UserPool;

/// Younger profiles wait for the next run, so that a sign-up that is still going on is not looked at.
const MIN_PROFILE_AGE: SignedDuration = SignedDuration::from_mins(15);

/// The default maximum of deletions per run, so that an operator who is alarmed has time before more are deleted.
pub(crate) const DEFAULT_MAX_DELETIONS: usize = 100;

/// Compares the profiles with the user pool.
#[derive(Clone, Debug)]
pub(crate) struct PoolReconciliation {
    pub(crate) deletions: Deletions,
    pub(crate) pool: UserPool,
}

impl PoolReconciliation {
    /// Begins the deletion of users that were removed from the pool, of at most `max_deletions`.
    ///
    /// # Errors
    /// When more users are missing in the pool, after the deletions; the next run continues.
    pub(crate) async fn delete_removed_users(
        &self,
        max_deletions: usize,
        correlation: &CorrelationContext,
    ) -> Result<(), AppError> {
        let missing = self.missing_users().await?;
        let are_too_many = missing.len() > max_deletions;
        let mut begun = 0;
        for user in self.removed_users(missing.candidates(max_deletions), max_deletions).await? {
            match self.deletions.begin(user, correlation).await? {
                BeginOutcome::Started => begun += 1,
                // The index was outdated, or the next run finds the user again.
                BeginOutcome::AlreadyStarted | BeginOutcome::Conflict => {}
            }
        }
        info!(deletions.begun = begun, "looked for users that were removed from the user pool");
        if are_too_many { Err(AppError::TooManyRemovedUsers(max_deletions)) } else { Ok(()) }
    }

    async fn missing_users(&self) -> Result<MissingUsers, AppError> {
        let registered_before = clock::now().saturating_sub(MIN_PROFILE_AGE).unwrap_or_default();
        let profiles = self.deletions.store.registered_before(registered_before).await?;
        let listed = self.pool.subjects().await?;
        Ok(MissingUsers::new(profiles, |user| listed.contains(user)))
    }

    /// The first `max` of the users that the pool does not know. Every other answer of the pool is a failure.
    async fn removed_users(&self, candidates: &[Uuid], max: usize) -> Result<Vec<Uuid>, AppError> {
        let mut removed = Vec::new();
        for user in candidates {
            if removed.len() == max {
                break;
            }
            if self.pool.user(&user.to_string()).await?.is_none() {
                removed.push(*user);
            }
        }
        Ok(removed)
    }
}
