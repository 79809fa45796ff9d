//! What a to-do item is and what can happen to it. Pure: times and ids are arguments.

mod moment;

use events::todos::Priority;
use jiff::Timestamp;
use lambda_kit::text;
use uuid::Uuid;

/// A value breaks a rule; the message says which.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Broken(pub(crate) String);

/// One line of 1 to 200 characters that can be read, no white space around it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Title(String);

impl Title {
    const MAX: usize = 200;

    pub(crate) fn parse(text: &str) -> Result<Self, Broken> {
        text::one_line(text, Self::MAX).map(Self).map_err(Broken)
    }

    /// One that was found good when it was written, perhaps by rules that have grown since.
    pub(crate) fn stored(text: String) -> Self {
        Self(text)
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// Free text of 1 to 10,000 characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Notes(String);

impl Notes {
    const MAX: usize = 10_000;

    pub(crate) fn parse(text: &str) -> Result<Self, Broken> {
        bounded(text, Self::MAX)?;
        if text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t')) {
            return Err(Broken("must hold no control characters but line breaks and tabs".into()));
        }
        Ok(Self(text.to_owned()))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// At most 20 tags of 1 to 50 characters, no two alike, in the order in which they were given.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tags(Vec<String>);

impl Tags {
    const MAX: usize = 20;
    const MAX_TAG: usize = 50;

    pub(crate) fn parse(texts: &[String]) -> Result<Self, Broken> {
        if texts.len() > Self::MAX {
            return Err(Broken(format!("must be at most {} tags, here are {}", Self::MAX, texts.len())));
        }
        let mut tags = Vec::with_capacity(texts.len());
        for text in texts {
            let tag = text::one_line(text, Self::MAX_TAG).map_err(|rule| Broken(format!("each tag {rule}")))?;
            if tags.contains(&tag) {
                return Err(Broken("must hold no tag twice".into()));
            }
            tags.push(tag);
        }
        Ok(Self(tags))
    }

    /// Those that were found good when they were written, perhaps by rules that have grown since.
    pub(crate) fn stored(tags: Vec<String>) -> Self {
        Self(tags)
    }

    pub(crate) fn as_slice(&self) -> &[String] {
        &self.0
    }
}

/// When an item is due: a time from the year 1970 to the last whole second that [`Timestamp`] has, 9999-12-30T22:00:00Z,
/// kept to the millisecond.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct DueAt(Timestamp);

impl DueAt {
    const LAST: Timestamp = Timestamp::constant(253_402_207_200, 0);

    pub(crate) fn parse(text: &str) -> Result<Self, Broken> {
        moment::parse(text).ok_or_else(Self::broken).and_then(Self::new)
    }

    pub(crate) fn new(at: Timestamp) -> Result<Self, Broken> {
        let millisecond = Timestamp::from_millisecond(at.as_millisecond());
        millisecond
            .ok()
            .filter(|at| (Timestamp::UNIX_EPOCH..=Self::LAST).contains(at))
            .map(Self)
            .ok_or_else(Self::broken)
    }

    fn broken() -> Broken {
        Broken(
            "must be an RFC 3339 time from 1970-01-01T00:00:00Z to 9999-12-30T22:00:00Z, such as 2026-12-24T18:00:00Z"
                .into(),
        )
    }

    pub(crate) fn get(self) -> Timestamp {
        self.0
    }
}

fn bounded(text: &str, max: usize) -> Result<(), Broken> {
    match text.chars().count() {
        0 => Err(Broken(format!("must have 1 to {max} characters, this has none"))),
        count if count > max => Err(Broken(format!("must have 1 to {max} characters, this has {count}"))),
        _ => Ok(()),
    }
}

/// Where an item stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Status {
    Open,
    Completed { at: Timestamp },
}

/// A to-do item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Todo {
    pub(crate) id: Uuid,
    pub(crate) owner: Uuid,
    pub(crate) details: Details,
    pub(crate) status: Status,
    pub(crate) created_at: Timestamp,
    pub(crate) updated_at: Timestamp,
    /// Counts its changes from 1: the `sequence` of its events, and its entity tag.
    pub(crate) version: u64,
}

/// What its owner writes of an item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Details {
    pub(crate) title: Title,
    pub(crate) notes: Option<Notes>,
    pub(crate) due_at: Option<DueAt>,
    pub(crate) priority: Priority,
    pub(crate) tags: Tags,
}

/// An item after something happened to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Change {
    pub(crate) todo: Todo,
    pub(crate) what: Happening,
}

/// What happened to an item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Happening {
    Created,
    /// These fields, by their names on the wire, have new values.
    Changed(Vec<&'static str>),
    Completed {
        at: Timestamp,
    },
    Reopened,
    Deleted,
}

impl Todo {
    /// A new, open item of `owner`.
    pub(crate) fn create(owner: Uuid, details: Details, id: Uuid, at: Timestamp) -> Change {
        let todo = Self { id, owner, details, status: Status::Open, created_at: at, updated_at: at, version: 1 };
        Change { todo, what: Happening::Created }
    }

