//! The scenes of files.

use std::time::{Duration, Instant};

use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_s3::primitives::ByteStream;
use serde_json::{Value, json};
use tests::account::User;
use tests::bus::Forged;
use tests::product::Service;
use tests::upload::{Announced, bucket, objects_of};
use tests::wait::eventually;
use uuid::Uuid;

use crate::scenes::{Done, Patience};

/// How many files an item may have.
const FULL: usize = 20;
/// How long one upload may take that is only preparation; another one is tried then.
const PREPARED: Patience = Patience(Duration::from_secs(5));

/// A file of a user's, ready.
pub(crate) async fn ready(user: &User) -> Announced {
    eventually("a file that is ready", async || {
        let item = user.todos().post("/todos").json(&json!({"title": "x"})).expect(201).await;
        let item = format!("/todos/{}", item["id"].as_str().expect("an id"));
        let announced = announced(user, &item).await;
        let (status, _) = announced.form.send(user.product(), b"x").await;
        (status == 204).then_some(())?;
        settles(user, &announced, PREPARED).await.ok().map(|()| announced)
    })
    .await
}

/// An announcement at an item, whose function may lack a permission at this moment.
pub(crate) async fn announced(user: &User, item: &str) -> Announced {
    let body = json!({"name": "x.txt", "contentType": "text/plain", "bytes": 1});
    eventually("an announcement", async || {
        let answer = user.todos().post(&format!("{item}/attachments")).json(&body).send().await;
        (answer.status == 201).then(|| Announced::of(item, &answer.body))
    })
    .await
}

/// A file is announced at an item whose count is full of files that were forgotten, and uploaded.
pub(crate) async fn creates(user: &User, item: &str) -> Done {
    let todo = item.trim_start_matches("/todos/");
    let ids = (0..FULL).map(|_| Uuid::now_v7().to_string()).collect();
    let client = aws_sdk_dynamodb::Client::new(user.product().sdk());
    let count = client.put_item().table_name(user.product().table(Service::Todos)).item("ids", AttributeValue::Ss(ids));
    let count = count.item("pk", AttributeValue::S(format!("USER#{}", user.id)));
    count.item("sk", AttributeValue::S(format!("FILES#{todo}"))).send().await.expect("a row that can be written");
    let body = json!({"name": "x.txt", "contentType": "text/plain", "bytes": 1});
    let answer = user.todos().post(&format!("{item}/attachments")).json(&body).send().await;
    if answer.status != 201 {
        return Err(format!("answered {}", answer.status));
    }
    let (status, said) = Announced::of(item, &answer.body).form.send(user.product(), b"x").await;
    if status == 204 { Ok(()) } else { Err(format!("the upload was answered {status}: {said}")) }
}

/// An answer's link leads to a file.
pub(crate) async fn links(user: &User, path: &str) -> Done {
    let answer = user.todos().get(path).send().await;
    let attachment = if answer.body["items"].is_array() { &answer.body["items"][0] } else { &answer.body };
    let Some(link) = attachment["downloadUrl"].as_str() else {
        return Err(format!("answered {}", answer.status));
    };
    let status = user.product().http().get(link).send().await.expect("S3 answers").status();
    if status == 200 { Ok(()) } else { Err(format!("the link was answered {status}")) }
}

/// A file arrives beside one that a job has left behind: one is kept, the other goes.
pub(crate) async fn checks(user: &User, item: &str, patience: Patience) -> Done {
    let announced = eventually("an upload", async || {
        let announced = announced(user, item).await;
        let left_behind = format!("files/{}/{}/{}/left-behind", user.id, &item["/todos/".len()..], announced.id);
        put(user, &format!("{left_behind}/original")).await;
        let (status, _) = announced.form.send(user.product(), b"x").await;
        (status == 204).then_some(announced)
    })
    .await;
    settles(user, &announced, patience).await
}

/// The deletion of an item that has a file.
pub(crate) async fn item_deleted(user: &User, item: &str) -> Forged {
    announced(user, item).await;
    let todo: Uuid = item["/todos/".len()..].parse().expect("an id");
    Forged::new("todos", "TodoDeleted", todo, 2, &json!({"todoId": todo, "ownerId": user.id, "title": "x"}))
}

/// The deletion of an attachment that has an object.
pub(crate) async fn attachment_deleted(user: &User) -> Forged {
    let (todo, id) = (Uuid::now_v7(), Uuid::now_v7());
    put(user, &format!("files/{}/{todo}/{id}/tag/original", user.id)).await;
    let data = json!({"attachmentId": id, "todoId": todo, "ownerId": user.id, "name": "x.txt"});
    Forged::new("todos", "AttachmentDeleted", id, 2, &data)
}

/// What the bucket would tell of an object that no form could have brought.
pub(crate) fn foreign_upload() -> Value {
    json!({"Records": [{"s3": {"object": {"key": "uploads/foreign", "size": 1, "eTag": "0"}}}], "detail": {}})
}

/// Waits until a file is ready, and the only object of its attachment.
async fn settles(user: &User, announced: &Announced, patience: Patience) -> Done {
    let begun = Instant::now();
    loop {
        let objects = objects_of(user).await;
        let own: Vec<&String> = objects.iter().filter(|key| key.contains(&announced.id)).collect();
        let is_ready = own.len() == 1 && own[0].starts_with("files/") && !own[0].contains("left-behind");
        if is_ready && status(user, announced).await.as_deref() == Some("ready") {
            return Ok(());
        }
        if begun.elapsed() > patience.0 {
            return Err(format!("after {:?} the bucket holds {own:?}", patience.0));
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// What the table says: the routes may lack a permission at this moment.
async fn status(user: &User, announced: &Announced) -> Option<String> {
    let todo = announced.list_path().trim_start_matches("/todos/").trim_end_matches("/attachments");
    let client = aws_sdk_dynamodb::Client::new(user.product().sdk());
    let row = client.get_item().table_name(user.product().table(Service::Todos)).consistent_read(true);
    let row = row.key("pk", AttributeValue::S(format!("USER#{}", user.id)));
    let row = row.key("sk", AttributeValue::S(format!("FILE#{todo}#{}", announced.id)));
    let row = row.send().await.expect("the table answers").item?;
    row.get("status").and_then(|status| status.as_s().ok()).cloned()
}

async fn put(user: &User, key: &str) {
    let client = aws_sdk_s3::Client::new(user.product().sdk());
    let request = client.put_object().bucket(bucket(user.product())).key(key);
    request.body(ByteStream::from_static(b"x")).send().await.expect("the bucket takes an object");
}
