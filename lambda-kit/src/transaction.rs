//! Transactions: all writes or none, again while another transaction holds the same rows.
//!
//! Source: <https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html>

use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{CancellationReason, TransactWriteItem};

use crate::clock;

/// A transaction is tried this often while others hold its rows.
const ATTEMPTS: u32 = 8;
/// The pause before the second attempt; it doubles with each further one up to [`LONGEST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_millis(25);
const LONGEST_PAUSE: Duration = Duration::from_millis(400);

/// How a transaction ended.
#[derive(Debug)]
pub enum Written {
    /// All of it is written.
    Now,
    /// A condition does not hold; nothing is written. The reason of each write, in order.
    Refused(Vec<CancellationReason>),
}

/// Writes all or nothing. While other transactions hold the same rows it tries again, for less than 4 seconds in all.
///
/// # Errors
/// When the call fails, DynamoDB cancels for another reason than a condition, or the rows stay held.
pub async fn write(client: &Client, writes: &[TransactWriteItem]) -> Result<Written, TransactionError> {
    for attempt in 0..ATTEMPTS {
        let Err(reasons) = attempt_once(client, writes).await? else {
            return Ok(Written::Now);
        };
        if reasons.iter().any(|reason| reason.code() == Some("ConditionalCheckFailed")) {
            return Ok(Written::Refused(reasons));
        }
        if !reasons.iter().any(|reason| reason.code() == Some("TransactionConflict")) {
            return Err(TransactionError::cancelled(&reasons));
        }
        tokio::time::sleep(pause(attempt, clock::new_span_id())).await;
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

/// The pause after an attempt (from 0): doubling, and up to twice as long by chance, so that jobs that met once do not
/// meet again.
fn pause(attempt: u32, chance: u64) -> Duration {
    let step = FIRST_PAUSE.saturating_mul(1 << attempt.min(16)).min(LONGEST_PAUSE);
    step + step.mul_f64(f64::from((chance & 0xff) as u8) / 256.0)
}

/// Why a transaction was not written.
#[derive(Debug, thiserror::Error)]
pub enum TransactionError {
    /// The call failed.
    #[error("the call to DynamoDB failed")]
    Call(#[source] lambda_runtime::Error),
    /// DynamoDB cancelled it for another reason than a condition: the code of each write's reason.
    #[error("the transaction was cancelled: {0}")]
    Cancelled(String),
    /// Other transactions held its rows the whole time.
    #[error("other transactions held the same rows in each of {ATTEMPTS} attempts; a later one will pass")]
    Contended,
}

impl TransactionError {
    /// The error for a transaction that these reasons cancelled.
    #[must_use]
    pub fn cancelled(reasons: &[CancellationReason]) -> Self {
        let codes: Vec<&str> = reasons.iter().map(|reason| reason.code().unwrap_or("None")).collect();
        Self::Cancelled(codes.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_stay_bounded_and_differ() {
        assert_eq!(pause(0, 0), FIRST_PAUSE);
        assert!(pause(0, 0xff) > pause(0, 0) && pause(0, 0xff) < FIRST_PAUSE * 2);
        let whole: Duration = (0..ATTEMPTS).map(|attempt| pause(attempt, 0xff)).sum();
        assert!(whole < Duration::from_secs(4), "{whole:?} must fit into the functions' timeout");
    }
}
