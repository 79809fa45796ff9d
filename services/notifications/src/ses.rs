//! Sending emails with SES, once each: the outcome is sent, not sent, or unknown.

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

use crate::domain::email::Email;

/// Without an answer for this long, the outcome is unknown. Shorter than the function's timeout, so that the function
/// can report it.
const OPERATION_TIMEOUT: Duration = Duration::from_secs(10);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

/// Sends emails from one address.
#[derive(Clone, Debug)]
pub(crate) struct SesClient {
    client: Client,
    from: String,
}

impl SesClient {
    pub(crate) fn new(config: &SdkConfig, from: &str) -> Self {
        let config = aws_sdk_sesv2::config::Builder::from(config)
            // SendEmail has no idempotency token: a retry of the SDK could send a second email.
            .retry_config(RetryConfig::disabled())
            .timeout_config(
                TimeoutConfig::builder().connect_timeout(CONNECT_TIMEOUT).operation_timeout(OPERATION_TIMEOUT).build(),
            )
            .build();
        Self { client: Client::from_conf(config), from: format!("Busline <{from}>") }
    }

    /// Sends an email in one attempt. Returns the message id of SES.
    pub(crate) async fn send(&self, to: String, email: Email) -> Result<String, SendError> {
        let answer = self
            .client
            .send_email()
            .from_email_address(&self.from)
            .destination(Destination::builder().to_addresses(to).build())
            .content(EmailContent::builder().simple(message(email)?).build())
            .send()
            .await?;
        Ok(answer.message_id.unwrap_or_default())
    }
}

fn message(email: Email) -> Result<Message, BuildError> {
    let part = |text: String| Content::builder().data(text).charset("UTF-8").build();
    let body = Body::builder().text(part(email.text)?).html(part(email.html)?).build();
    let headers = email.one_click_url.as_deref().map(unsubscribe_headers).transpose()?;
    Ok(Message::builder().subject(part(email.subject)?).body(body).set_headers(headers).build())
}

/// The headers with which a mail program offers to unsubscribe, with one `POST` to `address`.
///
/// Source: <https://www.rfc-editor.org/rfc/rfc8058#section-3.1>
fn unsubscribe_headers(address: &str) -> Result<Vec<MessageHeader>, BuildError> {
    let header = |name: &str, value: String| MessageHeader::builder().name(name).value(value).build();
    Ok(vec![
        header("List-Unsubscribe", format!("<{address}>"))?,
        header("List-Unsubscribe-Post", "List-Unsubscribe=One-Click".to_owned())?,
    ])
}

/// Why SES has not confirmed an email. Never quotes the message of SES, which contains addresses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum SendError {
    /// SES did not accept it.
    Refused {
        /// The error code of SES, or a code of this module if the request did not reach SES.
        code: String,
    },
    /// SES may have accepted it.
    Unknown {
        /// What happened instead of an answer.
        reason: String,
    },
}

impl SendError {
    fn refused(code: &str) -> Self {
        Self::Refused { code: code.to_owned() }
    }
}

impl From<BuildError> for SendError {
    fn from(_: BuildError) -> Self {
        Self::refused("RequestIncomplete")
    }
}

impl From<SdkError<SendEmailError, HttpResponse>> for SendError {
    fn from(error: SdkError<SendEmailError, HttpResponse>) -> Self {
        match &error {
            SdkError::ConstructionFailure(_) => Self::refused("RequestIncomplete"),
            SdkError::DispatchFailure(failure) if failure.as_connector_error().is_some_and(is_connection_refused) => {
                Self::refused("ConnectionRefused")
            }
            // SES refuses with a 4xx. A 5xx may be from a proxy, or from after SES has accepted the email.
            SdkError::ServiceError(answer) if answer.raw().status().is_client_error() => {
                Self::refused(error.code().unwrap_or("UnknownError"))
            }
            SdkError::ServiceError(answer) => {
                Self::Unknown { reason: format!("status {}", answer.raw().status().as_u16()) }
            }
            _ => Self::Unknown { reason: error.to_string() },
        }
    }
}

/// Whether the connection was refused, so that the request was never sent.
fn is_connection_refused(error: &(impl Error + 'static)) -> bool {
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
