//! The only place that names the failures of this service's subscribers.

use lambda_kit::subscriber::SubscribeFailure;
use lambda_kit::transaction::TransactionError;

use crate::store::StoreError;

/// Why an event did not have its effect.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SubscribeError {
    #[error("the table failed")]
    Store(#[from] StoreError),
    #[error("SES refused the mail: {code}; it was not sent, and the event may be replayed once the cause is mended")]
    MailRefused { code: String },
    #[error("nobody knows whether the mail was sent: {seen}; it is not sent again until a person decides so")]
    MailOutcomeUnknown { seen: String },
}

impl SubscribeFailure for SubscribeError {
    fn kind(&self) -> &'static str {
        match self {
            Self::Store(StoreError::Transaction(TransactionError::Contended)) => "TableContended",
            Self::Store(_) => "TableFailed",
            Self::MailRefused { .. } => "MailRefused",
            Self::MailOutcomeUnknown { .. } => "MailOutcomeUnknown",
        }
    }
}
