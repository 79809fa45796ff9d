//! Every example of every event version in the template's rules, through the job of its rule.

use testkit::template::rules;

use crate::run;

#[test]
fn every_job_reads_all_examples_of_its_event() {
    // An erasure waits, and makes calls without a script here: src/subscribe/consumed_events.rs tests its examples.
    for rule in rules(include_str!("../../template.yaml")).into_iter().filter(|rule| rule.job != "erase") {
        for (name, event) in rule.examples() {
            let ran = run(&rule.job, &event);
            assert!(ran.outcome.is_ok(), "{} does not read {name}: {ran:?}", rule.job);
            assert!(!ran.calls.is_empty(), "{} does nothing with {name}", rule.job);
        }
    }
}
