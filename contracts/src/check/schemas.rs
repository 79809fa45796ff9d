//! The publishers' schemas, their types and their releases.

use jiff::civil::Date;
use serde_json::Value;

use super::{Context, Finding};
use crate::code::TypeDocument;
use crate::repository::EventName;
use crate::versions::{FILE as VERSIONS, Version};
use crate::words;

const WRITE: &str = "run `cargo xtask schemas`, and look at what it writes";

pub(super) fn valid(context: &Context<'_>) -> Vec<Finding> {
    let repository = context.repository;
    let published = repository.schemas.iter().map(|(name, schema)| (name.to_string(), name.schema_file(), schema));
    let read = repository.readers.iter().map(|reader| (reader.subject(), reader.file.clone(), &reader.schema));
    let all = published.chain(read);
    all.filter_map(|(subject, file, document)| {
        let parsed = context.proofs.schema(document);
        let error = parsed.as_ref().as_ref().err()?;
        Some(Finding::new(&subject, file, words::chain(error), WRITE))
    })
    .collect()
}

pub(super) fn matches_type(context: &Context<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (name, typed) in types(context) {
        let Some(file) = context.repository.schemas.get(&name) else {
            let problem = format!("the Rust type {} has no schema file", name.type_name());
            findings.push(Finding::new(&name, name.schema_file(), problem, WRITE));
            continue;
        };
        if let Some((pointer, difference)) = words::first_difference(file, &typed.document) {
            let problem = format!("the Rust type {} and the file differ: {difference}", name.type_name());
            let advice = if context.is_released(&name) {
                format!(
                    "{name} is released: undo the change of the type, or add a new version (docs/adding-an-event.md)"
                )
            } else {
                WRITE.to_owned()
            };
            findings.push(Finding::new(&name, name.schema_file(), problem, advice).at(pointer));
        }
    }
    findings
}

pub(super) fn has_type(context: &Context<'_>) -> Vec<Finding> {
    let Some(code) = &context.repository.code else { return Vec::new() };
    let typed: Vec<EventName> = types(context).map(|(name, _)| name).collect();
    let published = context.repository.published().map(|(name, _)| name);
    let published = published.filter(|name| code.includes(&name.service) && !typed.contains(name));
    published
        .map(|name| {
            let problem = format!("{name} is published, and `events` has no type {} for it", name.type_name());
            let advice =
                format!("add the type in events/src/publishers/ and its example, or retire {name} in {VERSIONS}");
            Finding::new(name, name.schema_file(), problem, advice)
        })
        .collect()
}

pub(super) fn closed(context: &Context<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (name, schema) in &context.repository.schemas {
        for pointer in ["", "/properties/metadata", "/properties/data"] {
            let object = words::resolve(schema, schema.pointer(pointer).unwrap_or(&Value::Null));
            let is_closed = ["additionalProperties", "unevaluatedProperties"].iter().any(|key| object[*key] == false);
            if !is_closed {
                let problem = "it allows fields that it does not name: a field could be published without a contract";
                let advice = "the type needs #[serde(deny_unknown_fields)] or #[schemars(extend)], see its neighbours";
                findings.push(Finding::new(name, name.schema_file(), problem, advice).at(pointer));
            }
        }
    }
    findings
}

pub(super) fn names_itself(context: &Context<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (name, schema) in &context.repository.schemas {
        let metadata = words::resolve(schema, &schema["properties"]["metadata"]);
        let named = words::resolve(schema, &metadata["properties"]["schema"]);
        let found = named.get("const").or_else(|| named["enum"].get(0)).and_then(Value::as_str);
        if found != Some(&name.to_string()) {
            let problem = format!(
                "the events that it describes name the schema {} instead of {name}",
                found.unwrap_or("anything")
            );
            let finding = Finding::new(name, name.schema_file(), problem, WRITE);
            findings.push(finding.at("/properties/metadata/properties/schema"));
        }
    }
    findings
}

