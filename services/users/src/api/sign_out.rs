//! The route that ends the caller's sessions on all devices.

use lambda_kit::api::{Request, Response, no_content};
use tracing::info;

use crate::api::error::ApiError;
use crate::app::sign_outs::SignOuts;

/// `POST /me/sign-out`: ends all sessions of the caller, the one of this request included. A repeat is refused with 401,
/// because its token is one of a session that has ended.
///
/// 204: this service refuses the tokens of these sessions at once, the others as soon as the event has reached them.
pub(crate) async fn sign_out(sign_outs: &SignOuts, request: Request) -> Result<Response, ApiError> {
    sign_outs.sign_out(request.caller()?.subject, request.correlation()).await?;
    info!("signed a user out on all devices");
    Ok(no_content())
}
