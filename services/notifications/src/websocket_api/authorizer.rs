//! The authorizer: a caller may connect with a valid access token, which is sent as a subprotocol.
//!
//! The subprotocol is the only header of a WebSocket that a browser lets a page set. A token in the address would be in
//! logs and browser histories.

use aws_lambda_events::apigw::ApiGatewayCustomAuthorizerRequestTypeRequest;
use aws_lambda_events::http::HeaderMap;
use aws_lambda_events::http::header::SEC_WEBSOCKET_PROTOCOL;
use lambda_kit::telemetry;
use lambda_runtime::{Diagnostic, LambdaEvent};
use serde_json::{Value, json};
use tracing::{error, info};

use crate::access_token::signing_keys::SigningKeysError;
use crate::access_token::{AccessTokenVerifier, TokenError};
use crate::domain::live::Session;
use crate::websocket_api::protocol::PROTOCOL;

/// Decides whether the caller may connect. The context of the answer has the token's `sub`, `auth_time` and
/// `exp`; API Gateway passes it with every later message of the connection.
///
/// Source: <https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-lambda-auth.html>
///
/// An invalid token is denied with 403. The function only fails if the user pool's keys are not available.
pub(crate) async fn authorize(
    verifier: &AccessTokenVerifier,
    event: LambdaEvent<ApiGatewayCustomAuthorizerRequestTypeRequest>,
) -> Result<Value, Diagnostic> {
    let request = event.payload;
    let method = request.method_arn.as_deref().unwrap_or_default();
    let Some(token) = offered_token(&request.headers) else {
        info!("denied a connection without {PROTOCOL} and a token");
        return Ok(policy("Deny", method, None));
    };
    match verifier.verify(token).await {
        Ok(session) => Ok(policy("Allow", method, Some(session))),
        Err(TokenError::Keys(error)) => Err(keys_unavailable(&error)),
        Err(refused) => {
            info!(error.chain = telemetry::chain(&refused), "denied a connection");
            Ok(policy("Deny", method, None))
        }
    }
}

/// The token in `Sec-WebSocket-Protocol: busline.v1, <token>`; `None` for any other form.
fn offered_token(headers: &HeaderMap) -> Option<&str> {
    let offered = headers.get(SEC_WEBSOCKET_PROTOCOL)?.to_str().ok()?;
    let (protocol, token) = offered.split_once(',')?;
    let token = token.trim();
    (protocol.trim() == PROTOCOL && !token.contains(',')).then_some(token)
}

fn policy(effect: &str, method: &str, session: Option<Session>) -> Value {
    let statement = json!({"Action": "execute-api:Invoke", "Effect": effect, "Resource": method});
    let document = json!({"Version": "2012-10-17", "Statement": [statement]});
    let Some(Session { user, authenticated_at, expires_at }) = session else {
        return json!({"principalId": "nobody", "policyDocument": document});
    };
    let mut context = json!({"sub": user, "exp": expires_at.as_second()});
    if let Some(at) = authenticated_at {
        context["auth_time"] = json!(at.as_second());
    }
    json!({"principalId": user, "policyDocument": document, "context": context})
}

fn keys_unavailable(error: &SigningKeysError) -> Diagnostic {
    let chain = telemetry::chain(error);
    error!(error.kind = "SigningKeysUnavailable", error.chain = chain, "cannot verify the token of a connection");
    Diagnostic { error_type: "SigningKeysUnavailable".to_owned(), error_message: chain }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_accepted_after_the_protocol_only() {
        let token = |offered: &str| {
            let headers = HeaderMap::from_iter([(SEC_WEBSOCKET_PROTOCOL, offered.parse().unwrap())]);
            offered_token(&headers).map(str::to_owned)
        };
        assert_eq!(token("busline.v1, a.b.c").as_deref(), Some("a.b.c"));
        assert_eq!(token("busline.v1,a.b.c").as_deref(), Some("a.b.c"));
        for other in ["", "busline.v1", "a.b.c", "a.b.c, busline.v1", "busline.v2, a.b.c", "busline.v1, a.b.c, d"] {
            assert_eq!(token(other), None, "{other}");
        }
        assert_eq!(offered_token(&HeaderMap::new()), None);
    }
}
