//! Everything that a repository states about its contracts, in one value that checks read and tests change.

pub mod base;
pub mod retention;
pub mod tree;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde_json::Value;

use self::retention::Archive;
use self::tree::Tree;
use crate::code::CodeSchemas;
use crate::compat::source;
use crate::exceptions::Exceptions;
use crate::topology::{Rule, Service, State};
use crate::versions::{self, Version, Versions};
use crate::{template, words};

/// Where the reviewed exceptions are written down that are of no single service; a service has its own
/// `services/<service>/exceptions.yaml`.
pub const EXCEPTIONS: &str = "contracts/exceptions.yaml";
/// The template of the bus and its archive.
pub const BUS: &str = "infra/bus.yaml";

/// The name of one event version, such as `todos/TodoCreated/v1`. Several services can publish events of one name:
/// each of them has its own schema, and the bus's `source` tells them apart.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventName {
    /// The service that publishes it.
    pub service: String,
    /// The event's name in the past tense.
    pub event: String,
    /// Its version, from 1.
    pub version: u32,
}

impl EventName {
    /// Reads a name of the form `<service>/<Event>/v<N>`; none when the text is not exactly that.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('/');
        let (service, event, version) = (parts.next()?, parts.next()?, parts.next()?);
        let version = version.strip_prefix('v')?.parse().ok().filter(|version| *version > 0)?;
        let name = Self { service: service.into(), event: event.into(), version };
        // There is one way to write each name: neither `v01` nor an empty part is valid.
        let is_whole = parts.next().is_none() && !service.is_empty() && !event.is_empty();
        (is_whole && name.to_string() == text).then_some(name)
    }

    /// The bus's `source` of the event: `busline.<service>`.
    #[must_use]
    pub fn source(&self) -> String {
        format!("busline.{}", self.service)
    }

    /// The bus's `detail-type` of the event: `<Event>.v<N>`.
    #[must_use]
    pub fn detail_type(&self) -> String {
        format!("{}.v{}", self.event, self.version)
    }

    /// The path of its schema from the repository's root.
    #[must_use]
    pub fn schema_file(&self) -> String {
        format!("events/schemas/{self}.json")
    }

    /// The path of its first example from the repository's root.
    #[must_use]
    pub fn example_file(&self) -> String {
        format!("events/examples/{self}.json")
    }

    /// The name of its Rust type, such as `TodoCreatedV1`.
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

/// The schema of what one job reads of one event version.
#[derive(Clone, Debug, PartialEq)]
pub struct Reader {
    /// The service that the job belongs to.
    pub service: String,
    /// The job: the `Handler` of its function.
    pub job: String,
    /// The event's detail type, which the file's name gives: `<Event>.v<N>`.
    pub detail_type: String,
    /// The path of the schema's file from the repository's root.
    pub file: String,
    /// The schema of what the job needs in the event's `detail`.
    pub schema: Value,
}

impl Reader {
    /// `<service>/<job>`, the name of the reader in messages.
    #[must_use]
    pub fn subject(&self) -> String {
        format!("{}/{}", self.service, self.job)
    }
}

/// An example of one event version: a whole bus event.
#[derive(Clone, Debug, PartialEq)]
pub struct Example {
    /// The path of the example's file from the repository's root.
    pub file: String,
    /// The bus event with source, detail type and detail.
    pub event: Value,
}

/// A file that does not hold what its path requires.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unreadable {
    /// The file's path from the repository's root.
    pub file: String,
    /// What is wrong with it.
    pub reason: String,
}

/// Everything that a repository states about its contracts.
#[derive(Clone, Debug, PartialEq)]
pub struct Repository {
    /// The text of each file.
    pub tree: Tree,
    /// What the code gives; none for another commit, because its code is not compiled.
    pub code: Option<CodeSchemas>,
    /// The services by name.
    pub services: BTreeMap<String, Service>,
    /// The schemas of what the publishers write.
    pub schemas: BTreeMap<EventName, Value>,
    /// The examples of each version.
    pub examples: BTreeMap<EventName, Vec<Example>>,
    /// The readers of all services, by path of their files.
    pub readers: Vec<Reader>,
    /// Which versions are released and retired.
    pub releases: BTreeMap<EventName, Version>,
    /// The reviewed exceptions, from [`EXCEPTIONS`].
    pub exceptions: Exceptions,
    /// How long the archive keeps events.
    pub archive: Archive,
    /// Files that could not be read.
    pub unreadable: Vec<Unreadable>,
}

