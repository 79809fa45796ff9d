//! Failed events of a subscriber that applies each event once, and their effects: inbox entries.

use std::collections::{BTreeMap, HashSet};

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;
use serde_json::json;
use tests::logs::Logs;
use tests::product::Product;
use uuid::Uuid;

use crate::queues::Effects;

/// The number of events of each owner: enough that two events of one owner are processed at the same time.
const EVENTS_PER_OWNER: u64 = 10;

/// Owners that only this run uses, and events for them.
#[derive(Debug)]
pub(crate) struct Inboxes {
    product: Product,
    logs: Logs,
    owners: Vec<Uuid>,
    events: Vec<Uuid>,
}

impl Inboxes {
    /// Empty inboxes for a number of events.
    pub(crate) fn new(product: &Product, events: u64) -> Self {
        let ids = |count: u64| (0..count).map(|_| Uuid::now_v7()).collect();
        let (owners, events) = (ids(events.div_ceil(EVENTS_PER_OWNER)), ids(events));
        Self { product: product.clone(), logs: product.logs_from_now(), owners, events }
    }

    /// The record of a failed event.
    ///
    /// <https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html>
    pub(crate) fn failure(&self, number: u64) -> String {
        let number = usize::try_from(number).unwrap();
        let (owner, event) = (self.owners[number % self.owners.len()], self.events[number]);
        let (todo, now) = (Uuid::now_v7(), Timestamp::now());
        let region = self.product.sdk().region().expect("a region");
        let function = format!("busline-{}-notifications-update-inbox", self.product.env());
        json!({
            "version": "1.0",
            "timestamp": now,
            "requestContext": {
                "requestId": Uuid::new_v4(),
                "functionArn": format!("arn:aws:lambda:{region}:000000000000:function:{function}:$LATEST"),
                "condition": "RetriesExhausted",
                "approximateInvokeCount": 3,
            },
            "requestPayload": {
                "version": "0", "id": Uuid::new_v4(), "detail-type": "TodoCreated.v1", "source": "busline.todos",
                "account": "000000000000", "time": now, "region": region.as_ref(), "resources": [],
                "detail": {
                    "metadata": {
                        "eventId": event, "occurredAt": now, "subject": todo, "sequence": 1, "correlationId": event,
                        "causationId": event, "producer": "todos@0.0.0", "schema": "todos/TodoCreated/v1",
                        "traceparent": format!("00-{}-{}-01", event.simple(), &todo.simple().to_string()[..16]),
                    },
                    "data": {
                        "todoId": todo, "ownerId": owner, "title": "Buy milk", "priority": "normal", "tags": [],
                    },
                },
            },
            "responseContext": {"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"},
            "responsePayload": {"errorType": "TableFailed", "errorMessage": "the table failed"},
        })
        .to_string()
    }

    /// The entries, compared with the events.
    pub(crate) async fn effects(&self) -> Effects {
        let mut entries: BTreeMap<Uuid, u64> = BTreeMap::new();
        let mut counted = 0;
        let events: HashSet<Uuid> = self.events.iter().copied().collect();
        let client = aws_sdk_dynamodb::Client::new(self.product.sdk());
        for owner in &self.owners {
            let request = client.query().table_name(self.product.table("notifications")).consistent_read(true);
            let request = request.key_condition_expression("pk = :user");
            let request = request.expression_attribute_values(":user", AttributeValue::S(format!("USER#{owner}")));
            let mut rows = request.into_paginator().items().send();
            while let Some(row) = rows.next().await {
                let row = row.expect("a row");
                counted += u64::from(row["sk"].as_s().is_ok_and(|key| key.starts_with("INBOX#")));
                let id = row.get("id").and_then(|id| id.as_s().ok()).and_then(|id| id.parse().ok());
                if let Some(id) = id.filter(|id| events.contains(id)) {
                    *entries.entry(id).or_default() += 1;
                }
            }
        }
        let effective = entries.len() as u64;
        let missing = events.len() as u64 - effective;
        Effects {
            deliveries: self.deliveries(&events).await,
            effective,
            missing,
            repeated: counted - effective,
            changed: 0,
        }
    }

    /// How often the subscriber has handled one of the events, according to its log.
    async fn deliveries(&self, events: &HashSet<Uuid>) -> u64 {
        let lines = self.logs.lines_with("notifications", &["handled an event", "TodoCreated"]).await;
        let is_of_run = |line: &&serde_json::Value| {
            let id = line["span"]["event.id"].as_str().and_then(|id| id.parse().ok());
            id.is_some_and(|id| events.contains(&id))
        };
        lines.iter().filter(is_of_run).count() as u64
    }
}
