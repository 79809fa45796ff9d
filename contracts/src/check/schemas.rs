//! The publishers' schemas, their types and their releases.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde_json::Value;

use super::{Finding, Look};
use crate::repository::{EventName, TypeDocument};
use crate::versions::{FILE as VERSIONS, Version};
use crate::words;

const WRITE: &str = "run `cargo xtask schemas`, and look at what it writes";

pub(super) fn valid(look: &Look<'_>) -> Vec<Finding> {
    let repository = look.repository;
    let published = repository.schemas.iter().map(|(name, schema)| (name.to_string(), name.schema_file(), schema));
    let read = repository.readers.iter().map(|reader| (reader.subject(), reader.file.clone(), &reader.schema));
    let all = published.chain(read);
    all.filter_map(|(subject, file, document)| {
        let parsed = look.proofs.schema(document);
        let error = parsed.as_ref().as_ref().err()?;
        Some(Finding::new(&subject, file, words::chain(error), WRITE))
    })
    .collect()
}

pub(super) fn matches_type(look: &Look<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (name, typed) in types(look) {
        let Some(file) = look.repository.schemas.get(&name) else {
            let problem = format!("the Rust type {} has no schema file", name.type_name());
            findings.push(Finding::new(&name, name.schema_file(), problem, WRITE));
            continue;
        };
        if let Some((pointer, said)) = words::first_difference(file, &typed.document) {
            let problem = format!("the Rust type {} and the file differ: {said}", name.type_name());
            let advice = if is_released(look, &name) {
                format!(
                    "{name} is released: undo the change of the type, or add a new version beside it (docs/adding-an-event.md)"
                )
            } else {
                WRITE.to_owned()
            };
            findings.push(Finding::new(&name, name.schema_file(), problem, advice).at(pointer));
        }
    }
    findings
}

pub(super) fn has_type(look: &Look<'_>) -> Vec<Finding> {
    if look.repository.types.is_none() {
        return Vec::new();
    }
    let typed: Vec<EventName> = types(look).map(|(name, _)| name).collect();
    let published = look.repository.published().map(|(name, _)| name).filter(|name| !typed.contains(name));
    published
        .map(|name| {
            let problem = format!("{name} is published, and `events` has no type {} for it", name.type_name());
            let advice = format!("add the type and its line in events/src/catalog.rs, or retire {name} in {VERSIONS}");
            Finding::new(name, name.schema_file(), problem, advice)
        })
        .collect()
}

pub(super) fn closed(look: &Look<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (name, schema) in &look.repository.schemas {
        for pointer in ["", "/properties/metadata", "/properties/data"] {
            let object = words::resolve(schema, schema.pointer(pointer).unwrap_or(&Value::Null));
            let is_closed = ["additionalProperties", "unevaluatedProperties"].iter().any(|key| object[*key] == false);
            if !is_closed {
                let problem =
                    "it takes fields that it does not name: a field could be published that no schema promises";
                let advice = "the type needs #[serde(deny_unknown_fields)] or #[schemars(extend)], see its neighbours";
                findings.push(Finding::new(name, name.schema_file(), problem, advice).at(pointer));
            }
        }
    }
    findings
}

pub(super) fn names_itself(look: &Look<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (name, schema) in &look.repository.schemas {
        let metadata = words::resolve(schema, &schema["properties"]["metadata"]);
        let named = words::resolve(schema, &metadata["properties"]["schema"]);
        let says = named.get("const").or_else(|| named["enum"].get(0)).and_then(Value::as_str);
        if says != Some(&name.to_string()) {
            let problem =
                format!("the events that it describes call their schema {}, not {name}", says.unwrap_or("anything"));
            let finding = Finding::new(name, name.schema_file(), problem, WRITE);
            findings.push(finding.at("/properties/metadata/properties/schema"));
        }
    }
    findings
}

pub(super) fn listed(look: &Look<'_>) -> Vec<Finding> {
    let (schemas, releases) = (&look.repository.schemas, &look.repository.releases);
    let unlisted = schemas
        .keys()
        .filter(|name| !releases.contains_key(name))
        .map(|name| Finding::new(name, VERSIONS, format!("{name} is not listed"), "run `cargo xtask schemas`"));
    let lost = releases.keys().filter(|name| !schemas.contains_key(name)).map(|name| {
        let problem = format!("{name} is listed and has no schema file: old messages of it could not be checked");
        Finding::new(name, VERSIONS, problem, format!("bring {} back from git", name.schema_file()))
    });
    unlisted.chain(lost).collect()
}

