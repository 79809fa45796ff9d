//! `ops dlq list`: what the attributes and the metric of a queue tell.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::fake_aws::{FakeAws, State, arn};

fn list(aws: &FakeAws) -> Vec<Value> {
    let home = tempfile::tempdir().unwrap();
    let output = aws.ops(&["list", "--format", "json"]).env("BUSLINE_HOME", home.path()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn cloud(queues: &[(&str, Value)]) -> FakeAws {
    let queues: BTreeMap<String, Value> =
        queues.iter().map(|(name, attributes)| ((*name).to_owned(), attributes.clone())).collect();
    let ages = queues.keys().map(|name| (name.clone(), 86_400.0)).collect();
    let messages = BTreeMap::from([("00000000".to_owned(), "{}".to_owned())]);
    FakeAws::start(State { queues, messages, ages, ..State::default() })
}

fn redriving_to(queue: &str) -> Value {
    json!({"RedrivePolicy": json!({"deadLetterTargetArn": arn(queue), "maxReceiveCount": 3}).to_string()})
}

#[test]
fn what_sqs_moved_from_another_standard_queue_is_kept_for_an_unknown_time_at_most() {
    let aws = cloud(&[
        ("orders", redriving_to("orders-dlq")),
        ("orders-dlq", json!({})),
        ("steps.fifo", redriving_to("steps-dlq.fifo")),
        ("steps-dlq.fifo", json!({})),
        ("topic-dlq", json!({})),
    ]);
    let left: BTreeMap<String, (bool, i64)> = list(&aws)
        .iter()
        .map(|queue| {
            let most = queue["retentionLeftAtMost"].as_i64().expect("the age is known");
            assert!(queue["retentionLeft"].is_null() || queue["retentionLeft"] == most, "{queue}");
            (queue["queue"].as_str().unwrap().to_owned(), (queue["retentionLeft"].is_null(), most))
        })
        .collect();
    let names = ["orders-dlq", "steps-dlq.fifo", "topic-dlq"];
    assert_eq!(left.keys().collect::<Vec<_>>(), names);
    assert_eq!(names.map(|name| left[name].0), [true, false, false], "only standard queues keep the first time");
    assert!(left.values().all(|(_, most)| (3 * 86_400 - 600..=3 * 86_400).contains(most)), "{left:?}");
    let home = tempfile::tempdir().unwrap();
    let table = aws.ops(&["list"]).env("BUSLINE_HOME", home.path()).output().unwrap();
    assert!(String::from_utf8_lossy(&table.stdout).contains("at most "), "{table:?}");
}

#[test]
fn the_ages_of_all_queues_are_read_with_one_call() {
    let names: Vec<String> = (0..45).map(|number| format!("queue-{number}-dlq")).collect();
    let queues: Vec<(&str, Value)> = names.iter().map(|name| (name.as_str(), json!({}))).collect();
    let aws = cloud(&queues);
    let listed = list(&aws);
    assert_eq!(listed.iter().filter(|queue| queue["oldest"].is_string()).count(), 45);
    let calls = aws.state(|state| state.calls.clone());
    assert_eq!(calls.iter().filter(|call| *call == "GetMetricData").count(), 1, "{calls:?}");
}

#[test]
fn metrics_that_do_not_come_cost_only_the_ages() {
    let aws = cloud(&[("orders-dlq", json!({}))]);
    aws.state(|state| state.hanging.push("GetMetricData"));
    let listed = list(&aws);
    assert_eq!((&listed[0]["depth"], &listed[0]["oldest"]), (&json!(1), &json!(null)));
}
