//! The events of the todos service.

use anyhow::{Context, Result};
use serde_json::{Value, json};
use tests::product::Service;

use crate::files;
use crate::scene::shape::{inserted, route, row_of};
use crate::scene::{Scenes, create};

/// So far away that no schedule fires while something is measured.
const SOME_DAY: &str = "2199-01-01T00:00:00Z";

impl Scenes {
    pub(super) async fn of_todos(&self, job: &str) -> Result<Option<Value>> {
        let (user, none) = (&self.user, Value::Null);
        let title = json!({"title": "Buy milk", "dueAt": "2026-12-24T18:00:00Z", "tags": ["home"]});
        Ok(Some(match job {
            "create-todo" => route(user, "POST", "/todos", None, &title),
            "list-todos" => route(user, "GET", "/todos", None, &none),
            "get-todo" => route(user, "GET", "/todos/{id}", Some(&create(user).await?), &none),
            "change-todo" => {
                route(user, "PATCH", "/todos/{id}", Some(&create(user).await?), &json!({"title": "Buy bread"}))
            }
            "complete-todo" => route(user, "POST", "/todos/{id}/complete", Some(&create(user).await?), &none),
            "reopen-todo" => {
                let item = create(user).await?;
                user.todos().post(&format!("/todos/{item}/complete")).expect(200).await;
                route(user, "POST", "/todos/{id}/reopen", Some(&item), &none)
            }
            "delete-todo" => route(user, "DELETE", "/todos/{id}", Some(&create(user).await?), &none),
            "create-attachment" => {
                let body = json!({"name": "x.txt", "contentType": "text/plain", "bytes": 1});
                route(user, "POST", "/todos/{id}/attachments", Some(&create(user).await?), &body)
            }
            "list-attachments" => route(user, "GET", "/todos/{id}/attachments", Some(&create(user).await?), &none),
            "get-attachment" | "delete-attachment" => {
                let method = if job == "get-attachment" { "GET" } else { "DELETE" };
                let item = create(user).await?;
                let announced = files::announce(user, &item).await;
                let mut event = route(user, method, "/todos/{id}/attachments/{attachmentId}", Some(&item), &none);
                event["pathParameters"]["attachmentId"] = json!(announced.id);
                event
            }
            "check-attachment" => files::uploaded(user, &create(user).await?).await?,
            "delete-attachments" => self.events.again("TodoDeleted.v1")?,
            "delete-files" => self.events.again("AttachmentDeleted.v1")?,
            "schedule" => {
                let item = self.item_of_some_day().await;
                let id = item["id"].as_str().context("a new item has no id")?;
                inserted(&row_of(user, Service::Todos, &format!("TODO#{id}")).await?)
            }
            "remind" => {
                let item = self.item_of_some_day().await;
                json!({"todoId": item["id"], "ownerId": user.id, "dueAt": item["dueAt"]})
            }
            "erase" => self.stories.deletion(&self.product).await?.heard.again("UserDeleted.v1")?,
            "export" => self.stories.export(&self.product).await?.heard.again("UserExportRequested.v1")?,
            "publish" => self.outbox(Service::Todos).await?,
            _ => return Ok(None),
        }))
    }

    async fn item_of_some_day(&self) -> Value {
        let body = json!({"title": "Buy milk", "dueAt": SOME_DAY});
        self.user.todos().post("/todos").json(&body).expect(201).await
    }
}
