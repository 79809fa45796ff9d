//! All that a repository says of its contracts, in one value that checks look at and tests change.

pub mod base;
pub mod retention;
pub mod tree;

use std::collections::BTreeMap;
use std::fmt;

use events::catalog;
use serde_json::Value;

use self::retention::Archive;
use self::tree::Tree;
use crate::exceptions::Exceptions;
use crate::topology::{Rule, Service, State};
use crate::versions::{self, Version, Versions};

/// Where the reviewed exceptions are written down.
pub const EXCEPTIONS: &str = "contracts/exceptions.yaml";
/// The template of the bus and its archive.
pub const BUS: &str = "infra/bus.yaml";

/// The name of one event version, such as `todos/TodoCreated/v1`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventName {
    /// The service that publishes it.
    pub service: String,
    /// Its name in the past tense.
    pub event: String,
    /// Its version, from 1.
    pub version: u32,
}

impl EventName {
    /// Reads `<service>/<Event>/v<N>`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('/');
        let (service, event, version) = (parts.next()?, parts.next()?, parts.next()?);
        let version = version.strip_prefix('v')?.parse().ok().filter(|version| *version > 0)?;
        let name = Self { service: service.into(), event: event.into(), version };
        // Each has one name: `v01` is none, nor is an empty part.
        let is_whole = parts.next().is_none() && !service.is_empty() && !event.is_empty();
        (is_whole && name.to_string() == text).then_some(name)
    }

    /// The bus's `source` of it.
    #[must_use]
    pub fn source(&self) -> String {
        format!("busline.{}", self.service)
    }

    /// The bus's `detail-type` of it.
    #[must_use]
    pub fn detail_type(&self) -> String {
        format!("{}.v{}", self.event, self.version)
    }

    /// Its schema's file.
    #[must_use]
    pub fn schema_file(&self) -> String {
        format!("events/schemas/{self}.json")
    }

    /// Its first example's file.
    #[must_use]
    pub fn example_file(&self) -> String {
        format!("events/examples/{self}.json")
    }

    /// The name of its Rust type.
    #[must_use]
    pub fn type_name(&self) -> String {
        format!("{}V{}", self.event, self.version)
    }
}

impl fmt::Display for EventName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/v{}", self.service, self.event, self.version)
    }
}

/// What the Rust types say of one event version.
#[derive(Clone, Debug, PartialEq)]
pub struct TypeDocument {
    /// Its schema's name, as the envelope carries it.
    pub schema: String,
    /// The bus's `source`, as the publisher sends it.
    pub source: String,
    /// The bus's `detail-type`, as the publisher sends it.
    pub detail_type: String,
    /// The JSON Schema of its `detail`.
    pub document: Value,
}

/// The types that this program was compiled with.
#[must_use]
pub fn compiled_types() -> Vec<TypeDocument> {
    let document = |event: catalog::EventType| TypeDocument {
        document: event.document(),
        schema: event.schema,
        source: event.source,
        detail_type: event.detail_type,
    };
    catalog::all().into_iter().map(document).collect()
}

/// The schema of what one job reads of one event version.
#[derive(Clone, Debug, PartialEq)]
pub struct Reader {
    /// The service whose job it is.
    pub service: String,
    /// The job.
    pub job: String,
    /// The event, as the job's file names it: `<Event>.v<N>`.
    pub detail_type: String,
    /// Its file.
    pub file: String,
    /// The schema.
    pub schema: Value,
}

impl Reader {
    /// Service and job.
    #[must_use]
    pub fn subject(&self) -> String {
        format!("{}/{}", self.service, self.job)
    }
}

/// A whole bus event that stands for one event version.
#[derive(Clone, Debug, PartialEq)]
pub struct Example {
    /// Its file.
    pub file: String,
    /// The event.
    pub event: Value,
}

/// A file that is not what its place promises.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unreadable {
    /// Which.
    pub file: String,
    /// Why.
    pub reason: String,
}

/// All that a repository says of its contracts.
#[derive(Clone, Debug, PartialEq)]
pub struct Repository {
    /// The files themselves.
    pub tree: Tree,
    /// What the Rust types say; none where they were not compiled, as in another commit.
    pub types: Option<Vec<TypeDocument>>,
    /// The services by name.
    pub services: BTreeMap<String, Service>,
    /// The publishers' schemas.
    pub schemas: BTreeMap<EventName, Value>,
    /// The examples of each version.
    pub examples: BTreeMap<EventName, Vec<Example>>,
    /// What the jobs read.
    pub readers: Vec<Reader>,
    /// Which versions are released and retired.
    pub releases: BTreeMap<EventName, Version>,
    /// The reviewed exceptions.
    pub exceptions: Exceptions,
    /// How long the archive keeps events.
    pub archive: Archive,
    /// Files that could not be read.
    pub unreadable: Vec<Unreadable>,
}

impl Repository {
    /// Makes sense of a tree. What makes none is kept in `unreadable`, for the checks to report.
    #[must_use]
    pub fn of(tree: Tree, types: Option<Vec<TypeDocument>>) -> Self {
        let mut repository = Self {
            types,
            services: BTreeMap::new(),
            schemas: BTreeMap::new(),
            examples: BTreeMap::new(),
            readers: Vec::new(),
            releases: BTreeMap::new(),
            exceptions: Exceptions::default(),
            archive: retention::archive(&tree),
            unreadable: Vec::new(),
            tree: Tree::default(),
        };
        repository.read_services(&tree);
        repository.read_schemas(&tree);
        repository.read_examples(&tree);
        repository.read_readers(&tree);
        repository.read_releases(&tree);
        repository.read_exceptions(&tree);
        repository.tree = tree;
        repository
    }

