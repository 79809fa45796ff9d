//! The users of the product, and a script that writes events past it.

use std::collections::HashMap;
use std::env;
use std::future::Future;
use std::sync::Arc;

use aws_sdk_cognitoidentityprovider::types::AttributeType;
use aws_sdk_dynamodb::types::{AttributeValue, PutRequest, WriteRequest};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use tests::api::Api;
use tests::product::Product;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::PUBLISHER;

/// How many requests run at the same time: enough for a quick demonstration, few enough for a developer's machine.
const CONCURRENCY: usize = 8;

/// The rows of one `BatchWriteItem`.
/// <https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchWriteItem.html>
const ROWS_PER_CALL: usize = 25;

/// How long an outbox row is kept.
const OUTBOX_LIFETIME: SignedDuration = SignedDuration::from_hours(30 * 24);

/// The requests of the demo user, and the sign-ups of new users.
pub(crate) struct Load<'a> {
    product: &'a Product,
    items: Api,
}

impl<'a> Load<'a> {
    /// `BUSLINE_TOKEN`, which `cargo xtask demo-failure` sets, is the access token of the demo user.
    pub(crate) fn new(product: &'a Product) -> Self {
        let token = env::var("BUSLINE_TOKEN").expect("BUSLINE_TOKEN has an access token");
        Self { product, items: Api::new(product, PUBLISHER).with_token(&token) }
    }

    /// New users sign up; each should get a welcome email.
    pub(crate) async fn sign_up(&self, count: u32) {
        let client = aws_sdk_cognitoidentityprovider::Client::new(self.product.sdk());
        let all = (0..count).map(|_| {
            let client = client.clone();
            let (pool, client_id) = (self.product.user_pool().to_owned(), self.product.user_pool_client().to_owned());
            async move {
                let address = format!("demo-{}@example.com", Uuid::now_v7().simple());
                let email = AttributeType::builder().name("email").value(&address).build().expect("an attribute");
                let request = client.sign_up().client_id(client_id).username(&address).user_attributes(email);
                request.password("Busline-demo-1").send().await.expect("a user who can sign up");
                // An operator confirms, which needs no code from an email and is the same for the product.
                let confirmation = client.admin_confirm_sign_up().user_pool_id(pool).username(address);
                confirmation.send().await.expect("a user who can be confirmed");
            }
        });
        run_concurrently(all).await;
    }

    /// The demo user adds items; returns their ids.
    pub(crate) async fn add_items(&self, count: u32) -> Vec<String> {
        let all = (0..count).map(|number| {
            let request = self.items.post("/todos").json(&json!({"title": format!("Item {}", number + 1)}));
            async move { request.expect(201).await["id"].as_str().expect("an item has an id").to_owned() }
        });
        run_concurrently(all).await
    }

    /// The demo user completes items.
    pub(crate) async fn complete(&self, items: &[String]) {
        let all = items.iter().map(|item| {
            let request = self.items.post(&format!("/todos/{item}/complete"));
            async move { drop(request.expect(200).await) }
        });
        run_concurrently(all).await;
    }

    /// A script writes events into the outbox, each without its required owner.
    pub(crate) async fn write_unreadable_events(&self, count: u32) {
        let client = aws_sdk_dynamodb::Client::new(self.product.sdk());
        let put = |_| PutRequest::builder().set_item(Some(unreadable_event())).build().expect("a row");
        let rows: Vec<WriteRequest> =
            (0..count).map(put).map(|put| WriteRequest::builder().put_request(put).build()).collect();
        for rows in rows.chunks(ROWS_PER_CALL) {
            let write = client.batch_write_item().request_items(self.product.table(PUBLISHER), rows.to_vec());
            write.send().await.expect("rows that can be written");
        }
    }
}

fn unreadable_event() -> HashMap<String, AttributeValue> {
    let (id, attachment, now) = (Uuid::now_v7(), Uuid::now_v7(), Timestamp::now());
    let detail = json!({
        "metadata": {
            "eventId": id,
            "occurredAt": now,
            "subject": attachment,
            "sequence": 2,
            "correlationId": "backfill",
            "causationId": "backfill",
            "traceparent": format!("00-{}-{}-01", id.simple(), &attachment.simple().to_string()[16..]),
            "producer": "backfill@0.0.1",
            "schema": "todos/AttachmentRejected/v1",
        },
        // No owner.
        "data": {"attachmentId": attachment, "todoId": Uuid::now_v7(), "name": "By a script", "reason": "broken"},
    });
    let text = AttributeValue::S;
    let number = |number: i64| AttributeValue::N(number.to_string());
    let expires_at = (now + OUTBOX_LIFETIME).as_second();
    HashMap::from([
        ("pk".to_owned(), text(format!("OUTBOX#{id}"))),
        ("sk".to_owned(), text("OUTBOX".to_owned())),
        ("source".to_owned(), text(format!("busline.{PUBLISHER}"))),
        ("detailType".to_owned(), text("AttachmentRejected.v1".to_owned())),
        ("detail".to_owned(), text(detail.to_string())),
        ("subject".to_owned(), text(attachment.to_string())),
        ("sequence".to_owned(), number(2)),
        ("expiresAt".to_owned(), number(expires_at)),
    ])
}

/// Runs all, a few at a time; returns the results in order.
async fn run_concurrently<T: Send + 'static>(
    all: impl Iterator<Item = impl Future<Output = T> + Send + 'static>,
) -> Vec<T> {
    let permits = Arc::new(Semaphore::new(CONCURRENCY));
    let mut running = JoinSet::new();
    for (index, work) in all.enumerate() {
        let permits = permits.clone();
        running.spawn(async move {
            let _permit = permits.acquire_owned().await.expect("the semaphore stays open");
            (index, work.await)
        });
    }
    let mut results = running.join_all().await;
    results.sort_by_key(|(index, _)| *index);
    results.into_iter().map(|(_, result)| result).collect()
}
