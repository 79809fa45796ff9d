//! The W3C trace context header, the one part of a trace that travels inside events.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

/// A `traceparent` of version 00: trace id, parent span id, flags.
///
/// Source: <https://www.w3.org/TR/trace-context/#traceparent-header>
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TraceParent {
    trace_id: u128,
    span_id: u64,
    flags: u8,
}

impl TraceParent {
    /// A sampled trace's context. `None` when either id is zero, which the specification forbids.
    #[must_use]
    pub fn new(trace_id: u128, span_id: u64) -> Option<Self> {
        (trace_id != 0 && span_id != 0).then_some(Self { trace_id, span_id, flags: 1 })
    }

    /// The same trace, seen from a new span. `None` when `span_id` is zero.
    #[must_use]
    pub fn child(self, span_id: u64) -> Option<Self> {
        (span_id != 0).then_some(Self { span_id, ..self })
    }

    /// The trace's id as 32 lower-case hexadecimal digits.
    #[must_use]
    pub fn trace_id(self) -> String {
        format!("{:032x}", self.trace_id)
    }
}

impl fmt::Display for TraceParent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "00-{:032x}-{:016x}-{:02x}", self.trace_id, self.span_id, self.flags)
    }
}

/// The text is no `traceparent`: `00-<32 hex digits>-<16 hex digits>-<2 hex digits>`, neither id zero.
#[derive(Debug, thiserror::Error)]
#[error("not a W3C traceparent: expected 00-<32 hex digits>-<16 hex digits>-<2 hex digits>, ids not zero")]
pub struct NotATraceParent;

impl FromStr for TraceParent {
    type Err = NotATraceParent;

    fn from_str(text: &str) -> Result<Self, NotATraceParent> {
        let parts: Vec<&str> = text.split('-').collect();
        let ["00", trace_id, span_id, flags] = parts[..] else {
            return Err(NotATraceParent);
        };
        if !(is_hex(trace_id, 32) && is_hex(span_id, 16) && is_hex(flags, 2)) {
            return Err(NotATraceParent);
        }
        let parent = Self {
            trace_id: u128::from_str_radix(trace_id, 16).map_err(|_| NotATraceParent)?,
            span_id: u64::from_str_radix(span_id, 16).map_err(|_| NotATraceParent)?,
            flags: u8::from_str_radix(flags, 16).map_err(|_| NotATraceParent)?,
        };
        (parent.trace_id != 0 && parent.span_id != 0).then_some(parent).ok_or(NotATraceParent)
    }
}

fn is_hex(text: &str, digits: usize) -> bool {
    text.len() == digits && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

impl TryFrom<String> for TraceParent {
    type Error = NotATraceParent;

    fn try_from(text: String) -> Result<Self, NotATraceParent> {
        text.parse()
    }
}

impl From<TraceParent> for String {
    fn from(parent: TraceParent) -> Self {
        parent.to_string()
    }
}

impl JsonSchema for TraceParent {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "TraceParent".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "pattern": "^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$",
            // Neither id is zero. A lookahead would say it in one pattern, which many validators cannot read.
            "allOf": [{"pattern": "^00-0*[1-9a-f]"}, {"pattern": "-0*[1-9a-f][0-9a-f]*-[0-9a-f]{2}$"}],
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    #[test]
    fn a_traceparent_survives_a_round_trip() {
        let parent: TraceParent = TEXT.parse().unwrap();
        assert_eq!(parent.to_string(), TEXT);
        assert_eq!(parent.trace_id(), "4bf92f3577b34da6a3ce929d0e0e4736");
    }

    #[test]
    fn a_child_keeps_the_trace_and_changes_the_span() {
        let child = TEXT.parse::<TraceParent>().unwrap().child(1).unwrap();
        assert_eq!(child.to_string(), "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000001-01");
    }

    #[test]
    fn what_the_specification_forbids_is_refused() {
        for text in [
            "",
            "00",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-extra",
            "00-+bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        ] {
            assert!(text.parse::<TraceParent>().is_err(), "{text}");
        }
    }
}
