//! The welcome mail.

use events::envelope::Event;
use tracing::info;

use crate::domain::language::Language;
use crate::domain::mail::welcome::welcome;
use crate::post::Post;
use crate::subscribe::error::SubscribeError;
use crate::subscribe::readers::AddresseeSeen;

/// Sends the welcome mail when a user has registered, at most once.
pub(crate) async fn send(post: &Post, event: Event<AddresseeSeen>) -> Result<(), SubscribeError> {
    let addressee = event.data;
    if post.store.is_deleted(addressee.user_id).await? {
        info!("the user has deleted their account");
        return Ok(());
    }
    let letter = welcome(Language::of(&addressee.locale), &addressee.display_name, post.page.as_deref());
    post.send_once(event.metadata.event_id, addressee.email, letter).await
}
