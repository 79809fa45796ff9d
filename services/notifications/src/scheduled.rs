//! Jobs that are invoked by the schedule and by each other.

use jiff::Timestamp;
use lambda_kit::invoked::Invocation;
use serde::Deserialize;

use crate::app::digests::DigestPlanner;
use crate::app::emails::RecurringEmailSender;
use crate::app::error::JobError;
use crate::digest_requests::DigestRequest;

/// The input of `plan-digests`, from the schedule.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ScheduleInput {
    scheduled_time: Timestamp,
}

/// Requests the digests that are due, and plans each user's next one.
///
/// Lambda retries all failures. A repeat is harmless: a requested digest is not due any more, and one that is requested
/// twice is sent once.
pub(crate) async fn plan_digests(planner: &DigestPlanner, tick: Invocation<ScheduleInput>) -> Result<(), JobError> {
    planner.request_due_digests(tick.input.scheduled_time).await
}

/// Sends one digest of one user, at most once.
///
/// Lambda retries all failures but an unknown outcome of SES, which an operator resolves.
pub(crate) async fn send_digest(
    sender: &RecurringEmailSender,
    request: Invocation<DigestRequest>,
) -> Result<(), JobError> {
    sender.send_digest(request.input.into()).await
}
