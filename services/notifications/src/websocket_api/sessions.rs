//! The routes `$connect`, `$disconnect` and `ping` of the WebSocket API.

use std::collections::HashMap;

use aws_lambda_events::apigw::ApiGatewayWebsocketProxyRequest as RouteEvent;
use jiff::Timestamp;
use lambda_kit::subscriber::SubscribeFailure;
use lambda_kit::{clock, telemetry};
use lambda_runtime::{Diagnostic, LambdaEvent};
use serde_json::{Value, json};
use tracing::{error, info};

use crate::app::live_push::{LivePush, LivePushError};
use crate::domain::live::Session;
use crate::websocket_api::protocol::PROTOCOL;

/// `$connect`: adds the connection and answers with the subprotocol, without which a browser closes the connection.
///
/// Source: <https://docs.aws.amazon.com/apigateway/latest/developerguide/websocket-connect-route-subprotocol.html>
pub(crate) async fn connect(push: &LivePush, event: LambdaEvent<RouteEvent>) -> Result<Value, Diagnostic> {
    let (id, session) = connection(event)?;
    if !push.connect(session, &id).await.map_err(|failure| failed(&failure))? {
        return Ok(json!({"statusCode": 403}));
    }
    info!(connection.id = id, "connected");
    Ok(json!({"statusCode": 200, "headers": {"Sec-WebSocket-Protocol": PROTOCOL}}))
}

/// `$disconnect`: removes the connection. AWS does not guarantee this event, so that rows expire too, and are removed
/// when a message cannot be delivered.
pub(crate) async fn disconnect(push: &LivePush, event: LambdaEvent<RouteEvent>) -> Result<Value, Diagnostic> {
    let (id, session) = connection(event)?;
    push.remove(session.user, &id).await.map_err(|failure| failed(&failure))?;
    info!(connection.id = id, "disconnected");
    Ok(json!({"statusCode": 200}))
}

/// `ping`: answers, which keeps the connection from being idle. Closes it instead if its token has expired.
pub(crate) async fn ping(push: &LivePush, event: LambdaEvent<RouteEvent>) -> Result<Value, Diagnostic> {
    let (id, session) = connection(event)?;
    if session.expires_at > clock::now() {
        return Ok(json!({"statusCode": 200, "body": json!({"type": "pong"}).to_string()}));
    }
    push.close(session.user, &id).await.map_err(|failure| failed(&failure))?;
    info!(connection.id = id, "closed a connection with an expired token");
    Ok(json!({"statusCode": 200}))
}

/// The id of a connection, and its session, which the authorizer has put into the context.
fn connection(event: LambdaEvent<RouteEvent>) -> Result<(String, Session), Diagnostic> {
    let context = event.payload.request_context;
    let session = session(&context.authorizer.fields);
    context.connection_id.zip(session).ok_or_else(|| {
        error!(error.kind = "ContextUnreadable", "the event has no connection, or no session of the authorizer");
        Diagnostic {
            error_type: "ContextUnreadable".to_owned(),
            error_message: "the event has no connection, or no session of the authorizer".to_owned(),
        }
    })
}

/// API Gateway converts the numbers of an authorizer's context to strings.
fn session(context: &HashMap<String, Value>) -> Option<Session> {
    let text = |name| context.get(name).and_then(Value::as_str);
    let time = |name| Timestamp::from_second(text(name)?.parse().ok()?).ok();
    Some(Session { user: text("sub")?.parse().ok()?, authenticated_at: time("auth_time"), expires_at: time("exp")? })
}

fn failed(failure: &LivePushError) -> Diagnostic {
    let chain = telemetry::chain(failure);
    error!(error.kind = failure.kind(), error.chain = chain, "could not handle a connection");
    Diagnostic { error_type: failure.kind().to_owned(), error_message: chain }
}

#[cfg(test)]
mod tests {
    use lambda_runtime::Context;
    use uuid::Uuid;

    use super::*;

    #[test]
    fn the_session_is_read_from_the_authorizers_context() {
        let event = |authorizer: Value| {
            let context = json!({
                "connectedAt": 1_795_246_462_000_u64, "requestTimeEpoch": 1_795_246_462_000_u64, "connectionId": "c=",
                "authorizer": authorizer,
            });
            let event = json!({ "requestContext": context });
            LambdaEvent::new(serde_json::from_value(event).unwrap(), Context::default())
        };
        let ann = Uuid::from_u128(1);
        let context = json!({"principalId": ann, "sub": ann, "auth_time": "1795245562", "exp": "1795246462"});
        let (id, session) = connection(event(context)).unwrap();
        assert_eq!((id.as_str(), session.user, session.expires_at.as_second()), ("c=", ann, 1_795_246_462));
        assert_eq!(session.authenticated_at.map(Timestamp::as_second), Some(1_795_245_562));
        for other in [json!(null), json!({}), json!({"sub": ann, "exp": "soon"}), json!({"sub": "a", "exp": "1"})] {
            let failed = connection(event(other.clone())).unwrap_err();
            assert_eq!(failed.error_type, "ContextUnreadable", "{other}");
        }
    }
}