    /// The item with new details. The same details again change nothing and are no event.
    pub(crate) fn edit(self, details: Details, at: Timestamp) -> Option<Change> {
        let old = &self.details;
        let changed: Vec<&'static str> = [
            ("title", old.title != details.title),
            ("notes", old.notes != details.notes),
            ("dueAt", old.due_at != details.due_at),
            ("priority", old.priority != details.priority),
            ("tags", old.tags != details.tags),
        ]
        .into_iter()
        .filter_map(|(name, differs)| differs.then_some(name))
        .collect();
        (!changed.is_empty()).then(|| Self { details, ..self }.after(Happening::Changed(changed), at))
    }

    /// Completes the item. Completing it again changes nothing and is no event.
    pub(crate) fn complete(self, at: Timestamp) -> Option<Change> {
        match self.status {
            Status::Completed { .. } => None,
            Status::Open => {
                Some(Self { status: Status::Completed { at }, ..self }.after(Happening::Completed { at }, at))
            }
        }
    }

    /// Takes a completed item up again. An open one stays as it is, and that is no event.
    pub(crate) fn reopen(self, at: Timestamp) -> Option<Change> {
        match self.status {
            Status::Open => None,
            Status::Completed { .. } => Some(Self { status: Status::Open, ..self }.after(Happening::Reopened, at)),
        }
    }

    /// Deletes the item.
    pub(crate) fn delete(self, at: Timestamp) -> Change {
        self.after(Happening::Deleted, at)
    }

    fn after(self, what: Happening, at: Timestamp) -> Change {
        Change { todo: Self { version: self.version + 1, updated_at: at, ..self }, what }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn details(title: &str) -> Details {
        Details {
            title: Title::parse(title).unwrap(),
            notes: None,
            due_at: None,
            priority: Priority::Normal,
            tags: Tags::default(),
        }
    }

    fn todo() -> Todo {
        Todo::create(Uuid::from_u128(1), details("Buy milk"), Uuid::from_u128(2), at(1)).todo
    }

    #[test]
    fn a_title_is_trimmed_and_bounded_in_characters() {
        assert_eq!(Title::parse("  Buy milk ").unwrap().as_str(), "Buy milk");
        assert!(Title::parse(&"ü".repeat(200)).is_ok());
        assert!(Title::parse(&"ü".repeat(201)).is_err());
        assert!(Title::parse(" \t ").is_err());
        assert!(Title::parse("two\nlines").is_err());
        assert!(Title::parse("a\0b").is_err());
    }

    #[test]
    fn notes_keep_their_line_breaks() {
        assert_eq!(Notes::parse("one\n\ttwo\r\n").unwrap().as_str(), "one\n\ttwo\r\n");
        assert!(Notes::parse("bell\u{7}").is_err());
        assert!(Notes::parse(&"x".repeat(10_001)).is_err());
    }

    #[test]
    fn tags_are_few_short_and_different() {
        let tags = |texts: &[&str]| Tags::parse(&texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>());
        assert_eq!(tags(&["home ", "shop"]).unwrap().as_slice(), ["home", "shop"]);
        assert!(tags(&["home", " home"]).is_err());
        assert!(tags(&[""]).is_err());
        assert!(tags(&["x"; 21]).is_err());
    }

    #[test]
    fn a_due_time_is_kept_to_the_millisecond() {
        assert_eq!(DueAt::parse("2026-12-24T18:00:00.123456Z").unwrap().get().to_string(), "2026-12-24T18:00:00.123Z");
        assert!(DueAt::parse("1969-12-31T23:59:59Z").is_err());
        assert_eq!(DueAt::parse("9999-12-30T22:00:00Z").unwrap().get().to_string(), "9999-12-30T22:00:00Z");
        assert!(DueAt::parse("9999-12-30T22:00:01Z").is_err());
        assert!(DueAt::parse("tomorrow").is_err());
        assert!(DueAt::parse("2026-12-24").is_err());
    }

    #[test]
    fn a_second_completion_is_no_change() {
        let done = todo().complete(at(2)).unwrap();
        assert_eq!(done.what, Happening::Completed { at: at(2) });
        assert_eq!((done.todo.version, done.todo.updated_at), (2, at(2)));
        assert_eq!(done.todo.complete(at(3)), None);
    }

    #[test]
    fn reopening_an_open_item_is_no_change() {
        assert_eq!(todo().reopen(at(2)), None);
        let again = todo().complete(at(2)).unwrap().todo.reopen(at(3)).unwrap();
        assert_eq!((again.todo.status, again.todo.version), (Status::Open, 3));
    }

    #[test]
    fn an_edit_names_the_fields_that_changed() {
        assert_eq!(todo().edit(details("Buy milk"), at(2)), None);
        let edited = todo().edit(Details { priority: Priority::High, ..details("Buy oat milk") }, at(2)).unwrap();
        assert_eq!(edited.what, Happening::Changed(vec!["title", "priority"]));
    }
}
