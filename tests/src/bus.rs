//! The bus: putting events on it as a service would, and receiving events from it.

use std::path::Path;

use aws_sdk_eventbridge::types::{PutEventsRequestEntry, Target};
use jiff::Timestamp;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::cleanup::run_in_drop;
use crate::product::Product;
use crate::test_queue::TestQueue;
use crate::wait::eventually;

/// An event as the bus delivers it: `source`, `detail-type`, `detail` and more.
pub type BusEvent = Value;

/// An event that no service committed, made by a test in the name of a service.
#[derive(Clone, Debug)]
pub struct TestEvent {
    /// The publisher on the bus: `busline.<service>`.
    pub source: String,
    /// The event version: `<Event>.v<N>`.
    pub detail_type: String,
    /// The event's `metadata` and `data`.
    pub detail: Value,
}

impl TestEvent {
    /// The event `name` (such as `TodoCreated`) of `service` about `subject`, in version 1.
    pub fn new(service: &str, name: &str, subject: Uuid, sequence: u64, data: &Value) -> Self {
        let id = Uuid::now_v7();
        Self {
            source: format!("busline.{service}"),
            detail_type: format!("{name}.v1"),
            detail: json!({
                "metadata": {
                    "eventId": id,
                    "occurredAt": Timestamp::now(),
                    "subject": subject,
                    "sequence": sequence,
                    "correlationId": id,
                    "causationId": id,
                    "traceparent": format!("00-{}-{}-01", id.simple(), &Uuid::new_v4().simple().to_string()[..16]),
                    "producer": format!("{service}@0.0.0"),
                    "schema": format!("{service}/{name}/v1"),
                },
                "data": data,
            }),
        }
    }

    /// The example of an event in `events/examples`, as if it had happened now, about this user.
    pub fn from_example(service: &str, name: &str, user: Uuid) -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../events/examples/{service}/{name}/v1.json"));
        let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let mut data: Value =
            serde_json::from_str::<Value>(&text).expect("an example in JSON")["detail"]["data"].take();
        for field in ["ownerId", "userId"] {
            if !data[field].is_null() {
                data[field] = json!(user);
            }
        }
        let is_about_user = data["ownerId"].is_null() && !data["userId"].is_null();
        let subject = if is_about_user { user } else { Uuid::now_v7() };
        Self::new(service, name, subject, 1, &data)
    }

    /// A copy of an event that the bus delivered, with the same id.
    pub fn from_bus_event(event: &BusEvent) -> Self {
        let text = |field: &str| event[field].as_str().expect("an event's field").to_owned();
        Self { source: text("source"), detail_type: text("detail-type"), detail: event["detail"].clone() }
    }

    /// The event's id, which subscribers claim.
    pub fn id(&self) -> &str {
        self.detail["metadata"]["eventId"].as_str().expect("an event's id")
    }

    /// The event as the bus passes it to a function.
    ///
    /// <https://docs.aws.amazon.com/eventbridge/latest/ref/overiew-event-structure.html>
    pub fn as_delivered(&self) -> BusEvent {
        json!({
            "version": "0",
            "id": Uuid::new_v4(),
            "detail-type": self.detail_type,
            "source": self.source,
            "account": "000000000000",
            "time": Timestamp::now(),
            "region": "eu-west-1",
            "resources": [],
            "detail": self.detail,
        })
    }
}

impl Product {
    /// Puts events on the bus in one request, with the account's root keys.
    pub async fn put_events(&self, events: &[&TestEvent]) {
        let entry = |event: &&TestEvent| {
            PutEventsRequestEntry::builder()
                .event_bus_name(self.bus())
                .source(&event.source)
                .detail_type(&event.detail_type)
                .detail(event.detail.to_string())
                .build()
        };
        let client = aws_sdk_eventbridge::Client::new(self.sdk());
        let entries = events.iter().map(entry).collect();
        let answer = client.put_events().set_entries(Some(entries)).send().await.expect("the bus answers");
        assert_eq!(answer.failed_entry_count, 0, "the bus accepts every event");
    }

    /// Receives the events on the bus that match `pattern`, by a rule and a queue that are deleted after the test.
    ///
    /// <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-patterns.html>
    pub async fn listen(&self, pattern: Value) -> EventListener {
        let name = format!("e2e-{}", Uuid::new_v4().simple());
        let events = aws_sdk_eventbridge::Client::new(self.sdk());
        let rule = events.put_rule().name(&name).event_bus_name(self.bus()).event_pattern(pattern.to_string());
        let rule_arn = rule.send().await.expect("a rule").rule_arn.expect("a rule's ARN");
        let queue = TestQueue::create(self.sdk(), &name).await;
        let listener = EventListener { product: self.clone(), rule: name, queue, received: Vec::new() };
        listener.queue.allow_sender("events.amazonaws.com", &rule_arn).await;
        let target = Target::builder().id("queue").arn(&listener.queue.arn).build().expect("a target");
        let targets = events.put_targets().rule(&listener.rule).event_bus_name(self.bus()).targets(target);
        targets.send().await.expect("a rule with a target");
        listener
    }
}

/// Receives the events that match a pattern, from its creation until it is dropped.
#[derive(Debug)]
pub struct EventListener {
    product: Product,
    rule: String,
    queue: TestQueue,
    received: Vec<BusEvent>,
}

impl EventListener {
    /// Waits until `count` events of this type (such as `TodoDeleted.v1`) were received; everything received so far.
    ///
    /// A publisher keeps the order of its events, so that whatever it published before them was received, too.
    pub async fn until(&mut self, count: usize, detail_type: &str) -> &[BusEvent] {
        eventually(&format!("{count} {detail_type} on the bus"), async || {
            self.receive().await;
            let of_type = self.received.iter().filter(|event| event["detail-type"] == detail_type);
            (of_type.count() >= count).then_some(())
        })
        .await;
        // A queue does not keep the order; the events of one subject are numbered.
        self.received.sort_by_key(|event| event["detail"]["metadata"]["sequence"].as_u64());
        &self.received
    }

    async fn receive(&mut self) {
        let messages = self.queue.receive().await;
        for message in &messages {
            self.received.push(serde_json::from_str(message.body().unwrap_or_default()).expect("an event in JSON"));
        }
        self.queue.delete(&messages).await;
    }
}

impl Drop for EventListener {
    fn drop(&mut self) {
        let (product, rule) = (self.product.clone(), self.rule.clone());
        run_in_drop(async move {
            let events = aws_sdk_eventbridge::Client::new(product.sdk());
            let bus = product.bus();
            let removal = events.remove_targets().rule(&rule).event_bus_name(bus).ids("queue").send().await;
            removal.expect("a rule with a target that can be removed");
            events.delete_rule().name(&rule).event_bus_name(bus).send().await.expect("a rule that can be deleted");
        });
    }
}
