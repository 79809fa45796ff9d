//! The routes `$connect`, `$disconnect` and `ping` of the WebSocket API.

use jiff::Timestamp;
use lambda_kit::subscriber::SubscribeFailure;
use lambda_kit::{clock, telemetry};
use lambda_runtime::{Diagnostic, LambdaEvent};
use serde::{Deserialize, Deserializer};
use serde_json::{Value, json};
use tracing::{error, info};
use uuid::Uuid;

use crate::app::live_push::{LivePush, LivePushError};
use crate::domain::live::Session;
use crate::websocket_api::protocol::PROTOCOL;

/// The event of a WebSocket route; the fields that are read.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RouteEvent {
    request_context: RequestContext,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RequestContext {
    connection_id: String,
    /// The context in the answer of the authorizer.
    authorizer: AuthorizerContext,
}

#[derive(Deserialize)]
struct AuthorizerContext {
    sub: Uuid,
    #[serde(deserialize_with = "seconds")]
    exp: Timestamp,
}

/// `$connect`: adds the connection and answers with the subprotocol, without which a browser closes the connection.
///
/// Source: <https://docs.aws.amazon.com/apigateway/latest/developerguide/websocket-connect-route-subprotocol.html>
pub(crate) async fn connect(push: &LivePush, event: LambdaEvent<RouteEvent>) -> Result<Value, Diagnostic> {
    let (id, session) = event.payload.connection();
    if !push.connect(session, &id).await.map_err(|failure| failed(&failure))? {
        return Ok(json!({"statusCode": 403}));
    }
    info!(connection.id = id, "connected");
    Ok(json!({"statusCode": 200, "headers": {"Sec-WebSocket-Protocol": PROTOCOL}}))
}

/// `$disconnect`: removes the connection. AWS does not guarantee this event, so that rows expire too, and are removed
/// when a message cannot be delivered.
pub(crate) async fn disconnect(push: &LivePush, event: LambdaEvent<RouteEvent>) -> Result<Value, Diagnostic> {
    let (id, session) = event.payload.connection();
    push.remove(session.user, &id).await.map_err(|failure| failed(&failure))?;
    info!(connection.id = id, "disconnected");
    Ok(json!({"statusCode": 200}))
}

/// `ping`: answers, which keeps the connection from being idle. Closes it instead if its token has expired.
pub(crate) async fn ping(push: &LivePush, event: LambdaEvent<RouteEvent>) -> Result<Value, Diagnostic> {
    let (id, session) = event.payload.connection();
    if session.expires_at > clock::now() {
        return Ok(json!({"statusCode": 200, "body": json!({"type": "pong"}).to_string()}));
    }
    push.close(session.user, &id).await.map_err(|failure| failed(&failure))?;
    info!(connection.id = id, "closed a connection with an expired token");
    Ok(json!({"statusCode": 200}))
}

impl RouteEvent {
    /// The id of the connection, and its session.
    fn connection(self) -> (String, Session) {
        let RequestContext { connection_id, authorizer } = self.request_context;
        (connection_id, Session { user: authorizer.sub, expires_at: authorizer.exp })
    }
}

/// API Gateway converts the numbers of an authorizer's context to strings.
fn seconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Timestamp, D::Error> {
    let text = String::deserialize(deserializer)?;
    let second = text.parse().map_err(|_| serde::de::Error::custom("expected seconds since 1970"))?;
    Timestamp::from_second(second).map_err(serde::de::Error::custom)
}

fn failed(failure: &LivePushError) -> Diagnostic {
    let chain = telemetry::chain(failure);
    error!(error.kind = failure.kind(), error.chain = chain, "could not handle a connection");
    Diagnostic { error_type: failure.kind().to_owned(), error_message: chain }
}
