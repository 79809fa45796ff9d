//! What the benchmarks (`tests/bench`) let this service do. Other services' events are examples, put on the bus.

use anyhow::{Context, Error, Result};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use tests::account::{User, claims};
use tests::bus::TestEvent;
use tests::permissions::needed;
use tests::product::Product;
use tests::socket::PROTOCOL;
use tests::wait::eventually;
use tokio::sync::OnceCell;
use uuid::Uuid;

use crate::scenarios::{ItemKind, Owner, Pending, Scenarios};
use crate::trigger_events::http_request;

const SERVICE: &str = "notifications";

const ITEM_KINDS: [ItemKind; 1] = [ItemKind {
    sort_key_prefix: "INBOX#",
    owners: &[Owner::Caller, Owner::Others],
    jobs: &["list-notifications", "read-notification", "update-inbox"],
}];

struct NotificationsScenarios {
    user: User,
    recipient: OnceCell<Recipient>,
}

/// A user who wants every email, with an item that is due.
struct Recipient {
    user: User,
    /// The token in the links of a reminder, which unsubscribe.
    token: String,
}

pub(super) async fn scenarios(user: &User) -> Result<Box<dyn Scenarios>> {
    let scenarios = NotificationsScenarios { user: user.clone(), recipient: OnceCell::new() };
    scenarios.create_entry().await;
    // The growing inbox is one of entries that were read: a count reads the unread ones.
    user.api(SERVICE).post("/notifications/read").expect(200).await;
    Ok(Box::new(scenarios))
}

impl Scenarios for NotificationsScenarios {
    fn event<'a>(&'a self, job: &'a str) -> Pending<'a, Option<Value>> {
        Box::pin(async move {
            match job {
                "authorize-connection" | "connect" | "disconnect" | "ping" | "push-inbox" => {
                    Ok(Some(self.socket_event(job)))
                }
                "confirm-unsubscribe" | "unsubscribe" | "plan-digests" | "send-digest-mail" => {
                    self.recurring_email_event(job).await.map(Some)
                }
                _ => self.user_event(job).await,
            }
        })
    }

    fn item_kinds(&self) -> &'static [ItemKind] {
        &ITEM_KINDS
    }
}

impl NotificationsScenarios {
    async fn user_event(&self, job: &str) -> Result<Option<Value>> {
        let user = &self.user;
        Ok(Some(match job {
            "list-notifications" => http_request(user, "GET /notifications", &[], &Value::Null),
            "read-notification" => {
                let id = self.create_entry().await;
                http_request(user, "POST /notifications/{id}/read", &[("id", &id)], &Value::Null)
            }
            "read-notifications" => {
                self.create_entry().await;
                http_request(user, "POST /notifications/read", &[], &Value::Null)
            }
            "get-preferences" => http_request(user, "GET /preferences", &[], &Value::Null),
            "change-preferences" => self.change_of_digest_hour().await?,
            "update-inbox" | "push-changes" | "update-agenda" => {
                TestEvent::from_example("todos", "TodoCreated", user.id).as_delivered()
            }
            "send-reminder-mail" => {
                forget_reminders(user).await?;
                due_item(user).as_delivered()
            }
            "send-export-mail" => {
                let (export, expires_at) = (Uuid::now_v7(), Timestamp::now() + SignedDuration::from_hours(1));
                let data = json!({"userId": user.id, "exportId": export, "bytes": 1, "expiresAt": expires_at});
                TestEvent::new("users", "UserExportReady", export, 2, &data).as_delivered()
            }
            "export" => TestEvent::from_example("users", "UserExportRequested", user.id).as_delivered(),
            _ => return Ok(None),
        }))
    }

    /// A request that changes the preferences each time.
    async fn change_of_digest_hour(&self) -> Result<Value> {
        let preferences = self.user.api(SERVICE).get("/preferences").expect(200).await;
        let hour = preferences["digestHour"].as_u64().context("preferences have no hour")?;
        let body = json!({"reminderMail": true, "digestHour": (hour + 1) % 24});
        Ok(http_request(&self.user, "PATCH /preferences", &[], &body))
    }

