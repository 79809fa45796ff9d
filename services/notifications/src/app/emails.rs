//! Emails, each of which is sent at most once.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use lambda_kit::clock;
use tracing::info;
use uuid::Uuid;

use crate::app::error::JobError;
use crate::domain::agenda::AgendaKey;
use crate::domain::digest::{Digest, DigestId};
use crate::domain::email::EmailContent;
use crate::domain::email::digest::digest_email;
use crate::domain::email::export::export_ready_email;
use crate::domain::email::reminder::{DueTodo, last_reminder_email, reminder_email};
use crate::domain::email::welcome::welcome_email;
use crate::domain::language::Language;
use crate::domain::preferences::EmailKind;
use crate::domain::recipient::Recipient;
use crate::domain::unsubscribe::{UnsubscribeLinks, UnsubscribeTokenSigner};
use crate::ses::{SendError, SesClient};
use crate::store::Store;
use crate::store::email_deliveries::{DeliveryOutcome, DeliveryStart};
use crate::store::reminder_counts::ReminderForm;

/// Sends emails that a user receives once.
#[derive(Clone, Debug)]
pub(crate) struct EmailSender {
    pub(crate) store: Store,
    pub(crate) ses: SesClient,
    /// The origin of the page, if there is one. Emails without it have no links to it.
    pub(crate) page: Option<String>,
}

/// Sends emails with an unsubscribe link. Without `Debug`, because it holds a secret.
#[derive(Clone)]
pub(crate) struct RecurringEmailSender {
    pub(crate) sender: EmailSender,
    pub(crate) signer: UnsubscribeTokenSigner,
    /// The address of the API, for emails without a page.
    pub(crate) api: String,
}

/// A new user, as the event of the registration describes them. Without `Debug`, because an address does not belong in
/// logs.
pub(crate) struct NewUser {
    pub(crate) id: Uuid,
    pub(crate) email: String,
    pub(crate) display_name: String,
    pub(crate) locale: String,
}

impl EmailSender {
    /// Sends the welcome email, unless the user has deleted their account.
    pub(crate) async fn send_welcome(&self, email_id: Uuid, user: NewUser) -> Result<(), JobError> {
        if self.store.is_deleted(user.id).await? {
            info!("the user has deleted their account");
            return Ok(());
        }
        let language = Language::from_locale(&user.locale);
        let content = welcome_email(language, &user.display_name, self.page.as_deref());
        self.send_once(email_id, user.id, user.email, content).await
    }

    /// Sends the email that the archive of a user's data is ready.
    pub(crate) async fn send_export_ready(
        &self,
        email_id: Uuid,
        user: Uuid,
        expires_at: Timestamp,
    ) -> Result<(), JobError> {
        let Some(recipient) = self.recipient(user).await? else {
            return Ok(());
        };
        let content = export_ready_email(expires_at, &recipient, self.page.as_deref());
        self.send_once(email_id, user, recipient.email, content).await
    }

    /// Sends an email, unless the email `id` was sent before.
    ///
    /// Lambda retries an email that SES has refused, because it was not sent. An email with an unknown outcome keeps
    /// the state `sending`: every later attempt fails until an operator decides. A repeat of a sent email has no
    /// effect.
    async fn send_once(&self, id: Uuid, user: Uuid, to: String, content: EmailContent) -> Result<(), JobError> {
        let email = content.render()?;
        if !may_start(self.store.start_delivery(id, clock::now()).await?)? {
            return Ok(());
        }
        match self.ses.send(user, to, email).await {
            Ok(message_id) => {
                self.store.finish_delivery(id, DeliveryOutcome::Sent, clock::now()).await?;
                info!(mail.id = message_id, "sent the email");
                Ok(())
            }
            Err(SendError::Refused { code }) => {
                self.store.finish_delivery(id, DeliveryOutcome::Refused, clock::now()).await?;
                Err(JobError::EmailRefused { code })
            }
            Err(SendError::Unknown { reason }) => Err(JobError::EmailOutcomeUnknown { reason }),
        }
    }

    /// How the user learns that an item is due; `None` if the reminder `email_id` needs nothing more.
    async fn reminder_form(
        &self,
        email_id: Uuid,
        owner: Uuid,
        now: Timestamp,
    ) -> Result<Option<ReminderForm>, JobError> {
        if self.store.is_deleted(owner).await? {
            info!("the user has deleted their account");
            return Ok(None);
        }
        // A replay of last week's events must not use up the emails of today.
        if !may_start(self.store.delivery_start(email_id).await?)? {
            return Ok(None);
        }
        let form = self.store.count_reminder(owner, email_id, now).await?;
        if form == ReminderForm::Inbox {
            if may_start(self.store.leave_to_inbox(email_id, now).await?)? {
                info!("the user has received the last reminder of the day: the inbox has this one");
            }
            return Ok(None);
        }
        Ok(Some(form))
    }

