//! The only place that names the failures of this service's subscribers.

use lambda_kit::subscriber::SubscribeFailure;
use lambda_kit::table::TableError;
use lambda_kit::transaction::TransactionError;

/// Why an event did not have its effect.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SubscribeError {
    #[error("the table failed")]
    Table(#[from] TableError),
    #[error("SES refused the mail: {code}; it was not sent, and the event may be replayed once the cause is mended")]
    MailRefused { code: String },
    #[error("nobody knows whether the mail was sent: {seen}; it is not sent again until a person decides so")]
    MailOutcomeUnknown { seen: String },
    #[error("the mail could not be written")]
    MailUnwritable(#[from] askama::Error),
    #[error("nothing is known of the user yet: their registration was not heard of")]
    RecipientUnknown,
    #[error("the digest could not be handed over")]
    NotHandedOver(#[source] lambda_runtime::Error),
}

impl SubscribeFailure for SubscribeError {
    fn kind(&self) -> &'static str {
        match self {
            Self::Table(TableError::Transaction(TransactionError::Contended)) => "TableContended",
            Self::Table(_) => "TableFailed",
            Self::MailRefused { .. } => "MailRefused",
            Self::MailOutcomeUnknown { .. } => "MailOutcomeUnknown",
            Self::MailUnwritable(_) => "MailUnwritable",
            Self::RecipientUnknown => "RecipientUnknown",
            Self::NotHandedOver(_) => "NotHandedOver",
        }
    }
}
