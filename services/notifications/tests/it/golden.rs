//! Every example of every event version that the template subscribes to, through the job that it wakes.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use serde_norway::Value as Yaml;

use crate::function::{Answer, done, run};

/// One rule of the template.
struct Rule {
    job: String,
    source: String,
    detail_type: String,
}

#[test]
fn every_job_reads_all_examples_of_its_event() {
    let rules = rules();
    assert!(!rules.is_empty(), "the template has no rule");
    // An erasure waits, and looks into places that no script answers for: src/subscribe/readings.rs has its examples.
    for rule in rules.into_iter().filter(|rule| rule.job != "erase") {
        for (name, event) in examples(&rule) {
            let ran = run(&rule.job, &event, &willing_aws(&rule.job));
            assert!(ran.outcome.is_ok(), "{} does not read {name}: {ran:?}", rule.job);
            assert!(!ran.calls.is_empty(), "{} does nothing with {name}", rule.job);
        }
    }
}

#[test]
fn every_job_that_a_rule_wakes_says_what_it_reads() {
    let reads = Path::new(env!("CARGO_MANIFEST_DIR")).join("reads");
    for Rule { job, detail_type, .. } in rules() {
        let file = reads.join(&job).join(format!("{detail_type}.json"));
        assert!(file.exists(), "add a row for {job} to src/subscribe/readings.rs, then run `cargo xtask schemas`");
    }
}

fn rules() -> Vec<Rule> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("template.yaml");
    let template: Yaml = serde_norway::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    let mut rules = Vec::new();
    for (_, function) in template["Resources"].as_mapping().unwrap() {
        let properties = &function["Properties"];
        for (_, event) in properties["Events"].as_mapping().into_iter().flatten() {
            if event["Type"] != "EventBridgeRule" {
                continue;
            }
            let pattern = &event["Properties"]["Pattern"];
            for detail_type in texts(&pattern["detail-type"]) {
                let job = properties["Handler"].as_str().unwrap().to_owned();
                let source = texts(&pattern["source"]).concat();
                rules.push(Rule { job, source, detail_type });
            }
        }
    }
    rules
}

/// The examples of a rule's event: `events/examples/<service>/<Event>/v<N>*.json`.
fn examples(rule: &Rule) -> Vec<(String, Value)> {
    let (event, version) = rule.detail_type.split_once('.').unwrap();
    let service = rule.source.strip_prefix("busline.").unwrap();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../events/examples").join(service).join(event);
    let files = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut examples = Vec::new();
    for file in files {
        let path = file.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if name.split('.').next() == Some(version) {
            examples.push((name, serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap()));
        }
    }
    assert!(!examples.is_empty(), "{} has no example in {}", rule.detail_type, folder.display());
    examples
}

/// An AWS that does everything that it is asked, and knows whom to write to.
fn willing_aws(job: &str) -> Vec<(&'static str, Answer)> {
    let writes = ["UpdateItem", "UpdateItem", "PutItem", "TransactWriteItems"].map(|operation| (operation, done()));
    let mail = ("SendEmail", Answer::Json(200, json!({"MessageId": "mail-1"})));
    let rows = ("Query", Answer::Json(200, json!({"Items": []})));
    let part = ("PutObject", done());
    let reads = match job {
        "send-reminder-mail" | "send-export-mail" => [crate::mail::ann(), done()],
        _ => [done(), done()],
    };
    let reads = reads.map(|answer| ("GetItem", answer));
    writes.into_iter().chain(reads).chain([mail, rows, part]).collect()
}

fn texts(list: &Yaml) -> Vec<String> {
    list.as_sequence().unwrap().iter().map(|text| text.as_str().unwrap().to_owned()).collect()
}
