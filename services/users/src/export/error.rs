//! The only place that names the failures of an export's jobs.

use lambda_kit::export::ExportError;
use lambda_kit::subscriber::SubscribeFailure;
use lambda_kit::table::TableError;
use lambda_runtime::Error;

/// Why an archive was not made, or not found.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ArchiveError {
    #[error("the table failed")]
    Table(#[from] TableError),
    #[error("the call to S3 failed")]
    Bucket(#[source] Error),
    #[error("this service's own part was not written")]
    Part(#[from] ExportError),
    #[error("the archive could not be packed")]
    Packing(#[from] zip::result::ZipError),
    #[error("a byte of the archive could not be written")]
    Writing(#[from] std::io::Error),
}

impl ArchiveError {
    /// What the SDK says of a call that failed.
    pub(crate) fn bucket(error: impl Into<Error>) -> Self {
        Self::Bucket(error.into())
    }
}

impl SubscribeFailure for ArchiveError {
    fn kind(&self) -> &'static str {
        match self {
            Self::Table(_) => "TableFailed",
            Self::Bucket(_) | Self::Part(_) => "BucketFailed",
            Self::Packing(_) | Self::Writing(_) => "ArchiveNotPacked",
        }
    }
}
