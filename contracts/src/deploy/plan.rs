//! The search for an order of deployments that breaks no reader at any step.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::blockers::BlockerProver;
use super::{ServiceContract, Services};
use crate::repository::EventName;

/// A search over the services that differ between the tree and what is deployed.
pub(super) struct Search<'a> {
    /// Finds the readers that would break.
    pub(super) prover: &'a BlockerProver<'a>,
    /// The services that run now.
    pub(super) deployed: &'a Services,
    /// The services of the tree.
    pub(super) tree: &'a Services,
}

/// Which state of a service runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    /// The contract that is deployed.
    Old,
    /// One that does what the deployed one and the tree's do.
    Both,
    /// The contract of the tree.
    New,
}

type Stages<'a> = BTreeMap<&'a str, Stage>;

/// The services that run after one service of the tree is deployed.
pub(super) fn with(deployed: &Services, tree: &Services, service: &str) -> Services {
    let mut next = deployed.clone();
    next.extend(tree.get(service).map(|contract| (service.to_owned(), contract.clone())));
    next
}

impl<'a> Search<'a> {
    /// The shortest order of the tree's services that ends with this one and breaks no reader.
    pub(super) fn order(&self, service: &str) -> Option<Vec<String>> {
        let path = self.path(&[Stage::New], |stages| stages.get(service) == Some(&Stage::New))?;
        Some(path.into_iter().map(|(service, _)| service.to_owned()).collect())
    }

    /// Steps that deploy the whole tree, with intermediate versions of services that do both the old and the new.
    pub(super) fn steps(&self, service: &str) -> Vec<String> {
        let all_new = |stages: &Stages<'_>| stages.values().all(|stage| *stage == Stage::New);
        let Some(path) = self.path(&[Stage::Both, Stage::New], all_new) else {
            return vec![format!(
                "undo in {service} the change of a published version, and put it into a new version: \
                 publish both, let the readers follow, then retire the old one (docs/adding-an-event.md)"
            )];
        };
        let mut stages: Stages<'a> = self.changed().map(|name| (name, Stage::Old)).collect();
        path.into_iter()
            .map(|(service, stage)| {
                let before = stages.insert(service, stage).and_then(|stage| self.at(service, stage));
                let after = self.at(service, stage).unwrap_or_default();
                format!("deploy {service} {}", changes(&before.unwrap_or_default(), &after))
            })
            .collect()
    }

    /// For every state that can be reached without breaking a reader, why each next deployment breaks one.
    pub(super) fn proof(&self, service: &str) -> Vec<String> {
        let mut lines = Vec::new();
        for stages in self.reachable() {
            let deployed: Vec<&str> =
                stages.iter().filter(|(_, stage)| **stage == Stage::New).map(|(name, _)| *name).collect();
            let place =
                if deployed.is_empty() { "now".to_owned() } else { format!("after {}", deployed.join(" and ")) };
            for name in stages.iter().filter(|(_, stage)| **stage == Stage::Old).map(|(name, _)| *name) {
                let Some((now, next)) = self.services(&stages).zip(self.services(&moved(&stages, name, Stage::New)))
                else {
                    continue;
                };
                if let Some(blocker) = self.prover.new_blockers(&now, &next).first() {
                    let reason = format!("{name} would break {}: {}", blocker.reader, blocker.reason);
                    // The same happens after the deployment of a service that is not involved.
                    if !lines.iter().any(|line: &String| line.ends_with(&reason)) {
                        lines.push(format!("{place}, {reason}"));
                    }
                }
            }
        }
        if lines.is_empty() {
            lines.push(format!("no order helps: {service} itself can still get the events that it no longer reads"));
        }
        lines
    }

