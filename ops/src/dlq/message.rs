//! A message of a dead-letter queue after its failure record was read.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::dlq::envelope::{Decoded, Envelope, Origin};
use crate::dlq::event::{self, Identity};
use crate::dlq::raw_message::{Attribute, RawMessage};
use crate::names;

/// A message and its content: the machine format of `peek`, `show` and `export`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Message {
    /// SQS's id of the message in the queue.
    pub message_id: String,
    /// The kind of failure record.
    pub envelope: Envelope,
    /// It is an SNS notification: the subscription has no raw delivery.
    pub wrapped_by_sns: bool,
    /// The service that failed.
    pub service: Option<String>,
    /// The name of the function that failed or could not be reached.
    pub function: Option<String>,
    /// The name of the rule that failed to deliver.
    pub rule: Option<String>,
    /// The error type; without one, the condition under which Lambda gave up.
    pub error_type: Option<String>,
    pub error_message: Option<String>,
    /// When it failed finally; if the record has no time, when it was sent to the queue.
    pub failed_at: Option<Timestamp>,
    /// What the function, the rule's target or the source queue received. For a stream, the whole batch. `null` when it
    /// is not in the message or not JSON.
    pub event: Option<Value>,
    /// The event's id in its metadata, otherwise the bus's. For a batch, that of its first event.
    pub event_id: Option<String>,
    pub event_type: Option<String>,
    /// The entity that the event describes.
    pub subject: Option<String>,
    /// The number of the change of the subject.
    pub sequence: Option<u64>,
    /// The message attributes; those of an SNS notification are in its body.
    pub attributes: BTreeMap<String, Attribute>,
    /// The body as SQS returned it.
    pub body: String,
    /// SQS's own attributes under SQS's names: times, counts, FIFO group, trace.
    #[serde(default)]
    pub system_attributes: BTreeMap<String, String>,
    /// Every event of a batch, if there are several.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub events: Vec<Identity>,
    /// What could not be read, such as a deleted object.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
    /// Deletes the message or makes it visible. Valid only for this receive, so it is not serialised.
    #[serde(skip)]
    pub receipt_handle: String,
    /// The source and the exact original content. Not serialised, because it can be computed from [`RawMessage`].
    #[serde(skip)]
    pub origin: Origin,
}

impl Message {
    /// Combines a message with its content.
    #[must_use]
    pub fn new(raw: RawMessage, decoded: Decoded) -> Self {
        let Decoded { envelope, wrapped_by_sns, error_type, error_message, failed_at, origin, problem, text } = decoded;
        let function = origin.function_arn.as_deref().and_then(names::function);
        let rule = origin.rule_arn.as_deref().and_then(names::rule);
        let event = origin.original.as_deref().and_then(|text| serde_json::from_str::<Value>(text).ok());
        // The body of an unknown shape is not an event, but may contain the fields that identify one.
        let described = event.clone().or_else(|| serde_json::from_str(&text).ok()).unwrap_or_default();
        let mut events = event::identities(&described);
        let first = events.first().cloned().unwrap_or_default();
        if events.len() < 2 {
            events.clear();
        }
        let service = [&function, &rule].into_iter().flatten().find_map(|name| names::service(name, ""));
        Self {
            envelope,
            wrapped_by_sns,
            service,
            function,
            rule,
            error_type,
            error_message,
            failed_at: failed_at.or_else(|| raw.sent_at()),
            event,
            event_id: first.event_id,
            event_type: first.event_type,
            subject: first.subject,
            sequence: first.sequence,
            message_id: raw.message_id,
            attributes: raw.attributes,
            body: raw.body,
            system_attributes: raw.system,
            events,
            problem,
            receipt_handle: raw.receipt_handle,
            origin,
        }
    }

    /// The message as SQS delivered it.
    #[must_use]
    pub fn to_raw(&self) -> RawMessage {
        RawMessage {
            message_id: self.message_id.clone(),
            receipt_handle: self.receipt_handle.clone(),
            system: self.system_attributes.clone(),
            attributes: self.attributes.clone(),
            body: self.body.clone(),
        }
    }

    /// When it was sent to the queue.
    #[must_use]
    pub fn sent_at(&self) -> Option<Timestamp> {
        let milliseconds = self.system_attributes.get("SentTimestamp")?.parse().ok()?;
        Timestamp::from_millisecond(milliseconds).ok()
    }

    /// How often it was received, including this time.
    #[must_use]
    pub fn receive_count(&self) -> Option<u64> {
        self.system_attributes.get("ApproximateReceiveCount")?.parse().ok()
    }

    /// The trace id in the event's metadata, otherwise the trace header of the message.
    #[must_use]
    pub fn trace_id(&self) -> Option<String> {
        let event = self.event.as_ref().and_then(|event| event::inside(event).into_iter().next()).unwrap_or_default();
        let parent = event["detail"]["metadata"]["traceparent"].as_str();
        let in_event = parent.and_then(|parent| parent.split('-').nth(1)).map(str::to_owned);
        in_event.or_else(|| self.system_attributes.get("AWSTraceHeader").cloned())
    }

    /// All events in the message.
    #[must_use]
    pub fn identities(&self) -> Vec<Identity> {
        if !self.events.is_empty() {
            return self.events.clone();
        }
        let only = Identity {
            event_id: self.event_id.clone(),
            event_type: self.event_type.clone(),
            subject: self.subject.clone(),
            sequence: self.sequence,
        };
        if only == Identity::default() { Vec::new() } else { vec![only] }
    }
}
