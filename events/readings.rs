//! What the tests of every subscriber hold its reader schemas against: files, examples, and the template's rules.
//!
//! Included by its path, so that no service has a crate of test tools.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use events::documents::Reading;
use serde_json::{Value, json};
use serde_norway::Value as Yaml;

/// The files in the service's `reads/` are what its jobs read.
pub(super) fn agree(service: &str, readings: &[Reading]) {
    let folder = Path::new(service).join("reads");
    let path = |reading: &Reading| folder.join(reading.job).join(format!("{}.json", reading.detail_type));
    let wanted: BTreeMap<_, _> =
        readings.iter().map(|reading| (path(reading), format!("{:#}\n", reading.document))).collect();
    if std::env::var_os("BUSLINE_WRITE_SCHEMAS").is_some() {
        write(&folder, &wanted);
    }
    let found = found(&folder);
    let differ = |path: &&PathBuf| found.get(*path) != wanted.get(*path);
    let different: BTreeSet<&PathBuf> = found.keys().chain(wanted.keys()).filter(differ).collect();
    assert!(different.is_empty(), "not what the jobs read, run `cargo xtask schemas`: {different:#?}");
}

/// Each schema takes the example of its event, and spoilt ones, exactly when the job reads them.
pub(super) fn take_exactly_what_is_read(service: &str, readings: &[Reading]) {
    for reading in readings {
        let validator = jsonschema::options().should_validate_formats(true).build(&reading.document).unwrap();
        let path = examples(service).join(&reading.schema).with_extension("json");
        let example: Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
        for detail in spoilt(&example["detail"]) {
            let mut message = example.clone();
            message["detail"] = detail.clone();
            let read = reading.read(serde_json::from_value(message).unwrap());
            assert_eq!(validator.is_valid(&detail), read.is_ok(), "{} of {detail}: {read:?}", reading.job);
        }
    }
}

/// Each rule of the service's template has a reading, which reads every example of the rule's event.
pub(super) fn cover_the_rules(service: &str, readings: &[Reading]) {
    let template = fs::read_to_string(Path::new(service).join("template.yaml")).unwrap();
    let template: Yaml = serde_norway::from_str(&template).unwrap();
    let mut rules = 0;
    for (_, function) in template["Resources"].as_mapping().unwrap() {
        let properties = &function["Properties"];
        for (_, event) in properties["Events"].as_mapping().into_iter().flatten() {
            if event["Type"] != "EventBridgeRule" {
                continue;
            }
            let job = properties["Handler"].as_str().unwrap();
            for detail_type in event["Properties"]["Pattern"]["detail-type"].as_sequence().unwrap() {
                let is_it = |reading: &&Reading| reading.job == job && *detail_type == reading.detail_type.as_str();
                let reading = readings.iter().find(is_it);
                read_examples(service, reading.unwrap_or_else(|| panic!("add a row for {job} to readings.rs")));
                rules += 1;
            }
        }
    }
    assert_eq!(rules, readings.len(), "each reading has its rule");
}

fn read_examples(service: &str, reading: &Reading) {
    let first = examples(service).join(&reading.schema);
    let version = first.file_name().unwrap().to_str().unwrap();
    let mut seen = 0;
    for file in fs::read_dir(first.parent().unwrap()).unwrap() {
        let path = file.unwrap().path();
        if path.file_name().unwrap().to_str().unwrap().split('.').next() == Some(version) {
            let message: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
            let read = reading.read(serde_json::from_value(message).unwrap());
            assert!(read.is_ok(), "{} does not read {}: {read:?}", reading.job, path.display());
            seen += 1;
        }
    }
    assert!(seen > 0, "{} has an example", reading.schema);
}

fn examples(service: &str) -> PathBuf {
    Path::new(service).join("../../events/examples")
}

/// The value as it is, and with each of its members once missing and once of another kind.
fn spoilt(value: &Value) -> Vec<Value> {
    let wrong = [json!(null), json!(true), json!(-1), json!(1.5), json!(""), json!("x"), json!([]), json!({"x": 1})];
    let mut all = vec![value.clone()];
    for (name, member) in value.as_object().into_iter().flatten() {
        let mut without = value.clone();
        without.as_object_mut().unwrap().remove(name);
        all.push(without);
        for other in wrong.iter().cloned().chain(spoilt(member)) {
            let mut changed = value.clone();
            changed[name] = other;
            all.push(changed);
        }
    }
    all
}

fn write(folder: &Path, files: &BTreeMap<PathBuf, String>) {
    for stale in found(folder).keys().filter(|path| !files.contains_key(*path)) {
        fs::remove_file(stale).unwrap();
    }
    for (path, text) in files {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
}

fn found(folder: &Path) -> BTreeMap<PathBuf, String> {
    let jobs = fs::read_dir(folder).into_iter().flatten().map(|job| job.unwrap().path());
    let files = jobs.flat_map(|job| fs::read_dir(job).unwrap()).map(|file| file.unwrap().path());
    files.map(|path| (path.clone(), fs::read_to_string(path).unwrap())).collect()
}
