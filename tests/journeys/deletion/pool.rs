//! Cognito is unavailable during a deletion: all other data is deleted at once, and the user in the pool later.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::json;
use tests::http::{Response, Server};
use tests::injected_fault::EndpointOverride;
use tests::ops::Operator;
use tests::product::Product;
use tests::wait::eventually_within;

use super::{TIMEOUT, complete, nothing, record};
use crate::dlq;

#[tokio::test]
async fn a_cognito_user_that_cannot_be_deleted_at_first_is_deleted_by_lambdas_retry() {
    let product = Product::alone().await;
    let ann = product.user().await;
    // The SDK tries a call three times, and Lambda the job.
    let (outage, _endpoint_override) = outage(&product, 4).await;
    ann.api("users").delete("/me").expect(202).await;
    complete(&ann).await;
    assert_eq!(outage.load(Ordering::Relaxed), 0, "Cognito failed as often as it was meant to");
    assert!(ann.account.sign_in().await.is_err());
    nothing(&product, &[&ann.id.to_string(), &ann.account.email]).await;
}

#[tokio::test]
async fn a_cognito_user_that_survives_every_attempt_has_no_data_and_is_deleted_by_a_replay() {
    let product = Product::alone().await;
    let (ops, dead_letters) = (Operator::new(&product), product.dead_letter_queue("users"));
    let ann = product.user().await;
    let id = ann.id.to_string();
    let (outage, _endpoint_override) = outage(&product, usize::MAX).await;
    ann.api("users").delete("/me").expect(202).await;
    let dead_letter = dead_letters.wait_for(&id).await;
    assert_eq!(dead_letter.body["responsePayload"]["errorType"], "UserPoolFailed");
    let others = eventually_within(TIMEOUT, "the other services' parts", async || {
        let record = record(&ann).await?;
        let has_erased = |service: &str| record["erasedBy"][service].is_string();
        (has_erased("todos") && has_erased("notifications")).then_some(record)
    });
    let record = others.await;
    assert!(record["erasedBy"]["users"].is_null() && record["completedAt"].is_null(), "{record}");

    // Whoever is still there to sign in finds nothing, and makes nothing.
    let again = ann.account.sign_in().await.expect("a sign-in of an identity that is there");
    again.api("users").get("/me").expect(404).await;
    again.api("users").patch("/me").json(&json!({"displayName": "Ann"})).expect(401).await;
    again.api("todos").post("/todos").json(&json!({"title": "x"})).expect(401).await;

    outage.store(0, Ordering::Relaxed);
    let event = dead_letter.body["requestPayload"]["detail"]["metadata"]["eventId"].as_str().unwrap();
    // The answer is not awaited: whoever holds messages of the queue is waited for by the erasure.
    dlq::is_done(&ops.run(&["replay", "users", "--event-id", event]).await, 1);
    complete(&ann).await;
    assert!(ann.account.sign_in().await.is_err());
    nothing(&product, &[&id, &ann.account.email]).await;
}

/// So many calls of Cognito fail that the erasure of the users service makes, as they do in an outage.
///
/// <https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AdminDeleteUser.html#API_AdminDeleteUser_Errors>
async fn outage(product: &Product, calls: usize) -> (Arc<AtomicUsize>, EndpointOverride) {
    let left = Arc::new(AtomicUsize::new(calls));
    let (server, cloud, failing) = (Server::bind().await, product.clone(), Arc::clone(&left));
    let detour = EndpointOverride::begin(product, "users", "erase", server.endpoint()).await;
    server.start(move |request| {
        let (cloud, failing) = (cloud.clone(), Arc::clone(&failing));
        async move {
            let target = request.header("x-amz-target").unwrap_or_default();
            let less = |left: usize| left.checked_sub(1);
            if target.starts_with("AWSCognitoIdentityProviderService.")
                && failing.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less).is_ok()
            {
                return Some(Response::error(500, "InternalErrorException", json!({"message": "An outage."})));
            }
            let body = request.body.clone();
            request.forward(cloud.http(), cloud.endpoint(), body).await.ok()
        }
    });
    (left, detour)
}
