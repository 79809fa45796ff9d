use serde_json::json;

use super::*;

const ANN: &str = "0198c0de-0000-7000-8000-000000000001";
const BEN: &str = "0198c0de-0000-7000-8000-000000000002";

fn filter() -> RecordFilter {
    RecordFilter { user: ANN.into(), partition: format!("USER#{ANN}"), kept_event: "UserDeleted.v1".into() }
}

fn attribute(record: &Value) -> Attribution {
    filter().attribute(&record.to_string())
}

fn detail(owner: &str, title: &str) -> Value {
    json!({
        "metadata": {"eventId": "e", "subject": "t", "schema": "orders/OrderPlaced/v1"},
        "data": {"orderId": "t", "ownerId": owner, "title": title},
    })
}

fn event(owner: &str, title: &str) -> Value {
    json!({"source": "busline.orders", "detail-type": "OrderPlaced.v1", "detail": detail(owner, title)})
}

fn deletion_request(user: &str) -> Value {
    let detail = json!({"metadata": {"subject": user}, "data": {"userId": user}});
    json!({"source": "busline.accounts", "detail-type": "UserDeleted.v1", "detail": detail})
}

/// Every way in which a message or an object carries an event.
fn envelopes(event: &Value) -> Vec<(&'static str, Value)> {
    let destination = json!({
        "version": "1.0", "timestamp": "2026-11-21T09:00:00Z",
        "requestContext": {"functionArn": "arn:aws:lambda:eu-west-1:1:function:f", "condition": "RetriesExhausted"},
        "requestPayload": event, "responsePayload": {"errorType": "TableFailed", "errorMessage": "the table failed"},
    });
    let notification = |message: &Value| json!({"Type": "Notification", "TopicArn": "arn:aws:sns:eu-west-1:1:t", "Message": message.to_string()});
    let outbox_row = json!({"eventName": "INSERT", "dynamodb": {"NewImage": {
        "pk": {"S": "OUTBOX#e"}, "sk": {"S": "OUTBOX"}, "detailType": event["detail-type"].as_str().map(|name| json!({"S": name})),
        "detail": {"S": event["detail"].to_string()},
    }}});
    let batch = json!({"requestContext": {"condition": "RetryAttemptsExhausted"}, "DDBStreamBatchInfo": {"batchSize": 1},
        "payload": json!({"Records": [outbox_row]}).to_string()});
    vec![
        ("a bus event", event.clone()),
        ("a bus event as a string", json!(event.to_string())),
        ("a record of a destination", destination.clone()),
        ("a record of a destination with its payload as a string", json!({"requestPayload": event.to_string()})),
        ("a notification", notification(event)),
        ("a notification with a record of a destination", notification(&destination)),
        ("a notification in a notification", notification(&notification(&destination))),
        (
            "a message of SNS to a function",
            json!({"requestPayload": {"Records": [{"EventSource": "aws:sns", "Sns": {"Message": event.to_string()}}]}}),
        ),
        (
            "a message of SQS to a function",
            json!({"requestPayload": {"Records": [{"eventSource": "aws:sqs", "body": event.to_string()}]}}),
        ),
        ("an event with its detail as JSON in a list", json!([event])),
        ("a failed batch of a stream", batch.clone()),
        ("a notification with a failed batch", notification(&batch)),
    ]
}

#[test]
fn an_event_is_attributed_by_its_owner_in_every_envelope() {
    for (envelope, record) in envelopes(&event(ANN, "Buy milk")) {
        assert_eq!(attribute(&record), Attribution::User, "{envelope}");
    }
    for (envelope, record) in envelopes(&event(BEN, "Buy milk")) {
        assert_eq!(attribute(&record), Attribution::Other, "{envelope}");
    }
}

#[test]
fn a_report_about_an_email_is_attributed_by_its_recipient() {
    for (user, expected) in [(ANN, Attribution::User), (BEN, Attribution::Other)] {
        let mail = json!({"messageId": "m", "destination": ["a@example.com"], "tags": {"user": [user]}});
        let report = json!({"eventType": "Bounce", "mail": mail, "bounce": {"bounceType": "Permanent"}});
        let message = json!({"Records": [{"EventSource": "aws:sns", "Sns": {"Message": report.to_string()}}]});
        assert_eq!(attribute(&json!({"requestPayload": message})), expected);
    }
}

#[test]
fn a_text_that_a_user_writes_attributes_nothing() {
    let forged = [
        ANN.to_owned(),
        format!("call {ANN}"),
        json!({"ownerId": ANN}).to_string(),
        event(ANN, "x").to_string(),
        format!("\"ownerId\": \"{ANN}\""),
    ];
    for title in &forged {
        for (envelope, record) in envelopes(&event(BEN, title)) {
            assert_eq!(attribute(&record), Attribution::Other, "{envelope} with {title}");
            assert_eq!(filter().remove_from(&record.to_string()).remaining, Remaining::Unchanged, "{envelope}");
        }
    }
    for title in ["UserDeleted.v1", "\"detail-type\": \"UserDeleted.v1\"", &deletion_request(ANN).to_string(), BEN] {
        for (envelope, record) in envelopes(&event(ANN, title)) {
            assert_eq!(attribute(&record), Attribution::User, "{envelope} with {title}");
            assert_eq!(filter().remove_from(&record.to_string()).remaining, Remaining::Empty, "{envelope}");
        }
    }
}

