//! The deployed contracts as parameters of SSM's parameter store: one for each schema, under one path for each service.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Read, ServiceContract};
use crate::repository::EventName;

/// The largest value of a standard parameter, in bytes.
///
/// <https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-advanced-parameters.html>
pub const MAX_VALUE_BYTES: usize = 4_096;

/// The folder, below a service's path, that the records are in.
const FOLDER: &str = "contracts";

const FORCED: &str = "forced";

/// The members of the record of what a job reads.
const SOURCES: &str = "sources";
const SCHEMA: &str = "schema";

/// A deployment that was made although it breaks readers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Forced {
    /// The time in UTC.
    pub at: jiff::Timestamp,
    /// The reason that its author gave.
    pub reason: String,
    /// The readers that it breaks, as many as fit.
    #[serde(rename = "hurt")]
    pub broken_readers: Vec<String>,
}

/// The path below which a service's records are.
#[must_use]
pub fn path(env: &str, service: &str) -> String {
    format!("/busline/{env}/{service}/{FOLDER}/")
}

/// The parameters that record a service's contract, by name.
#[must_use]
pub fn parameters(env: &str, service: &str, contract: &ServiceContract) -> BTreeMap<String, String> {
    let folder = path(env, service);
    let publishes =
        contract.publishes.iter().map(|(name, schema)| (format!("{folder}publishes/{}", name.detail_type()), schema));
    let keeps = contract.keeps.iter().map(|((job, read), schema)| (format!("{folder}keeps/{job}/{read}"), schema));
    let mut parameters: BTreeMap<String, String> =
        publishes.chain(keeps).map(|(name, schema)| (name, schema.to_string())).collect();
    for ((job, detail_type), read) in &contract.reads {
        let value = json!({ SOURCES: read.sources, SCHEMA: read.schema });
        parameters.insert(format!("{folder}reads/{job}/{detail_type}"), value.to_string());
    }
    parameters
}

/// The parameter that records a forced deployment.
#[must_use]
pub fn forced_parameter(env: &str, service: &str) -> String {
    format!("{}{FORCED}", path(env, service))
}

/// A forced deployment's record, shortened to what a parameter holds.
///
/// # Errors
/// Never: the values are texts and a time, which JSON can hold.
pub fn forced_value(forced: &Forced) -> Result<String, serde_json::Error> {
    let mut forced = forced.clone();
    loop {
        let value = serde_json::to_string(&forced)?;
        if value.len() <= MAX_VALUE_BYTES {
            return Ok(value);
        }
        if forced.broken_readers.pop().is_none() {
            forced.reason = forced.reason.chars().take(500).collect();
        }
    }
}

/// The contracts that the parameters of an environment record.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Recorded {
    /// The services that were deployed and recorded.
    pub services: BTreeMap<String, ServiceContract>,
    /// Deployments that were forced, by service.
    pub forced: BTreeMap<String, Forced>,
}

/// Reads the records among an environment's parameters; other parameters are ignored.
///
/// # Errors
/// When the name or the value of a record is not valid.
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
        let contract = self.services.entry(service.to_owned()).or_default();
        match rest.split('/').collect::<Vec<_>>()[..] {
            ["publishes", detail_type] => {
                let (event, version) = detail_type.rsplit_once(".v")?;
                let name =
                    EventName { service: service.to_owned(), event: event.to_owned(), version: version.parse().ok()? };
                contract.publishes.insert(name, schema);
            }
            ["reads", job, detail_type] => {
                let read = read_from(schema)?;
                contract.reads.insert((job.to_owned(), detail_type.to_owned()), read);
            }
            ["keeps", job, detail_type] => {
                contract.keeps.insert((job.to_owned(), detail_type.to_owned()), schema);
            }
            _ => return None,
        }
        Some(())
    }
}

/// What a job reads, with its sources; a record without them is the schema itself, for the one publisher that it names.
fn read_from(mut value: Value) -> Option<Read> {
    if value[SOURCES].is_null() {
        return Some(Read { schema: value, sources: Vec::new() });
    }
    let sources = value[SOURCES].as_array()?.clone();
    Some(Read { schema: value.get_mut(SCHEMA)?.take(), sources })
}

/// A parameter below a service's `contracts/` that is not a valid record.
#[derive(Debug, thiserror::Error)]
#[error("the parameter {0} does not record a contract: delete it, or deploy its service again")]
pub struct RecordError(String);
