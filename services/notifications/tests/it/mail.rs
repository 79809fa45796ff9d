//! The welcome mail: at most once, whatever SES answers.

use serde_json::json;

use crate::function::{Answer, Ran, condition_failed, done, fixture, run};

const JOB: &str = "send-welcome-mail";

fn send(script: &[(&str, Answer)]) -> Ran {
    let ran = run(JOB, &fixture("user-registered"), script);
    assert!(!ran.logs.contains("example.com"), "an address is in the log: {}", ran.logs);
    ran
}

fn ses(answer: Answer) -> [(&'static str, Answer); 3] {
    [("UpdateItem", done()), ("SendEmail", answer), ("UpdateItem", done())]
}

/// The states that the job wrote, in order.
fn states(ran: &Ran) -> Vec<&str> {
    let updates = ran.bodies("UpdateItem").into_iter();
    updates
        .filter_map(|update| {
            let values = &update["ExpressionAttributeValues"];
            values[":sending"]["S"].as_str().or(values[":state"]["S"].as_str())
        })
        .collect()
}

#[test]
fn a_mail_is_begun_sent_and_settled() {
    let ran = send(&ses(Answer::Json(200, json!({"MessageId": "m-1"}))));
    assert!(ran.outcome.is_ok(), "{ran:?}");
    assert_eq!(ran.operations(), ["UpdateItem", "SendEmail", "UpdateItem"]);
    assert_eq!(states(&ran), ["sending", "sent"]);
    let mail = ran.bodies("SendEmail")[0];
    assert_eq!(mail["FromEmailAddress"], json!("Busline <no-reply@busline.example>"));
    assert_eq!(mail["Destination"]["ToAddresses"], json!(["ann@example.com"]));
    let message = &mail["Content"]["Simple"];
    assert_eq!(message["Subject"]["Data"], json!("Welcome to Busline"));
    assert!(message["Body"]["Text"]["Data"].as_str().unwrap().starts_with("Hello Ann,"));
    assert!(message["Body"]["Html"]["Data"].as_str().unwrap().contains("<p>Hello Ann,</p>"));
}

#[test]
fn a_refused_mail_may_be_tried_again() {
    let refusal = json!({
        "__type": "MessageRejected",
        "message": "Email address is not verified. The following identities failed the check: ann@example.com",
    });
    let ran = send(&ses(Answer::Json(400, refusal)));
    assert_eq!(ran.error_type(), "MailRefused");
    let message = ran.outcome.as_ref().unwrap_err()["errorMessage"].as_str().unwrap();
    assert!(message.contains("MessageRejected") && !message.contains('@'), "{message}");
    assert_eq!(states(&ran), ["sending", "refused"]);
}

#[test]
fn an_ambiguous_failure_is_parked_and_never_sent_again() {
    for answer in [
        Answer::HangUp,
        Answer::Json(500, json!({"message": "Internal failure"})),
        Answer::Json(503, json!({"message": "Service unavailable"})),
        Answer::Json(504, json!({})),
    ] {
        let ran = send(&ses(answer.clone()));
        assert_eq!(ran.error_type(), "MailOutcomeUnknown", "{answer:?}");
        assert_eq!(ran.operations(), ["UpdateItem", "SendEmail"], "{answer:?}");
        assert_eq!(states(&ran), ["sending"]);
    }
}

#[test]
fn a_mail_of_unknown_outcome_is_not_sent_by_a_later_attempt() {
    let ran = send(&[("UpdateItem", condition_failed(&json!({"state": {"S": "sending"}})))]);
    assert_eq!(ran.error_type(), "MailOutcomeUnknown");
    assert_eq!(ran.operations(), ["UpdateItem"]);
}

#[test]
fn a_sent_mail_is_not_sent_again() {
    let ran = send(&[("UpdateItem", condition_failed(&json!({"state": {"S": "sent"}})))]);
    assert!(ran.outcome.is_ok(), "{ran:?}");
    assert_eq!(ran.operations(), ["UpdateItem"]);
}

#[test]
fn a_table_that_is_gone_sends_nothing() {
    let gone = Answer::Json(400, json!({"__type": "ResourceNotFoundException", "message": "no table"}));
    let ran = send(&[("UpdateItem", gone)]);
    assert_eq!(ran.error_type(), "TableFailed");
    assert_eq!(ran.operations(), ["UpdateItem"]);
}
