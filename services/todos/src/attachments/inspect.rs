//! A look at what was really uploaded: is it what it was said to be, whole, and nothing else beside?
//!
//! A document's ends are read, a text flows by, and only a picture is held in memory, because it must be decoded: at most
//! 50 MiB of it, and what the limits of [`picture`] allow of its pixels.

mod document;
mod ends;
mod picture;
mod text;

use aws_sdk_s3::operation::get_object::GetObjectOutput;
use events::todos::attachments::{ContentType, Picture, RejectionReason};

use crate::attachments::domain::MAX_BYTES;
use crate::attachments::files::{Files, FilesError, Place};
use crate::attachments::inspect::text::TextCheck;

/// What a look at an upload has shown.
#[derive(Debug)]
pub(crate) enum Finding {
    /// It is gone, or another upload took its place.
    Gone,
    Refused(RejectionReason),
    Sound(Sound),
}

/// A file that may be kept.
#[derive(Debug)]
pub(crate) struct Sound {
    pub(crate) bytes: u64,
    /// The dimensions of a picture, and its thumbnail.
    pub(crate) picture: Option<(Picture, Vec<u8>)>,
}

/// Looks at the upload with this tag, which its owner says is of this type.
pub(crate) async fn look(files: &Files, place: Place, tag: &str, declared: ContentType) -> Result<Finding, FilesError> {
    let Some(object) = files.uploaded(place, tag, None).await? else {
        return Ok(Finding::Gone);
    };
    let bytes = object.content_length.and_then(|length| u64::try_from(length).ok()).unwrap_or(0);
    if bytes > MAX_BYTES {
        return Ok(Finding::Refused(RejectionReason::TooLarge));
    }
    let looked = match declared {
        ContentType::Png | ContentType::Jpeg | ContentType::Gif | ContentType::Webp => {
            picture::look(whole(object, bytes).await?, declared).map(Some)
        }
        ContentType::Text => a_text(object).await?.map(|()| None),
        ContentType::Pdf => {
            // What follows is a second request; the body of this one need not come.
            drop(object);
            let Some(looked) = a_document(files, place, tag, bytes).await? else {
                return Ok(Finding::Gone);
            };
            looked.map(|()| None)
        }
    };
    Ok(match looked {
        Ok(picture) => Finding::Sound(Sound { bytes, picture }),
        Err(reason) => Finding::Refused(reason),
    })
}

async fn whole(mut object: GetObjectOutput, bytes: u64) -> Result<Vec<u8>, FilesError> {
    // Allocated once: a growing buffer would hold twice as much at its end.
    let mut whole = Vec::with_capacity(usize::try_from(bytes).unwrap_or(0));
    while let Some(part) = object.body.try_next().await.map_err(|error| FilesError::Cut(error.into()))? {
        whole.extend_from_slice(&part);
    }
    Ok(whole)
}

async fn a_text(mut object: GetObjectOutput) -> Result<Result<(), RejectionReason>, FilesError> {
    let mut check = TextCheck::default();
    while let Some(part) = object.body.try_next().await.map_err(|error| FilesError::Cut(error.into()))? {
        if let Err(reason) = check.feed(&part) {
            return Ok(Err(reason));
        }
    }
    Ok(check.finish())
}

/// Reads the first and the last bytes alone; none when the upload is gone.
async fn a_document(
    files: &Files,
    place: Place,
    tag: &str,
    bytes: u64,
) -> Result<Option<Result<(), RejectionReason>>, FilesError> {
    let first = format!("bytes=0-{}", document::HEAD - 1);
    let last = format!("bytes={}-", bytes.saturating_sub(document::TAIL));
    let Some(head) = files.uploaded(place, tag, Some(first)).await? else {
        return Ok(None);
    };
    let Some(tail) = files.uploaded(place, tag, Some(last)).await? else {
        return Ok(None);
    };
    let head = whole(head, document::HEAD).await?;
    let tail = whole(tail, document::TAIL).await?;
    Ok(Some(document::look(&head, &tail, bytes)))
}
