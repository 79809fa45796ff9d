//! What an attachment is and what can happen to it. Pure: times and ids are arguments.

use events::todos::attachments::{ContentType, Picture, RejectionReason};
use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use crate::attachments::name::Name;
use crate::domain::Broken;

/// How many files may be attached to an item. One that was refused, or never came, counts until it is forgotten.
pub(crate) const MAX_FILES: usize = 20;

/// The largest file, in bytes: 50 MiB.
pub(crate) const MAX_BYTES: u64 = 50 * 1024 * 1024;

/// How long an upload may take to arrive, and how long a refusal is remembered.
const MEMORY: SignedDuration = SignedDuration::from_hours(24);

/// A file's size as its owner states it: 1 byte to [`MAX_BYTES`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Size(u64);

impl Size {
    pub(crate) fn parse(bytes: i64) -> Result<Self, Broken> {
        match u64::try_from(bytes) {
            Err(_) | Ok(0) => Err(Broken("must be at least 1: an empty file cannot be attached".into())),
            Ok(bytes @ 1..=MAX_BYTES) => Ok(Self(bytes)),
            Ok(_) => Err(Broken(format!("must be at most {MAX_BYTES} (50 MiB), this is {bytes}"))),
        }
    }
}

/// A file that is attached to an item, or is to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Attachment {
    pub(crate) id: Uuid,
    pub(crate) todo: Uuid,
    pub(crate) owner: Uuid,
    pub(crate) name: Name,
    pub(crate) content_type: ContentType,
    /// Its size: as its owner states it, then as it is.
    pub(crate) bytes: u64,
    pub(crate) state: State,
    pub(crate) created_at: Timestamp,
    /// Counts its changes from 1: the `sequence` of its events, and its entity tag.
    pub(crate) version: u64,
}

/// What its owner says of a file before it comes.
#[derive(Clone, Debug)]
pub(crate) struct Announcement {
    pub(crate) name: Name,
    pub(crate) content_type: ContentType,
    pub(crate) size: Size,
}

/// How far an attachment has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// Nothing that may be kept has come.
    Uploading {
        /// Until when it may; always, while a file is being kept.
        until: Option<Timestamp>,
    },
    /// The file may be downloaded.
    Ready {
        /// What names the stored file among all that were uploaded: its entity tag.
        tag: String,
        /// Its dimensions, if it is a picture; it then has a thumbnail.
        picture: Option<Picture>,
    },
    /// The file was refused.
    Rejected {
        reason: RejectionReason,
        /// When the refusal is forgotten.
        until: Timestamp,
    },
}

/// A file that passed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Kept {
    pub(crate) tag: String,
    pub(crate) bytes: u64,
    pub(crate) picture: Option<Picture>,
}

/// An attachment after something happened to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Change {
    pub(crate) attachment: Attachment,
    pub(crate) what: Happening,
    pub(crate) at: Timestamp,
}

/// What happened to an attachment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Happening {
    Ready,
    Rejected(RejectionReason),
    Deleted,
}

impl Attachment {
    /// A new attachment of `owner`'s item, whose file is to come.
    pub(crate) fn announce(owner: Uuid, todo: Uuid, said: Announcement, id: Uuid, at: Timestamp) -> Self {
        Self {
            id,
            todo,
            owner,
            name: said.name,
            content_type: said.content_type,
            bytes: said.size.0,
            state: State::Uploading { until: Some(later(at)) },
            created_at: at,
            version: 1,
        }
    }

    /// Whether it is still there: what is forgotten may stay in the table for days.
    ///
    /// Source: <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/howitworks-ttl.html>
    pub(crate) fn is_known(&self, now: Timestamp) -> bool {
        match self.state {
            State::Uploading { until: Some(until) } | State::Rejected { until, .. } => now < until,
            State::Uploading { until: None } | State::Ready { .. } => true,
        }
    }

    /// Whether its file may still come.
    pub(crate) fn awaits_file(&self, now: Timestamp) -> bool {
        matches!(self.state, State::Uploading { .. }) && self.is_known(now)
    }

    /// Whether its file is being stored, and its row has no end meanwhile.
    pub(crate) fn is_held(&self) -> bool {
        matches!(self.state, State::Uploading { until: None })
    }

    /// Its file passed and is stored.
    pub(crate) fn keep(self, kept: Kept, at: Timestamp) -> Change {
        let state = State::Ready { tag: kept.tag, picture: kept.picture };
        Self { bytes: kept.bytes, state, ..self }.after(Happening::Ready, at)
    }

    /// Its file was refused.
    pub(crate) fn reject(self, reason: RejectionReason, at: Timestamp) -> Change {
        Self { state: State::Rejected { reason, until: later(at) }, ..self }.after(Happening::Rejected(reason), at)
    }

    /// Deletes it.
    pub(crate) fn delete(self, at: Timestamp) -> Change {
        self.after(Happening::Deleted, at)
    }

    fn after(self, what: Happening, at: Timestamp) -> Change {
        Change { attachment: Self { version: self.version + 1, ..self }, what, at }
    }
}

/// The media type's name on the wire.
pub(crate) fn media_type(content_type: ContentType) -> &'static str {
    match content_type {
        ContentType::Png => "image/png",
        ContentType::Jpeg => "image/jpeg",
        ContentType::Gif => "image/gif",
        ContentType::Webp => "image/webp",
        ContentType::Pdf => "application/pdf",
        ContentType::Text => "text/plain",
    }
}

fn later(at: Timestamp) -> Timestamp {
    // Whole seconds, as the table's TTL has them.
    let later = at.saturating_add(MEMORY).map_or(i64::MAX, Timestamp::as_second);
    Timestamp::from_second(later).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn attachment() -> Attachment {
        let said = Announcement {
            name: Name::clean("holiday.jpg").unwrap(),
            content_type: ContentType::Jpeg,
            size: Size::parse(7).unwrap(),
        };
        Attachment::announce(Uuid::from_u128(1), Uuid::from_u128(2), said, Uuid::from_u128(3), at(0))
    }

    #[test]
    fn a_file_has_1_byte_to_50_mebibytes() {
        assert!(Size::parse(0).is_err());
        assert!(Size::parse(1).is_ok());
        assert!(Size::parse(52_428_800).is_ok());
        assert!(Size::parse(52_428_801).is_err());
    }

    #[test]
    fn what_never_comes_is_forgotten_after_a_day() {
        let day = 24 * 60 * 60;
        assert!(attachment().awaits_file(at(day - 1)));
        assert!(!attachment().awaits_file(at(day)));
        let rejected = attachment().reject(RejectionReason::Broken, at(day)).attachment;
        assert!(rejected.is_known(at(2 * day - 1)) && !rejected.is_known(at(2 * day)));
    }

    #[test]
    fn what_is_kept_stays_and_has_the_size_that_came() {
        let kept = Kept { tag: "t".into(), bytes: 9, picture: None };
        let ready = attachment().keep(kept, at(1)).attachment;
        assert_eq!((ready.bytes, ready.version), (9, 2));
        assert!(ready.is_known(Timestamp::MAX) && !ready.awaits_file(at(1)));
    }
}
