//! `ops dlq verify`: what would happen to a failure if it were replayed now, and by which evidence.

use serde_json::{Value, json};
use tests::bus::Forged;
use tests::disruption::{NoSender, SwitchedOff, invoke};
use tests::product::{Product, Service};
use tests::queue::DeadLetters;
use tests::wait::eventually;
use uuid::Uuid;

use crate::ops_explain::ops;

/// The verdict on the one message of an event, and the exit code.
fn verdict(product: &Product, event_id: &str) -> (Value, Option<i32>) {
    let output = ops(product, &["verify", "notifications", "--event-id", event_id, "--format", "json"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let messages: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {said}"));
    assert_eq!(messages.as_array().map(Vec::len), Some(1), "{messages}");
    (messages[0].clone(), output.status.code())
}

#[tokio::test]
async fn a_refused_mail_would_fail_until_another_one_passes() {
    let product = Product::alone().await;
    let letters = product.dead_letters(Service::Notifications);
    let person = product.person();
    let no_sender = NoSender::begin(&product).await;
    person.sign_up(&[]).await.unwrap();
    person.confirm(&person.mailed_code().await).await.unwrap();
    let letter = eventually("a dead letter", async || letters.with(&person.email).await.pop()).await;
    let event_id = letter.body["requestPayload"]["detail"]["metadata"]["eventId"].as_str().unwrap();

    let (judged, exit) = verdict(&product, event_id);
    assert_eq!((judged["verdict"].as_str(), exit), (Some("would-fail"), Some(2)), "{judged}");
    assert!(judged["reason"].as_str().unwrap().starts_with("MailRefused again"), "{judged}");
    let evidence = judged["evidence"].to_string();
    assert!(evidence.contains("what send-welcome-mail reads of UserRegistered.v1"), "{evidence}");
    assert!(!judged.to_string().contains(&person.email), "a verdict quotes nothing of the event");

    drop(no_sender);
    product.user().await;
    let passes = eventually("work of the function after the failure", async || {
        Some(verdict(&product, event_id)).filter(|(judged, _)| judged["verdict"] == "would-pass")
    });
    let (judged, exit) = passes.await;
    assert_eq!(exit, Some(0), "{judged}");
    assert!(judged["reason"].as_str().unwrap().contains("handled another event"), "{judged}");
    let record = &letter.body;
    invoke(&product, record["requestContext"]["functionArn"].as_str().unwrap(), &record["requestPayload"]).await;
    letters.remove(&letters.with(&person.email).await.pop().expect("verify takes nothing out")).await;
}

#[tokio::test]
async fn an_event_that_no_job_reads_is_unreadable_and_says_what_is_missing() {
    let product = Product::alone().await;
    let letters = product.dead_letters(Service::Notifications);
    let todo = Uuid::now_v7();
    let data = json!({"attachmentId": todo, "todoId": todo, "name": "x", "reason": "unsafe"});
    let event = Forged::new("todos", "AttachmentRejected", todo, 1, &data);
    product.put_events(&[&event]).await;
    eventually("a dead letter", async || letters.with(event.id()).await.pop()).await;
    let (judged, exit) = verdict(&product, event.id());
    assert_eq!((judged["verdict"].as_str(), exit), (Some("unreadable"), Some(2)));
    assert!(judged["reason"].as_str().unwrap().contains("\"ownerId\" is a required property"), "{judged}");
    letters.remove(&letters.with(event.id()).await.pop().expect("verify takes nothing out")).await;
}

#[tokio::test]
async fn an_older_change_is_stale_and_a_function_that_is_off_would_fail() {
    let product = Product::alone().await;
    let letters = product.dead_letters(Service::Notifications);
    let (todo, owner) = (Uuid::now_v7(), Uuid::now_v7());
    let data =
        json!({"todoId": todo, "ownerId": owner, "title": "x", "changed": ["title"], "priority": "normal", "tags": []});
    let [older, newer] = [2, 3].map(|sequence| Forged::new("todos", "TodoChanged", todo, sequence, &data));
    let off = SwitchedOff::begin(&product, Service::Notifications, "todo-changed").await;
    product.put_events(&[&older, &newer]).await;
    both(&letters, [&older, &newer]).await;

    let (judged, _) = verdict(&product, newer.id());
    assert_eq!(judged["verdict"], "would-fail");
    assert!(judged["reason"].as_str().unwrap().contains("switched off"), "{judged}");
    drop(off);
    let (judged, exit) = verdict(&product, older.id());
    assert_eq!((judged["verdict"].as_str(), exit), (Some("stale"), Some(2)), "{judged}");
    assert!(judged["reason"].as_str().unwrap().contains("change 3 of its subject waits too"), "{judged}");
    for event in [&older, &newer] {
        letters.remove(&letters.with(event.id()).await.pop().expect("verify takes nothing out")).await;
    }
}

async fn both(letters: &DeadLetters, events: [&Forged; 2]) {
    for event in events {
        eventually("a dead letter", async || letters.with(event.id()).await.pop()).await;
    }
}
