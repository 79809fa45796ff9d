//! The example of each event.

use serde_json::Value;

use super::{Context, Finding};
use crate::rust::{self, PayloadType};

const WRITE_ONE: &str = "write one whole bus event there";

/// The folder with the types of events.
const TYPES: &str = "events/src/publishers";

/// An event without an example is in no catalogue, so that no other check looks at it.
pub(super) fn of_types(context: &Context<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (file, _) in context.repository.tree.below(TYPES) {
        let types = context.in_source(file, rust::payload_types).into_iter().flatten();
        findings.extend(types.filter_map(|found| without_example(context, file, &found)));
    }
    findings
}

fn without_example(context: &Context<'_>, file: &str, found: &PayloadType) -> Option<Finding> {
    let type_name = &found.type_name;
    let line = context.line(file, &format!("for {type_name} "));
    let Some(name) = &found.name else {
        let problem = format!("not understood: which event the type {type_name} is");
        let advice = "write SERVICE, NAME and VERSION as plain values";
        return Some(Finding::new(type_name, file, problem, advice).at_line(line));
    };
    if context.repository.examples.contains_key(name) {
        return None;
    }
    let problem = format!("the type {type_name} has no example: nothing else finds this event");
    let advice = format!("write one whole bus event to {}, then run `cargo xtask schemas`", name.example_file());
    Some(Finding::new(name, file, problem, advice).at_line(line))
}

pub(super) fn exists(context: &Context<'_>) -> Vec<Finding> {
    let repository = context.repository;
    let without = repository.schemas.keys().filter(|name| !repository.examples.contains_key(name));
    let missing = without.map(|name| {
        Finding::new(name, name.example_file(), format!("{name} has no example for its readers' tests"), WRITE_ONE)
    });
    let orphans = repository.examples.iter().filter(|(name, _)| !repository.schemas.contains_key(name));
    let orphans = orphans.flat_map(|(name, examples)| {
        let problem = format!("it is an example of {name}, which has no schema");
        examples.iter().map(move |example| Finding::new(name, &example.file, &problem, "remove it, or add the schema"))
    });
    missing.chain(orphans).collect()
}

pub(super) fn valid(context: &Context<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (name, examples) in &context.repository.examples {
        if !context.repository.schemas.contains_key(name) {
            continue;
        }
        for example in examples {
            if let Err((pointer, reason)) = context.valid(name, &example.event["detail"]) {
                let problem = format!("the example is not a valid {name}: {reason}");
                let advice = "correct the example; readers' tests use it";
                findings.push(Finding::new(name, &example.file, problem, advice).at(format!("/detail{pointer}")));
            }
        }
    }
    findings
}

pub(super) fn names_event(context: &Context<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (name, examples) in &context.repository.examples {
        let expected: [(&str, Value); 3] = [
            ("/source", name.source().into()),
            ("/detail-type", name.detail_type().into()),
            ("/detail/metadata/schema", name.to_string().into()),
        ];
        for example in examples {
            for (pointer, expected) in &expected {
                let found = example.event.pointer(pointer).unwrap_or(&Value::Null);
                if found != expected {
                    let problem = format!("the example of {name} has {found} instead of {expected}");
                    let advice = format!("write {expected}");
                    findings.push(Finding::new(name, &example.file, problem, advice).at(*pointer));
                }
            }
        }
    }
    findings
}
