//! Notifications of uploads that no attachment waits for.

use serde_json::{Value, json};
use testkit::aws::Answer;
use testkit::function::Ran;

use crate::{FUNCTIONS, empty_aws, run};

const KEY: &str = "uploads/0198c0de-0000-7000-8000-000000000001/0198c0de-0000-7000-8000-0000000000aa/\
                   0198c0de-0000-7000-8000-0000000000f1";

fn uploaded() -> Value {
    let mut event: Value = serde_json::from_str(include_str!("../fixtures/uploaded.json")).unwrap();
    event["Records"][0]["s3"]["object"]["key"] = KEY.into();
    event
}

#[test]
fn an_upload_without_an_attachment_is_deleted() {
    let ran = run("check-attachment", &uploaded());
    assert!(ran.outcome.is_ok(), "{ran:?}");
    assert_eq!(ran.operations().iter().filter(|call| **call == "GetItem").count(), 2, "{ran:?}");
    let last = ran.calls.last().unwrap();
    assert!(last.method == "DELETE" && last.path.contains(KEY), "{ran:?}");
}

const NO_SUCH_KEY: Answer = Answer::Text(404, "<Error><Code>NoSuchKey</Code></Error>");

/// Runs the job for an upload that does not exist, while `listed` is the listing of its key. The row of its attachment
/// does not expire if `is_storing`.
fn run_without_upload(is_storing: bool, listed: &'static str) -> Ran {
    run_with_upload(is_storing, &NO_SUCH_KEY, listed)
}

/// Runs the job for an upload that is deleted between the check and the copy.
fn run_with_upload(is_storing: bool, upload: &Answer, listed: &'static str) -> Ran {
    let upload = upload.clone();
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
    if !is_storing {
        row["expiresAt"] = number(4_102_444_800);
    }
    FUNCTIONS.run("check-attachment", &uploaded(), move |call| match call.operation.as_str() {
        "GetItem" => Answer::Json(200, json!({"Item": row})),
        "GetObject" => upload.clone(),
        "CopyObject" => NO_SUCH_KEY,
        operation if operation.starts_with("GET /") => Answer::Text(200, listed),
        _ => empty_aws(call),
    })
}

const NOTHING: &str = "<ListBucketResult></ListBucketResult>";
const ANOTHER: &str = "<ListBucketResult><Contents><Key>uploads/…</Key></Contents></ListBucketResult>";

#[test]
fn a_file_is_rejected_when_its_upload_expired_during_an_interrupted_attempt() {
    assert_rejected(&run_without_upload(true, NOTHING));
}

#[test]
fn a_file_is_rejected_when_its_upload_expires_before_it_is_stored() {
    assert_rejected(&run_with_upload(false, &Answer::Text(200, "milk"), NOTHING));
}

fn assert_rejected(ran: &Ran) {
    assert!(ran.outcome.is_ok(), "{ran:?}");
    let writes = ran.bodies("TransactWriteItems")[0]["TransactItems"].as_array().unwrap();
    assert_eq!(
        (&writes[0]["Put"]["Item"]["status"]["S"], &writes[0]["Put"]["Item"]["reason"]["S"]),
        (&json!("rejected"), &json!("broken"))
    );
    assert_eq!(writes[1]["Put"]["Item"]["detailType"]["S"], "AttachmentRejected.v1");
}

#[test]
fn an_attachment_stays_unchanged_while_its_file_may_still_arrive() {
    let replaced = run_with_upload(false, &Answer::Text(200, "milk"), ANOTHER);
    for ran in [run_without_upload(false, NOTHING), run_without_upload(true, ANOTHER), replaced] {
        assert!(ran.outcome.is_ok() && ran.bodies("TransactWriteItems").is_empty(), "{ran:?}");
    }
}

#[test]
fn an_object_with_another_key_than_an_upload_form_fails_as_foreign_key() {
    let event: Value = serde_json::from_str(include_str!("../fixtures/uploaded.json")).unwrap();
    let ran = run("check-attachment", &event);
    assert_eq!(ran.error_type(), "ForeignKey", "{ran:?}");
    assert!(ran.calls.is_empty(), "{ran:?}");
}
