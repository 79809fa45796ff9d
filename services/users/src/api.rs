//! The routes, one function each.

mod body;
pub(crate) mod error;

use http::HeaderValue;
use http::header::CACHE_CONTROL;
use lambda_kit::api::{Request, Response, ok, ok_version};
use lambda_kit::caller::Caller;
use lambda_kit::cause::Cause;
use lambda_kit::clock;
use lambda_kit::page::{Limit, read_cursor, write_cursor};
use lambda_kit::problem::Problem;

use crate::api::body::{ProfileBody, ProfilePatch, RefreshBody, TokensBody, UserPage};
use crate::api::error::ApiError;
use crate::domain::Profile;
use crate::pool::{Refreshed, Sessions, UserPool};
use crate::store::{Position, Saved, Store};

/// A change is tried again this often when others change the profile at the same time.
const ATTEMPTS: usize = 4;

/// The user pool's group whose members see all users.
const ADMIN: &str = "admin";

/// Where a caller's own profile is, and the pool that it is made from when it is not there yet.
#[derive(Clone, Debug)]
pub(crate) struct Profiles {
    pub(crate) store: Store,
    pub(crate) pool: UserPool,
}

/// `GET /me`: the caller's profile.
///
/// 200 with the profile; 404 when the user pool knows the caller no more.
pub(crate) async fn get_me(profiles: &Profiles, request: Request) -> Result<Response, ApiError> {
    let caller = request.caller()?;
    answer(profiles.of(&caller, request.cause()).await?)
}

/// `PATCH /me`: changes fields of the caller's profile (JSON merge patch).
///
/// 200 with the profile; 400 for a patch that breaks a rule; 404 when the user pool knows the caller no more; 412 when
/// `If-Match` names another version.
pub(crate) async fn change_me(profiles: &Profiles, request: Request) -> Result<Response, ApiError> {
    let caller = request.caller()?;
    let patch: ProfilePatch = request.body()?;
    let expected = request.expected()?;
    for _ in 0..ATTEMPTS {
        let profile = profiles.of(&caller, request.cause()).await?;
        if !expected.allows(profile.version) {
            return Err(ApiError::stale(profile.version));
        }
        let settings = patch.apply(profile.settings.clone())?;
        let Some(change) = profile.clone().edit(settings, clock::now()) else {
            return answer(profile);
        };
        match profiles.store.save(change, request.cause()).await? {
            Saved::Now(profile) => return answer(profile),
            Saved::Outdated => {}
        }
    }
    Err(Problem::contended().into())
}

/// `GET /users`: a page of all users, the newest first, for administrators.
///
/// 200 with profiles and the cursor of the next page; 400 for a query that breaks a rule; 403 for everybody else.
pub(crate) async fn list(store: &Store, request: Request) -> Result<Response, ApiError> {
    let caller = request.caller()?;
    if !caller.is_in(ADMIN) {
        return Err(ApiError::admins_only());
    }
    let query = request.query(&["limit", "cursor"])?;
    let limit = Limit::parse(query.get("limit"))?;
    let scope = format!("users {}", caller.subject);
    let cursor = query.get("cursor");
    let after: Option<Position> = cursor.map(|text| read_cursor(&scope, text)).transpose()?;
    let page = store.list(limit, after.as_ref()).await?;
    let last = page.profiles.last().filter(|_| page.more);
    let next_cursor = last.map(|profile| write_cursor(&scope, Position::of(profile)));
    Ok(ok(&UserPage {
        items: page.profiles.into_iter().map(ProfileBody::from).collect(),
        next_cursor: next_cursor.transpose()?,
    })?)
}

/// `POST /auth/refresh`: new tokens for a refresh token. Needs no access token: that one has expired.
///
/// 200 with the tokens, the refresh token being a new one; 400 for a body that does not parse; 401 without a refresh
/// token that Cognito takes; 429 when Cognito is asked too often.
pub(crate) async fn refresh_session(sessions: &Sessions, request: Request) -> Result<Response, ApiError> {
    let token = refresh_token(&request)?;
    let tokens = match sessions.refresh(&token).await? {
        Refreshed::Tokens(tokens) => TokensBody::from(tokens),
        Refreshed::Refused => {
            return Err(
                Problem::unauthenticated("The refresh token is not valid, or not any more; sign in again.").into()
            );
        }
        Refreshed::Throttled => return Err(ApiError::throttled()),
    };
    let mut response = ok(&tokens)?;
    // RFC 6749, section 5.1: nobody on the way keeps an answer with tokens.
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
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

impl Profiles {
    /// The caller's profile. It is made now for somebody whom the trigger has missed: because it failed, or because
    /// Cognito calls none for users that an administrator has created.
    async fn of(&self, caller: &Caller, cause: &Cause) -> Result<Profile, ApiError> {
        for _ in 0..ATTEMPTS {
            if let Some(profile) = self.store.get(caller.subject).await? {
                return Ok(profile);
            }
            if self.store.is_deleted(caller.subject).await? {
                return Err(ApiError::no_such_user());
            }
            let user = self.pool.user(&caller.username).await?;
            let user = user.ok_or_else(ApiError::no_such_user)?;
            let change = Profile::register(user.attributes(), clock::now())?;
            // A name can be given to somebody else after its user was deleted; a subject never is.
            if change.profile.id != caller.subject {
                return Err(ApiError::no_such_user());
            }
            match self.store.save(change, cause).await? {
                Saved::Now(profile) => return Ok(profile),
                Saved::Outdated => {}
            }
        }
        Err(Problem::contended().into())
    }
}

fn answer(profile: Profile) -> Result<Response, ApiError> {
    let version = profile.version;
    Ok(ok_version(&ProfileBody::from(profile), version)?)
}
