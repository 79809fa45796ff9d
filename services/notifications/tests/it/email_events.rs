//! What SES reports about emails: bounces, complaints and rejections.

use serde_json::{Value, json};

use crate::emails::ann;
use crate::function::{Answer, Ran, done, run};

const USER: &str = "0198c0de-0000-7000-8000-000000000001";

/// The job gets an event of SES as a message of a topic.
fn report(event: &Value, script: &[(&str, Answer)]) -> Ran {
    receive(&event.to_string(), script)
}

fn receive(text: &str, script: &[(&str, Answer)]) -> Ran {
    let message = json!({"Records": [{"EventSource": "aws:sns", "Sns": {"Message": text}}]});
    let ran = run("record-email-problem", &message, script);
    assert!(!ran.logs.contains("example.com"), "an address is in the log: {}", ran.logs);
    ran
}

fn mail() -> Value {
    json!({"messageId": "m-1", "destination": ["ann@example.com"], "tags": {"user": [USER]}})
}

fn bounce(kind: &str) -> Value {
    // As the other mail server writes it.
    let recipients = json!([{"emailAddress": "Ann@Example.com"}]);
    json!({"eventType": "Bounce", "mail": mail(), "bounce": {"bounceType": kind, "bouncedRecipients": recipients}})
}

#[test]
fn an_address_that_refuses_emails_gets_no_more() {
    let recipients = json!([{"emailAddress": "ann@example.com"}]);
    let complaint =
        json!({"eventType": "Complaint", "mail": mail(), "complaint": {"complainedRecipients": recipients}});
    for (event, name) in [(bounce("Permanent"), "bounce"), (complaint, "complaint")] {
        let ran = report(&event, &[("GetItem", ann()), ("UpdateItem", done())]);
        assert!(ran.outcome.is_ok(), "{ran:?}");
        let update = ran.bodies("UpdateItem")[0];
        assert_eq!(update["Key"]["pk"]["S"], format!("USER#{USER}"));
        assert_eq!(update["ConditionExpression"], "#email = :email");
        assert_eq!(update["ExpressionAttributeValues"][":problem"]["S"], name);
        assert_eq!(update["ExpressionAttributeValues"][":email"]["S"], "ann@example.com");
        assert!(ran.logs.contains(&format!("SES reported a {name}")), "{}", ran.logs);
    }
}

#[test]
fn a_passing_problem_is_counted_alone() {
    let reject = json!({"eventType": "Reject", "mail": mail(), "reject": {"reason": "Bad content"}});
    for (event, name) in [(bounce("Transient"), "bounce"), (reject, "rejection")] {
        let ran = report(&event, &[]);
        assert!(ran.outcome.is_ok() && ran.operations().is_empty(), "{ran:?}");
        assert!(ran.logs.contains(&format!("SES reported a {name}")), "{}", ran.logs);
    }
}

#[test]
fn a_bounce_before_the_registration_is_retried() {
    let ran = report(&bounce("Permanent"), &[("GetItem", done())]);
    assert_eq!(ran.error_type(), "RecipientUnknown");
}

#[test]
fn the_text_with_which_ses_tries_the_topic_is_no_failure() {
    let ran = receive("Successfully validated SNS topic for Amazon SES event publishing.", &[]);
    assert!(ran.outcome.is_ok() && ran.operations().is_empty(), "{ran:?}");
}

#[test]
fn a_message_of_another_form_fails_without_its_text() {
    let ran = report(&json!({"eventType": "Bounce", "mail": "ann@example.com"}), &[]);
    assert_eq!(ran.error_type(), "EventUnreadable");
    assert!(!format!("{:?}", ran.outcome).contains("example.com"), "{ran:?}");
}

#[test]
fn nothing_is_sent_to_an_address_with_a_problem() {
    let Answer::Json(status, mut row) = ann() else { unreachable!("a JSON answer") };
    row["Item"]["emailProblem"] = json!({"S": "bounce"});
    let script = [("GetItem", Answer::Json(status, row))];
    let order = json!({"userId": USER, "digestAt": "2026-12-24T06:00:00Z"});
    for (job, message) in [
        ("send-reminder-mail", crate::function::fixture("todo-due")),
        ("send-export-mail", crate::function::fixture("user-export-ready")),
        ("send-digest-mail", order),
    ] {
        let ran = run(job, &message, &script);
        assert!(ran.outcome.is_ok(), "{ran:?}");
        assert_eq!(ran.operations(), ["GetItem"], "{job}");
    }
}
