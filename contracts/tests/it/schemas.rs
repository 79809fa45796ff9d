//! Types, schema files, versions and examples of this repository agree.
#![allow(clippy::panic, clippy::unwrap_used, reason = "a test that meets the unexpected stops")]

use std::collections::BTreeSet;
use std::fs;
use std::iter;
use std::path::{Path, PathBuf};

use contracts::schemas;
use contracts::versions::{self, Versions};
use events::catalog;
use events::envelope::MAX_EVENT_BYTES;
use jsonschema::Validator;
use serde_json::Value;

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn json(path: &Path) -> Value {
    let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn versions() -> Versions {
    Versions::parse(&fs::read_to_string(repository().join(versions::FILE)).unwrap()).unwrap()
}

/// The examples of one event version, the fullest one first.
fn examples(schema: &str) -> Vec<(PathBuf, Value)> {
    let first = repository().join("events/examples").join(format!("{schema}.json"));
    let version = schema.rsplit_once('/').unwrap().1;
    let further = schemas::files(first.parent().unwrap()).unwrap().into_iter().filter(|path| {
        let name = path.file_name().unwrap().to_str().unwrap();
        *path != first && name.starts_with(&format!("{version}."))
    });
    iter::once(first.clone()).chain(further).map(|path| (path.clone(), json(&path))).collect()
}

fn validator(schema: &Value) -> Validator {
    jsonschema::draft202012::options().should_validate_formats(true).build(schema).unwrap()
}

fn problems(schema: &Value, instance: &Value) -> Vec<String> {
    validator(schema).iter_errors(instance).map(|error| format!("{}: {error}", error.instance_path())).collect()
}

#[test]
fn every_schema_file_matches_its_type() {
    let differences = schemas::differences(&repository()).unwrap();
    let explained: Vec<String> = differences.iter().map(|difference| difference.explain(&versions())).collect();
    assert!(explained.is_empty(), "{}", explained.join("\n"));
}

#[test]
fn every_version_is_listed_and_a_released_one_is_unchanged() {
    let versions = versions();
    let events = catalog::all();
    let typed: BTreeSet<&str> = events.iter().map(|event| event.schema.as_str()).collect();
    let listed: BTreeSet<&str> = versions.0.keys().map(String::as_str).collect();
    assert_eq!(typed, listed, "run `cargo xtask schemas`");
    for (schema, version) in &versions.0 {
        let hash = versions::hash(&json(&repository().join(schemas::FOLDER).join(format!("{schema}.json"))));
        let released = version.released.map(|_| hash);
        assert_eq!(
            version.sha256, released,
            "{schema} differs from its release: undo the change, or add the next version: docs/adding-an-event.md"
        );
    }
}

#[test]
fn every_schema_is_one_of_draft_2020_12() {
    for event in catalog::all() {
        assert_eq!(event.document()["$schema"], "https://json-schema.org/draft/2020-12/schema");
        jsonschema::draft202012::meta::validate(&event.document()).unwrap_or_else(|error| panic!("{event:?}: {error}"));
    }
}

#[test]
fn every_example_is_a_valid_event_and_survives_its_type() {
    for event in catalog::all() {
        for (path, example) in examples(&event.schema) {
            let path = path.display();
            let problems = problems(&event.document(), &example["detail"]);
            assert!(problems.is_empty(), "{path} is no {}: {}", event.schema, problems.join(", "));
            assert_eq!(
                (&example["source"], &example["detail-type"]),
                (&event.source.as_str().into(), &event.detail_type.as_str().into()),
                "{path}"
            );
            let rewritten = event.rewrite(serde_json::from_value(example.clone()).unwrap());
            let rewritten = rewritten.unwrap_or_else(|error| panic!("{path}: {error}"));
            assert_eq!(rewritten, example["detail"], "{path} is not what its type writes of it");
        }
    }
}

#[test]
fn the_examples_have_each_field_and_each_missing_optional_field() {
    for event in catalog::all() {
        let data = &event.document()["properties"]["data"];
        let required: BTreeSet<&str> = data["required"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
        let examples = examples(&event.schema);
        for field in data["properties"].as_object().unwrap().keys() {
            let shown = |(_, example): &(PathBuf, Value)| example["detail"]["data"].get(field).is_some();
            assert!(examples.first().is_some_and(shown), "the example of {} has no {field}", event.schema);
            let has_absence = required.contains(field.as_str()) || !examples.iter().all(shown);
            assert!(has_absence, "add events/examples/{}.minimal.json, without {field}", event.schema);
        }
    }
}

#[test]
fn every_file_of_examples_belongs_to_an_event() {
    let known: BTreeSet<PathBuf> =
        catalog::all().iter().flat_map(|event| examples(&event.schema)).map(|(path, _)| path).collect();
    let found: BTreeSet<PathBuf> = schemas::files(&repository().join("events/examples")).unwrap().into_iter().collect();
    assert_eq!(found, known);
}

#[test]
fn the_largest_event_of_every_schema_is_within_the_limit() {
    for event in catalog::all() {
        let bytes =
            most_bytes(&event.document()).unwrap_or_else(|field| panic!("{}: {field} has no bound", event.schema));
        assert!(bytes <= MAX_EVENT_BYTES, "{} may have {bytes} bytes", event.schema);
    }
}

/// The length of the longest JSON text of a value that the schema allows; the name of a value without a bound.
fn most_bytes(schema: &Value) -> Result<usize, String> {
    let count = |keyword: &str| schema[keyword].as_u64().map(|count| usize::try_from(count).unwrap());
    if let Some(constants) = schema.get("const").map(|value| vec![value.clone()]).or(schema["enum"].as_array().cloned())
    {
        return Ok(constants.iter().map(|value| value.to_string().len()).max().unwrap_or_default());
    }
    match schema["type"].as_str() {
        Some("string") => match (schema["format"].as_str(), schema["pattern"].as_str(), count("maxLength")) {
            // A control character is written with six bytes, every other one with fewer.
            (_, _, Some(characters)) => Ok(2 + 6 * characters),
            (Some("uuid"), ..) => Ok(2 + 36),
            (Some("date-time"), ..) => Ok("\"9999-12-30T22:00:00.999999999Z\"".len()),
            (None, Some("^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$"), None) => Ok(2 + 55),
            _ => Err("a text".into()),
        },
        Some("integer") => count("maximum").map(|largest| largest.to_string().len()).ok_or("a number".into()),
        Some("boolean") => Ok("false".len()),
        Some("array") => {
            let items = count("maxItems").ok_or("a list")?;
            Ok(2 + items * (1 + most_bytes(&schema["items"])?))
        }
        Some("object") if schema["additionalProperties"] == false => {
            schema["properties"].as_object().into_iter().flatten().try_fold(2, |bytes, (name, property)| {
                let value = most_bytes(property).map_err(|inner| format!("{name}: {inner}"))?;
                Ok(bytes + name.len() + 4 + value)
            })
        }
        other => Err(format!("a value of the type {other:?}")),
    }
}
