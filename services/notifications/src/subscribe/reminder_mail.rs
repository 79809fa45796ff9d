//! The mail that says that an item is due.

use events::envelope::Event;
use tracing::info;

use crate::domain::mail::reminder::{Due, reminder};
use crate::domain::preferences::MailKind;
use crate::post::RecurringPost;
use crate::subscribe::error::SubscribeError;
use crate::subscribe::readers::DueSeen;

/// Sends a mail for an item that is due, at most once, to whoever wants such mail.
///
/// Retried by Lambda, beside what [`crate::post::Post::send_once`] says: a user of whom nothing was heard yet.
pub(crate) async fn send(mail: &RecurringPost, event: Event<DueSeen>) -> Result<(), SubscribeError> {
    let DueSeen { todo_id: todo, owner_id: owner, title, due_at } = event.data;
    let store = &mail.post.store;
    let Some(recipient) = store.recipient(owner).await? else {
        if store.is_deleted(owner).await? {
            info!("the user is deleted");
            return Ok(());
        }
        return Err(SubscribeError::RecipientUnknown);
    };
    if !store.preferences(owner).await?.wishes.wants(MailKind::Reminder) {
        info!("the user wants no reminders by mail");
        return Ok(());
    }
    let due = Due { todo, title, at: due_at };
    let letter = reminder(&due, &recipient, mail.post.page.as_deref(), mail.stop(owner, MailKind::Reminder));
    mail.post.send_once(event.metadata.event_id, recipient.email, letter).await
}
