//! The mail that says that an archive is ready.

use events::envelope::Event;
use tracing::info;

use crate::domain::mail::export::export;
use crate::post::Post;
use crate::subscribe::error::SubscribeError;
use crate::subscribe::readers::ArchiveOfferSeen;

/// Sends the mail for an archive that is ready, at most once.
///
/// Retried by Lambda, beside what [`Post::send_once`] says: a user of whom nothing was heard yet.
pub(crate) async fn send(post: &Post, event: Event<ArchiveOfferSeen>) -> Result<(), SubscribeError> {
    let ArchiveOfferSeen { user_id: user, expires_at } = event.data;
    let Some(recipient) = post.store.recipient(user).await? else {
        if post.store.is_deleted(user).await? {
            info!("the user is deleted");
            return Ok(());
        }
        return Err(SubscribeError::RecipientUnknown);
    };
    let letter = export(expires_at, &recipient, post.page.as_deref());
    post.send_once(event.metadata.event_id, recipient.email, letter).await
}
