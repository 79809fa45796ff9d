//! Which messages are meant.

use std::fmt;
use std::str::FromStr;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Span, Timestamp, Zoned, civil};
use regex::Regex;
use serde_json::Value;
use serde_json_path::JsonPath;

use crate::dlq::envelope::Envelope;
use crate::dlq::event::{self, Identity};
use crate::dlq::message::Message;

/// What a message must be; what is not set does not matter. Everything that is set must hold.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// What the error says.
    pub error: Option<Text>,
    /// The kind of error, or a pattern with `*` and `?`.
    pub error_type: Option<Glob>,
    /// The function.
    pub function: Option<Glob>,
    /// The rule.
    pub rule: Option<Glob>,
    /// The service.
    pub service: Option<String>,
    /// The `detail-type` of one of its events.
    pub detail_type: Option<Glob>,
    /// What one of its events is about.
    pub subject: Option<String>,
    /// The id of one of its events.
    pub event_id: Option<String>,
    /// How SQS's id begins.
    pub message_id: Option<String>,
    /// Fields of one of its events.
    pub fields: Vec<Field>,
    /// Failed at this time or later.
    pub since: Option<Timestamp>,
    /// Failed before this time.
    pub until: Option<Timestamp>,
    /// Its shape is one of these, when there are any.
    pub envelopes: Vec<Envelope>,
}

impl Filter {
    /// Whether the message is meant. One that does not say when it failed is outside every time.
    #[must_use]
    pub fn admits(&self, message: &Message) -> bool {
        self.admits_failure(message) && self.admits_time(message) && self.admits_event(message)
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
        let asks_who = self.detail_type.is_some() || self.subject.is_some() || self.event_id.is_some();
        if asks_who && !message.identities().iter().any(|identity| self.admits_identity(identity)) {
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

/// Text to be found in another: as it is, or `/a regular expression/`.
#[derive(Clone, Debug)]
pub enum Text {
    /// Anywhere, in this case.
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

/// A whole name, in which `*` is any text and `?` is one character.
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

/// `--error "$TEXT"` without a TEXT would mean every message.
const EMPTY: &str = "it is empty: leave the filter out to mean every message";

fn regex(pattern: &str) -> Result<Regex, String> {
    Regex::new(pattern).map_err(|error| match error {
        regex::Error::Syntax(text) => {
            let reason = text.lines().last().unwrap_or_default();
            format!("no regular expression: {}", reason.trim_start_matches("error: "))
        }
        other => other.to_string(),
    })
}

/// A field of an event: `$.detail.data.ownerId=7`, or a path alone, which must lead somewhere.
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

    /// A path may hold `=` too, so the first one after which a whole path stands ends it.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        for (at, _) in text.match_indices('=') {
            if let Ok(path) = JsonPath::parse(&text[..at]) {
                return Ok(Self { path, value: Some(text[at + 1..].to_owned()) });
            }
        }
        let wrong = |error| format!("{error}; give a JSONPath and a value, such as $.detail.data.ownerId=7");
        JsonPath::parse(text).map(|path| Self { path, value: None }).map_err(wrong)
    }
}

/// A moment: `2026-11-21T07:00:00Z`, `2026-11-21` (its beginning, UTC), or how long ago it was, such as `90m` or `3d`.
#[derive(Clone, Copy, Debug)]
pub enum Moment {
    /// A point in time.
    At(Timestamp),
    /// So long before now.
    Ago(SignedDuration),
}

impl Moment {
    /// The point in time; one that lies before all times is the first of them.
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
            None => age(text).map(Self::Ago).map_err(|_| WRONG_MOMENT.to_owned()),
        }
    }
}

const WRONG_MOMENT: &str =
    "give a time such as 2026-11-21T07:00:00Z, a day such as 2026-11-21, or an age such as 90m or 3d";

/// How long: `90m`, `2h30m`, `3d`. A day has 24 hours.
///
/// # Errors
/// When it is none.
pub fn age(text: &str) -> Result<SignedDuration, String> {
    let wrong = |_| "give how long, such as 45s, 90m, 2h30m or 3d".to_owned();
    let span: Span = text.parse().map_err(wrong)?;
    let age = span.to_duration(jiff::SpanRelativeTo::days_are_24_hours()).map_err(wrong)?;
    if age.is_negative() { Err("give how long ago, without a minus".to_owned()) } else { Ok(age) }
}

impl fmt::Display for Field {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", self.path)?;
        self.value.as_ref().map_or(Ok(()), |value| write!(formatter, "={value}"))
    }
}
