//! Users whom the pool has lost: somebody has deleted them past this service, so that nobody was told.
//!
//! Whoever has an access token may call Cognito's own `DeleteUser`, and an administrator may delete a user in the
//! console. The pool tells nobody, so an hourly job compares: a profile whose subject is not in the pool any more is
//! deleted as by `DELETE /me`. A subject is never given again, so that somebody who signs up with the same address is
//! somebody else here.
//!
//! The list of the pool alone decides nothing, because it follows the pool with some delay; whoever is not in it is
//! asked for by themselves. Asking for everybody so would make each of them a user to be paid for in that month.
//!
//! Sources: <https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_ListUsers.html>,
//! <https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_DeleteUser.html>,
//! <https://docs.aws.amazon.com/cognito/latest/developerguide/quotas.html#monthly-active-users>

use jiff::SignedDuration;
use lambda_kit::cause::Cause;
use lambda_kit::clock;
use tracing::info;
use uuid::Uuid;

use crate::deletion::begin::begin;
use crate::deletion::error::DeletionError;
use crate::deletion::watch::Watch;
use crate::store::Begun;

/// Profiles that are younger wait for the next run, so that a sign-up that is under way is never looked at.
const NEW: SignedDuration = SignedDuration::from_mins(15);

/// So many deletions a run begins at most unless a person allows more: that many people do not leave in an hour, and a
/// pool that was replaced must not erase everybody.
pub(crate) const AT_MOST: usize = 100;

/// Begins the deletion of everybody whom the pool has lost; of nobody when they are more than `at_most`.
pub(crate) async fn delete(job: &Watch, at_most: usize, cause: &Cause) -> Result<(), DeletionError> {
    let mut begun = 0;
    for user in lost(job, at_most).await? {
        match begin(&job.store, user, cause).await? {
            Begun::Now => begun += 1,
            // The index was behind, or the next run finds them again.
            Begun::Before | Begun::Outdated => {}
        }
    }
    info!(deletions.begun = begun, "looked for users whom the pool has lost");
    Ok(())
}

/// Those whom the pool says that it does not know. Whatever else it says is a failure.
async fn lost(job: &Watch, at_most: usize) -> Result<Vec<Uuid>, DeletionError> {
    let before = clock::now().saturating_sub(NEW).unwrap_or_default();
    let profiles = job.store.registered_before(before).await?;
    let listed = job.pool.subjects().await.map_err(DeletionError::PoolUnread)?;
    let mut lost = Vec::new();
    for user in profiles.into_iter().filter(|user| !listed.contains(user)) {
        if job.pool.user(&user.to_string()).await.map_err(DeletionError::PoolUnread)?.is_some() {
            continue;
        }
        if lost.len() == at_most {
            return Err(DeletionError::TooManyLost(at_most));
        }
        lost.push(user);
    }
    Ok(lost)
}