    fn reachable(&self) -> Vec<Stages<'a>> {
        let mut reached = Vec::new();
        let none_is = |stages: &Stages<'a>| {
            reached.push(stages.clone());
            false
        };
        let found = self.path(&[Stage::New], none_is);
        debug_assert!(found.is_none(), "a goal that is never true was reached");
        reached
    }

    fn path(&self, steps: &[Stage], mut goal: impl FnMut(&Stages<'a>) -> bool) -> Option<Vec<(&'a str, Stage)>> {
        let start: Stages<'a> = self.changed().map(|name| (name, Stage::Old)).collect();
        let mut seen = BTreeSet::from([start.clone()]);
        let mut queue = VecDeque::from([(start, Vec::new())]);
        while let Some((stages, path)) = queue.pop_front() {
            if goal(&stages) {
                return Some(path);
            }
            let now = self.services(&stages)?;
            for (&name, &stage) in &stages {
                for &step in steps.iter().filter(|step| **step > stage) {
                    let next = moved(&stages, name, step);
                    let Some(after) = self.services(&next) else { continue };
                    if seen.contains(&next) || !self.prover.new_blockers(&now, &after).is_empty() {
                        continue;
                    }
                    seen.insert(next.clone());
                    queue.push_back((next, [path.as_slice(), &[(name, step)]].concat()));
                }
            }
        }
        None
    }

    fn changed(&self) -> impl Iterator<Item = &'a str> {
        let differs = |(name, contract): &(&String, &ServiceContract)| self.deployed.get(*name) != Some(*contract);
        self.tree.iter().filter(differs).map(|(name, _)| name.as_str())
    }

    fn services(&self, stages: &Stages<'_>) -> Option<Services> {
        let mut services = self.deployed.clone();
        for (&name, &stage) in stages.iter().filter(|(_, stage)| **stage != Stage::Old) {
            services.insert(name.to_owned(), self.at(name, stage)?);
        }
        Some(services)
    }

    fn at(&self, service: &str, stage: Stage) -> Option<ServiceContract> {
        let (old, new) = (self.deployed.get(service), self.tree.get(service));
        match stage {
            Stage::Old => old.cloned(),
            Stage::New => new.cloned(),
            Stage::Both => both(old?, new?),
        }
    }
}

fn moved<'a>(stages: &Stages<'a>, service: &'a str, stage: Stage) -> Stages<'a> {
    let mut next = stages.clone();
    next.insert(service, stage);
    next
}

/// A contract that covers the old and the new; none when they contain different schemas of one version or reader.
fn both(old: &ServiceContract, new: &ServiceContract) -> Option<ServiceContract> {
    let mut both = old.clone();
    for (name, schema) in &new.publishes {
        let before = both.publishes.insert(name.clone(), schema.clone());
        before.is_none_or(|before| before == *schema).then_some(())?;
    }
    for (key, schema) in &new.reads {
        let before = both.reads.insert(key.clone(), schema.clone());
        before.is_none_or(|before| before == *schema).then_some(())?;
    }
    both.keeps.extend(new.keeps.clone());
    both.keeps.retain(|key, _| !both.reads.contains_key(key));
    (both != *old && both != *new).then_some(both)
}

fn changes(before: &ServiceContract, after: &ServiceContract) -> String {
    let versions = |contract: &ServiceContract| -> BTreeSet<String> {
        contract.publishes.keys().map(EventName::detail_type).collect()
    };
    let reads = |contract: &ServiceContract| -> BTreeSet<String> {
        contract.reads.keys().map(|(_, read)| read.clone()).collect()
    };
    let mut parts = Vec::new();
    for (verb, more, less) in [
        ("publishes", versions(after), versions(before)),
        ("no longer publishes", versions(before), versions(after)),
        ("reads", reads(after), reads(before)),
        ("no longer reads", reads(before), reads(after)),
    ] {
        let difference: Vec<String> = more.difference(&less).cloned().collect();
        let alongside: Vec<String> =
            more.intersection(&less).filter(|name| shares_event(name, &difference)).cloned().collect();
        if !difference.is_empty() {
            let alongside = if alongside.is_empty() || verb.starts_with("no") {
                String::new()
            } else {
                format!(" alongside {}", alongside.join(", "))
            };
            parts.push(format!("{verb} {}{alongside}", difference.join(", ")));
        }
    }
    if parts.is_empty() { "as it is in this tree".to_owned() } else { format!("that {}", parts.join(" and ")) }
}

fn shares_event(detail_type: &str, others: &[String]) -> bool {
    let event = |name: &str| name.split('.').next().map(str::to_owned);
    others.iter().any(|other| event(other) == event(detail_type))
}
