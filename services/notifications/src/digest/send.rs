//! The job `send-digest-mail`: one digest of one user.

use lambda_kit::invoked::Invocation;
use tracing::info;

use crate::digest::Order;
use crate::domain::digest::Digest;
use crate::domain::mail::digest::digest;
use crate::domain::preferences::MailKind;
use crate::post::RecurringPost;
use crate::subscribe::error::SubscribeError;

/// Sends a digest, at most once, if the user still wants it and there is something to say.
///
/// Retried and parked: as [`crate::post::Post::send_once`] says.
pub(crate) async fn send(mail: &RecurringPost, order: Invocation<Order>) -> Result<(), SubscribeError> {
    let Order { user_id: user, digest_at } = order.input;
    let store = &mail.post.store;
    let Some(recipient) = store.recipient(user).await? else {
        info!("the user is deleted, or not registered yet");
        return Ok(());
    };
    if !store.preferences(user).await?.wishes.wants(MailKind::Digest) {
        info!("the user wants no digests any more");
        return Ok(());
    }
    let Some(of_day) = Digest::of(store.agenda(user).await?, &recipient.zone(), digest_at) else {
        info!("there is nothing to say");
        return Ok(());
    };
    let letter = digest(&of_day, &recipient, mail.post.page.as_deref(), mail.stop(user, MailKind::Digest));
    mail.post.send_once(order.input.mail_id(), recipient.email, letter).await
}
