//! The people who use the product while it is broken.

use std::collections::HashMap;
use std::future::Future;
use std::sync::Arc;

use anyhow::{Context, Result};
use aws_sdk_cognitoidentityprovider::types::AttributeType;
use aws_sdk_dynamodb::types::{AttributeValue, PutRequest, WriteRequest};
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::json;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::aws::{self, Target};
use crate::identity::{Person, SignIn};
use crate::status::Status;

/// How many requests are under way at a time: more than one person, fewer than would keep the machine from anything else.
const AT_ONCE: usize = 8;

/// `BatchWriteItem` takes this many rows.
/// <https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchWriteItem.html>
const ROWS_A_CALL: usize = 25;

/// How long an outbox row is kept.
const OUTBOX_LIFE: SignedDuration = SignedDuration::from_hours(30 * 24);

/// One person who adds and completes items, and many who sign up.
pub(super) struct Crowd {
    target: Target,
    pool: String,
    client_id: String,
    todos: String,
    token: String,
    http: reqwest::Client,
}

#[derive(Deserialize)]
struct Item {
    id: String,
}

impl Crowd {
    /// The person who uses the product: the demo user.
    pub(super) async fn gather(target: &Target, status: &Status) -> Result<Self> {
        let absent = || "the product is not deployed: run `cargo xtask up`".to_owned();
        let token = SignIn::to(target, status)?.access_token(&Person::demo()).await?;
        Ok(Self {
            target: target.clone(),
            pool: status.user_pool_id.clone().with_context(absent)?,
            client_id: status.user_pool_client_id.clone().with_context(absent)?,
            todos: status.apis.get("todos").cloned().flatten().with_context(absent)?,
            token,
            // A proxy for the wide world must not get what is meant for this machine.
            http: reqwest::Client::builder().no_proxy().build()?,
        })
    }

    /// So many people sign up, and each is to get a welcome mail.
    pub(super) async fn sign_up(&self, count: u32) -> Result<()> {
        let client = aws_sdk_cognitoidentityprovider::Client::new(&self.target.sdk);
        let all = (0..count).map(|_| {
            let (client, pool, client_id) = (client.clone(), self.pool.clone(), self.client_id.clone());
            async move {
                let address = format!("night-{}@example.com", Uuid::now_v7().simple());
                let email = AttributeType::builder().name("email").value(&address).build()?;
                let request = client.sign_up().client_id(client_id).username(&address).user_attributes(email);
                request.password(Person::demo().password).send().await.map_err(aws::failed("sign up"))?;
                // An operator confirms, so that nobody has to read the code in a mail; the product sees no difference.
                let confirmation = client.admin_confirm_sign_up().user_pool_id(pool).username(address);
                confirmation.send().await.map_err(aws::failed("confirm a sign-up"))?;
                Ok(())
            }
        });
        some_at_once(all).await?;
        Ok(())
    }

    /// The demo user adds so many items; their ids.
    pub(super) async fn add_items(&self, count: u32) -> Result<Vec<String>> {
        let all = (0..count).map(|number| {
            let request = self.http.post(format!("{}/todos", self.todos)).bearer_auth(&self.token);
            let request = request.json(&json!({"title": format!("Something for the night, {}", number + 1)}));
            async move {
                let answer = request.send().await.and_then(reqwest::Response::error_for_status);
                let item: Item = answer.context("cannot add an item")?.json().await?;
                Ok(item.id)
            }
        });
        some_at_once(all).await
    }

    /// The demo user completes items.
    pub(super) async fn complete(&self, items: &[String]) -> Result<()> {
        let all = items.iter().map(|item| {
            let request = self.http.post(format!("{}/todos/{item}/complete", self.todos)).bearer_auth(&self.token);
            async move {
                let answer = request.send().await.and_then(reqwest::Response::error_for_status);
                answer.context("cannot complete an item")?;
                Ok(())
            }
        });
        some_at_once(all).await?;
        Ok(())
    }

    /// A script writes so many events into the outbox of the todos table, each without the owner that it should have.
    pub(super) async fn backfill(&self, count: u32, status: &Status) -> Result<()> {
        let table = todos_table(status)?;
        let client = aws_sdk_dynamodb::Client::new(&self.target.sdk);
        let mut rows = Vec::new();
        for _ in 0..count {
            let put = PutRequest::builder().set_item(Some(broken_row())).build()?;
            rows.push(WriteRequest::builder().put_request(put).build());
        }
        for rows in rows.chunks(ROWS_A_CALL) {
            let write = client.batch_write_item().request_items(&table, rows.to_vec());
            write.send().await.map_err(aws::failed("write rows"))?;
        }
        Ok(())
    }
}

/// The name of the todos service's table.
pub(super) fn todos_table(status: &Status) -> Result<String> {
    let todos = status.services.get("todos").and_then(|service| service.table.clone());
    todos.context("the todos stack is not deployed: run `cargo xtask up`")
}

fn broken_row() -> HashMap<String, AttributeValue> {
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
    let text = |text: String| AttributeValue::S(text);
    let number = |number: i64| AttributeValue::N(number.to_string());
    let expires_at = now.saturating_add(OUTBOX_LIFE).map_or(0, Timestamp::as_second);
    HashMap::from([
        ("pk".to_owned(), text(format!("OUTBOX#{id}"))),
        ("sk".to_owned(), text("OUTBOX".to_owned())),
        ("source".to_owned(), text("busline.todos".to_owned())),
        ("detailType".to_owned(), text("AttachmentRejected.v1".to_owned())),
        ("detail".to_owned(), text(detail.to_string())),
        ("subject".to_owned(), text(attachment.to_string())),
        ("sequence".to_owned(), number(2)),
        ("expiresAt".to_owned(), number(expires_at)),
    ])
}

/// Runs all, a few at a time; the results in the order of the work.
async fn some_at_once<T: Send + 'static>(
    all: impl Iterator<Item = impl Future<Output = Result<T>> + Send + 'static>,
) -> Result<Vec<T>> {
    let places = Arc::new(Semaphore::new(AT_ONCE));
    let mut running = JoinSet::new();
    for (index, work) in all.enumerate() {
        let places = places.clone();
        running.spawn(async move {
            let _place = places.acquire_owned().await?;
            Ok::<_, anyhow::Error>((index, work.await?))
        });
    }
    let mut results = Vec::new();
    while let Some(result) = running.join_next().await {
        results.push(result??);
    }
    results.sort_by_key(|(index, _)| *index);
    Ok(results.into_iter().map(|(_, result)| result).collect())
}
