//! Exceptions from the checks: reviewed, with a reason and a last day.

use jiff::civil::Date;
use serde::Deserialize;

use crate::yaml;

/// The checks with findings that can be accepted, because a reviewer can know more than the proof. All other findings
/// must be fixed.
pub const EXCEPTABLE: [&str; 6] = [
    "event-has-reader",
    "rule-satisfiable",
    "rule-gets-every-event",
    "reader-keeps-failures",
    "reader-proven",
    "window-readable",
];

/// The exceptions of a repository.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Exceptions {
    /// The exceptions in the order of the file.
    pub all: Vec<Exception>,
}

/// One finding that is accepted for a while.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exception {
    /// The check's name, one of [`EXCEPTABLE`].
    pub rule: String,
    /// The subject of the finding, such as `todos/TodoDeleted/v1`.
    pub subject: String,
    /// Why the finding is acceptable.
    pub reason: String,
    /// The last day on which the exception is valid.
    pub until: Date,
    /// The path of the file that it is in, from the repository's root.
    #[serde(skip)]
    pub file: String,
}

impl Exceptions {
    /// Reads the file of exceptions, a list.
    ///
    /// # Errors
    /// When the text is not such a list, names a check without exceptions, or gives no reason.
    pub fn parse(file: &str, text: &str) -> Result<Self, ExceptionsError> {
        let all: Option<Vec<Exception>> = yaml::read(text).map_err(ExceptionsError::NoList)?;
        let mut all = all.unwrap_or_default();
        for exception in &mut all {
            file.clone_into(&mut exception.file);
            if !EXCEPTABLE.contains(&exception.rule.as_str()) {
                return Err(ExceptionsError::NotExceptable(exception.rule.clone()));
            }
            if exception.reason.trim().is_empty() {
                return Err(ExceptionsError::NoReason(exception.subject.clone()));
            }
        }
        Ok(Self { all })
    }

    /// Whether a finding is accepted on this day.
    #[must_use]
    pub fn accepts(&self, rule: &str, subject: &str, today: Date) -> bool {
        let is_for = |exception: &&Exception| exception.rule == rule && exception.subject == subject;
        self.all.iter().filter(is_for).any(|exception| exception.until >= today)
    }
}

/// Why a file of exceptions is not valid.
#[derive(Debug, thiserror::Error)]
pub enum ExceptionsError {
    /// The text is not a list of exceptions.
    #[error("it is not a list of `rule`, `subject`, `reason` and `until` (a day such as 2027-01-31): {0}")]
    NoList(serde_norway::Error),
    /// An exception names a check with findings that must be fixed.
    #[error("`{0}` cannot be excepted; only {list} can", list = EXCEPTABLE.join(", "))]
    NotExceptable(String),
    /// An exception has no reason.
    #[error("the exception for {0} gives no reason")]
    NoReason(String),
}
