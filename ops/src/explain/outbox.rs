//! The outbox row `OUTBOX#<event id>` in the publisher's table, which is kept for 30 days.

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::connection::Connection;
use crate::deployment::Service;
use crate::error::describe;
use crate::explain::timeline::{Findings, RETENTION, Step, StepKind};

/// The outbox row of the event, if a table has one.
#[derive(Debug, Default)]
pub(super) struct Outbox {
    /// The event in the form in which it is put on the bus.
    pub(super) event: Option<Value>,
    pub(super) findings: Findings,
}

pub(super) async fn find(
    connection: &Connection,
    event_id: &str,
    created: Option<Timestamp>,
    now: Timestamp,
) -> Outbox {
    let client = aws_sdk_dynamodb::Client::new(&connection.sdk);
    let mut outbox = Outbox::default();
    for (service, deployed) in connection.known_services().await.services() {
        let Some(table) = Service::table(deployed) else { continue };
        let row = client
            .get_item()
            .table_name(table)
            .key("pk", AttributeValue::S(format!("OUTBOX#{event_id}")))
            .key("sk", AttributeValue::S("OUTBOX".to_owned()));
        match row.send().await {
            Ok(answer) => {
                if let Some(row) = answer.item {
                    let text = |name: &str| row.get(name).and_then(|value| value.as_s().ok()).cloned();
                    outbox.findings.steps.push(committed(service, table, &text));
                    outbox.event = event(event_id, &text);
                }
            }
            Err(error) => outbox.findings.unseen.push(format!("the outbox of {table}: {}", describe(&error))),
        }
    }
    if outbox.findings.steps.is_empty() && outbox.findings.unseen.is_empty() {
        outbox.findings.unseen.push(missing(created, now));
    }
    outbox
}

fn committed(service: &str, table: &str, text: &impl Fn(&str) -> Option<String>) -> Step {
    let detail: Value = text("detail").and_then(|detail| serde_json::from_str(&detail).ok()).unwrap_or_default();
    let what = match text("detailType") {
        Some(detail_type) => format!("{detail_type} is in the outbox of {table}"),
        None => format!("a row in the outbox of {table} is not an event: the publisher cannot read it"),
    };
    Step {
        at: detail["metadata"]["occurredAt"].as_str().and_then(|at| at.parse().ok()),
        kind: StepKind::Committed,
        service: Some(service.to_owned()),
        place: Some(table.to_owned()),
        text: what,
        message_id: None,
    }
}

fn event(event_id: &str, text: &impl Fn(&str) -> Option<String>) -> Option<Value> {
    let detail: Value = serde_json::from_str(&text("detail")?).ok()?;
    Some(json!({
        "version": "0",
        "id": event_id,
        "detail-type": text("detailType")?,
        "source": text("source")?,
        "time": detail["metadata"]["occurredAt"],
        "resources": [],
        "detail": detail,
    }))
}

fn missing(created: Option<Timestamp>, now: Timestamp) -> String {
    let days = RETENTION.as_hours() / 24;
    match created {
        Some(created) if now.duration_since(created) > RETENTION => format!(
            "no outbox has its row: the event was created on {}, and a row expires after {days} days",
            created.strftime("%Y-%m-%d")
        ),
        Some(created) if now.duration_since(created) < SignedDuration::ZERO => {
            "no outbox has its row: its id is from the future, so no deployed service created it".to_owned()
        }
        _ => format!(
            "no outbox has its row: it was never committed here (rows are kept for {days} days), or it belongs to another \
             environment"
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_row_is_explained_by_the_age_of_the_id() {
        let now: Timestamp = "2026-11-21T08:00:00Z".parse().unwrap();
        assert!(missing(Some(now - SignedDuration::from_hours(31 * 24)), now).contains("created on 2026-10-21"));
        assert!(missing(Some(now), now).contains("never committed here"));
        assert!(missing(Some(now + SignedDuration::from_hours(1)), now).contains("from the future"));
        assert!(missing(None, now).contains("another environment"));
    }
}
