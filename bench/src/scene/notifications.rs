//! The events of the notifications service.

use anyhow::{Context, Result};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use tests::account::{User, claims};
use tests::product::Service;
use tests::socket::PROTOCOL;

use crate::scene::shape::route;
use crate::scene::{Scenes, create, unread_entry};

impl Scenes {
    pub(super) async fn of_notifications(&self, job: &str) -> Result<Option<Value>> {
        Ok(Some(match job {
            "list-notifications" => route(&self.user, "GET", "/notifications", None, &Value::Null),
            "read-notification" => {
                let entry = unread_entry(&self.user, &create(&self.user).await?).await;
                route(&self.user, "POST", "/notifications/{id}/read", Some(&entry), &Value::Null)
            }
            "read-notifications" => {
                unread_entry(&self.user, &create(&self.user).await?).await;
                route(&self.user, "POST", "/notifications/read", None, &Value::Null)
            }
            "get-preferences" => route(&self.user, "GET", "/preferences", None, &Value::Null),
            "change-preferences" => other_hour(&self.user).await?,
            "authorize-connection" | "connect" | "disconnect" | "ping" | "push-inbox" => of_sockets(&self.user, job),
            "todo-due" | "ask-unsubscribe" | "unsubscribe" | "send-reminder-mail" | "plan-digests"
            | "send-digest-mail" => self.of_mails(job).await?,
            "erase" => self.stories.deletion(&self.product).await?.heard.again("UserDeleted.v1")?,
            "export" => self.stories.export(&self.product).await?.heard.again("UserExportRequested.v1")?,
            "export-ready" | "send-export-mail" => {
                self.stories.export(&self.product).await?.heard.again("UserExportReady.v1")?
            }
            "publish" => {
                // This service's own events are the answers to deletions and exports.
                self.stories.deletion(&self.product).await?;
                self.outbox(Service::Notifications).await?
            }
            _ => return self.of_others(job),
        }))
    }

    /// What the other services have told.
    fn of_others(&self, job: &str) -> Result<Option<Value>> {
        let event = match job {
            "attachment-ready" => self.events.again("AttachmentReady.v1"),
            "attachment-rejected" => self.events.again("AttachmentRejected.v1"),
            "todo-created" | "push-todos" | "update-agenda" => self.events.again("TodoCreated.v1"),
            "todo-changed" => self.events.again("TodoChanged.v1"),
            "todo-completed" => self.events.again("TodoCompleted.v1"),
            "todo-reopened" => self.events.again("TodoReopened.v1"),
            "todo-deleted" => self.events.again("TodoDeleted.v1"),
            "user-registered" | "recipient-registered" | "send-welcome-mail" => {
                self.events.of_somebody("UserRegistered.v1")
            }
            "recipient-changed" | "push-users" => self.events.of_somebody("UserProfileChanged.v1"),
            _ => return Ok(None),
        };
        event.map(Some)
    }

    async fn of_mails(&self, job: &str) -> Result<Value> {
        let story = self.stories.reminder(&self.product).await;
        let link = async |method: &str| {
            let token = story.token().await;
            let mut event = route(&story.user, method, "/unsubscribe", None, &Value::Null);
            event["rawQueryString"] = json!(format!("token={token}"));
            event["queryStringParameters"] = json!({ "token": token });
            // Whoever follows it is not signed in.
            event["requestContext"]["authorizer"] = Value::Null;
            event
        };
        Ok(match job {
            "ask-unsubscribe" => link("GET").await,
            "unsubscribe" => link("POST").await,
            // By then the digests of everybody are due.
            "plan-digests" => json!({"scheduledTime": Timestamp::now() + SignedDuration::from_hours(24)}),
            // Of one moment one digest is sent.
            "send-digest-mail" => json!({"userId": story.user.id, "digestAt": Timestamp::now()}),
            _ => story.heard.again("TodoDue.v1")?,
        })
    }
}

/// A change of preferences that is one.
async fn other_hour(user: &User) -> Result<Value> {
    let now = user.notifications().get("/preferences").expect(200).await;
    let hour = now["digestHour"].as_u64().context("preferences have no hour")?;
    let body = json!({"reminderMail": true, "digestHour": (hour + 1) % 24});
    Ok(route(user, "PATCH", "/preferences", None, &body))
}

/// The events of the WebSocket API and of what is told over it.
fn of_sockets(user: &User, job: &str) -> Value {
    match job {
        "authorize-connection" => json!({
            "type": "REQUEST",
            "methodArn": "arn:aws:execute-api:eu-west-1:000000000000:abcd1234/live/$connect",
            "headers": {"Sec-WebSocket-Protocol": format!("{PROTOCOL}, {}", user.tokens.access_token)},
        }),
        "push-inbox" => {
            let counter = json!({
                "pk": {"S": format!("USER#{}", user.id)}, "sk": {"S": "UNREAD"}, "unread": {"N": "1"},
            });
            json!({"Records": [{
                "eventName": "MODIFY", "dynamodb": {"SequenceNumber": "1", "NewImage": counter},
            }]})
        }
        _ => json!({
            "requestContext": {
                "connectionId": "bench",
                "authorizer": {"sub": user.id, "exp": claims(&user.tokens.access_token)["exp"].to_string()},
            },
        }),
    }
}
