//! What an inbox entry is, and what is known of the people whom we write to. Pure: times and ids are arguments.

pub(crate) mod mail;

use jiff::Timestamp;
use uuid::Uuid;

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

/// What an entry tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct News {
    pub(crate) kind: Kind,
    /// One line for people.
    pub(crate) title: String,
    /// The to-do item that it is about, if it is about one.
    pub(crate) todo: Option<Uuid>,
}

/// The kinds of news.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Welcome,
    TodoCreated,
    TodoChanged,
    TodoCompleted,
    TodoReopened,
    TodoDeleted,
    AttachmentReady,
    AttachmentRejected,
}

/// What happened to a to-do item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TodoNews {
    Created,
    Changed,
    Completed,
    Reopened,
    Deleted,
}

impl News {
    /// The news that greets a new user.
    pub(crate) fn welcome(display_name: &str) -> Self {
        Self { kind: Kind::Welcome, title: format!("Welcome to Busline, {display_name}"), todo: None }
    }

    /// The news of the item `todo`, which has the title `title`.
    pub(crate) fn of_todo(happened: TodoNews, todo: Uuid, title: &str) -> Self {
        let (kind, verb) = match happened {
            TodoNews::Created => (Kind::TodoCreated, "added"),
            TodoNews::Changed => (Kind::TodoChanged, "changed"),
            TodoNews::Completed => (Kind::TodoCompleted, "completed"),
            TodoNews::Reopened => (Kind::TodoReopened, "reopened"),
            TodoNews::Deleted => (Kind::TodoDeleted, "deleted"),
        };
        Self { kind, title: format!("You {verb} “{title}”"), todo: Some(todo) }
    }

    /// The news of the file `name`, which is attached to the item `todo`.
    pub(crate) fn of_attached_file(todo: Uuid, name: &str) -> Self {
        let title = format!("“{name}” is attached to your to-do");
        Self { kind: Kind::AttachmentReady, title, todo: Some(todo) }
    }

    /// The news of the file `name`, which was refused for `reason`, as its event says it.
    pub(crate) fn of_refused_file(todo: Uuid, name: &str, reason: &str) -> Self {
        let why = match reason {
            "too-large" => "it is too large",
            "wrong-type" => "it is not the kind of file that it claims to be",
            "broken" => "it is damaged",
            "too-many-pixels" => "the picture has too many pixels",
            "unsafe" => "it holds something that may be unsafe",
            // Reasons may be added; the page shows them beside the file.
            _ => "it cannot be kept",
        };
        let title = format!("“{name}” was not attached: {why}");
        Self { kind: Kind::AttachmentRejected, title, todo: Some(todo) }
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn entry() -> Entry {
        let news = News::of_todo(TodoNews::Completed, Uuid::from_u128(3), "Buy milk");
        Entry::new(Uuid::from_u128(1), news, Uuid::from_u128(2), at(1))
    }

    #[test]
    fn an_entry_starts_unread_and_is_read_once() {
        let read = entry().read(at(2)).unwrap();
        assert_eq!((entry().read_at, read.read_at), (None, Some(at(2))));
        assert_eq!(read.read(at(3)), None);
    }

    #[test]
    fn news_of_an_item_names_it() {
        let news = entry().news;
        assert_eq!(
            (news.kind, news.title.as_str(), news.todo),
            (Kind::TodoCompleted, "You completed “Buy milk”", Some(Uuid::from_u128(3)))
        );
    }

    #[test]
    fn news_of_a_file_names_it_and_its_item() {
        let todo = Uuid::from_u128(3);
        let ready = News::of_attached_file(todo, "holiday.jpg");
        assert_eq!((ready.title.as_str(), ready.todo), ("“holiday.jpg” is attached to your to-do", Some(todo)));
        let refused = News::of_refused_file(todo, "holiday.jpg", "broken");
        assert_eq!(refused.title, "“holiday.jpg” was not attached: it is damaged");
        let later = News::of_refused_file(todo, "holiday.jpg", "a-reason-of-next-year");
        assert_eq!(later.title, "“holiday.jpg” was not attached: it cannot be kept");
    }

    #[test]
    fn a_welcome_is_about_no_item() {
        let news = News::welcome("Ann");
        assert_eq!((news.kind, news.title.as_str(), news.todo), (Kind::Welcome, "Welcome to Busline, Ann", None));
    }
}
