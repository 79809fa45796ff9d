//! The record of a deletion: one row, kept for 400 days as the proof that the deletion was carried out.
//!
//! `pk` is `DELETION#<deletion id>`, `sk` is `DELETION`. While the deletion is open, its row is in the index
//! `byRegistration` under the partition key `DELETIONS`, and it names the user, because further participants may have to
//! erase them. A complete record names no user.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::domain::deletion::OpenDeletion;
use crate::domain::participants::Services;

/// The partition key of the open deletions in the index.
pub(crate) const OPEN_DELETIONS: &str = "DELETIONS";

/// How long the record of a complete deletion is kept.
pub(crate) const RECORD_RETENTION: SignedDuration = SignedDuration::from_hours(400 * 24);

/// The row of an open deletion.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct OpenDeletionRow {
    pk: String,
    sk: String,
    directory: String,
    by_registration: String,
    deletion_id: String,
    requested_at: Timestamp,
    user_id: Uuid,
    participants: Services,
    /// When each service has erased the user.
    erased_by: BTreeMap<String, Timestamp>,
    /// When services were dropped that were not registered any more.
    removed_participants: BTreeMap<String, Timestamp>,
    sequence: u64,
    event_ids: Vec<String>,
}

impl OpenDeletionRow {
    /// The row of a deletion that begins.
    pub(crate) fn new(deletion: OpenDeletion) -> Self {
        Self {
            pk: partition(&deletion.id),
            sk: "DELETION".to_owned(),
            directory: OPEN_DELETIONS.to_owned(),
            by_registration: sortable(deletion.requested_at),
            deletion_id: deletion.id,
            requested_at: deletion.requested_at,
            user_id: deletion.user,
            participants: deletion.participants,
            erased_by: BTreeMap::new(),
            removed_participants: BTreeMap::new(),
            sequence: deletion.sequence,
            event_ids: deletion.event_ids,
        }
    }
}

impl From<OpenDeletionRow> for OpenDeletion {
    fn from(row: OpenDeletionRow) -> Self {
        Self {
            id: row.deletion_id,
            user: row.user_id,
            requested_at: row.requested_at,
            participants: row.participants,
            erased_by: row.erased_by.into_keys().collect(),
            sequence: row.sequence,
            event_ids: row.event_ids,
        }
    }
}

/// The key of a deletion's record.
pub(crate) fn key(deletion_id: &str) -> HashMap<String, AttributeValue> {
    HashMap::from([
        ("pk".to_owned(), AttributeValue::S(partition(deletion_id))),
        ("sk".to_owned(), AttributeValue::S("DELETION".to_owned())),
    ])
}

/// A time as an index key: three decimals always, so that texts sort like times.
pub(crate) fn sortable(at: Timestamp) -> String {
    format!("{at:.3}")
}

fn partition(deletion_id: &str) -> String {
    format!("DELETION#{deletion_id}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deletion_read_from_its_row_is_the_same() {
        let deletion = OpenDeletion {
            id: "d".into(),
            user: Uuid::from_u128(1),
            requested_at: Timestamp::UNIX_EPOCH,
            participants: ["orders".to_owned(), "users".to_owned()].into(),
            erased_by: Services::new(),
            sequence: 3,
            event_ids: vec!["e".into()],
        };
        let row = OpenDeletionRow::new(deletion.clone());
        let item: HashMap<String, AttributeValue> = serde_dynamo::to_item(row).unwrap();
        assert_eq!(item["erasedBy"], AttributeValue::M(HashMap::new()), "answers are added to this map");
        let row: OpenDeletionRow = serde_dynamo::from_item(item).unwrap();
        assert_eq!(OpenDeletion::from(row), deletion);
    }
}