    /// The recipient; `None` if the account is deleted or nothing is sent to its address any more. An error if the registration has not arrived yet, so that
    /// Lambda tries again.
    async fn recipient(&self, user: Uuid) -> Result<Option<Recipient>, JobError> {
        if let Some(recipient) = self.store.recipient(user).await? {
            return Ok(Some(recipient).filter(takes_emails));
        }
        if self.store.is_deleted(user).await? {
            info!("the user has deleted their account");
            return Ok(None);
        }
        Err(JobError::RecipientUnknown)
    }
}

impl RecurringEmailSender {
    /// Sends the reminder of an item that is due, if the user receives reminders and has not received too many today.
    pub(crate) async fn send_reminder(
        &self,
        email_id: Uuid,
        item: AgendaKey,
        title: String,
        at: Timestamp,
    ) -> Result<(), JobError> {
        let AgendaKey { owner, todo } = item;
        let Some(recipient) = self.sender.recipient(owner).await? else {
            return Ok(());
        };
        if !self.is_subscribed(owner, EmailKind::Reminder).await? {
            return Ok(());
        }
        let now = clock::now();
        let Some(form) = self.sender.reminder_form(email_id, owner, now).await? else {
            return Ok(());
        };
        let is_all_day = self.sender.store.is_all_day(item).await?;
        let due = DueTodo { todo, title, at, is_all_day };
        let (page, links) = (self.sender.page.as_deref(), self.unsubscribe_links(owner, EmailKind::Reminder));
        let content = if form == ReminderForm::LastEmail {
            last_reminder_email(&due, end_of_day(now), &recipient, page, links)
        } else {
            reminder_email(&due, &recipient, page, links)
        };
        let sent = self.sender.send_once(email_id, owner, recipient.email, content).await;
        if let Err(JobError::EmailRefused { .. }) = &sent {
            // The user did not get it: another reminder may be sent in its place.
            self.sender.store.discount_reminder(owner, email_id, form, now).await?;
        }
        sent
    }

    /// Sends a digest, if the user still receives digests and it is not empty.
    pub(crate) async fn send_digest(&self, id: DigestId) -> Result<(), JobError> {
        let store = &self.sender.store;
        let Some(recipient) = store.recipient(id.user).await?.filter(takes_emails) else {
            info!("the user is deleted, not registered yet, or gets no emails");
            return Ok(());
        };
        if !self.is_subscribed(id.user, EmailKind::Digest).await? {
            return Ok(());
        }
        let Some(digest) = Digest::for_day(store.agenda(id.user).await?, &recipient.time_zone(), id.at) else {
            info!("the digest is empty");
            return Ok(());
        };
        let links = self.unsubscribe_links(id.user, EmailKind::Digest);
        let content = digest_email(&digest, &recipient, self.sender.page.as_deref(), links);
        self.sender.send_once(id.email_id(), id.user, recipient.email, content).await
    }

    async fn is_subscribed(&self, user: Uuid, kind: EmailKind) -> Result<bool, JobError> {
        let is_subscribed = self.sender.store.preferences(user).await?.settings.is_subscribed(kind);
        if !is_subscribed {
            info!("the user does not receive emails of this kind");
        }
        Ok(is_subscribed)
    }

    fn unsubscribe_links(&self, user: Uuid, kind: EmailKind) -> UnsubscribeLinks {
        let token = self.signer.sign(user, kind);
        if let Some(page) = &self.sender.page {
            // The page's origin serves the API under `/api`.
            return UnsubscribeLinks {
                page: format!("{page}/unsubscribe?token={token}"),
                one_click: format!("{page}/api/unsubscribe?token={token}"),
            };
        }
        let address = format!("{}/unsubscribe?token={token}", self.api);
        UnsubscribeLinks { page: address.clone(), one_click: address }
    }
}

/// Whether emails are sent to the address.
fn takes_emails(recipient: &Recipient) -> bool {
    if let Some(problem) = recipient.email_problem {
        info!(mail.problem = problem.name(), "nothing is sent to the address any more");
    }
    recipient.email_problem.is_none()
}

/// Whether this attempt continues with an email; not if its state is final.
fn may_start(start: DeliveryStart) -> Result<bool, JobError> {
    match start {
        DeliveryStart::Started => Ok(true),
        DeliveryStart::Final => {
            info!("the email was sent before, or left to the inbox");
            Ok(false)
        }
        DeliveryStart::InProgress => Err(JobError::EmailOutcomeUnknown {
            reason: "an earlier attempt started to send it and did not record the outcome".to_owned(),
        }),
    }
}

/// The next midnight in UTC, when the count of reminders begins again.
fn end_of_day(now: Timestamp) -> Timestamp {
    let tomorrow = now.to_zoned(TimeZone::UTC).date().tomorrow();
    tomorrow.and_then(|day| day.to_zoned(TimeZone::UTC)).map_or(now, |midnight| midnight.timestamp())
}
