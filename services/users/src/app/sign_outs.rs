//! Signs users out on all devices.

use lambda_kit::correlation::CorrelationContext;
use lambda_kit::{clock, sessions};
use uuid::Uuid;

use crate::app::error::AppError;
use crate::store::Store;
use crate::user_pool::UserPool;

/// The table and the user pool, which end sessions together.
#[derive(Clone, Debug)]
pub(crate) struct SignOuts {
    pub(crate) store: Store,
    pub(crate) pool: UserPool,
}

impl SignOuts {
    /// Ends all sessions of a user that have begun by now. The pool is first, so that the services never accept a session
    /// that the pool goes on to end.
    ///
    /// It returns when the second is over in which sessions have ended, so that a sign-in after that is a new session.
    pub(crate) async fn sign_out(&self, user: Uuid, correlation: &CorrelationContext) -> Result<(), AppError> {
        self.pool.sign_out(user).await?;
        let now = clock::now();
        let before = sessions::next_second(now);
        self.store.end_sessions(user, before, now, correlation).await?;
        tokio::time::sleep(sessions::time_until(before, clock::now())).await;
        Ok(())
    }
}
