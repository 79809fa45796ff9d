//! What a service's template grants: its functions, and the statements of their roles.

use std::path::Path;

use serde_json::{Value, json};

/// A function of a service, as the template describes it.
#[derive(Clone, Debug)]
pub struct Function {
    pub service: String,
    /// The function's setting `Handler`.
    pub job: String,
    /// The logical id of its role, or of the role that SAM generates.
    pub role: String,
    pub statements: Vec<Statement>,
    /// The events of the bus that its rules match: service and detail type.
    pub events: Vec<(String, String)>,
}

/// A statement of a role's policy. References are written as in `!Sub`: `${Table.Arn}`.
#[derive(Clone, Debug)]
pub struct Statement {
    pub actions: Vec<String>,
    pub resources: Vec<String>,
}

/// One action on one resource that a role allows.
#[derive(Clone, Debug)]
pub struct Grant {
    statement: usize,
    resource_index: usize,
    pub action: String,
    pub resource: String,
}

impl Function {
    /// The function's name in an environment.
    pub fn name(&self, env: &str) -> String {
        format!("busline-{env}-{}-{}", self.service, self.job)
    }

    pub fn grants(&self) -> Vec<Grant> {
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
    /// A deployed policy without this grant.
    #[must_use]
    pub fn removed_from(&self, policy: &Value) -> Value {
        let mut statements = policy["Statement"].as_array().expect("statements").clone();
        let whole = statements.remove(self.statement);
        let mut other_actions = texts(&whole["Action"]);
        other_actions.retain(|action| *action != self.action);
        let mut other_resources = texts(&whole["Resource"]);
        other_resources.remove(self.resource_index);
        let without_action = (other_actions, texts(&whole["Resource"]));
        for (actions, resources) in [without_action, (vec![self.action.clone()], other_resources)] {
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

/// One text or a list of texts.
pub fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::Array(values) => values.iter().flat_map(texts).collect(),
        Value::String(text) => vec![text.clone()],
        _ => panic!("{value} is neither a text nor a list"),
    }
}

/// A service's template, with the files that it includes.
pub fn template(service: &str) -> Value {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let path = format!("services/{service}/template.yaml");
    contracts::template::read(&repository, &path).unwrap_or_else(|error| panic!("{error}"))
}

/// All functions of a service.
pub fn functions(service: &str) -> Vec<Function> {
    let template = template(service);
    let resources = template["Resources"].as_object().expect("a template with resources");
    let boundary = &resources["Boundary"]["Properties"]["PolicyDocument"];
    let functions = resources.iter().filter(|(_, resource)| resource["Type"] == "AWS::Serverless::Function");
    let functions = functions.map(|(logical_id, function)| {
        let properties = &function["Properties"];
        let job = properties["Handler"].as_str().expect("a function with a Handler").to_owned();
        let mut statements = own_statements(properties);
        statements.extend(generated_statements(properties, boundary));
        Function {
            service: service.to_owned(),
            job,
            role: format!("{logical_id}Role"),
            statements,
            events: events(properties),
        }
    });
    functions.collect()
}

fn own_statements(function: &Value) -> Vec<Statement> {
    let policies = function["Policies"].as_array().into_iter().flatten();
    policies.flat_map(|policy| policy["Statement"].as_array().expect("a list of statements")).map(statement).collect()
}

/// What SAM adds to a function's role, as far as the boundary allows it.
///
/// <https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-property-function-eventinvokedestinationconfiguration.html>
fn generated_statements(function: &Value, boundary: &Value) -> Vec<Statement> {
    let mut statements = Vec::new();
    let on_failure = &function["EventInvokeConfig"]["DestinationConfig"]["OnFailure"];
    if on_failure["Type"] == "SNS" {
        let (actions, resources) = (vec!["sns:Publish".to_owned()], vec![text(&on_failure["Destination"])]);
        statements.push(Statement { actions, resources });
    }
    let mut events = function["Events"].as_object().into_iter().flatten();
    let reads_a_stream = events.any(|(_, event)| event["Type"] == "DynamoDB");
    let bounded = boundary["Statement"].as_array().expect("statements").iter();
    let bounded = bounded.filter(|statement| !statement["Action"].is_null()).map(statement);
    statements.extend(bounded.filter(|statement| {
        let is_about = |service: &str| statement.actions.iter().all(|action| action.starts_with(service));
        is_about("logs:") || (reads_a_stream && is_about("dynamodb:"))
    }));
    statements
}

/// The events of the function's rules. A rule that matches its source by a prefix names no service. One that lists several
/// sources matches each detail type of the source that publishes it, which has an example of it.
fn events(function: &Value) -> Vec<(String, String)> {
    let mut events = Vec::new();
    for (_, event) in function["Events"].as_object().into_iter().flatten() {
        let pattern = &event["Properties"]["Pattern"];
        let sources = pattern["source"].as_array().into_iter().flatten().filter_map(Value::as_str);
        for service in sources.filter_map(|source| source.strip_prefix("busline.")) {
            let published = texts(&pattern["detail-type"]).into_iter().filter(|event| has_example(service, event));
            events.extend(published.map(|detail_type| (service.to_owned(), detail_type)));
        }
    }
    events
}

fn has_example(service: &str, detail_type: &str) -> bool {
    let event = detail_type.split('.').next().unwrap_or_default();
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../events/examples");
    examples.join(service).join(event).is_dir()
}

fn statement(statement: &Value) -> Statement {
    assert_eq!(statement["Effect"], "Allow", "the statements of a role allow");
    let list = |name: &str| match &statement[name] {
        Value::Array(values) => values.iter().map(text).collect(),
        value => vec![text(value)],
    };
    Statement { actions: list("Action"), resources: list("Resource") }
}

/// A text, or a reference as `!Sub` writes it.
fn text(value: &Value) -> String {
    if let Some(text) = value.as_str().or_else(|| value["Fn::Sub"].as_str()) {
        return text.to_owned();
    }
    let attribute = &value["Fn::GetAtt"];
    let parts = attribute.as_array().into_iter().flatten().filter_map(Value::as_str).collect::<Vec<_>>().join(".");
    let name = value["Ref"].as_str().or(attribute.as_str()).unwrap_or(&parts);
    assert!(!name.is_empty(), "{value} is neither a text nor a reference");
    format!("${{{name}}}")
}
