//! Dead-letter and parking queues in which the event waits.

use std::ops::ControlFlow;

use anyhow::Result;
use serde_json::Value;

use crate::connection::Connection;
use crate::dlq::browse::{BrowseLimits, browse};
use crate::dlq::event;
use crate::dlq::message::Message;
use crate::dlq::queue::Queue;
use crate::dlq::queue_lookup::list_urls;
use crate::explain::timeline::{Findings, Step, StepKind};

/// The messages that hold the event.
#[derive(Debug, Default)]
pub(super) struct DeadLetters {
    /// The event, if a message holds it.
    pub(super) event: Option<Value>,
    pub(super) messages: Vec<Message>,
    pub(super) findings: Findings,
}

pub(super) async fn find(connection: &Connection, event_id: &str, limits: &BrowseLimits) -> DeadLetters {
    let mut found = DeadLetters::default();
    let prefix = format!("busline-{}-", connection.env);
    match list_urls(&connection.sdk, Some(&prefix)).await {
        Ok(urls) => {
            for url in urls.iter().filter(|url| url.ends_with("-dlq") || url.ends_with("-parking")) {
                let queue = Queue::open(connection, url).await;
                if let Err(error) = found.search(&queue, event_id, limits).await {
                    found.findings.unseen.push(format!("the queue {}: {error:#}", queue.name()));
                }
            }
        }
        Err(error) => found.findings.unseen.push(format!("the queues: {error:#}")),
    }
    found
}

impl DeadLetters {
    async fn search(&mut self, queue: &Queue, event_id: &str, limits: &BrowseLimits) -> Result<()> {
        if queue.attributes().await?.total_messages() == 0 {
            return Ok(());
        }
        let browsed = browse(queue, limits.clone(), |message| {
            if holds_event(&message, event_id) {
                self.add(queue, message, event_id);
            }
            Ok(ControlFlow::Continue(()))
        });
        let browsed = browsed.await?;
        for (reason, count) in browsed.unseen_by_reason(queue.is_fifo()) {
            self.findings.unseen.push(format!("{count} messages of the queue {}: {reason}", queue.name()));
        }
        Ok(())
    }

    fn add(&mut self, queue: &Queue, message: Message, event_id: &str) {
        let events = message.event.as_ref().map(event::inside).unwrap_or_default();
        let same_event = events.into_iter().find(|event| event["detail"]["metadata"]["eventId"] == event_id);
        self.event = self.event.take().or(same_event);
        let error = message.error_type.as_deref().unwrap_or("an error that the message does not name");
        let place = message.function.as_ref().or(message.rule.as_ref());
        let failed = place.map(|place| format!(" of {place}")).unwrap_or_default();
        let (kind, text) = if queue.name().ends_with("-parking") {
            (StepKind::Parked, format!("parked message{failed}: {error}"))
        } else {
            (StepKind::Waiting, format!("dead-letter message{failed}: {error}"))
        };
        self.findings.steps.push(Step {
            at: message.sent_at().or(message.failed_at),
            kind,
            service: message.service.clone(),
            place: Some(queue.name().to_owned()),
            text,
            message_id: Some(message.message_id.clone()),
        });
        self.messages.push(message);
    }
}

/// Whether a message holds the event: alone, in a batch, or in a body of unknown shape.
fn holds_event(message: &Message, event_id: &str) -> bool {
    let named = message.identities().iter().any(|identity| identity.event_id.as_deref() == Some(event_id));
    let in_batch = || message.event.as_ref().is_some_and(|event| event["Records"].to_string().contains(event_id));
    named || in_batch() || message.event.is_none() && message.body.contains(event_id)
}