#[test]
fn the_event_that_requests_the_erasure_is_kept_in_every_envelope() {
    for (envelope, record) in envelopes(&deletion_request(ANN)) {
        assert_eq!(attribute(&record), Attribution::Other, "{envelope}");
        let removal = filter().remove_from(&record.to_string());
        assert_eq!(removal, Removal { remaining: Remaining::Unchanged, unattributed: 0 }, "{envelope}");
    }
}

#[test]
fn rows_objects_and_inputs_of_jobs_are_attributed() {
    let row = |image: &Value| json!({"dynamodb": {"NewImage": image}});
    let object = |key: String| json!({"Records": [{"eventSource": "aws:s3", "s3": {"object": {"key": key}}}]});
    let bus_object = |key: String| json!({"detail-type": "Object Created", "detail": {"object": {"key": key}}});
    for (user, expected) in [(ANN, Attribution::User), (BEN, Attribution::Other)] {
        let mention = json!({"S": format!("see {ANN}")});
        let records = [
            row(&json!({"pk": {"S": format!("USER#{user}")}, "sk": {"S": "ORDER#1"}, "title": mention})),
            row(&json!({"pk": {"S": "OUTBOX#1"}, "user": {"S": user}, "detail": mention})),
            json!({"dynamodb": {"Keys": {"pk": {"S": format!("USER#{user}")}}, "OldImage": {"title": mention}}}),
            json!({"requestPayload": {"userId": user, "digestAt": "2026-11-21T09:00:00Z", "note": ANN}}),
            json!({"orderId": "1", "ownerId": user, "note": ANN}),
            json!({"requestPayload": object(format!("uploads/{user}/1/2"))}),
            object(format!("uploads%2F{user}%2F1%2F2")),
            bus_object(format!("uploads/{user}/1/2")),
            json!({"detail-type": "UserRegistered.v1", "detail": {"metadata": {"subject": user}, "data": {"userId": user, "name": ANN}}}),
        ];
        for record in records {
            assert_eq!(attribute(&record), expected, "{record}");
        }
    }
    let unreadable =
        json!({"detail-type": "UserRegistered.v1", "detail": {"metadata": {"subject": ANN}, "data": {"userId": 1}}});
    assert_eq!(attribute(&unreadable), Attribution::User, "by its subject");
}

#[test]
fn a_record_that_cannot_be_attributed_is_kept_and_counted() {
    for text in [
        ANN.to_owned(),
        format!("{{\"ownerId\": \"{ANN}\""),
        json!({"note": ANN}).to_string(),
        json!({"detail-type": "OrderPlaced.v1", "detail": {"data": {"title": ANN}}}).to_string(),
        json!({"requestPayload": {"Records": [{"dynamodb": {"NewImage": {"title": {"S": ANN}}}}]}}).to_string(),
        json!([event(ANN, "a"), event(BEN, "b")]).to_string(),
    ] {
        assert_eq!(filter().attribute(&text), Attribution::Unknown, "{text}");
        let kept = Removal { remaining: Remaining::Unchanged, unattributed: 1 };
        assert_eq!(filter().remove_from(&text), kept, "{text}");
    }
    for text in ["", "{", BEN, "null"] {
        assert_eq!(filter().attribute(text), Attribution::Other, "{text:?}");
    }
}

#[test]
fn records_of_another_owner_are_kept_in_a_batch() {
    let failure =
        |records: &Value| json!({"version": "1.0", "payload": json!({"Records": records}).to_string()}).to_string();
    let record = |owner: &str, title: &str| json!({"dynamodb": {"NewImage": {"detail": {"S": detail(owner, title).to_string()}}}});
    let unclear = json!({"dynamodb": {"NewImage": {"note": {"S": ANN}}}});
    let removal = filter().remove_from(&failure(&json!([
        record(ANN, "UserDeleted.v1"),
        record(BEN, ANN),
        unclear,
        record(ANN, "a"),
    ])));
    let remaining = Remaining::Batch(failure(&json!([record(BEN, ANN), unclear])));
    assert_eq!(removal, Removal { remaining, unattributed: 1 });
    assert_eq!(filter().remove_from(&failure(&json!([record(ANN, "a")]))).remaining, Remaining::Empty);
    assert_eq!(filter().remove_from(&failure(&json!([record(BEN, "b")]))).remaining, Remaining::Unchanged);
}
