//! A service that is down hurts no other, and catches up.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::{Value, json};
use tests::account::User;
use tests::disruption::{SwitchedOff, invoke, kill_functions};
use tests::product::{Product, Service};
use tests::wait::eventually;

use crate::inbox;

#[tokio::test]
async fn items_are_created_while_notifications_is_killed_and_its_inbox_catches_up_by_itself() {
    let product = Product::alone().await;
    let ann = product.user().await;
    inbox::eventually_of(&ann, 1).await;
    let work = async {
        let mut created = Vec::new();
        for number in 0..20 {
            created.push(create(&ann, number).await);
        }
        created
    };
    let (created, killed) =
        tokio::join!(work, kill_functions(&product, Service::Notifications, Duration::from_millis(1200)));
    assert!(killed > 0, "something was killed");
    assert_eq!(told_of(&inbox::eventually_of(&ann, 21).await), created.iter().cloned().collect());
    let inbox = ann.notifications().get("/notifications").expect(200).await;
    assert_eq!(inbox["unread"], 21, "each was counted once");
}

/// Lambda gives up at once on events for a function that may not run: they wait in the dead-letter queue.
///
/// <https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html>
#[tokio::test]
async fn events_of_a_long_outage_wait_in_the_dead_letter_queue_and_are_replayed_once_each() {
    let product = Product::alone().await;
    let letters = product.dead_letters(Service::Notifications);
    let ann = product.user().await;
    inbox::eventually_of(&ann, 1).await;
    let owner = ann.id.to_string();

    let off = SwitchedOff::begin(&product, Service::Notifications, "todo-created").await;
    let mut created = BTreeSet::new();
    for number in 0..5 {
        created.insert(create(&ann, number).await);
    }
    eventually("five dead letters", async || (letters.with(&owner).await.len() == 5).then_some(())).await;
    inbox::eventually_of(&ann, 1).await;
    drop(off);

    for letter in letters.with(&owner).await {
        let function = letter.body["requestContext"]["functionArn"].as_str().unwrap();
        assert_eq!(letter.body["requestContext"]["condition"], "ZeroReservedConcurrency");
        for _replay in 0..2 {
            invoke(&product, function, &letter.body["requestPayload"]).await;
        }
        letters.remove(&letter).await;
    }
    assert_eq!(told_of(&inbox::eventually_of(&ann, 6).await), created);
    assert!(letters.with(&owner).await.is_empty());
}

#[tokio::test]
async fn each_service_answers_while_the_functions_of_another_are_killed() {
    let product = Product::alone().await;
    let ann = product.user().await;
    inbox::eventually_of(&ann, 1).await;
    let lists = [(Service::Users, "/me"), (Service::Todos, "/todos"), (Service::Notifications, "/notifications")];
    for victim in Service::ALL {
        let work = async {
            for _round in 0..10 {
                for (service, path) in lists.iter().filter(|(service, _)| *service != victim) {
                    ann.api(*service).get(path).expect(200).await;
                }
            }
        };
        // Both at once: what is killed is warm again by the next call.
        let (killed, ()) = tokio::join!(kill_functions(&product, victim, Duration::from_millis(800)), work);
        assert!(killed > 0, "functions of {} were killed", victim.name());
        for (service, path) in lists {
            ann.api(service).get(path).expect(200).await;
        }
    }
}

#[tokio::test]
async fn somebody_whom_the_sign_up_trigger_missed_is_registered_once_by_their_first_request() {
    let product = Product::alone().await;
    let person = product.person();
    let mut registrations = product.listen(json!({"detail": {"data": {"email": [person.email]}}})).await;
    person.sign_up(&[("name", "Ann")]).await.unwrap();
    let code = person.mailed_code().await;
    let off = SwitchedOff::begin(&product, Service::Users, "post-confirmation").await;
    // Cognito has confirmed them, and tells them of its trigger's failure.
    assert!(person.confirm(&code).await.is_err());
    drop(off);
    let ann = person.sign_in().await.unwrap();

    let get = || async { ann.users().get("/me").expect(200).await };
    let (one, other, third) = tokio::join!(get(), get(), get());
    assert!(one == other && other == third, "one registration");
    assert_eq!((&one["displayName"], &one["version"]), (&json!("Ann"), &json!(1)));
    ann.users().patch("/me").json(&json!({"displayName": "Ann B."})).expect(200).await;
    inbox::eventually_of(&ann, 1).await;
    let mail = eventually("the welcome mail", async || {
        product.mails_to(&person.email).await.into_iter().find(tests::mail::Mail::is_welcome)
    })
    .await;
    assert!(mail.body_text.unwrap().contains("Ann"));
    assert_eq!(registrations.until(1, "UserRegistered.v1").await.len(), 1);
}

async fn create(user: &User, number: usize) -> String {
    let body = json!({"title": format!("item {number}")});
    let item = user.todos().post("/todos").json(&body).expect(201).await;
    item["id"].as_str().unwrap().to_owned()
}

fn told_of(entries: &[Value]) -> BTreeSet<String> {
    entries.iter().filter_map(|entry| entry["todoId"].as_str().map(str::to_owned)).collect()
}
