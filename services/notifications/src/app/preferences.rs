//! Reading and changing a user's preferences.

use lambda_kit::clock;
use lambda_kit::contention::{self, ATTEMPTS};
use lambda_kit::table::TableError;
use uuid::Uuid;

use crate::domain::date_time;
use crate::domain::preferences::{EmailSettings, Preferences};
use crate::domain::recipient::EmailProblem;
use crate::store::Store;
use crate::store::preferences::{PlannedPreferences, SaveOutcome};

#[derive(Clone, Debug)]
pub(crate) struct UserPreferences {
    pub(crate) store: Store,
}

/// Why preferences were not changed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ChangeError<E> {
    /// The rule of the caller does not allow the change.
    #[error("the change was refused")]
    Refused(E),
    #[error("the user has deleted their account")]
    UserDeleted,
    #[error("other requests changed the same preferences in each of {ATTEMPTS} attempts")]
    Contended,
    #[error("the table failed")]
    Table(#[from] TableError),
}

impl UserPreferences {
    pub(crate) async fn get(&self, user: Uuid) -> Result<Preferences, TableError> {
        self.store.preferences(user).await
    }

    /// Why nothing is sent to the user's address any more.
    pub(crate) async fn email_problem(&self, user: Uuid) -> Result<Option<EmailProblem>, TableError> {
        Ok(self.store.recipient(user).await?.and_then(|recipient| recipient.email_problem))
    }

    /// Computes new settings with `rule` and saves them. Returns the current preferences if there is no change.
    pub(crate) async fn change<E>(
        &self,
        user: Uuid,
        rule: impl Fn(Preferences) -> Result<EmailSettings, E>,
    ) -> Result<Preferences, ChangeError<E>> {
        for attempt in 0..ATTEMPTS {
            let PlannedPreferences { preferences, digest_at } = self.store.planned_preferences(user).await?;
            let settings = rule(preferences).map_err(ChangeError::Refused)?;
            let Some(changed) = preferences.with_settings(settings) else {
                return Ok(preferences);
            };
            let recipient = self.store.recipient(user).await?;
            let zone = recipient.map_or_else(|| date_time::time_zone(""), |recipient| recipient.time_zone());
            // A digest that is due and not sent yet stays due, whatever else is changed.
            let next_digest = changed.settings.next_digest_keeping(digest_at, &zone, clock::now());
            let next = PlannedPreferences { preferences: changed, digest_at: next_digest };
            match self.store.save_preferences(user, next, digest_at).await? {
                SaveOutcome::Saved => return Ok(changed),
                SaveOutcome::UserDeleted => return Err(ChangeError::UserDeleted),
                SaveOutcome::Conflict => contention::pause(attempt).await,
            }
        }
        Err(ChangeError::Contended)
    }
}
