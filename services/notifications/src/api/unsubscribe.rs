//! Unsubscribing without signing in (RFC 8058).

use http::header::{LOCATION, REFERRER_POLICY};
use http::{HeaderValue, StatusCode};
use lambda_kit::api::{Request, Response, no_content, ok};
use lambda_kit::problem::Problem;
use serde::Serialize;
use uuid::Uuid;

use crate::api::error::ApiError;
use crate::app::unsubscribe::Unsubscriber;
use crate::domain::preferences::EmailKind;

/// The body of `POST /unsubscribe`.
#[derive(Debug, Serialize)]
struct UnsubscribedBody {
    stopped: KindBody,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
enum KindBody {
    ReminderMail,
    DigestMail,
}

impl From<EmailKind> for KindBody {
    fn from(kind: EmailKind) -> Self {
        match kind {
            EmailKind::Reminder => Self::ReminderMail,
            EmailKind::Digest => Self::DigestMail,
        }
    }
}

/// `POST /unsubscribe?token=…`: unsubscribes the user of the token from the kind of email of the token. A repeat is
/// harmless.
///
/// Mail programs send the body `List-Unsubscribe=One-Click`; only the token matters. 200 with the kind of email, also
/// for a deleted user; 400 for an invalid token.
pub(crate) async fn unsubscribe(unsubscriber: &Unsubscriber, request: Request) -> Result<Response, ApiError> {
    let (user, kind) = verify(unsubscriber, &request)?;
    unsubscriber.unsubscribe(user, kind).await?;
    Ok(private(ok(&UnsubscribedBody { stopped: kind.into() })?))
}

/// `GET /unsubscribe?token=…`: redirects to the page that asks for confirmation. Changes nothing, because mail programs
/// follow links by themselves.
///
/// 303 to the page; 400 for an invalid token; 404 in an environment without a page.
pub(crate) async fn confirm(unsubscriber: &Unsubscriber, request: Request) -> Result<Response, ApiError> {
    let (user, kind) = verify(unsubscriber, &request)?;
    let address = unsubscriber.confirmation_url(user, kind).ok_or_else(ApiError::no_page)?;
    let mut response = private(no_content());
    *response.status_mut() = StatusCode::SEE_OTHER;
    let location = HeaderValue::from_str(&address).map_err(|_| ApiError::no_page())?;
    response.headers_mut().insert(LOCATION, location);
    Ok(response)
}

fn verify(unsubscriber: &Unsubscriber, request: &Request) -> Result<(Uuid, EmailKind), Problem> {
    let token = request.query(&["token"])?.get("token");
    let invalid = || Problem::invalid("token must be the complete, unchanged token from the link in an email.");
    token.and_then(|token| unsubscriber.verify(token)).ok_or_else(invalid)
}

/// Keeps the token in the address out of the `Referer` header.
fn private(mut response: Response) -> Response {
    response.headers_mut().insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    response
}
