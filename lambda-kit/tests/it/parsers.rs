//! What must hold of this crate's parsers for any bytes. Each function is also a fuzz target, see `tests/fuzz/`.

use std::collections::HashMap;

use aws_lambda_events::dynamodb::{Event, EventRecord};
use jiff::Timestamp;
use lambda_kit::caller::Caller;
use lambda_kit::correlation::CorrelationContext;
use lambda_kit::etag::{IfMatch, etag};
use lambda_kit::page::{Limit, read_cursor, write_cursor};
use lambda_kit::stream::outbox_row;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The list that the seeds' cursors are of.
const LIST: &str = "todos of ann";

/// Stands in the seeds where values are that must not reach a log.
const PRIVATE: &str = "private@example.com";

/// Where a page of the todos service ended; the others' positions have fewer fields.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Position {
    id: Uuid,
    due_at: Option<Timestamp>,
}

/// A cursor is short, of this list alone, and holds a position that can be written again.
pub(crate) fn cursor(bytes: &[u8]) {
    let Ok(text) = str::from_utf8(bytes) else { return };
    let Ok(position) = read_cursor::<Position>(LIST, text) else { return };
    assert!(text.len() <= 1024);
    assert!(read_cursor::<Position>("todos of bob", text).is_err());
    let again = write_cursor(LIST, &position).unwrap();
    assert_eq!(read_cursor::<Position>(LIST, &again).unwrap(), position);
}

/// Only versions that stand in the header as the API writes them are allowed, and `*` allows every one.
pub(crate) fn if_match(bytes: &[u8]) {
    let Ok(text) = str::from_utf8(bytes) else { return };
    let Ok(expected) = IfMatch::parse(Some(text)) else { return };
    match &expected {
        IfMatch::Any => assert_eq!(text.trim(), "*"),
        IfMatch::OneOf(versions) => {
            for &version in versions {
                assert!(text.contains(etag(version).to_str().unwrap()), "{version}");
                assert!(expected.allows(version));
            }
        }
    }
}

/// Only the claims of an access token make a caller, and a caller is only in groups that the claims name. A claim a line.
pub(crate) fn claims(bytes: &[u8]) {
    let Ok(text) = str::from_utf8(bytes) else { return };
    let claims: HashMap<String, String> =
        text.lines().filter_map(|line| line.split_once('=')).map(|(name, value)| (name.into(), value.into())).collect();
    let Ok(caller) = Caller::from_claims(&claims) else { return };
    assert_eq!(claims["token_use"], "access");
    assert_eq!(Uuid::parse_str(&claims["sub"]).unwrap(), caller.subject);
    if caller.is_in("admin") {
        let groups = &claims["cognito:groups"];
        assert!(groups.split(|c: char| !c.is_alphanumeric()).any(|word| word == "admin"), "{groups}");
    }
}

/// Whatever the headers hold, ids are safe in logs and events, and a trace that is valid goes on. A header a line.
pub(crate) fn request_headers(bytes: &[u8]) {
    let Ok(text) = str::from_utf8(bytes) else { return };
    let mut lines = text.lines();
    let (correlation_id, traceparent) = (lines.next(), lines.next());
    let correlation = CorrelationContext::from_request("request-1", correlation_id, traceparent);
    assert!((1..=128).contains(&correlation.correlation_id.len()));
    assert!(correlation.correlation_id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.:".contains(&byte)));
    let given = traceparent.and_then(|text| text.parse::<events::trace::TraceParent>().ok());
    assert!(given.is_none_or(|given| given.trace_id() == correlation.traceparent.trace_id()));
}

/// A page has 1 to 100 items.
pub(crate) fn limit(bytes: &[u8]) {
    let Ok(text) = str::from_utf8(bytes) else { return };
    let Ok(limit) = Limit::parse(Some(text)) else { return };
    assert!((1..=100).contains(&limit.items()));
}

/// Each record of a batch stands for itself: a row that is read can be stored and read again, and one that cannot be
/// read is named without its values.
pub(crate) fn stream_batch(bytes: &[u8]) {
    let Ok(batch) = serde_json::from_slice::<Event>(bytes) else { return };
    for record in &batch.records {
        match outbox_row(record) {
            Ok(row) => {
                let mut again = EventRecord::default();
                again.change.new_image = serde_dynamo::to_item(&row).unwrap();
                assert_eq!(outbox_row(&again).unwrap(), row);
            }
            Err(error) => {
                let told = lambda_kit::telemetry::chain(&error);
                assert!(!told.contains(PRIVATE), "{told}");
            }
        }
    }
}
