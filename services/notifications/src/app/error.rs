//! The only place that names the failures of this service's asynchronous jobs.

use lambda_kit::subscriber::SubscribeFailure;
use lambda_kit::table::TableError;

/// Why a job failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum JobError {
    #[error("the table failed")]
    Table(#[from] TableError),
    #[error("SES refused the email with {code}; it was not sent: fix the cause, then replay the message")]
    EmailRefused { code: String },
    #[error("it is unknown whether the email was sent: {reason}; it is not sent again until an operator decides")]
    EmailOutcomeUnknown { reason: String },
    #[error("the email could not be rendered")]
    EmailRendering(#[from] askama::Error),
    #[error("the recipient is unknown: the event of their registration has not arrived yet")]
    RecipientUnknown,
    #[error("a message of SES does not parse: {0}")]
    EmailEventUnreadable(String),
    #[error("the function that sends a digest could not be invoked")]
    DigestNotRequested(#[source] lambda_runtime::Error),
}

impl SubscribeFailure for JobError {
    fn kind(&self) -> &'static str {
        match self {
            Self::Table(_) => "TableFailed",
            Self::EmailRefused { .. } => "MailRefused",
            Self::EmailOutcomeUnknown { .. } => "MailOutcomeUnknown",
            Self::EmailRendering(_) => "MailRenderingFailed",
            Self::RecipientUnknown => "RecipientUnknown",
            Self::EmailEventUnreadable(_) => "EventUnreadable",
            Self::DigestNotRequested(_) => "DigestNotRequested",
        }
    }
}
