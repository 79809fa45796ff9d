//! What must hold of this crate's parsers for any bytes. Each function is also a fuzz target, see `tests/fuzz/`.

use events::catalog::{self, EventType};
use events::envelope::{BusEvent, ReadError};
use events::trace::TraceParent;

/// Stands in the seeds where values are that must not reach a log.
const PRIVATE: &str = "private@example.com";

/// What is read can be written and read again; what cannot be read is named without its values.
pub(crate) fn envelope(bytes: &[u8]) {
    let Ok(message) = serde_json::from_slice::<BusEvent>(bytes) else { return };
    for event in catalog::all() {
        check(&event, message.clone());
    }
}

fn check(event: &EventType, message: BusEvent) {
    match event.rewrite(message.clone()) {
        Ok(detail) => {
            let again = event.rewrite(BusEvent { detail: detail.clone(), ..message }).unwrap();
            assert_eq!(again, detail);
        }
        Err(ReadError::OtherEvent { found, .. }) => assert!(found.chars().count() <= 128),
        Err(error @ ReadError::Malformed { .. }) => assert!(!error.to_string().contains(PRIVATE), "{error}"),
    }
}

/// A text that is taken is the one that is written.
pub(crate) fn traceparent(bytes: &[u8]) {
    let Ok(text) = str::from_utf8(bytes) else { return };
    let Ok(parent) = text.parse::<TraceParent>() else { return };
    assert_eq!(parent.to_string(), text);
    assert_eq!(text.split('-').nth(1), Some(parent.trace_id().as_str()));
    assert!(parent.child(0).is_none() && parent.child(1).is_some());
}
