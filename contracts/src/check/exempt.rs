//! Findings that a person has accepted for a while.

use jiff::civil::Date;

use super::{Checked, Finding};
use crate::exceptions::Exceptions;
use crate::repository::EXCEPTIONS;

/// Marks what is accepted, and gives what is wrong with the exceptions themselves.
pub(super) fn apply(exceptions: &Exceptions, checked: &mut [Checked], today: Date) -> Vec<Finding> {
    let mut wrong = Vec::new();
    for exception in &exceptions.all {
        let found = checked
            .iter_mut()
            .filter(|check| check.rule == exception.rule)
            .flat_map(|check| &mut check.findings)
            .filter(|finding| finding.subject == exception.subject);
        let mut needed = false;
        for finding in found {
            needed = true;
            if exception.until >= today {
                finding.accepted = Some(format!("{} (until {})", exception.reason, exception.until));
            }
        }
        let name = format!("{} of {}", exception.rule, exception.subject);
        if !needed {
            let problem = format!("the exception from {name} excepts nothing");
            wrong.push(Finding::new(&exception.subject, EXCEPTIONS, problem, "take it out"));
        } else if exception.until < today {
            let problem = format!("the exception from {name} ended on {}", exception.until);
            let advice = format!("mend what it excepted, or give a new day and reason ({})", exception.reason);
            wrong.push(Finding::new(&exception.subject, EXCEPTIONS, problem, advice));
        }
    }
    wrong
}
