//! How an export ends that does not become an archive, and what a deletion leaves of one.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tests::account::User;
use tests::injected_fault::{FunctionDisabled, invoke};
use tests::product::Product;
use tests::wait::eventually;

use crate::deletion;
use crate::export::limits::set;
use crate::export::{Archive, live, ready};

#[tokio::test]
async fn an_export_with_a_missing_part_fails_and_the_next_export_works() {
    let product = Product::alone().await;
    let dead_letters = product.dead_letter_queue("notifications");
    let ann = product.user().await;
    let id = ann.id.to_string();
    let off = FunctionDisabled::begin(&product, "notifications", "export").await;
    let first = ann.api("users").post("/me/export").expect(202).await;
    let dead_letter = dead_letters.wait_for(&id).await;
    assert_eq!(dead_letter.body["requestPayload"]["detail-type"], "UserExportRequested.v1");
    drop(off);
    assert_eq!(
        ann.api("users").get("/me/export").expect(200).await["status"],
        "preparing",
        "a replay would make it whole"
    );

    let yesterday = Timestamp::now() - SignedDuration::from_hours(25);
    set(&ann, "requestedAt", &yesterday.to_string()).await;
    let failed = ann.api("users").get("/me/export").expect(200).await;
    assert_eq!((&failed["status"], &failed["downloadUrl"]), (&json!("failed"), &json!(null)));

    // The part comes after all: the bucket may have forgotten the others, so there is no archive.
    let function = dead_letter.body["requestContext"]["functionArn"].as_str().unwrap();
    let announced = json!({"source": ["busline.notifications"], "detail": {"data": {"userId": [ann.id]}}});
    let mut events = product.listen(announced).await;
    invoke(&product, function, &dead_letter.body["requestPayload"]).await;
    dead_letters.delete(&dead_letter).await;
    events.until(1, "UserDataExported.v1").await;
    let second = ann.api("users").post("/me/export").expect(202).await;
    assert_ne!(second["id"], first["id"]);
    let whole = ready(&ann).await;
    assert_eq!(whole["id"], second["id"]);
    Archive::download(&product, &whole).await;
    assert_eq!(objects(&ann, "archives/").await.len(), 1, "the first one has none");
}

#[tokio::test]
async fn a_replayed_part_completes_the_archive() {
    let product = Product::alone().await;
    let dead_letters = product.dead_letter_queue("todos");
    let ann = product.user().await;
    let id = ann.id.to_string();
    let off = FunctionDisabled::begin(&product, "todos", "export").await;
    let asked = ann.api("users").post("/me/export").expect(202).await;
    let dead_letter = dead_letters.wait_for(&id).await;
    drop(off);
    let function = dead_letter.body["requestContext"]["functionArn"].as_str().unwrap();
    invoke(&product, function, &dead_letter.body["requestPayload"]).await;
    dead_letters.delete(&dead_letter).await;
    let whole = ready(&ann).await;
    assert_eq!(whole["id"], asked["id"]);

    // Again is harmless: no second archive, entry or mail.
    invoke(&product, function, &dead_letter.body["requestPayload"]).await;
    assert_eq!(ann.api("users").get("/me/export").expect(200).await["bytes"], whole["bytes"]);
}

#[tokio::test]
async fn a_deletion_removes_archives_and_parts_and_stops_a_running_export() {
    let product = Product::alone().await;
    let dead_letters = product.dead_letter_queue("todos");
    let (ann, bob) = (product.user().await, product.user().await);
    live(&ann).await;
    for user in [&ann, &bob] {
        user.api("users").post("/me/export").expect(202).await;
        ready(user).await;
    }
    let link = ready(&ann).await["downloadUrl"].clone();
    // The second one waits for a service, and has the parts of the others.
    let off = FunctionDisabled::begin(&product, "todos", "export").await;
    ann.api("users").post("/me/export").expect(202).await;
    let dead_letter = eventually("the dead-letter message of the request", async || {
        dead_letters.containing(&ann.id.to_string()).await.pop()
    })
    .await;
    eventually("a part of the second", async || (objects(&ann, "parts/notifications/").await.len() > 1).then_some(()))
        .await;
    drop(off);
    let bobs = objects(&bob, "").await;

    ann.api("users").delete("/me").expect(202).await;
    deletion::complete(&ann).await;
    assert_eq!(objects(&ann, "").await, Vec::<String>::new());
    assert_eq!(objects(&bob, "").await, bobs, "the neighbour has everything");
    let gone = product.http().get(link.as_str().unwrap()).send().await.expect("S3 answers");
    assert_eq!(gone.status(), 404, "the link of before leads nowhere");
    ann.api("users").get("/me/export").expect_problem(404, "not-found").await;
    ann.api("users").post("/me/export").expect_problem(404, "not-found").await;

    // What ran or waits anywhere does nothing any more.
    let function = dead_letter.body["requestContext"]["functionArn"].as_str().unwrap();
    invoke(&product, function, &dead_letter.body["requestPayload"]).await;
    let late = dead_letter.body["requestPayload"]["detail"]["data"].clone();
    for service in ["todos", "notifications"] {
        let job = format!("busline-{}-users-participant-exported", product.env());
        invoke(&product, &job, &exported(&dead_letter.body["requestPayload"], service, &late)).await;
    }
    assert_eq!(objects(&ann, "").await, Vec::<String>::new());
}

/// An answer to the event `asks`, as it comes over the bus.
fn exported(asks: &Value, service: &str, data: &Value) -> Value {
    let mut answer = asks.clone();
    answer["source"] = json!(format!("busline.{service}"));
    answer["detail-type"] = json!("UserDataExported.v1");
    answer["detail"]["metadata"]["schema"] = json!(format!("{service}/UserDataExported/v1"));
    answer["detail"]["metadata"]["producer"] = json!(format!("{service}@0.1.0"));
    answer["detail"]["data"] = json!({"userId": data["userId"], "exportId": data["exportId"], "key": "x", "bytes": 1});
    answer
}

/// The keys below a prefix of the bucket of exports that are a user's.
async fn objects(user: &User, prefix: &str) -> Vec<String> {
    let hash = Sha256::digest(format!("busline deleted user {}", user.id));
    let hash: String = hash.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat();
    let product = user.product();
    let client = aws_sdk_s3::Client::new(product.sdk());
    let bucket = format!("busline-{}-users-exports-000000000000", product.env());
    let mut pages = client.list_objects_v2().bucket(bucket).prefix(prefix).into_paginator().send();
    let mut keys = Vec::new();
    while let Some(page) = pages.next().await {
        let objects = page.expect("the bucket answers").contents.unwrap_or_default();
        keys.extend(objects.into_iter().filter_map(|object| object.key).filter(|key| key.contains(&hash)));
    }
    keys
}
