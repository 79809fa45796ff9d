//! The bus: putting events on it as a service would, and listening to it.

use aws_sdk_eventbridge::types::{PutEventsRequestEntry, Target};
use aws_sdk_sqs::types::QueueAttributeName;
use jiff::Timestamp;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::disruption::finish;
use crate::product::Product;
use crate::wait::eventually;

/// An event as the bus delivers it: `source`, `detail-type`, `detail` and more.
pub type BusEvent = Value;

/// An event of a service, as nobody sent it: for tests that speak in a service's place.
#[derive(Clone, Debug)]
pub struct Forged {
    /// `busline.<service>`.
    pub source: String,
    /// `<Event>.v<N>`.
    pub detail_type: String,
    /// Metadata and data.
    pub detail: Value,
}

impl Forged {
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

    /// A copy of an event that the bus delivered, with the same id.
    pub fn copy(event: &BusEvent) -> Self {
        let text = |field: &str| event[field].as_str().expect("an event's field").to_owned();
        Self { source: text("source"), detail_type: text("detail-type"), detail: event["detail"].clone() }
    }

    /// The event's id, which subscribers claim.
    pub fn id(&self) -> &str {
        self.detail["metadata"]["eventId"].as_str().expect("an event's id")
    }
}

impl Product {
    /// Puts events on the bus, with the rights of the account's root, in one call.
    pub async fn put_events(&self, events: &[&Forged]) {
        let entry = |event: &&Forged| {
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
        assert_eq!(answer.failed_entry_count, 0, "the bus takes every event");
    }

    /// Listens to the events on the bus that fit `pattern`: a rule and a queue of the test's own, gone with it.
    ///
    /// <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-patterns.html>
    pub async fn listen(&self, pattern: Value) -> Listener {
        let name = format!("e2e-{}", Uuid::new_v4().simple());
        let events = aws_sdk_eventbridge::Client::new(self.sdk());
        let queues = aws_sdk_sqs::Client::new(self.sdk());
        let rule = events.put_rule().name(&name).event_bus_name(self.bus()).event_pattern(pattern.to_string());
        let rule_arn = rule.send().await.expect("a rule").rule_arn.expect("a rule's ARN");
        let queue_url = queues.create_queue().queue_name(&name).send().await.expect("a queue");
        let queue_url = queue_url.queue_url.expect("a queue's URL");
        let listener = Listener { product: self.clone(), name, queue_url, heard: Vec::new() };
        let asked = queues.get_queue_attributes().queue_url(&listener.queue_url);
        let asked = asked.attribute_names(QueueAttributeName::QueueArn).send().await.expect("the queue's ARN");
        let queue_arn = asked.attributes.unwrap_or_default().remove(&QueueAttributeName::QueueArn).expect("an ARN");
        let policy = json!({
            "Version": "2012-10-17",
            "Statement": [{
                "Effect": "Allow",
                "Principal": {"Service": "events.amazonaws.com"},
                "Action": "sqs:SendMessage",
                "Resource": queue_arn,
                "Condition": {"ArnEquals": {"aws:SourceArn": rule_arn}},
            }],
        });
        let admission = queues.set_queue_attributes().queue_url(&listener.queue_url);
        admission.attributes(QueueAttributeName::Policy, policy.to_string()).send().await.expect("a queue policy");
        let target = Target::builder().id("queue").arn(queue_arn).build().expect("a target");
        let targets = events.put_targets().rule(&listener.name).event_bus_name(self.bus()).targets(target);
        targets.send().await.expect("a rule with a target");
        listener
    }
}

/// Hears the events of a pattern, from its making to its end.
#[derive(Debug)]
pub struct Listener {
    product: Product,
    name: String,
    queue_url: String,
    heard: Vec<BusEvent>,
}

impl Listener {
    /// Waits until `count` events of this type (such as `TodoDeleted.v1`) have come; everything heard so far.
    ///
    /// A publisher keeps the order of what it publishes, so that what was published before them has come too.
    pub async fn until(&mut self, count: usize, detail_type: &str) -> &[BusEvent] {
        let client = aws_sdk_sqs::Client::new(self.product.sdk());
        eventually(&format!("{count} {detail_type} on the bus"), async || {
            self.hear(&client).await;
            let of_type = self.heard.iter().filter(|event| event["detail-type"] == detail_type);
            (of_type.count() >= count).then_some(())
        })
        .await;
        // A queue promises no order; a subject's events are numbered.
        self.heard.sort_by_key(|event| event["detail"]["metadata"]["sequence"].as_u64());
        &self.heard
    }

    async fn hear(&mut self, client: &aws_sdk_sqs::Client) {
        let request = client.receive_message().queue_url(&self.queue_url).max_number_of_messages(10);
        let messages = request.send().await.expect("a queue that can be read").messages.unwrap_or_default();
        for message in messages {
            self.heard.push(serde_json::from_str(message.body().unwrap_or_default()).expect("an event in JSON"));
            let receipt = message.receipt_handle.unwrap_or_default();
            let done = client.delete_message().queue_url(&self.queue_url).receipt_handle(receipt);
            done.send().await.expect("a message that can be deleted");
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let (product, name, queue_url) = (self.product.clone(), self.name.clone(), self.queue_url.clone());
        finish(async move {
            let events = aws_sdk_eventbridge::Client::new(product.sdk());
            let queues = aws_sdk_sqs::Client::new(product.sdk());
            let (bus, rule) = (product.bus(), &name);
            events.remove_targets().rule(rule).event_bus_name(bus).ids("queue").send().await.expect("no target left");
            events.delete_rule().name(rule).event_bus_name(bus).send().await.expect("no rule left");
            queues.delete_queue().queue_url(queue_url).send().await.expect("no queue left");
        });
    }
}
