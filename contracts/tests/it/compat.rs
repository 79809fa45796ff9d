//! The prover of compatibility: verdicts that are known, and verdicts that events are held against.

#![allow(clippy::panic, clippy::unwrap_used, reason = "a test that meets the unexpected stops")]

use std::time::{Duration, Instant};

use contracts::compat::{
    Direction, Overlap, Report, Schema, Verdict, compare,
    generate::{self, Instances},
    overlap,
};
use serde_json::{Value, json};

use crate::schema_pairs;

/// The given examples, each with its direction and its verdict.
const EXAMPLES: &str = include_str!("fixtures/compat-examples.json");

const DRAFT_07: &str = "http://json-schema.org/draft-07/schema#";

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
const PAIRS: u64 = 1_000;

/// Values of the writer and around them, and some of the same world.
fn events(writer: &Schema, seed: u64) -> Vec<Value> {
    let own: Vec<Value> = Instances::new(writer, seed).take(12).collect();
    let around = own.iter().take(3).flat_map(generate::variations).collect::<Vec<_>>();
    let mut rng = schema_pairs::Rng(seed);
    let any = (0..60).map(|_| schema_pairs::value(&mut rng, 3));
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

#[test]
fn properties_named_like_keywords_are_compared_as_properties() {
    for [before, after] in [["title", "description"], ["default", "examples"], ["$comment", "deprecated"]] {
        let needs = |key: &str| json!({"type": "object", "dependentRequired": {key: ["a"]}});
        assert_eq!(checked(&needs(before), &needs(after), Direction::Full).findings.len(), 2, "{before} and {after}");
        let nested = |key: &str| json!({"$schema": DRAFT_07, "items": {"dependencies": {key: ["a"]}}});
        assert_eq!(checked(&nested(before), &nested(after), Direction::Full).findings.len(), 2, "{before} and {after}");
        let listed =
            |needed: Value| json!({"dependentRequired": {before: needed}, "properties": {"$ref": {"const": 1}}});
        let report = checked(&listed(json!(["a"])), &listed(json!(["a", "b"])), Direction::Backward);
        assert_eq!(report.verdict, Verdict::Incompatible);
    }
}

#[test]
fn json_that_would_lose_information_is_refused() {
    let said = |text: &str| Schema::from_text(text).map_or_else(|error| error.to_string(), |_| String::new());
    let limit = |number: &str| said(&format!(r#"{{"type": "number", "maximum": {number}}}"#));
    for kept in
        ["0.1", "1.50", "-1E-3", "18446744073709551615", "1e308", "1e23", "5e-324", "0e9", "36893488147419103232"]
    {
        assert_eq!(limit(kept), "", "{kept}");
    }
    for lost in ["123456789012345678901234567890", "18446744073709551617", "0.1000000000000000055", "1e-400"] {
        assert!(limit(lost).contains(&format!("line 1, column 31: the number {lost} does not fit")), "{}", limit(lost));
    }
    assert!(limit("1e-99999999999").contains("does not fit") && limit("1e999").contains("column"));
    let twice = "{\"type\": \"string\",\n \"type\": \"integer\"}";
    assert!(said(twice).contains("line 2, column 7: the key \"type\" is given twice"), "{}", said(twice));
    assert!(said("\u{feff}{}").contains("byte order mark"));
    assert_eq!(said(r#"{"const": "\"1e-400\\"}"#), "");
}

#[test]
fn too_long_chains_of_references_are_refused() {
    let chain = |length: usize, name: fn(usize) -> String, step: fn(&str) -> Value| {
        let mut definitions = json!({ name(0): {"type": "string"} });
        for link in 1..length {
            definitions[name(link)] = step(&format!("#/$defs/{}", name(link - 1)));
        }
        json!({"$ref": format!("#/$defs/{}", name(length - 1)), "$defs": definitions})
    };
    let steps: [fn(&str) -> Value; 2] = [
        |target| json!({ "$ref": target }),
        |target| json!({"type": "object", "properties": {"a": {"$ref": target}}, "required": ["a"]}),
    ];
    let names: [fn(usize) -> String; 2] = [|link| format!("d{link:06}"), |link| format!("d{:06}", 900_000 - link)];
    for step in steps {
        for name in names {
            assert!(refusal(chain(2_000, name, step)).contains("longer than 200"));
            let short = chain(40, name, step);
            assert_eq!(checked(&short, &short, Direction::Full).verdict, Verdict::Compatible);
        }
    }
    assert!(refusal(chain(100_000, names[1], steps[0])).contains("longer than 200"));
}

#[test]
fn long_enumerations_are_compared_within_seconds() {
    let lists: [fn(u32) -> Value; 3] = [|at| json!(at), |at| json!(format!("value {at}")), |at| json!([at])];
    for item in lists {
        let started = std::time::Instant::now();
        let list = |end: u32| json!({"enum": (0..end).map(item).collect::<Vec<_>>()});
        let report = checked(&list(5_000), &list(5_001), Direction::Full);
        assert_eq!(report.findings.len(), 1);
        assert_eq!(report.findings[0].direction, Direction::Forward);
        assert!(started.elapsed().as_secs() < 5, "{:?} for {}", started.elapsed(), item(0));
    }
    assert_eq!(
        checked(&json!({"enum": [1, 1.0, 0.5]}), &json!({"enum": [1.0, 0.5]}), Direction::Full).verdict,
        Verdict::Compatible
    );
}

#[test]
fn very_large_numbers_are_compared_within_seconds() {
    let verdict = |old: &str, new: &str| {
        let [old, new] = [old, new].map(|text| serde_json::from_str::<Value>(text).unwrap());
        checked(&old, &new, Direction::Backward).verdict
    };
    let started = std::time::Instant::now();
    verdict(r#"{"type": "number", "multipleOf": 1e-50, "minimum": 1e50}"#, r#"{"multipleOf": 1e50}"#);
    assert!(started.elapsed().as_secs() < 5, "{:?}", started.elapsed());
    assert_eq!(verdict(r#"{"type": "integer"}"#, r#"{"maximum": 1e308}"#), Verdict::Incompatible);
    assert_eq!(verdict(r#"{"type": "integer", "maximum": 1e307}"#, r#"{"maximum": 1e308}"#), Verdict::Compatible);
    assert_eq!(verdict(r#"{"type": "number"}"#, r#"{"minimum": -1e300}"#), Verdict::Incompatible);
}

#[test]
fn formats_that_our_validator_does_not_assert_prove_nothing() {
    for format in ["idn-email", "idn-hostname"] {
        let (plain, narrow) = (json!({"type": "string"}), json!({"type": "string", "format": format}));
        assert_eq!(checked(&plain, &narrow, Direction::Backward).verdict, Verdict::Unknown);
        assert_eq!(checked(&narrow, &plain, Direction::Backward).verdict, Verdict::Compatible);
    }
}

#[test]
fn a_pattern_is_compatible_with_a_format_only_if_all_its_texts_have_the_format() {
    let plain = json!({"type": "string"});
    let format = |name: &str| json!({"type": "string", "format": name});
    for name in ["regex", "uri-template", "iri-reference", "uri-reference", "json-pointer", "duration", "time", "ipv6"]
    {
        assert_eq!(checked(&plain, &format(name), Direction::Backward).verdict, Verdict::Incompatible, "{name}");
    }
    let pattern = |pattern: &str, name: &str| {
        checked(&json!({"type": "string", "pattern": pattern}), &format(name), Direction::Backward).verdict
    };
    assert_eq!(pattern("^2026-01-0[1-9]$", "date"), Verdict::Compatible);
    assert_eq!(pattern("^2026-02-[0-2][1-9]$", "date"), Verdict::Incompatible);
    assert_eq!(pattern("^[a-z]{1,20}@example\\.com$", "email"), Verdict::Compatible);
    assert_eq!(pattern("^[a-z]+@example\\.com$", "email"), Verdict::Incompatible);
}

#[test]
fn large_bounds_are_compared() {
    let bound = |keyword: &str, value: u64| json!({ keyword: value });
    for (keyword, wide, narrow) in
        [("minLength", 400_000, 400_001), ("maxLength", 400_001, 400_000), ("maxItems", 100_001, 100_000)]
    {
        let [wide, narrow] = [bound(keyword, wide), bound(keyword, narrow)];
        assert_eq!(checked(&wide, &narrow, Direction::Backward).verdict, Verdict::Incompatible, "{keyword}");
        assert_eq!(checked(&narrow, &wide, Direction::Backward).verdict, Verdict::Compatible, "{keyword}");
    }
}

#[test]
fn forty_variants_are_told_apart_by_their_discriminator() {
    let variants = |count: usize| {
        let variant = |at: usize| {
            json!({
                "type": "object", "required": ["kind"], "additionalProperties": false,
                "properties": {"kind": {"const": format!("k{at}")}, "value": {"type": "string"}}
            })
        };
        json!({"oneOf": (0..count).map(variant).collect::<Vec<_>>()})
    };
    assert_eq!(checked(&variants(40), &variants(41), Direction::Backward).verdict, Verdict::Compatible);
    assert_eq!(checked(&variants(40), &variants(41), Direction::Forward).verdict, Verdict::Incompatible);
}

fn refusal(document: Value) -> String {
    Schema::parse(document).unwrap_err().to_string()
}

#[test]
fn an_error_about_an_invalid_schema_names_the_place() {
    assert!(refusal(json!({"type": "text"})).contains("/type"));
    assert!(refusal(json!({"items": [{}]})).contains("/items"));
    assert!(refusal(json!({"$ref": "#/$defs/gone"})).contains("#/$defs/gone"));
    assert!(refusal(json!({"$ref": "https://example.com/a.json"})).contains("https://example.com/a.json"));
    assert!(refusal(json!({"$schema": "http://json-schema.org/draft-04/schema#"})).contains("draft-04"));
    assert!(refusal(json!({"$ref": "#"})).contains("same value"));
    assert!(refusal(json!({"properties": {"a": {"$id": "https://example.com/a"}}})).contains("/properties/a"));
}

#[test]
fn draft_07_is_read_as_far_as_it_means_the_same() {
    let seven = |document: Value| {
        let mut document = document;
        document["$schema"] = json!("http://json-schema.org/draft-07/schema#");
        Schema::parse(document)
    };
    assert!(seven(json!({"type": "object", "properties": {"a": {"const": 1}}})).is_ok());
    assert!(seven(json!({"minContains": 2})).unwrap_err().to_string().contains("minContains"));
}

#[test]
fn in_draft_07_a_reference_makes_what_is_beside_it_void() {
    let document = |beside: Value| {
        let mut document =
            json!({"$schema": DRAFT_07, "$ref": "#/definitions/a", "definitions": {"a": {"type": "object"}}});
        document.as_object_mut().unwrap().extend(beside.as_object().unwrap().clone());
        document
    };
    let (plain, beside) = (document(json!({})), document(json!({"required": ["id"], "type": "array"})));
    assert_eq!(checked(&plain, &beside, Direction::Full).verdict, Verdict::Compatible);
    assert!(schema(&beside).admits(&json!({})));
    let field = |beside: Value| json!({"$schema": DRAFT_07, "properties": {"a": document(beside)}, "definitions": {"a": {"type": "string"}}});
    let (plain, beside) = (field(json!({})), field(json!({"maxLength": 3})));
    assert_eq!(checked(&plain, &beside, Direction::Full).verdict, Verdict::Compatible);
    let current = |beside: Value| json!({"$ref": "#/$defs/a", "$defs": {"a": {"type": "object"}}, "required": beside});
    let report = checked(&current(json!([])), &current(json!(["id"])), Direction::Backward);
    assert_eq!(report.verdict, Verdict::Incompatible, "2020-12 asserts both");
}

#[test]
fn dependencies_are_a_keyword_of_draft_07_alone() {
    let needs = |dialect: Option<&str>| {
        let mut document = json!({"type": "object", "dependencies": {"a": ["b"], "c": {"required": ["d"]}}});
        if let Some(dialect) = dialect {
            document["$schema"] = json!(dialect);
        }
        document
    };
    let plain = json!({"type": "object"});
    assert_eq!(checked(&plain, &needs(None), Direction::Full).verdict, Verdict::Compatible);
    assert!(schema(&needs(None)).admits(&json!({"a": 1})));
    assert_eq!(checked(&plain, &needs(Some(DRAFT_07)), Direction::Backward).verdict, Verdict::Incompatible);
    let property = json!({"properties": {"dependencies": {"type": "string"}}});
    assert_eq!(checked(&json!(true), &property, Direction::Backward).verdict, Verdict::Incompatible);
}

#[test]
fn patterns_are_those_of_ecma_262() {
    let pattern = |source: &str| json!({"type": "string", "pattern": source});
    for (source, matched, refused) in [
        ("^a.b$", vec!["axb", "a\u{85}b", "a😀b"], vec!["a\nb", "a\rb", "a\u{2028}b", "a\u{2029}b"]),
        ("^[a.]$", vec!["a", "."], vec!["b"]),
        ("^a$", vec!["a"], vec!["a\n"]),
        ("^[\\b]$", vec!["\u{8}"], vec!["b"]),
        ("^\\0$", vec!["\0"], vec!["0", ""]),
        ("^[\\0-\\x1f]$", vec!["\0", "\u{1f}"], vec![" "]),
        ("[]", vec![], vec!["", "a"]),
        ("^[^]$", vec!["a", "\n"], vec![""]),
        ("^\\uD83D\\uDE00$", vec!["😀"], vec!["a"]),
        ("^[\\uD83D\\uDE00-\\u{1F64F}]$", vec!["😀", "😃"], vec!["a"]),
        ("^\\uD83D", vec![], vec!["😀", ""]),
        ("^[\\uD800-\\uDFFFa]$", vec!["a"], vec!["😀"]),
        ("^\\u002e$", vec!["."], vec!["a"]),
        ("^[[a]$", vec!["[", "a"], vec!["b"]),
        ("^(?i:a)$", vec!["a", "A"], vec!["b"]),
    ] {
        let read = schema(&pattern(source));
        assert!(matched.iter().all(|text| read.admits(&json!(text))), "{source} matches {matched:?}");
        assert!(!refused.iter().any(|text| read.admits(&json!(text))), "{source} matches none of {refused:?}");
        let report = checked(&pattern(source), &pattern(source), Direction::Full);
        assert_eq!(report.verdict, Verdict::Compatible, "{source} is read like itself");
    }
    let any = checked(&pattern("^[^]$"), &pattern("^.$"), Direction::Backward);
    assert_eq!(any.verdict, Verdict::Incompatible, "an end of a line");
    for source in ["\\Aa", "a\\z", "a\\Z", "(?i)a", "(?P<n>a)", "a++", "[[:alpha:]]]", "(?s:.)", "(?m:^a$)", "\\a"] {
        assert!(refusal(pattern(source)).contains("/pattern"), "{source}");
        assert!(refusal(json!({"patternProperties": {source: true}})).contains("/patternProperties"), "{source}");
    }
    let keys = |source: &str| json!({"patternProperties": {source: {"type": "string"}}});
    assert!(schema(&keys("^a.$")).admits(&json!({"a\n": 1})));
    assert_eq!(checked(&keys("^a.$"), &keys("^a[^]$"), Direction::Backward).verdict, Verdict::Incompatible);
}

#[test]
fn word_boundaries_know_ascii_alone_and_back_references_prove_nothing() {
    let pattern = |source: &str| json!({"type": "string", "pattern": source});
    for (source, matched, refused) in [
        ("a\\b", vec!["a", "xa b", "aé", "a\u{212a}"], vec!["ab", "a_"]),
        ("a\\B", vec!["ab", "a1"], vec!["a", "aé"]),
        ("^\\b", vec!["a", "0"], vec!["", "é", "\u{212a}"]),
        ("^\\<a[\\>]$", vec!["<a>"], vec!["a", "a>"]),
        ("^[a\\b]$", vec!["\u{8}", "a"], vec!["b"]),
    ] {
        let read = schema(&pattern(source));
        assert!(matched.iter().all(|text| read.admits(&json!(text))), "{source} matches {matched:?}");
        assert!(!refused.iter().any(|text| read.admits(&json!(text))), "{source} matches none of {refused:?}");
    }
    for source in ["\\1(a)", "(?:(a)|b)\\1$", "^(a+)\\1$"] {
        for (old, new) in
            [(json!({"enum": ["a", "b", "aa"]}), pattern(source)), (pattern(source), json!({"type": "string"}))]
        {
            let report = checked(&old, &new, Direction::Backward);
            assert_eq!(report.verdict, Verdict::Unknown, "{source}");
            assert!(report.reason.unwrap().contains("back-references"), "{source}");
        }
        let same = checked(&pattern(source), &pattern(source), Direction::Full);
        assert_eq!(same.verdict, Verdict::Compatible, "{source}");
    }
}

#[test]
fn a_comparison_that_takes_too_much_work_is_unknown_and_always_the_same() {
    for (old, new) in laborious() {
        let before = yardstick();
        let started = Instant::now();
        let first = checked(&old, &new, Direction::Backward);
        let took = started.elapsed().div_duration_f64((before + yardstick()) / 2);
        let second = checked(&old, &new, Direction::Backward);
        assert_eq!((first.verdict, &first.reason), (second.verdict, &second.reason), "{took}");
        assert!(took < 30.0, "a bound on steps bounds the time: {took} times the yardstick");
        println!("{:?} after {took} times the yardstick: {:?}", first.verdict, first.reason);
    }
}

/// How long this machine, as busy as it is now, takes for a fixed amount of work: about a second when it is idle.
fn yardstick() -> Duration {
    let started = Instant::now();
    let document = json!({"a": [1, 2.5, "three", null], "b": {"c": "d", "e": [true, false]}}).to_string();
    let read = (0..200_000).filter(|_| serde_json::from_str::<Value>(&document).is_ok()).count();
    assert_eq!(read, 200_000);
    started.elapsed()
}

/// Comparisons with more combinations than can be tried.
fn laborious() -> Vec<(Value, Value)> {
    let pattern = |at: usize| json!({"pattern": format!("a.{{{}}}b{at}", at + 5)});
    let patterns = |count: usize| json!({"type": "string", "allOf": (0..count).map(pattern).collect::<Vec<_>>()});
    let choice = |at: usize| {
        json!({"oneOf": [
            {"properties": {format!("k{at}"): {"multipleOf": at + 2}}, "required": [format!("k{at}")]},
            {"properties": {format!("k{}", at + 1): {"pattern": format!("^{at}.*{at}$")}}, "minProperties": at % 4}
        ]})
    };
    let choices = |count: usize| json!({"type": "object", "allOf": (0..count).map(choice).collect::<Vec<_>>()});
    let unequal = |at: usize| json!({"not": {"contains": {"multipleOf": at + 2}, "minContains": at % 3 + 1}});
    let arrays = |count: usize| json!({"type": "array", "uniqueItems": true, "minItems": 12, "allOf": (0..count).map(unequal).collect::<Vec<_>>()});
    let one_of =
        |from: usize| json!({"oneOf": (from..from + 200).map(|at| json!({"multipleOf": at})).collect::<Vec<_>>()});
    vec![(patterns(8), patterns(9)), (choices(12), choices(13)), (arrays(14), arrays(15)), (one_of(2), one_of(3))]
}

#[test]
fn a_reason_names_the_place_and_both_sides() {
    let field = |schema: Value| schema_of_field("s", &schema);
    let reason = |old: Value, new: Value| {
        let report = checked(&field(old), &field(new), Direction::Backward);
        assert_eq!(report.pointer.as_deref(), Some("/properties/s"));
        report.reason.unwrap()
    };
    let text = |max: u64| json!({"type": "string", "maxLength": max});
    assert_eq!(reason(text(100), text(5)), "`s` may be up to 100 characters, the reader accepts 5");
    assert_eq!(
        reason(json!({"enum": ["a", "b"]}), json!({"enum": ["a"]})),
        "`s` may be \"b\", the reader accepts \"a\" alone"
    );
    assert_eq!(
        reason(json!({"type": ["string", "null"]}), json!({"type": "string"})),
        "`s` may be null, the reader accepts string"
    );
    let missing = checked(&json!({"type": "object"}), &field(json!(true)), Direction::Backward);
    assert_eq!(missing.reason.as_deref(), Some("`s` may be missing, the reader requires it"));
}

fn schema_of_field(name: &str, schema: &Value) -> Value {
    json!({"type": "object", "properties": {name: schema}, "required": [name]})
}

#[test]
fn a_report_has_the_first_finding_beside_the_verdict() {
    let report = checked(&json!({"type": "string"}), &json!({"type": "integer"}), Direction::Full);
    let json = serde_json::to_value(&report).unwrap();
    assert_eq!(json["verdict"], "incompatible");
    assert_eq!(json["direction"], "forward");
    assert!(json["witness"].is_number() && json["reason"].is_string() && json["pointer"].is_string());
    assert_eq!(json["findings"].as_array().unwrap().len(), 2);
    assert_eq!(json["findings"][1]["direction"], "backward");
}

#[test]
fn an_undecidable_comparison_is_unknown() {
    let report = checked(
        &json!({"type": "string", "pattern": "^(?=a)"}),
        &json!({"type": "string", "pattern": "^(?=a|b)"}),
        Direction::Backward,
    );
    assert_eq!(report.verdict, Verdict::Unknown);
    assert!(report.reason.unwrap().contains("look-around"));
}

#[test]
fn schemas_overlap_where_one_value_is_valid_for_all() {
    let (even, small) =
        (schema(&json!({"multipleOf": 2, "minimum": 3})), schema(&json!({"type": "integer", "maximum": 5})));
    assert_eq!(overlap(&[&even, &small]), Overlap::Example(json!(4)));
    let odd = schema(&json!({"type": "integer", "not": {"multipleOf": 2}}));
    assert_eq!(overlap(&[&even, &small, &odd]), Overlap::Empty);
}

#[test]
fn instances_are_valid_different_and_repeatable_by_their_seed() {
    let order = schema(&json!({
        "type": "object",
        "properties": {
            "id": {"type": "string", "format": "uuid"},
            "at": {"type": "string", "format": "date-time"},
            "title": {"type": "string", "minLength": 1, "maxLength": 5},
            "tags": {"type": "array", "items": {"type": "string", "pattern": "^[a-z]{2,4}$"}, "maxItems": 3, "uniqueItems": true},
            "amount": {"type": "number", "multipleOf": 0.01, "minimum": 0, "maximum": 9.99}
        },
        "required": ["id", "at", "title"],
        "additionalProperties": false
    }));
    let events: Vec<Value> = Instances::new(&order, 3).take(50).collect();
    assert!(events.len() == 50 && events.iter().all(|event| order.admits(event)));
    assert!(events.iter().map(Value::to_string).collect::<std::collections::BTreeSet<_>>().len() > 25);
    assert_eq!(events, Instances::new(&order, 3).take(50).collect::<Vec<_>>());
    let misses = generate::near_misses(&order, &events[0]);
    assert!(misses.len() > 10 && misses.iter().all(|event| !order.admits(event)));
}
