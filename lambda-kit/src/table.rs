//! Errors of a service's DynamoDB table.

use aws_sdk_dynamodb::error::BuildError;
use lambda_runtime::Error;

use crate::outbox::OutboxError;
use crate::transaction::TransactionError;

/// Why an operation on a table failed.
#[derive(Debug, thiserror::Error)]
pub enum TableError {
    /// DynamoDB refused the call, or did not answer.
    #[error("the call to DynamoDB failed")]
    Call(#[source] Error),
    /// A transaction was not written.
    #[error("the change was not written")]
    Transaction(#[from] TransactionError),
    /// An item does not parse or breaks a rule, so the service did not write it in this form.
    #[error("an item in the table is not in the form that the service writes")]
    Corrupt(#[source] Error),
    /// A value cannot be converted to a DynamoDB item.
    #[error("a value cannot be converted to a DynamoDB item")]
    Serialization(#[source] Error),
    /// The SDK misses a required field of a write.
    #[error("a required field of a write is missing")]
    Incomplete(#[from] BuildError),
    /// The event of a change cannot be written to the outbox.
    #[error("the event cannot be written to the outbox")]
    Outbox(#[from] OutboxError),
}

impl TableError {
    /// Wraps the SDK's error of a call.
    pub fn call(error: impl Into<Error>) -> Self {
        Self::Call(error.into())
    }

    /// Wraps the error of reading an item.
    pub fn corrupt(error: impl Into<Error>) -> Self {
        Self::Corrupt(error.into())
    }

    /// Wraps the error of converting a value to an item.
    pub fn serialization(error: impl Into<Error>) -> Self {
        Self::Serialization(error.into())
    }
}
