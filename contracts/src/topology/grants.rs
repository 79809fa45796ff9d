//! What the roles of a template allow on the bus.
//!
//! It fails closed: a statement that may bear on `events:PutEvents` and is not of the one form that is understood here
//! grants nothing and is reported, never believed.

use std::collections::BTreeSet;

use serde_json::Value;

use super::template::{self, entries, one_or_many, resource_name};
use super::{Grant, Unclear};

/// The action that publishes, in small letters: IAM tells no case in the names of actions.
///
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_action.html>
const PUT_EVENTS: &str = "events:putevents";

const KEYS: [&str; 2] = ["events:source", "events:detail-type"];

const PLAIN: &str = "one statement with Effect: Allow, Action: events:PutEvents, Resource: !Ref BusArn and Condition: {StringEquals: \
     {events:source: busline.<service>}}";

const IN_THE_ROLE: &str = "Policies of an AWS::IAM::Role in this template, each with its PolicyDocument";

/// What a part of a template grants, and what of it is not understood.
#[derive(Default)]
pub(super) struct Granted {
    /// The statements that are understood.
    pub(super) grants: Vec<Grant>,
    /// The rest, as far as it may bear on the bus.
    pub(super) unclear: Vec<Unclear>,
}

/// The grants of a role resource.
pub(super) fn of_role(logical: &str, role: &Value, resources: &Value) -> Granted {
    let jobs: BTreeSet<String> = entries(resources)
        .map(|(_, resource)| &resource["Properties"])
        .filter(|properties| resource_name(&properties["Role"]) == Some(logical))
        .filter_map(template::job)
        .collect();
    let mut granted = Granted::default();
    let place = format!("/Resources/{logical}/Properties");
    granted.policies(logical, &jobs, &role["Policies"], &place);
    granted.elsewhere(role, &["ManagedPolicyArns", "PermissionsBoundary"], &place);
    granted
}

/// The grants of a function's own `Policies`, and what it has beside a role of the template.
pub(super) fn of_function(logical: &str, function: &Value, resources: &Value) -> Granted {
    let jobs = template::job(function).into_iter().collect();
    let mut granted = Granted::default();
    let place = format!("/Resources/{logical}/Properties");
    granted.policies(&format!("{logical}Role"), &jobs, &function["Policies"], &place);
    granted.elsewhere(function, &["PermissionsBoundary"], &place);
    let role = &function["Role"];
    let is_ours = resource_name(role).is_some_and(|name| resources[name]["Type"] == "AWS::IAM::Role");
    if !role.is_null() && !is_ours {
        granted.unclear(format!("{place}/Role"), format!("the role {role}"), "!GetAtt of an AWS::IAM::Role");
    }
    for outcome in ["OnSuccess", "OnFailure"] {
        let destination = &function["EventInvokeConfig"]["DestinationConfig"][outcome];
        if destination["Type"] == "EventBridge" {
            let place = format!("{place}/EventInvokeConfig/DestinationConfig/{outcome}");
            granted.unclear(place, "a destination that SAM lets the function publish to", "a queue or a topic");
        }
    }
    granted
}

/// What a resource grants that is no role: a policy of its own, which is attached to roles from outside.
pub(super) fn of_policy_resource(logical: &str, kind: &str, policy: &Value) -> Granted {
    let mut granted = Granted::default();
    let statements = one_or_many(&policy["PolicyDocument"]["Statement"]);
    if statements.is_empty() || statements.iter().any(bears_on_the_bus) {
        granted.unclear(format!("/Resources/{logical}"), format!("a permission in an {kind}"), IN_THE_ROLE);
    }
    granted
}

impl Granted {
    fn unclear(&mut self, pointer: String, what: impl Into<String>, write: &str) {
        self.unclear.push(Unclear { pointer, what: what.into(), write: write.to_owned() });
    }

    /// Settings that give or take permissions which stand in no template of ours.
    fn elsewhere(&mut self, properties: &Value, names: &[&str], place: &str) {
        for name in names.iter().filter(|name| !properties[**name].is_null()) {
            self.unclear(format!("{place}/{name}"), (*name).to_owned(), IN_THE_ROLE);
        }
    }

    fn policies(&mut self, role: &str, jobs: &BTreeSet<String>, policies: &Value, place: &str) {
        for (at, policy) in one_or_many(policies).iter().enumerate() {
            let place = format!("{place}/Policies/{at}");
            // A function of SAM also takes the document itself.
            let document = if policy["Statement"].is_null() { &policy["PolicyDocument"] } else { policy };
            if document["Statement"].is_null() {
                // The name of a managed policy, a policy template of SAM, or an intrinsic function.
                self.unclear(place, format!("the policy {policy}"), IN_THE_ROLE);
                continue;
            }
            for (at, statement) in one_or_many(&document["Statement"]).iter().enumerate() {
                if !bears_on_the_bus(statement) {
                    continue;
                }
                match grant(role, jobs, statement) {
                    Ok(grant) => self.grants.push(grant),
                    Err(what) => self.unclear(format!("{place}/Statement/{at}"), what, PLAIN),
                }
            }
        }
    }
}

