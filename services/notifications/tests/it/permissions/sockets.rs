//! Scenarios of the functions behind the WebSocket API, invoked as API Gateway, the bus and the table's stream do.
//!
//! The user of these scenarios does not exist, and has rows of connections that were never opened: one is closed, one has
//! passed the end of its token.

use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use tests::bus::TestEvent;
use tests::permissions::erasure::put_row;
use tests::permissions::grants::Function;
use tests::permissions::needed::Outcome;
use tests::socket::PROTOCOL;
use uuid::Uuid;

use super::{SERVICE, Workspace, text};

/// The maximum number of connections of one user.
const MAX_CONNECTIONS: usize = 20;

const HOUR: SignedDuration = SignedDuration::from_hours(1);

impl Workspace {
    pub(super) async fn exercise_sockets(&self, function: &Function, timeout: Duration) -> Outcome {
        let user = Uuid::new_v4();
        match function.job.as_str() {
            "authorize-connection" => self.invoke(function, &self.authorization_request()).await,
            "connect" => {
                for number in 0..MAX_CONNECTIONS {
                    self.put_connection(user, &format!("{number:02}"), &format!("{number}-{user}"), HOUR).await;
                }
                self.invoke(function, &socket_event(user, HOUR)).await
            }
            "disconnect" => {
                self.put_connection(user, "00", &connection_id(user), HOUR).await;
                self.invoke(function, &socket_event(user, HOUR)).await
            }
            "ping" => {
                self.put_connection(user, "00", &connection_id(user), -HOUR).await;
                self.invoke(function, &socket_event(user, -HOUR)).await
            }
            "push-inbox" => {
                self.put_connections(user).await;
                self.put_entry(user).await;
                self.wait_until_deleted(user, timeout).await
            }
            _ => {
                self.put_connections(user).await;
                let (service, detail_type) = function.events.first().expect("an event that is pushed");
                let event = TestEvent::from_example(service, detail_type.trim_end_matches(".v1"), user);
                self.invoke(function, &event.as_delivered()).await
            }
        }
    }

    /// The event of a WebSocket authorizer:
    /// <https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-lambda-auth.html>
    fn authorization_request(&self) -> Value {
        let offered = format!("{PROTOCOL}, {}", self.user.tokens.access_token);
        json!({
            "type": "REQUEST",
            "methodArn": "arn:aws:execute-api:eu-west-1:000000000000:abcd1234/live/$connect",
            "headers": {"Sec-WebSocket-Protocol": offered},
            "requestContext": {},
        })
    }

    async fn put_connections(&self, user: Uuid) {
        self.put_connection(user, "00", &format!("closed-{user}"), HOUR).await;
        self.put_connection(user, "01", &format!("expired-{user}"), -SignedDuration::from_secs(1)).await;
    }

    /// A row of a connection that was opened an hour ago and ends after `left`.
    async fn put_connection(&self, user: Uuid, slot: &str, id: &str, left: SignedDuration) {
        let now = Timestamp::now();
        let row = [
            ("pk", text(&format!("USER#{user}"))),
            ("sk", text(&format!("CONNECTION#{slot}"))),
            ("id", text(id)),
            ("connectedAt", text(&(now - HOUR).to_string())),
            ("endsAt", text(&(now + left).to_string())),
            ("expiresAt", AttributeValue::N(((now + left).as_second() + 3600).to_string())),
        ];
        put_row(&self.product, SERVICE, row).await;
    }

    /// An inbox has just got an entry.
    async fn put_entry(&self, user: Uuid) {
        let key = text(&format!("INBOX#{}", Uuid::now_v7()));
        let row = [("pk", text(&format!("USER#{user}"))), ("sk", key.clone()), ("byUnread", key)];
        put_row(&self.product, SERVICE, row).await;
    }

    /// The connections that were never opened are deleted from the table.
    async fn wait_until_deleted(&self, user: Uuid, timeout: Duration) -> Outcome {
        let client = aws_sdk_dynamodb::Client::new(self.product.sdk());
        let deleted = tokio::time::timeout(timeout, async {
            loop {
                let query = client.query().table_name(self.product.table(SERVICE)).consistent_read(true);
                let query = query.key_condition_expression("pk = :pk AND begins_with(sk, :prefix)");
                let query = query.expression_attribute_values(":pk", text(&format!("USER#{user}")));
                let rows = query.expression_attribute_values(":prefix", text("CONNECTION#")).send().await;
                if rows.expect("the table answers").count() == 0 {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(150)).await;
            }
        });
        deleted.await.map_err(|_| format!("closed connections are still in the table after {timeout:?}"))
    }
}

/// The id of a connection that API Gateway does not know.
fn connection_id(user: Uuid) -> String {
    format!("unknown-{user}")
}

/// An event of a route, from a connection with a token that ends after `left`.
fn socket_event(user: Uuid, left: SignedDuration) -> Value {
    let exp = (Timestamp::now() + left).as_second().to_string();
    let authorizer = json!({"principalId": user, "sub": user, "exp": exp});
    json!({"requestContext": {
        "connectionId": connection_id(user), "connectedAt": 0, "requestTimeEpoch": 0, "authorizer": authorizer,
    }})
}
