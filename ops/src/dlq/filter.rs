//! Filters for the messages of a dead-letter queue.

use std::fmt;
use std::str::FromStr;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Span, Timestamp, Zoned, civil};
use regex::Regex;
use serde_json::Value;
use serde_json_path::JsonPath;

use crate::dlq::cluster::ClusterKey;
use crate::dlq::envelope::Envelope;
use crate::dlq::event::{self, Identity};
use crate::dlq::message::Message;

/// Conditions for a message. It must fulfil all that are set.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// A part of the error text.
    pub error: Option<Text>,
    pub error_type: Option<Glob>,
    pub function: Option<Glob>,
    pub rule: Option<Glob>,
    pub service: Option<String>,
    /// The `detail-type` of one of its events.
    pub detail_type: Option<Glob>,
    /// The subject of one of its events.
    pub subject: Option<String>,
    /// The id of one of its events.
    pub event_id: Option<String>,
    /// The beginning of the message id.
    pub message_id: Option<String>,
    /// Fields of one of its events.
    pub fields: Vec<Field>,
    /// Failed at this time or later.
    pub since: Option<Timestamp>,
    /// Failed before this time.
    pub until: Option<Timestamp>,
    /// One of these; empty for any.
    pub envelopes: Vec<Envelope>,
    /// The id of the cause of the failure.
    pub cluster: Option<String>,
}

impl Filter {
    /// Whether every message matches.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        let Self { error, error_type, function, rule, service, detail_type, subject, event_id, message_id, .. } = self;
        let has_failure = error.is_some() || error_type.is_some() || function.is_some() || rule.is_some();
        let has_event = service.is_some() || detail_type.is_some() || subject.is_some() || event_id.is_some();
        let has_message =
            message_id.is_some() || self.cluster.is_some() || !self.fields.is_empty() || !self.envelopes.is_empty();
        !(has_failure || has_event || has_message || self.since.is_some() || self.until.is_some())
    }

    /// Whether the message matches. A message without a time of failure does not match conditions on time.
    #[must_use]
    pub fn admits(&self, message: &Message) -> bool {
        let is_of_cluster =
            || self.cluster.as_ref().is_none_or(|cluster| *cluster == ClusterKey::from_message(message).id());
        self.admits_failure(message) && self.admits_time(message) && self.admits_event(message) && is_of_cluster()
    }

    fn admits_failure(&self, message: &Message) -> bool {
        let glob = |wanted: &Option<Glob>, found: &Option<String>| {
            wanted.as_ref().is_none_or(|wanted| found.as_deref().is_some_and(|found| wanted.matches(found)))
        };
        let error = message.error_message.as_deref().unwrap_or_default();
        self.error.as_ref().is_none_or(|text| text.matches(error))
            && glob(&self.error_type, &message.error_type)
            && glob(&self.function, &message.function)
            && glob(&self.rule, &message.rule)
            && self.service.as_ref().is_none_or(|service| message.service.as_ref() == Some(service))
            && self.message_id.as_ref().is_none_or(|prefix| message.message_id.starts_with(prefix.as_str()))
            && (self.envelopes.is_empty() || self.envelopes.contains(&message.envelope))
    }

    fn admits_time(&self, message: &Message) -> bool {
        let at = message.failed_at;
        self.since.is_none_or(|since| at.is_some_and(|at| at >= since))
            && self.until.is_none_or(|until| at.is_some_and(|at| at < until))
    }

    fn admits_event(&self, message: &Message) -> bool {
        let has_event_condition = self.detail_type.is_some() || self.subject.is_some() || self.event_id.is_some();
        if has_event_condition && !message.identities().iter().any(|identity| self.admits_identity(identity)) {
            return false;
        }
        if self.fields.is_empty() {
            return true;
        }
        let whole = message.event.clone().or_else(|| serde_json::from_str(&message.body).ok()).unwrap_or_default();
        let inside = event::inside(&whole);
        [whole].iter().chain(&inside).any(|event| self.fields.iter().all(|field| field.is_in(event)))
    }

    fn admits_identity(&self, identity: &Identity) -> bool {
        let detail_type = identity.event_type.as_deref();
        self.detail_type.as_ref().is_none_or(|glob| detail_type.is_some_and(|name| glob.matches(name)))
            && (self.subject.is_none() || self.subject == identity.subject)
            && (self.event_id.is_none() || self.event_id == identity.event_id)
    }
}

/// Text to search for: literally, or `/a regular expression/`.
#[derive(Clone, Debug)]
pub enum Text {
    /// A literal text, compared with regard to case.
    Part(String),
    /// A regular expression, <https://docs.rs/regex/latest/regex/#syntax>.
    Pattern(Regex),
}

