//! Two deployments to one environment exclude each other: a lock in the environment's bucket of artifacts, which its
//! owner renews and which ends by itself.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, ensure};
use aws_sdk_s3::Client;
use aws_sdk_s3::error::SdkError;
use aws_sdk_s3::operation::put_object::PutObjectError;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::aws::{self, Target};
use crate::ui;

const KEY: &str = "deployment.lock";

const NO_ETAG: &str = "S3 returned no ETag of the lock";

/// How long a lock that its owner does not renew still holds.
const LEASE: Duration = Duration::from_mins(2);

/// Two machines' clocks differ by less: AWS refuses a request that is signed with a greater difference from its own.
const CLOCKS: SignedDuration = SignedDuration::from_mins(30);

const RENEWAL: Duration = Duration::from_secs(20);

/// How often a lock that another deployment holds is looked at.
const POLL: Duration = Duration::from_secs(5);

/// The longest time to wait for another deployment.
const MAX_WAIT: SignedDuration = SignedDuration::from_hours(1);

/// A lock that this process holds.
#[derive(Debug)]
struct DeploymentLock {
    client: Client,
    bucket: String,
    owner: Uuid,
    since: Timestamp,
    /// Of the object as this process wrote it last.
    etag: String,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Lease {
    owner: Uuid,
    since: Timestamp,
    /// By the owner's clock. It makes each renewal another object, with another `ETag`.
    renewed_at: Timestamp,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
enum State {
    Held,
    Released,
}

/// What one who waits has seen of a lock. The owner's clock may be minutes off, so that only this process's clock tells
/// for how long the lock was not renewed.
#[derive(Default)]
struct Observation {
    unchanged: Option<(String, Instant)>,
}

impl Observation {
    /// Whether a lock that is read at this moment has ended.
    fn has_ended(&mut self, lease: &Lease, etag: &str, (now, instant): (Timestamp, Instant)) -> bool {
        let since = match self.unchanged.take() {
            Some((seen, since)) if seen == etag => since,
            _ => instant,
        };
        self.unchanged = Some((etag.to_owned(), since));
        lease.state == State::Released || instant.duration_since(since) >= LEASE || now > lease.renewed_at + CLOCKS
    }
}

/// What must hold for the object that is replaced.
enum Condition {
    Missing,
    /// It has this `ETag`.
    Unchanged(String),
}

/// What a lock of another process means.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum OtherLock {
    /// Its owner is still deploying.
    Holds,
    /// Its owner was killed: on the local cloud, only one command at a time deploys.
    IsLeft,
}

/// Does `work` while no other process deploys to the environment; waits for the end of another deployment first.
///
/// # Errors
/// When another deployment takes over an hour, when one takes the lock over because this process was suspended, or when S3
/// fails.
pub(crate) async fn exclusively(
    target: &Target,
    bucket: &str,
    other: OtherLock,
    work: impl Future<Output = Result<()>>,
) -> Result<()> {
    let mut lock = DeploymentLock::acquire(target, bucket, other).await?;
    let outcome = tokio::select! {
        outcome = work => outcome,
        lost = lock.renew() => Err(lost),
    };
    outcome.and(lock.release().await)
}

impl DeploymentLock {
    async fn acquire(target: &Target, bucket: &str, other: OtherLock) -> Result<Self> {
        let (client, bucket) = (target.s3(), bucket.to_owned());
        let (owner, since) = (Uuid::new_v4(), Timestamp::now());
        let mut lock = Self { client, bucket, owner, since, etag: String::new() };
        let mut condition = Condition::Missing;
        while !lock.write(State::Held, condition).await? {
            condition = Condition::Unchanged(lock.wait_for_end(&target.env, other).await?);
        }
        Ok(lock)
    }

    /// Waits until the present lease has ended; the `ETag` of its object.
    async fn wait_for_end(&self, env: &str, other: OtherLock) -> Result<String> {
        let (mut holder, mut observation) = (None, Observation::default());
        loop {
            let (lease, etag) = self.read().await?;
            let moment = (Timestamp::now(), Instant::now());
            if other == OtherLock::IsLeft || observation.has_ended(&lease, &etag, moment) {
                return Ok(etag);
            }
            if holder.replace(lease.owner) != Some(lease.owner) {
                ui::note(format_args!("Waiting for another deployment to {env}, which runs since {}", lease.since));
            }
            ensure!(
                Timestamp::now() < self.since + MAX_WAIT,
                "another deployment to {env} runs since {}: try again when it has ended",
                lease.since
            );
            tokio::time::sleep(POLL).await;
        }
    }

