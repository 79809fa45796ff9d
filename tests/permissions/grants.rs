//! What the templates grant: every function, its role, its role's statements.

use std::path::Path;

use serde_json::{Value as Json, json};
use serde_norway::Value;
use tests::product::Service;

/// A function of a service, as its template describes it.
#[derive(Clone, Debug)]
pub(crate) struct Job {
    pub(crate) service: Service,
    /// The setting `Handler`.
    pub(crate) name: String,
    /// The role's name in the template.
    pub(crate) role: String,
    pub(crate) statements: Vec<Statement>,
}

/// A statement of a role's policy, with references as `!Sub` would write them: `${Table.Arn}`.
#[derive(Clone, Debug)]
pub(crate) struct Statement {
    pub(crate) actions: Vec<String>,
    pub(crate) resources: Vec<String>,
}

/// One action on one resource that a role allows.
#[derive(Clone, Debug)]
pub(crate) struct Grant {
    statement: usize,
    resource_index: usize,
    pub(crate) action: String,
    pub(crate) resource: String,
}

impl Job {
    /// The function's name in an environment.
    pub(crate) fn function(&self, env: &str) -> String {
        format!("busline-{env}-{}-{}", self.service.name(), self.name)
    }

    /// Everything that the role allows, one by one.
    pub(crate) fn grants(&self) -> Vec<Grant> {
        let mut grants = Vec::new();
        for (index, statement) in self.statements.iter().enumerate() {
            for action in &statement.actions {
                for (resource_index, resource) in statement.resources.iter().enumerate() {
                    let (action, resource) = (action.clone(), resource.clone());
                    grants.push(Grant { statement: index, resource_index, action, resource });
                }
            }
        }
        grants
    }
}

impl Grant {
    /// A deployed policy without this one grant.
    pub(crate) fn taken_from(&self, policy: &Json) -> Json {
        let mut statements = policy["Statement"].as_array().expect("statements").clone();
        let whole = statements.remove(self.statement);
        let mut others = texts(&whole["Action"]);
        others.retain(|action| *action != self.action);
        let mut left = texts(&whole["Resource"]);
        left.remove(self.resource_index);
        for (actions, resources) in [(others, texts(&whole["Resource"])), (vec![self.action.clone()], left)] {
            if !actions.is_empty() && !resources.is_empty() {
                let mut part = whole.clone();
                (part["Action"], part["Resource"]) = (json!(actions), json!(resources));
                statements.push(part);
            }
        }
        let mut policy = policy.clone();
        policy["Statement"] = json!(statements);
        policy
    }
}

/// One text or a list of them.
pub(crate) fn texts(value: &Json) -> Vec<String> {
    match value {
        Json::Array(values) => values.iter().flat_map(texts).collect(),
        Json::String(text) => vec![text.clone()],
        _ => panic!("{value} is neither a text nor a list"),
    }
}

/// Every function of every service.
pub(crate) fn jobs() -> Vec<Job> {
    Service::ALL.into_iter().flat_map(of_service).collect()
}

/// A service's template.
pub(crate) fn template(service: Service) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../services").join(service.name()).join("template.yaml");
    let yaml = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_norway::from_str(&yaml).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn of_service(service: Service) -> Vec<Job> {
    let template = template(service);
    let resources = &template["Resources"];
    let resources_map = resources.as_mapping().expect("a template with resources");
    let functions = resources_map.values().filter(|resource| resource["Type"] == "AWS::Serverless::Function");
    let jobs = functions.map(|function| {
        let properties = &function["Properties"];
        let name = properties["Handler"].as_str().expect("a function with a Handler").to_owned();
        let role = text(&properties["Role"]);
        let role = role.strip_prefix("${").and_then(|role| role.strip_suffix(".Arn}"));
        let role = role.unwrap_or_else(|| panic!("{name} must have `Role: !GetAtt <role>.Arn`")).to_owned();
        let policies = resources[role.as_str()]["Properties"]["Policies"].as_sequence();
        let policies = policies.unwrap_or_else(|| panic!("{role} has no inline policy"));
        assert_eq!(policies.len(), 1, "{role} has one policy");
        let statements = policies[0]["PolicyDocument"]["Statement"].as_sequence().expect("a list of statements");
        Job { service, name, role, statements: statements.iter().map(statement).collect() }
    });
    jobs.collect()
}

fn statement(statement: &Value) -> Statement {
    assert_eq!(statement["Effect"], "Allow", "a role's statements allow");
    let list = |name: &str| {
        let value = &statement[name];
        let several = value.as_sequence().map(|values| values.iter().map(text).collect::<Vec<_>>());
        several.unwrap_or_else(|| vec![text(value)])
    };
    Statement { actions: list("Action"), resources: list("Resource") }
}

/// A text, a reference in the form that `!Sub` gives it.
fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Tagged(tagged) => {
            let inner = tagged.value.as_str().unwrap_or_else(|| panic!("{value:?} is no reference to one thing"));
            if tagged.tag == "Sub" { inner.to_owned() } else { format!("${{{inner}}}") }
        }
        _ => panic!("{value:?} is neither a text nor a reference"),
    }
}
