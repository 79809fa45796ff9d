//! EventBridge's pattern language, by AWS's examples and by its laws.

#![allow(clippy::panic, clippy::unwrap_used, reason = "parts of tests: they fail by panicking")]

use contracts::pattern::generate::{Pair, pair};
use contracts::pattern::{Pattern, SIZE_QUOTA, check_numbers};
use proptest::prelude::*;
use serde_json::{Value, json};

/// One case with the page it comes from; a pattern's text stands as a string where it is no plain JSON object.
#[derive(serde::Deserialize)]
struct Case {
    name: String,
    source: String,
    pattern: Value,
    #[serde(default)]
    event: Value,
    matches: Option<bool>,
    invalid: Option<String>,
    #[serde(default)]
    at: String,
}

impl Case {
    fn pattern(&self) -> String {
        self.pattern.as_str().map_or_else(|| self.pattern.to_string(), str::to_owned)
    }
}

fn parse(pattern: &Value) -> Pattern {
    Pattern::parse(&pattern.to_string()).unwrap_or_else(|error| panic!("{pattern}: {error}"))
}

fn detail(x: &Value) -> Value {
    json!({"detail": {"x": x}})
}

#[test]
fn every_documented_case_is_decided_as_documented() {
    let cases: Vec<Case> = serde_json::from_str(include_str!("fixtures/patterns.json")).unwrap();
    let mut wrong = Vec::new();
    for case in &cases {
        let found = match Pattern::parse(&case.pattern()) {
            Ok(pattern) => (Some(pattern.matches(&case.event)), None, String::new()),
            Err(error) => (None, Some(error.reason().to_owned()), error.pointer()),
        };
        if found != (case.matches, case.invalid.clone(), case.at.clone()) {
            wrong.push(format!("{} ({}): {found:?}", case.name, case.source));
        }
    }
    assert!(wrong.is_empty(), "{} of {} cases are wrong:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}

#[test]
fn a_refusal_has_the_message_of_aws_and_the_place() {
    let error = Pattern::parse(r#"{"detail": {"n": ["a", {"exists": 1}]}}"#).unwrap_err();
    let words = "Event pattern is not valid. Reason: exists match pattern must be either true or false.";
    assert_eq!(error.to_string(), format!("{words} (at /detail/n/1/exists)"));
}

#[test]
fn a_deeply_nested_pattern_is_refused() {
    let nested = |levels| r#"{"a":"#.repeat(levels) + "[1]" + &"}".repeat(levels);
    assert!(Pattern::parse(&nested(50)).is_ok());
    assert!(Pattern::parse(&nested(120)).is_err());
    assert!(Pattern::parse(&nested(100_000)).is_err());
}

#[test]
fn an_address_is_compared_as_event_ruler_does_it() {
    let block = parse(&detail(&json!([{"cidr": "10.0.0.0/24"}])));
    assert!(
        block.matches(&detail(&json!("::ffff:a00:1"))) && block.matches(&detail(&json!("0:0:0:0:0:FFFF:0a00:0001")))
    );
    assert!(!block.matches(&detail(&json!("::ffff:10.0.0.1"))) && !block.matches(&detail(&json!("::a00:1"))));
    let plain = parse(&detail(&json!(["::1", "12:30"])));
    assert!(plain.matches(&detail(&json!("0:0:0:0:0:0:0:1"))) && plain.matches(&detail(&json!("12:30"))));
    assert!(!plain.matches(&detail(&json!("::2"))));
    let error = Pattern::parse(&detail(&json!([{"cidr": "::ffff:a00:0/120"}])).to_string()).unwrap_err();
    assert_eq!(error.reason(), "IPv4 mask bits must be < 32");
}

#[test]
fn whole_numbers_beyond_two_to_the_53_are_compared_exactly_or_refused() {
    let event = detail(&json!(9_007_199_254_740_993_u64));
    assert!(parse(&detail(&json!([9_007_199_254_740_993_u64]))).matches(&event));
    assert!(!parse(&detail(&json!([9_007_199_254_740_992_u64]))).matches(&event));
    assert!(check_numbers("[9007199254740993, -9007199254740993, 0.1, 5e9, 4999999999.999999]").is_ok());
    for text in ["18446744073709551617", "0.10000000000000000001", "5000000000.0000001"] {
        let error = check_numbers(&format!("{{\n  \"x\": {text}}}")).unwrap_err();
        assert!(error.starts_with(&format!("line 2, column 8: the number {text}")), "{error}");
    }
}

#[test]
fn the_size_is_that_of_the_text() {
    let text = format!(r#"{{"source": ["{}"]}}"#, "ü".repeat(SIZE_QUOTA - 16));
    assert_eq!(Pattern::parse(&text).unwrap().size(), SIZE_QUOTA);
}

#[test]
fn nothing_but_an_object_is_an_event() {
    let pattern = parse(&json!({"x": [{"exists": false}]}));
    assert!(pattern.matches(&json!({})));
    for event in [json!([]), json!([{}]), json!("x"), json!(null)] {
        assert!(!pattern.matches(&event), "{event}");
    }
}

#[test]
fn a_matching_example_is_returned_unchanged() {
    let example = json!({"source": "busline.todos", "detail": {"data": {"title": "Buy milk"}}});
    let pattern = parse(&json!({"source": ["busline.todos"], "detail": {"data": {"title": [{"exists": true}]}}}));
    assert_eq!(pattern.fill(&example).next().as_ref(), Some(&example));
}

#[test]
fn an_example_is_changed_only_where_the_pattern_requires_it() {
    let example =
        json!({"source": "x", "detail": {"n": 7, "gone": 1, "tags": ["a"], "items": [{"id": 1}], "keep": true}});
    let pattern = parse(&json!({
        "source": ["busline.todos"],
        "detail": {
            "n": [{"numeric": [">", 10, "<=", 20]}],
            "gone": [{"exists": false}],
            "tags": [{"prefix": "b"}],
            "items": {"id": [5]},
            "new": {"field": [true]},
        },
    }));
    let filled = pattern.fill(&example).next().unwrap();
    let wanted = json!({
        "source": "busline.todos",
        "detail": {"n": 11, "tags": ["b"], "items": [{"id": 5}], "keep": true, "new": {"field": true}},
    });
    assert_eq!(filled, wanted);
}

#[test]
fn each_branch_of_an_or_is_filled() {
    let pattern =
        parse(&json!({"detail": {"$or": [{"a": ["1"]}, {"b": [{"suffix": "z"}]}, {"c": [{"exists": false}]}]}}));
    let filled: Vec<Value> = pattern.fill(&json!({"detail": {"c": 3}})).collect();
    for wanted in [json!({"c": 3, "a": "1"}), json!({"c": 3, "b": "z"}), json!({})] {
        assert!(filled.contains(&json!({"detail": wanted})), "{wanted} is not in {filled:?}");
    }
}

#[test]
fn an_event_can_be_filled_for_every_operator() {
    let matchers = [
        json!("a"),
        json!(null),
        json!({"prefix": "a"}),
        json!({"prefix": {"equals-ignore-case": "a"}}),
        json!({"suffix": {"equals-ignore-case": "a"}}),
        json!({"wildcard": "a*b*c"}),
        json!({"equals-ignore-case": "Straße"}),
        json!({"anything-but": "a"}),
        json!({"anything-but": [1, 2, 3]}),
        json!({"anything-but": {"prefix": ["x", "not"]}}),
        json!({"anything-but": {"wildcard": "*a*"}}),
        json!({"numeric": [">", 1.5, "<", 1.500_002]}),
        json!({"numeric": ["<=", -5e9]}),
        json!({"cidr": "10.0.0.0/31"}),
        json!({"exists": true}),
        json!({"exists": false}),
    ];
    for matcher in matchers {
        let pattern = parse(&detail(&json!([matcher])));
        for example in [json!({}), json!({"detail": {"x": {"deep": 1}}}), detail(&json!(["y"]))] {
            assert!(pattern.fill(&example).next().is_some(), "{matcher} in {example}");
        }
    }
}

#[test]
fn known_values_are_tried_first() {
    let pattern = parse(&detail(&json!([{"anything-but": "low"}])));
    let known = |pointer: &str| if pointer == "/detail/x" { vec![json!("low"), json!("high")] } else { Vec::new() };
    assert_eq!(pattern.fill_from(&detail(&json!("low")), known).next(), Some(detail(&json!("high"))));
}

/// The pattern of all values of an event, arrays left out.
fn exact(event: &Value) -> Value {
    let fields = event.as_object().unwrap();
    let pattern = fields.iter().filter_map(|(name, value)| match value {
        Value::Array(_) => None,
        Value::Object(_) => Some((name.clone(), exact(value))).filter(|(_, inner)| inner != &json!({})),
        scalar => Some((name.clone(), json!([scalar]))),
    });
    Value::Object(pattern.collect())
}

/// The pattern without each of its clauses in turn.
fn shorter(pattern: &Value) -> Vec<Value> {
    let mut shorter = Vec::new();
    for (name, value) in pattern.as_object().unwrap() {
        let mut without = pattern.clone();
        without.as_object_mut().unwrap().remove(name);
        shorter.push(without);
        if value.is_object() {
            for inner in self::shorter(value) {
                let mut with = pattern.clone();
                with[name] = inner;
                shorter.push(with);
            }
        }
    }
    shorter
}

fn strings_and_numbers() -> impl Strategy<Value = Value> {
    prop_oneof![
        "[a-cA-C*]{0,3}".prop_map(Value::from),
        (-3..3_i64).prop_map(Value::from),
        (-3..3_i8).prop_map(|number| json!(f64::from(number) / 2.0)),
    ]
}

fn scalars() -> impl Strategy<Value = Value> {
    prop_oneof![3 => strings_and_numbers(), 1 => any::<bool>().prop_map(Value::from), 1 => Just(Value::Null)]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn an_event_matches_a_pattern_of_its_values(seed: u64) {
        let event = pair(seed).event;
        prop_assert!(parse(&exact(&event)).matches(&event));
    }

    #[test]
    fn fewer_clauses_never_make_a_match_fail(seed: u64) {
        let Pair { pattern, event } = pair(seed);
        // With `$or` or dots, two clauses can be about one field, and the last counts alone.
        let is_plain = ["$or", "owner.", "items."].iter().all(|part| !pattern.contains(part));
        if is_plain && Pattern::parse(&pattern).is_ok_and(|pattern| pattern.matches(&event)) {
            for shorter in shorter(&serde_json::from_str(&pattern).unwrap()) {
                if let Ok(pattern) = Pattern::parse(&shorter.to_string()) {
                    prop_assert!(pattern.matches(&event), "{shorter} does not match {event}");
                }
            }
        }
    }

    #[test]
    fn anything_but_is_the_complement_of_equality(wanted in strings_and_numbers(), value in scalars()) {
        let equal = parse(&detail(&json!([wanted]))).matches(&detail(&value));
        let other = parse(&detail(&json!([{"anything-but": wanted}]))).matches(&detail(&value));
        prop_assert_ne!(equal, other);
    }

    #[test]
    fn present_is_the_complement_of_absent(seed: u64) {
        let event = pair(seed).event;
        for name in ["state", "tags", "owner", "items"] {
            let exists = |exists| parse(&json!({"detail": {name: [{"exists": exists}]}})).matches(&event);
            prop_assert_ne!(exists(true), exists(false));
        }
    }

    #[test]
    fn an_or_is_the_union_of_its_branches(left: u64, right: u64) {
        let Pair { pattern: left, event } = pair(left);
        let right = pair(right).pattern;
        let (Ok(one), Ok(other)) = (Pattern::parse(&left), Pattern::parse(&right)) else { return Ok(()) };
        if let Ok(either) = Pattern::parse(&format!(r#"{{"$or": [{left}, {right}]}}"#)) {
            prop_assert_eq!(either.matches(&event), one.matches(&event) || other.matches(&event));
        }
    }

    #[test]
    fn every_filled_event_matches(pattern: u64, example: u64) {
        if let Ok(pattern) = Pattern::parse(&pair(pattern).pattern) {
            for event in pattern.fill(&pair(example).event) {
                prop_assert!(pattern.matches(&event));
            }
        }
    }

    #[test]
    fn a_wildcard_agrees_with_a_regular_expression(wildcard in r"([ab]|\*[ab]){0,6}\*?", value in "[ab]{0,8}") {
        let regex = regex::Regex::new(&format!("^{}$", wildcard.replace('*', ".*"))).unwrap();
        let pattern = parse(&detail(&json!([{"wildcard": wildcard}])));
        prop_assert_eq!(pattern.matches(&detail(&json!(value))), regex.is_match(&value));
    }

    #[test]
    fn no_text_makes_the_parser_panic(text in r#"[\[\]{}":,a-z0-9$ ]{0,40}"#) {
        if let Err(error) = Pattern::parse(&text) {
            prop_assert!(!error.reason().is_empty());
        }
    }
}

#[test]
fn generated_pairs_are_of_every_kind() {
    let (mut matching, mut others, mut invalid) = (0, 0, 0);
    for seed in 0..2000 {
        let Pair { pattern, event } = pair(seed);
        match Pattern::parse(&pattern) {
            Ok(pattern) if pattern.matches(&event) => matching += 1,
            Ok(_) => others += 1,
            Err(_) => invalid += 1,
        }
    }
    assert!(
        matching > 700 && others > 700 && invalid > 100,
        "{matching} match, {others} do not, {invalid} are invalid"
    );
}
