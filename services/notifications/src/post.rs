//! The way of every mail: at most once, whatever happens on it.

use lambda_kit::clock;
use tracing::info;
use uuid::Uuid;

use crate::domain::mail::Letter;
use crate::domain::preferences::MailKind;
use crate::domain::unsubscribe::{Seal, StopLinks};
use crate::mailer::{Mailer, NotSent};
use crate::store::{Begun, Settled, Store};
use crate::subscribe::error::SubscribeError;

/// What a job works with that sends mail.
#[derive(Clone, Debug)]
pub(crate) struct Post {
    pub(crate) store: Store,
    pub(crate) mailer: Mailer,
    /// The page's origin, if there is a page: mails without it leave links to it out.
    pub(crate) page: Option<String>,
}

/// What a job works with that sends mail which comes again. Without `Debug`: it holds a secret.
#[derive(Clone)]
pub(crate) struct RecurringPost {
    pub(crate) post: Post,
    pub(crate) seal: Seal,
    /// The API's own address, for mails without a page.
    pub(crate) api: String,
}

impl Post {
    /// Sends a letter, unless the mail `id` was sent before.
    ///
    /// Retried by Lambda: a mail that SES refused, which was surely not sent. Parked: a mail whose outcome is unknown;
    /// every later attempt finds it in the state `sending` and fails too, until a person decides. A repeat of a sent
    /// mail is harmless.
    pub(crate) async fn send_once(&self, id: Uuid, to: String, letter: Letter) -> Result<(), SubscribeError> {
        let mail = letter.mail()?;
        match self.store.begin_mail(id, clock::now()).await? {
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
        match self.mailer.send(to, mail).await {
            Ok(mail_id) => {
                self.store.settle_mail(id, Settled::Sent, clock::now()).await?;
                info!(mail.id = mail_id, "sent the mail");
                Ok(())
            }
            Err(NotSent::Refused { code }) => {
                self.store.settle_mail(id, Settled::Refused, clock::now()).await?;
                Err(SubscribeError::MailRefused { code })
            }
            Err(NotSent::Unknown { seen }) => Err(SubscribeError::MailOutcomeUnknown { seen }),
        }
    }
}

impl RecurringPost {
    /// Where mails of this kind to this user are stopped.
    pub(crate) fn stop(&self, user: Uuid, kind: MailKind) -> StopLinks {
        let token = self.seal.token(user, kind);
        if let Some(page) = &self.post.page {
            // Behind the page's origin, its API answers under `/api`.
            return StopLinks {
                page: format!("{page}/unsubscribe?token={token}"),
                one_click: format!("{page}/api/unsubscribe?token={token}"),
            };
        }
        let address = format!("{}/unsubscribe?token={token}", self.api);
        StopLinks { page: address.clone(), one_click: address }
    }
}
