//! What an attachment is and what can happen to it. Pure: times and ids are arguments.

use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use crate::domain::content_type::ContentType;
use crate::domain::file_name::FileName;
use crate::domain::quota::QuotaRefusal;
use crate::domain::values::ValueError;

/// How many files may be attached to an item. A rejected or missing one counts until it expires.
pub(crate) const MAX_FILES: usize = 20;

/// The largest file, in bytes: 50 MiB.
pub(crate) const MAX_BYTES: u64 = 50 * 1024 * 1024;

/// How long an upload may take, and how long a rejected attachment is shown.
const LIFETIME: SignedDuration = SignedDuration::from_hours(24);

/// A file's size as its owner states it: 1 byte to [`MAX_BYTES`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FileSize(u64);

impl FileSize {
    pub(crate) fn parse(bytes: i64) -> Result<Self, ValueError> {
        match u64::try_from(bytes) {
            Err(_) | Ok(0) => Err(ValueError("must be at least 1: an empty file cannot be attached".into())),
            Ok(bytes @ 1..=MAX_BYTES) => Ok(Self(bytes)),
            Ok(_) => Err(ValueError(format!("must be at most {MAX_BYTES} (50 MiB), this is {bytes}"))),
        }
    }
}

/// The dimensions of a picture in pixels, in its upright orientation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Picture {
    pub(crate) width: u64,
    pub(crate) height: u64,
}

/// Why a file was rejected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RejectionReason {
    TooLarge,
    /// It is not of the announced type.
    WrongType,
    /// It is incomplete, or violates the rules of its type.
    Broken,
    TooManyPixels,
    /// It contains something else beside the announced type.
    Unsafe,
}

/// A file that is attached to an item, or is announced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Attachment {
    pub(crate) id: Uuid,
    pub(crate) todo: Uuid,
    pub(crate) owner: Uuid,
    pub(crate) name: FileName,
    pub(crate) content_type: ContentType,
    /// The size that its owner announced, later its actual size.
    pub(crate) bytes: u64,
    pub(crate) state: AttachmentState,
    pub(crate) created_at: Timestamp,
    /// Starts at 1 and counts changes: the `sequence` of its events, and its entity tag.
    pub(crate) version: u64,
}

/// Where an attachment belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct AttachmentIds {
    pub(crate) owner: Uuid,
    pub(crate) todo: Uuid,
    pub(crate) attachment: Uuid,
}

impl From<&Attachment> for AttachmentIds {
    fn from(attachment: &Attachment) -> Self {
        Self { owner: attachment.owner, todo: attachment.todo, attachment: attachment.id }
    }
}

/// What an owner states about a file before the upload.
#[derive(Clone, Debug)]
pub(crate) struct Announcement {
    pub(crate) name: FileName,
    pub(crate) content_type: ContentType,
    pub(crate) size: FileSize,
}

/// The state of an attachment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum AttachmentState {
    /// No file has passed the check yet.
    Uploading {
        /// When it expires. None while a checked file is being stored, so that its row outlives the storing.
        until: Option<Timestamp>,
    },
    /// The file may be downloaded.
    Ready {
        /// The entity tag of the upload that is stored.
        tag: String,
        /// The dimensions of a picture, which also has a thumbnail.
        picture: Option<Picture>,
    },
    /// The file failed the check.
    Rejected {
        reason: RejectionReason,
        /// The attachment's row expires at this time.
        until: Timestamp,
    },
}

/// A file that passed the check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CheckedFile {
    pub(crate) tag: String,
    pub(crate) bytes: u64,
    pub(crate) picture: Option<Picture>,
}

/// An attachment after an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AttachmentChange {
    pub(crate) attachment: Attachment,
    pub(crate) event: AttachmentEvent,
    pub(crate) at: Timestamp,
}

/// What happened to an attachment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AttachmentEvent {
    Ready,
    Rejected(RejectionReason),
    Deleted,
}

/// The outcome of an announcement.
#[derive(Debug)]
pub(crate) enum AnnounceOutcome {
    Announced,
    /// The owner has no such item.
    NoSuchTodo,
    /// The item has the most attachments that it may have.
    Full,
    Refused(QuotaRefusal),
}

