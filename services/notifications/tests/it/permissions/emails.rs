//! Scenarios of preferences, emails and digests.

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use reqwest::Method;
use reqwest::redirect::Policy;
use serde_json::{Value, json};
use tests::bus::TestEvent;
use tests::permissions::erasure::put_row;
use tests::permissions::grants::Function;
use tests::permissions::needed::{Outcome, expect_status, invoke};
use tests::wait::eventually;
use uuid::Uuid;

use super::{SERVICE, Workspace, text};

impl Workspace {
    pub(super) async fn exercise_emails(&self, function: &Function) -> Outcome {
        match function.job.as_str() {
            "get-preferences" => expect_status(self.user.api(SERVICE).get("/preferences"), 200).await,
            "change-preferences" => self.changes_preferences().await,
            "send-reminder-mail" => {
                self.forget_reminders().await;
                self.invoke(function, &self.due_item()).await
            }
            "send-export-mail" => self.invoke(function, &self.ready_export()).await,
            "record-email-problem" => self.invoke(function, &self.bounce()).await,
            "unsubscribe" => {
                self.changes_preferences().await?;
                self.follows_unsubscribe_link(Method::POST, &[200]).await
            }
            "plan-digests" => {
                self.schedule_digest().await;
                self.invoke(function, &json!({"scheduledTime": Timestamp::now()})).await
            }
            "send-digest-mail" => {
                self.schedule_digest().await;
                // One digest is sent for one moment.
                self.invoke(function, &json!({"userId": self.user.id, "digestAt": Timestamp::now()})).await
            }
            // The link leads to the page; without a page there is nothing to lead to.
            _ => self.follows_unsubscribe_link(Method::GET, &[303, 404]).await,
        }
    }

    /// Deletes the count of today's reminders: beyond the limit none is sent.
    async fn forget_reminders(&self) {
        let client = aws_sdk_dynamodb::Client::new(self.product.sdk());
        let day = Timestamp::now().to_zoned(TimeZone::UTC).date();
        let request = client.delete_item().table_name(self.product.table(SERVICE));
        let request = request.key("pk", text(&format!("USER#{}", self.user.id)));
        let request = request.key("sk", text(&format!("REMINDERS#{day}")));
        request.send().await.expect("a row that can be deleted");
    }

    /// Sets reminders, and a digest hour that differs from the current one.
    async fn changes_preferences(&self) -> Outcome {
        let api = self.user.api(SERVICE);
        let hour = u64::from(Uuid::new_v4().as_bytes()[0] % 12);
        let current = api.get("/preferences").send().await.body["digestHour"].as_u64();
        let hour = if current == Some(hour) { hour + 12 } else { hour };
        expect_status(api.patch("/preferences").json(&json!({"reminderMail": true, "digestHour": hour})), 200).await
    }

    /// Follows the link in an email. The response is not checked against the service's description, because a function
    /// that cannot start answers otherwise.
    async fn follows_unsubscribe_link(&self, method: Method, expected: &[u16]) -> Outcome {
        let url = format!("{}/unsubscribe?token={}", self.product.url(SERVICE), self.unsubscribe_token().await);
        let client = reqwest::Client::builder().no_proxy().redirect(Policy::none()).build().expect("a client");
        let status = client.request(method, url).send().await.expect("a response").status().as_u16();
        if expected.contains(&status) { Ok(()) } else { Err(format!("answered with {status}")) }
    }

    /// The token in a reminder email of the user.
    async fn unsubscribe_token(&self) -> String {
        let function = self.product.function(SERVICE, "send-reminder-mail");
        eventually("an email with a token", async || {
            invoke(&self.product, &function, &self.due_item()).await.ok()?;
            let emails = self.product.emails_to(&self.user.account.email).await;
            emails.iter().find_map(|email| email.header("List-Unsubscribe")?.split("token=").nth(1).map(str::to_owned))
        })
        .await
        .trim_end_matches('>')
        .to_owned()
    }

    /// The user's digest is due now and has an item.
    async fn schedule_digest(&self) {
        let now = Timestamp::now();
        let at = Timestamp::from_second(now.as_second() - now.as_second() % 3600).expect("an hour");
        let hour = at.to_zoned(TimeZone::UTC).hour();
        let (user, partition) = (self.user.id, text(&format!("USER#{}", self.user.id)));
        let shard: String = user.simple().to_string().chars().take(1).collect();
        let number = |value: i64| AttributeValue::N(value.to_string());
        let preferences = [
            ("pk", partition.clone()),
            ("sk", text("PREFERENCES")),
            ("userId", text(&user.to_string())),
            ("version", number(now.as_millisecond())),
            ("reminderMail", AttributeValue::Bool(true)),
            ("digestMail", AttributeValue::Bool(true)),
            ("digestHour", number(hour.into())),
            ("digestShard", text(&shard)),
            ("digestAt", text(&at.to_string())),
        ];
        put_row(&self.product, SERVICE, preferences).await;
        let item = [
            ("pk", partition),
            ("sk", text(&format!("AGENDA#{}", Uuid::new_v4()))),
            ("title", text("x")),
            ("dueAt", text(&at.to_string())),
            ("state", text("open")),
        ];
        put_row(&self.product, SERVICE, item).await;
    }

    /// What SES reports of an email to an address that the user does not have.
    fn bounce(&self) -> Value {
        let address = "permissions@example.com";
        let recipients = json!([{"emailAddress": address}]);
        let mail = json!({"messageId": "x", "destination": [address], "tags": {"user": [self.user.id]}});
        let bounce = json!({"bounceType": "Permanent", "bouncedRecipients": recipients});
        let event = json!({"eventType": "Bounce", "mail": mail, "bounce": bounce});
        json!({"Records": [{"Sns": {"Message": event.to_string()}}]})
    }

    /// The event that an archive of the user is ready.
    fn ready_export(&self) -> Value {
        let (export, expires_at) = (Uuid::now_v7(), Timestamp::now() + SignedDuration::from_hours(1));
        let data = json!({"userId": self.user.id, "exportId": export, "bytes": 1, "expiresAt": expires_at});
        TestEvent::new("users", "UserExportReady", export, 2, &data).as_delivered()
    }

    /// The event that an item of the user is due.
    fn due_item(&self) -> Value {
        let todo = Uuid::now_v7();
        let data = json!({"todoId": todo, "ownerId": self.user.id, "title": "x", "dueAt": Timestamp::now()});
        TestEvent::new("todos", "TodoDue", todo, 1, &data).as_delivered()
    }
}
