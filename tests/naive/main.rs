//! A publisher and a subscriber with common errors, only for the control run of the fault tests: it must lose and repeat
//! some effects.
//!
//! The publisher ignores the results of its entries. The subscriber claims nothing, and makes two writes.

#![allow(
    clippy::disallowed_methods,
    clippy::print_stderr,
    reason = "an example of what not to do, which reads the environment directly"
)]

use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_eventbridge::types::PutEventsRequestEntry;
use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde_json::{Value, json};
use uuid::Uuid;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let handler = std::env::var("_HANDLER")?;
    let sdk = aws_config::load_defaults(aws_config::BehaviorVersion::latest()).await;
    if handler == "publish" {
        let (client, bus) = (aws_sdk_eventbridge::Client::new(&sdk), std::env::var("BUS_NAME")?);
        return lambda_runtime::run(service_fn(async |batch: LambdaEvent<Value>| {
            publish(&client, &bus, &batch.payload).await
        }))
        .await;
    }
    let (client, table) = (aws_sdk_dynamodb::Client::new(&sdk), std::env::var("TABLE_NAME")?);
    lambda_runtime::run(service_fn(async |event: LambdaEvent<Value>| add_entry(&client, &table, &event.payload).await))
        .await
}

async fn publish(client: &aws_sdk_eventbridge::Client, bus: &str, batch: &Value) -> Result<Value, Error> {
    let records = batch["Records"].as_array().ok_or("no records")?;
    for chunk in records.chunks(10) {
        let entry = |record: &Value| {
            let row = &record["dynamodb"]["NewImage"];
            let text = |field: &str| row[field]["S"].as_str().map(str::to_owned);
            let entry = PutEventsRequestEntry::builder().event_bus_name(bus).set_source(text("source"));
            entry.set_detail_type(text("detailType")).set_detail(text("detail")).build()
        };
        let entries = chunk.iter().map(entry).collect();
        if let Err(error) = client.put_events().set_entries(Some(entries)).send().await {
            eprintln!("the bus failed: {error}");
        }
    }
    Ok(json!({"batchItemFailures": []}))
}

async fn add_entry(client: &aws_sdk_dynamodb::Client, table: &str, event: &Value) -> Result<(), Error> {
    let todo = &event["detail"]["data"];
    let kind = match event["detail-type"].as_str() {
        Some("TodoCreated.v1") => "todo-created",
        Some("TodoChanged.v1") => "todo-changed",
        Some("TodoCompleted.v1") => "todo-completed",
        Some("TodoReopened.v1") => "todo-reopened",
        Some("TodoDeleted.v1") => "todo-deleted",
        _ => return Ok(()),
    };
    let text = |value: &Value| AttributeValue::S(value.as_str().unwrap_or_default().to_owned());
    let owner = format!("USER#{}", todo["ownerId"].as_str().ok_or("no owner")?);
    let title = format!("“{}”", todo["title"].as_str().ok_or("no title")?);
    let id = Uuid::now_v7();
    let key = AttributeValue::S(format!("INBOX#{id}"));
    let put = client.put_item().table_name(table).item("pk", AttributeValue::S(owner)).item("sk", key);
    let put = put.item("id", AttributeValue::S(id.to_string())).item("todoId", text(&todo["todoId"]));
    let put = put.item("owner", text(&todo["ownerId"])).item("kind", AttributeValue::S(kind.to_owned()));
    let occurred_at = text(&event["detail"]["metadata"]["occurredAt"]);
    let put = put.item("occurredAt", occurred_at.clone()).item("readAt", occurred_at);
    put.item("title", AttributeValue::S(title)).send().await?;
    Ok(())
}
