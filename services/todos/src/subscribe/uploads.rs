//! Uploads, which the bucket announces.

use lambda_kit::invoked::Invocation;

use crate::app::attachments::Attachments;
use crate::subscribe::bucket_notification::BucketNotification;
use crate::subscribe::error::SubscribeError;

/// Checks each uploaded file, and stores or rejects it.
///
/// Everything is retried by Lambda. A repeat is harmless: see [`crate::app::upload_check`].
pub(crate) async fn check_attachment(
    attachments: &Attachments,
    invocation: Invocation<BucketNotification>,
) -> Result<(), SubscribeError> {
    let causation_id = &invocation.correlation.causation_id;
    for upload in invocation.input.uploads() {
        let upload = upload.ok_or(SubscribeError::UnexpectedKey)?;
        attachments.check_upload(&upload, causation_id).await?;
    }
    Ok(())
}
