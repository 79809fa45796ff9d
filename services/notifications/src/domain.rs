//! What an inbox entry is, and what is known of the people whom we write to. Pure: times and ids are arguments.

pub(crate) mod digest;
pub(crate) mod language;
pub(crate) mod mail;
pub(crate) mod moments;
pub(crate) mod news;
pub(crate) mod preferences;
pub(crate) mod recipient;
pub(crate) mod unsubscribe;

use jiff::Timestamp;
use uuid::Uuid;

use crate::domain::news::News;

/// One entry of a user's inbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    /// The id of the event that it tells of: one event, one entry.
    pub(crate) id: Uuid,
    /// Whose inbox it is in.
    pub(crate) owner: Uuid,
    pub(crate) news: News,
    /// When it happened.
    pub(crate) occurred_at: Timestamp,
    /// When its owner read it, if they did.
    pub(crate) read_at: Option<Timestamp>,
}

impl Entry {
    /// A new, unread entry of `owner`.
    pub(crate) fn new(owner: Uuid, news: News, id: Uuid, occurred_at: Timestamp) -> Self {
        Self { id, owner, news, occurred_at, read_at: None }
    }

    /// Marks the entry as read. A second time changes nothing.
    pub(crate) fn read(self, at: Timestamp) -> Option<Self> {
        match self.read_at {
            Some(_) => None,
            None => Some(Self { read_at: Some(at), ..self }),
        }
    }
}

/// A user's profile as of one change of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Profile {
    pub(crate) user: Uuid,
    /// The number of the change among the profile's: a newer one has a higher one.
    pub(crate) sequence: u64,
    pub(crate) display_name: String,
    /// A BCP 47 language tag.
    pub(crate) locale: String,
    /// An IANA time zone name.
    pub(crate) time_zone: String,
}

/// An open WebSocket of a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Connection {
    pub(crate) user: Uuid,
    /// API Gateway's name of it.
    pub(crate) id: String,
    pub(crate) connected_at: Timestamp,
    /// When its token expires, or API Gateway ends it.
    pub(crate) ends_at: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::news::Kind;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn entry() -> Entry {
        let news = News::of_todo(Kind::TodoCompleted, Uuid::from_u128(3), "Buy milk");
        Entry::new(Uuid::from_u128(1), news, Uuid::from_u128(2), at(1))
    }

    #[test]
    fn an_entry_starts_unread_and_is_read_once() {
        let read = entry().read(at(2)).unwrap();
        assert_eq!((entry().read_at, read.read_at), (None, Some(at(2))));
        assert_eq!(read.read(at(3)), None);
    }
}
