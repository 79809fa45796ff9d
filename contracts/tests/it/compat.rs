//! The prover of compatibility: verdicts that are known, and verdicts that events are held against.

use contracts::compat::{Direction, Report, Schema, Verdict, compare};
use serde_json::Value;

/// The given examples, each with its direction and its verdict.
const EXAMPLES: &str = include_str!("fixtures/compat-examples.json");

fn schema(document: &Value) -> Schema {
    Schema::parse(document.clone()).unwrap_or_else(|error| panic!("{error}: {document}"))
}

/// Compares, and holds the witness against both schemas.
fn checked(old: &Value, new: &Value, direction: Direction) -> Report {
    let (old, new) = (schema(old), schema(new));
    let report = compare(&old, &new, direction);
    for finding in &report.findings {
        let (writer, reader) = match finding.direction {
            Direction::Forward => (&new, &old),
            Direction::Backward => (&old, &new),
            Direction::Full => panic!("a finding has one direction"),
        };
        if finding.verdict == Verdict::Incompatible {
            let witness = finding.witness.as_ref().unwrap();
            assert!(writer.admits(witness) && !reader.admits(witness), "{witness} shows nothing");
            assert!(!finding.reason.is_empty());
        }
    }
    report
}

#[test]
fn every_given_example_has_its_verdict_and_a_witness() {
    let cases: Vec<Value> = serde_json::from_str(EXAMPLES).unwrap();
    assert!(!cases.is_empty());
    for case in &cases {
        let direction = match case["direction"].as_str().unwrap() {
            "FORWARD" => Direction::Forward,
            _ => Direction::Backward,
        };
        let report = checked(&case["old"], &case["new"], direction);
        let expected = if case["breaking"] == true { Verdict::Incompatible } else { Verdict::Compatible };
        assert_eq!(report.verdict, expected, "{case}");
    }
}
