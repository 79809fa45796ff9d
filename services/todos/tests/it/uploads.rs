//! Messages of the bucket that speak of uploads nobody waits for.

use serde_json::Value;

use crate::run;

#[test]
fn an_upload_whose_attachment_is_gone_is_swept_away() {
    let mut event: Value = serde_json::from_str(include_str!("../fixtures/uploaded.json")).unwrap();
    let key = "uploads/0198c0de-0000-7000-8000-000000000001/0198c0de-0000-7000-8000-0000000000aa/\
               0198c0de-0000-7000-8000-0000000000f1";
    event["Records"][0]["s3"]["object"]["key"] = key.into();
    let ran = run("check-attachment", &event);
    assert!(ran.outcome.is_ok(), "{ran:?}");
    assert_eq!(ran.operations().iter().filter(|call| **call == "GetItem").count(), 2, "{ran:?}");
    let last = ran.calls.last().unwrap();
    assert!(last.method == "DELETE" && last.path.contains(key), "{ran:?}");
}

#[test]
fn an_object_that_no_form_can_have_brought_fails_by_that_name() {
    let event: Value = serde_json::from_str(include_str!("../fixtures/uploaded.json")).unwrap();
    let ran = run("check-attachment", &event);
    assert_eq!(ran.error_type(), "ForeignKey", "{ran:?}");
    assert!(ran.calls.is_empty(), "{ran:?}");
}
