//! Unsubscribing from emails without signing in (RFC 8058).

use std::convert::Infallible;

use lambda_kit::table::TableError;
use uuid::Uuid;

use crate::app::preferences::{ChangeError, UserPreferences};
use crate::domain::preferences::EmailKind;
use crate::domain::unsubscribe::UnsubscribeTokenSigner;
use crate::store::Store;

/// Without `Debug`, because it holds a secret.
#[derive(Clone)]
pub(crate) struct Unsubscriber {
    pub(crate) store: Store,
    pub(crate) signer: UnsubscribeTokenSigner,
    /// The origin of the page, if there is one.
    pub(crate) page: Option<String>,
}

impl Unsubscriber {
    /// The user and the kind of email of a token; `None` if the token is not valid.
    pub(crate) fn verify(&self, token: &str) -> Option<(Uuid, EmailKind)> {
        self.signer.verify(token)
    }

    /// The address of the page that asks for confirmation; `None` if there is no page.
    pub(crate) fn confirmation_url(&self, user: Uuid, kind: EmailKind) -> Option<String> {
        let page = self.page.as_deref()?;
        Some(format!("{page}/unsubscribe?token={}", self.signer.sign(user, kind)))
    }

    /// Unsubscribes a user from a kind of email. It is no error if the user is deleted or unsubscribed already.
    pub(crate) async fn unsubscribe(&self, user: Uuid, kind: EmailKind) -> Result<(), ChangeError<Infallible>> {
        // A token never expires, so it may be used when both the user and the tombstone are gone.
        if !self.is_known(user).await? {
            return Ok(());
        }
        let preferences = UserPreferences { store: self.store.clone() };
        match preferences.change(user, |preferences| Ok(preferences.settings.unsubscribed_from(kind))).await {
            Ok(_) | Err(ChangeError::UserDeleted) => Ok(()),
            Err(error) => Err(error),
        }
    }

    async fn is_known(&self, user: Uuid) -> Result<bool, TableError> {
        Ok(self.store.recipient(user).await?.is_some())
    }
}
