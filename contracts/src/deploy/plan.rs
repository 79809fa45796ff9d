//! Orders of deployments: the search for one that hurts nobody at any step.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::harm::Harm;
use super::{Promises, Services};
use crate::repository::EventName;

/// A search over the services that differ between the tree and what is deployed.
pub(super) struct Search<'a> {
    /// Who would be hurt.
    pub(super) harm: &'a Harm,
    /// What runs now.
    pub(super) deployed: &'a Services,
    /// What the tree holds.
    pub(super) tree: &'a Services,
}

/// How far a service is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    /// As deployed.
    Old,
    /// What is deployed and what the tree holds, side by side.
    Both,
    /// As the tree.
    New,
}

type Stages<'a> = BTreeMap<&'a str, Stage>;

/// What would run after one service of the tree is deployed.
pub(super) fn with(deployed: &Services, tree: &Services, service: &str) -> Services {
    let mut next = deployed.clone();
    next.extend(tree.get(service).map(|promises| (service.to_owned(), promises.clone())));
    next
}

impl<'a> Search<'a> {
    /// The shortest order of the tree's services that ends with this one and hurts nobody.
    pub(super) fn order(&self, service: &str) -> Option<Vec<String>> {
        let path = self.path(&[Stage::New], |stages| stages.get(service) == Some(&Stage::New))?;
        Some(path.into_iter().map(|(service, _)| service.to_owned()).collect())
    }

    /// Steps that bring the whole tree there, with services in between that do the old and the new at once.
    pub(super) fn steps(&self, service: &str) -> Vec<String> {
        let all_new = |stages: &Stages<'_>| stages.values().all(|stage| *stage == Stage::New);
        let Some(path) = self.path(&[Stage::Both, Stage::New], all_new) else {
            return vec![format!(
                "undo in {service} what changes a published version, and put the change into a new version beside it: \
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

    /// For every state that can be reached without harm, why each next deployment does harm.
    pub(super) fn proof(&self, service: &str) -> Vec<String> {
        let mut lines = Vec::new();
        for stages in self.reachable() {
            let done: Vec<&str> =
                stages.iter().filter(|(_, stage)| **stage == Stage::New).map(|(name, _)| *name).collect();
            let place = if done.is_empty() { "now".to_owned() } else { format!("after {}", done.join(" and ")) };
            for name in stages.iter().filter(|(_, stage)| **stage == Stage::Old).map(|(name, _)| *name) {
                let Some((now, next)) = self.services(&stages).zip(self.services(&moved(&stages, name, Stage::New)))
                else {
                    continue;
                };
                if let Some(harm) = self.harm.new_harm(&now, &next).first() {
                    let said = format!("{name} would hurt {}: {}", harm.reader, harm.reason);
                    // What happens now happens also after a service that has no part in it.
                    if !lines.iter().any(|line: &String| line.ends_with(&said)) {
                        lines.push(format!("{place}, {said}"));
                    }
                }
            }
        }
        if lines.is_empty() {
            lines.push(format!("no order matters: what {service} drops can still come to itself"));
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
        debug_assert!(found.is_none(), "a goal that is never met was met");
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
                    if seen.contains(&next) || !self.harm.new_harm(&now, &after).is_empty() {
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
        let differs = |(name, promises): &(&String, &Promises)| self.deployed.get(*name) != Some(*promises);
        self.tree.iter().filter(differs).map(|(name, _)| name.as_str())
    }

    fn services(&self, stages: &Stages<'_>) -> Option<Services> {
        let mut services = self.deployed.clone();
        for (&name, &stage) in stages.iter().filter(|(_, stage)| **stage != Stage::Old) {
            services.insert(name.to_owned(), self.at(name, stage)?);
        }
        Some(services)
    }

    fn at(&self, service: &str, stage: Stage) -> Option<Promises> {
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

/// What does the old and the new at once; nothing when one version or reader would have to be two things.
fn both(old: &Promises, new: &Promises) -> Option<Promises> {
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

fn changes(before: &Promises, after: &Promises) -> String {
    let versions =
        |promises: &Promises| -> BTreeSet<String> { promises.publishes.keys().map(EventName::detail_type).collect() };
    let reads =
        |promises: &Promises| -> BTreeSet<String> { promises.reads.keys().map(|(_, read)| read.clone()).collect() };
    let mut parts = Vec::new();
    for (verb, more, less) in [
        ("publishes", versions(after), versions(before)),
        ("no longer publishes", versions(before), versions(after)),
        ("reads", reads(after), reads(before)),
        ("no longer reads", reads(before), reads(after)),
    ] {
        let difference: Vec<String> = more.difference(&less).cloned().collect();
        let beside: Vec<String> =
            more.intersection(&less).filter(|name| shares_event(name, &difference)).cloned().collect();
        if !difference.is_empty() {
            let beside = if beside.is_empty() || verb.starts_with("no") {
                String::new()
            } else {
                format!(" beside {}", beside.join(", "))
            };
            parts.push(format!("{verb} {}{beside}", difference.join(", ")));
        }
    }
    if parts.is_empty() { "as it is in this tree".to_owned() } else { format!("that {}", parts.join(" and ")) }
}

fn shares_event(detail_type: &str, others: &[String]) -> bool {
    let event = |name: &str| name.split('.').next().map(str::to_owned);
    others.iter().any(|other| event(other) == event(detail_type))
}
