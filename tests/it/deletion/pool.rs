//! Cognito is unavailable when somebody is deleted: everything else goes meanwhile, and the identity later.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::json;
use tests::disruption::Detour;
use tests::http::{Answer, Server};
use tests::ops::Operator;
use tests::product::{Product, Service};
use tests::wait::eventually;

use super::{PATIENCE, complete, eventually_in, nothing, record};
use crate::dlq;

#[tokio::test]
async fn an_identity_that_cognito_does_not_remove_at_first_goes_at_lambdas_next_attempt() {
    let product = Product::alone().await;
    let ann = product.user().await;
    // The SDK tries a call three times, and Lambda the job.
    let (outage, _detour) = outage(&product, 4).await;
    ann.users().delete("/me").expect(202).await;
    complete(&ann).await;
    assert_eq!(outage.load(Ordering::Relaxed), 0, "Cognito failed as often as it was meant to");
    assert!(ann.person.sign_in().await.is_err());
    nothing(&product, &[&ann.id.to_string(), &ann.person.email]).await;
}

#[tokio::test]
async fn an_identity_that_outlived_every_attempt_is_known_goes_with_the_replay_and_has_nothing_meanwhile() {
    let product = Product::alone().await;
    let (ops, letters) = (Operator::of(&product), product.dead_letters(Service::Users));
    let ann = product.user().await;
    let id = ann.id.to_string();
    let (outage, _detour) = outage(&product, usize::MAX).await;
    ann.users().delete("/me").expect(202).await;
    let letter = eventually("a letter that asks", async || letters.with(&id).await.pop()).await;
    assert_eq!(letter.body["responsePayload"]["errorType"], "UserPoolFailed");
    let others = eventually_in(PATIENCE, "the other services' parts", async || {
        let record = record(&ann).await?;
        (record["todosErasedAt"].is_string() && record["notificationsErasedAt"].is_string()).then_some(record)
    });
    let record = others.await;
    assert!(record["usersErasedAt"].is_null() && record["completedAt"].is_null(), "{record}");

    // Whoever is still there to sign in finds nothing, and makes nothing.
    let again = ann.person.sign_in().await.expect("a sign-in of an identity that is there");
    again.users().get("/me").expect(404).await;
    again.users().patch("/me").json(&json!({"displayName": "Ann"})).expect(404).await;
    again.todos().post("/todos").json(&json!({"title": "x"})).expect(401).await;

    outage.store(0, Ordering::Relaxed);
    let event = letter.body["requestPayload"]["detail"]["metadata"]["eventId"].as_str().unwrap();
    // The answer is not awaited: whoever holds messages of the queue is waited for by the erasure.
    dlq::is_done(&ops.run(&["replay", "users", "--event-id", event]).await, 1);
    complete(&ann).await;
    assert!(ann.person.sign_in().await.is_err());
    nothing(&product, &[&id, &ann.person.email]).await;
}

/// So many calls of Cognito fail that the erasure of the users service makes, as they do in an outage.
///
/// <https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AdminDeleteUser.html#API_AdminDeleteUser_Errors>
async fn outage(product: &Product, calls: usize) -> (Arc<AtomicUsize>, Detour) {
    let left = Arc::new(AtomicUsize::new(calls));
    let (server, cloud, failing) = (Server::bind().await, product.clone(), Arc::clone(&left));
    let detour = Detour::begin(product, Service::Users, "erase", server.endpoint()).await;
    server.start(move |request| {
        let (cloud, failing) = (cloud.clone(), Arc::clone(&failing));
        async move {
            let target = request.header("x-amz-target").unwrap_or_default();
            let less = |left: usize| left.checked_sub(1);
            if target.starts_with("AWSCognitoIdentityProviderService.")
                && failing.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less).is_ok()
            {
                return Some(Answer::error(500, "InternalErrorException", json!({"message": "An outage."})));
            }
            let body = request.body.clone();
            request.forward(cloud.http(), cloud.endpoint(), body).await.ok()
        }
    });
    (left, detour)
}
