//! A verdict together with the checks of the tree: what `check` reports is not deployed.

use jiff::civil::Date;
use serde::Serialize;

use super::{Services, Verdict, verdict_with};
use crate::check::{self, Failure};
use crate::proofs::Proofs;
use crate::repository::Repository;

/// Whether a service can be deployed, and which checks of its tree do not hold.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Decision {
    /// The verdict, which is never `yes` while a check does not hold.
    #[serde(flatten)]
    pub verdict: Verdict,
    /// The findings of the checks.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub failures: Vec<Failure>,
    /// The checks that were not run because the code was left out.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub skipped: Vec<&'static str>,
}

/// Decides as [`verdict`](super::verdict) does, with the proofs of the checks of the tree, and refuses what they found.
#[must_use]
pub fn decide(
    repository: &Repository,
    deployed: &Services,
    service: &str,
    today: Date,
    failures: &[Failure],
    proofs: &Proofs,
) -> Decision {
    let verdict = match verdict_with(repository, deployed, service, today, proofs) {
        Verdict::Yes if !failures.is_empty() => Verdict::Failing,
        verdict => verdict,
    };
    Decision { verdict, failures: failures.to_vec(), skipped: check::skipped(repository) }
}

impl Decision {
    /// Whether the service can be deployed now.
    #[must_use]
    pub fn allows(&self) -> bool {
        self.verdict == Verdict::Yes
    }

    /// Who would break and which checks do not hold, a line each.
    #[must_use]
    pub fn reasons(&self) -> Vec<String> {
        let blockers = self.verdict.blockers().iter().map(|blocker| format!("{}: {}", blocker.reader, blocker.reason));
        let failures = self.failures.iter().map(|failure| format!("{}: {}", failure.rule, failure.finding.problem));
        blockers.chain(failures).collect()
    }

    /// The decision as text, as [`Verdict::describe`].
    #[must_use]
    pub fn describe(&self, service: &str, env: &str) -> String {
        let mut lines = vec![self.verdict.describe(service, env)];
        if !self.failures.is_empty() {
            lines.push("these checks of this tree do not hold:".to_owned());
        }
        for Failure { rule, finding } in &self.failures {
            let place = format!("{} {}", finding.file, finding.pointer.as_deref().unwrap_or_default());
            lines.push(format!("  {rule}: {}\n    in {}\n    {}", finding.problem, place.trim_end(), finding.advice));
        }
        lines.extend(check::describe_skipped(&self.skipped));
        lines.join("\n")
    }
}