    fn socket_event(&self, job: &str) -> Value {
        let (user, token) = (&self.user, &self.user.tokens.access_token);
        match job {
            "authorize-connection" => json!({
                "type": "REQUEST",
                "methodArn": "arn:aws:execute-api:eu-west-1:000000000000:abcd1234/live/$connect",
                "headers": {"Sec-WebSocket-Protocol": format!("{PROTOCOL}, {token}")},
                "requestContext": {},
            }),
            "push-inbox" => {
                let key = json!({"pk": {"S": format!("USER#{}", user.id)}, "sk": {"S": "INBOX#1"}});
                json!({"Records": [{
                    "eventID": "1", "eventName": "INSERT", "awsRegion": "eu-west-1",
                    "dynamodb": {"SequenceNumber": "1", "SizeBytes": 1, "Keys": key},
                }]})
            }
            _ => json!({"requestContext": {
                "connectionId": "bench",
                "connectedAt": 0,
                "requestTimeEpoch": 0,
                "authorizer": {"sub": user.id, "exp": claims(token)["exp"].to_string()},
            }}),
        }
    }

    async fn recurring_email_event(&self, job: &str) -> Result<Value> {
        let recipient = self.recipient.get_or_try_init(async || recipient(self.user.product()).await);
        let Recipient { user, token } = recipient.await?;
        let follow_link = |route: &str| {
            let mut event = http_request(user, route, &[], &Value::Null);
            event["rawQueryString"] = json!(format!("token={token}"));
            event["queryStringParameters"] = json!({ "token": token });
            // The link works without a sign-in.
            event["requestContext"]["authorizer"] = Value::Null;
            event
        };
        Ok(match job {
            "confirm-unsubscribe" => follow_link("GET /unsubscribe"),
            "unsubscribe" => follow_link("POST /unsubscribe"),
            // By then the digests of all users are due.
            "plan-digests" => json!({"scheduledTime": Timestamp::now() + SignedDuration::from_hours(24)}),
            // For one moment one digest is sent.
            _ => json!({"userId": user.id, "digestAt": Timestamp::now()}),
        })
    }

    /// Waits for a new unread entry in the inbox; its id.
    async fn create_entry(&self) -> String {
        let event = TestEvent::from_example("todos", "TodoDue", self.user.id);
        self.user.product().put_events(&[&event]).await;
        eventually("an entry in the inbox", async || {
            // It is not always the newest one: the entry of a reminder is sorted by the due time.
            let inbox = self.user.api(SERVICE).get("/notifications?unread=true&limit=100").expect(200).await;
            let is_created = inbox["items"].as_array()?.iter().any(|entry| entry["id"] == event.id());
            is_created.then(|| event.id().to_owned())
        })
        .await
    }
}

async fn recipient(product: &Product) -> Result<Recipient> {
    let user = product.user().await;
    let preferences = json!({"reminderMail": true, "digestMail": true, "digestHour": 7});
    user.api(SERVICE).patch("/preferences").json(&preferences).expect(200).await;
    let mut created = TestEvent::from_example("todos", "TodoCreated", user.id);
    created.detail["data"]["dueAt"] = json!(Timestamp::now());
    let invoke = async |job: &str, event: TestEvent| {
        needed::invoke(product, &product.function(SERVICE, job), &event.as_delivered()).await
    };
    invoke("update-agenda", created).await.map_err(Error::msg)?;
    let token = eventually("an email with a token", async || {
        // No reminder is sent to a recipient that is not known yet.
        invoke("send-reminder-mail", due_item(&user)).await.ok()?;
        let emails = product.emails_to(&user.account.email).await;
        emails.iter().find_map(|email| email.header("List-Unsubscribe")?.split("token=").nth(1).map(str::to_owned))
    });
    let token = token.await.trim_end_matches('>').to_owned();
    Ok(Recipient { user, token })
}

/// Deletes the count of today's reminders, so that each call sends one.
async fn forget_reminders(user: &User) -> Result<()> {
    let product = user.product();
    let sort_key = format!("REMINDERS#{}", Timestamp::now().to_zoned(TimeZone::UTC).date());
    let request = Client::new(product.sdk()).delete_item().table_name(product.table(SERVICE));
    let request = request.key("pk", AttributeValue::S(format!("USER#{}", user.id)));
    request.key("sk", AttributeValue::S(sort_key)).send().await?;
    Ok(())
}

/// The event that an item of a user is due.
fn due_item(user: &User) -> TestEvent {
    let todo = Uuid::now_v7();
    let data = json!({"todoId": todo, "ownerId": user.id, "title": "Buy milk", "dueAt": Timestamp::now()});
    TestEvent::new("todos", "TodoDue", todo, 1, &data)
}
