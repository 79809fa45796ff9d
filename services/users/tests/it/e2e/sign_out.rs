//! Sign-out on all devices, and what an access token does not allow in the user pool.

use serde_json::json;
use tests::account::{CognitoError, User};
use tests::product::Product;

async fn assert_ended(session: &User) {
    let users = session.api("users");
    users.get("/me").expect_problem(401, "unauthenticated").await;
    users.patch("/me").json(&json!({"displayName": "Late"})).expect_problem(401, "unauthenticated").await;
    users.post("/me/export").expect_problem(401, "unauthenticated").await;
    users.post("/me/sign-out").expect_problem(401, "unauthenticated").await;
    users.delete("/me").expect_problem(401, "unauthenticated").await;
    assert!(session.refresh().await.is_err(), "the pool continues a session that has ended");
}

#[tokio::test]
async fn a_sign_out_on_all_devices_ends_every_session_at_once_and_no_later_one() {
    let product = Product::shared().await;
    let ann = product.user().await;
    let on_the_phone = ann.account.sign_in().await.unwrap();
    let renewed = on_the_phone.refresh().await.unwrap();
    let bob = product.user().await;

    ann.api("users").post("/me/sign-out").expect(204).await;
    // In the next call: no second is waited for here.
    let again = ann.account.sign_in().await.unwrap();
    for session in [&ann, &on_the_phone, &renewed] {
        assert_ended(session).await;
    }
    for session in [&again, &again.refresh().await.unwrap(), &bob] {
        session.api("users").get("/me").expect(200).await;
        session.api("users").patch("/me").json(&json!({"displayName": "Back"})).expect(200).await;
    }

    again.api("users").post("/me/sign-out").expect(204).await;
    assert_ended(&again).await;
    ann.account.sign_in().await.unwrap().api("users").get("/me").expect(200).await;
}

#[tokio::test]
async fn a_sign_out_is_announced_with_the_second_before_which_sessions_have_ended() {
    let product = Product::shared().await;
    let ann = product.user().await;
    let mut listener = product.listen(json!({"detail": {"data": {"userId": [ann.id]}}})).await;
    ann.api("users").post("/me/sign-out").expect(204).await;
    let events = listener.until(1, "UserSignedOut.v1").await;
    let event = events.iter().find(|event| event["detail-type"] == "UserSignedOut.v1").unwrap();
    let before: jiff::Timestamp = event["detail"]["data"]["sessionsEndedBefore"].as_str().unwrap().parse().unwrap();
    assert_eq!(before.subsec_nanosecond(), 0);
    assert!(before.as_second() > ann.authenticated_at());
    let again = ann.account.sign_in().await.unwrap();
    assert!(again.authenticated_at() >= before.as_second());
}

#[tokio::test]
async fn an_access_token_cannot_change_or_delete_the_account_in_the_pool() {
    let product = Product::shared().await;
    let ann = product.user().await;
    let renewed = ann.refresh().await.unwrap();
    for session in [&ann, &renewed] {
        let token = &session.tokens.access_token;
        let new = format!("{}-new", ann.account.password);
        let address = json!([{"Name": "email", "Value": "else@example.com"}]);
        for (operation, input) in [
            ("GetUser", json!({"AccessToken": token})),
            ("UpdateUserAttributes", json!({"AccessToken": token, "UserAttributes": address})),
            (
                "ChangePassword",
                json!({"AccessToken": token, "PreviousPassword": ann.account.password, "ProposedPassword": new}),
            ),
            ("GlobalSignOut", json!({"AccessToken": token})),
            ("DeleteUser", json!({"AccessToken": token})),
        ] {
            let refused = product.cognito(operation, input).await.unwrap_err();
            assert_eq!(refused, CognitoError("NotAuthorizedException".into()), "{operation}");
        }
    }
    renewed.refresh().await.unwrap().api("users").get("/me").expect(200).await;
}
