//! The record of a deletion: one row that names no user, kept for a year as the proof that it was done.
//!
//! `pk` is `DELETION#<deletion id>`, `sk` is `DELETION`. While it is open it is in the index `byRegistration`, in a
//! partition of its own, so that open deletions are found without looking at others.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::{SignedDuration, Timestamp};

use crate::deletion::Part;

/// The partition of the index that holds the open deletions.
pub(crate) const OPEN: &str = "DELETIONS";

/// How long the record of a complete deletion is kept.
pub(crate) const PROOF_LIFE: SignedDuration = SignedDuration::from_hours(400 * 24);

/// What a record says after a mark.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Marked {
    /// Whether every service is done.
    pub(crate) is_complete: bool,
}

/// The key of a deletion's record.
pub(crate) fn key(deletion_id: &str) -> HashMap<String, AttributeValue> {
    HashMap::from([
        ("pk".to_owned(), AttributeValue::S(format!("DELETION#{deletion_id}"))),
        ("sk".to_owned(), AttributeValue::S("DELETION".to_owned())),
    ])
}

/// The record of a deletion that begins. `event_id` names its event, whose outbox row goes when it is complete.
pub(crate) fn begun(deletion_id: &str, event_id: &str, now: Timestamp) -> HashMap<String, AttributeValue> {
    let mut row = key(deletion_id);
    let attributes = [
        ("directory", OPEN.to_owned()),
        ("byRegistration", since(now)),
        ("requestedAt", now.to_string()),
        ("eventId", event_id.to_owned()),
    ];
    row.extend(attributes.map(|(name, text)| (name.to_owned(), AttributeValue::S(text))));
    row
}

/// The sort key of an open deletion: its time, always with three decimals, so that texts sort as times do.
pub(crate) fn since(at: Timestamp) -> String {
    format!("{at:.3}")
}

/// Whether every service has marked the record.
pub(crate) fn is_done(row: &HashMap<String, AttributeValue>) -> bool {
    Part::ALL.iter().all(|part| row.contains_key(part.attribute()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_done_when_every_service_has_marked_it() {
        let mut row = begun("d", "e", Timestamp::UNIX_EPOCH);
        for part in Part::ALL {
            assert!(!is_done(&row));
            row.insert(part.attribute().to_owned(), AttributeValue::S("1970-01-01T00:00:00Z".to_owned()));
        }
        assert!(is_done(&row));
    }
}
