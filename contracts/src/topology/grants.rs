//! What the roles of a template allow on the bus.

use std::collections::BTreeSet;

use serde_json::Value;

use super::Grant;
use super::template::{self, entries, one_or_many, resource_name};

/// The grants of a role resource.
pub(super) fn of_role(logical: &str, role: &Value, resources: &Value) -> Vec<Grant> {
    let jobs: BTreeSet<String> = entries(resources)
        .map(|(_, resource)| &resource["Properties"])
        .filter(|properties| resource_name(&properties["Role"]) == Some(logical))
        .filter_map(template::job)
        .collect();
    let policies = one_or_many(&role["Policies"]).iter().map(|policy| &policy["PolicyDocument"]);
    policies.flat_map(|policy| of_policy(logical, &jobs, policy)).collect()
}

/// The grants of a function's own `Policies`.
pub(super) fn of_function(logical: &str, function: &Value) -> Vec<Grant> {
    let jobs = template::job(function).into_iter().collect();
    let policies = one_or_many(&function["Policies"]).iter();
    policies.flat_map(|policy| of_policy(&format!("{logical}Role"), &jobs, policy)).collect()
}

fn of_policy(role: &str, jobs: &BTreeSet<String>, policy: &Value) -> Vec<Grant> {
    one_or_many(&policy["Statement"])
        .iter()
        .filter(|statement| statement["Effect"] == "Allow")
        .filter(|statement| texts(&statement["Action"]).iter().any(|action| like(action, "events:PutEvents")))
        .map(|statement| Grant {
            role: role.to_owned(),
            jobs: jobs.clone(),
            sources: condition(&statement["Condition"], "events:source"),
            detail_types: condition(&statement["Condition"], "events:detail-type"),
            resource: statement["Resource"].clone(),
        })
        .collect()
}

/// The values that a positive condition on texts allows for a key. A condition that we do not know allows nothing
/// here, so that what rests on it is reported rather than believed.
fn condition(conditions: &Value, key: &str) -> Option<Vec<String>> {
    let (operator, values) = entries(conditions).find_map(|(operator, keys)| {
        let (_, values) = entries(keys).find(|(name, _)| name.eq_ignore_ascii_case(key))?;
        Some((operator.as_str(), values))
    })?;
    let values = texts(values);
    match operator.trim_start_matches("ForAnyValue:") {
        "StringLike" => Some(values),
        "StringEquals" => Some(values.into_iter().map(|value| escaped(&value)).collect()),
        _ => Some(Vec::new()),
    }
}

fn texts(value: &Value) -> Vec<String> {
    one_or_many(value).iter().filter_map(Value::as_str).map(str::to_owned).collect()
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
