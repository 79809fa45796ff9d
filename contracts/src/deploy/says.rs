//! A verdict in words.

use super::{Blocker, Verdict};

impl Verdict {
    /// The answer in words, for whoever deploys.
    #[must_use]
    pub fn says(&self, service: &str, env: &str) -> String {
        match self {
            Self::Yes => format!("yes: {service} may go to {env} now, nobody there is hurt: proven"),
            Self::No { blockers, order } => format!(
                "no: {service} may not go to {env} yet\n{}\nthis order works: {}",
                hurt(blockers),
                order.join(", then ")
            ),
            Self::Impossible { blockers, proof, steps } => format!(
                "no: {service} may not go to {env}, and no order of the services in this tree works\n{}\nwhy no order \
                 works:\n{}\nwhat works, step by step:\n{}",
                hurt(blockers),
                listed(proof),
                numbered(steps)
            ),
        }
    }
}

fn hurt(blockers: &[Blocker]) -> String {
    let one = |blocker: &Blocker| {
        let said = format!("  it would hurt {}: {}", blocker.reader, blocker.reason);
        match &blocker.witness {
            Some(witness) => format!("{said}\n  for example by an event with this detail: {witness}"),
            None => said,
        }
    };
    blockers.iter().map(one).collect::<Vec<_>>().join("\n")
}

fn listed(lines: &[String]) -> String {
    lines.iter().map(|line| format!("  - {line}")).collect::<Vec<_>>().join("\n")
}

fn numbered(lines: &[String]) -> String {
    lines.iter().enumerate().map(|(at, line)| format!("  {}. {line}", at + 1)).collect::<Vec<_>>().join("\n")
}
