//! A queue's attributes: counts, retention, policies.

use anyhow::{Result, bail, ensure};
use aws_sdk_sqs::error::ProvideErrorMetadata;
use aws_sdk_sqs::types::QueueAttributeName;
use serde_json::Value;

use crate::connection;
use crate::dlq::queue::Queue;
use crate::dlq::queue_lookup::{describe_existing, is_missing};
use crate::error::{UsageError, describe};

/// What to do with a queue that has its own dead-letter queue: reading counts as a receive, and the queue moves
/// messages away after some receives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RedrivingQueue {
    /// It is not read.
    #[default]
    Refuse,
    /// The operator accepts the effect.
    Read,
}

/// The attributes of a queue that this program uses. All counts are approximate, as SQS documents.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Attributes {
    pub arn: String,
    /// Messages that can be received.
    pub depth: u64,
    /// Messages that a consumer has received and not yet deleted.
    pub in_flight: u64,
    /// Messages that were sent with a delay that has not passed.
    pub delayed: u64,
    /// How long a message is kept, in seconds.
    pub retention: u64,
    /// The queue's own dead-letter queue, and after how many receives messages move there.
    pub redrive_policy: Option<Value>,
    /// Which queues may use this one as their dead-letter queue.
    pub redrive_allow_policy: Option<Value>,
    /// Who may send to it.
    pub policy: Option<Value>,
}

impl Attributes {
    /// All messages: visible, in flight and delayed.
    #[must_use]
    pub fn total_messages(&self) -> u64 {
        self.depth + self.in_flight + self.delayed
    }

    /// Messages that cannot be received now, because they are in flight or delayed.
    #[must_use]
    pub fn unavailable_messages(&self) -> u64 {
        self.in_flight + self.delayed
    }

    /// Whether these are the attributes of the same queue. A queue can have several URLs, but only one ARN.
    #[must_use]
    pub fn is_of_same_queue(&self, other: &Self) -> bool {
        !self.arn.is_empty() && self.arn == other.arn
    }

    /// Checks that reading the queue cannot move its messages away.
    ///
    /// # Errors
    /// [`UsageError`] when the queue has its own dead-letter queue, unless the operator accepts that.
    pub fn require_harmless_reading(&self, queue: &Queue, redriving: RedrivingQueue) -> Result<()> {
        let receives = self.max_receive_count().map_or_else(|| "some".to_owned(), |count| count.to_string());
        ensure!(
            self.redrive_policy.is_none() || redriving == RedrivingQueue::Read,
            UsageError(format!(
                "{} moves messages to its own dead-letter queue after {receives} receives, and reading counts as one: \
                 nothing was read. --force reads it anyway",
                queue.name()
            ))
        );
        Ok(())
    }

    /// The ARN of the queue's own dead-letter queue.
    #[must_use]
    pub fn dead_letter_arn(&self) -> Option<&str> {
        self.redrive_policy.as_ref()?["deadLetterTargetArn"].as_str()
    }

    /// How often a message can be received before the queue moves it to its own dead-letter queue. Browsing counts.
    #[must_use]
    pub fn max_receive_count(&self) -> Option<u64> {
        let count = &self.redrive_policy.as_ref()?["maxReceiveCount"];
        count.as_u64().or_else(|| count.as_str()?.parse().ok())
    }
}

impl Queue {
    /// # Errors
    /// [`UsageError`] when there is no such queue; otherwise when SQS fails.
    pub async fn attributes(&self) -> Result<Attributes> {
        let request = self.sqs.get_queue_attributes().queue_url(&self.url).attribute_names(QueueAttributeName::All);
        let answer = match request.send().await {
            Ok(answer) => {
                connection::record_answer();
                answer
            }
            Err(error) if is_missing(error.code()) => {
                bail!(UsageError(format!(
                    "there is no queue {}: {}",
                    self.url,
                    describe_existing(&self.sqs, &self.url).await?
                )))
            }
            Err(error) => bail!("cannot read the attributes of {}: {}", self.url, describe(&error)),
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
