//! The outbox rows: `OUTBOX#<event id>` in the publisher's table, for 30 days.

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::dlq::names;
use crate::dlq::queue::short;
use crate::explain::{KEPT, Kind, Part, Step};
use crate::target::Target;

/// What the outboxes say.
#[derive(Debug, Default)]
pub(super) struct Outbox {
    /// The event as the bus would carry it.
    pub(super) event: Option<Value>,
    pub(super) part: Part,
}

pub(super) async fn find(target: &Target, event_id: &str, made: Option<Timestamp>, now: Timestamp) -> Outbox {
    let client = aws_sdk_dynamodb::Client::new(&target.sdk);
    let mut outbox = Outbox::default();
    for service in names::SERVICES {
        let table = format!("busline-{}-{service}", target.env);
        let row = client
            .get_item()
            .table_name(&table)
            .key("pk", AttributeValue::S(format!("OUTBOX#{event_id}")))
            .key("sk", AttributeValue::S("OUTBOX".to_owned()));
        match row.send().await {
            Ok(answer) => {
                if let Some(row) = answer.item {
                    let text = |name: &str| row.get(name).and_then(|value| value.as_s().ok()).cloned();
                    outbox.part.steps.push(committed(service, &table, &text));
                    outbox.event = event(event_id, &text);
                }
            }
            Err(error) => outbox.part.unseen.push(format!("the outbox of {table}: {}", short(&error))),
        }
    }
    if outbox.part.steps.is_empty() && outbox.part.unseen.is_empty() {
        outbox.part.unseen.push(missing(made, now));
    }
    outbox
}

fn committed(service: &str, table: &str, text: &impl Fn(&str) -> Option<String>) -> Step {
    let detail: Value = text("detail").and_then(|detail| serde_json::from_str(&detail).ok()).unwrap_or_default();
    let what = match text("detailType") {
        Some(detail_type) => format!("{detail_type} is in the outbox of {table}"),
        None => format!("a row is in the outbox of {table} that is no event: the publisher cannot read it"),
    };
    Step {
        at: detail["metadata"]["occurredAt"].as_str().and_then(|at| at.parse().ok()),
        kind: Kind::Committed,
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

fn missing(made: Option<Timestamp>, now: Timestamp) -> String {
    let days = KEPT.as_hours() / 24;
    match made {
        Some(made) if now.duration_since(made) > KEPT => format!(
            "no outbox has its row: it was made on {}, and a row expires after {days} days",
            made.strftime("%Y-%m-%d")
        ),
        Some(made) if now.duration_since(made) < SignedDuration::ZERO => {
            "no outbox has its row: by its id it is of the future, so that no service of ours made it".to_owned()
        }
        _ => format!(
            "no outbox has its row: nobody committed it here (a row is kept for {days} days), or it is of another \
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
        assert!(missing(Some(now - SignedDuration::from_hours(31 * 24)), now).contains("made on 2026-10-21"));
        assert!(missing(Some(now), now).contains("nobody committed it here"));
        assert!(missing(Some(now + SignedDuration::from_hours(1)), now).contains("of the future"));
        assert!(missing(None, now).contains("another environment"));
    }
}
