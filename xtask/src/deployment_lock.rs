//! Two deployments to one environment exclude each other: a lock in the environment's bucket of artifacts, which its
//! owner renews and which ends by itself.

use std::time::Duration;

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

/// How long a lock still holds after its owner was killed.
const LEASE: SignedDuration = SignedDuration::from_mins(2);

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

#[derive(Debug, Serialize, Deserialize)]
struct Lease {
    owner: Uuid,
    since: Timestamp,
    until: Timestamp,
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
        while !lock.write(Timestamp::now() + LEASE, condition).await? {
            condition = Condition::Unchanged(lock.wait_for_end(&target.env, other).await?);
        }
        Ok(lock)
    }

    /// Waits until the present lease has ended; the `ETag` of its object.
    async fn wait_for_end(&self, env: &str, other: OtherLock) -> Result<String> {
        let mut holder = None;
        loop {
            let (lease, etag) = self.read().await?;
            if other == OtherLock::IsLeft || lease.until <= Timestamp::now() {
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
            if matches!(self.write(Timestamp::now() + LEASE, unchanged).await, Ok(false)) {
                return anyhow!("another deployment has begun, because this one was suspended: deploy again");
            }
        }
    }

    /// Ends the lease, so that the next deployment need not wait. It is not deleted: another deployment may have taken over,
    /// and a deletion has no condition.
    async fn release(mut self) -> Result<()> {
        let unchanged = Condition::Unchanged(self.etag.clone());
        self.write(Timestamp::now(), unchanged).await.map(drop)
    }

    /// Writes the lease; false when the condition does not hold and the object is another deployment's.
    async fn write(&mut self, until: Timestamp, condition: Condition) -> Result<bool> {
        let lease = Lease { owner: self.owner, since: self.since, until };
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
