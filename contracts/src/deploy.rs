//! Whether a service of this tree can be deployed to an environment now, next to the services that run there.
//!
//! Pure: the deployed contracts are an argument; [`record`] describes their form in SSM's parameter store. A deployment
//! may break no reader: each deployed reader must be able to read every event that is published from then on, and must
//! keep getting the events that it reads.

mod blockers;
mod decision;
mod describe;
mod minify;
mod plan;
pub mod record;

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::Serialize;
use serde_json::{Value, json};

use self::blockers::BlockerProver;
pub use self::decision::{Decision, decide};
use crate::proofs::Proofs;
use crate::repository::{EventName, Reader, Repository};
use crate::topology::selects;
use crate::window::{self, Arrival};

/// What one service publishes and reads.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ServiceContract {
    /// The schemas of its published events.
    pub publishes: BTreeMap<EventName, Value>,
    /// What its jobs get by their rules and read, by job and detail type.
    pub reads: BTreeMap<(String, String), Read>,
    /// The schemas of what its jobs still read from queues and the archive although no rule delivers it any more.
    pub keeps: BTreeMap<(String, String), Value>,
}

/// What one job reads of one detail type.
#[derive(Clone, Debug, PartialEq)]
pub struct Read {
    /// The schema of what the job needs in the event's `detail`.
    pub schema: Value,
    /// The values of `source` in the patterns of the job's rules: several publishers can send one detail type.
    pub sources: Vec<Value>,
}

/// The contracts of services by the name of the service.
pub type Services = BTreeMap<String, ServiceContract>;

/// Whether a service can be deployed.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "verdict", rename_all = "kebab-case")]
pub enum Verdict {
    /// It can be deployed now.
    Yes,
    /// It cannot be deployed now, but after others.
    No {
        /// The readers that it would break now.
        blockers: Vec<Blocker>,
        /// The services to deploy one after the other; the service itself is the last.
        order: Vec<String>,
    },
    /// No order of the services in this tree works.
    Impossible {
        /// The readers that it would break now.
        blockers: Vec<Blocker>,
        /// Why each order breaks a reader.
        proof: Vec<String>,
        /// Steps that would work; some of them need changes that are not in this tree.
        steps: Vec<String>,
    },
    /// No deployed reader breaks, but checks of this tree do not hold.
    Failing,
}

impl Verdict {
    /// The readers that the deployment would break now.
    #[must_use]
    pub fn blockers(&self) -> &[Blocker] {
        match self {
            Self::No { blockers, .. } | Self::Impossible { blockers, .. } => blockers,
            Self::Yes | Self::Failing => &[],
        }
    }
}

/// Why a service cannot be deployed.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Blocker {
    /// The reader that would break: `<service>/<job>`, or a service.
    pub reader: String,
    /// The event, `<service>/<Event>/v<N>`, or `<service>/<Event>` where no version fits.
    pub event: String,
    /// What the reader could not read, or would no longer get.
    pub reason: String,
    /// An event's `detail` that shows it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub witness: Option<Value>,
}

/// The contracts of a tree's services: every version that is not retired and every reader, without annotations.
#[must_use]
pub fn service_contracts(repository: &Repository) -> Services {
    let mut services: Services =
        repository.services.keys().map(|name| (name.clone(), ServiceContract::default())).collect();
    for (name, schema) in repository.published() {
        if let Some(service) = services.get_mut(&name.service) {
            service.publishes.insert(name.clone(), minify::schema(schema));
        }
    }
    for reader in &repository.readers {
        if let Some(service) = services.get_mut(&reader.service) {
            let key = (reader.job.clone(), reader.detail_type.clone());
            let schema = minify::schema(&reader.schema);
            if repository.has_rule(reader) {
                service.reads.insert(key, Read { schema, sources: sources(repository, reader) });
            } else {
                service.keeps.insert(key, schema);
            }
        }
    }
    services
}

/// The sources that the rules of a reader's job select together with its detail type.
fn sources(repository: &Repository, reader: &Reader) -> Vec<Value> {
    let mut sources: Vec<Value> = Vec::new();
    for rule in repository.rules_of(reader) {
        for source in rule.pattern["source"].as_array().into_iter().flatten() {
            let alone = json!({"source": [source], "detail-type": rule.pattern["detail-type"]});
            let names = repository.schemas.keys().filter(|name| name.detail_type() == reader.detail_type);
            let is_live = names.into_iter().any(|name| selects(&alone, &name.source(), &name.detail_type()));
            if is_live && !sources.contains(source) {
                sources.push(source.clone());
            }
        }
    }
    sources
}

