//! SES: gives it a mail once, and says whether it surely has it, surely has it not, or nobody knows.

use std::error::Error;
use std::io;
use std::time::Duration;

use aws_config::SdkConfig;
use aws_sdk_sesv2::Client;
use aws_sdk_sesv2::config::http::HttpResponse;
use aws_sdk_sesv2::config::retry::RetryConfig;
use aws_sdk_sesv2::config::timeout::TimeoutConfig;
use aws_sdk_sesv2::error::{BuildError, ProvideErrorMetadata, SdkError};
use aws_sdk_sesv2::operation::send_email::SendEmailError;
use aws_sdk_sesv2::types::{Body, Content, Destination, EmailContent, Message, MessageHeader};

use crate::domain::mail::Mail;

/// After this long without an answer a mail's outcome is unknown. Below the function's timeout, so that the function
/// lives to say so.
const PATIENCE: Duration = Duration::from_secs(10);
const CONNECT_PATIENCE: Duration = Duration::from_secs(3);

/// Sends mail from one address.
#[derive(Clone, Debug)]
pub(crate) struct Mailer {
    client: Client,
    from: String,
}

impl Mailer {
    /// A mailer that sends from the address `from`.
    pub(crate) fn new(config: &SdkConfig, from: &str) -> Self {
        let config = aws_sdk_sesv2::config::Builder::from(config)
            // SendEmail knows no idempotency token: the SDK's own second attempt could be a second mail.
            .retry_config(RetryConfig::disabled())
            .timeout_config(
                TimeoutConfig::builder().connect_timeout(CONNECT_PATIENCE).operation_timeout(PATIENCE).build(),
            )
            .build();
        Self { client: Client::from_conf(config), from: format!("Busline <{from}>") }
    }

    /// Sends one mail to one address, in one attempt. Returns SES's id of the mail.
    pub(crate) async fn send(&self, to: String, mail: Mail) -> Result<String, NotSent> {
        let answer = self
            .client
            .send_email()
            .from_email_address(&self.from)
            .destination(Destination::builder().to_addresses(to).build())
            .content(EmailContent::builder().simple(message(mail)?).build())
            .send()
            .await?;
        Ok(answer.message_id.unwrap_or_default())
    }
}

fn message(mail: Mail) -> Result<Message, BuildError> {
    let part = |text: String| Content::builder().data(text).charset("UTF-8").build();
    let body = Body::builder().text(part(mail.text)?).html(part(mail.html)?).build();
    let headers = mail.one_click.as_deref().map(one_click).transpose()?;
    Ok(Message::builder().subject(part(mail.subject)?).body(body).set_headers(headers).build())
}

/// The headers by which a mail program offers to stop mails like this one, with one `POST` to `address`.
///
/// Source: <https://www.rfc-editor.org/rfc/rfc8058#section-3.1>
fn one_click(address: &str) -> Result<Vec<MessageHeader>, BuildError> {
    let header = |name: &str, value: String| MessageHeader::builder().name(name).value(value).build();
    Ok(vec![
        header("List-Unsubscribe", format!("<{address}>"))?,
        header("List-Unsubscribe-Post", "List-Unsubscribe=One-Click".to_owned())?,
    ])
}

/// Why SES is not known to have a mail. Never quotes SES's message, which names addresses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum NotSent {
    /// SES surely does not have it.
    Refused {
        /// SES's error code, or our own word for a request that never reached it.
        code: String,
    },
    /// SES may have it or not.
    Unknown {
        /// What was seen instead of an answer.
        seen: String,
    },
}

impl NotSent {
    fn refused(code: &str) -> Self {
        Self::Refused { code: code.to_owned() }
    }
}

impl From<BuildError> for NotSent {
    fn from(_: BuildError) -> Self {
        Self::refused("RequestIncomplete")
    }
}

impl From<SdkError<SendEmailError, HttpResponse>> for NotSent {
    fn from(error: SdkError<SendEmailError, HttpResponse>) -> Self {
        match &error {
            SdkError::ConstructionFailure(_) => Self::refused("RequestIncomplete"),
            SdkError::DispatchFailure(failure) if failure.as_connector_error().is_some_and(was_refused) => {
                Self::refused("ConnectionRefused")
            }
            // SES says no with a 4xx. A 5xx may come from in front of it, or after it has taken the mail.
            SdkError::ServiceError(answer) if answer.raw().status().is_client_error() => {
                Self::refused(error.code().unwrap_or("UnknownError"))
            }
            SdkError::ServiceError(answer) => {
                Self::Unknown { seen: format!("status {}", answer.raw().status().as_u16()) }
            }
            _ => Self::Unknown { seen: error.to_string() },
        }
    }
}

/// Whether nobody listened: the request never left.
fn was_refused(error: &(impl Error + 'static)) -> bool {
    let mut cause: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(error) = cause {
        let io_error = error.downcast_ref::<io::Error>();
        if io_error.is_some_and(|error| error.kind() == io::ErrorKind::ConnectionRefused) {
            return true;
        }
        cause = error.source();
    }
    false
}
