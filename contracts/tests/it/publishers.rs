//! Events of one name that several services publish: each publisher is proven against every reader that selects it.

#![allow(clippy::panic, clippy::unwrap_used, reason = "parts of tests: they fail by panicking")]

use contracts::asyncapi;
use contracts::catalog::contents::Contents;
use contracts::deploy::record;
use contracts::deploy::{self, Verdict};
use contracts::repository::tree::Tree;
use contracts::repository::{EventName, Repository};
use contracts::{catalog, check, diff, window};
use serde_json::{Value, json};

use crate::repository::{describe, today};

/// The detail type that the publishers share.
const ANSWER: &str = "DataErased.v1";

fn name(service: &str) -> EventName {
    EventName { service: service.to_owned(), event: "DataErased".to_owned(), version: 1 }
}

fn schema(service: &str, required: &[&str]) -> Value {
    json!({
        "type": "object", "additionalProperties": false, "required": ["metadata", "data"],
        "properties": {
            "metadata": {
                "type": "object", "additionalProperties": false, "required": ["schema"],
                "properties": {"schema": {"const": format!("{service}/DataErased/v1")}},
            },
            "data": {
                "type": "object", "additionalProperties": false, "required": required,
                "properties": {"deletionId": {"type": "string", "maxLength": 64}, "erasedAt": {"type": "string", "maxLength": 40}},
            },
        },
    })
}

fn publish(tree: &mut Tree, service: &str, required: &[&str]) {
    let template = json!({
        "Parameters": {"BusArn": {"Type": "AWS::SSM::Parameter::Value<String>", "Default": "/busline/local/bus/arn"}},
        "Resources": {"Publish": {"Type": "AWS::Serverless::Function", "Properties": {
            "Handler": "publish",
            "Policies": [{"Statement": [{
                "Effect": "Allow", "Action": "events:PutEvents", "Resource": {"Ref": "BusArn"},
                "Condition": {"StringEquals": {"events:source": format!("busline.{service}")}},
            }]}],
        }}},
    });
    tree.put(&format!("services/{service}/template.yaml"), template.to_string());
    tree.put(&format!("events/schemas/{service}/DataErased/v1.json"), schema(service, required).to_string());
}

/// Two publishers, and a reader with a rule that selects these sources.
fn tree(sources: &Value) -> Tree {
    let mut tree = Tree::default();
    for service in ["alpha", "beta"] {
        publish(&mut tree, service, &["deletionId", "erasedAt"]);
    }
    let rule = json!({"Type": "EventBridgeRule", "Properties": {
        "EventBusName": {"Ref": "BusName"}, "Pattern": {"source": sources, "detail-type": [ANSWER]},
    }});
    let template = json!({
        "Parameters": {"BusName": {"Type": "AWS::SSM::Parameter::Value<String>", "Default": "/busline/local/bus/name"}},
        "Resources": {
            "Collect": {"Type": "AWS::Serverless::Function", "Properties": {"Handler": "collect", "Events": {"Answer": rule}}},
            "Dlq": {"Type": "AWS::SQS::Queue"},
        },
    });
    tree.put("services/asker/template.yaml", template.to_string());
    let reader = json!({"type": "object", "required": ["metadata", "data"], "properties": {
        "metadata": {"type": "object", "required": ["schema"], "properties": {"schema": {"type": "string"}}},
        "data": {"type": "object", "required": ["deletionId"], "properties": {"deletionId": {"type": "string"}}},
    }});
    tree.put(&format!("services/asker/reads/collect/{ANSWER}.json"), reader.to_string());
    tree
}

fn all_sources() -> Value {
    json!([{"prefix": "busline."}])
}

fn repository(tree: &Tree) -> Repository {
    Repository::new(tree.clone(), None)
}

/// The messages of one check.
fn findings(tree: &Tree, rule: &str) -> Vec<String> {
    let checked = check::run(&repository(tree), today());
    let failures = check::failures(&checked).filter(|(found, _)| *found == rule);
    failures.map(|(rule, finding)| describe(rule, finding)).collect()
}

