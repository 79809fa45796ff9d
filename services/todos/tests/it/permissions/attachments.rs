//! Scenarios in which attachments are uploaded and deleted.

use std::time::{Duration, Instant};

use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::{Value, json};
use tests::account::User;
use tests::bus::TestEvent;
use tests::permissions::grants::Function;
use tests::permissions::needed::{Outcome, expect_status};
use tests::wait::eventually;
use uuid::Uuid;

use super::{SERVICE, Workspace, text};
use crate::e2e::attachment::{Attachment, files_bucket, object_keys};

/// The maximum number of files of one item.
const MAX_FILES: usize = 20;
/// How long one upload may take that only prepares a scenario; then another one is tried.
const PREPARATION: Duration = Duration::from_secs(5);

impl Workspace {
    pub(super) async fn exercise_attachments(&self, function: &Function, timeout: Duration) -> Outcome {
        let user = &self.user;
        match function.job.as_str() {
            "create-attachment" => creates(user, &self.item().await).await,
            "list-attachments" => links_to_file(user, self.file.list_path()).await,
            "get-attachment" => links_to_file(user, &self.file.path).await,
            "delete-attachment" => {
                let attachment = announced(user, &self.item().await).await;
                expect_status(user.api(SERVICE).delete(&attachment.path), 204).await
            }
            "check-attachment" => checks(user, &self.item().await, timeout).await,
            "delete-attachments" => {
                let event = item_purged(user, &self.item().await).await;
                self.invoke(function, &event.as_delivered()).await
            }
            "delete-files" => self.invoke(function, &attachment_deleted(user).await.as_delivered()).await,
            job => panic!("{job} has no scenario: write here how it does its job"),
        }
    }

    /// A user who has a file requests an export.
    pub(super) async fn export_request(&self) -> TestEvent {
        let user = Uuid::new_v4();
        let key = format!("files/{user}/{}/{}/tag/original", Uuid::now_v7(), Uuid::now_v7());
        self.product.put_object(&files_bucket(&self.product), &key, "[]").await;
        TestEvent::from_example("users", "UserExportRequested", user)
    }
}

/// A file of a user that is ready.
pub(super) async fn ready(user: &User) -> Attachment {
    eventually("a file that is ready", async || {
        let item = user.api(SERVICE).post("/todos").json(&json!({"title": "x"})).expect(201).await;
        let item = format!("/todos/{}", item["id"].as_str().expect("an id"));
        let attachment = announced(user, &item).await;
        let (status, _) = attachment.form.send(user.product(), b"x").await;
        (status == 204).then_some(())?;
        becomes_ready(user, &attachment, PREPARATION).await.ok().map(|()| attachment)
    })
    .await
}

/// An announced file, which is tried until it succeeds.
async fn announced(user: &User, item: &str) -> Attachment {
    let body = json!({"name": "x.txt", "contentType": "text/plain", "bytes": 1});
    eventually("an announcement", async || {
        let response = user.api(SERVICE).post(&format!("{item}/attachments")).json(&body).send().await;
        (response.status == 201).then(|| Attachment::from_answer(item, &response.body))
    })
    .await
}

/// A file is announced for an item that has its maximum of files, all of them forgotten, and uploaded.
async fn creates(user: &User, item: &str) -> Outcome {
    let todo = item.trim_start_matches("/todos/");
    let ids = (0..MAX_FILES).map(|_| Uuid::now_v7().to_string()).collect();
    let client = aws_sdk_dynamodb::Client::new(user.product().sdk());
    let count = client.put_item().table_name(user.product().table(SERVICE)).item("ids", AttributeValue::Ss(ids));
    let count = count.item("pk", text(&format!("USER#{}", user.id))).item("sk", text(&format!("FILES#{todo}")));
    count.send().await.expect("a row that can be written");
    let body = json!({"name": "x.txt", "contentType": "text/plain", "bytes": 1});
    let response = user.api(SERVICE).post(&format!("{item}/attachments")).json(&body).send().await;
    if response.status != 201 {
        return Err(format!("answered with {}", response.status));
    }
    let (status, body) = Attachment::from_answer(item, &response.body).form.send(user.product(), b"x").await;
    if status == 204 { Ok(()) } else { Err(format!("the upload was answered with {status}: {body}")) }
}

