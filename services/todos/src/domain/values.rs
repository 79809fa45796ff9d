//! The values of a to-do item, which cannot break their rules.

use jiff::Timestamp;
use lambda_kit::text;

use crate::domain::date_time;

/// A value that breaks a rule. The message names the rule.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct ValueError(pub(crate) String);

/// One line of 1 to 200 visible characters, trimmed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Title(String);

impl Title {
    const MAX: usize = 200;

    pub(crate) fn parse(text: &str) -> Result<Self, ValueError> {
        text::one_line(text, Self::MAX).map(Self).map_err(ValueError)
    }

    /// A title from the table. It was checked when it was written, perhaps by older rules.
    pub(crate) fn from_stored(text: String) -> Self {
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

    pub(crate) fn parse(text: &str) -> Result<Self, ValueError> {
        check_length(text, Self::MAX)?;
        if text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t')) {
            return Err(ValueError("must not contain control characters except line breaks and tabs".into()));
        }
        Ok(Self(text.to_owned()))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// At most 20 different tags of 1 to 50 characters, in the owner's order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tags(Vec<String>);

impl Tags {
    const MAX: usize = 20;
    const MAX_TAG: usize = 50;

    pub(crate) fn parse(texts: &[String]) -> Result<Self, ValueError> {
        if texts.len() > Self::MAX {
            return Err(ValueError(format!("must be at most {} tags, not {}", Self::MAX, texts.len())));
        }
        let mut tags = Vec::with_capacity(texts.len());
        for text in texts {
            let tag = text::one_line(text, Self::MAX_TAG).map_err(|rule| ValueError(format!("each tag {rule}")))?;
            if tags.contains(&tag) {
                return Err(ValueError("must not contain a tag twice".into()));
            }
            tags.push(tag);
        }
        Ok(Self(tags))
    }

    /// Tags from the table. They were checked when they were written, perhaps by older rules.
    pub(crate) fn from_stored(tags: Vec<String>) -> Self {
        Self(tags)
    }

    pub(crate) fn as_slice(&self) -> &[String] {
        &self.0
    }
}

/// When an item is due, to the millisecond: from 1970 to 9999-12-30T22:00:00Z, the last whole second of [`Timestamp`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct DueAt(Timestamp);

impl DueAt {
    const LAST: Timestamp = Timestamp::constant(253_402_207_200, 0);

    pub(crate) fn parse(text: &str) -> Result<Self, ValueError> {
        date_time::parse_rfc3339(text).ok_or_else(Self::out_of_range).and_then(Self::new)
    }

    pub(crate) fn new(at: Timestamp) -> Result<Self, ValueError> {
        let millisecond = Timestamp::from_millisecond(at.as_millisecond());
        millisecond
            .ok()
            .filter(|at| (Timestamp::UNIX_EPOCH..=Self::LAST).contains(at))
            .map(Self)
            .ok_or_else(Self::out_of_range)
    }

    fn out_of_range() -> ValueError {
        ValueError(
            "must be an RFC 3339 time from 1970-01-01T00:00:00Z to 9999-12-30T22:00:00Z, such as 2026-12-24T18:00:00Z"
                .into(),
        )
    }

    pub(crate) fn get(self) -> Timestamp {
        self.0
    }
}

/// The moment or the day on which an item is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Due {
    /// Of a whole day, a moment of it in the time zone of its owner, who chose it: the item is sorted by it, and its
    /// reminder comes then.
    pub(crate) at: DueAt,
    /// Whether the day as a whole is meant.
    pub(crate) is_all_day: bool,
}

impl Due {
    /// A value of its two parts, of which the second needs the first.
    pub(crate) fn new(at: Option<DueAt>, is_all_day: Option<bool>) -> Result<Option<Self>, ValueError> {
        let is_all_day = is_all_day.unwrap_or_default();
        if is_all_day && at.is_none() {
            return Err(ValueError("cannot be true without dueAt, which tells the day".into()));
        }
        Ok(at.map(|at| Self { at, is_all_day }))
    }
}

fn check_length(text: &str, max: usize) -> Result<(), ValueError> {
    match text.chars().count() {
        0 => Err(ValueError(format!("must have 1 to {max} characters, this has none"))),
        count if count > max => Err(ValueError(format!("must have 1 to {max} characters, this has {count}"))),
        _ => Ok(()),
    }
}

/// How urgent an item is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Priority {
    Low,
    Normal,
    High,
}

#[cfg(test)]
mod tests {
    use super::*;

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
    fn a_whole_day_needs_a_moment_of_it() {
        let at = DueAt::parse("2026-12-24T09:00:00Z").unwrap();
        assert_eq!(Due::new(Some(at), Some(true)), Ok(Some(Due { at, is_all_day: true })));
        assert_eq!(Due::new(Some(at), None), Ok(Some(Due { at, is_all_day: false })));
        assert_eq!(Due::new(None, Some(false)), Ok(None));
        assert!(Due::new(None, Some(true)).is_err());
    }
}
