//! What an upload leads to: a look at what really came, then a file that is kept or a refusal.
//!
//! One order of steps holds everything together. Before anything is stored, the row loses its end ([`Attachments::hold`]);
//! then the file is stored under its tag; then row and event are written in one transaction; and last, whatever the row
//! does not speak of is swept away, the upload after all else. So an upload that is told of twice, or comes twice, or
//! after its attachment is gone, ends in the sweep; and a job that dies between two steps is repeated by Lambda or, from
//! the dead-letter queue, by a person, with its row still there.
//!
//! [`Attachments::hold`]: crate::attachments::store::Attachments::hold

use events::todos::attachments::RejectionReason;
use lambda_kit::cause::Cause;
use lambda_kit::clock;
use lambda_kit::invoked::Invocation;
use lambda_kit::subscriber::SubscribeFailure;
use lambda_kit::table::TableError;
use tracing::info;

use crate::attachments::Desk;
use crate::attachments::bucket_event::Notification;
use crate::attachments::domain::{Attachment, Change, Kept, State};
use crate::attachments::files::{FilesError, Place};
use crate::attachments::inspect::{self, Finding};
use crate::attachments::row::Found;
use crate::attachments::store::Saved;

/// Why an upload was not handled.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CheckError {
    #[error("the table failed")]
    Table(#[from] TableError),
    #[error("the bucket failed")]
    Files(#[from] FilesError),
    #[error("the key of the object is not that of an upload")]
    ForeignKey,
}

impl SubscribeFailure for CheckError {
    fn kind(&self) -> &'static str {
        match self {
            Self::Table(_) => "TableFailed",
            Self::Files(_) => "BucketFailed",
            Self::ForeignKey => "ForeignKey",
        }
    }
}

/// Looks at what was uploaded, and keeps or refuses it.
pub(crate) async fn check(desk: &Desk, invocation: Invocation<Notification>) -> Result<(), CheckError> {
    let causation_id = &invocation.cause.causation_id;
    for uploaded in invocation.input.uploads() {
        let place = Place::of_upload(&uploaded.key).ok_or(CheckError::ForeignKey)?;
        if let Some(found) = row(desk, place).await?.filter(|found| found.attachment.awaits_file(clock::now())) {
            judge(desk, place, &uploaded.tag, &found.cause(causation_id), found.attachment).await?;
        }
        tidy(desk, place).await?;
    }
    Ok(())
}

/// Looks at the upload and writes what comes of it, unless another one took its place.
async fn judge(desk: &Desk, place: Place, tag: &str, cause: &Cause, attachment: Attachment) -> Result<(), CheckError> {
    let change = match inspect::look(&desk.files, place, tag, attachment.content_type).await? {
        // Another attempt died when it had begun to store the file: its row has no end any more.
        Finding::Gone if attachment.is_held() && !desk.files.has_upload(place).await? => lost(attachment),
        Finding::Gone => return Ok(()),
        Finding::Refused(reason) => {
            info!(attachment.id = %attachment.id, attachment.reason = ?reason, "refused a file");
            attachment.reject(reason, clock::now())
        }
        Finding::Sound(sound) => {
            let picture = sound.picture.as_ref().map(|(picture, _)| *picture);
            let kept = Kept { tag: tag.to_owned(), bytes: sound.bytes, picture };
            let thumbnail = sound.picture.map(|(_, thumbnail)| thumbnail);
            match store(desk, place, &attachment, tag, thumbnail).await? {
                Stored::Whole => attachment.keep(kept, clock::now()),
                Stored::Lost => lost(attachment),
                Stored::Never => return Ok(()),
            }
        }
    };
    match desk.rows.save(&change, cause).await? {
        Saved::Now => {}
        Saved::Outdated => info!("the attachment was settled or deleted meanwhile"),
    }
    Ok(())
}

/// Refuses a file that the bucket has forgotten before it was stored. Without an end of its row, nothing else would ever
/// settle it. If another attempt has stored it, the row has changed, and nothing is written.
fn lost(attachment: Attachment) -> Change {
    info!(attachment.id = %attachment.id, "refused a file that nobody has any more");
    attachment.reject(RejectionReason::Broken, clock::now())
}

/// How far storing a file came.
enum Stored {
    Whole,
    /// The attachment is gone, or another upload took the place of this one.
    Never,
    /// The bucket forgot the upload, when the row had no end any more.
    Lost,
}

/// Stores the file and its thumbnail.
async fn store(
    desk: &Desk,
    place: Place,
    attachment: &Attachment,
    tag: &str,
    thumbnail: Option<Vec<u8>>,
) -> Result<Stored, CheckError> {
    if !desk.rows.hold(attachment, clock::now()).await? {
        return Ok(Stored::Never);
    }
    if !desk.files.keep(place, tag).await? {
        return Ok(if desk.files.has_upload(place).await? { Stored::Never } else { Stored::Lost });
    }
    if let Some(thumbnail) = thumbnail {
        desk.files.keep_thumbnail(place, tag, thumbnail).await?;
    }
    Ok(Stored::Whole)
}

/// Deletes every object that the attachment's row does not speak of.
async fn tidy(desk: &Desk, place: Place) -> Result<(), CheckError> {
    let state = row(desk, place).await?.map(|found| found.attachment.state);
    match state {
        Some(State::Ready { tag, .. }) => desk.files.sweep(place, Some(&tag)).await?,
        Some(State::Rejected { .. }) | None => desk.files.sweep(place, None).await?,
        // Another upload has taken the place of this one; its own event tells of it.
        Some(State::Uploading { .. }) => {}
    }
    Ok(())
}

async fn row(desk: &Desk, place: Place) -> Result<Option<Found>, TableError> {
    desk.rows.get(place.owner, place.todo, place.attachment, clock::now()).await
}
