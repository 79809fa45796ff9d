//! What a queue says of itself.

use anyhow::{Result, bail};
use aws_sdk_sqs::error::ProvideErrorMetadata;
use aws_sdk_sqs::types::QueueAttributeName;
use serde_json::Value;

use crate::dlq::queue::lookup::{existing, is_missing};
use crate::dlq::queue::{Queue, WrongUse, short};

/// What a queue says of itself.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Attributes {
    /// Its ARN.
    pub arn: String,
    /// Messages that wait, approximately.
    pub depth: u64,
    /// Messages that somebody has received and not yet deleted, approximately.
    pub in_flight: u64,
    /// Messages that were sent with a delay, approximately.
    pub delayed: u64,
    /// How long a message is kept, in seconds.
    pub retention: u64,
    /// Where the queue itself gives messages up to.
    pub redrive_policy: Option<Value>,
    /// Which queues may give messages up to it.
    pub redrive_allow_policy: Option<Value>,
    /// Who may send to it.
    pub policy: Option<Value>,
}

impl Attributes {
    /// How many messages it has, those that wait, are held or are delayed, approximately.
    #[must_use]
    pub fn standing(&self) -> u64 {
        self.depth + self.in_flight + self.delayed
    }

    /// How many messages nobody can receive now, approximately: somebody holds them, or they are delayed.
    #[must_use]
    pub fn out_of_sight(&self) -> u64 {
        self.in_flight + self.delayed
    }

    /// How often a message may be received before the queue itself moves it on: every look counts.
    #[must_use]
    pub fn max_receive_count(&self) -> Option<u64> {
        let count = &self.redrive_policy.as_ref()?["maxReceiveCount"];
        count.as_u64().or_else(|| count.as_str()?.parse().ok())
    }
}

impl Queue {
    /// What the queue says of itself.
    ///
    /// # Errors
    /// [`WrongUse`] when there is no such queue; else when SQS fails.
    pub async fn attributes(&self) -> Result<Attributes> {
        let request = self.sqs.get_queue_attributes().queue_url(&self.url).attribute_names(QueueAttributeName::All);
        let answer = match request.send().await {
            Ok(answer) => answer,
            Err(error) if is_missing(error.code()) => {
                bail!(WrongUse(format!("there is no queue {}: {}", self.url, existing(&self.sqs).await?)))
            }
            Err(error) => bail!("cannot read the attributes of {}: {}", self.url, short(&error)),
        };
        let attributes = answer.attributes.unwrap_or_default();
        let number = |name| attributes.get(&name).and_then(|text: &String| text.parse().ok()).unwrap_or(0);
        let json = |name| attributes.get(&name).and_then(|text: &String| serde_json::from_str(text).ok());
        Ok(Attributes {
            arn: attributes.get(&QueueAttributeName::QueueArn).cloned().unwrap_or_default(),
            depth: number(QueueAttributeName::ApproximateNumberOfMessages),
            in_flight: number(QueueAttributeName::ApproximateNumberOfMessagesNotVisible),
            delayed: number(QueueAttributeName::ApproximateNumberOfMessagesDelayed),
            retention: number(QueueAttributeName::MessageRetentionPeriod),
            redrive_policy: json(QueueAttributeName::RedrivePolicy),
            redrive_allow_policy: json(QueueAttributeName::RedriveAllowPolicy),
            policy: json(QueueAttributeName::Policy),
        })
    }
}
