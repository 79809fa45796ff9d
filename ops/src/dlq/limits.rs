//! Limits of SQS that several modules respect.

/// The number of messages that SQS returns, accepts or deletes in one call.
/// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-batch-api-actions.html>
pub const BATCH_SIZE: usize = 10;

/// The bytes of one message, and of one batch, bodies and attributes together.
/// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html>
pub const MAX_MESSAGE_BYTES: usize = 1024 * 1024;

/// The number of attributes of one message.
/// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-message-metadata.html>
pub const MAX_ATTRIBUTES: usize = 10;

/// Requests that this program keeps open at the same time when it has much to do.
pub(crate) const MAX_CONCURRENT_REQUESTS: usize = 8;
