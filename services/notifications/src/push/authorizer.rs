//! Who may connect: whoever has a good access token, which comes as a subprotocol.
//!
//! A browser can set no header of a WebSocket but that one, and an address ends in logs and histories.

use std::collections::HashMap;

use lambda_kit::telemetry;
use lambda_runtime::{Diagnostic, LambdaEvent};
use serde::Deserialize;
use serde_json::{Value, json};
use tracing::{error, info};

use crate::push::keys::KeysError;
use crate::push::token::{Session, TokenError, Verifier};

/// The subprotocol that the product speaks. A client offers it and, after it, its access token.
pub(crate) const PROTOCOL: &str = "busline.v1";

/// What API Gateway asks a `REQUEST` authorizer; the fields that are read.
///
/// Source: <https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-lambda-auth.html>
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Question {
    method_arn: String,
    headers: HashMap<String, String>,
}

/// Answers whether the caller may connect. The answer's context, which comes with every later message of the
/// connection, has the token's `sub` and `exp` and nothing else.
///
/// A token that is not good is an answer, 403. An error is not knowing: the pool's keys could not be had.
pub(crate) async fn authorize(verifier: &Verifier, event: LambdaEvent<Question>) -> Result<Value, Diagnostic> {
    let question = event.payload;
    let Some(token) = offered_token(&question.headers) else {
        info!("refused a connection: it does not offer {PROTOCOL} and a token");
        return Ok(policy("Deny", &question.method_arn, None));
    };
    match verifier.verify(token).await {
        Ok(session) => Ok(policy("Allow", &question.method_arn, Some(session))),
        Err(TokenError::NoKeys(cause)) => Err(unknowing(&cause)),
        Err(refused) => {
            info!(error.chain = telemetry::chain(&refused), "refused a connection");
            Ok(policy("Deny", &question.method_arn, None))
        }
    }
}

/// The token of `Sec-WebSocket-Protocol: busline.v1, <token>`, and of nothing else.
fn offered_token(headers: &HashMap<String, String>) -> Option<&str> {
    let (_, offered) = headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("sec-websocket-protocol"))?;
    let (protocol, token) = offered.split_once(',')?;
    let token = token.trim();
    (protocol.trim() == PROTOCOL && !token.contains(',')).then_some(token)
}

fn policy(effect: &str, method: &str, session: Option<Session>) -> Value {
    let statement = json!({"Action": "execute-api:Invoke", "Effect": effect, "Resource": method});
    let document = json!({"Version": "2012-10-17", "Statement": [statement]});
    let Some(Session { user, expires_at }) = session else {
        return json!({"principalId": "nobody", "policyDocument": document});
    };
    let context = json!({"sub": user, "exp": expires_at.as_second()});
    json!({"principalId": user, "policyDocument": document, "context": context})
}

fn unknowing(cause: &KeysError) -> Diagnostic {
    let chain = telemetry::chain(cause);
    error!(error.kind = "KeysUnknown", error.chain = chain, "cannot tell who wants to connect");
    Diagnostic { error_type: "KeysUnknown".to_owned(), error_message: chain }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_comes_behind_the_protocol_alone() {
        let token = |offered: &str| {
            let headers = HashMap::from([("Sec-WebSocket-Protocol".to_owned(), offered.to_owned())]);
            offered_token(&headers).map(str::to_owned)
        };
        assert_eq!(token("busline.v1, a.b.c").as_deref(), Some("a.b.c"));
        assert_eq!(token("busline.v1,a.b.c").as_deref(), Some("a.b.c"));
        for other in ["", "busline.v1", "a.b.c", "a.b.c, busline.v1", "busline.v2, a.b.c", "busline.v1, a.b.c, d"] {
            assert_eq!(token(other), None, "{other}");
        }
        assert_eq!(offered_token(&HashMap::new()), None);
    }
}
