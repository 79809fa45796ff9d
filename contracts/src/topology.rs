//! Which events each service publishes and receives, read from the services' templates: their roles and their rules.

mod failure_path;
mod grants;
mod program;
mod properties;
mod reserves;
mod routes;
mod rules;
mod silence;
mod types;
mod unresolved;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use self::grants::Permissions;
pub(crate) use self::routes::METHODS;
pub use self::routes::Route;
pub(crate) use self::rules::selects;
pub(crate) use self::types::beside_services;
pub(crate) use self::unresolved::macros;
use crate::template::entries;

/// Resources other than roles that give or take permissions.
const GRANTING: [&str; 7] = [
    "AWS::IAM::Policy",
    "AWS::IAM::ManagedPolicy",
    "AWS::IAM::RolePolicy",
    "AWS::IAM::UserPolicy",
    "AWS::IAM::GroupPolicy",
    "AWS::Events::EventBusPolicy",
    "AWS::Serverless::Connector",
];

/// Resources that bring in the resources of another file.
const NESTED: [&str; 2] = ["AWS::CloudFormation::Stack", "AWS::Serverless::Application"];

/// Resources that every environment must have for the proof to hold there.
const UNCONDITIONAL: [&str; 11] = [
    "AWS::IAM::Role",
    "AWS::Serverless::Function",
    "AWS::Events::Rule",
    "AWS::Lambda::Permission",
    "AWS::SQS::Queue",
    "AWS::SQS::QueuePolicy",
    "AWS::SNS::Topic",
    "AWS::SNS::TopicPolicy",
    "AWS::SNS::Subscription",
    "AWS::S3::Bucket",
    "AWS::DynamoDB::Table",
];

/// The path of our bus in SSM, in the environment `local`.
pub(crate) const BUS_NAME: &str = "/busline/local/bus/name";

/// The only job that publishes: the outbox triggers it, so that only committed events are sent.
pub(crate) const PUBLISH: &str = "publish";

/// What one service's template states about the bus.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Service {
    /// The service's name, which is its folder's.
    pub name: String,
    /// The jobs of its functions, which their `Handler` settings name.
    pub jobs: BTreeSet<String>,
    /// What its roles may publish.
    pub grants: Vec<Grant>,
    /// The rules that invoke its functions.
    pub rules: Vec<Rule>,
    /// The routes of its HTTP API that invoke its functions.
    pub routes: Vec<Route>,
    /// The template's parameters that are looked up in SSM, with their paths in the environment `local`.
    pub ssm_parameters: BTreeMap<String, String>,
    /// How long its longest-keeping queue keeps a message, in seconds; none without a queue.
    pub queue_retention: Option<u64>,
    /// Permissions that are not understood.
    pub unclear_permissions: Vec<Unclear>,
    /// Other parts that concern its rules and are not understood.
    pub unclear_rules: Vec<Unclear>,
    /// Settings that stop a job that publishes or reads.
    pub stopping: Vec<Silence>,
    /// Settings with which a job loses what it could not do, or gives up early.
    pub losing: Vec<Silence>,
}

/// A setting with which a job gets, sends or keeps less than its contract promises.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Silence {
    /// The job, which is the `Handler` of its function, or the name of another resource.
    pub subject: String,
    /// Where the setting is in the template, as a JSON pointer.
    pub pointer: String,
    /// What the setting causes, as in "is never invoked".
    pub what: String,
    /// What would be right.
    pub write: String,
}

/// A part of a template that may concern the bus and is not understood. It is reported, and nothing is derived from it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unclear {
    /// Where it is in the template, as a JSON pointer.
    pub pointer: String,
    /// What is not understood.
    pub what: String,
    /// The form that is understood instead.
    pub write: String,
}

/// One statement of a role that allows `events:PutEvents`.
#[derive(Clone, Debug, PartialEq)]
pub struct Grant {
    /// The role's name in the template.
    pub role: String,
    /// The jobs of the functions that have the role.
    pub jobs: BTreeSet<String>,
    /// The sources that the statement's condition allows, as `StringLike` patterns; none when it has no such condition.
    pub sources: Option<Vec<String>>,
    /// The detail types that the statement's condition allows, in the same form.
    pub detail_types: Option<Vec<String>>,
    /// The value of `Resource` in the template.
    pub resource: Value,
}

/// One rule: which events a job of the service gets.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    /// Where it is in the template, as a JSON pointer.
    pub pointer: String,
    /// The function's `Handler`, which names its job.
    pub job: String,
    /// The whole event pattern. Intrinsic functions appear in it as `{"Ref": …}` or `{"Fn::…": …}`.
    pub pattern: Value,
    /// The value of `EventBusName`; null when there is none, which means the account's default bus.
    pub bus: Value,
    /// Whether the rule is on.
    pub state: State,
    /// Settings that change the event before the job gets it, such as `InputPath`.
    pub input_settings: Vec<String>,
    /// The queue for events that the rule cannot deliver.
    pub dead_letter_config: Option<Value>,
}

/// Whether a rule delivers events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It does; this is the default of `State`.
    Enabled,
    /// It does not, or possibly not: `State` has any value other than `ENABLED`.
    Disabled,
}