/// The link in a response leads to a file.
async fn links_to_file(user: &User, path: &str) -> Outcome {
    let response = user.api(SERVICE).get(path).send().await;
    let attachment = if response.body["items"].is_array() { &response.body["items"][0] } else { &response.body };
    let Some(link) = attachment["downloadUrl"].as_str() else {
        return Err(format!("answered with {}", response.status));
    };
    let status = user.product().http().get(link).send().await.expect("S3 answers").status();
    if status == 200 { Ok(()) } else { Err(format!("the link was answered with {status}")) }
}

/// A file is uploaded beside an object of an earlier attempt: one is kept, the other is deleted.
async fn checks(user: &User, item: &str, timeout: Duration) -> Outcome {
    let product = user.product();
    let attachment = eventually("an upload", async || {
        let attachment = announced(user, item).await;
        let earlier = format!("files/{}/{}/{}/earlier", user.id, &item["/todos/".len()..], attachment.id);
        product.put_object(&files_bucket(product), &format!("{earlier}/original"), "x").await;
        let (status, _) = attachment.form.send(product, b"x").await;
        (status == 204).then_some(attachment)
    })
    .await;
    becomes_ready(user, &attachment, timeout).await
}

/// The purge of an item that has a file.
async fn item_purged(user: &User, item: &str) -> TestEvent {
    announced(user, item).await;
    let todo: Uuid = item["/todos/".len()..].parse().expect("an id");
    TestEvent::new("todos", "TodoPurged", todo, 3, &json!({"todoId": todo, "ownerId": user.id}))
}

/// The deletion of an attachment that has an object.
async fn attachment_deleted(user: &User) -> TestEvent {
    let (product, todo, id) = (user.product(), Uuid::now_v7(), Uuid::now_v7());
    product.put_object(&files_bucket(product), &format!("files/{}/{todo}/{id}/tag/original", user.id), "x").await;
    let data = json!({"attachmentId": id, "todoId": todo, "ownerId": user.id, "name": "x.txt"});
    TestEvent::new("todos", "AttachmentDeleted", id, 2, &data)
}

/// The bucket's notification of an object that no form can have uploaded.
pub(super) fn unknown_upload() -> Value {
    serde_json::from_str(include_str!("../../fixtures/uploaded.json")).expect("a notification")
}

/// Waits until a file is ready and is the only object of its attachment.
async fn becomes_ready(user: &User, attachment: &Attachment, timeout: Duration) -> Outcome {
    let started = Instant::now();
    loop {
        let objects = object_keys(user).await;
        let own: Vec<&String> = objects.iter().filter(|key| key.contains(&attachment.id)).collect();
        let is_only = own.len() == 1 && own[0].starts_with("files/") && !own[0].contains("/earlier/");
        if is_only && status(user, attachment).await.as_deref() == Some("ready") {
            return Ok(());
        }
        if started.elapsed() > timeout {
            return Err(format!("after {timeout:?} the bucket holds {own:?}"));
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// The attachment's status in the table: the routes may lack a permission at this moment.
async fn status(user: &User, attachment: &Attachment) -> Option<String> {
    let todo = attachment.list_path().trim_start_matches("/todos/").trim_end_matches("/attachments");
    let client = aws_sdk_dynamodb::Client::new(user.product().sdk());
    let row = client.get_item().table_name(user.product().table(SERVICE)).consistent_read(true);
    let row = row.key("pk", text(&format!("USER#{}", user.id)));
    let row = row.key("sk", text(&format!("FILE#{todo}#{}", attachment.id)));
    let row = row.send().await.expect("the table answers").item?;
    row.get("status").and_then(|status| status.as_s().ok()).cloned()
}
