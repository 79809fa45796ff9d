//! The route that refreshes a session.

use http::HeaderValue;
use http::header::CACHE_CONTROL;
use lambda_kit::api::{Request, Response, ok};
use lambda_kit::problem::Problem;
use serde::{Deserialize, Serialize};

use crate::api::error::ApiError;
use crate::domain::session::{RefreshOutcome, Tokens};
use crate::user_pool::Sessions;

/// The body of `POST /auth/refresh`. Without `Debug`: a token must not reach logs.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct RefreshBody {
    refresh_token: Option<String>,
}

/// The tokens in a response. Without `Debug`: tokens must not reach logs.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct TokensBody {
    access_token: Option<String>,
    id_token: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<String>,
    /// The lifetime of the access token in seconds.
    expires_in: i32,
    token_type: Option<String>,
}

impl From<Tokens> for TokensBody {
    fn from(tokens: Tokens) -> Self {
        Self {
            access_token: tokens.access_token,
            id_token: tokens.id_token,
            refresh_token: tokens.refresh_token,
            expires_in: tokens.expires_in_seconds,
            token_type: tokens.token_type,
        }
    }
}

/// `POST /auth/refresh`: new tokens for a refresh token. It needs no access token, because that one has expired.
///
/// 200 with the tokens, among them a new refresh token; 400 for a body that does not parse; 401 without a refresh token
/// that Cognito accepts; 429 when Cognito's request quota is used up.
pub(crate) async fn refresh_session(sessions: &Sessions, request: Request) -> Result<Response, ApiError> {
    let token = refresh_token(&request)?;
    let tokens = match sessions.refresh(&token).await? {
        RefreshOutcome::Refreshed(tokens) => TokensBody::from(tokens),
        RefreshOutcome::Refused => {
            return Err(
                Problem::unauthenticated("The refresh token is not valid, or not any more; sign in again.").into()
            );
        }
        RefreshOutcome::Throttled => return Err(ApiError::throttled()),
    };
    let mut response = ok(&tokens)?;
    // RFC 6749, section 5.1: responses with tokens must not be cached.
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

fn refresh_token(request: &Request) -> Result<String, Problem> {
    let missing = || Problem::unauthenticated("Send a refresh token: {\"refreshToken\": \"…\"}, or sign in.");
    if !request.has_body() {
        return Err(missing());
    }
    let body: RefreshBody = request.body()?;
    body.refresh_token.filter(|token| !token.is_empty()).ok_or_else(missing)
}
