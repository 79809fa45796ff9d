//! Filters and clusters on real messages.

use jiff::Timestamp;
use ops::dlq::cluster::{Clusters, normalised};
use ops::dlq::filter::{Field, Filter, Glob, Moment, Text, age};
use ops::dlq::message::Message;
use serde_json::json;

use crate::fixture::Fixture;

const FAILED: &str = "2026-11-21T07:30:00Z";

fn message() -> Message {
    let mut message = Fixture::read("lambda-destination").message();
    message.failed_at = Some(FAILED.parse().unwrap());
    message
}

#[test]
fn each_filter_admits_only_matching_messages() {
    let admits = |filter: Filter| filter.admits(&message());
    let text = |text: &str| Some(text.parse::<Text>().unwrap());
    let glob = |text: &str| Some(text.parse::<Glob>().unwrap());
    let some = |text: &str| Some(text.to_owned());
    let cases: [(Filter, Filter); 10] = [
        (
            Filter { error: text("welcome-7"), ..Filter::default() },
            Filter { error: text("WELCOME"), ..Filter::default() },
        ),
        (
            Filter { error: text(r"/welcome-\d is/"), ..Filter::default() },
            Filter { error: text("/^welcome/"), ..Filter::default() },
        ),
        (
            Filter { error_type: glob("P*"), ..Filter::default() },
            Filter { error_type: glob("p*"), ..Filter::default() },
        ),
        (
            Filter { function: glob("*-todo-created"), ..Filter::default() },
            Filter { function: glob("todo"), ..Filter::default() },
        ),
        (
            Filter { detail_type: glob("TodoCreated.v?"), ..Filter::default() },
            Filter { detail_type: glob("Todo.*"), ..Filter::default() },
        ),
        (
            Filter { service: some("notifications"), ..Filter::default() },
            Filter { rule: glob("*"), ..Filter::default() },
        ),
        (
            Filter { subject: message().subject, ..Filter::default() },
            Filter { subject: some("x"), ..Filter::default() },
        ),
        (
            Filter { event_id: message().event_id, ..Filter::default() },
            Filter { event_id: some("0193"), ..Filter::default() },
        ),
        (
            Filter { since: FAILED.parse().ok(), ..Filter::default() },
            Filter { until: FAILED.parse().ok(), ..Filter::default() },
        ),
        (
            Filter {
                envelopes: vec!["unknown".parse().unwrap(), "lambda-destination".parse().unwrap()],
                ..Filter::default()
            },
            Filter { envelopes: vec!["rule-dlq".parse().unwrap()], ..Filter::default() },
        ),
    ];
    for (right, wrong) in cases {
        assert!(admits(right.clone()), "{right:?}");
        assert!(!admits(wrong.clone()), "{wrong:?}");
        let both = Filter { message_id: some("no such"), ..right };
        assert!(!admits(both), "all conditions must hold");
    }
    assert!(admits(Filter::default()));
}

#[test]
fn a_field_is_found_by_its_path() {
    let event = json!({"detail": {"data": {"count": 7, "done": false, "title": "a=b", "tags": ["x", "y"]}}});
    let cases = [
        ("$.detail.data.count=7", true),
        ("$.detail.data.count=8", false),
        ("$.detail.data.done=false", true),
        ("$.detail.data.title=a=b", true),
        ("$.detail.data.tags[*]=y", true),
        ("$.detail.data.tags[?(@ == 'y')]=y", true),
        ("$..count=7", true),
        ("$.detail.data.missing", false),
        ("$.detail.data.title", true),
        ("$.detail.data.title=", false),
    ];
    for (field, expected) in cases {
        let mut message = message();
        message.event = Some(event.clone());
        let filter = Filter { fields: vec![field.parse::<Field>().unwrap()], ..Filter::default() };
        assert_eq!(filter.admits(&message), expected, "{field}");
    }
    assert!("detail.data".parse::<Field>().unwrap_err().contains("give a JSONPath"));
}

