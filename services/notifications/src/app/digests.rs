//! Planning of the daily digests.

use jiff::{SignedDuration, Timestamp};
use lambda_kit::telemetry;
use tracing::{error, info};

use crate::app::error::JobError;
use crate::digest_requests::DigestInvoker;
use crate::domain::date_time;
use crate::domain::digest::DigestId;
use crate::domain::digest_schedule::is_digest_time;
use crate::store::Store;
use crate::store::preferences::{DIGEST_SHARDS, PlannedDigest};

/// A digest that is later than this is left out, because the next one has the same items.
const MAX_DELAY: SignedDuration = SignedDuration::from_hours(6);

/// Finds due digests and requests them.
#[derive(Clone, Debug)]
pub(crate) struct DigestPlanner {
    pub(crate) store: Store,
    pub(crate) invoker: DigestInvoker,
}

impl DigestPlanner {
    /// Requests all digests that are due by `now`, and plans each user's next one. A row that cannot be read is reported
    /// and left out, so that it stops nobody else's digest.
    pub(crate) async fn request_due_digests(&self, now: Timestamp) -> Result<(), JobError> {
        let (mut requested, mut corrupt) = (0_usize, 0_usize);
        for shard in DIGEST_SHARDS.chars() {
            let mut next = None;
            loop {
                let page = self.store.due_digests(shard, now, next).await?;
                for (user, error) in &page.corrupt {
                    let user = user.unwrap_or_default();
                    error!(user.id = %user, error.chain = telemetry::chain(error), "preferences cannot be read");
                }
                corrupt += page.corrupt.len();
                for digest in page.digests {
                    requested += usize::from(self.request_and_reschedule(&digest, now).await?);
                }
                next = page.next;
                if next.is_none() {
                    break;
                }
            }
        }
        info!(digests = requested, preferences.corrupt = corrupt, "requested the digests that are due");
        Ok(())
    }

    /// Returns whether the digest was requested.
    async fn request_and_reschedule(&self, due: &PlannedDigest, now: Timestamp) -> Result<bool, JobError> {
        let recipient = self.store.recipient(due.user).await?;
        let zone = recipient.map_or_else(|| date_time::time_zone(""), |recipient| recipient.time_zone());
        let is_current = due.settings.digest_email && is_digest_time(due.settings.digest_hour, &zone, due.at);
        let is_requested = is_current && now.duration_since(due.at) <= MAX_DELAY;
        if is_requested {
            let digest = DigestId { user: due.user, at: due.at };
            self.invoker.request(digest).await.map_err(JobError::DigestNotRequested)?;
        }
        self.store.reschedule_digest(due, due.settings.next_digest(&zone, now)).await?;
        Ok(is_requested)
    }
}