impl Service {
    /// Reads a service's template, expanded by [`crate::template::expand`].
    #[must_use]
    pub fn from_template(name: &str, template: &Value) -> Self {
        let resources = with_globals(template);
        let ssm_parameters = properties::ssm_parameters(&template["Parameters"]);
        let mut service = Self { name: name.to_owned(), ssm_parameters, ..Self::default() };
        service.unclear_rules.extend(unresolved::macros(template));
        for (logical, resource) in entries(&resources) {
            service.add_resource(logical, resource, &resources);
        }
        let queues = service.rules.iter().filter_map(|rule| {
            unresolved::dead_letters(name, &rule.pointer, rule.dead_letter_config.as_ref(), &resources)
        });
        service.unclear_rules.extend(queues.collect::<Vec<_>>());
        service.losing.extend(failure_path::breaks(&resources));
        service
    }

    fn add_resource(&mut self, logical: &str, resource: &Value, resources: &Value) {
        let properties = &resource["Properties"];
        let Some(kind) = resource["Type"].as_str() else {
            let (what, write) = (format!("the resource {logical} without a plain Type"), "each resource by itself");
            return self.unclear_rules.push(Unclear::resource(logical, what, write));
        };
        self.unclear_rules.extend(unresolved::resource(logical, kind, properties));
        self.unclear_rules.extend(types::unknown(logical, kind));
        match kind {
            "AWS::IAM::Role" => self.add_permissions(grants::from_role(logical, properties, resources)),
            "AWS::Serverless::Function" => {
                self.jobs.extend(properties::job(properties));
                self.add_permissions(grants::from_function(logical, properties, resources));
                self.rules.extend(rules::from_function(logical, properties));
                self.routes.extend(routes::from_function(logical, properties));
                self.unclear_rules.extend(unresolved::events(logical, properties));
                self.stopping.extend(silence::stopping(self, logical, properties, resources));
                self.losing.extend(silence::losing(logical, properties, resources));
            }
            "AWS::Events::Rule" => {
                self.rules.extend(rules::from_rule(logical, properties, resources));
                self.unclear_rules.extend(rules::without_job(logical, properties, resources));
                self.unclear_rules.extend(unresolved::uninvokable(logical, properties, resources));
            }
            "AWS::SQS::Queue" => {
                self.queue_retention = self.queue_retention.max(Some(properties::retention(properties)));
            }
            _ if GRANTING.contains(&kind) => {
                self.add_permissions(grants::from_policy_resource(logical, kind, properties, resources));
            }
            _ if NESTED.contains(&kind) => {
                let what = format!("an {kind}, which has its rules and roles in another file");
                self.unclear_rules.push(Unclear::resource(logical, what, "its resources in this template"));
            }
            _ => {}
        }
        if !resource["Connectors"].is_null() {
            let what = format!("the Connectors of {logical}, for which SAM writes permissions");
            self.unclear_permissions.push(Unclear::resource(logical, what, grants::IN_THE_ROLE));
        }
        if UNCONDITIONAL.contains(&kind) && !resource["Condition"].is_null() {
            let what = format!("{logical}, which exists only on the condition {}", resource["Condition"]);
            self.unclear_rules.push(Unclear::resource(logical, what, "it without a Condition"));
        }
    }

    fn add_permissions(&mut self, permissions: Permissions) {
        self.grants.extend(permissions.grants);
        self.unclear_permissions.extend(permissions.unclear);
    }

    /// Whether a value of the template is `!Ref` of a parameter that is looked up at this path.
    #[must_use]
    pub fn refers_to(&self, value: &Value, path: &str) -> bool {
        value["Ref"]
            .as_str()
            .and_then(|parameter| self.ssm_parameters.get(parameter))
            .is_some_and(|found| found == path)
    }
}

impl Unclear {
    fn resource(logical: &str, what: String, write: &str) -> Self {
        Self { pointer: format!("/Resources/{logical}"), what, write: write.to_owned() }
    }
}

/// The resources of a template; each function has the settings of `Globals` that it does not set itself.
///
/// <https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-specification-template-anatomy-globals.html>
fn with_globals(template: &Value) -> Value {
    let mut resources = template["Resources"].clone();
    let globals = &template["Globals"]["Function"];
    for resource in resources.as_object_mut().into_iter().flatten().map(|(_, resource)| resource) {
        if resource["Type"] == "AWS::Serverless::Function" {
            let own = resource["Properties"].take();
            resource["Properties"] = reserves::without_optional(template, merged(globals, own));
        }
    }
    resources
}

/// Objects are merged, lists are joined, and any other value of the function itself wins.
fn merged(global: &Value, own: Value) -> Value {
    match (global, own) {
        (Value::Object(global), Value::Object(mut own)) => {
            for (name, value) in global {
                let merged = merged(value, own.remove(name).unwrap_or_default());
                own.insert(name.clone(), merged);
            }
            Value::Object(own)
        }
        (Value::Array(global), Value::Array(own)) => global.iter().cloned().chain(own).collect(),
        (global, Value::Null) => global.clone(),
        (_, own) => own,
    }
}

impl Grant {
    /// Whether it allows publishing with this source and detail type.
    #[must_use]
    pub fn allows(&self, source: &str, detail_type: &str) -> bool {
        let any = |patterns: &Option<Vec<String>>, text: &str| {
            patterns.as_ref().is_none_or(|patterns| patterns.iter().any(|pattern| grants::like(pattern, text)))
        };
        any(&self.sources, source) && any(&self.detail_types, detail_type)
    }
}

impl Rule {
    /// Whether the part of its pattern that concerns these two fields matches them.
    #[must_use]
    pub fn selects(&self, source: &str, detail_type: &str) -> bool {
        rules::selects(&self.pattern, source, detail_type)
    }
}
