//! Emails: sent at most once whatever SES answers, in the recipient's language, with one-click unsubscribe.

use serde_json::{Value, json};

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
    updates.filter_map(|update| update["ExpressionAttributeValues"][":state"]["S"].as_str()).collect()
}

#[test]
fn the_delivery_state_is_recorded_before_and_after_sending() {
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
fn a_refused_email_may_be_sent_again() {
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
fn an_email_that_ses_throttles_waits_within_one_attempt() {
    let throttled = |status: u16, code: &str| {
        ("SendEmail", Answer::Json(status, json!({"__type": code, "message": "Maximum sending rate exceeded."})))
    };
    let ran = send(&[
        ("UpdateItem", done()),
        throttled(429, "TooManyRequestsException"),
        throttled(400, "ThrottlingException"),
        ("SendEmail", Answer::Json(200, json!({"MessageId": "m-1"}))),
        ("UpdateItem", done()),
    ]);
    assert!(ran.outcome.is_ok(), "{ran:?}");
    assert_eq!((ran.bodies("SendEmail").len(), states(&ran)), (3, vec!["sending", "sent"]));
}

#[test]
fn an_email_beyond_the_quota_of_the_day_does_not_wait() {
    let message = "Daily message quota exceeded.";
    let ran = send(&ses(Answer::Json(429, json!({"__type": "TooManyRequestsException", "message": message}))));
    let message = ran.outcome.as_ref().unwrap_err()["errorMessage"].as_str().unwrap();
    assert!(message.contains("DailyQuotaExceeded"), "{message}");
    assert_eq!((ran.bodies("SendEmail").len(), states(&ran)), (1, vec!["sending", "refused"]));
}

#[test]
fn an_email_with_an_ambiguous_failure_keeps_the_state_sending() {
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
fn an_email_with_an_unknown_outcome_is_not_sent_by_a_later_attempt() {
    let ran = send(&[("UpdateItem", condition_failed(&json!({"state": {"S": "sending"}})))]);
    assert_eq!(ran.error_type(), "MailOutcomeUnknown");
    assert_eq!(ran.operations(), ["UpdateItem"]);
}

#[test]
fn a_sent_email_is_not_sent_again() {
    let ran = send(&[("UpdateItem", condition_failed(&json!({"state": {"S": "sent"}})))]);
    assert!(ran.outcome.is_ok(), "{ran:?}");
    assert_eq!(ran.operations(), ["UpdateItem"]);
}

#[test]
fn without_a_table_nothing_is_sent() {
    let gone = Answer::Json(400, json!({"__type": "ResourceNotFoundException", "message": "no table"}));
    let ran = send(&[("UpdateItem", gone)]);
    assert_eq!(ran.error_type(), "TableFailed");
    assert_eq!(ran.operations(), ["UpdateItem"]);
}

/// The row of the recipient Ann.
pub(crate) fn ann() -> Answer {
    let row = json!({
        "email": {"S": "ann@example.com"},
        "displayName": {"S": "Ann"},
        "locale": {"S": "de-CH"},
        "timeZone": {"S": "Europe/Zurich"},
        "sequence": {"N": "1"},
    });
    Answer::Json(200, json!({"Item": row}))
}

/// Preferences that differ from the defaults.
fn preferences(reminder_mail: bool, digest_mail: bool) -> Answer {
    let row = json!({
        "pk": {"S": "USER#0198c0de-0000-7000-8000-000000000001"}, "sk": {"S": "PREFERENCES"},
        "userId": {"S": "0198c0de-0000-7000-8000-000000000001"},
        "reminderMail": {"BOOL": reminder_mail}, "digestMail": {"BOOL": digest_mail},
        "digestHour": {"N": "7"}, "version": {"N": "1"},
    });
    Answer::Json(200, json!({"Item": row}))
}

fn sending(reads: [Answer; 2]) -> Vec<(&'static str, Answer)> {
    let mail = ses(Answer::Json(200, json!({"MessageId": "m-1"})));
    reads.map(|answer| ("GetItem", answer)).into_iter().chain(mail).collect()
}

/// Sends a reminder to a recipient with default preferences, of an item without a row. The email's row is `email`; `updates` are the answers to
/// updates: of the count of the day, of its last email, and of the email's state.
fn reminding(email: Answer, updates: &[Answer]) -> Ran {
    let reads = [ann(), done(), email, done()].map(|answer| ("GetItem", answer));
    let mut script = reads.to_vec();
    script.extend(updates.iter().map(|answer| ("UpdateItem", answer.clone())));
    script.push(("SendEmail", Answer::Json(200, json!({"MessageId": "m-1"}))));
    run("send-reminder-mail", &fixture("todo-due"), &script)
}

fn no() -> Answer {
    condition_failed(&json!({}))
}

#[test]
fn a_reminder_is_counted_by_its_id_before_it_is_sent() {
    let ran = reminding(done(), &[done(), done(), done()]);
    assert!(ran.outcome.is_ok(), "{ran:?}");
    let count = ran.bodies("UpdateItem")[0];
    assert_eq!(count["Key"]["pk"]["S"], "USER#0198c0de-0000-7000-8000-000000000001");
    assert!(count["Key"]["sk"]["S"].as_str().unwrap().starts_with("REMINDERS#20"));
    let values = &count["ExpressionAttributeValues"];
    assert_eq!(values[":emails"]["SS"], json!(["019b5187-1680-7c1d-b5ac-0a1a5e31f00d"]));
    assert_eq!(values[":limit"]["N"], "20");
    assert_eq!(states(&ran), ["sending", "sent"]);
}

#[test]
fn the_first_reminder_beyond_the_limit_tells_of_the_others_and_they_are_left_to_the_inbox() {
    let ran = reminding(done(), &[no(), done(), done(), done()]);
    assert!(ran.outcome.is_ok(), "{ran:?}");
    assert_eq!(states(&ran), ["sending", "sent"]);
    let text = ran.bodies("SendEmail")[0]["Content"]["Simple"]["Body"]["Text"]["Data"].as_str().unwrap();
    assert!(text.contains("„Buy oat milk“ ist fällig") && text.contains("20 Erinnerungen bekommen"), "{text}");

    let ran = reminding(done(), &[no(), no(), done()]);
    assert!(ran.outcome.is_ok(), "{ran:?}");
    assert_eq!((states(&ran), ran.bodies("SendEmail").len()), (vec!["inbox"], 0));
}

#[test]
fn a_replayed_reminder_uses_up_no_email_of_the_day() {
    for state in ["sent", "inbox"] {
        let row = Answer::Json(200, json!({"Item": {"state": {"S": state}}}));
        let ran = reminding(row, &[]);
        assert!(ran.outcome.is_ok(), "{ran:?}");
        assert_eq!(ran.operations(), ["GetItem", "GetItem", "GetItem"]);
    }
}

#[test]
fn a_reminder_with_an_unknown_outcome_uses_up_no_email_of_the_day_and_is_not_left_to_the_inbox() {
    let row = Answer::Json(200, json!({"Item": {"state": {"S": "sending"}}}));
    let ran = reminding(row, &[]);
    assert_eq!(ran.error_type(), "MailOutcomeUnknown");
    assert_eq!(ran.operations(), ["GetItem", "GetItem", "GetItem"]);
}

#[test]
fn a_refused_reminder_leaves_its_place_to_another() {
    for (updates, expression) in [
        (vec![done(); 4], "SET #expiresAt = :expiresAt DELETE #emails :emails"),
        (vec![no(), done(), done(), done(), done()], "SET #expiresAt = :expiresAt REMOVE #last"),
    ] {
        let reads = [ann(), done(), done(), done()].map(|answer| ("GetItem", answer));
        let updates = updates.into_iter().map(|answer| ("UpdateItem", answer));
        let refusal = Answer::Json(400, json!({"__type": "MessageRejected", "message": "No."}));
        let script: Vec<_> = reads.into_iter().chain(updates).chain([("SendEmail", refusal)]).collect();
        let ran = run("send-reminder-mail", &fixture("todo-due"), &script);
        assert_eq!(ran.error_type(), "MailRefused", "{ran:?}");
        assert_eq!(ran.bodies("UpdateItem").last().unwrap()["UpdateExpression"], expression);
    }
}

#[test]
fn a_reminder_is_not_sent_without_its_count() {
    let ran = reminding(done(), &[Answer::Json(400, json!({"__type": "ThrottlingException", "message": "No."}))]);
    assert_eq!(ran.error_type(), "TableFailed");
    assert_eq!(ran.bodies("SendEmail").len(), 0);
}

#[test]
fn a_reminder_is_in_the_recipients_language_and_time_zone_and_has_an_unsubscribe_link() {
    let ran = reminding(done(), &[done(), done(), done()]);
    assert!(ran.outcome.is_ok(), "{ran:?}");
    assert!(!ran.logs.contains("example.com"), "an address is in the log: {}", ran.logs);
    let message = &ran.bodies("SendEmail")[0]["Content"]["Simple"];
    assert_eq!(message["Subject"]["Data"], json!("„Buy oat milk“ ist fällig"));
    let text = message["Body"]["Text"]["Data"].as_str().unwrap();
    assert!(text.contains("Donnerstag, 24. Dezember 2026, 19:00 Uhr (Europe/Zurich)"), "{text}");
    let headers = message["Headers"].as_array().unwrap();
    assert_eq!(headers[1], json!({"Name": "List-Unsubscribe-Post", "Value": "List-Unsubscribe=One-Click"}));
    let address = headers[0]["Value"].as_str().unwrap();
    assert_eq!(headers[0]["Name"], "List-Unsubscribe");
    assert!(
        address.starts_with("<https://busline.example/api/unsubscribe?token=") && address.ends_with('>'),
        "{address}"
    );
}

#[test]
fn a_reminder_of_a_whole_day_tells_no_time() {
    let all_day = Answer::Json(200, json!({"Item": {"allDay": {"BOOL": true}}}));
    let reads = [ann(), done(), done(), all_day].map(|answer| ("GetItem", answer));
    let updates = [done(), done(), done()].map(|answer| ("UpdateItem", answer));
    let sent = ("SendEmail", Answer::Json(200, json!({"MessageId": "m-1"})));
    let script: Vec<_> = reads.into_iter().chain(updates).chain([sent]).collect();
    let ran = run("send-reminder-mail", &fixture("todo-due"), &script);
    assert!(ran.outcome.is_ok(), "{ran:?}");
    let text = ran.bodies("SendEmail")[0]["Content"]["Simple"]["Body"]["Text"]["Data"].as_str().unwrap();
    assert!(text.contains("ist fällig: Donnerstag, 24. Dezember 2026."), "{text}");
}

#[test]
fn a_user_who_turned_reminders_off_receives_none() {
    let ran = run("send-reminder-mail", &fixture("todo-due"), &sending([ann(), preferences(false, false)]));
    assert!(ran.outcome.is_ok(), "{ran:?}");
    assert_eq!(ran.operations(), ["GetItem", "GetItem"]);
}

#[test]
fn a_reminder_for_an_unknown_recipient_is_retried() {
    let ran = run("send-reminder-mail", &fixture("todo-due"), &sending([done(), done()]));
    assert_eq!(ran.error_type(), "RecipientUnknown");
    assert_eq!(ran.bodies("SendEmail").len(), 0);
}

fn digest(items: &Value, preferences: Answer) -> Ran {
    let order = json!({"userId": "0198c0de-0000-7000-8000-000000000001", "digestAt": "2026-12-24T06:00:00Z"});
    let mut script = sending([ann(), preferences]);
    script.push(("Query", Answer::Json(200, json!({"Items": items}))));
    run("send-digest-mail", &order, &script)
}

#[test]
fn a_digest_lists_the_items_of_the_day() {
    let item =
        |title: &str, due_at: &str| json!({"title": {"S": title}, "dueAt": {"S": due_at}, "state": {"S": "open"}});
    let items = json!([
        item("Milch", "2026-12-24T17:00:00Z"),
        {"title": {"S": "Blumen"}, "dueAt": {"S": "2026-12-24T08:00:00Z"}, "allDay": {"BOOL": true}, "state": {"S": "open"}},
        item("Steuer", "2026-12-01T17:00:00Z"),
        item("Später", "2026-12-25T17:00:00Z"),
        {"title": {"S": "gone"}, "dueAt": {"S": "2026-12-24T17:00:00Z"}, "state": {"S": "deleted"}},
        {"title": {"S": "created later"}, "dueAt": {"S": "2026-12-24T17:00:00Z"}},
    ]);
    let ran = digest(&items, preferences(true, true));
    assert!(ran.outcome.is_ok(), "{ran:?}");
    let message = &ran.bodies("SendEmail")[0]["Content"]["Simple"];
    assert_eq!(message["Subject"]["Data"], json!("Ihre Aufgaben für Donnerstag, 24. Dezember 2026"));
    let text = message["Body"]["Text"]["Data"].as_str().unwrap();
    assert!(
        text.contains("Überfällig (1)\n- Steuer (") && text.contains("Heute fällig (2)\n- Blumen\n- Milch (18:00 Uhr)"),
        "{text}"
    );
    assert_eq!(message["Headers"].as_array().unwrap().len(), 2);
}

#[test]
fn an_empty_digest_or_one_that_was_turned_off_is_not_sent() {
    for (items, preferences) in [(json!([]), preferences(true, true)), (json!([]), preferences(true, false))] {
        let ran = digest(&items, preferences);
        assert!(ran.outcome.is_ok(), "{ran:?}");
        assert_eq!((ran.bodies("SendEmail").len(), ran.bodies("UpdateItem").len()), (0, 0));
    }
}
