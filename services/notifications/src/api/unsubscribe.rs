//! Stopping mail without signing in (RFC 8058).

use http::header::{CACHE_CONTROL, LOCATION, REFERRER_POLICY};
use http::{HeaderValue, StatusCode};
use lambda_kit::api::{Request, Response, no_content, ok};
use lambda_kit::problem::Problem;
use serde::Serialize;
use uuid::Uuid;

use crate::api::error::ApiError;
use crate::api::preferences;
use crate::domain::preferences::MailKind;
use crate::domain::unsubscribe::Seal;
use crate::store::Store;

/// What the routes work with. Without `Debug`: it holds a secret.
#[derive(Clone)]
pub(crate) struct Unsubscribe {
    pub(crate) store: Store,
    pub(crate) seal: Seal,
    /// The page's origin, if there is a page.
    pub(crate) page: Option<String>,
}

/// The answer of `POST /unsubscribe`.
#[derive(Debug, Serialize)]
struct Stopped {
    stopped: KindBody,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
enum KindBody {
    ReminderMail,
    DigestMail,
}

/// `POST /unsubscribe?token=…`: stops the mail that the token was sent with; again is harmless.
///
/// Mail programs send the body `List-Unsubscribe=One-Click`; what matters is the token. 200 with the kind of mail, for a
/// deleted user alike; 400 for a token that is not ours.
pub(crate) async fn stop(unsubscribe: &Unsubscribe, request: Request) -> Result<Response, ApiError> {
    let (user, kind) = opened(unsubscribe, &request)?;
    // A link has no end: it outlives its user, and at last their tombstone.
    if unsubscribe.store.recipient(user).await?.is_some() {
        preferences::save(&unsubscribe.store, user, |preferences| Ok(preferences.wishes.without(kind))).await?;
    }
    let stopped = match kind {
        MailKind::Reminder => KindBody::ReminderMail,
        MailKind::Digest => KindBody::DigestMail,
    };
    Ok(private(ok(&Stopped { stopped })?))
}

/// `GET /unsubscribe?token=…`: leads to the page that asks. Changes nothing: programs follow links by themselves.
///
/// 303 to the page; 400 for a token that is not ours; 404 where there is no page.
pub(crate) async fn ask(unsubscribe: &Unsubscribe, request: Request) -> Result<Response, ApiError> {
    let (user, kind) = opened(unsubscribe, &request)?;
    let page = unsubscribe.page.as_deref().ok_or_else(ApiError::no_page)?;
    let address = format!("{page}/unsubscribe?token={}", unsubscribe.seal.token(user, kind));
    let mut response = private(no_content());
    *response.status_mut() = StatusCode::SEE_OTHER;
    let location = HeaderValue::from_str(&address).map_err(|_| ApiError::no_page())?;
    response.headers_mut().insert(LOCATION, location);
    Ok(response)
}

fn opened(unsubscribe: &Unsubscribe, request: &Request) -> Result<(Uuid, MailKind), Problem> {
    let token = request.query(&["token"])?.get("token");
    let wrong = || Problem::invalid("token must be the one in the link of a mail, whole and unchanged.");
    token.and_then(|token| unsubscribe.seal.open(token)).ok_or_else(wrong)
}

/// Nobody on the way keeps an answer to an address with a token, or hears where it came from.
fn private(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    response
}
