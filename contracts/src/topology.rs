//! Who publishes and who reads what, read from the services' templates: their roles and their rules.

mod grants;
mod rules;
pub(crate) mod template;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use self::template::entries;

/// Resources beside roles that give or take permissions.
const GRANTING: [&str; 7] = [
    "AWS::IAM::Policy",
    "AWS::IAM::ManagedPolicy",
    "AWS::IAM::RolePolicy",
    "AWS::IAM::UserPolicy",
    "AWS::IAM::GroupPolicy",
    "AWS::Events::EventBusPolicy",
    "AWS::Serverless::Connector",
];

/// Resources that bring others with them.
const ELSEWHERE: [&str; 2] = ["AWS::CloudFormation::Stack", "AWS::Serverless::Application"];

/// Resources that every environment must have for the proof to hold there.
const UNCONDITIONAL: [&str; 4] =
    ["AWS::IAM::Role", "AWS::Serverless::Function", "AWS::Events::Rule", "AWS::SQS::Queue"];

/// What one service's template says of the bus.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Service {
    /// The service's name, which is its folder's.
    pub name: String,
    /// The jobs of its functions, which their `Handler` settings name.
    pub jobs: BTreeSet<String>,
    /// What its roles may publish.
    pub grants: Vec<Grant>,
    /// Its rules.
    pub rules: Vec<Rule>,
    /// What its template looks up in SSM: parameter names to paths, those of the environment `local`.
    pub looked_up: BTreeMap<String, String>,
    /// How long its longest-keeping queue keeps a message, in seconds; none without a queue.
    pub queue_retention: Option<u64>,
    /// What of its permissions is not understood.
    pub unclear_permissions: Vec<Unclear>,
    /// What else bears on its rules and is not understood.
    pub unclear_rules: Vec<Unclear>,
}

/// A part of a template that may bear on the bus and is not understood: it is reported, never believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unclear {
    /// Where it is in the template, as a JSON pointer.
    pub pointer: String,
    /// What is not understood.
    pub what: String,
    /// What is understood in its place.
    pub write: String,
}

/// One statement of a role that allows `events:PutEvents`.
#[derive(Clone, Debug, PartialEq)]
pub struct Grant {
    /// The role's name in the template.
    pub role: String,
    /// The jobs that have the role.
    pub jobs: BTreeSet<String>,
    /// The sources that the statement's condition allows, as `StringLike` patterns; none when it has no such condition.
    pub sources: Option<Vec<String>>,
    /// The detail types that the statement's condition allows, likewise.
    pub detail_types: Option<Vec<String>>,
    /// The resource, as the template states it.
    pub resource: Value,
}

/// One rule: which events a job of the service gets.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    /// Where it is in the template, as a JSON pointer.
    pub pointer: String,
    /// The function's `Handler`, which names its job.
    pub job: String,
    /// The whole event pattern. Intrinsic functions stand in it as `{"Ref": …}` or `{"Fn::…": …}`.
    pub pattern: Value,
    /// The bus, as the template states it; null when it states none, which is the account's default bus.
    pub bus: Value,
    /// Whether it delivers at all.
    pub state: State,
    /// Settings that give the job something else than the event, such as `InputPath`.
    pub rewrites: Vec<String>,
    /// Where events go that the rule cannot deliver.
    pub dead_letters: Option<Value>,
}

/// Whether a rule delivers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It does, which is what a rule without a `State` does.
    Enabled,
    /// It does not, or may not: its `State` is anything but absent or `ENABLED`.
    Disabled,
}

impl Service {
    /// Reads a service's template.
    ///
    /// # Errors
    /// When the text is no YAML.
    pub fn parse(name: &str, template: &str) -> Result<Self, serde_norway::Error> {
        let template = template::parse(template)?;
        let resources = &template["Resources"];
        let looked_up = template::looked_up(&template["Parameters"]);
        let mut service = Self { name: name.to_owned(), looked_up, ..Self::default() };
        for (logical, resource) in entries(resources) {
            service.read(logical, resource, resources);
        }
        Ok(service)
    }