#[test]
fn a_publisher_may_stop_when_the_reader_gets_the_event_of_another() {
    let stops = |sources: Value| {
        let base = tree(&sources);
        let mut head = base.clone();
        head.remove("events/schemas/alpha/DataErased/v1.json");
        diff::between(&repository(&base), &repository(&head), today()).verdict
    };
    assert_eq!(stops(all_sources()), diff::Verdict::Compatible);
    assert_eq!(stops(json!(["busline.alpha"])), diff::Verdict::Incompatible);
}

#[test]
fn a_reader_gets_the_event_of_each_publisher_that_its_rule_selects() {
    let events = |sources: Value| {
        let repository = repository(&tree(&sources));
        let events = repository.events_of(&repository.readers[0]).into_iter().map(|name| name.service.clone());
        events.collect::<Vec<_>>()
    };
    assert_eq!(events(all_sources()), ["alpha", "beta"]);
    assert_eq!(events(json!(["busline.alpha", "busline.beta"])), ["alpha", "beta"]);
    assert_eq!(events(json!(["busline.beta"])), ["beta"]);
    assert_eq!(
        events(json!(["busline.other"])),
        ["alpha", "beta"],
        "without a rule, any of them can be in the archive"
    );
}

#[test]
fn two_publishers_of_one_event_pass_the_checks() {
    for rule in [
        "reader-reads-publisher",
        "reader-has-rule",
        "rule-names-event",
        "rule-reads-one-version",
        "rule-delivers-once",
    ] {
        assert_eq!(findings(&tree(&all_sources()), rule), [""; 0], "{rule}");
    }
}

#[test]
fn a_publisher_that_changes_its_schema_is_reported_with_its_reader() {
    let mut tree = tree(&all_sources());
    publish(&mut tree, "beta", &["erasedAt"]);
    let findings = findings(&tree, "reader-reads-publisher");
    assert_eq!(findings.len(), 1, "{findings:?}");
    assert!(findings[0].contains("asker/collect cannot read every beta/DataErased/v1"), "{}", findings[0]);
}

#[test]
fn a_third_publisher_with_a_wrong_schema_is_reported() {
    let mut head = tree(&all_sources());
    publish(&mut head, "gamma", &["erasedAt"]);
    let found = findings(&head, "reader-reads-publisher");
    assert!(found.len() == 1 && found[0].contains("gamma/DataErased/v1"), "{found:?}");

    let mut unselected = tree(&json!(["busline.alpha", "busline.beta"]));
    publish(&mut unselected, "gamma", &["erasedAt"]);
    assert!(findings(&unselected, "reader-reads-publisher").is_empty());
}

#[test]
fn the_difference_names_a_new_publisher_and_the_reader_that_it_breaks() {
    let base = tree(&all_sources());
    let mut head = base.clone();
    publish(&mut head, "gamma", &["erasedAt"]);
    let diff = diff::between(&repository(&base), &repository(&head), today());
    let change = diff.changes.iter().find(|change| change.subject == "gamma/DataErased/v1").unwrap();
    assert_eq!((change.verdict, &*change.broken_readers[0].reader), (diff::Verdict::Incompatible, "asker/collect"));
    assert!(change.what.starts_with("a new publisher of the event"), "{}", change.what);

    let mut right = base.clone();
    publish(&mut right, "gamma", &["deletionId"]);
    let diff = diff::between(&repository(&base), &repository(&right), today());
    assert_eq!(diff.verdict, diff::Verdict::Compatible, "{:?}", diff.changes);
}

