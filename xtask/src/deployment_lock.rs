//! Two deployments to one environment exclude each other: a lock in the environment's bucket of artifacts, which its
//! owner renews and which ends by itself.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use aws_sdk_s3::Client;
use aws_sdk_s3::error::SdkError;
use aws_sdk_s3::operation::put_object::{PutObjectError, PutObjectOutput};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use uuid::Uuid;

use crate::aws::{self, Target};
use crate::ui;

const KEY: &str = "deployment.lock";

/// How long a lock still holds after its owner was killed.
const LEASE: SignedDuration = SignedDuration::from_mins(2);

const RENEWAL: Duration = Duration::from_secs(20);

/// How often a lock that another deployment holds is looked at.
const POLL: Duration = Duration::from_secs(5);

/// The longest time to wait for another deployment.
const MAX_WAIT: SignedDuration = SignedDuration::from_hours(1);

/// Held until it is [released](Self::release); its lease is renewed meanwhile.
#[derive(Debug)]
pub(crate) struct DeploymentLock {
    place: Place,
    renewal: JoinHandle<String>,
    stop: watch::Sender<bool>,
}

#[derive(Clone, Debug)]
struct Place {
    client: Client,
    bucket: String,
    owner: Uuid,
    since: Timestamp,
    /// No other process can deploy now.
    is_alone: bool,
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

impl DeploymentLock {
    /// Waits for the end of another deployment. To the local cloud only one command at a time deploys, so that a lock
    /// there is what a killed one has left.
    ///
    /// # Errors
    /// When another deployment takes over an hour, or S3 fails.
    pub(crate) async fn acquire(target: &Target, bucket: &str) -> Result<Self> {
        let place = Place {
            client: target.s3(),
            bucket: bucket.to_owned(),
            owner: Uuid::new_v4(),
            since: Timestamp::now(),
            is_alone: target.cloud.is_some(),
        };
        let etag = place.acquire(&target.env).await?;
        let (stop, stopped) = watch::channel(false);
        let renewal = tokio::spawn(place.clone().renew(etag, stopped));
        Ok(Self { place, renewal, stop })
    }

    /// Ends the lease, so that the next deployment need not wait.
    pub(crate) async fn release(self) -> Result<()> {
        self.stop.send_replace(true);
        let etag = self.renewal.await.context("the deployment's lock was not renewed")?;
        // Not deleted: another deployment may have taken over, and a deletion has no condition.
        match self.place.put(Timestamp::now(), Condition::Unchanged(etag)).await {
            Err(error) if is_taken(&error) => Ok(()),
            put => put.map(drop).map_err(aws::failed("end the environment's lock")),
        }
    }
}

impl Place {
    async fn acquire(&self, env: &str) -> Result<String> {
        let mut condition = Condition::Missing;
        let mut holder = None;
        loop {
            match self.put(Timestamp::now() + LEASE, condition).await {
                Err(error) if is_taken(&error) => {}
                put => {
                    let put = put.map_err(aws::failed("lock the environment"))?;
                    return put.e_tag.context("S3 returned no ETag of the lock");
                }
            }
            condition = loop {
                let (lease, etag) = self.read().await?;
                if self.is_alone || lease.until <= Timestamp::now() {
                    break Condition::Unchanged(etag);
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
            };
        }
    }

    /// The present lease, and the `ETag` of its object.
    async fn read(&self) -> Result<(Lease, String)> {
        let found = self.client.get_object().bucket(&self.bucket).key(KEY).send().await;
        let object = found.map_err(aws::failed("read the environment's lock"))?;
        let etag = object.e_tag.context("S3 returned no ETag of the lock")?;
        let text = object.body.collect().await.context("cannot read the environment's lock")?.into_bytes();
        let lease = serde_json::from_slice(&text).with_context(|| format!("{KEY} is not a lock: delete it"))?;
        Ok((lease, etag))
    }

    /// Until it shall stop; the last `ETag`.
    async fn renew(self, mut etag: String, mut stopped: watch::Receiver<bool>) -> String {
        while tokio::time::timeout(RENEWAL, stopped.wait_for(|stop| *stop)).await.is_err() {
            // A failed renewal is tried again before the lease ends.
            if let Ok(put) = self.put(Timestamp::now() + LEASE, Condition::Unchanged(etag.clone())).await {
                etag = put.e_tag.unwrap_or(etag);
            }
        }
        etag
    }

    async fn put(&self, until: Timestamp, condition: Condition) -> Result<PutObjectOutput, SdkError<PutObjectError>> {
        let lease = Lease { owner: self.owner, since: self.since, until };
        let body = serde_json::to_vec(&lease).map_err(SdkError::construction_failure)?;
        let put = self.client.put_object().bucket(&self.bucket).key(KEY).body(body.into());
        match condition {
            Condition::Missing => put.if_none_match("*").send().await,
            Condition::Unchanged(etag) => put.if_match(etag).send().await,
        }
    }
}

/// 412, or 409 when two requests meet.
fn is_taken(error: &SdkError<PutObjectError>) -> bool {
    error.raw_response().is_some_and(|response| [409, 412].contains(&response.status().as_u16()))
}