    fn read(&mut self, logical: &str, resource: &Value, resources: &Value) {
        let properties = &resource["Properties"];
        let Some(kind) = resource["Type"].as_str() else {
            let (what, write) = (format!("the resource {logical} without a plain Type"), "each resource by itself");
            return self.unclear_rules.push(Unclear::resource(logical, what, write));
        };
        match kind {
            "AWS::IAM::Role" => self.grant(grants::of_role(logical, properties, resources)),
            "AWS::Serverless::Function" => {
                self.jobs.extend(template::job(properties));
                self.grant(grants::of_function(logical, properties, resources));
                self.rules.extend(rules::of_function(logical, properties));
            }
            "AWS::Events::Rule" => {
                self.rules.extend(rules::of_rule(logical, properties, resources));
                self.unclear_rules.extend(rules::without_job(logical, properties, resources));
            }
            "AWS::SQS::Queue" => self.queue_retention = self.queue_retention.max(Some(template::retention(properties))),
            _ if GRANTING.contains(&kind) => self.grant(grants::of_policy_resource(logical, kind, properties)),
            _ if ELSEWHERE.contains(&kind) => {
                let what = format!("an {kind}, whose rules and roles stand in another file");
                self.unclear_rules.push(Unclear::resource(logical, what, "its resources in this template"));
            }
            _ => {}
        }
        if UNCONDITIONAL.contains(&kind) && !resource["Condition"].is_null() {
            let what = format!("{logical}, which exists on the condition {} alone", resource["Condition"]);
            self.unclear_rules.push(Unclear::resource(logical, what, "it without a Condition"));
        }
    }

    fn grant(&mut self, granted: grants::Granted) {
        self.grants.extend(granted.grants);
        self.unclear_permissions.extend(granted.unclear);
    }
}

impl Unclear {
    fn resource(logical: &str, what: String, write: &str) -> Self {
        Self { pointer: format!("/Resources/{logical}"), what, write: write.to_owned() }
    }
}

impl Service {
    /// Whether a value of the template is `!Ref` of a parameter that is looked up at this path.
    #[must_use]
    pub fn refers_to(&self, value: &Value, path: &str) -> bool {
        value["Ref"].as_str().and_then(|parameter| self.looked_up.get(parameter)).is_some_and(|found| found == path)
    }
}

impl Grant {
    /// Whether it allows to publish under these names.
    #[must_use]
    pub fn allows(&self, source: &str, detail_type: &str) -> bool {
        let any = |patterns: &Option<Vec<String>>, text: &str| {
            patterns.as_ref().is_none_or(|patterns| patterns.iter().any(|pattern| grants::like(pattern, text)))
        };
        any(&self.sources, source) && any(&self.detail_types, detail_type)
    }
}

impl Rule {
    /// Whether its pattern, as far as it looks at these two fields, lets events of these names through.
    #[must_use]
    pub fn selects(&self, source: &str, detail_type: &str) -> bool {
        rules::selects(&self.pattern, source, detail_type)
    }
}

/// Reads the templates of all services below `repository`, in the order of their names.
///
/// # Errors
/// When a folder or template cannot be read, or a template is no YAML.
pub fn read(repository: &Path) -> Result<Vec<Service>, TopologyError> {
    let folder = repository.join("services");
    let unreadable = |path: &Path| {
        let path = path.to_owned();
        move |source| TopologyError::Unreadable { path, source }
    };
    let mut services = Vec::new();
    for entry in fs::read_dir(&folder).map_err(unreadable(&folder))? {
        let entry = entry.map_err(unreadable(&folder))?;
        let path = entry.path().join("template.yaml");
        let text = fs::read_to_string(&path).map_err(unreadable(&path))?;
        let service = Service::parse(&entry.file_name().to_string_lossy(), &text);
        services.push(service.map_err(|source| TopologyError::NoTemplate { path, source })?);
    }
    services.sort_by(|left, right| left.name.cmp(&right.name));
    Ok(services)
}

/// Why the templates cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum TopologyError {
    /// A file or folder cannot be read.
    #[error("cannot read {path}")]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A template is no YAML.
    #[error("{path} is no template")]
    NoTemplate {
        /// Which.
        path: PathBuf,
        /// Why.
        source: serde_norway::Error,
    },
}
