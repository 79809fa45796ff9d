//! What is deployed, as parameters of SSM's parameter store: one a schema, below one path a service.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Promises;
use crate::repository::EventName;

/// The most bytes of a standard parameter's value.
///
/// <https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-advanced-parameters.html>
pub const LARGEST_VALUE: usize = 4_096;

/// The folder, below a service's path, that the records are in.
const FOLDER: &str = "contracts";

const FORCED: &str = "forced";

/// A deployment that went through although it hurts someone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Forced {
    /// When, in UTC.
    pub at: jiff::Timestamp,
    /// Why, as its author said.
    pub reason: String,
    /// Whom it hurt, as far as it fits.
    pub hurt: Vec<String>,
}

/// The path below which a service's records are.
#[must_use]
pub fn folder(env: &str, service: &str) -> String {
    format!("/busline/{env}/{service}/{FOLDER}/")
}

/// The parameters that record what a service promises, by name.
#[must_use]
pub fn parameters(env: &str, service: &str, promises: &Promises) -> BTreeMap<String, String> {
    let folder = folder(env, service);
    let publishes =
        promises.publishes.iter().map(|(name, schema)| (format!("{folder}publishes/{}", name.detail_type()), schema));
    let reads = promises.reads.iter().map(|((job, read), schema)| (format!("{folder}reads/{job}/{read}"), schema));
    let keeps = promises.keeps.iter().map(|((job, read), schema)| (format!("{folder}keeps/{job}/{read}"), schema));
    publishes.chain(reads).chain(keeps).map(|(name, schema)| (name, schema.to_string())).collect()
}

/// The parameter that records a forced deployment.
#[must_use]
pub fn forced_parameter(env: &str, service: &str) -> String {
    format!("{}{FORCED}", folder(env, service))
}

/// A forced deployment's record, cut to what a parameter holds.
///
/// # Errors
/// When it is no JSON, which a text always is.
pub fn forced_value(forced: &Forced) -> Result<String, serde_json::Error> {
    let mut forced = forced.clone();
    loop {
        let value = serde_json::to_string(&forced)?;
        if value.len() <= LARGEST_VALUE {
            return Ok(value);
        }
        if forced.hurt.pop().is_none() {
            forced.reason = forced.reason.chars().take(500).collect();
        }
    }
}

/// What the parameters of an environment record.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Recorded {
    /// The services that were deployed and recorded.
    pub services: BTreeMap<String, Promises>,
    /// Deployments that were forced, by service.
    pub forced: BTreeMap<String, Forced>,
}

/// Reads the records among an environment's parameters; others are passed over.
///
/// # Errors
/// When a record is not what it should be.
pub fn read<'a>(env: &str, parameters: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Recorded, RecordError> {
    let mut recorded = Recorded::default();
    let root = format!("/busline/{env}/");
    for (path, value) in parameters {
        let Some((service, rest)) = path.strip_prefix(&root).and_then(|rest| rest.split_once('/')) else { continue };
        let Some(rest) = rest.strip_prefix(FOLDER).and_then(|rest| rest.strip_prefix('/')) else { continue };
        recorded.add(service, rest, value).ok_or_else(|| RecordError(path.to_owned()))?;
    }
    Ok(recorded)
}

impl Recorded {
    fn add(&mut self, service: &str, rest: &str, value: &str) -> Option<()> {
        if rest == FORCED {
            self.forced.insert(service.to_owned(), serde_json::from_str(value).ok()?);
            return Some(());
        }
        let schema: Value = serde_json::from_str(value).ok()?;
        let promises = self.services.entry(service.to_owned()).or_default();
        match rest.split('/').collect::<Vec<_>>()[..] {
            ["publishes", detail_type] => {
                let (event, version) = detail_type.rsplit_once(".v")?;
                let name =
                    EventName { service: service.to_owned(), event: event.to_owned(), version: version.parse().ok()? };
                promises.publishes.insert(name, schema);
            }
            ["reads", job, detail_type] => {
                promises.reads.insert((job.to_owned(), detail_type.to_owned()), schema);
            }
            ["keeps", job, detail_type] => {
                promises.keeps.insert((job.to_owned(), detail_type.to_owned()), schema);
            }
            _ => return None,
        }
        Some(())
    }
}

/// A parameter that is no record.
#[derive(Debug, thiserror::Error)]
#[error("the parameter {0} does not record a contract: delete it, or deploy its service again")]
pub struct RecordError(String);