#[test]
fn every_event_of_a_batch_is_searched() {
    let batch = Fixture::read("stream-payload").message();
    for event in batch.events.clone() {
        let filter = Filter { event_id: event.event_id.clone(), ..Filter::default() };
        assert!(filter.admits(&batch), "{event:?}");
        let field = format!("$.detail.metadata.sequence={}", event.sequence.unwrap());
        assert!(Filter { fields: vec![field.parse().unwrap()], ..Filter::default() }.admits(&batch), "{field}");
    }
    let elsewhere: Field = "$.detail.metadata.sequence=99".parse().unwrap();
    assert!(!Filter { fields: vec![elsewhere], ..Filter::default() }.admits(&batch));
}

#[test]
fn a_message_of_an_unknown_shape_is_searched_in_its_body() {
    let field: Field = "$.order=7".parse().unwrap();
    assert!(Filter { fields: vec![field], ..Filter::default() }.admits(&Fixture::read("unknown").message()));
}

#[test]
fn a_moment_is_parsed_from_a_time_a_day_or_an_age() {
    let now: Timestamp = "2026-11-21T08:00:00Z".parse().unwrap();
    let cases = [
        ("2026-11-21T07:00:00Z", "2026-11-21T07:00:00Z"),
        ("2026-11-21T09:00:00+02:00", "2026-11-21T07:00:00Z"),
        ("2026-11-20", "2026-11-20T00:00:00Z"),
        ("90m", "2026-11-21T06:30:00Z"),
        ("1d", "2026-11-20T08:00:00Z"),
        ("2h 30m", "2026-11-21T05:30:00Z"),
    ];
    for (given, expected) in cases {
        let moment: Moment = given.parse().unwrap();
        assert_eq!(moment.timestamp(now).to_string(), expected, "{given}");
    }
    assert!("yesterday".parse::<Moment>().is_err());
    assert!(age("-3d").is_err());
}

#[test]
fn errors_that_differ_in_ids_numbers_times_and_quotes_have_one_cause() {
    let cases = [
        ("user 17 not found", "user … not found"),
        ("no row 0193a5c2-7b1e-7c40-9d3a-2f6f0a51c7e1", "no row …"),
        ("at 2026-11-21T07:00:00.123Z it broke", "at … it broke"),
        ("cannot mail ann@example.com", "cannot mail …"),
        (r#"invalid value "Milk" at `title`"#, "invalid value … at …"),
        ("hash deadbeef01 differs", "hash … differs"),
        ("no order 01HZX3V9K2M4N6P8Q0R2S4T6V8", "no order …"),
        ("timed out after 3.00 seconds", "timed out after … seconds"),
        ("it can't be 'Milk', it's gone", "it can't be …, it's gone"),
        ("the feedback facade failed", "the feedback facade failed"),
    ];
    for (message, expected) in cases {
        assert_eq!(normalised(message), expected);
    }
}

#[test]
fn clusters_count_by_cause_and_keep_the_first_and_the_last_time() {
    let mut clusters = Clusters::default();
    for (number, minute) in [(1, 10), (2, 40), (3, 20)] {
        let mut message = message();
        message.message_id = format!("id-{number}");
        message.error_message = Some(format!("user {number} not found"));
        message.failed_at = Some(format!("2026-11-21T07:{minute}:00Z").parse().unwrap());
        clusters.add(&message);
    }
    clusters.add(&Fixture::read("rule-dlq").message());
    let clusters = clusters.finish();
    assert_eq!(clusters.iter().map(|cluster| cluster.count).collect::<Vec<_>>(), [3, 1]);
    let first = &clusters[0];
    assert_eq!(first.error_message.as_deref(), Some("user … not found"));
    assert_eq!(first.example_message.as_deref(), Some("user 1 not found"));
    assert_eq!(first.example, "id-1");
    assert_eq!(first.first.unwrap().to_string(), "2026-11-21T07:10:00Z");
    assert_eq!(first.last.unwrap().to_string(), "2026-11-21T07:40:00Z");
    assert_eq!(first.histogram.iter().sum::<u64>(), 3);
}
