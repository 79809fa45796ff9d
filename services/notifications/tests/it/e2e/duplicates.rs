//! The bus promises each event at least once: a second copy has no second effect, and an old one does not undo a new one.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;
use serde_json::json;
use tests::bus::TestEvent;
use tests::logs::Logs;
use tests::product::Product;
use tests::wait::eventually;
use uuid::Uuid;

use crate::e2e::emails::is_welcome;
use crate::e2e::inbox;

#[tokio::test]
async fn a_duplicate_event_creates_one_inbox_entry() {
    let product = Product::shared().await;
    let logs = product.logs_from_now();
    let ann = product.user().await;
    inbox::wait_for_entries(&ann, 1).await;
    let todo = Uuid::now_v7();
    let data = json!({"todoId": todo, "ownerId": ann.id, "title": "x", "dueAt": Timestamp::now()});
    let event = TestEvent::new("todos", "TodoDue", todo, 1, &data);

    product.put_events(&[&event, &event]).await;
    product.put_events(&[&event]).await;
    handled(&logs, event.id(), 3).await;
    let entries = inbox::wait_for_entries(&ann, 2).await;
    assert_eq!(entries[0]["id"], event.id());
    assert_eq!(ann.api("notifications").get("/notifications").expect(200).await["unread"], 2);
}

#[tokio::test]
async fn a_duplicate_registration_sends_no_second_email() {
    let product = Product::shared().await;
    let logs = product.logs_from_now();
    let account = product.new_account();
    let mut registrations = product.listen(json!({"detail": {"data": {"email": [account.email]}}})).await;
    account.sign_up(&[]).await.unwrap();
    account.confirm(&account.confirmation_code().await).await.unwrap();
    let ann = account.sign_in().await.unwrap();
    let heard = registrations.until(1, "UserRegistered.v1").await;
    let event = TestEvent::from_bus_event(&heard[0]);
    // Entry, mail and recipient are three jobs.
    handled(&logs, event.id(), 3).await;

    product.put_events(&[&event, &event]).await;
    handled(&logs, event.id(), 9).await;
    let mails = product.emails_to(&account.email).await;
    assert_eq!(mails.iter().filter(|mail| is_welcome(mail)).count(), 1);
    inbox::wait_for_entries(&ann, 1).await;
}

/// What is known of a recipient shows in no answer and no mail yet: the row itself is looked at, with root's rights.
#[tokio::test]
async fn an_older_profile_does_not_overwrite_a_newer_one() {
    let product = Product::shared().await;
    let logs = product.logs_from_now();
    let ann = product.user().await;
    let changed = |sequence: u64, name: &str| {
        let data = json!({
            "userId": ann.id, "changed": ["displayName"], "displayName": name, "locale": "en", "timeZone": "UTC",
        });
        TestEvent::new("users", "UserProfileChanged", ann.id, sequence, &data)
    };
    let (old, new) = (changed(7, "Old"), changed(8, "New"));
    for event in [&new, &old] {
        product.put_events(&[event]).await;
        handled(&logs, event.id(), 1).await;
    }
    let recipient = recipient(&product, ann.id).await;
    assert!(recipient.values().any(|value| value.as_s().is_ok_and(|text| text == "New")), "{recipient:?}");
    assert!(recipient.values().any(|value| value.as_s().is_ok_and(|text| *text == ann.account.email)), "{recipient:?}");
}

/// Waits until the notifications service has handled `count` deliveries of an event, over all its jobs.
async fn handled(logs: &Logs, event_id: &str, count: usize) {
    eventually(&format!("{count} deliveries of an event handled"), async || {
        let lines = logs.lines_with("notifications", &[event_id, "handled an event"]).await;
        (lines.len() >= count).then_some(())
    })
    .await;
}

async fn recipient(product: &Product, user: Uuid) -> HashMap<String, AttributeValue> {
    let client = aws_sdk_dynamodb::Client::new(product.sdk());
    let request = client.get_item().table_name(product.table("notifications"));
    let request = request.key("pk", AttributeValue::S(format!("USER#{user}")));
    let answer = request.key("sk", AttributeValue::S("RECIPIENT".into())).send().await.expect("the row");
    answer.item.expect("a recipient")
}
