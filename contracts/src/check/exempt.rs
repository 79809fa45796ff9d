//! Findings that a reviewed exception accepts for a while.

use jiff::ToSpan;
use jiff::civil::Date;

use super::{Checked, Finding};
use crate::exceptions::Exceptions;

/// Marks accepted findings, and returns the findings about the exceptions themselves.
pub(super) fn apply(exceptions: &Exceptions, checked: &mut [Checked], today: Date) -> Vec<Finding> {
    let mut wrong = Vec::new();
    let last = today.saturating_add(1.year());
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
            let problem = format!("the exception from {name} is not needed");
            wrong.push(Finding::new(&exception.subject, &exception.file, problem, "remove it"));
        } else if exception.until < today {
            let problem = format!("the exception from {name} ended on {}", exception.until);
            let advice = format!("fix the finding, or give a new date and reason ({})", exception.reason);
            wrong.push(Finding::new(&exception.subject, &exception.file, problem, advice));
        } else if exception.until > last {
            let problem = format!("the exception from {name} holds until {}, longer than a year", exception.until);
            let advice = format!("give a day until {last}, and look at it again then");
            wrong.push(Finding::new(&exception.subject, &exception.file, problem, advice));
        }
    }
    wrong
}
