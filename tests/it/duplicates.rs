//! The bus promises each event at least once: a second copy has no second effect, and an old one does not undo a new one.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::json;
use tests::bus::Forged;
use tests::logs::Logs;
use tests::product::{Product, Service};
use tests::wait::eventually;
use uuid::Uuid;

use crate::inbox;

#[tokio::test]
async fn the_same_event_twice_is_one_entry() {
    let product = Product::shared().await;
    let logs = product.logs_from_now();
    let ann = product.user().await;
    inbox::eventually_of(&ann, 1).await;
    let todo = Uuid::now_v7();
    let data = json!({"todoId": todo, "ownerId": ann.id, "title": "x", "priority": "normal", "tags": []});
    let event = Forged::new("todos", "TodoCreated", todo, 1, &data);

    product.put_events(&[&event, &event]).await;
    product.put_events(&[&event]).await;
    handled(&logs, event.id(), 3).await;
    let entries = inbox::eventually_of(&ann, 2).await;
    assert_eq!(entries[0]["id"], event.id());
    assert_eq!(ann.notifications().get("/notifications").expect(200).await["unread"], 2);
}

#[tokio::test]
async fn a_second_copy_of_a_registration_sends_no_second_mail() {
    let product = Product::shared().await;
    let logs = product.logs_from_now();
    let person = product.person();
    let mut registrations = product.listen(json!({"detail": {"data": {"email": [person.email]}}})).await;
    person.sign_up(&[]).await.unwrap();
    person.confirm(&person.mailed_code().await).await.unwrap();
    let ann = person.sign_in().await.unwrap();
    let heard = registrations.until(1, "UserRegistered.v1").await;
    let event = Forged::copy(&heard[0]);
    // Entry, mail and recipient are three jobs.
    handled(&logs, event.id(), 3).await;

    product.put_events(&[&event, &event]).await;
    handled(&logs, event.id(), 9).await;
    let mails = product.mails_to(&person.email).await;
    assert_eq!(mails.iter().filter(|mail| mail.is_welcome()).count(), 1);
    inbox::eventually_of(&ann, 1).await;
}

/// What is known of a recipient shows in no answer and no mail yet: the row itself is looked at, with root's rights.
#[tokio::test]
async fn a_profile_does_not_give_way_to_an_older_one() {
    let product = Product::shared().await;
    let logs = product.logs_from_now();
    let ann = product.user().await;
    let changed = |sequence: u64, name: &str| {
        let data = json!({
            "userId": ann.id, "changed": ["displayName"], "displayName": name, "locale": "en", "timeZone": "UTC",
        });
        Forged::new("users", "UserProfileChanged", ann.id, sequence, &data)
    };
    let (old, new) = (changed(7, "Old"), changed(8, "New"));
    for event in [&new, &old] {
        product.put_events(&[event]).await;
        handled(&logs, event.id(), 1).await;
    }
    let recipient = recipient(&product, ann.id).await;
    assert!(recipient.values().any(|value| value.as_s().is_ok_and(|text| text == "New")), "{recipient:?}");
    assert!(recipient.values().any(|value| value.as_s().is_ok_and(|text| *text == ann.person.email)), "{recipient:?}");
}

/// Waits until the notifications service has handled `count` deliveries of an event, over all its jobs.
async fn handled(logs: &Logs, event_id: &str, count: usize) {
    eventually(&format!("{count} deliveries of an event handled"), async || {
        let lines = logs.of(Service::Notifications, &[event_id, "handled an event"]).await;
        (lines.len() >= count).then_some(())
    })
    .await;
}

async fn recipient(product: &Product, user: Uuid) -> HashMap<String, AttributeValue> {
    let client = aws_sdk_dynamodb::Client::new(product.sdk());
    let request = client.get_item().table_name(product.table(Service::Notifications));
    let request = request.key("pk", AttributeValue::S(format!("USER#{user}")));
    let answer = request.key("sk", AttributeValue::S("RECIPIENT".into())).send().await.expect("the row");
    answer.item.expect("a recipient")
}
