//! The routes of the WebSocket API: a session begins, ends, and says that it is still there.

use jiff::{SignedDuration, Timestamp};
use lambda_kit::{clock, telemetry};
use lambda_runtime::{Diagnostic, LambdaEvent};
use serde::{Deserialize, Deserializer};
use serde_json::{Value, json};
use tracing::{error, info};
use uuid::Uuid;

use crate::domain::Connection;
use crate::push::authorizer::PROTOCOL;
use crate::push::tell::{Push, PushError};

/// API Gateway ends every connection after two hours.
/// Source: <https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-execution-service-websocket-limits-table.html>
const LONGEST_LIFE: SignedDuration = SignedDuration::from_hours(2);
/// A user has at most this many; a further one takes the place of the oldest.
const MOST: usize = 20;

/// What API Gateway says of a connection with each event; the fields that are read.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SocketEvent {
    request_context: RequestContext,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RequestContext {
    connection_id: String,
    /// What the authorizer answered when the connection began.
    authorizer: Authorized,
}

#[derive(Deserialize)]
struct Authorized {
    sub: Uuid,
    #[serde(deserialize_with = "seconds")]
    exp: Timestamp,
}

/// `$connect`: keeps the connection until its token or API Gateway ends it, and answers the subprotocol, without which
/// a browser does not take the connection.
///
/// Source: <https://docs.aws.amazon.com/apigateway/latest/developerguide/websocket-connect-route-subprotocol.html>
pub(crate) async fn connect(push: &Push, event: LambdaEvent<SocketEvent>) -> Result<Value, Diagnostic> {
    let (id, session) = event.payload.parts();
    let is_deleted = push.store.is_deleted(session.sub).await;
    if is_deleted.map_err(|failure| failed(&failure.into()))? {
        info!("the user has deleted their account");
        return Ok(json!({"statusCode": 403}));
    }
    let now = clock::now();
    let longest = now.saturating_add(LONGEST_LIFE).unwrap_or(session.exp);
    let connection = Connection { user: session.sub, id, connected_at: now, ends_at: session.exp.min(longest) };
    begin(push, &connection).await.map_err(|failure| failed(&failure))?;
    info!(connection.id = connection.id, "connected");
    Ok(json!({"statusCode": 200, "headers": {"Sec-WebSocket-Protocol": PROTOCOL}}))
}

/// `$disconnect`: forgets the connection. AWS promises no such event, so that rows expire too, and go when a push finds
/// nobody.
pub(crate) async fn disconnect(push: &Push, event: LambdaEvent<SocketEvent>) -> Result<Value, Diagnostic> {
    let (id, session) = event.payload.parts();
    let forgotten = push.store.forget_connection(session.sub, &id).await;
    forgotten.map_err(|failure| failed(&failure.into()))?;
    info!(connection.id = id, "disconnected");
    Ok(json!({"statusCode": 200}))
}

/// `ping`: answers, which keeps the connection from being idle; once its token has expired, ends it instead.
pub(crate) async fn ping(push: &Push, event: LambdaEvent<SocketEvent>) -> Result<Value, Diagnostic> {
    let (id, session) = event.payload.parts();
    if session.exp > clock::now() {
        return Ok(json!({"statusCode": 200, "body": json!({"type": "pong"}).to_string()}));
    }
    push.end(session.sub, &id).await.map_err(|failure| failed(&failure))?;
    info!(connection.id = id, "ended a connection whose token has expired");
    Ok(json!({"statusCode": 200}))
}

async fn begin(push: &Push, connection: &Connection) -> Result<(), PushError> {
    let mut others = push.store.connections_of(connection.user).await?;
    others.sort_by_key(|other| other.connected_at);
    let surplus = (others.len() + 1).saturating_sub(MOST);
    for oldest in others.iter().take(surplus) {
        push.end(oldest.user, &oldest.id).await?;
    }
    push.store.keep_connection(connection).await?;
    Ok(())
}

impl SocketEvent {
    fn parts(self) -> (String, Authorized) {
        (self.request_context.connection_id, self.request_context.authorizer)
    }
}

/// API Gateway turns the numbers of an authorizer's context into texts.
fn seconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Timestamp, D::Error> {
    let text = String::deserialize(deserializer)?;
    let second = text.parse().map_err(|_| serde::de::Error::custom("expected seconds"))?;
    Timestamp::from_second(second).map_err(serde::de::Error::custom)
}

fn failed(failure: &PushError) -> Diagnostic {
    let chain = telemetry::chain(failure);
    error!(error.kind = failure.name(), error.chain = chain, "could not handle a session");
    Diagnostic { error_type: failure.name().to_owned(), error_message: chain }
}
