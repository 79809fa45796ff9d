//! The permissions of this service's functions: exact in the template, and each one needed in the running cloud.
#![allow(clippy::disallowed_methods, reason = "tests create ids and read the clock as a client would")]

mod emails;
mod sockets;

use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::{Value, json};
use tests::account::User;
use tests::bus::TestEvent;
use tests::permissions::erasure::{deletion_id, leave_data, purge_queues, put_row};
use tests::permissions::exact;
use tests::permissions::grants::{Function, template};
use tests::permissions::needed::{self, Outcome, Scenarios, expect_status, invoke};
use tests::product::Product;
use tests::wait::eventually;
use uuid::Uuid;

const SERVICE: &str = "notifications";

/// The ends of resources that contain users' ids, or an identity of SES: in the sandbox that of the recipient is checked.
const OPEN_ENDS: [&str; 2] = [":${ExportsBucket}/parts/notifications/*", ":identity/*"];

#[test]
fn every_function_has_an_exact_role() {
    exact::check(SERVICE, &OPEN_ENDS);
}

/// The resource of this permission is every identity of the account, so that the condition alone limits the sender.
#[test]
fn emails_are_sent_by_one_sender() {
    let resources = template(SERVICE)["Resources"].as_object().unwrap().clone();
    let policies = resources.values().filter_map(|resource| resource["Properties"]["Policies"].as_array());
    let statements = policies.flatten().filter_map(|policy| policy["Statement"].as_array()).flatten();
    let sending: Vec<&Value> = statements.filter(|statement| statement["Action"] == "ses:SendEmail").collect();
    assert_eq!(sending.len(), 4);
    for statement in sending {
        assert_eq!(statement["Condition"], json!({"StringEquals": {"ses:FromAddress": {"Ref": "MailFrom"}}}));
    }
}

#[tokio::test]
async fn every_permission_is_missed_when_it_is_removed() {
    let product = Product::alone().await;
    let workspace = Workspace { product: product.clone(), user: product.user().await };
    needed::check(&product, SERVICE, &workspace).await;
}

#[derive(Clone)]
struct Workspace {
    product: Product,
    /// Has an inbox and preferences.
    user: User,
}

impl Scenarios for Workspace {
    async fn exercise(&self, function: &Function, timeout: Duration) -> Outcome {
        let api = self.user.api(SERVICE);
        match function.job.as_str() {
            "list-notifications" => {
                expect_status(api.get("/notifications"), 200).await?;
                expect_status(api.get("/notifications?unread=true"), 200).await
            }
            "read-notification" => {
                let entry = self.unread_entry().await;
                expect_status(api.post(&format!("/notifications/{entry}/read")), 200).await
            }
            "read-notifications" => {
                self.unread_entry().await;
                expect_status(api.post("/notifications/read"), 200).await
            }
            "publish" => self.publishes(timeout).await,
            "erase" => self.erases(function).await,
            "authorize-connection"
            | "connect"
            | "disconnect"
            | "ping"
            | "push-changes"
            | "push-inbox"
            | "end-sessions" => self.exercise_sockets(function, timeout).await,
            "get-preferences"
            | "change-preferences"
            | "confirm-unsubscribe"
            | "unsubscribe"
            | "send-reminder-mail"
            | "send-export-mail"
            | "plan-digests"
            | "send-digest-mail"
            | "record-email-problem" => self.exercise_emails(function).await,
            "update-inbox" | "update-recipients" | "update-agenda" | "send-welcome-mail" | "export" => {
                self.receives_every_event(function).await
            }
            job => panic!("{job} has no scenario: write here how it does its job"),
        }
    }

    /// An erasure reads the whole dead-letter queue, in which other scenarios wait for their messages.
    fn phase(&self, function: &Function) -> usize {
        usize::from(function.job == "erase")
    }
}

impl Workspace {
    /// A subscriber receives the example of each event that its rules match, about a new user.
    async fn receives_every_event(&self, function: &Function) -> Outcome {
        assert!(!function.events.is_empty(), "{} gets no event", function.job);
        for (service, detail_type) in &function.events {
            let name = detail_type.trim_end_matches(".v1");
            let event = TestEvent::from_example(service, name, Uuid::new_v4());
            self.invoke(function, &event.as_delivered()).await?;
        }
        Ok(())
    }

    /// The id of an unread entry in the inbox. The function that creates entries may lack a permission at this moment.
    async fn unread_entry(&self) -> String {
        eventually("an unread entry", async || {
            let event = TestEvent::from_example("todos", "TodoDue", self.user.id);
            self.product.put_events(&[&event]).await;
            tokio::time::sleep(Duration::from_millis(300)).await;
            let page = self.user.api(SERVICE).get("/notifications?unread=true").send().await;
            page.body["items"][0]["id"].as_str().map(str::to_owned)
        })
        .await
    }

    /// The event of a finished erasure, committed as the job does it, is received from the bus.
    async fn publishes(&self, timeout: Duration) -> Outcome {
        let mark = deletion_id(Uuid::new_v4());
        let mut listener = self.product.listen(json!({"detail": {"data": {"deletionId": [mark]}}})).await;
        let data = json!({"deletionId": mark, "erasedAt": jiff::Timestamp::now()});
        let event = TestEvent::new(SERVICE, "UserDataErased", Uuid::new_v4(), 1, &data);
        let row = [
            ("pk", text(&format!("OUTBOX#{}", event.id()))),
            ("sk", text("OUTBOX")),
            ("source", text(&event.source)),
            ("detailType", text(&event.detail_type)),
            ("detail", text(&event.detail.to_string())),
            ("subject", text(&mark)),
            ("sequence", AttributeValue::N("1".to_owned())),
            ("expiresAt", AttributeValue::N("4102444800".to_owned())),
        ];
        put_row(&self.product, SERVICE, row).await;
        let received = tokio::time::timeout(timeout, listener.until(1, &event.detail_type)).await;
        received.map(drop).map_err(|_| format!("no event within {timeout:?}"))
    }

    /// A user is deleted who has data in each place where an erasure looks.
    async fn erases(&self, function: &Function) -> Outcome {
        let (product, user) = (&self.product, Uuid::new_v4());
        leave_data(product, SERVICE, user).await;
        let long_ago = text("2026-01-01T00:00:00Z");
        let connection = [
            ("pk", text(&format!("USER#{user}"))),
            ("sk", text("CONNECTION#permissions=")),
            ("id", text("permissions=")),
            ("connectedAt", long_ago.clone()),
            ("endsAt", long_ago),
            ("expiresAt", AttributeValue::N("4102444800".to_owned())),
        ];
        put_row(product, SERVICE, connection).await;
        let event = TestEvent::from_example("users", "UserDeleted", user);
        let outcome = self.invoke(function, &event.as_delivered()).await;
        if outcome.is_err() {
            purge_queues(product, SERVICE).await;
        }
        outcome
    }

    async fn invoke(&self, function: &Function, event: &Value) -> Outcome {
        invoke(&self.product, &function.name(self.product.env()), event).await
    }
}

fn text(value: &str) -> AttributeValue {
    AttributeValue::S(value.to_owned())
}
