//! Changes of service templates, whatever layout they are written in.

#![allow(clippy::unwrap_used, reason = "parts of tests: they fail by panicking")]

use contracts::repository::tree::Tree;
use contracts::repository::{EventName, Repository};
use contracts::template;
use contracts::topology::Service;
use serde_json::{Value, json};

/// Changes a service's template, with its included files in it; false where there is nothing to change.
pub(crate) fn edit(tree: &mut Tree, service: &str, change: impl FnOnce(&mut Value) -> bool) -> bool {
    let path = Repository::template_file(service);
    let mut template = tree.template(&path).unwrap();
    let is_changed = change(&mut template);
    tree.put(&path, template::text(&template));
    is_changed
}

/// Adds a resource to a service's template.
pub(crate) fn add_resource(tree: &mut Tree, service: &str, resource: Value) -> bool {
    edit(tree, service, |template| {
        template["Resources"]["Extra"] = resource;
        true
    })
}

/// The resource that holds the permission to publish (a role, or a function with policies), and the statements of its
/// policies.
fn publishing_resource(template: &mut Value) -> Option<(String, &mut Vec<Value>)> {
    let resources = template["Resources"].as_object_mut()?;
    for (logical, resource) in resources {
        for policy in resource["Properties"]["Policies"].as_array_mut().into_iter().flatten() {
            let document = if policy["Statement"].is_null() { &mut policy["PolicyDocument"] } else { policy };
            let statements = document["Statement"].as_array_mut();
            let is_it = |statement: &Value| statement["Action"] == "events:PutEvents";
            if let Some(statements) = statements.filter(|statements| statements.iter().any(is_it)) {
                return Some((logical.clone(), statements));
            }
        }
    }
    None
}

/// Changes the statement that allows a service to publish.
pub(crate) fn edit_statement(tree: &mut Tree, service: &str, change: impl FnOnce(&mut Value)) -> bool {
    edit(tree, service, |template| {
        let Some((_, statements)) = publishing_resource(template) else { return false };
        change(statements.iter_mut().find(|statement| statement["Action"] == "events:PutEvents").unwrap());
        true
    })
}

/// Adds a statement to the role that publishes.
pub(crate) fn add_statement(tree: &mut Tree, service: &str, statement: Value) -> bool {
    edit(tree, service, |template| {
        let Some((_, statements)) = publishing_resource(template) else { return false };
        statements.push(statement);
        true
    })
}

/// Changes the properties of the role or function that holds the permission to publish.
pub(crate) fn edit_publishing_resource(tree: &mut Tree, service: &str, change: impl FnOnce(&mut Value)) -> bool {
    edit(tree, service, |template| {
        let Some((logical, _)) = publishing_resource(template) else { return false };
        change(&mut template["Resources"][logical]["Properties"]);
        true
    })
}

/// Gives another function the role that publishes.
pub(crate) fn share_publishing_role(tree: &mut Tree, service: &str) -> bool {
    edit(tree, service, |template| {
        let Some((logical, _)) = publishing_resource(template) else { return false };
        let is_role = template["Resources"][&logical]["Type"] == "AWS::IAM::Role";
        let role = if is_role { logical.clone() } else { format!("{logical}Role") };
        let functions = template["Resources"].as_object_mut().unwrap().iter_mut();
        let mut others = functions.filter(|(name, resource)| {
            **name != logical
                && resource["Type"] == "AWS::Serverless::Function"
                && resource["Properties"]["Handler"] != "publish"
        });
        let Some((_, other)) = others.next() else { return false };
        let properties = other["Properties"].as_object_mut().unwrap();
        properties.remove("Policies");
        properties.insert("Role".to_owned(), json!({"Fn::GetAtt": [role, "Arn"]}));
        true
    })
}

/// Where a rule is: its service, its job, and the JSON pointer to it as an event of a function.
pub(crate) struct RulePlace {
    pub(crate) service: String,
    pub(crate) job: String,
    pub(crate) pointer: String,
}

/// The first rule that selects an event and is an event of a function.
pub(crate) fn rule(tree: &Tree, name: &EventName) -> Option<RulePlace> {
    let templates = tree.below("services").filter_map(|(path, _)| {
        let service = path.strip_prefix("services/")?.strip_suffix("/template.yaml")?;
        Some((service.to_owned(), tree.template(path).ok()?))
    });
    for (service, template) in templates {
        let rules = Service::from_template(&service, &template).rules;
        let is_it = |pointer: &str| pointer.contains("/Events/");
        let found =
            rules.into_iter().find(|rule| rule.selects(&name.source(), &name.detail_type()) && is_it(&rule.pointer));
        if let Some(rule) = found {
            return Some(RulePlace { service, job: rule.job, pointer: rule.pointer });
        }
    }
    None
}

/// Changes the properties of the first rule that selects an event.
pub(crate) fn edit_rule(tree: &mut Tree, name: &EventName, change: impl FnOnce(&mut Value)) -> bool {
    let Some(place) = rule(tree, name) else { return false };
    edit(tree, &place.service, |template| {
        change(&mut template.pointer_mut(&place.pointer).unwrap()["Properties"]);
        true
    })
}

/// Changes the pattern of the first rule that selects an event.
pub(crate) fn edit_pattern(tree: &mut Tree, name: &EventName, change: impl FnOnce(&mut Value)) -> bool {
    edit_rule(tree, name, |rule| change(&mut rule["Pattern"]))
}

/// Changes the events of the function that has the first rule for an event; the second argument is the rule's name.
pub(crate) fn edit_events(tree: &mut Tree, name: &EventName, change: impl FnOnce(&mut Value, &str)) -> bool {
    let Some(place) = rule(tree, name) else { return false };
    let (events, rule) = place.pointer.rsplit_once('/').unwrap();
    edit(tree, &place.service, |template| {
        change(template.pointer_mut(events).unwrap(), rule);
        true
    })
}
