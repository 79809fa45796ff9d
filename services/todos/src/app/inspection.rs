//! Reads an upload from the bucket and checks it.

use aws_sdk_s3::operation::get_object::GetObjectOutput;

use crate::domain::attachment::{AttachmentIds, MAX_BYTES, Picture, RejectionReason};
use crate::domain::content_type::ContentType;
use crate::domain::inspection::text::TextCheck;
use crate::domain::inspection::{pdf, picture};
use crate::files::{Files, FilesError};

/// The result of checking an upload.
#[derive(Debug)]
pub(super) enum Inspection {
    /// It was deleted or replaced.
    Missing,
    Rejected(RejectionReason),
    Accepted(AcceptedFile),
}

/// A file that passed.
#[derive(Debug)]
pub(super) struct AcceptedFile {
    pub(super) bytes: u64,
    /// The dimensions of a picture, and its thumbnail.
    pub(super) picture: Option<(Picture, Vec<u8>)>,
}

/// Checks the upload with this tag, which its owner announced to be of this type.
pub(super) async fn inspect(
    files: &Files,
    ids: AttachmentIds,
    tag: &str,
    announced: ContentType,
) -> Result<Inspection, FilesError> {
    let Some(object) = files.get_upload(ids, tag, None).await? else {
        return Ok(Inspection::Missing);
    };
    let bytes = object.content_length.and_then(|length| u64::try_from(length).ok()).unwrap_or(0);
    if bytes > MAX_BYTES {
        return Ok(Inspection::Rejected(RejectionReason::TooLarge));
    }
    let checked = match announced {
        ContentType::Png | ContentType::Jpeg | ContentType::Gif | ContentType::Webp => {
            picture::check(read_all(object, bytes).await?, announced).map(Some)
        }
        ContentType::Text => check_text(object).await?.map(|()| None),
        ContentType::Pdf => {
            // Its parts are requested apart; the body of this answer is not read.
            drop(object);
            let Some(checked) = check_pdf(files, ids, tag, bytes).await? else {
                return Ok(Inspection::Missing);
            };
            checked.map(|()| None)
        }
    };
    Ok(match checked {
        Ok(picture) => Inspection::Accepted(AcceptedFile { bytes, picture }),
        Err(reason) => Inspection::Rejected(reason),
    })
}

async fn read_all(mut object: GetObjectOutput, bytes: u64) -> Result<Vec<u8>, FilesError> {
    // Allocated once, because a growing buffer would briefly need twice as much.
    let mut all = Vec::with_capacity(usize::try_from(bytes).unwrap_or(0));
    while let Some(part) = object.body.try_next().await.map_err(|error| FilesError::Incomplete(error.into()))? {
        all.extend_from_slice(&part);
    }
    Ok(all)
}

async fn check_text(mut object: GetObjectOutput) -> Result<Result<(), RejectionReason>, FilesError> {
    let mut check = TextCheck::default();
    while let Some(part) = object.body.try_next().await.map_err(|error| FilesError::Incomplete(error.into()))? {
        if let Err(reason) = check.feed(&part) {
            return Ok(Err(reason));
        }
    }
    Ok(check.finish())
}

/// Reads only the first and last bytes; none when the upload was deleted or replaced.
async fn check_pdf(
    files: &Files,
    ids: AttachmentIds,
    tag: &str,
    bytes: u64,
) -> Result<Option<Result<(), RejectionReason>>, FilesError> {
    let first = format!("bytes=0-{}", pdf::HEAD_BYTES - 1);
    let last = format!("bytes={}-", bytes.saturating_sub(pdf::TAIL_BYTES));
    let Some(head) = files.get_upload(ids, tag, Some(first)).await? else {
        return Ok(None);
    };
    let Some(tail) = files.get_upload(ids, tag, Some(last)).await? else {
        return Ok(None);
    };
    let head = read_all(head, pdf::HEAD_BYTES).await?;
    let tail = read_all(tail, pdf::TAIL_BYTES).await?;
    Ok(Some(pdf::check(&head, &tail, bytes)))
}
