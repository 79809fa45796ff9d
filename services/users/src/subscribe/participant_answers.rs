//! The answers of participants: they have erased a user, or written their part of an export.
//!
//! The event's source, which IAM restricts to the publishing service, tells which participant has answered.

use events::envelope::Event;
use events::participants::publisher;
use lambda_kit::correlation::CorrelationContext;

use crate::app::deletions::Deletions;
use crate::app::error::AppError;
use crate::app::exports::PartCollector;
use crate::domain::deletion::ErasureAnswer;
use crate::domain::export::PartAnnouncement;
use crate::exports_bucket::ExportsBucket;
use crate::subscribe::payloads::{ExportPayload, UserDataErasedPayload};

#[derive(Clone, Debug)]
pub(crate) struct ErasureAnswers {
    pub(crate) deletions: Deletions,
    pub(crate) exports: ExportsBucket,
}

/// Notes that a participant has erased a user; the last one completes the deletion.
///
/// Retried: everything. A repeat is harmless, and answers may arrive in any order: an answer stays as it was first noted.
pub(crate) async fn participant_erased(
    job: &ErasureAnswers,
    event: Event<UserDataErasedPayload>,
) -> Result<(), AppError> {
    let service = publisher(&event.metadata).to_owned();
    let answer = ErasureAnswer { deletion_id: event.data.deletion_id, service };
    let correlation = CorrelationContext::from_event(&event.metadata);
    job.deletions.note_erasure(&job.exports, &answer, &correlation).await
}

/// Notes that a participant has written its part of an export; the last one makes the archive.
///
/// Retried: everything; the reasons why a repeat is harmless are those of [`PartCollector::collect`].
pub(crate) async fn participant_exported(job: &PartCollector, event: Event<ExportPayload>) -> Result<(), AppError> {
    let service = publisher(&event.metadata).to_owned();
    let part = PartAnnouncement { user: event.data.user_id, export: event.data.export_id, service };
    job.collect(&part, &CorrelationContext::from_event(&event.metadata)).await
}
