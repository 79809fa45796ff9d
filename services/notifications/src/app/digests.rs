//! Planning of the daily digests.

use futures_util::future::join_all;
use futures_util::stream::{self, StreamExt};
use jiff::{SignedDuration, Timestamp};
use lambda_kit::table::TableError;
use lambda_kit::telemetry;
use tracing::{error, info};
use uuid::Uuid;

use crate::app::error::JobError;
use crate::digest_requests::DigestInvoker;
use crate::domain::date_time;
use crate::domain::digest::DigestId;
use crate::domain::digest_schedule::is_digest_time;
use crate::store::Store;
use crate::store::preferences::{DIGEST_SHARDS, PlannedDigest};

/// A digest that is later than this is left out, because the next one has the same items.
const MAX_DELAY: SignedDuration = SignedDuration::from_hours(6);

/// How many users of one partition are planned at the same time. Each costs two writes to its partition of the index, which
/// takes 1,000 a second: with eight, that is reached when the three calls for a user take 16 ms together.
/// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-design.html>
const MAX_CONCURRENT_USERS: usize = 8;

/// Finds due digests and requests them.
#[derive(Clone, Debug)]
pub(crate) struct DigestPlanner {
    pub(crate) store: Store,
    pub(crate) invoker: DigestInvoker,
}

/// What became of the due digests of one partition of the index, or of all.
#[derive(Debug, Default)]
struct Outcome {
    requested: usize,
    /// Preferences that cannot be read.
    corrupt: usize,
    failures: Vec<JobError>,
}

impl DigestPlanner {
    /// Requests all digests that are due by `now`, and plans each user's next one. A row that cannot be read is reported
    /// and left out, and a digest that cannot be requested is left for the next run: neither stops anybody else's digest.
    pub(crate) async fn request_due_digests(&self, now: Timestamp) -> Result<(), JobError> {
        let shards = DIGEST_SHARDS.chars().map(|shard| self.request_shard(shard, now));
        let all = join_all(shards).await.into_iter().fold(Outcome::default(), Outcome::and);
        let (digests, corrupt, failed) = (all.requested, all.corrupt, all.failures.len());
        info!(digests, preferences.corrupt = corrupt, failed, "requested the digests that are due");
        all.failures.into_iter().next().map_or(Ok(()), Err)
    }

    /// The digests of one partition, page by page, until a page of which every request fails.
    async fn request_shard(&self, shard: char, now: Timestamp) -> Outcome {
        let (mut total, mut position) = (Outcome::default(), None);
        loop {
            let page = match self.store.due_digests(shard, now, position).await {
                Ok(page) => page,
                Err(failure) => return total.and(Outcome::failed(failure.into())),
            };
            let due = page.digests.len();
            let done = self.request_page(page.digests, now).await;
            let all_failed = due > 0 && done.failures.len() == due;
            total = total.and(done).and(reported(&page.corrupt));
            position = page.next;
            if position.is_none() || all_failed {
                return total;
            }
        }
    }

    async fn request_page(&self, digests: Vec<PlannedDigest>, now: Timestamp) -> Outcome {
        let requests = digests.into_iter().map(|digest| async move {
            self.request_and_reschedule(&digest, now).await.inspect_err(|failure| {
                error!(user.id = %digest.user, error.chain = telemetry::chain(failure), "a digest was not requested");
            })
        });
        let requests = stream::iter(requests).buffer_unordered(MAX_CONCURRENT_USERS);
        requests.fold(Outcome::default(), async |total, result| total.and(result.into())).await
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

impl Outcome {
    fn failed(failure: JobError) -> Self {
        Self { failures: vec![failure], ..Self::default() }
    }

    fn and(mut self, other: Self) -> Self {
        self.requested += other.requested;
        self.corrupt += other.corrupt;
        self.failures.extend(other.failures);
        self
    }
}

impl From<Result<bool, JobError>> for Outcome {
    fn from(result: Result<bool, JobError>) -> Self {
        match result {
            Ok(is_requested) => Self { requested: usize::from(is_requested), ..Self::default() },
            Err(failure) => Self::failed(failure),
        }
    }
}

fn reported(corrupt: &[(Option<Uuid>, TableError)]) -> Outcome {
    for (user, failure) in corrupt {
        let user = user.unwrap_or_default();
        error!(user.id = %user, error.chain = telemetry::chain(failure), "preferences cannot be read");
    }
    Outcome { corrupt: corrupt.len(), ..Outcome::default() }
}
