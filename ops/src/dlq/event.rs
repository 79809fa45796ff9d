//! Recognising events: a bus event, or outbox rows in a batch of a table's stream.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// What identifies an event.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Identity {
    /// The id in the event's metadata, else the bus's.
    pub event_id: Option<String>,
    /// The `detail-type` of the event.
    pub event_type: Option<String>,
    /// The entity that it describes.
    pub subject: Option<String>,
    /// The number of the change of the subject.
    pub sequence: Option<u64>,
}

/// The events in `value`: a bus event, or one for each outbox row of a stream batch.
#[must_use]
pub fn identities(value: &Value) -> Vec<Identity> {
    inside(value).iter().filter_map(identity).collect()
}

/// The bus events in `value`: itself, or those of a batch's outbox rows, in the form in which they are put on the bus.
#[must_use]
pub fn inside(value: &Value) -> Vec<Value> {
    if value["detail-type"].is_string() {
        return vec![value.clone()];
    }
    let records = value["Records"].as_array();
    records.into_iter().flatten().filter_map(outbox_event).collect()
}

fn identity(event: &Value) -> Option<Identity> {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let metadata = &event["detail"]["metadata"];
    Some(Identity {
        event_id: text(&metadata["eventId"]).or_else(|| text(&event["id"])),
        event_type: Some(text(&event["detail-type"])?),
        subject: text(&metadata["subject"]),
        sequence: metadata["sequence"].as_u64(),
    })
}

fn outbox_event(record: &Value) -> Option<Value> {
    let row = &record["dynamodb"]["NewImage"];
    let text = |name: &str| row[name]["S"].as_str();
    text("pk")?.strip_prefix("OUTBOX#")?;
    let detail: Value = serde_json::from_str(text("detail")?).ok()?;
    Some(json!({"source": text("source"), "detail-type": text("detailType")?, "detail": detail}))
}
