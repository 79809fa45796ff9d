//! `ops dlq verify`: what would happen to a failure if it were replayed now, and by which evidence.

use serde_json::{Value, json};
use tests::bus::TestEvent;
use tests::dead_letters::DeadLetterQueue;
use tests::injected_fault::{EmailSenderRemoved, FunctionDisabled, invoke};
use tests::product::Product;
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
async fn a_refused_email_would_fail_until_another_email_is_sent() {
    let product = Product::alone().await;
    let dead_letters = product.dead_letter_queue("notifications");
    let account = product.new_account();
    let sender_removed = EmailSenderRemoved::begin(&product).await;
    account.sign_up(&[]).await.unwrap();
    account.confirm(&account.confirmation_code().await).await.unwrap();
    let dead_letter = dead_letters.wait_for(&account.email).await;
    let event_id = dead_letter.body["requestPayload"]["detail"]["metadata"]["eventId"].as_str().unwrap();

    let (judged, exit) = verdict(&product, event_id);
    assert_eq!((judged["verdict"].as_str(), exit), (Some("would-fail"), Some(2)), "{judged}");
    assert!(judged["reason"].as_str().unwrap().starts_with("MailRefused again"), "{judged}");
    let evidence = judged["evidence"].to_string();
    assert!(evidence.contains("what send-welcome-mail reads of UserRegistered.v1"), "{evidence}");
    assert!(!judged.to_string().contains(&account.email), "a verdict quotes nothing of the event");

    drop(sender_removed);
    product.user().await;
    let passes = eventually("work of the function after the failure", async || {
        Some(verdict(&product, event_id)).filter(|(judged, _)| judged["verdict"] == "would-pass")
    });
    let (judged, exit) = passes.await;
    assert_eq!(exit, Some(0), "{judged}");
    assert!(judged["reason"].as_str().unwrap().contains("handled another event"), "{judged}");
    let record = &dead_letter.body;
    invoke(&product, record["requestContext"]["functionArn"].as_str().unwrap(), &record["requestPayload"]).await;
    dead_letters.delete(&dead_letters.wait_for(&account.email).await).await;
}

#[tokio::test]
async fn an_unreadable_event_is_reported_with_the_missing_field() {
    let product = Product::alone().await;
    let dead_letters = product.dead_letter_queue("notifications");
    let todo = Uuid::now_v7();
    let data = json!({"attachmentId": todo, "todoId": todo, "name": "x", "reason": "unsafe"});
    let event = TestEvent::new("todos", "AttachmentRejected", todo, 1, &data);
    product.put_events(&[&event]).await;
    dead_letters.wait_for(event.id()).await;
    let (judged, exit) = verdict(&product, event.id());
    assert_eq!((judged["verdict"].as_str(), exit), (Some("unreadable"), Some(2)));
    assert!(judged["reason"].as_str().unwrap().contains("\"ownerId\" is a required property"), "{judged}");
    dead_letters.delete(&dead_letters.wait_for(event.id()).await).await;
}

#[tokio::test]
async fn an_older_change_is_stale_and_a_disabled_function_would_fail() {
    let product = Product::alone().await;
    let dead_letters = product.dead_letter_queue("notifications");
    let (todo, owner) = (Uuid::now_v7(), Uuid::now_v7());
    let data =
        json!({"todoId": todo, "ownerId": owner, "title": "x", "changed": ["title"], "priority": "normal", "tags": []});
    let [older, newer] = [2, 3].map(|sequence| TestEvent::new("todos", "TodoChanged", todo, sequence, &data));
    let off = FunctionDisabled::begin(&product, "notifications", "update-inbox").await;
    product.put_events(&[&older, &newer]).await;
    both(&dead_letters, [&older, &newer]).await;

    let (judged, _) = verdict(&product, newer.id());
    assert_eq!(judged["verdict"], "would-fail");
    assert!(judged["reason"].as_str().unwrap().contains("switched off"), "{judged}");
    drop(off);
    let (judged, exit) = verdict(&product, older.id());
    assert_eq!((judged["verdict"].as_str(), exit), (Some("stale"), Some(2)), "{judged}");
    assert!(judged["reason"].as_str().unwrap().contains("change 3 of its subject waits too"), "{judged}");
    for event in [&older, &newer] {
        dead_letters.delete(&dead_letters.wait_for(event.id()).await).await;
    }
}

async fn both(dead_letters: &DeadLetterQueue, events: [&TestEvent; 2]) {
    for event in events {
        dead_letters.wait_for(event.id()).await;
    }
}