impl Read {
    /// Whether a rule of the job selects events of this source.
    #[must_use]
    pub fn selects(&self, source: &str) -> bool {
        let any = json!({"source": self.sources});
        self.sources.is_empty() || selects(&any, source, "")
    }
}

/// Whether two schemas differ only in annotations.
pub(crate) fn same_meaning(left: &Value, right: &Value) -> bool {
    minify::schema(left) == minify::schema(right)
}

/// Decides whether `service` of this tree can be deployed to an environment where `deployed` runs.
#[must_use]
pub fn verdict(repository: &Repository, deployed: &Services, service: &str, today: Date) -> Verdict {
    verdict_with(repository, deployed, service, today, &Proofs::default())
}

fn verdict_with(repository: &Repository, deployed: &Services, service: &str, today: Date, proofs: &Proofs) -> Verdict {
    let tree = service_contracts(repository);
    let prover = BlockerProver::between(&tree, deployed, proofs);
    let own = unreadable_arrivals(repository, deployed, &tree, service, today);
    let next = plan::with(deployed, &tree, service);
    let blockers: Vec<Blocker> = prover.new_blockers(deployed, &next).into_iter().chain(own.iter().cloned()).collect();
    if blockers.is_empty() {
        return Verdict::Yes;
    }
    let search = plan::Search { prover: &prover, deployed, tree: &tree };
    match search.order(service) {
        Some(order) if own.is_empty() => Verdict::No { blockers, order },
        _ => {
            let mut steps = search.steps(service);
            steps.extend(
                own.iter().map(|blocker| format!("keep {} reading {} until then", blocker.reader, blocker.event)),
            );
            Verdict::Impossible { blockers, proof: search.proof(service), steps }
        }
    }
}

/// The versions that the service would no longer read although they can still arrive. No order of deployments helps.
fn unreadable_arrivals(
    repository: &Repository,
    deployed: &Services,
    tree: &Services,
    service: &str,
    today: Date,
) -> Vec<Blocker> {
    let rows = window::kept_rows(repository, today).into_iter().filter(|row| row.service == service && !row.passes());
    let mut blockers: Vec<Blocker> = rows.filter_map(|row| unreadable(&row)).collect();
    let reads = |services: &Services, detail_type: &str| {
        let all =
            services.get(service).into_iter().flat_map(|contract| contract.reads.keys().chain(contract.keeps.keys()));
        all.into_iter().any(|(_, read)| read == detail_type)
    };
    let versions = repository
        .schemas
        .keys()
        .filter(|name| reads(deployed, &name.detail_type()) && !reads(tree, &name.detail_type()));
    for name in versions {
        let until = match window::last_day(repository, service, name) {
            Some(last) if last < today => continue,
            Some(last) => format!("until {last}"),
            None => "as long as it is published, and then as long as a queue or the archive keeps it".to_owned(),
        };
        let reason = format!("it reads {name} now and would no longer read it; such events can still arrive {until}");
        let known = blockers.iter().any(|blocker| blocker.event == name.to_string());
        if !known {
            blockers.push(Blocker { reader: service.to_owned(), event: name.to_string(), reason, witness: None });
        }
    }
    blockers
}

fn unreadable(row: &window::Row) -> Option<Blocker> {
    let when = match &row.arrival {
        // Published versions are compared with the deployed readers, not with those of the tree.
        Arrival::Published => return None,
        Arrival::Kept { until: Some(until), by, .. } => format!("it can arrive until {until} ({by})"),
        Arrival::Kept { until: None, by, .. } => format!("it can always arrive ({by})"),
    };
    let (reader, why, witness) = match &row.outcome {
        window::Outcome::Readable => return None,
        window::Outcome::Unread => (row.service.clone(), "no job reads it".to_owned(), None),
        window::Outcome::Refused { job, reason, witness } => {
            (format!("{}/{job}", row.service), reason.clone(), Some(witness.clone()))
        }
        window::Outcome::Unknown { job, reason } => {
            (format!("{}/{job}", row.service), format!("not proven: {reason}"), None)
        }
    };
    Some(Blocker { reader, event: row.event.clone(), reason: format!("{why}; {when}"), witness })
}
