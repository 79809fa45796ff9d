//! May a service of this tree go to an environment now, beside what is deployed there?
//!
//! Pure: what is deployed comes as a value, see [`record`] for its form in SSM's parameter store. A deployment may do no
//! new harm: a reader that is deployed must read every event that is emitted from then on, and must go on getting the
//! events that it reads.

mod harm;
mod minify;
mod plan;
pub mod record;
mod says;

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::Serialize;
use serde_json::Value;

use self::harm::Harm;
use crate::repository::{EventName, Repository};
use crate::window::{self, Comes};

/// What one service promises and expects.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Promises {
    /// The schemas of what it publishes.
    pub publishes: BTreeMap<EventName, Value>,
    /// The schemas of what its jobs get by their rules and read, by job and detail type.
    pub reads: BTreeMap<(String, String), Value>,
    /// The schemas of what no rule gives its jobs any longer and they still read, out of queues and the archive.
    pub keeps: BTreeMap<(String, String), Value>,
}

/// Services by name.
pub type Services = BTreeMap<String, Promises>;

/// The answer.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "verdict", rename_all = "kebab-case")]
pub enum Verdict {
    /// It may go now.
    Yes,
    /// Not now, and there is an order in which it may.
    No {
        /// Whom it would hurt now.
        blockers: Vec<Blocker>,
        /// What to deploy, one after the other, the service itself last.
        order: Vec<String>,
    },
    /// No order of the services in this tree works.
    Impossible {
        /// Whom it would hurt now.
        blockers: Vec<Blocker>,
        /// Why each order fails.
        proof: Vec<String>,
        /// What would work, with steps in between that this tree does not hold yet.
        steps: Vec<String>,
    },
}

/// Why a service may not go.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Blocker {
    /// Whom it hurts: `<service>/<job>`, or a service.
    pub reader: String,
    /// The event, `<service>/<Event>/v<N>`, or `<service>/<Event>` where no version fits.
    pub event: String,
    /// How, in words.
    pub reason: String,
    /// A `detail` that shows it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub witness: Option<Value>,
}

/// What the services of a tree promise: every version that is not retired, every reader, without annotations.
#[must_use]
pub fn promises(repository: &Repository) -> Services {
    let mut services: Services = repository.services.keys().map(|name| (name.clone(), Promises::default())).collect();
    for (name, schema) in repository.published() {
        if let Some(service) = services.get_mut(&name.service) {
            service.publishes.insert(name.clone(), minify::schema(schema));
        }
    }
    for reader in &repository.readers {
        if let Some(service) = services.get_mut(&reader.service) {
            let key = (reader.job.clone(), reader.detail_type.clone());
            let given = if repository.has_rule(reader) { &mut service.reads } else { &mut service.keeps };
            given.insert(key, minify::schema(&reader.schema));
        }
    }
    services
}

/// Whether two schemas differ in annotations alone.
pub(crate) fn same_meaning(left: &Value, right: &Value) -> bool {
    minify::schema(left) == minify::schema(right)
}

/// Decides whether `service` of this tree may go to an environment where `deployed` runs.
#[must_use]
pub fn verdict(repository: &Repository, deployed: &Services, service: &str, today: Date) -> Verdict {
    let tree = promises(repository);
    let harm = Harm::between(&tree, deployed);
    let own = out_of_reach(repository, deployed, &tree, service, today);
    let next = plan::with(deployed, &tree, service);
    let blockers: Vec<Blocker> = harm.new_harm(deployed, &next).into_iter().chain(own.iter().cloned()).collect();
    if blockers.is_empty() {
        return Verdict::Yes;
    }
    let search = plan::Search { harm: &harm, deployed, tree: &tree };
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

/// The versions that the service would not read any longer while they still can come: it depends on nobody's order.
fn out_of_reach(
    repository: &Repository,
    deployed: &Services,
    tree: &Services,
    service: &str,
    today: Date,
) -> Vec<Blocker> {
    let rows = window::of(repository, today).into_iter().filter(|row| row.service == service && !row.holds());
    let mut blockers: Vec<Blocker> = rows.filter_map(|row| unreadable(&row)).collect();
    let reads = |services: &Services, detail_type: &str| {
        let all =
            services.get(service).into_iter().flat_map(|promises| promises.reads.keys().chain(promises.keeps.keys()));
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
            None => "as long as it is published, and after that as long as it is kept".to_owned(),
        };
        let reason = format!("it read {name} until now and would not any longer; such events can still come {until}");
        let known = blockers.iter().any(|blocker| blocker.event == name.to_string());
        if !known {
            blockers.push(Blocker { reader: service.to_owned(), event: name.to_string(), reason, witness: None });
        }
    }
    blockers
}

fn unreadable(row: &window::Row) -> Option<Blocker> {
    let when = match &row.comes {
        // What is published now is judged against what is deployed, not against the tree.
        Comes::Published => return None,
        Comes::Kept { until: Some(until), by, .. } => format!("it can come until {until} ({by})"),
        Comes::Kept { until: None, by, .. } => format!("it can always come ({by})"),
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
