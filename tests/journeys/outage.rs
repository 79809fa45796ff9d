//! A service that is down hurts no other, and catches up.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::{Value, json};
use tests::account::User;
use tests::injected_fault::{FunctionDisabled, invoke, kill_functions};
use tests::product::Product;
use tests::wait::eventually;

use crate::emails::is_welcome;
use crate::inbox;

#[tokio::test]
async fn items_created_while_notifications_is_killed_reach_the_inbox_later() {
    let product = Product::alone().await;
    let ann = product.user().await;
    inbox::wait_for_entries(&ann, 1).await;
    let work = async {
        let mut created = Vec::new();
        for number in 0..20 {
            created.push(create(&ann, number).await);
        }
        created
    };
    let (created, killed) = tokio::join!(work, kill_functions(&product, "notifications", Duration::from_millis(1200)));
    assert!(killed > 0, "something was killed");
    assert_eq!(todo_ids(&inbox::wait_for_entries(&ann, 21).await), created.iter().cloned().collect());
    let inbox = ann.api("notifications").get("/notifications").expect(200).await;
    assert_eq!(inbox["unread"], 1, "the user's own changes are not unread");
}

/// Lambda gives up at once on events for a function that may not run: they wait in the dead-letter queue.
///
/// <https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html>
#[tokio::test]
async fn events_of_a_long_outage_can_be_replayed_from_the_dead_letter_queue_without_duplicates() {
    let product = Product::alone().await;
    let dead_letters = product.dead_letter_queue("notifications");
    let ann = product.user().await;
    inbox::wait_for_entries(&ann, 1).await;
    let owner = ann.id.to_string();

    let off = FunctionDisabled::begin(&product, "notifications", "update-inbox").await;
    let mut created = BTreeSet::new();
    for number in 0..5 {
        created.insert(create(&ann, number).await);
    }
    eventually("five dead-letter messages", async || (dead_letters.containing(&owner).await.len() == 5).then_some(()))
        .await;
    inbox::wait_for_entries(&ann, 1).await;
    drop(off);

    for dead_letter in dead_letters.containing(&owner).await {
        let function = dead_letter.body["requestContext"]["functionArn"].as_str().unwrap();
        assert_eq!(dead_letter.body["requestContext"]["condition"], "ZeroReservedConcurrency");
        for _replay in 0..2 {
            invoke(&product, function, &dead_letter.body["requestPayload"]).await;
        }
        dead_letters.delete(&dead_letter).await;
    }
    assert_eq!(todo_ids(&inbox::wait_for_entries(&ann, 6).await), created);
    assert!(dead_letters.containing(&owner).await.is_empty());
}

#[tokio::test]
async fn each_service_answers_while_another_service_is_killed() {
    let product = Product::alone().await;
    let ann = product.user().await;
    inbox::wait_for_entries(&ann, 1).await;
    let lists = [("users", "/me"), ("todos", "/todos"), ("notifications", "/notifications")];
    for victim in &product.services() {
        let work = async {
            for _round in 0..10 {
                for (service, path) in lists.iter().filter(|(service, _)| *service != victim) {
                    ann.api(service).get(path).expect(200).await;
                }
            }
        };
        // Both at once: what is killed is warm again by the next call.
        let (killed, ()) = tokio::join!(kill_functions(&product, victim, Duration::from_millis(800)), work);
        assert!(killed > 0, "functions of {victim} were killed");
        for (service, path) in lists {
            ann.api(service).get(path).expect(200).await;
        }
    }
}

#[tokio::test]
async fn a_user_missed_by_the_sign_up_trigger_is_registered_once_by_the_first_request() {
    let product = Product::alone().await;
    let account = product.new_account();
    let mut registrations = product.listen(json!({"detail": {"data": {"email": [account.email]}}})).await;
    account.sign_up(&[("name", "Ann")]).await.unwrap();
    let code = account.confirmation_code().await;
    let off = FunctionDisabled::begin(&product, "users", "post-confirmation").await;
    // Cognito has confirmed them, and tells them of its trigger's failure.
    assert!(account.confirm(&code).await.is_err());
    drop(off);
    let ann = account.sign_in().await.unwrap();

    let get = || async { ann.api("users").get("/me").expect(200).await };
    let (one, other, third) = tokio::join!(get(), get(), get());
    assert!(one == other && other == third, "one registration");
    assert_eq!((&one["displayName"], &one["version"]), (&json!("Ann"), &json!(1)));
    ann.api("users").patch("/me").json(&json!({"displayName": "Ann B."})).expect(200).await;
    inbox::wait_for_entries(&ann, 1).await;
    let mail =
        eventually("the welcome mail", async || product.emails_to(&account.email).await.into_iter().find(is_welcome))
            .await;
    assert!(mail.body_text.unwrap().contains("Ann"));
    assert_eq!(registrations.until(1, "UserRegistered.v1").await.len(), 1);
}

async fn create(user: &User, number: usize) -> String {
    let body = json!({"title": format!("item {number}")});
    let item = user.api("todos").post("/todos").json(&body).expect(201).await;
    item["id"].as_str().unwrap().to_owned()
}

fn todo_ids(entries: &[Value]) -> BTreeSet<String> {
    entries.iter().filter_map(|entry| entry["todoId"].as_str().map(str::to_owned)).collect()
}