pub(super) fn listed(context: &Context<'_>) -> Vec<Finding> {
    let (schemas, releases) = (&context.repository.schemas, &context.repository.releases);
    let unlisted = schemas
        .keys()
        .filter(|name| !releases.contains_key(name))
        .map(|name| Finding::new(name, VERSIONS, format!("{name} is not listed"), "run `cargo xtask schemas`"));
    let lost = releases.keys().filter(|name| !schemas.contains_key(name)).map(|name| {
        let problem = format!("{name} is listed and has no schema file: its old messages could not be checked");
        Finding::new(name, VERSIONS, problem, format!("restore {} from git", name.schema_file()))
    });
    unlisted.chain(lost).collect()
}

pub(super) fn dates(context: &Context<'_>) -> Vec<Finding> {
    let releases = context.repository.releases.iter();
    let wrong = releases.filter_map(|(name, release)| {
        let (problem, advice) = wrong_dates(release, context.today)?;
        Some(Finding::new(name, VERSIONS, problem, advice).at(format!("/{}", name.to_string().replace('/', "~1"))))
    });
    wrong.collect()
}

/// These dates decide how long old events must be read, so impossible dates are reported.
fn wrong_dates(release: &Version, today: Date) -> Option<(String, &'static str)> {
    let is_future = |day: &Date| *day > today;
    match (release.released, release.retired) {
        (None, _) if release.sha256.is_some() => {
            let problem =
                "it has the hash of a release and no date of it: a released version never becomes a draft again";
            Some((problem.into(), "restore its date in `released` from git"))
        }
        (None, Some(retired)) => {
            let problem = format!("it was retired on {retired} and is not released: it could still change");
            Some((problem, "release it first with `cargo xtask schemas --release`, or remove the draft"))
        }
        (Some(released), Some(retired)) if retired < released => {
            let problem = format!("it was retired on {retired}, before its release on {released}");
            Some((problem, "write the date in `retired` on which its last publisher stopped"))
        }
        (Some(released), _) if is_future(&released) => Some((
            format!("it is released on {released}, which is after today, {today}"),
            "write the date of its release",
        )),
        (_, Some(retired)) if is_future(&retired) => {
            let problem =
                format!("it is retired on {retired}, which is after today, {today}: it is published until then");
            Some((problem, "write the date when its publisher has stopped, and null until then"))
        }
        _ => None,
    }
}

pub(super) fn frozen(context: &Context<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (name, release) in &context.repository.releases {
        let (Some(day), Some(schema)) = (release.released, context.repository.schemas.get(name)) else { continue };
        let hash = crate::versions::hash(schema);
        if release.sha256.as_deref() != Some(&hash) {
            let problem = format!("{name} was released on {day}, and its schema is not the released one");
            let next = EventName { version: name.version + 1, ..name.clone() };
            let advice = format!("undo the change, or add {next}: docs/adding-an-event.md");
            findings.push(Finding::new(name, name.schema_file(), problem, advice));
        }
    }
    findings
}

pub(super) fn detail_type(context: &Context<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (name, typed) in types(context) {
        for (what, sent, right) in
            [("source", &typed.source, name.source()), ("detail-type", &typed.detail_type, name.detail_type())]
        {
            if *sent != right {
                let problem = format!("{name} is sent with the {what} {sent}; rules context for {right}");
                let advice = format!("correct SERVICE, NAME or VERSION of {}", name.type_name());
                findings.push(Finding::new(&name, "events/src", problem, advice));
            }
        }
    }
    findings
}

fn types<'a>(context: &Context<'a>) -> impl Iterator<Item = (EventName, &'a TypeDocument)> {
    let code = context.repository.code.iter();
    let types = code.flat_map(|code| code.types.iter().map(move |typed| (code, typed)));
    types.filter_map(|(code, typed)| {
        let name = EventName::parse(&typed.schema)?;
        code.includes(&name.service).then_some((name, typed))
    })
}