pub(super) fn dates(look: &Look<'_>) -> Vec<Finding> {
    let releases = look.repository.releases.iter();
    let wrong = releases.filter_map(|(name, release)| {
        let (problem, advice) = wrong_dates(release, look.today)?;
        Some(Finding::new(name, VERSIONS, problem, advice).at(format!("/{}", name.to_string().replace('/', "~1"))))
    });
    wrong.collect()
}

/// What rests on these days: how long old events must be read. So none is believed that cannot be.
fn wrong_dates(release: &Version, today: Date) -> Option<(String, &'static str)> {
    let ahead = |day: &Date| *day > today;
    match (release.released, release.retired) {
        (None, _) if release.sha256.is_some() => {
            let problem = "it has the hash of a release and no day of it: a released version is never a draft again";
            Some((problem.into(), "bring its day in `released` back from git"))
        }
        (None, Some(retired)) => {
            let problem = format!("it was retired on {retired} and is not released: it could still change");
            Some((problem, "release it first with `cargo xtask schemas --release`, or take the draft out"))
        }
        (Some(released), Some(retired)) if retired < released => {
            let problem = format!("it was retired on {retired}, before its release on {released}");
            Some((problem, "write the day in `retired` on which its last publisher stopped"))
        }
        (Some(released), _) if ahead(&released) => Some((
            format!("it is released on {released}, which is after today, {today}"),
            "write the day of its release",
        )),
        (_, Some(retired)) if ahead(&retired) => {
            let problem =
                format!("it is retired on {retired}, which is after today, {today}: it is published until then");
            Some((problem, "write the day when its publisher has stopped, and null until then"))
        }
        _ => None,
    }
}

pub(super) fn frozen(look: &Look<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (name, release) in &look.repository.releases {
        let (Some(day), Some(schema)) = (release.released, look.repository.schemas.get(name)) else { continue };
        let hash = crate::versions::hash(schema);
        if release.sha256.as_deref() != Some(&hash) {
            let problem = format!("{name} was released on {day}, and its schema is not what was released");
            let next = EventName { version: name.version + 1, ..name.clone() };
            let advice = format!("undo the change, or add {next} beside it: docs/adding-an-event.md");
            findings.push(Finding::new(name, name.schema_file(), problem, advice));
        }
    }
    findings
}

pub(super) fn detail_type(look: &Look<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (name, typed) in types(look) {
        for (what, sent, right) in
            [("source", &typed.source, name.source()), ("detail-type", &typed.detail_type, name.detail_type())]
        {
            if *sent != right {
                let problem = format!("{name} is sent with the {what} {sent}; rules look for {right}");
                let advice = format!("correct SERVICE, NAME or VERSION of {}", name.type_name());
                findings.push(Finding::new(&name, format!("events/src/{}.rs", name.service), problem, advice));
            }
        }
    }
    findings
}

pub(super) fn unique(look: &Look<'_>) -> Vec<Finding> {
    let mut publishers: BTreeMap<&str, &str> = BTreeMap::new();
    let mut findings = Vec::new();
    for name in look.repository.schemas.keys() {
        let first = *publishers.entry(&name.event).or_insert(&name.service);
        if first != name.service {
            let problem = format!(
                "{first} and {} both publish a {}: its readers could not tell whose they read",
                name.service, name.event
            );
            findings.push(Finding::new(name, name.schema_file(), problem, "give one of them another name"));
        }
    }
    findings
}

fn is_released(look: &Look<'_>, name: &EventName) -> bool {
    look.repository.releases.get(name).is_some_and(|release| release.released.is_some())
}

fn types<'a>(look: &Look<'a>) -> impl Iterator<Item = (EventName, &'a TypeDocument)> {
    let types = look.repository.types.iter().flatten();
    types.filter_map(|typed| Some((EventName::parse(&typed.schema)?, typed)))
}