    /// The versions that are published now, by the order of their names.
    pub fn published(&self) -> impl Iterator<Item = (&EventName, &Value)> {
        let retired = |name: &EventName| self.releases.get(name).is_some_and(|release| release.retired.is_some());
        self.schemas.iter().filter(move |(name, _)| !retired(name))
    }

    /// The rules of all services, each with its service.
    pub fn rules(&self) -> impl Iterator<Item = (&Service, &Rule)> {
        self.services.values().flat_map(|service| service.rules.iter().map(move |rule| (service, rule)))
    }

    /// The readers of an event version: those of its name whose job has no rule for another publisher's.
    pub fn readers_of<'a>(&'a self, name: &'a EventName) -> impl Iterator<Item = &'a Reader> {
        self.readers.iter().filter(|reader| self.event_of(reader).as_ref() == Some(name))
    }

    /// The event version that a reader is for; none when there is no schema of its name.
    #[must_use]
    pub fn event_of(&self, reader: &Reader) -> Option<EventName> {
        let named = || self.schemas.keys().filter(|name| name.detail_type() == reader.detail_type);
        let rules = || self.services.get(&reader.service).into_iter().flat_map(|service| &service.rules);
        let has_rule = |name: &&EventName| {
            rules().any(|rule| rule.job == reader.job && rule.selects(&name.source(), &name.detail_type()))
        };
        named().find(has_rule).or_else(|| named().next()).cloned()
    }

    /// Whether a rule gives a reader's job the event that it reads.
    #[must_use]
    pub fn has_rule(&self, reader: &Reader) -> bool {
        let Some(name) = self.event_of(reader) else { return false };
        let rules = self.services.get(&reader.service).into_iter().flat_map(|service| &service.rules);
        rules
            .filter(|rule| rule.job == reader.job && rule.state == State::Enabled)
            .any(|rule| rule.selects(&name.source(), &name.detail_type()))
    }

    /// A service's template.
    #[must_use]
    pub fn template_file(service: &str) -> String {
        format!("services/{service}/template.yaml")
    }

    fn read_services(&mut self, tree: &Tree) {
        for (path, text) in tree.below("services") {
            let Some((service, "template.yaml")) = path.trim_start_matches("services/").split_once('/') else {
                continue;
            };
            match Service::parse(service, text) {
                Ok(parsed) => drop(self.services.insert(service.to_owned(), parsed)),
                Err(error) => self.refuse(path, format!("it is no template: {error}")),
            }
        }
    }

    fn read_schemas(&mut self, tree: &Tree) {
        for (path, text) in tree.below("events/schemas").filter(|(path, _)| *path != versions::FILE) {
            let Some(name) = stem(path, "events/schemas/").and_then(EventName::parse) else {
                self.refuse(path, "its place is not events/schemas/<service>/<Event>/v<N>.json".into());
                continue;
            };
            if let Some(schema) = self.json(path, text) {
                self.schemas.insert(name, schema);
            }
        }
    }

    fn read_examples(&mut self, tree: &Tree) {
        for (path, text) in tree.below("events/examples") {
            let name = stem(path, "events/examples/").map(|stem| stem.split_once('.').map_or(stem, |(name, _)| name));
            let Some(name) = name.and_then(EventName::parse) else {
                self.refuse(path, "its place is not events/examples/<service>/<Event>/v<N>.json".into());
                continue;
            };
            if let Some(event) = self.json(path, text) {
                self.examples.entry(name).or_default().push(Example { file: path.to_owned(), event });
            }
        }
    }

    fn read_readers(&mut self, tree: &Tree) {
        for (path, text) in tree.below("services") {
            let mut parts = path.split('/').skip(1);
            let (Some(service), Some("reads"), Some(job), Some(file), None) =
                (parts.next(), parts.next(), parts.next(), parts.next(), parts.next())
            else {
                continue;
            };
            let Some(detail_type) = file.strip_suffix(".json") else { continue };
            if let Some(schema) = self.json(path, text) {
                let (service, job, detail_type) = (service.to_owned(), job.to_owned(), detail_type.to_owned());
                self.readers.push(Reader { service, job, detail_type, file: path.to_owned(), schema });
            }
        }
    }

    fn read_releases(&mut self, tree: &Tree) {
        let Some(text) = tree.text(versions::FILE) else { return };
        match Versions::parse(text) {
            Ok(versions) => {
                for (name, version) in versions.0 {
                    match EventName::parse(&name) {
                        Some(name) => drop(self.releases.insert(name, version)),
                        None => self.refuse(versions::FILE, format!("`{name}` is not <service>/<Event>/v<N>")),
                    }
                }
            }
            Err(error) => self.refuse(versions::FILE, format!("it is no table of versions and their days: {error}")),
        }
    }

    fn read_exceptions(&mut self, tree: &Tree) {
        let Some(text) = tree.text(EXCEPTIONS) else { return };
        match Exceptions::parse(text) {
            Ok(exceptions) => self.exceptions = exceptions,
            Err(error) => self.refuse(EXCEPTIONS, error.to_string()),
        }
    }

    fn json(&mut self, path: &str, text: &str) -> Option<Value> {
        serde_json::from_str(text).map_err(|error| self.refuse(path, format!("it is no JSON: {error}"))).ok()
    }

    fn refuse(&mut self, file: &str, reason: String) {
        self.unreadable.push(Unreadable { file: file.to_owned(), reason });
    }
}

fn stem<'a>(path: &'a str, folder: &str) -> Option<&'a str> {
    path.strip_prefix(folder)?.strip_suffix(".json")
}
