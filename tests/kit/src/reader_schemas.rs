//! What a subscriber's reader schemas are held against: files, examples, and the template's rules. A service is named
//! here by its folder.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use events::documents::{ANY_PUBLISHER, Reading};
use serde_json::{Value, json};

use crate::template::{EXAMPLES, rules};

/// The files in the service's `reads/` are what its jobs read. With `BUSLINE_DERIVED_SCHEMAS` set, what the jobs read is
/// written there instead, for `contracts::code`, which compares it with the files.
///
/// # Panics
/// Names the files that are not.
pub fn assert_files_match(service: &str, consumed: &[Reading]) {
    let jobs: BTreeSet<_> = consumed.iter().map(|reading| (&reading.job, &reading.detail_type)).collect();
    assert_eq!(jobs.len(), consumed.len(), "a job reads an event in two ways");
    let file = |reading: &Reading| format!("reads/{}/{}.json", reading.job, reading.detail_type);
    if let Some(folder) = std::env::var_os("BUSLINE_DERIVED_SCHEMAS") {
        let derived: BTreeMap<_, _> = consumed.iter().map(|reading| (file(reading), &reading.document)).collect();
        let name = Path::new(service).file_name().unwrap().to_str().unwrap();
        return fs::write(Path::new(&folder).join(format!("{name}.reads.json")), json!(derived).to_string()).unwrap();
    }
    let wanted =
        consumed.iter().map(|reading| (Path::new(service).join(file(reading)), format!("{:#}\n", reading.document)));
    let wanted: BTreeMap<PathBuf, String> = wanted.collect();
    let found = found(&Path::new(service).join("reads"));
    let differ = |path: &&PathBuf| found.get(*path) != wanted.get(*path);
    let different: BTreeSet<&PathBuf> = found.keys().chain(wanted.keys()).filter(differ).collect();
    assert!(different.is_empty(), "not what the jobs read, run `cargo xtask schemas`: {different:#?}");
}

/// Each schema accepts exactly those mutations of its event's example that the job reads.
///
/// # Panics
/// Shows the event on which the two differ.
pub fn assert_schemas_accept_what_is_read(consumed: &[Reading]) {
    for reading in consumed {
        let validator = jsonschema::options().should_validate_formats(true).build(&reading.document).unwrap();
        let example = example(&reading.schema);
        for detail in mutations(&example["detail"]) {
            let mut message = example.clone();
            message["detail"] = detail.clone();
            let read = reading.read(serde_json::from_value(message).unwrap());
            assert_eq!(validator.is_valid(&detail), read.is_ok(), "{} of {detail}: {read:?}", reading.job);
        }
    }
}

/// Each rule of the service's template has a reading, which reads every example of the rule's event.
///
/// # Panics
/// Names the rule without a reading, or the job that does not read an example.
pub fn assert_rules_are_read(service: &str, consumed: &[Reading]) {
    let template = fs::read_to_string(Path::new(service).join("template.yaml")).unwrap();
    let rules = rules(&template);
    for rule in &rules {
        let is_it = |reading: &&Reading| reading.job == rule.job && reading.detail_type == rule.detail_type;
        let reading = consumed.iter().find(is_it);
        let reading =
            reading.unwrap_or_else(|| panic!("add a row for {} to src/subscribe/consumed_events.rs", rule.job));
        for (name, message) in rule.examples() {
            let read = reading.read(serde_json::from_value(message).unwrap());
            assert!(read.is_ok(), "{} does not read {name}: {read:?}", reading.job);
        }
    }
    assert_eq!(rules.len(), consumed.len(), "each reading has its rule");
}

/// The example of an event; if several services publish it, the one of the first of them.
fn example(schema: &str) -> Value {
    let event = schema.strip_prefix(ANY_PUBLISHER).map(|event| format!("{}.json", event.trim_start_matches('/')));
    let path = match event {
        None => Path::new(EXAMPLES).join(schema).with_extension("json"),
        Some(event) => {
            let publishers = fs::read_dir(EXAMPLES).unwrap().map(|folder| folder.unwrap().path().join(&event));
            publishers.filter(|path| path.is_file()).min().unwrap_or_else(|| panic!("no service publishes {schema}"))
        }
    };
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

/// The value as it is, and with each of its members once missing and once of another kind.
fn mutations(value: &Value) -> Vec<Value> {
    let wrong = [json!(null), json!(true), json!(-1), json!(1.5), json!(""), json!("x"), json!([]), json!({"x": 1})];
    let mut all = vec![value.clone()];
    for (name, member) in value.as_object().into_iter().flatten() {
        let mut without = value.clone();
        without.as_object_mut().unwrap().remove(name);
        all.push(without);
        for other in wrong.iter().cloned().chain(mutations(member)) {
            let mut changed = value.clone();
            changed[name] = other;
            all.push(changed);
        }
    }
    all
}

fn found(folder: &Path) -> BTreeMap<PathBuf, String> {
    let jobs = fs::read_dir(folder).into_iter().flatten().map(|job| job.unwrap().path());
    let files = jobs.flat_map(|job| fs::read_dir(job).unwrap()).map(|file| file.unwrap().path());
    files.map(|path| (path.clone(), fs::read_to_string(path).unwrap())).collect()
}
