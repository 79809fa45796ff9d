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
use aws_sdk_sesv2::types::{Body, Content, Destination, EmailContent, Message, MessageHeader, MessageTag};

use jiff::SignedDuration;
use lambda_kit::clock;
use lambda_kit::contention::{self, ATTEMPTS};
use uuid::Uuid;

use crate::domain::email::Email;

/// Without an answer for this long, the outcome is unknown. Shorter than the function's timeout, so that the function
/// can report it.
const OPERATION_TIMEOUT: Duration = Duration::from_secs(10);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

/// How long an email waits for its turn while SES throttles. With [`OPERATION_TIMEOUT`] it is shorter than the function's
/// timeout. The functions' reserved concurrency limits how many emails wait, however many are due.
const MAX_THROTTLED: SignedDuration = SignedDuration::from_secs(8);

/// The codes of a throttled call.
/// Source: <https://docs.aws.amazon.com/ses/latest/dg/manage-sending-quotas-errors.html>
const THROTTLED: [&str; 3] = ["TooManyRequestsException", "ThrottlingException", "Throttling"];
/// In the message of a throttled call that no pause helps.
const DAILY_QUOTA: &str = "Daily message quota exceeded";

/// The tag of an email with the id of its recipient.
const USER_TAG: &str = "user";

/// Sends emails from one address.
#[derive(Clone, Debug)]
pub(crate) struct SesClient {
    client: Client,
    from: String,
    configuration_set: String,
}

impl SesClient {
    /// `configuration_set` names where events of the emails go.
    pub(crate) fn new(config: &SdkConfig, from: &str, configuration_set: String) -> Self {
        let config = aws_sdk_sesv2::config::Builder::from(config)
            // SendEmail has no idempotency token: a retry of the SDK could send a second email.
            .retry_config(RetryConfig::disabled())
            .timeout_config(
                TimeoutConfig::builder().connect_timeout(CONNECT_TIMEOUT).operation_timeout(OPERATION_TIMEOUT).build(),
            )
            .build();
        Self { client: Client::from_conf(config), from: format!("Busline <{from}>"), configuration_set }
    }

    /// Sends an email in one attempt; those that SES throttles do not count. Returns the message id of SES. The
    /// events of the email have the id of `user`.
    pub(crate) async fn send(&self, user: Uuid, to: String, email: Email) -> Result<String, SendError> {
        let request = self
            .client
            .send_email()
            .from_email_address(&self.from)
            .configuration_set_name(&self.configuration_set)
            .email_tags(MessageTag::builder().name(USER_TAG).value(user.to_string()).build()?)
            .destination(Destination::builder().to_addresses(to).build())
            .content(EmailContent::builder().simple(message(email)?).build());
        let end = clock::now() + MAX_THROTTLED;
        let mut attempt = 0;
        loop {
            match request.clone().send().await.map_err(SendError::from) {
                Err(error) if error.is_throttled() && clock::now() < end => contention::pause(attempt).await,
                answer => return Ok(answer?.message_id.unwrap_or_default()),
            }
            // The pauses grow as far as they do, and go on.
            attempt = (attempt + 1).min(ATTEMPTS - 2);
        }
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

    /// Whether SES accepts the same email when fewer are sent.
    fn is_throttled(&self) -> bool {
        matches!(self, Self::Refused { code } if THROTTLED.contains(&code.as_str()))
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
            SdkError::ServiceError(_) if error.message().is_some_and(|message| message.contains(DAILY_QUOTA)) => {
                Self::refused("DailyQuotaExceeded")
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
