//! The permissions of this service's functions: exact in the template, and each one needed in the running cloud.
#![allow(clippy::disallowed_methods, reason = "tests create ids and read the clock as a client would")]

mod attachments;
mod erasure;
mod reminders;

use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::{Value, json};
use tests::account::User;
use tests::bus::TestEvent;
use tests::permissions::exact;
use tests::permissions::failures::FailingRow;
use tests::permissions::grants::Function;
use tests::permissions::needed::{self, Outcome, Scenarios, expect_status, invoke};
use tests::product::Product;
use tests::wait::eventually;
use uuid::Uuid;

use crate::e2e::attachment::Attachment;
use crate::e2e::deletion::purge_input;
use crate::e2e::quota::forget_usage;

const SERVICE: &str = "todos";

/// The ends of resources that contain users' ids, and the schedules of a group.
const OPEN_ENDS: [&str; 6] = [
    "${FilesBucket.Arn}/uploads/*",
    "${FilesBucket.Arn}/files/*",
    "-todos-files-${AWS::AccountId}/uploads/*",
    "-todos-files-${AWS::AccountId}/files/*",
    ":${ExportsBucket}/parts/todos/*",
    "/${Reminders}/*",
];

#[test]
fn every_function_has_an_exact_role() {
    exact::check(SERVICE, &OPEN_ENDS);
}

#[tokio::test]
async fn every_permission_is_missed_when_it_is_removed() {
    let product = Product::alone().await;
    let workspace = Workspace::new(&product).await;
    needed::check(&product, SERVICE, &workspace).await;
}

/// A user with items and a file.
#[derive(Clone)]
struct Workspace {
    product: Product,
    user: User,
    /// A file of the user that is ready.
    file: Attachment,
}

impl Scenarios for Workspace {
    async fn exercise(&self, function: &Function, timeout: Duration) -> Outcome {
        let todos = self.user.api(SERVICE);
        match function.job.as_str() {
            "create-todo" => {
                // The first creation counts what the user has.
                forget_usage(&self.user).await;
                expect_status(todos.post("/todos").json(&json!({"title": "x"})), 201).await
            }
            "list-todos" => {
                for query in ["", "?status=open", "?sort=due", "?sort=due&status=open"] {
                    expect_status(todos.get(&format!("/todos{query}")), 200).await?;
                }
                Ok(())
            }
            "get-todo" => expect_status(todos.get(&self.item().await), 200).await,
            "change-todo" => expect_status(todos.patch(&self.item().await).json(&json!({"title": "y"})), 200).await,
            "complete-todo" => expect_status(todos.post(&format!("{}/complete", self.item().await)), 200).await,
            "reopen-todo" => {
                let item = self.item().await;
                let complete = || todos.post(&format!("{item}/complete"));
                eventually("a completed item", async || expect_status(complete(), 200).await.ok()).await;
                expect_status(todos.post(&format!("{item}/reopen")), 200).await
            }
            "delete-todo" => expect_status(todos.delete(&self.item().await), 204).await,
            "restore-todo" => {
                let item = self.deleted_item().await;
                expect_status(todos.post(&format!("{item}/restore")), 200).await
            }
            "purge-todo" => {
                let item = self.deleted_item().await;
                expect_status(todos.post(&format!("{item}/purge")), 204).await
            }
            "purge-expired" => {
                let due = purge_input(&self.user, &self.deleted_item().await).await;
                self.invoke(function, &due).await
            }
            "schedule" => self.changes_schedules(timeout).await,
            "remind" => {
                let item = self.item_due_in_the_future().await;
                let due = json!({"todoId": item["id"], "ownerId": self.user.id, "dueAt": item["dueAt"]});
                self.invoke(function, &due).await
            }
            "publish" => self.publishes(timeout).await,
            "end-sessions" => {
                let signed_out = TestEvent::from_example("users", "UserSignedOut", Uuid::new_v4());
                self.invoke(function, &signed_out.as_delivered()).await
            }
            "erase" => self.erases(function).await,
            "export" => self.invoke(function, &self.export_request().await.as_delivered()).await,
            _ => self.exercise_attachments(function, timeout).await,
        }
    }

    /// An erasure reads the whole dead-letter queue, in which other scenarios wait for their messages.
    fn phase(&self, function: &Function) -> usize {
        usize::from(function.job == "erase")
    }

    fn failing_event(&self, function: &Function, mark: &str) -> Value {
        let unreadable = json!({"data": {"unreadable": mark}});
        if function.job == "check-attachment" {
            let mut event = attachments::unknown_upload();
            event["detail"] = unreadable;
            return event;
        }
        let (service, detail_type) = function.events.first().cloned().unwrap_or_default();
        let name = detail_type.split('.').next().unwrap_or_default();
        TestEvent::new(&service, name, Uuid::now_v7(), 1, &unreadable["data"]).as_delivered()
    }

    fn failing_row(&self, function: &Function) -> FailingRow {
        match function.job.as_str() {
            "schedule" => ("TODO#poison", vec![("dueAt", text("2199-01-01T00:00:00Z"))]),
            _ => ("OUTBOX", Vec::new()),
        }
    }
}

impl Workspace {
    async fn new(product: &Product) -> Self {
        let user = product.user().await;
        let file = attachments::ready(&user).await;
        Self { product: product.clone(), user, file }
    }

    /// The path of an open item that has a due time.
    async fn item(&self) -> String {
        let body = json!({"title": "x", "dueAt": "2027-01-01T00:00:00Z"});
        eventually("an item", async || {
            let response = self.user.api(SERVICE).post("/todos").json(&body).send().await;
            (response.status == 201).then(|| response.header("location").to_owned())
        })
        .await
    }

    /// The path of a deleted item.
    async fn deleted_item(&self) -> String {
        let item = self.item().await;
        let delete = || self.user.api(SERVICE).delete(&item);
        eventually("a deleted item", async || expect_status(delete(), 204).await.ok()).await;
        item
    }

    async fn item_due_in_the_future(&self) -> Value {
        let body = json!({"title": "x", "dueAt": "2199-01-01T00:00:00Z"});
        eventually("an item", async || {
            let response = self.user.api(SERVICE).post("/todos").json(&body).send().await;
            (response.status == 201).then_some(response.body)
        })
        .await
    }

    /// The event of a new item is received from the bus.
    async fn publishes(&self, timeout: Duration) -> Outcome {
        let title = Uuid::new_v4().to_string();
        let mut listener = self.product.listen(json!({"detail": {"data": {"title": [title]}}})).await;
        let create = || self.user.api(SERVICE).post("/todos").json(&json!({"title": title}));
        eventually("an item", async || expect_status(create(), 201).await.ok()).await;
        let received = tokio::time::timeout(timeout, listener.until(1, "TodoCreated.v1")).await;
        received.map(drop).map_err(|_| format!("no event within {timeout:?}"))
    }

    async fn invoke(&self, function: &Function, event: &Value) -> Outcome {
        invoke(&self.product, &function.name(self.product.env()), event).await
    }
}

fn text(value: &str) -> AttributeValue {
    AttributeValue::S(value.to_owned())
}
