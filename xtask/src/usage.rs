//! Errors that only the caller can correct: a name that does not exist, arguments that do not fit together.

use std::fmt;

/// A command that was called wrongly, which ends with exit status 2, as clap's own errors do.
#[derive(Debug)]
pub(crate) struct UsageError(pub(crate) String);

impl fmt::Display for UsageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for UsageError {}
