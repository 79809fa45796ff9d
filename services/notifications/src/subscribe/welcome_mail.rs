//! The welcome mail.

use events::envelope::Event;
use lambda_kit::clock;
use tracing::info;

use crate::domain::mail;
use crate::mailer::{Mailer, NotSent};
use crate::store::{Begun, Settled, Store};
use crate::subscribe::error::SubscribeError;
use crate::subscribe::readers::AddresseeSeen;

/// What the job works with.
#[derive(Clone, Debug)]
pub(crate) struct WelcomeMail {
    pub(crate) store: Store,
    pub(crate) mailer: Mailer,
}

/// Sends the welcome mail when a user has registered, at most once.
///
/// Retried by Lambda: a mail that SES refused, which was surely not sent. Parked: a mail whose outcome is unknown; every
/// later attempt finds it in the state `sending` and fails too, until a person decides. A repeat of a sent mail is
/// harmless.
pub(crate) async fn send(job: &WelcomeMail, event: Event<AddresseeSeen>) -> Result<(), SubscribeError> {
    if job.store.is_deleted(event.data.user_id).await? {
        info!("the user has deleted their account");
        return Ok(());
    }
    let id = event.metadata.event_id;
    match job.store.begin_mail(id, clock::now()).await? {
        Begun::Now => {}
        Begun::SentBefore => {
            info!("the mail was sent before");
            return Ok(());
        }
        Begun::Unsettled => {
            return Err(SubscribeError::MailOutcomeUnknown {
                seen: "an earlier attempt began to send it and did not say how it went".to_owned(),
            });
        }
    }
    let addressee = event.data;
    match job.mailer.send(addressee.email, mail::welcome(&addressee.display_name)).await {
        Ok(mail_id) => {
            job.store.settle_mail(id, Settled::Sent, clock::now()).await?;
            info!(mail.id = mail_id, "sent the mail");
            Ok(())
        }
        Err(NotSent::Refused { code }) => {
            job.store.settle_mail(id, Settled::Refused, clock::now()).await?;
            Err(SubscribeError::MailRefused { code })
        }
        Err(NotSent::Unknown { seen }) => Err(SubscribeError::MailOutcomeUnknown { seen }),
    }
}
