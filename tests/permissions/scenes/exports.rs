//! The scenes of exports: parts, archives, and what a deletion has to sweep.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_s3::primitives::ByteStream;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use tests::account::User;
use tests::bus::Forged;
use tests::product::{Product, Service};
use tests::upload;
use tests::wait::eventually;
use uuid::Uuid;

use crate::deletions::deletion_id;
use crate::grants::Job;
use crate::scenes::{Done, Stage, answers, on_the_bus};

impl Stage {
    pub(super) async fn exports(&self, job: &Job) -> Done {
        let product = &self.product;
        match job.name.as_str() {
            // Somebody new, who has asked for none today.
            "request-export" => answers(product.user().await.users().post("/me/export"), 202).await,
            "get-export" => links(&product.user().await).await,
            "export" => self.invoked(job, &on_the_bus(&requested(product).await)).await,
            "todos-exported" | "notifications-exported" => {
                for part in parts(product, &job.name).await {
                    self.invoked(job, &on_the_bus(&part)).await?;
                }
                Ok(())
            }
            "send-export-mail" => self.invoked(job, &on_the_bus(&is_ready(self.ann.id))).await,
            name => panic!("{name} has no scene: show here how it does its job"),
        }
    }
}

/// The link that the caller gets leads to their archive.
async fn links(user: &User) -> Done {
    let product = user.product();
    let export = Uuid::now_v7();
    put_object(product, &bucket(product), &format!("archives/{}/{export}.zip", deletion_id(user.id))).await;
    let until = Timestamp::now() + SignedDuration::from_hours(1);
    row(product, user.id, export, [("archivedUntil", text(&until.to_string())), ("bytes", number(1))]).await;
    let answer = user.users().get("/me/export").send().await;
    let Some(url) = answer.body["downloadUrl"].as_str() else {
        return Err(format!("answered {}", answer.status));
    };
    let status = product.http().get(url).send().await.expect("S3 answers").status();
    if status == 200 { Ok(()) } else { Err(format!("the link answered {status}")) }
}

/// Somebody new who has a file asks for an export.
async fn requested(product: &Product) -> Forged {
    let user = Uuid::new_v4();
    let file = format!("files/{user}/{}/{}/tag/original", Uuid::now_v7(), Uuid::now_v7());
    put_object(product, &upload::bucket(product), &file).await;
    let data = json!({"userId": user, "exportId": Uuid::now_v7(), "requestedAt": Timestamp::now()});
    Forged::new("users", "UserExportRequested", Uuid::now_v7(), 1, &data)
}

/// The last part of somebody's export, and one that comes for somebody who is gone.
async fn parts(product: &Product, job: &str) -> [Forged; 2] {
    let (user, gone) = (Uuid::new_v4(), Uuid::new_v4());
    let export = Uuid::now_v7();
    let other = if job == "todos-exported" { "notificationsExportedAt" } else { "todosExportedAt" };
    row(product, user, export, [(other, text(&Timestamp::now().to_string()))]).await;
    let part = format!("parts/todos/{}/{export}/todos-1.json", deletion_id(user));
    put_object(product, &bucket(product), &part).await;
    bury(product, gone).await;
    leave(product, gone).await;
    [answer(job, user, export), answer(job, gone, Uuid::now_v7())]
}

/// Leaves a part and an archive of somebody.
pub(crate) async fn leave(product: &Product, user: Uuid) {
    let hash = deletion_id(user);
    for key in [format!("parts/todos/{hash}/x/x"), format!("archives/{hash}/x.zip")] {
        put_object(product, &bucket(product), &key).await;
    }
}

/// What a service says of its part.
pub(super) fn answer(job: &str, user: Uuid, export: Uuid) -> Forged {
    let (service, name) = match job {
        "todos-exported" => ("todos", "TodosExported"),
        _ => ("notifications", "NotificationsExported"),
    };
    let data = json!({"userId": user, "exportId": export, "key": "parts/", "bytes": 1});
    Forged::new(service, name, export, 1, &data)
}

/// An archive of somebody is ready.
pub(super) fn is_ready(user: Uuid) -> Forged {
    let export = Uuid::now_v7();
    let expires_at = Timestamp::now() + SignedDuration::from_hours(1);
    let data: Value = json!({"userId": user, "exportId": export, "bytes": 1, "expiresAt": expires_at});
    Forged::new("users", "UserExportReady", export, 2, &data)
}

async fn row<const N: usize>(product: &Product, user: Uuid, export: Uuid, more: [(&str, AttributeValue); N]) {
    let now = text(&Timestamp::now().to_string());
    let row = [
        ("pk", text(&format!("USER#{user}"))),
        ("sk", text("EXPORT")),
        ("id", text(&export.to_string())),
        ("userId", text(&user.to_string())),
        ("requestedAt", now.clone()),
        ("requests", AttributeValue::L(vec![now])),
    ];
    put(product, row.into_iter().chain(more)).await;
}

async fn bury(product: &Product, user: Uuid) {
    let key = format!("TOMBSTONE#{}", deletion_id(user));
    put(product, [("pk", text(&key)), ("sk", text("TOMBSTONE")), ("buriedAt", text("2026-01-01T00:00:00Z"))]).await;
}

async fn put(product: &Product, row: impl IntoIterator<Item = (&str, AttributeValue)>) {
    let client = aws_sdk_dynamodb::Client::new(product.sdk());
    let row: HashMap<String, AttributeValue> = row.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    eventually("a row", async || {
        let request = client.put_item().table_name(product.table(Service::Users)).set_item(Some(row.clone()));
        request.send().await.ok()
    })
    .await;
}

async fn put_object(product: &Product, bucket: &str, key: &str) {
    let config = aws_sdk_s3::config::Builder::from(product.sdk()).force_path_style(true).build();
    let put = aws_sdk_s3::Client::from_conf(config).put_object().bucket(bucket).key(key);
    put.body(ByteStream::from_static(b"[]")).send().await.expect("an object");
}

fn bucket(product: &Product) -> String {
    format!("busline-{}-users-exports-000000000000", product.env())
}

fn text(value: &str) -> AttributeValue {
    AttributeValue::S(value.to_owned())
}

fn number(value: u64) -> AttributeValue {
    AttributeValue::N(value.to_string())
}
