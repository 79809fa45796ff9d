//! Every example of every event version that the template subscribes to, through the job that it wakes.

use serde_json::json;
use testkit::template::rules;

use crate::function::{Answer, done, run};

#[test]
fn every_job_reads_all_examples_of_its_event() {
    // An erasure waits, and looks into places that no script answers for: src/subscribe/readings.rs has its examples.
    for rule in rules(include_str!("../../template.yaml")).into_iter().filter(|rule| rule.job != "erase") {
        for (name, event) in rule.examples() {
            let ran = run(&rule.job, &event, &willing_aws(&rule.job));
            assert!(ran.outcome.is_ok(), "{} does not read {name}: {ran:?}", rule.job);
            assert!(!ran.calls.is_empty(), "{} does nothing with {name}", rule.job);
        }
    }
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
