//! The prover of compatibility: verdicts that are known, and verdicts that events are held against.

use contracts::compat::{
    Direction, Report, Schema, Verdict, compare,
    generate::{self, Instances},
};
use serde_json::Value;

use crate::schema_pairs;

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

/// How many random pairs each run judges.
const PAIRS: u64 = 2_000;

/// Values of the writer and around them, and some of the same world.
fn events(writer: &Schema, seed: u64) -> Vec<Value> {
    let own: Vec<Value> = Instances::of(writer, seed).take(12).collect();
    let around = own.iter().take(3).flat_map(generate::variations).collect::<Vec<_>>();
    let mut dice = schema_pairs::Dice(seed);
    let any = (0..60).map(|_| schema_pairs::value(&mut dice, 3));
    own.into_iter().chain(around).chain(any).collect()
}

#[test]
fn no_event_proves_a_verdict_wrong() {
    let (mut decided, mut unknown) = (0, 0);
    for seed in 0..PAIRS {
        let (old, new) = schema_pairs::pair(seed);
        let report = checked(&old, &new, Direction::Backward);
        match report.verdict {
            Verdict::Unknown => unknown += 1,
            Verdict::Incompatible => decided += 1,
            Verdict::Compatible => {
                decided += 1;
                let (writer, reader) = (schema(&old), schema(&new));
                for event in events(&writer, seed) {
                    let broken = writer.admits(&event) && !reader.admits(&event);
                    assert!(!broken, "seed {seed}: {event} breaks\n{old}\n{new}");
                }
            }
        }
    }
    assert!(unknown * 50 < decided, "{unknown} unknown beside {decided} decided");
}

/// Our own table: each case with its verdict in both directions.
const VERDICTS: &str = include_str!("fixtures/compat-verdicts.json");

#[test]
fn every_case_of_the_table_has_its_verdict_in_both_directions() {
    let cases: Vec<Value> = serde_json::from_str(VERDICTS).unwrap();
    assert!(cases.len() >= 100);
    let mut wrong = Vec::new();
    for case in &cases {
        for (direction, name) in [(Direction::Backward, "backward"), (Direction::Forward, "forward")] {
            let report = checked(&case["old"], &case["new"], direction);
            let verdict = serde_json::to_value(report.verdict).unwrap();
            if verdict != case[name] {
                wrong.push(format!("{} {name}: {verdict}: {:?}", case["case"], report.reason));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
