//! Messages of the bucket that speak of uploads nobody waits for.

use serde_json::{Value, json};
use testkit::aws::Answer;
use testkit::function::Ran;

use crate::{FUNCTIONS, run, willing_aws};

const KEY: &str = "uploads/0198c0de-0000-7000-8000-000000000001/0198c0de-0000-7000-8000-0000000000aa/\
                   0198c0de-0000-7000-8000-0000000000f1";

fn uploaded() -> Value {
    let mut event: Value = serde_json::from_str(include_str!("../fixtures/uploaded.json")).unwrap();
    event["Records"][0]["s3"]["object"]["key"] = KEY.into();
    event
}

#[test]
fn an_upload_whose_attachment_is_gone_is_swept_away() {
    let ran = run("check-attachment", &uploaded());
    assert!(ran.outcome.is_ok(), "{ran:?}");
    assert_eq!(ran.operations().iter().filter(|call| **call == "GetItem").count(), 2, "{ran:?}");
    let last = ran.calls.last().unwrap();
    assert!(last.method == "DELETE" && last.path.contains(KEY), "{ran:?}");
}

const GONE: Answer = Answer::Text(404, "<Error><Code>NoSuchKey</Code></Error>");

/// Tells the job of an upload that the bucket has not, while `listed` is there under its key; its attachment waits,
/// without an end if it is held.
fn missing(is_held: bool, listed: &'static str) -> Ran {
    told(is_held, &GONE, listed)
}

/// Tells the job of an upload that the bucket has not any more when it is to be stored.
fn told(is_held: bool, looked_at: &Answer, listed: &'static str) -> Ran {
    let looked_at = looked_at.clone();
    let text = |text: &str| json!({"S": text});
    let number = |number: u64| json!({"N": number.to_string()});
    let mut row = json!({
        "pk": text("USER#0198c0de-0000-7000-8000-000000000001"), "sk": text("FILE#"),
        "id": text("0198c0de-0000-7000-8000-0000000000f1"), "todoId": text("0198c0de-0000-7000-8000-0000000000aa"),
        "owner": text("0198c0de-0000-7000-8000-000000000001"), "name": text("a.txt"), "bytes": number(4),
        "contentType": text("text/plain"), "status": text("uploading"), "createdAt": text("2026-11-21T09:00:00Z"),
        "version": number(1), "correlationId": text("c"),
        "traceparent": text("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
    });
    if !is_held {
        row["expiresAt"] = number(4_102_444_800);
    }
    FUNCTIONS.run("check-attachment", &uploaded(), move |call| match call.operation.as_str() {
        "GetItem" => Answer::Json(200, json!({"Item": row})),
        "GetObject" => looked_at.clone(),
        "CopyObject" => GONE,
        operation if operation.starts_with("GET /") => Answer::Text(200, listed),
        _ => willing_aws(call),
    })
}

const NOTHING: &str = "<ListBucketResult></ListBucketResult>";
const ANOTHER: &str = "<ListBucketResult><Contents><Key>uploads/…</Key></Contents></ListBucketResult>";

#[test]
fn a_file_whose_storing_was_broken_off_and_whose_upload_is_forgotten_is_refused() {
    is_refused(&missing(true, NOTHING));
}

#[test]
fn a_file_that_goes_when_it_is_to_be_stored_is_refused() {
    is_refused(&told(false, &Answer::Text(200, "milk"), NOTHING));
}

fn is_refused(ran: &Ran) {
    assert!(ran.outcome.is_ok(), "{ran:?}");
    let writes = ran.bodies("TransactWriteItems")[0]["TransactItems"].as_array().unwrap();
    assert_eq!(
        (&writes[0]["Put"]["Item"]["status"]["S"], &writes[0]["Put"]["Item"]["reason"]["S"]),
        (&json!("rejected"), &json!("broken"))
    );
    assert_eq!(writes[1]["Put"]["Item"]["detailType"]["S"], "AttachmentRejected.v1");
}

#[test]
fn a_file_that_may_still_come_waits_for_it() {
    let replaced = told(false, &Answer::Text(200, "milk"), ANOTHER);
    for ran in [missing(false, NOTHING), missing(true, ANOTHER), replaced] {
        assert!(ran.outcome.is_ok() && ran.bodies("TransactWriteItems").is_empty(), "{ran:?}");
    }
}

#[test]
fn an_object_that_no_form_can_have_brought_fails_by_that_name() {
    let event: Value = serde_json::from_str(include_str!("../fixtures/uploaded.json")).unwrap();
    let ran = run("check-attachment", &event);
    assert_eq!(ran.error_type(), "ForeignKey", "{ran:?}");
    assert!(ran.calls.is_empty(), "{ran:?}");
}