impl Text {
    fn matches(&self, text: &str) -> bool {
        match self {
            Self::Part(part) => text.contains(part),
            Self::Pattern(pattern) => pattern.is_match(text),
        }
    }
}

impl FromStr for Text {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.strip_prefix('/').and_then(|rest| rest.strip_suffix('/')) {
            Some(pattern) if !pattern.is_empty() => regex(pattern).map(Self::Pattern),
            _ if text.is_empty() => Err(EMPTY.to_owned()),
            _ => Ok(Self::Part(text.to_owned())),
        }
    }
}

/// A pattern for a whole name: `*` stands for any text, `?` for one character.
#[derive(Clone, Debug)]
pub struct Glob(Regex);

impl Glob {
    fn matches(&self, name: &str) -> bool {
        self.0.is_match(name)
    }
}

impl FromStr for Glob {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.is_empty() {
            return Err(EMPTY.to_owned());
        }
        let pattern = regex::escape(text).replace(r"\*", ".*").replace(r"\?", ".");
        regex(&format!("(?s)^{pattern}$")).map(Self)
    }
}

/// `--error "$TEXT"` with an unset variable would select every message.
const EMPTY: &str = "it is empty: leave out the filter to select every message";

fn regex(pattern: &str) -> Result<Regex, String> {
    Regex::new(pattern).map_err(|error| match error {
        regex::Error::Syntax(text) => {
            let reason = text.lines().last().unwrap_or_default();
            format!("invalid regular expression: {}", reason.trim_start_matches("error: "))
        }
        other => other.to_string(),
    })
}

/// A field of an event: `$.detail.data.ownerId=7`, or a path alone, which must exist.
#[derive(Clone, Debug)]
pub struct Field {
    path: JsonPath,
    value: Option<String>,
}

impl Field {
    fn is_in(&self, event: &Value) -> bool {
        let found = self.path.query(event);
        let Some(wanted) = &self.value else { return !found.is_empty() };
        found.iter().any(|value| match value {
            Value::String(text) => text == wanted,
            other => serde_json::from_str::<Value>(wanted).is_ok_and(|wanted| wanted == **other),
        })
    }
}

impl FromStr for Field {
    type Err = String;

    /// A path can contain `=` too, so the shortest valid path is taken.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        for (at, _) in text.match_indices('=') {
            if let Ok(path) = JsonPath::parse(&text[..at]) {
                return Ok(Self { path, value: Some(text[at + 1..].to_owned()) });
            }
        }
        let invalid = |error| format!("{error}; give a JSONPath and a value, such as $.detail.data.ownerId=7");
        JsonPath::parse(text).map(|path| Self { path, value: None }).map_err(invalid)
    }
}

/// A point in time: `2026-11-21T07:00:00Z`, `2026-11-21` (midnight UTC), or an age such as `90m` or `3d`.
#[derive(Clone, Copy, Debug)]
pub enum Moment {
    At(Timestamp),
    /// A duration before now.
    Ago(SignedDuration),
}

impl Moment {
    /// The absolute time, at least the earliest representable one.
    #[must_use]
    pub fn timestamp(self, now: Timestamp) -> Timestamp {
        match self {
            Self::At(at) => at,
            Self::Ago(ago) => now.checked_sub(ago).unwrap_or(Timestamp::MIN),
        }
    }
}

impl FromStr for Moment {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let beginning = |date: civil::Date| date.to_zoned(TimeZone::UTC).as_ref().map(Zoned::timestamp).ok();
        let at = text.parse().ok().or_else(|| beginning(text.parse().ok()?));
        match at {
            Some(at) => Ok(Self::At(at)),
            None => age(text).map(Self::Ago).map_err(|_| INVALID_MOMENT.to_owned()),
        }
    }
}

const INVALID_MOMENT: &str =
    "give a time such as 2026-11-21T07:00:00Z, a day such as 2026-11-21, or an age such as 90m or 3d";

/// Parses a duration such as `90m`, `2h30m` or `3d`. A day has 24 hours.
///
/// # Errors
/// When it is not a duration, or negative.
pub fn age(text: &str) -> Result<SignedDuration, String> {
    let wrong = |_| "give a duration such as 45s, 90m, 2h30m or 3d".to_owned();
    let span: Span = text.parse().map_err(wrong)?;
    let age = span.to_duration(jiff::SpanRelativeTo::days_are_24_hours()).map_err(wrong)?;
    if age.is_negative() { Err("give a duration without a minus".to_owned()) } else { Ok(age) }
}

impl fmt::Display for Field {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", self.path)?;
        self.value.as_ref().map_or(Ok(()), |value| write!(formatter, "={value}"))
    }
}