    /// Renews the lease for ever; returns when another deployment has taken the lock over.
    async fn renew(&mut self) -> anyhow::Error {
        loop {
            tokio::time::sleep(RENEWAL).await;
            let unchanged = Condition::Unchanged(self.etag.clone());
            // A call that fails is repeated before the lease ends.
            if matches!(self.write(State::Held, unchanged).await, Ok(false)) {
                return anyhow!("another deployment has begun, because this one was suspended: deploy again");
            }
        }
    }

    /// Ends the lease, so that the next deployment need not wait. It is not deleted: another deployment may have taken over,
    /// and a deletion has no condition.
    async fn release(mut self) -> Result<()> {
        let unchanged = Condition::Unchanged(self.etag.clone());
        self.write(State::Released, unchanged).await.map(drop)
    }

    /// Writes the lease; false when the condition does not hold and the object is another deployment's.
    async fn write(&mut self, state: State, condition: Condition) -> Result<bool> {
        let lease = Lease { owner: self.owner, since: self.since, renewed_at: Timestamp::now(), state };
        let put = self.client.put_object().bucket(&self.bucket).key(KEY).body(serde_json::to_vec(&lease)?.into());
        let put = match condition {
            Condition::Missing => put.if_none_match("*"),
            Condition::Unchanged(etag) => put.if_match(etag),
        };
        self.etag = match put.send().await {
            Err(error) if is_taken(&error) => {
                let (lease, etag) = self.read().await?;
                if lease.owner != self.owner {
                    return Ok(false);
                }
                // The answer to an earlier write was lost.
                etag
            }
            put => put.map_err(aws::failed("lock the environment"))?.e_tag.context(NO_ETAG)?,
        };
        Ok(true)
    }

    /// The present lease, and the `ETag` of its object.
    async fn read(&self) -> Result<(Lease, String)> {
        let found = self.client.get_object().bucket(&self.bucket).key(KEY).send().await;
        let object = found.map_err(aws::failed("read the environment's lock"))?;
        let etag = object.e_tag.context(NO_ETAG)?;
        let text = object.body.collect().await.context("cannot read the environment's lock")?.into_bytes();
        let lease = serde_json::from_slice(&text).with_context(|| format!("{KEY} is not a lock: delete it"))?;
        Ok((lease, etag))
    }
}

/// 412, or 409 when two requests meet.
fn is_taken(error: &SdkError<PutObjectError>) -> bool {
    error.raw_response().is_some_and(|response| [409, 412].contains(&response.status().as_u16()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: &str = "2026-11-23T10:00:00Z";

    fn lease(state: State) -> Lease {
        let at: Timestamp = DAY.parse().unwrap();
        Lease { owner: Uuid::nil(), since: at, renewed_at: at, state }
    }

    /// How many seconds each look comes after the first one, its `ETag`, and whether the lock has ended then.
    fn observe(lease: &Lease, clock: SignedDuration, looks: &[(u64, &str, bool)]) {
        let (mut observation, first) = (Observation::default(), Instant::now());
        for (seconds, etag, expected) in looks {
            let passed = Duration::from_secs(*seconds);
            let now = lease.renewed_at + clock + SignedDuration::try_from(passed).unwrap();
            let ended = observation.has_ended(lease, etag, (now, first + passed));
            assert_eq!(ended, *expected, "after {seconds} s, {etag}");
        }
    }

    #[test]
    fn a_lock_that_is_renewed_holds_with_any_clock_of_its_owner() {
        for clock in [-20, 0, 20].map(SignedDuration::from_mins) {
            observe(&lease(State::Held), clock, &[(0, "a", false), (100, "b", false), (200, "c", false)]);
        }
    }

    #[test]
    fn a_lock_that_is_not_renewed_ends_after_its_lease() {
        for clock in [-20, 0, 20].map(SignedDuration::from_mins) {
            observe(
                &lease(State::Held),
                clock,
                &[(0, "a", false), (60, "b", false), (179, "b", false), (180, "b", true)],
            );
        }
    }

    #[test]
    fn a_lock_of_a_command_that_was_killed_long_ago_has_ended_at_once() {
        observe(&lease(State::Held), SignedDuration::from_mins(31), &[(0, "a", true)]);
    }

    #[test]
    fn a_released_lock_has_ended_at_once() {
        observe(&lease(State::Released), SignedDuration::from_mins(-20), &[(0, "a", true)]);
    }
}
