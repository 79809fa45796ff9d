//! Deletions: somebody who has left something everywhere where an erasure looks.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use aws_sdk_dynamodb::types::{AttributeValue, Select};
use jiff::Timestamp;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tests::bus::Forged;
use tests::product::{Product, Service};
use tests::wait::eventually;
use uuid::Uuid;

use crate::scenes::exports;

/// How long the services may take for all deletions of the scenes.
const SETTLED: Duration = Duration::from_mins(2);

/// The event that makes a service erase somebody new, who has left something in each place. Their tombstone is old, so
/// that the erasure does not wait for what is under way.
pub(crate) async fn of_somebody(product: &Product, service: Service) -> Forged {
    let user = match service {
        Service::Users => subject(product).await,
        Service::Todos | Service::Notifications => Uuid::new_v4(),
    };
    rows(product, service, user).await;
    letters(product, service, user).await;
    batches(product, service, user).await;
    if service == Service::Users {
        exports::leave(product, user).await;
    }
    if service == Service::Todos {
        for folder in ["uploads", "files"] {
            put_object(product, &format!("busline-{}-todos-files-", product.env()), &format!("{folder}/{user}/x"))
                .await;
        }
    }
    Forged::new("users", "UserDeleted", user, 2, &json!({"userId": user, "deletedAt": Timestamp::now()}))
}

/// The answer of a service to a deletion of which the other services have told already.
pub(crate) async fn last_answer(product: &Product, job: &str) -> Forged {
    let user = Uuid::new_v4();
    let missing = if job == "todos-erased" { "todosErasedAt" } else { "notificationsErasedAt" };
    record(product, user, missing).await;
    exports::leave(product, user).await;
    let (service, name) =
        if job == "todos-erased" { ("todos", "TodosErased") } else { ("notifications", "NotificationsErased") };
    let data = json!({"deletionId": deletion_id(user), "erasedAt": Timestamp::now()});
    Forged::new(service, name, user, 1, &data)
}

/// Somebody with a profile, who has deleted themselves at Cognito, where nobody is told.
pub(crate) async fn at_cognito(product: &Product) {
    let user = product.user().await;
    user.users().get("/me").expect(200).await;
    user.registered_long_ago().await;
    user.leave_cognito().await;
}

