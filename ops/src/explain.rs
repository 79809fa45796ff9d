//! The story of one event, put together from what every service keeps of it: the outbox row, the logs, the rules, the
//! dead-letter queues and the journals of replays.

mod journals;
mod letters;
mod lines;
mod outbox;
mod rules;

use std::path::Path;
use std::time::Duration;

use anyhow::{Result, bail};
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use serde_json::Value;
use tokio::time::Instant;
use uuid::Uuid;

use crate::dlq::event::{self, Identity};
use crate::dlq::queue::WrongUse;
use crate::target::Target;

/// How long logs are kept, and outbox rows.
const KEPT: SignedDuration = SignedDuration::from_hours(30 * 24);

/// Clocks of different machines differ by less.
const SKEW: SignedDuration = SignedDuration::from_mins(1);

/// What is known of an event.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Story {
    /// The event's id.
    pub event_id: String,
    /// Its type, subject and sequence, if its outbox row or a dead letter tells.
    pub event: Identity,
    /// The trace that it belongs to.
    pub trace_id: Option<String>,
    /// What happened, in order.
    pub steps: Vec<Step>,
    /// What could not be seen, and why.
    pub unseen: Vec<String>,
}

/// Something that happened to an event.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Step {
    /// When; `null` for what has no time of its own.
    pub at: Option<Timestamp>,
    /// What.
    pub kind: Kind,
    /// The service whose doing it is.
    pub service: Option<String>,
    /// The function, rule or queue.
    pub place: Option<String>,
    /// In words.
    pub text: String,
    /// The id of the message that waits, or that was replayed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message_id: Option<String>,
}

/// What may happen to an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Its row was written, in the transaction of the change.
    Committed,
    /// The bus has it.
    Published,
    /// A rule reads it.
    Matched,
    /// A job has done with it.
    Handled,
    /// A job could not handle it.
    Failed,
    /// A job said something else about it.
    Logged,
    /// It lies in a queue.
    Waiting,
    /// An operator sent it again.
    Replayed,
    /// An operator put it aside.
    Parked,
}

impl Kind {
    /// The name, as the machine format has it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Committed => "committed",
            Self::Published => "published",
            Self::Matched => "matched",
            Self::Handled => "handled",
            Self::Failed => "failed",
            Self::Logged => "logged",
            Self::Waiting => "waiting",
            Self::Replayed => "replayed",
            Self::Parked => "parked",
        }
    }
}

/// A part of the story.
#[derive(Debug, Default)]
struct Part {
    steps: Vec<Step>,
    unseen: Vec<String>,
}

/// Which event, and where to look beside the environment.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// The event's id.
    pub event_id: &'a str,
    /// The folder of replays' journals.
    pub journals: &'a Path,
    /// The longest time to look.
    pub patience: Duration,
    /// What time it is.
    pub now: Timestamp,
}

/// Puts together what is known of an event of an environment.
///
/// Reads alone: messages are given back to their queues. What cannot be reached is told in `unseen`.
///
/// # Errors
/// [`WrongUse`] when nothing is known of the event.
pub async fn explain(target: &Target, question: &Question<'_>) -> Result<Story> {
    let Question { event_id, journals, patience, now } = *question;
    let deadline = Instant::now() + patience;
    let made = made_at(event_id);
    let since = made.unwrap_or(now - KEPT).max(now - KEPT) - SKEW;

    let (outbox, letters, lines) = tokio::join!(
        outbox::find(target, event_id, made, now),
        letters::find(target, event_id, patience),
        lines::find(target, event_id, since, deadline),
    );
    let event = outbox.event.clone().or_else(|| letters.event.clone());
    let rules = match &event {
        Some(event) => rules::find(target, event).await,
        None => Part::default(),
    };
    let replays = journals::find(journals, event_id, &letters.messages, &rules.steps);

    let mut steps = outbox.part.steps;
    steps.extend(lines.published);
    steps.extend(rules.steps);
    let mut later = [lines.rest, letters.part.steps, replays.steps].concat();
    later.sort_by_key(|step| step.at);
    steps.extend(later);
    let parts = [outbox.part.unseen, lines.unseen, rules.unseen, letters.part.unseen, replays.unseen];
    if steps.is_empty() {
        bail!(WrongUse(format!("nothing is known of the event `{event_id}`: {}", parts.concat().join("; "))));
    }
    let identity = event.as_ref().and_then(|event| event::identities(event).into_iter().next());
    Ok(Story {
        event_id: event_id.to_owned(),
        event: identity.unwrap_or_default(),
        trace_id: event.as_ref().and_then(trace_id),
        steps,
        unseen: parts.concat(),
    })
}

/// When an id was made: a `UUIDv7` says it.
fn made_at(event_id: &str) -> Option<Timestamp> {
    let (seconds, nanoseconds) = Uuid::parse_str(event_id).ok()?.get_timestamp()?.to_unix();
    Timestamp::new(seconds.try_into().ok()?, nanoseconds.try_into().ok()?).ok()
}

fn trace_id(event: &Value) -> Option<String> {
    event["detail"]["metadata"]["traceparent"].as_str()?.split('-').nth(1).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::made_at;

    #[test]
    fn an_id_says_when_it_was_made() {
        let at = made_at("01a1fcfc-f059-7557-8daf-a945aa69f62b").unwrap();
        assert_eq!(at.to_string(), "2026-11-21T07:23:17.465Z");
        assert_eq!(made_at("poison-1"), None);
        assert_eq!(made_at("4f0c1f5e-9d2c-4f33-8f0e-0d6f1f7f3c11"), None, "a random one does not");
    }
}