/// The outcome of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SaveOutcome {
    Saved,
    /// Another job changed the attachment first; nothing was written.
    Outdated,
}

impl Attachment {
    /// A new attachment of `owner`'s item, before the upload.
    pub(crate) fn announce(owner: Uuid, todo: Uuid, announcement: Announcement, id: Uuid, at: Timestamp) -> Self {
        Self {
            id,
            todo,
            owner,
            name: announcement.name,
            content_type: announcement.content_type,
            bytes: announcement.size.0,
            state: AttachmentState::Uploading { until: Some(expiry(at)) },
            created_at: at,
            version: 1,
        }
    }

    /// Whether it has not expired. DynamoDB deletes expired rows only within days.
    ///
    /// Source: <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/howitworks-ttl.html>
    pub(crate) fn is_live(&self, now: Timestamp) -> bool {
        match self.state {
            AttachmentState::Uploading { until: Some(until) } | AttachmentState::Rejected { until, .. } => now < until,
            AttachmentState::Uploading { until: None } | AttachmentState::Ready { .. } => true,
        }
    }

    /// Whether its file may still be uploaded.
    pub(crate) fn awaits_file(&self, now: Timestamp) -> bool {
        matches!(self.state, AttachmentState::Uploading { .. }) && self.is_live(now)
    }

    /// Whether its file is being stored, so that its row does not expire.
    pub(crate) fn is_storing(&self) -> bool {
        matches!(self.state, AttachmentState::Uploading { until: None })
    }

    /// Its file passed the check and is stored.
    pub(crate) fn accept(self, file: CheckedFile, at: Timestamp) -> AttachmentChange {
        let state = AttachmentState::Ready { tag: file.tag, picture: file.picture };
        Self { bytes: file.bytes, state, ..self }.after(AttachmentEvent::Ready, at)
    }

    /// Its file failed the check.
    pub(crate) fn reject(self, reason: RejectionReason, at: Timestamp) -> AttachmentChange {
        Self { state: AttachmentState::Rejected { reason, until: expiry(at) }, ..self }
            .after(AttachmentEvent::Rejected(reason), at)
    }

    pub(crate) fn delete(self, at: Timestamp) -> AttachmentChange {
        self.after(AttachmentEvent::Deleted, at)
    }

    fn after(self, event: AttachmentEvent, at: Timestamp) -> AttachmentChange {
        AttachmentChange { attachment: Self { version: self.version + 1, ..self }, event, at }
    }
}

fn expiry(at: Timestamp) -> Timestamp {
    // Whole seconds, as the table's TTL has them.
    let second = at.saturating_add(LIFETIME).map_or(i64::MAX, Timestamp::as_second);
    Timestamp::from_second(second).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn attachment() -> Attachment {
        let announcement = Announcement {
            name: FileName::parse("holiday.jpg").unwrap(),
            content_type: ContentType::Jpeg,
            size: FileSize::parse(7).unwrap(),
        };
        Attachment::announce(Uuid::from_u128(1), Uuid::from_u128(2), announcement, Uuid::from_u128(3), at(0))
    }

    #[test]
    fn a_file_has_1_byte_to_50_mib() {
        assert!(FileSize::parse(0).is_err());
        assert!(FileSize::parse(1).is_ok());
        assert!(FileSize::parse(52_428_800).is_ok());
        assert!(FileSize::parse(52_428_801).is_err());
    }

    #[test]
    fn an_attachment_without_a_file_expires_after_a_day() {
        let day = 24 * 60 * 60;
        assert!(attachment().awaits_file(at(day - 1)));
        assert!(!attachment().awaits_file(at(day)));
        let rejected = attachment().reject(RejectionReason::Broken, at(day)).attachment;
        assert!(rejected.is_live(at(2 * day - 1)) && !rejected.is_live(at(2 * day)));
    }

    #[test]
    fn an_accepted_file_does_not_expire_and_has_its_actual_size() {
        let file = CheckedFile { tag: "t".into(), bytes: 9, picture: None };
        let ready = attachment().accept(file, at(1)).attachment;
        assert_eq!((ready.bytes, ready.version), (9, 2));
        assert!(ready.is_live(Timestamp::MAX) && !ready.awaits_file(at(1)));
    }
}