/// Waits until every deletion that the scenes began is complete: an erasure holds messages of the queues in its hands,
/// in which whoever comes next looks. For a while only: what comes next says itself what it misses.
pub(crate) async fn settle(product: &Product) {
    let deadline = Instant::now() + SETTLED;
    while open(product).await > 0 && Instant::now() < deadline {
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

/// How many deletions are not complete.
async fn open(product: &Product) -> i32 {
    let client = aws_sdk_dynamodb::Client::new(product.sdk());
    let query = client.query().table_name(product.table(Service::Users)).index_name("byRegistration");
    let query = query.key_condition_expression("directory = :open");
    let query = query.expression_attribute_values(":open", text("DELETIONS")).select(Select::Count);
    query.send().await.expect("an index that answers").count
}

/// What tells one event of the notifications service from another.
pub(crate) fn mark() -> String {
    deletion_id(Uuid::new_v4())
}

/// Commits an event with this mark in a service's outbox, as if one of its jobs had.
pub(crate) async fn commit(product: &Product, service: Service, mark: &str) -> Result<(), String> {
    let data = json!({"deletionId": mark, "erasedAt": Timestamp::now()});
    let event = Forged::new("notifications", "NotificationsErased", Uuid::new_v4(), 1, &data);
    let row = [
        ("pk", text(&format!("OUTBOX#{}", event.id()))),
        ("sk", text("OUTBOX")),
        ("source", text(&event.source)),
        ("detailType", text(&event.detail_type)),
        ("detail", text(&event.detail.to_string())),
        ("subject", text(mark)),
        ("sequence", AttributeValue::N("1".to_owned())),
        ("expiresAt", AttributeValue::N("4102444800".to_owned())),
    ];
    put(product, service, row).await;
    Ok(())
}

/// The subject of somebody new in the user pool.
async fn subject(product: &Product) -> Uuid {
    let person = product.person();
    person.sign_up(&[]).await.expect("a sign-up");
    let pool = aws_sdk_cognitoidentityprovider::Client::new(product.sdk());
    let found = pool.admin_get_user().user_pool_id(product.user_pool()).username(&person.email).send().await;
    let attributes = found.expect("the user").user_attributes.unwrap_or_default();
    let sub = attributes.into_iter().find(|attribute| attribute.name == "sub").and_then(|sub| sub.value);
    sub.and_then(|sub| sub.parse().ok()).expect("a sub")
}

async fn rows(product: &Product, service: Service, user: Uuid) {
    let long_ago = text("2026-01-01T00:00:00Z");
    let tombstone = format!("TOMBSTONE#{}", deletion_id(user));
    put(product, service, [("pk", text(&tombstone)), ("sk", text("TOMBSTONE")), ("buriedAt", long_ago.clone())]).await;
    let partition = text(&format!("USER#{user}"));
    let connection = [
        ("pk", partition.clone()),
        ("sk", text("CONNECTION#permissions=")),
        ("id", text("permissions=")),
        ("connectedAt", long_ago.clone()),
        ("endsAt", long_ago),
        ("expiresAt", AttributeValue::N("4102444800".to_owned())),
    ];
    put(product, service, connection).await;
    // Its key has an `X`, by which the publisher's filter passes it over.
    let outbox = [("pk", text(&format!("OUTBOX#{}", Uuid::new_v4()))), ("sk", text("OUTBOXX"))];
    put(product, service, outbox.into_iter().chain([("user", text(&user.to_string()))])).await;
    if service == Service::Users {
        record(product, user, "usersErasedAt").await;
    }
}

/// The record of a deletion that waits for one service alone.
async fn record(product: &Product, user: Uuid, missing: &str) {
    let now = text(&Timestamp::now().to_string());
    let parts = ["usersErasedAt", "todosErasedAt", "notificationsErasedAt"].into_iter().filter(|part| *part != missing);
    let key = [("pk", text(&format!("DELETION#{}", deletion_id(user)))), ("sk", text("DELETION"))];
    let event = [("eventId", text(&Uuid::new_v4().to_string()))];
    let row = key.into_iter().chain(event).chain(parts.map(|part| (part, now.clone())));
    put(product, Service::Users, row).await;
}

/// Takes everything out of the queues in which an erasure looks.
pub(crate) async fn empty_queues(product: &Product, service: Service) {
    let client = aws_sdk_sqs::Client::new(product.sdk());
    for queue in queues(product, service) {
        client.purge_queue().queue_url(queue).send().await.expect("a queue that can be emptied");
    }
}

/// The dead-letter queue and the parking queue.
fn queues(product: &Product, service: Service) -> [String; 2] {
    let dlq = product.dead_letter_queue(service);
    [dlq.to_owned(), dlq.replace("-dlq", "-parking")]
}

/// A letter that goes and one that is given back, in both queues.
async fn letters(product: &Product, service: Service, user: Uuid) {
    let client = aws_sdk_sqs::Client::new(product.sdk());
    for queue in queues(product, service) {
        for owner in [user, Uuid::nil()] {
            let letter = json!({"permissions": true, "ownerId": owner}).to_string();
            client
                .send_message()
                .queue_url(&queue)
                .message_body(letter)
                .send()
                .await
                .expect("a queue that takes letters");
        }
    }
}

/// A batch that goes, and one that loses a record.
async fn batches(product: &Product, service: Service, user: Uuid) {
    for owners in [vec![user], vec![user, Uuid::nil()]] {
        let records: Vec<Value> = owners.iter().map(|owner| json!({"ownerId": owner})).collect();
        let batch = json!({"payload": json!({"Records": records}).to_string()}).to_string();
        let prefix = format!("busline-{}-{}-failures-", product.env(), service.name());
        put_object_with(product, &prefix, &format!("aws/lambda/permissions/{}", Uuid::new_v4()), batch).await;
    }
}

async fn put_object(product: &Product, bucket: &str, key: &str) {
    put_object_with(product, bucket, key, "x".to_owned()).await;
}

async fn put_object_with(product: &Product, bucket: &str, key: &str, body: String) {
    let config = aws_sdk_s3::config::Builder::from(product.sdk()).force_path_style(true).build();
    let client = aws_sdk_s3::Client::from_conf(config);
    let buckets = client.list_buckets().send().await.expect("buckets").buckets.unwrap_or_default();
    let name = buckets.iter().filter_map(|found| found.name()).find(|name| name.starts_with(bucket));
    let name = name.unwrap_or_else(|| panic!("a bucket {bucket}…"));
    client.put_object().bucket(name).key(key).body(body.into_bytes().into()).send().await.expect("an object");
}

async fn put(product: &Product, service: Service, row: impl IntoIterator<Item = (&str, AttributeValue)>) {
    let client = aws_sdk_dynamodb::Client::new(product.sdk());
    let row: HashMap<String, AttributeValue> = row.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    eventually("a row", async || {
        let request = client.put_item().table_name(product.table(service)).set_item(Some(row.clone()));
        request.send().await.ok()
    })
    .await;
}

/// By what a deletion is known when its user is forgotten.
pub(crate) fn deletion_id(user: Uuid) -> String {
    let hash = Sha256::digest(format!("busline deleted user {user}"));
    hash.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat()
}

fn text(value: &str) -> AttributeValue {
    AttributeValue::S(value.to_owned())
}