impl Repository {
    /// Interprets the files of a tree. Those that cannot be read are listed in `unreadable`, for the checks to report.
    #[must_use]
    pub fn new(tree: Tree, code: Option<CodeSchemas>) -> Self {
        let mut repository = Self {
            code,
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
        repository.read_links(&tree);
        repository.read_services(&tree);
        repository.read_schemas(&tree);
        repository.read_examples(&tree);
        repository.read_readers(&tree);
        repository.read_releases(&tree);
        repository.read_exceptions(&tree);
        repository.read_others(&tree);
        repository.tree = tree;
        repository
    }

    /// The versions that are published now, sorted by name.
    pub fn published(&self) -> impl Iterator<Item = (&EventName, &Value)> {
        let retired = |name: &EventName| self.releases.get(name).is_some_and(|release| release.retired.is_some());
        self.schemas.iter().filter(move |(name, _)| !retired(name))
    }

    /// The rules of all services, each with its service.
    pub fn rules(&self) -> impl Iterator<Item = (&Service, &Rule)> {
        self.services.values().flat_map(|service| service.rules.iter().map(move |rule| (service, rule)))
    }

    /// The readers of an event version.
    pub fn readers_of<'a>(&'a self, name: &'a EventName) -> impl Iterator<Item = &'a Reader> {
        let candidates = self.readers.iter().filter(|reader| reader.detail_type == name.detail_type());
        candidates.filter(move |reader| self.events_of(reader).contains(&name))
    }

    /// The event versions that a reader gets: those of its detail type, one for each publisher that a rule of its job
    /// selects. Without such a rule, those of every publisher: any of them can be in a queue or the archive.
    #[must_use]
    pub fn events_of(&self, reader: &Reader) -> Vec<&EventName> {
        let named: Vec<&EventName> =
            self.schemas.keys().filter(|name| name.detail_type() == reader.detail_type).collect();
        let selected: Vec<&EventName> = named.iter().copied().filter(|name| self.delivers(reader, name)).collect();
        if selected.is_empty() { named } else { selected }
    }

    /// Whether a rule, on or off, selects an event version for a reader's job, also one that has no schema here.
    #[must_use]
    pub fn delivers(&self, reader: &Reader, name: &EventName) -> bool {
        reader.detail_type == name.detail_type()
            && self.rules_of(reader).any(|rule| rule.selects(&name.source(), &name.detail_type()))
    }

    /// The rules of a reader's job.
    pub fn rules_of<'a>(&'a self, reader: &'a Reader) -> impl Iterator<Item = &'a Rule> {
        let rules = self.services.get(&reader.service).into_iter().flat_map(|service| &service.rules);
        rules.filter(|rule| rule.job == reader.job)
    }

    /// Whether a rule that is on gives a reader's job an event that it reads.
    #[must_use]
    pub fn has_rule(&self, reader: &Reader) -> bool {
        let events = self.events_of(reader);
        let selects = |rule: &Rule| events.iter().any(|name| rule.selects(&name.source(), &name.detail_type()));
        self.rules_of(reader).any(|rule| rule.state == State::Enabled && selects(rule))
    }

    /// The path of a service's template.
    #[must_use]
    pub fn template_file(service: &str) -> String {
        format!("services/{service}/template.yaml")
    }

    fn read_services(&mut self, tree: &Tree) {
        let set = parameters_of_environments(tree);
        for (path, _) in tree.below("services") {
            let Some((service, "template.yaml")) = path.trim_start_matches("services/").split_once('/') else {
                continue;
            };
            match tree.template(path) {
                Ok(template) => {
                    let is_set = |parameter: &str| set.contains(&(service.to_owned(), parameter.to_owned()));
                    let template = template::resolve(template, is_set);
                    self.services.insert(service.to_owned(), Service::from_template(service, &template));
                }
                Err(error) => self.add_unreadable(path, words::chain(&error)),
            }
        }
    }

    fn read_schemas(&mut self, tree: &Tree) {
        for (path, text) in tree.below("events/schemas").filter(|(path, _)| *path != versions::FILE) {
            let Some(name) = stem(path, "events/schemas/").and_then(EventName::parse) else {
                self.add_unreadable(path, "its path is not events/schemas/<service>/<Event>/v<N>.json".into());
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
                self.add_unreadable(path, "its path is not events/examples/<service>/<Event>/v<N>.json".into());
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
                        None => self.add_unreadable(versions::FILE, format!("`{name}` is not <service>/<Event>/v<N>")),
                    }
                }
            }
            Err(error) => {
                self.add_unreadable(versions::FILE, format!("it is not a table of versions and their dates: {error}"));
            }
        }
    }

    fn read_exceptions(&mut self, tree: &Tree) {
        let of_services = tree.below("services").filter(|(path, _)| is_exceptions_of_service(path));
        for (path, text) in tree.text(EXCEPTIONS).map(|text| (EXCEPTIONS, text)).into_iter().chain(of_services) {
            match Exceptions::parse(path, text) {
                Ok(exceptions) => {
                    for foreign in exceptions.all.iter().filter(|exception| !is_own(path, &exception.subject)) {
                        let problem = format!("`{}` is not of this service: its owner accepts it", foreign.subject);
                        self.add_unreadable(path, problem);
                    }
                    self.exceptions.all.extend(exceptions.all);
                }
                Err(error) => self.add_unreadable(path, error.to_string()),
            }
        }
    }

    /// Files that are no regular ones: what they lead to is not what the commit holds.
    fn read_links(&mut self, tree: &Tree) {
        for (path, kind) in tree.irregular() {
            self.add_unreadable(path, format!("it is {kind}: contracts are regular files of the repository"));
        }
    }

    /// The files that hold no contract by themselves, such as values of environments and OpenAPI documents.
    fn read_others(&mut self, tree: &Tree) {
        let known: BTreeSet<String> = self.unreadable.iter().map(|unreadable| unreadable.file.clone()).collect();
        for (path, text) in tree.all().filter(|(path, _)| !known.contains(*path)) {
            let error = match tree::extension(path) {
                Some("yaml") => template::parse(text).err().map(|error| error.to_string()),
                Some("json") => source::read(text).err().map(|error| error.to_string()),
                _ => None,
            };
            if let Some(error) = error {
                self.add_unreadable(path, format!("it cannot be read: {error}"));
            }
        }
    }

    fn json(&mut self, path: &str, text: &str) -> Option<Value> {
        source::read(text).map_err(|error| self.add_unreadable(path, format!("it is not valid JSON: {error}"))).ok()
    }

    fn add_unreadable(&mut self, file: &str, reason: String) {
        self.unreadable.push(Unreadable { file: file.to_owned(), reason });
    }
}

/// The parameters that an environment's file gives a value, each with its stack.
pub(crate) fn parameters_of_environments(tree: &Tree) -> BTreeSet<(String, String)> {
    let files = tree.below("infra/environments").filter_map(|(_, text)| template::parse(text).ok());
    let mut set = BTreeSet::new();
    for file in files {
        for (stack, parameters) in template::entries(&file) {
            set.extend(template::entries(parameters).map(|(name, _)| (stack.clone(), name.clone())));
        }
    }
    set
}

/// Whether a path is `services/<service>/exceptions.yaml`.
fn is_exceptions_of_service(path: &str) -> bool {
    path.split('/').count() == 3 && path.ends_with("/exceptions.yaml")
}

/// Whether a service's file of exceptions may hold an exception for this subject.
fn is_own(path: &str, subject: &str) -> bool {
    let Some(service) = path.strip_prefix("services/").and_then(|rest| rest.split('/').next()) else { return true };
    let rest = subject.strip_prefix(service);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/') || rest.starts_with(" of "))
}

fn stem<'a>(path: &'a str, folder: &str) -> Option<&'a str> {
    path.strip_prefix(folder)?.strip_suffix(".json")
}
