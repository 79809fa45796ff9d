//! Whom a set of deployed services hurts.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{Blocker, Services};
use crate::compat::Answer;
use crate::proofs::Proofs;
use crate::repository::EventName;

/// Who is hurt, by the proofs between what services promise and expect.
pub(super) struct Harm {
    /// Who publishes each event, by the tree and by what is deployed.
    publishers: BTreeMap<String, String>,
    proofs: Proofs,
}

impl Harm {
    /// Of two sets of services.
    pub(super) fn between(tree: &Services, deployed: &Services) -> Self {
        let all = deployed.values().chain(tree.values()).flat_map(|promises| promises.publishes.keys());
        let publishers = all.map(|name| (name.event.clone(), name.service.clone())).collect();
        Self { publishers, proofs: Proofs::default() }
    }

    /// The harm that one set of services does and the other does not yet.
    pub(super) fn new_harm(&self, now: &Services, next: &Services) -> Vec<Blocker> {
        let known = self.harm(now);
        self.harm(next).into_iter().filter(|blocker| !known.contains(blocker)).collect()
    }

    fn harm(&self, services: &Services) -> Vec<Blocker> {
        let mut harm = Vec::new();
        for (service, promises) in services {
            let mut versions: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
            for ((job, detail_type), reader) in &promises.reads {
                let event = detail_type.split('.').next().unwrap_or_default();
                versions.entry(event).or_default().insert(detail_type);
                harm.extend(self.unreadable(services, &format!("{service}/{job}"), detail_type, reader));
            }
            for (event, read) in versions {
                harm.extend(self.starved(services, service, event, &read));
            }
        }
        harm
    }

    fn unreadable(&self, services: &Services, reader: &str, detail_type: &str, schema: &Value) -> Option<Blocker> {
        let (name, writer) = published(services).find(|(name, _)| name.detail_type() == detail_type)?;
        let (why, witness) = match self.proofs.reads(writer, schema) {
            Answer::Always => return None,
            Answer::Refuted { reason, witness, .. } => (reason, Some(witness)),
            Answer::Unknown { reason, .. } => (format!("not proven: {reason}"), None),
        };
        let reason = format!("it cannot read every {name}: {why}");
        Some(Blocker { reader: reader.to_owned(), event: name.to_string(), reason, witness })
    }

    /// A service that reads an event must get it in some version, once its publisher is there.
    fn starved(&self, services: &Services, service: &str, event: &str, read: &BTreeSet<&str>) -> Option<Blocker> {
        let owner = self.publishers.get(event)?;
        if !services.contains_key(owner) {
            return None;
        }
        let published: Vec<String> =
            published(services).filter(|(name, _)| name.event == event).map(|(name, _)| name.detail_type()).collect();
        if read.iter().any(|detail_type| published.iter().any(|published| published == detail_type)) {
            return None;
        }
        let read: Vec<&str> = read.iter().copied().collect();
        let there = if published.is_empty() { "nothing of it".to_owned() } else { published.join(", ") };
        let reason = format!("it reads {} and would get no such event: {owner} publishes {there}", read.join(", "));
        Some(Blocker { reader: service.to_owned(), event: format!("{owner}/{event}"), reason, witness: None })
    }
}

fn published(services: &Services) -> impl Iterator<Item = (&EventName, &Value)> {
    services.values().flat_map(|promises| &promises.publishes)
}
