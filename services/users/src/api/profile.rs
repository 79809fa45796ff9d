//! The routes of the caller's own profile.

use lambda_kit::api::{Request, Response, ok_with_etag};

use crate::api::error::ApiError;
use crate::api::profile_body::{ProfileBody, ProfilePatch};
use crate::app::profiles::Profiles;
use crate::domain::profile::Profile;

/// `GET /me`: the caller's profile.
///
/// 200 with the profile; 404 when the user pool does not know the caller any more.
pub(crate) async fn get_me(profiles: &Profiles, request: Request) -> Result<Response, ApiError> {
    respond(profiles.get(&request.caller()?, request.correlation()).await?)
}

/// `PATCH /me`: changes fields of the caller's profile (JSON merge patch).
///
/// 200 with the profile; 400 for an invalid patch; 404 when the user pool does not know the caller any more; 412 when
/// `If-Match` names another version.
pub(crate) async fn change_me(profiles: &Profiles, request: Request) -> Result<Response, ApiError> {
    let caller = request.caller()?;
    let patch: ProfilePatch = request.body()?;
    let if_match = request.if_match()?;
    let changed = profiles.change(&caller, request.correlation(), |profile| {
        if !if_match.allows(profile.version) {
            return Err(ApiError::version_mismatch(profile.version));
        }
        Ok(patch.apply(profile.settings.clone())?)
    });
    respond(changed.await?)
}

fn respond(profile: Profile) -> Result<Response, ApiError> {
    let version = profile.version;
    Ok(ok_with_etag(&ProfileBody::from(profile), version)?)
}
