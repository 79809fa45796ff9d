//! Whom a set of deployed services hurts.

use std::cell::RefCell;
use std::collections::BTreeMap;

use serde_json::Value;

use super::{Blocker, Services};
use crate::compat::{self, Answer, Schema};
use crate::repository::EventName;

/// Proofs between the schemas of the tree and those deployed, each made once.
pub(super) struct Proofs {
    /// Who publishes each event, by the tree and by what is deployed.
    publishers: BTreeMap<String, String>,
    made: RefCell<BTreeMap<(String, String), Result<(), Failure>>>,
}

#[derive(Clone)]
struct Failure {
    reason: String,
    witness: Option<Value>,
}

impl Proofs {
    /// Of two sets of services.
    pub(super) fn between(tree: &Services, deployed: &Services) -> Self {
        let all = deployed.values().chain(tree.values()).flat_map(|promises| promises.publishes.keys());
        let publishers = all.map(|name| (name.event.clone(), name.service.clone())).collect();
        Self { publishers, made: RefCell::default() }
    }

    /// The harm that one set of services does and the other does not yet.
    pub(super) fn new_harm(&self, now: &Services, next: &Services) -> Vec<Blocker> {
        let known = self.harm(now);
        self.harm(next).into_iter().filter(|blocker| !known.contains(blocker)).collect()
    }

    fn harm(&self, services: &Services) -> Vec<Blocker> {
        let mut harm = Vec::new();
        for (service, promises) in services {
            let mut versions: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
            for ((job, detail_type), reader) in &promises.reads {
                let event = detail_type.split('.').next().unwrap_or_default();
                versions.entry(event).or_default().push(detail_type);
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
        let failure = self.reads(writer, schema).err()?;
        let reason = format!("it cannot read every {name}: {}", failure.reason);
        Some(Blocker { reader: reader.to_owned(), event: name.to_string(), reason, witness: failure.witness })
    }

    /// A service that reads an event must get it in some version, once its publisher is there.
    fn starved(&self, services: &Services, service: &str, event: &str, read: &[&str]) -> Option<Blocker> {
        let owner = self.publishers.get(event)?;
        if !services.contains_key(owner) {
            return None;
        }
        let published: Vec<String> =
            published(services).filter(|(name, _)| name.event == event).map(|(name, _)| name.detail_type()).collect();
        if read.iter().any(|detail_type| published.iter().any(|published| published == detail_type)) {
            return None;
        }
        let there = if published.is_empty() { "nothing of it".to_owned() } else { published.join(", ") };
        let reason = format!("it reads {} and would get no such event: {owner} publishes {there}", read.join(", "));
        Some(Blocker { reader: service.to_owned(), event: format!("{owner}/{event}"), reason, witness: None })
    }

    fn reads(&self, writer: &Value, reader: &Value) -> Result<(), Failure> {
        let key = (writer.to_string(), reader.to_string());
        if let Some(made) = self.made.borrow().get(&key) {
            return made.clone();
        }
        let proof = prove(writer, reader);
        self.made.borrow_mut().insert(key, proof.clone());
        proof
    }
}

fn prove(writer: &Value, reader: &Value) -> Result<(), Failure> {
    let schema = |value: &Value| {
        let parsed = Schema::parse(value.clone());
        parsed.map_err(|error| Failure { reason: crate::words::chain(&error), witness: None })
    };
    match compat::reads(&schema(writer)?, &schema(reader)?) {
        Answer::Always => Ok(()),
        Answer::Refuted { reason, witness, .. } => Err(Failure { reason, witness: Some(witness) }),
        Answer::Unknown { reason, .. } => Err(Failure { reason: format!("not proven: {reason}"), witness: None }),
    }
}

fn published(services: &Services) -> impl Iterator<Item = (&EventName, &Value)> {
    services.values().flat_map(|promises| &promises.publishes)
}
