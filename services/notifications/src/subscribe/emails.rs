//! Events that send an email, at most once.
//!
//! A repeat is harmless: the event's id is the email's id. Lambda retries all failures but an unknown outcome of SES,
//! which an operator resolves.

use events::envelope::Event;

use crate::app::emails::{EmailSender, NewUser, RecurringEmailSender};
use crate::app::error::JobError;
use crate::domain::agenda::AgendaKey;
use crate::subscribe::payloads::{ExportExpiryPayload, NewRecipientPayload, TodoDuePayload};

/// Welcomes a new user.
pub(crate) async fn user_registered(sender: &EmailSender, event: Event<NewRecipientPayload>) -> Result<(), JobError> {
    sender.send_welcome(event.metadata.event_id, event.data.into()).await
}

/// Tells a user that the archive of their data is ready.
pub(crate) async fn export_ready(sender: &EmailSender, event: Event<ExportExpiryPayload>) -> Result<(), JobError> {
    let ExportExpiryPayload { user_id, expires_at } = event.data;
    sender.send_export_ready(event.metadata.event_id, user_id, expires_at).await
}

/// Reminds a user of an item that is due.
pub(crate) async fn todo_due(sender: &RecurringEmailSender, event: Event<TodoDuePayload>) -> Result<(), JobError> {
    let TodoDuePayload { todo_id: todo, owner_id: owner, title, due_at } = event.data;
    sender.send_reminder(event.metadata.event_id, AgendaKey { owner, todo }, title, due_at).await
}

impl From<NewRecipientPayload> for NewUser {
    fn from(payload: NewRecipientPayload) -> Self {
        let NewRecipientPayload { user_id: id, email, display_name, locale } = payload;
        Self { id, email, display_name, locale }
    }
}
