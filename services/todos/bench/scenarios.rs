//! What the benchmarks (`tests/bench`) let this service do.

#[path = "../tests/it/e2e/attachment.rs"]
#[allow(clippy::expect_used, dead_code, reason = "a tool of the end-to-end tests, of which a part is used here")]
mod attachment;
mod uploads;

use anyhow::{Context, Result};
use jiff::Timestamp;
use serde_json::{Value, json};
use tests::account::User;
use tests::bus::TestEvent;
use uuid::Uuid;

use crate::results::UploadFigures;
use crate::scenarios::{ItemKind, Owner, Pending, Scenarios};
use crate::trigger_events::{http_request, inserted, row};
use attachment::Attachment;

const SERVICE: &str = "todos";
/// So far away that no schedule fires during a measurement.
const FAR_FUTURE: &str = "2199-01-01T00:00:00Z";

const ITEM_KINDS: [ItemKind; 1] = [ItemKind {
    sort_key_prefix: "TODO#",
    owners: &[Owner::Caller, Owner::Others],
    jobs: &["create-todo", "list-todos", "get-todo", "change-todo", "complete-todo", "reopen-todo", "delete-todo"],
}];

struct TodosScenarios {
    user: User,
}

/// The scenarios for a user, who gets an item. It has no due time: a schedule for each copy of it would keep the local
/// cloud busy.
pub(super) async fn scenarios(user: &User) -> Result<Box<dyn Scenarios>> {
    let scenarios = TodosScenarios { user: user.clone() };
    scenarios.create().await?;
    Ok(Box::new(scenarios))
}

impl Scenarios for TodosScenarios {
    fn event<'a>(&'a self, job: &'a str) -> Pending<'a, Option<Value>> {
        Box::pin(async move {
            if job.contains("attachment") { self.attachment_event(job).await } else { self.item_event(job).await }
        })
    }

    fn item_kinds(&self) -> &'static [ItemKind] {
        &ITEM_KINDS
    }

    fn uploads(&self) -> Pending<'_, Vec<UploadFigures>> {
        Box::pin(uploads::measure(self))
    }
}

impl TodosScenarios {
    async fn item_event(&self, job: &str) -> Result<Option<Value>> {
        let user = &self.user;
        let of_item = async |route: &str, body: Value| -> Result<Value> {
            Ok(http_request(user, route, &[("id", &self.create().await?)], &body))
        };
        Ok(Some(match job {
            "create-todo" => {
                let body = json!({"title": "Buy milk", "dueAt": "2026-12-24T18:00:00Z", "tags": ["home"]});
                http_request(user, "POST /todos", &[], &body)
            }
            "list-todos" => http_request(user, "GET /todos", &[], &Value::Null),
            "get-todo" => of_item("GET /todos/{id}", Value::Null).await?,
            "change-todo" => of_item("PATCH /todos/{id}", json!({"title": "Buy bread"})).await?,
            "complete-todo" => of_item("POST /todos/{id}/complete", Value::Null).await?,
            "reopen-todo" => {
                let id = self.create().await?;
                user.api(SERVICE).post(&format!("/todos/{id}/complete")).expect(200).await;
                http_request(user, "POST /todos/{id}/reopen", &[("id", &id)], &Value::Null)
            }
            "delete-todo" => of_item("DELETE /todos/{id}", Value::Null).await?,
            "restore-todo" => {
                let id = self.create_deleted().await?;
                http_request(user, "POST /todos/{id}/restore", &[("id", &id)], &Value::Null)
            }
            "purge-todo" => {
                let id = self.create_deleted().await?;
                http_request(user, "POST /todos/{id}/purge", &[("id", &id)], &Value::Null)
            }
            "purge-expired" => {
                let id = self.create_deleted().await?;
                let deleted = user.api(SERVICE).get("/todos?status=deleted&limit=100").expect(200).await;
                let items = deleted["items"].as_array().context("a list has no items")?;
                let item = items.iter().find(|item| item["id"] == id).context("the deleted item is not listed")?;
                json!({"todoId": id, "ownerId": user.id, "deletedAt": item["deletedAt"]})
            }
            "schedule" => {
                let item = self.create_due_in_far_future().await;
                let id = item["id"].as_str().context("a new item has no id")?;
                inserted(&row(user, SERVICE, &format!("TODO#{id}")).await?)
            }
            "remind" => {
                let item = self.create_due_in_far_future().await;
                json!({"todoId": item["id"], "ownerId": user.id, "dueAt": item["dueAt"]})
            }
            "export" => {
                let attachment = self.announce(&self.create().await?).await;
                attachment.form.upload(user.product(), b"x").await;
                attachment.wait_until_checked(user).await;
                TestEvent::from_example("users", "UserExportRequested", user.id).as_delivered()
            }
            _ => return Ok(None),
        }))
    }

    async fn attachment_event(&self, job: &str) -> Result<Option<Value>> {
        let (user, id) = (&self.user, self.create().await?);
        let parameters: &[(&str, &str)] = &[("id", &id)];
        let of_attachment = async |method: &str| {
            let attachment = self.announce(&id).await;
            let route = format!("{method} /todos/{{id}}/attachments/{{attachmentId}}");
            http_request(user, &route, &[("id", &id), ("attachmentId", &attachment.id)], &Value::Null)
        };
        Ok(Some(match job {
            "create-attachment" => {
                let body = json!({"name": "x.txt", "contentType": "text/plain", "bytes": 1});
                http_request(user, "POST /todos/{id}/attachments", parameters, &body)
            }
            "list-attachments" => http_request(user, "GET /todos/{id}/attachments", parameters, &Value::Null),
            "get-attachment" => of_attachment("GET").await,
            "delete-attachment" => of_attachment("DELETE").await,
            "check-attachment" => replaced_upload(&self.announce(&id).await),
            _ => return Ok(None),
        }))
    }

    /// Creates an item; its id.
    async fn create(&self) -> Result<String> {
        let item = self.user.api(SERVICE).post("/todos").json(&json!({"title": "Buy milk"})).expect(201).await;
        item["id"].as_str().map(str::to_owned).context("a new item has no id")
    }

    /// Creates an item and deletes it; its id.
    async fn create_deleted(&self) -> Result<String> {
        let id = self.create().await?;
        self.user.api(SERVICE).delete(&format!("/todos/{id}")).expect(204).await;
        Ok(id)
    }

    async fn create_due_in_far_future(&self) -> Value {
        let body = json!({"title": "Buy milk", "dueAt": FAR_FUTURE});
        self.user.api(SERVICE).post("/todos").json(&body).expect(201).await
    }

    /// An attachment without its file yet.
    async fn announce(&self, id: &str) -> Attachment {
        Attachment::announce(&self.user, &format!("/todos/{id}"), "x.txt", "text/plain", 1).await
    }
}

/// The bucket's event of an upload that another one has replaced meanwhile, so that it can be processed many times.
fn replaced_upload(attachment: &Attachment) -> Value {
    let object = json!({"key": attachment.form.field("key"), "size": 1, "eTag": Uuid::new_v4().simple().to_string()});
    json!({"Records": [{
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "eventName": "ObjectCreated:Post",
        "eventTime": Timestamp::now(),
        "userIdentity": {},
        "requestParameters": {},
        "responseElements": {"x-amz-request-id": Uuid::new_v4().simple().to_string()},
        "s3": {"bucket": {"name": "bench"}, "object": object},
    }]})
}
