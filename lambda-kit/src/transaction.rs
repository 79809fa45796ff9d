//! DynamoDB transactions: all writes or none, retried while another transaction holds the same items, or DynamoDB throttles
//! their partition.
//!
//! Source: <https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html>

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{CancellationReason, TransactWriteItem};

use crate::contention::{self, ATTEMPTS};

/// Reasons of a cancellation that pass. The SDK retries none of them: it looks at the error's code, which is the same for
/// all reasons.
const PASSING: [&str; 3] = ["TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"];

/// How a transaction ended.
#[derive(Debug)]
pub enum TransactionOutcome {
    /// All items were written.
    Applied,
    /// A condition did not hold, and nothing was written. Holds the reason of each write, in order.
    ConditionFailed(Vec<CancellationReason>),
}

/// Writes all items or none. While other transactions hold the same items, or DynamoDB throttles them, it tries again, for
/// at most 4 seconds.
///
/// # Errors
/// When the call fails, DynamoDB cancels for another reason than a condition, or the items are held or throttled in each
/// attempt.
pub async fn write(client: &Client, writes: &[TransactWriteItem]) -> Result<TransactionOutcome, TransactionError> {
    for attempt in 0..ATTEMPTS {
        let Err(reasons) = attempt_once(client, writes).await? else {
            return Ok(TransactionOutcome::Applied);
        };
        if reasons.iter().any(|reason| reason.code() == Some("ConditionalCheckFailed")) {
            return Ok(TransactionOutcome::ConditionFailed(reasons));
        }
        if !reasons.iter().any(|reason| reason.code().is_some_and(|code| PASSING.contains(&code))) {
            return Err(TransactionError::cancelled(&reasons));
        }
        contention::pause(attempt).await;
    }
    Err(TransactionError::Contended)
}

async fn attempt_once(
    client: &Client,
    writes: &[TransactWriteItem],
) -> Result<Result<(), Vec<CancellationReason>>, TransactionError> {
    let answer = client.transact_write_items().set_transact_items(Some(writes.to_vec())).send().await;
    let Err(error) = answer else {
        return Ok(Ok(()));
    };
    match error.as_service_error() {
        Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) => {
            Ok(Err(cancelled.cancellation_reasons().to_vec()))
        }
        _ => Err(TransactionError::Call(error.into())),
    }
}

/// Why a transaction was not written.
#[derive(Debug, thiserror::Error)]
pub enum TransactionError {
    /// DynamoDB refused the call, or did not answer.
    #[error("the call to DynamoDB failed")]
    Call(#[source] lambda_runtime::Error),
    /// DynamoDB cancelled it for another reason than a condition. Holds the reason code of each write.
    #[error("the transaction was cancelled: {0}")]
    Cancelled(String),
    /// Its items were held by other transactions or throttled in each attempt.
    #[error("the items were held by other transactions or throttled in each of {ATTEMPTS} attempts; try again later")]
    Contended,
}

impl TransactionError {
    /// Makes the error of a transaction that was cancelled for `reasons`.
    #[must_use]
    pub fn cancelled(reasons: &[CancellationReason]) -> Self {
        let codes: Vec<&str> = reasons.iter().map(|reason| reason.code().unwrap_or("None")).collect();
        Self::Cancelled(codes.join(", "))
    }
}
