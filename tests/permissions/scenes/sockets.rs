//! The functions behind the WebSocket API, invoked as API Gateway, the bus and the table's stream do.
//!
//! Who is told is somebody made up, with connections that nobody opened: one has ended, one is past its token's end.

use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use tests::bus::Forged;
use tests::product::Service;
use tests::socket::PROTOCOL;
use uuid::Uuid;

use super::{Done, Patience, Stage, on_the_bus, text};
use crate::grants::Job;

/// A user has at most so many connections.
const MOST: usize = 20;

impl Stage {
    /// The scene of one of these functions.
    pub(super) async fn sockets(&self, job: &Job, patience: Patience) -> Done {
        let user = Uuid::new_v4();
        let about = json!({
            "todoId": user, "ownerId": user, "userId": user, "title": "x", "displayName": "Ann", "priority": "low",
            "tags": [], "locale": "en", "timeZone": "UTC", "changed": ["displayName"],
        });
        match job.name.as_str() {
            "authorize-connection" => self.invoked(job, &self.question()).await,
            "connect" => {
                for number in 0..MOST {
                    self.keep_connection(user, &format!("{number}-{user}"), SignedDuration::from_hours(1)).await;
                }
                self.invoked(job, &socket_event(user, SignedDuration::from_hours(1))).await
            }
            "disconnect" => self.invoked(job, &socket_event(user, SignedDuration::from_hours(1))).await,
            "ping" => self.invoked(job, &socket_event(user, -SignedDuration::from_hours(1))).await,
            "push-todos" => {
                self.keep_connections(user).await;
                self.invoked(job, &on_the_bus(&Forged::new("todos", "TodoCreated", user, 1, &about))).await
            }
            "push-users" => {
                self.keep_connections(user).await;
                self.invoked(job, &on_the_bus(&Forged::new("users", "UserProfileChanged", user, 2, &about))).await
            }
            _ => {
                self.keep_connections(user).await;
                self.count_unread(user).await;
                self.forgets(user, patience).await
            }
        }
    }

    /// <https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-lambda-auth.html>
    fn question(&self) -> Value {
        let offered = format!("{PROTOCOL}, {}", self.ann.tokens.access_token);
        json!({
            "type": "REQUEST",
            "methodArn": "arn:aws:execute-api:eu-west-1:000000000000:abcd1234/live/$connect",
            "headers": {"Sec-WebSocket-Protocol": offered},
        })
    }

    async fn keep_connections(&self, user: Uuid) {
        self.keep_connection(user, &format!("ended-{user}"), SignedDuration::from_hours(1)).await;
        self.keep_connection(user, &format!("expired-{user}"), -SignedDuration::from_secs(1)).await;
    }

    /// A row that says that somebody connected long ago, until `left` from now.
    async fn keep_connection(&self, user: Uuid, id: &str, left: SignedDuration) {
        let (now, table) = (Timestamp::now(), self.product.table(Service::Notifications));
        let put = aws_sdk_dynamodb::Client::new(self.product.sdk()).put_item().table_name(table);
        let put = put.item("pk", text(&format!("USER#{user}"))).item("sk", text(&format!("CONNECTION#{id}")));
        let since = now - SignedDuration::from_hours(1);
        let put = put.item("id", text(id)).item("connectedAt", text(&since.to_string()));
        let put = put.item("endsAt", text(&(now + left).to_string()));
        let put = put.item("expiresAt", AttributeValue::N(((now + left).as_second() + 3600).to_string()));
        put.send().await.expect("a row that can be written");
    }

    /// As if somebody had got an inbox entry.
    async fn count_unread(&self, user: Uuid) {
        let table = self.product.table(Service::Notifications);
        let put = aws_sdk_dynamodb::Client::new(self.product.sdk()).put_item().table_name(table);
        let put = put.item("pk", text(&format!("USER#{user}"))).item("sk", text("UNREAD"));
        put.item("unread", AttributeValue::N("1".to_owned())).send().await.expect("a row that can be written");
    }

    /// The connections that nobody opened are gone from the table.
    async fn forgets(&self, user: Uuid, patience: Patience) -> Done {
        let client = aws_sdk_dynamodb::Client::new(self.product.sdk());
        let forgotten = tokio::time::timeout(patience.0, async {
            loop {
                let query = client.query().table_name(self.product.table(Service::Notifications)).consistent_read(true);
                let query = query.key_condition_expression("pk = :pk AND begins_with(sk, :prefix)");
                let query = query.expression_attribute_values(":pk", text(&format!("USER#{user}")));
                let rows = query.expression_attribute_values(":prefix", text("CONNECTION#")).send().await;
                if rows.expect("the table answers").count() == 0 {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(150)).await;
            }
        });
        forgotten.await.map_err(|_| format!("connections that nobody opened are still there after {:?}", patience.0))
    }
}

/// An event of a route, from a connection whose token ends at `left` from now.
fn socket_event(user: Uuid, left: SignedDuration) -> Value {
    let exp = (Timestamp::now() + left).as_second().to_string();
    let authorizer = json!({"principalId": user, "sub": user, "exp": exp});
    json!({"requestContext": {"connectionId": format!("made-up-{user}"), "authorizer": authorizer}})
}