/// Whether a statement may say anything of `events:PutEvents`; what names no action plainly may.
fn bears_on_the_bus(statement: &Value) -> bool {
    let actions = one_or_many(&statement["Action"]);
    let bears = |action: &Value| action.as_str().is_none_or(|action| like(&action.to_ascii_lowercase(), PUT_EVENTS));
    actions.is_empty() || actions.iter().any(bears)
}

/// A statement of the one form that is understood, or what it has that is not.
fn grant(role: &str, jobs: &BTreeSet<String>, statement: &Value) -> Result<Grant, String> {
    for (name, value) in entries(statement) {
        match name.as_str() {
            "Sid" | "Action" | "Resource" | "Condition" => {}
            "Effect" if value == "Allow" => {}
            "Effect" => return Err(format!("a statement with Effect: {value}")),
            other => return Err(format!("a statement with {other}")),
        }
    }
    if statement["Effect"].is_null() || one_or_many(&statement["Action"]).iter().any(|action| !action.is_string()) {
        return Err(format!("the statement {statement}"));
    }
    let [sources, detail_types] = conditions(&statement["Condition"])?;
    let (role, jobs, resource) = (role.to_owned(), jobs.clone(), statement["Resource"].clone());
    Ok(Grant { role, jobs, sources, detail_types, resource })
}

/// The texts that the conditions on source and detail type allow, as patterns of `StringLike`; none where there is no
/// condition.
fn conditions(conditions: &Value) -> Result<[Option<Vec<String>>; 2], String> {
    if !conditions.is_null() && !conditions.is_object() {
        return Err(format!("the condition {conditions}"));
    }
    let mut found = [None, None];
    for (operator, keys) in entries(conditions) {
        if !matches!(operator.as_str(), "StringEquals" | "StringLike") || !keys.is_object() {
            return Err(format!("the condition {operator}"));
        }
        for (key, values) in entries(keys) {
            let place = KEYS.iter().position(|known| known.eq_ignore_ascii_case(key));
            let place = place.ok_or_else(|| format!("a condition on {key}"))?;
            if found[place].is_some() {
                // IAM asks for both.
                return Err(format!("two conditions on {key}"));
            }
            let texts = texts(values).ok_or_else(|| format!("the condition {operator} {key} {values}"))?;
            let is_literal = operator == "StringEquals";
            found[place] = Some(texts.into_iter().map(|text| if is_literal { escaped(&text) } else { text }).collect());
        }
    }
    Ok(found)
}

/// Plain texts; none where one of them has a variable of IAM or is an intrinsic function.
fn texts(value: &Value) -> Option<Vec<String>> {
    let plain = |value: &Value| value.as_str().filter(|text| !text.contains("${")).map(str::to_owned);
    one_or_many(value).iter().map(plain).collect()
}
/// A text that `like` takes literally; IAM writes `${*}` and `${?}` for the characters themselves.
fn escaped(text: &str) -> String {
    text.replace('*', "${*}").replace('?', "${?}")
}

/// IAM's wildcards: `*` is any text, `?` any character.
///
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html>
pub(super) fn like(pattern: &str, text: &str) -> bool {
    if let Some(rest) = pattern.strip_prefix("${*}") {
        return text.strip_prefix('*').is_some_and(|text| like(rest, text));
    }
    if let Some(rest) = pattern.strip_prefix("${?}") {
        return text.strip_prefix('?').is_some_and(|text| like(rest, text));
    }
    let mut letters = pattern.chars();
    match letters.next() {
        None => text.is_empty(),
        Some('*') => {
            (0..=text.len()).filter(|&at| text.is_char_boundary(at)).any(|at| like(letters.as_str(), &text[at..]))
        }
        Some(letter) => {
            let mut rest = text.chars();
            rest.next().is_some_and(|found| letter == '?' || letter == found) && like(letters.as_str(), rest.as_str())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards_are_those_of_iam() {
        for (pattern, text) in [("busline.*", "busline.todos"), ("*", ""), ("events:Put?vents", "events:PutEvents")] {
            assert!(like(pattern, text), "{pattern} {text}");
        }
        for (pattern, text) in [("busline.todos", "busline.todo"), ("?", ""), ("${*}", "x"), ("a*b", "acd")] {
            assert!(!like(pattern, text), "{pattern} {text}");
        }
        assert!(like(&escaped("a*?"), "a*?") && !like(&escaped("a*"), "ab"));
    }
}
