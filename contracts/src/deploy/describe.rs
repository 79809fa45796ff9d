//! A verdict as text for the person who deploys.

use super::{Blocker, Verdict};

impl Verdict {
    /// The verdict as text, with the readers that would break and the order or the steps that work.
    #[must_use]
    pub fn describe(&self, service: &str, env: &str) -> String {
        match self {
            Self::Yes => {
                format!("yes: {service} can be deployed to {env} now, it is proven that no reader there breaks")
            }
            Self::Failing => format!("no: {service} cannot be deployed to {env}"),
            Self::No { blockers, order } => format!(
                "no: {service} cannot be deployed to {env} yet\n{}\nthis order works: {}",
                broken_readers(blockers),
                order.join(", then ")
            ),
            Self::Impossible { blockers, proof, steps } => format!(
                "no: {service} cannot be deployed to {env}, and no order of the services in this tree works\n{}\nwhy no order \
                 works:\n{}\nthese steps work:\n{}",
                broken_readers(blockers),
                listed(proof),
                numbered(steps)
            ),
        }
    }
}

fn broken_readers(blockers: &[Blocker]) -> String {
    let one = |blocker: &Blocker| {
        let text = format!("  it would break {}: {}", blocker.reader, blocker.reason);
        match &blocker.witness {
            Some(witness) => format!("{text}\n  for example with an event with this detail: {witness}"),
            None => text,
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
