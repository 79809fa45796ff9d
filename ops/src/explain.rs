//! The timeline of one event, assembled from what every service keeps of it: outbox rows, logs, rules, dead-letter
//! queues and the journals of replays.

mod dead_letters;
mod journals;
mod log_lines;
mod outbox;
mod rules;
pub mod timeline;

use std::path::Path;

use anyhow::{Result, bail};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use tokio::time::Instant;
use uuid::Uuid;

use crate::connection::Connection;
use crate::dlq::browse::BrowseLimits;
use crate::dlq::event;
use crate::error::UsageError;
use crate::explain::timeline::{EventTimeline, Findings, RETENTION};

/// The largest difference that is expected between the clocks of different machines.
const CLOCK_SKEW: SignedDuration = SignedDuration::from_mins(1);

/// Which event to explain, and where to look besides the environment.
#[derive(Clone, Debug)]
pub struct ExplainRequest<'a> {
    pub event_id: &'a str,
    /// The folder with the journals of replays.
    pub journals: &'a Path,
    /// When to stop searching queues and logs.
    pub limits: BrowseLimits,
    pub now: Timestamp,
}

/// Assembles what is known of an event of an environment.
///
/// Read-only: messages become visible in their queues again. What could not be reached is listed in `unseen`.
///
/// # Errors
/// [`UsageError`] when nothing is known of the event, or no service is deployed; otherwise when SSM fails.
pub async fn explain(connection: &Connection, request: &ExplainRequest<'_>) -> Result<EventTimeline> {
    let ExplainRequest { event_id, journals, limits, now } = request.clone();
    connection.deployment().await?.require_services()?;
    let deadline = Instant::now() + limits.deadline;
    let created = created_at(event_id);
    let since = created.unwrap_or(now - RETENTION).max(now - RETENTION) - CLOCK_SKEW;

    let (outbox, dead_letters, log_lines) = tokio::join!(
        outbox::find(connection, event_id, created, now),
        dead_letters::find(connection, event_id, &limits),
        log_lines::find(connection, event_id, since, deadline),
    );
    let event = outbox.event.clone().or_else(|| dead_letters.event.clone());
    let rules = match &event {
        Some(event) => rules::find(connection, event).await,
        None => Findings::default(),
    };
    let services = connection.known_services().await;
    let replays = journals::find(journals, event_id, &dead_letters.messages, &rules.steps, &services);

    let mut steps = outbox.findings.steps;
    steps.extend(log_lines.published);
    steps.extend(rules.steps);
    let mut later = [log_lines.other, dead_letters.findings.steps, replays.steps].concat();
    later.sort_by_key(|step| step.at);
    steps.extend(later);
    let unseen =
        [outbox.findings.unseen, log_lines.unseen, rules.unseen, dead_letters.findings.unseen, replays.unseen].concat();
    if steps.is_empty() {
        bail!(UsageError(format!("nothing is known of the event `{event_id}`: {}", unseen.join("; "))));
    }
    let identity = event.as_ref().and_then(|event| event::identities(event).into_iter().next());
    Ok(EventTimeline {
        event_id: event_id.to_owned(),
        event: identity.unwrap_or_default(),
        trace_id: event.as_ref().and_then(trace_id),
        steps,
        unseen,
    })
}

/// The time in an event id, which is a `UUIDv7`.
fn created_at(event_id: &str) -> Option<Timestamp> {
    let (seconds, nanoseconds) = Uuid::parse_str(event_id).ok()?.get_timestamp()?.to_unix();
    Timestamp::new(seconds.try_into().ok()?, nanoseconds.try_into().ok()?).ok()
}

fn trace_id(event: &Value) -> Option<String> {
    event["detail"]["metadata"]["traceparent"].as_str()?.split('-').nth(1).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::created_at;

    #[test]
    fn the_creation_time_is_read_from_the_event_id() {
        let at = created_at("01a1fcfc-f059-7557-8daf-a945aa69f62b").unwrap();
        assert_eq!(at.to_string(), "2026-11-21T07:23:17.465Z");
        assert_eq!(created_at("poison-1"), None);
        assert_eq!(created_at("4f0c1f5e-9d2c-4f33-8f0e-0d6f1f7f3c11"), None, "a random UUID has no time");
    }
}