#[test]
fn the_difference_judges_publishers_that_a_wider_rule_selects() {
    let with_beta = |sources: &Value| {
        let mut tree = tree(sources);
        publish(&mut tree, "beta", &["erasedAt"]);
        repository(&tree)
    };
    let diff = diff::between(&with_beta(&json!(["busline.alpha"])), &with_beta(&all_sources()), today());
    let change = diff.changes.iter().find(|change| change.subject == "asker/collect").unwrap();
    assert_eq!(change.verdict, diff::Verdict::Incompatible, "{change:?}");
}

#[test]
fn a_publisher_that_is_not_deployed_yet_is_checked_before_its_deployment() {
    let deployed = deploy::service_contracts(&repository(&tree(&all_sources())));
    let verdict = |required: &[&str]| {
        let mut head = tree(&all_sources());
        publish(&mut head, "gamma", required);
        deploy::verdict(&repository(&head), &deployed, "gamma", today())
    };
    assert_eq!(verdict(&["deletionId"]), Verdict::Yes);
    let (Verdict::No { blockers, .. } | Verdict::Impossible { blockers, .. }) = verdict(&["erasedAt"]) else {
        panic!("a publisher that breaks a deployed reader is accepted");
    };
    assert_eq!((&*blockers[0].reader, &*blockers[0].event), ("asker/collect", "gamma/DataErased/v1"));
}

#[test]
fn a_reader_can_be_deployed_before_one_of_its_publishers_and_without_it() {
    let repository = repository(&tree(&all_sources()));
    let mut deployed = deploy::service_contracts(&repository);
    deployed.get_mut("beta").unwrap().publishes.clear();
    assert_eq!(deploy::verdict(&repository, &deployed, "asker", today()), Verdict::Yes);
    assert_eq!(deploy::verdict(&repository, &deployed, "beta", today()), Verdict::Yes);

    let mut without_beta = tree(&all_sources());
    without_beta.remove("events/schemas/beta/DataErased/v1.json");
    let without_beta = Repository::new(without_beta, None);
    assert_eq!(deploy::verdict(&without_beta, &deploy::service_contracts(&repository), "beta", today()), Verdict::Yes);
}

#[test]
fn the_record_of_a_reader_holds_its_sources() {
    for sources in [all_sources(), json!(["busline.alpha", "busline.beta"])] {
        let services = deploy::service_contracts(&repository(&tree(&sources)));
        let parameters = record::parameters("local", "asker", &services["asker"]);
        let pairs = parameters.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let recorded = record::read("local", pairs).unwrap();
        assert_eq!(recorded.services["asker"], services["asker"]);
        let read = recorded.services["asker"].reads.values().next().unwrap();
        assert!(read.selects("busline.beta"));
        assert_eq!(read.selects("busline.gamma"), sources == all_sources());
    }
}

#[test]
fn the_window_has_a_row_for_each_publisher() {
    let rows = window::rows(&repository(&tree(&all_sources())), today());
    let events: Vec<&str> = rows.iter().map(|row| row.event.as_str()).collect();
    assert_eq!(events, [name("alpha").to_string(), name("beta").to_string()]);
    assert!(rows.iter().all(window::Row::passes), "{rows:?}");
}

#[test]
fn the_catalogue_lists_each_publisher_with_its_readers() {
    let contents = Contents::from_repository(&repository(&tree(&all_sources()))).unwrap();
    let page = &catalog::files(&contents)[catalog::PAGE];
    for (service, anchor) in [("alpha", "dataerased-v1-by-alpha"), ("beta", "dataerased-v1-by-beta")] {
        assert!(page.contains(&format!("[{ANSWER}](#{anchor}) | {service} | asker/collect")), "{page}");
        assert!(page.contains(&format!("### DataErased v1 by {service}")), "{page}");
    }
    let asker: Value = serde_json::from_str(&asyncapi::files(&contents)["docs/asyncapi/asker.json"]).unwrap();
    let operations: Vec<&String> = asker["operations"].as_object().unwrap().keys().collect();
    assert_eq!(operations, ["collect.alpha.DataErased.v1", "collect.beta.DataErased.v1"]);
}
