//! The queues in which an event waits: every service's dead-letter queue, and what operators parked.

use std::ops::ControlFlow;
use std::time::Duration;

use anyhow::Result;
use serde_json::Value;

use crate::dlq::event;
use crate::dlq::look::{self, End, Until};
use crate::dlq::message::Message;
use crate::dlq::names;
use crate::dlq::queue::{self, Queue};
use crate::explain::{Kind, Part, Step};
use crate::target::Target;

/// What the queues hold of an event.
#[derive(Debug, Default)]
pub(super) struct Letters {
    /// The event, if a letter holds it.
    pub(super) event: Option<Value>,
    pub(super) messages: Vec<Message>,
    pub(super) part: Part,
}

pub(super) async fn find(target: &Target, event_id: &str, patience: Duration) -> Letters {
    let mut letters = Letters::default();
    let prefix = format!("busline-{}-", target.env);
    match queue::urls(&target.sdk, Some(&prefix)).await {
        Ok(urls) => {
            for url in urls.iter().filter(|url| url.ends_with("-dlq") || url.ends_with("-parking")) {
                let queue = Queue::at(&target.sdk, url);
                if let Err(error) = letters.look(&queue, event_id, patience).await {
                    letters.part.unseen.push(format!("the queue {}: {error:#}", queue.name()));
                }
            }
        }
        Err(error) => letters.part.unseen.push(format!("the queues: {error:#}")),
    }
    letters
}

impl Letters {
    async fn look(&mut self, queue: &Queue, event_id: &str, patience: Duration) -> Result<()> {
        if queue.attributes().await?.depth == 0 {
            return Ok(());
        }
        let looked = look::look(queue, Until::after(patience), |message| {
            if is_about(&message, event_id) {
                self.add(queue, message, event_id);
            }
            Ok(ControlFlow::Continue(()))
        });
        let looked = looked.await?;
        if looked.end == End::Deadline {
            let (read, expected) = (looked.read, looked.expected);
            self.part
                .unseen
                .push(format!("the queue {}: only {read} of about {expected} messages were seen", queue.name()));
        }
        Ok(())
    }

    fn add(&mut self, queue: &Queue, message: Message, event_id: &str) {
        let held = message.event.as_ref().map(event::inside).unwrap_or_default();
        let held = held.into_iter().find(|event| event["detail"]["metadata"]["eventId"] == event_id);
        self.event = self.event.take().or(held);
        let error = message.error_type.as_deref().unwrap_or("an error that the message does not name");
        let place = message.function.as_ref().or(message.rule.as_ref());
        let failed = place.map(|place| format!(" of {place}")).unwrap_or_default();
        let (kind, text) = if queue.name().ends_with("-parking") {
            (Kind::Parked, format!("put aside{failed} after {error}"))
        } else {
            (Kind::Waiting, format!("a dead letter{failed}: {error}"))
        };
        self.part.steps.push(Step {
            at: message.sent_at().or(message.failed_at),
            kind,
            service: message.service.clone().or_else(|| names::service(queue.name())),
            place: Some(queue.name().to_owned()),
            text,
            message_id: Some(message.message_id.clone()),
        });
        self.messages.push(message);
    }
}

/// Whether a message holds the event, alone, in a batch, or in a shape that nobody knows.
fn is_about(message: &Message, event_id: &str) -> bool {
    let named = message.identities().iter().any(|identity| identity.event_id.as_deref() == Some(event_id));
    let in_batch = || message.event.as_ref().is_some_and(|event| event["Records"].to_string().contains(event_id));
    named || in_batch() || message.event.is_none() && message.body.contains(event_id)
}
