//! Every example of every event version that the template subscribes to, through the job that it wakes.

use testkit::template::rules;

use crate::run;

#[test]
fn every_job_reads_all_examples_of_its_event() {
    // An erasure waits, and looks into places that no script answers for: src/subscribe/readings.rs has its examples.
    for rule in rules(include_str!("../../template.yaml")).into_iter().filter(|rule| rule.job != "erase") {
        for (name, event) in rule.examples() {
            let ran = run(&rule.job, &event);
            assert!(ran.outcome.is_ok(), "{} does not read {name}: {ran:?}", rule.job);
            assert!(!ran.calls.is_empty(), "{} does nothing with {name}", rule.job);
        }
    }
}
