//! Which readers break when a set of services runs together.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{Blocker, Read, Services};
use crate::compat::Answer;
use crate::proofs::Proofs;
use crate::repository::EventName;

/// Finds the readers that break, by proofs between published and read schemas.
pub(super) struct BlockerProver<'a> {
    /// The services that publish each event, by the tree and by what is deployed.
    publishers: BTreeMap<String, BTreeSet<String>>,
    proofs: &'a Proofs,
}

impl<'a> BlockerProver<'a> {
    /// For the services of a tree and those that are deployed.
    pub(super) fn between(tree: &Services, deployed: &Services, proofs: &'a Proofs) -> Self {
        let mut publishers: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for name in deployed.values().chain(tree.values()).flat_map(|contract| contract.publishes.keys()) {
            publishers.entry(name.event.clone()).or_default().insert(name.service.clone());
        }
        Self { publishers, proofs }
    }

    /// The readers that break with the services `next` and do not break with `now`.
    pub(super) fn new_blockers(&self, now: &Services, next: &Services) -> Vec<Blocker> {
        let known = self.blockers(now);
        self.blockers(next).into_iter().filter(|blocker| !known.contains(blocker)).collect()
    }

    fn blockers(&self, services: &Services) -> Vec<Blocker> {
        let mut blockers = Vec::new();
        for (service, contract) in services {
            let mut versions: BTreeMap<&str, Vec<(&str, &Read)>> = BTreeMap::new();
            for ((job, detail_type), read) in &contract.reads {
                let event = detail_type.split('.').next().unwrap_or_default();
                versions.entry(event).or_default().push((detail_type, read));
                blockers.extend(self.unreadable(services, &format!("{service}/{job}"), detail_type, read));
            }
            for (event, reads) in versions {
                blockers.extend(self.missing_events(services, service, event, &reads));
            }
        }
        blockers
    }

    /// The events that a job cannot read, one for each publisher that its rule selects.
    fn unreadable<'b>(
        &'b self,
        services: &'b Services,
        reader: &'b str,
        detail_type: &'b str,
        read: &'b Read,
    ) -> impl Iterator<Item = Blocker> {
        let selected = published(services)
            .filter(move |(name, _)| name.detail_type() == detail_type && read.selects(&name.source()));
        selected.filter_map(move |(name, writer)| {
            let (why, witness) = match self.proofs.reads(writer, &read.schema) {
                Answer::Always => return None,
                Answer::Refuted { reason, witness, .. } => (reason, Some(witness)),
                Answer::Unknown { reason, .. } => (format!("not proven: {reason}"), None),
            };
            let reason = format!("it cannot read every {name}: {why}");
            Some(Blocker { reader: reader.to_owned(), event: name.to_string(), reason, witness })
        })
    }

    /// A service that reads an event must get it in some version, once its publishers are deployed. One of several
    /// publishers may stop publishing the event, but none may publish only versions that the service does not read.
    fn missing_events(&self, services: &Services, service: &str, event: &str, reads: &[(&str, &Read)]) -> Vec<Blocker> {
        let selects = |publisher: &str| {
            let source = format!("busline.{publisher}");
            reads.iter().any(|(_, read)| read.selects(&source))
        };
        let publishers = self.publishers.get(event).into_iter().flatten();
        let publishers: Vec<&String> =
            publishers.filter(|publisher| services.contains_key(*publisher) && selects(publisher)).collect();
        let versions = |publisher: &str| -> Vec<String> {
            let own = services[publisher].publishes.keys().filter(|name| name.event == event);
            own.map(EventName::detail_type).collect()
        };
        let none_publishes = publishers.iter().all(|publisher| versions(publisher).is_empty());
        let is_read = |version: &String| reads.iter().any(|(detail_type, _)| detail_type == version);
        let missing = publishers.into_iter().filter(|publisher| {
            let versions = versions(publisher);
            if versions.is_empty() { none_publishes } else { !versions.iter().any(is_read) }
        });
        let blocker = |publisher: &String| {
            let read: BTreeSet<&str> = reads.iter().map(|(detail_type, _)| *detail_type).collect();
            let read: Vec<&str> = read.into_iter().collect();
            let published = versions(publisher);
            let published = if published.is_empty() { "nothing of it".to_owned() } else { published.join(", ") };
            let reason =
                format!("it reads {} and would get no such event: {publisher} publishes {published}", read.join(", "));
            Blocker { reader: service.to_owned(), event: format!("{publisher}/{event}"), reason, witness: None }
        };
        missing.map(blocker).collect()
    }
}

fn published(services: &Services) -> impl Iterator<Item = (&EventName, &Value)> {
    services.values().flat_map(|contract| &contract.publishes)
}
