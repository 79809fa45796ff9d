//! The job `plan-digests`: from a quarter of an hour to the users whose digest has come due.

use aws_sdk_lambda::Client;
use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::InvocationType;
use jiff::{SignedDuration, Timestamp};
use lambda_kit::invoked::Invocation;
use serde::Deserialize;
use tracing::info;

use crate::digest::Order;
use crate::domain::digest::comes_at;
use crate::domain::moments;
use crate::store::{DueDigest, SHARDS, Store};
use crate::subscribe::error::SubscribeError;

/// A digest that is later than this is left out: the next one says what it would have said.
const LATEST: SignedDuration = SignedDuration::from_hours(6);

/// What the job works with.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) store: Store,
    pub(crate) lambda: Client,
    /// The function that sends one digest, `SEND_DIGEST_FUNCTION`.
    pub(crate) sender: String,
}

/// The schedule's input.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Beat {
    /// The time that the schedule fired for.
    scheduled_time: Timestamp,
}

/// Orders the digests that were due by the beat, and puts each off to its next day.
///
/// Retried by Lambda: everything. A repeat is harmless: who was served is not due any more, and an order that is given
/// twice is one mail.
pub(crate) async fn plan(plan: &Plan, beat: Invocation<Beat>) -> Result<(), SubscribeError> {
    let now = beat.input.scheduled_time;
    let mut ordered: usize = 0;
    for shard in SHARDS.chars() {
        loop {
            let due = plan.store.due_digests(shard, now).await?;
            if due.is_empty() {
                break;
            }
            for digest in due {
                ordered += usize::from(serve(plan, &digest, now).await?);
            }
        }
    }
    info!(digests = ordered, "ordered the digests that are due");
    Ok(())
}

/// Whether a digest was ordered.
async fn serve(plan: &Plan, due: &DueDigest, now: Timestamp) -> Result<bool, SubscribeError> {
    let recipient = plan.store.recipient(due.user).await?;
    let zone = recipient.map_or_else(|| moments::zone(""), |recipient| recipient.zone());
    let is_wanted = due.wishes.digest_mail && comes_at(due.wishes.digest_hour, &zone, due.at);
    let is_ordered = is_wanted && now.duration_since(due.at) <= LATEST;
    if is_ordered {
        order(plan, Order { user_id: due.user, digest_at: due.at }).await?;
    }
    plan.store.move_digest(due, due.wishes.next_digest(&zone, now)).await?;
    Ok(is_ordered)
}

async fn order(plan: &Plan, order: Order) -> Result<(), SubscribeError> {
    let payload = serde_json::to_vec(&order).map_err(|error| SubscribeError::NotHandedOver(error.into()))?;
    let request = plan.lambda.invoke().function_name(&plan.sender).invocation_type(InvocationType::Event);
    request.payload(Blob::new(payload)).send().await.map_err(|error| SubscribeError::NotHandedOver(error.into()))?;
    Ok(())
}
