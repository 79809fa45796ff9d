//! A service's table: what can go wrong with it, whatever it holds.

use aws_sdk_dynamodb::error::BuildError;
use lambda_runtime::Error;

use crate::outbox::OutboxError;
use crate::transaction::TransactionError;

/// Why a table did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum TableError {
    /// The call failed.
    #[error("the call to DynamoDB failed")]
    Call(#[source] Error),
    /// A transaction was not written.
    #[error("the change was not written")]
    Transaction(#[from] TransactionError),
    /// An item does not parse or breaks a rule: something else than the service has written it.
    #[error("an item in the table is not as the service writes it")]
    Corrupt(#[source] Error),
    /// A value has no form in the table.
    #[error("an item cannot be stored")]
    Unstorable(#[source] Error),
    /// The SDK misses a field of a write.
    #[error("a write is incomplete")]
    Incomplete(#[from] BuildError),
    /// A change's event cannot be written beside it.
    #[error("the event cannot be committed")]
    Event(#[from] OutboxError),
}

impl TableError {
    /// What the SDK says of a call that failed.
    pub fn call(error: impl Into<Error>) -> Self {
        Self::Call(error.into())
    }

    /// Why an item cannot be read.
    pub fn corrupt(error: impl Into<Error>) -> Self {
        Self::Corrupt(error.into())
    }

    /// Why a value cannot be stored.
    pub fn unstorable(error: impl Into<Error>) -> Self {
        Self::Unstorable(error.into())
    }
}
