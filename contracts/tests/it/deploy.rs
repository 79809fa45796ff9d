//! Which services can be deployed next to which.

#![allow(clippy::panic, clippy::unwrap_used, reason = "parts of tests: they fail by panicking")]

use contracts::deploy::record::{self, Forced, MAX_VALUE_BYTES};
use contracts::deploy::{self, Verdict};
use contracts::repository::Repository;
use serde_json::json;

use crate::repository::{Subject, changed, here, relax, today};

fn services() -> Vec<String> {
    here().services.into_keys().collect()
}

/// This repository with a publisher that no longer guarantees a field that its reader requires.
fn without_guarantee(subject: &Subject) -> Repository {
    changed(&subject.name.schema_file(), |schema| relax(schema, &subject.field))
}

#[test]
fn every_service_can_be_deployed_to_an_empty_environment() {
    for service in services() {
        assert_eq!(deploy::verdict(&here(), &deploy::Services::new(), &service, today()), Verdict::Yes, "{service}");
    }
}

#[test]
fn a_deployed_service_can_be_deployed_again() {
    let deployed = deploy::service_contracts(&here());
    for service in services() {
        assert_eq!(deploy::verdict(&here(), &deployed, &service, today()), Verdict::Yes, "{service}");
    }
}

#[test]
fn a_publisher_cannot_be_deployed_while_a_deployed_reader_could_not_read_it() {
    let subject = Subject::find();
    let verdict = deploy::verdict(
        &without_guarantee(&subject),
        &deploy::service_contracts(&here()),
        &subject.name.service,
        today(),
    );
    let Verdict::Impossible { blockers, proof, steps } = verdict else {
        panic!("a reader that breaks was not found: {verdict:?}");
    };
    let broken: Vec<_> = blockers.iter().map(|blocker| blocker.reader.clone()).collect();
    assert!(broken.contains(&subject.reader.subject()), "{broken:?}");
    assert!(broken.iter().all(|reader| subject.readers().contains(reader)), "{broken:?}");
    assert!(blockers.iter().all(|blocker| blocker.witness.is_some()) && !proof.is_empty(), "{blockers:?}");
    assert!(steps[0].contains("into a new version"), "{steps:?}");
}

#[test]
fn a_reader_that_requires_more_is_deployed_after_its_publisher() {
    let subject = Subject::find();
    let (publisher, reader) = (&subject.name.service, &subject.reader);
    // The publisher of the tree promises the field, which the deployed one does not, and the reader of the tree needs it.
    let undemanding = |repository: Repository| {
        let mut deployed = deploy::service_contracts(&repository);
        let reads = deployed.get_mut(&reader.service).unwrap();
        for ((_, detail_type), read) in &mut reads.reads {
            if *detail_type == reader.detail_type {
                read.schema["properties"]["data"]["required"] = json!([]);
            }
        }
        deployed
    };
    let mut deployed = undemanding(here());
    deployed.insert(publisher.clone(), deploy::service_contracts(&without_guarantee(&subject))[publisher].clone());
    assert_eq!(deploy::verdict(&here(), &deployed, publisher, today()), Verdict::Yes);
    let verdict = deploy::verdict(&here(), &deployed, &reader.service, today());
    let Verdict::No { blockers, order } = verdict else { panic!("an order exists: {verdict:?}") };
    assert_eq!(order, [publisher.clone(), reader.service.clone()]);
    assert_eq!(blockers[0].event, subject.name.to_string());
}

#[test]
fn a_record_is_read_back_and_fits_into_parameters() {
    for (service, promises) in deploy::service_contracts(&here()) {
        let parameters = record::parameters("local", &service, &promises);
        for (name, value) in &parameters {
            assert!(
                value.len() <= MAX_VALUE_BYTES,
                "{name} has {} bytes, a parameter takes {MAX_VALUE_BYTES}",
                value.len()
            );
        }
        let pairs = parameters.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let others = [("/busline/local/a/api-id", "x"), ("/busline/local/bus/name", "y")];
        let recorded = record::read("local", pairs.chain(others)).unwrap();
        assert_eq!(recorded.services.get(&service), Some(&promises), "{service}");
    }
}

#[test]
fn a_forced_deployment_is_recorded_with_any_number_of_broken_readers() {
    let forced = Forced {
        at: "2026-11-21T08:00:00Z".parse().unwrap(),
        reason: "readers follow in an hour".into(),
        broken_readers: vec!["a/created: it cannot read that".into(); 500],
    };
    let value = record::forced_value(&forced).unwrap();
    assert!(value.len() <= MAX_VALUE_BYTES);
    let name = record::forced_parameter("prod", "a");
    let recorded = record::read("prod", [(name.as_str(), value.as_str())]).unwrap();
    assert_eq!(recorded.forced["a"].reason, forced.reason);
    assert!(recorded.services.is_empty());
}

#[test]
fn an_invalid_record_is_reported_by_name() {
    let error = record::read("prod", [("/busline/prod/a/contracts/publishes/x", "{}")]).unwrap_err();
    assert!(error.to_string().contains("contracts/publishes/x"), "{error}");
}
