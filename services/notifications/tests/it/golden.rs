//! Each example of each event version that the template subscribes to, given to its job.

use serde_json::json;
use testkit::template::rules;

use crate::function::{Answer, done, run};

#[test]
fn every_job_reads_all_examples_of_its_event() {
    // An erasure waits, and makes calls that have no scripted answer: src/subscribe/consumed_events.rs covers its
    // examples.
    for rule in rules(include_str!("../../template.yaml")).into_iter().filter(|rule| rule.job != "erase") {
        for (name, event) in rule.examples() {
            let ran = run(&rule.job, &event, &successful_answers(&rule.job));
            assert!(ran.outcome.is_ok(), "{} does not read {name}: {ran:?}", rule.job);
            assert!(!ran.calls.is_empty(), "{} does nothing with {name}", rule.job);
        }
    }
}

/// Answers with which every job succeeds.
fn successful_answers(job: &str) -> Vec<(&'static str, Answer)> {
    let writes = ["UpdateItem", "UpdateItem", "UpdateItem", "PutItem", "TransactWriteItems"]
        .map(|operation| (operation, done()));
    let mail = ("SendEmail", Answer::Json(200, json!({"MessageId": "mail-1"})));
    let rows = ("Query", Answer::Json(200, json!({"Items": []})));
    let part = ("PutObject", done());
    let reads = match job {
        "send-reminder-mail" | "send-export-mail" => [crate::emails::ann(), done(), done(), done()],
        _ => [done(), done(), done(), done()],
    };
    let reads = reads.map(|answer| ("GetItem", answer));
    writes.into_iter().chain(reads).chain([mail, rows, part]).collect()
}
