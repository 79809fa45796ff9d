//! Uploads, which the bucket announces.

use aws_lambda_events::s3::{S3Event, S3EventRecord};
use lambda_kit::invoked::Invocation;
use percent_encoding::percent_decode_str;

use crate::app::attachments::Attachments;
use crate::app::upload_check::Upload;
use crate::domain::attachment::AttachmentIds;
use crate::subscribe::error::SubscribeError;

/// Checks each uploaded file, and stores or rejects it. So far each event had one record, which AWS does not promise.
///
/// Everything is retried by Lambda. A repeat is harmless: see [`crate::app::upload_check`].
pub(crate) async fn check_attachment(
    attachments: &Attachments,
    invocation: Invocation<S3Event>,
) -> Result<(), SubscribeError> {
    let causation_id = &invocation.correlation.causation_id;
    for record in invocation.input.records {
        let upload = upload(record).ok_or(SubscribeError::UnexpectedKey)?;
        attachments.check_upload(&upload, causation_id).await?;
    }
    Ok(())
}

/// The upload that a record announces; none for a key that no upload form has.
fn upload(record: S3EventRecord) -> Option<Upload> {
    let object = record.s3.object;
    // Encoded like a form field.
    let key = object.key?.replace('+', " ");
    let ids = AttachmentIds::parse_upload_key(&percent_decode_str(&key).decode_utf8_lossy())?;
    Some(Upload { ids, tag: object.e_tag?.trim_matches('"').to_owned() })
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn the_upload_is_read_from_the_objects_key() {
        let mut event: serde_json::Value =
            serde_json::from_str(include_str!("../../tests/fixtures/uploaded.json")).unwrap();
        let ids = AttachmentIds { owner: Uuid::from_u128(1), todo: Uuid::from_u128(2), attachment: Uuid::from_u128(3) };
        let uploads = |event| {
            let event: S3Event = serde_json::from_value(event).unwrap();
            event.records.into_iter().map(upload).collect::<Vec<_>>()
        };
        assert_eq!(uploads(event.clone()), [None], "the key is not that of an upload form");
        let key = format!("uploads%2F{}%2F{}%2F{}", ids.owner, ids.todo, ids.attachment);
        event["Records"][0]["s3"]["object"]["key"] = key.into();
        assert_eq!(uploads(event), [Some(Upload { ids, tag: "0123456789abcdef0123456789abcdef".into() })]);
    }
}
