//! Who publishes and who reads what, read from the services' templates: their roles and their rules.

use std::fs;
use std::path::{Path, PathBuf};

use events::catalog::{self, EventType};
use serde_norway::Value;

/// What one service's template says of the bus.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Service {
    /// The service's name, which is its folder's.
    pub name: String,
    /// The sources that its roles allow it to publish under; `None` stands for a grant without such a condition.
    pub sources: Vec<Option<String>>,
    /// Its rules.
    pub rules: Vec<Rule>,
}

/// One rule: which events a function of the service reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// The function's `Handler`, which names its job.
    pub job: String,
    /// The values of `source` that it matches.
    pub sources: Vec<String>,
    /// The values of `detail-type` that it matches.
    pub detail_types: Vec<String>,
}

impl Rule {
    fn matches(&self, event: &EventType) -> bool {
        self.sources.contains(&event.source) && self.detail_types.contains(&event.detail_type)
    }
}

/// Reads the templates of all services below `repository`, in the order of their names.
///
/// # Errors
/// When a folder or template cannot be read, or a template is no YAML.
pub fn read(repository: &Path) -> Result<Vec<Service>, TopologyError> {
    let folder = repository.join("services");
    let unreadable = |source| TopologyError::Unreadable { path: folder.clone(), source };
    let mut services = Vec::new();
    for entry in fs::read_dir(&folder).map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        services.push(service(&entry.file_name().to_string_lossy(), &entry.path().join("template.yaml"))?);
    }
    services.sort_by(|left, right| left.name.cmp(&right.name));
    Ok(services)
}

/// What is wrong between the templates and the events that exist, in words; nothing when all agree.
#[must_use]
pub fn problems(services: &[Service]) -> Vec<String> {
    let events = catalog::all();
    let mut problems = Vec::new();
    for service in services {
        let own = format!("busline.{}", service.name);
        for source in &service.sources {
            if source.as_deref() != Some(&own) {
                let granted = source.as_deref().unwrap_or("any source");
                problems.push(format!("{} may publish as {granted}; it may publish as {own} alone", service.name));
            }
        }
        for rule in &service.rules {
            if !events.iter().any(|event| rule.matches(event)) {
                let (sources, types) = (rule.sources.join(", "), rule.detail_types.join(", "));
                problems.push(format!("the rule of {} matches no event: {sources} / {types}", rule.job));
            }
        }
    }
    for event in &events {
        let publishes = |service: &Service| service.name == event.service && !service.sources.is_empty();
        if !services.iter().any(publishes) {
            problems.push(format!("nobody may publish {}", event.schema));
        }
        if !services.iter().flat_map(|service| &service.rules).any(|rule| rule.matches(event)) {
            problems.push(format!("nobody reads {}", event.schema));
        }
    }
    problems
}

fn service(name: &str, template: &Path) -> Result<Service, TopologyError> {
    let text = fs::read_to_string(template)
        .map_err(|source| TopologyError::Unreadable { path: template.to_owned(), source })?;
    let template: Value = serde_norway::from_str(&text)
        .map_err(|source| TopologyError::NoTemplate { path: template.to_owned(), source })?;
    let mut service = Service { name: name.to_owned(), ..Service::default() };
    for (_, resource) in entries(&template["Resources"]) {
        let properties = &resource["Properties"];
        match resource["Type"].as_str() {
            Some("AWS::IAM::Role") => service.sources.extend(grants(properties)),
            Some("AWS::Serverless::Function") => service.rules.extend(rules(properties)),
            _ => {}
        }
    }
    Ok(service)
}

/// The source of each statement that allows `events:PutEvents`.
fn grants(role: &Value) -> Vec<Option<String>> {
    items(&role["Policies"])
        .flat_map(|policy| items(&policy["PolicyDocument"]["Statement"]))
        .filter(|statement| texts(&statement["Action"]).iter().any(|action| action == "events:PutEvents"))
        .map(|statement| statement["Condition"]["StringEquals"]["events:source"].as_str().map(str::to_owned))
        .collect()
}

fn rules(function: &Value) -> Vec<Rule> {
    let job = function["Handler"].as_str().unwrap_or_default();
    entries(&function["Events"])
        .filter(|(_, event)| event["Type"].as_str() == Some("EventBridgeRule"))
        .map(|(_, event)| &event["Properties"]["Pattern"])
        .map(|pattern| Rule {
            job: job.to_owned(),
            sources: texts(&pattern["source"]),
            detail_types: texts(&pattern["detail-type"]),
        })
        .collect()
}

fn entries(value: &Value) -> impl Iterator<Item = (&Value, &Value)> {
    value.as_mapping().into_iter().flatten()
}

fn items(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_sequence().into_iter().flatten()
}

/// A text, or a list of texts.
fn texts(value: &Value) -> Vec<String> {
    value.as_str().into_iter().chain(items(value).filter_map(Value::as_str)).map(str::to_owned).collect()
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

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(source: &str, detail_type: &str) -> Rule {
        Rule { job: "job".into(), sources: vec![source.into()], detail_types: vec![detail_type.into()] }
    }

    #[test]
    fn a_rule_that_matches_nothing_is_named() {
        let service = Service {
            name: "x".into(),
            rules: vec![rule("busline.users", "TodoCreated.v1"), rule("busline.todos", "TodoCreated.v2")],
            ..Service::default()
        };
        let problems = problems(&[service]);
        assert!(problems.contains(&"the rule of job matches no event: busline.users / TodoCreated.v1".into()));
        assert!(problems.contains(&"the rule of job matches no event: busline.todos / TodoCreated.v2".into()));
    }

    #[test]
    fn a_service_may_not_speak_for_another() {
        let of = |sources| Service { name: "todos".into(), sources, ..Service::default() };
        let has = |sources, text: &str| problems(&[of(sources)]).iter().any(|problem| problem.starts_with(text));
        assert!(has(vec![Some("busline.users".into())], "todos may publish as busline.users"));
        assert!(has(vec![None], "todos may publish as any source"));
        assert!(!has(vec![Some("busline.todos".into())], "todos may publish as"));
    }
}
