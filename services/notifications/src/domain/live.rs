//! Live updates: messages that a user's open sessions receive over WebSockets.

use jiff::Timestamp;
use serde_json::Value;
use uuid::Uuid;

/// How many connections a user may have. A further one replaces the oldest.
pub(crate) const MAX_CONNECTIONS_PER_USER: usize = 20;

/// A signed-in user, according to a valid access token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Session {
    pub(crate) user: Uuid,
    /// When the user entered their password; refreshed tokens keep this time.
    pub(crate) authenticated_at: Option<Timestamp>,
    pub(crate) expires_at: Timestamp,
}

/// An open WebSocket connection of a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Connection {
    pub(crate) user: Uuid,
    /// The one of the user's slots that it has. There are no more slots than connections that a user may have.
    pub(crate) slot: String,
    /// API Gateway's connection id.
    pub(crate) id: String,
    pub(crate) connected_at: Timestamp,
    /// When its token expires or API Gateway ends it, whichever is first.
    pub(crate) ends_at: Timestamp,
}

/// The slot of a further connection, and the connection that has it now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SlotChoice {
    pub(crate) slot: String,
    pub(crate) replaced: Option<Connection>,
}

/// Chooses a slot for one more connection of a user: a free one, or that of the oldest connection.
///
/// `random` spreads connections that are made at the same time over the free slots. In further attempts (from 0) it also
/// spreads them over the oldest connections, so that each replaces another one.
pub(crate) fn choose_slot(mut connections: Vec<Connection>, attempt: u32, random: u64) -> SlotChoice {
    let is_free = |slot: &String| connections.iter().all(|connection| connection.slot != *slot);
    let mut free: Vec<String> =
        (0..MAX_CONNECTIONS_PER_USER).map(|number| format!("{number:02}")).filter(is_free).collect();
    if !free.is_empty() {
        return SlotChoice { slot: free.swap_remove(one_of(free.len(), random)), replaced: None };
    }
    connections.sort_by_key(|connection| connection.connected_at);
    let oldest = connections.swap_remove(one_of(connections.len().min(attempt as usize + 1), random));
    SlotChoice { slot: oldest.slot.clone(), replaced: Some(oldest) }
}

/// A number below `count`, which is small and not zero.
fn one_of(count: usize, random: u64) -> usize {
    usize::try_from(random % count.max(1) as u64).unwrap_or_default()
}

/// A message to all sessions of one user.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum LiveMessage {
    /// Something of the user's has changed.
    Change(Change),
    /// Entries of the inbox were added or read; this many are unread now.
    InboxChanged { unread: u64, has_new_entries: bool },
}

/// A change of something that belongs to the user, as its event reports it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Change {
    /// The event's name without version, such as `TodoCreated`.
    pub(crate) name: String,
    pub(crate) event_id: Uuid,
    pub(crate) subject: String,
    /// Counts the changes of the subject, so that a page can tell stale from new.
    pub(crate) sequence: u64,
    pub(crate) occurred_at: Timestamp,
    /// The `data` of the event.
    pub(crate) data: Value,
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// Connections in the slots with these numbers; a higher number is older.
    fn connections(slots: impl IntoIterator<Item = i64>) -> Vec<Connection> {
        let at = |second| Timestamp::from_second(second).unwrap();
        let connection = |number: i64| Connection {
            user: Uuid::nil(),
            slot: format!("{number:02}"),
            id: number.to_string(),
            connected_at: at(1000 - number),
            ends_at: at(2000),
        };
        slots.into_iter().map(connection).collect()
    }

    #[test]
    fn a_connection_gets_a_free_slot() {
        let choice = choose_slot(connections((0..20).filter(|number| *number != 7)), 0, 12_345);
        assert_eq!(choice, SlotChoice { slot: "07".to_owned(), replaced: None });
        let slots: BTreeSet<String> = (0..100).map(|random| choose_slot(Vec::new(), 0, random).slot).collect();
        assert_eq!(slots.len(), MAX_CONNECTIONS_PER_USER);
    }

    #[test]
    fn a_connection_above_the_limit_gets_the_slot_of_the_oldest() {
        for random in 0..50 {
            let choice = choose_slot(connections(0..20), 0, random);
            assert_eq!((choice.slot.as_str(), choice.replaced.unwrap().id.as_str()), ("19", "19"));
        }
        let replaced: BTreeSet<String> =
            (0..50).map(|random| choose_slot(connections(0..20), 2, random).slot).collect();
        assert_eq!(replaced, ["17", "18", "19"].map(str::to_owned).into());
    }
}
