//! Sessions that their user has ended, as the users service announces it.

use serde_json::json;
use tests::account::User;
use tests::bus::TestEvent;
use tests::product::Product;
use tests::socket::{HandshakeRefused, PROTOCOL};
use tests::wait::eventually;
use uuid::Uuid;

/// The user's sessions that began before this second have ended.
async fn end_sessions(user: &User, before: i64) {
    let before = jiff::Timestamp::from_second(before).expect("a time");
    let data = json!({"userId": user.id, "sessionsEndedBefore": before});
    let event = TestEvent::new("users", "UserSignedOut", Uuid::new_v4(), 1, &data);
    user.product().put_events(&[&event]).await;
}

#[tokio::test]
async fn an_ended_session_loses_its_connection_and_its_token_opens_none() {
    let product = Product::shared().await;
    let (ann, bob) = (product.user().await, product.user().await);
    let renewed = ann.refresh().await.unwrap();
    let mut page = ann.open_socket().await;
    let mut bobs = bob.open_socket().await;

    end_sessions(&ann, ann.authenticated_at() + 1).await;
    page.wait_for_close().await;
    for session in [&ann, &renewed] {
        let refused = product.connect(&[PROTOCOL, &session.tokens.access_token]).await;
        assert!(matches!(refused, Err(HandshakeRefused(403))), "a token of an ended session opens a connection");
        let api = session.api("notifications");
        api.get("/notifications").expect_problem(401, "unauthenticated").await;
        api.get("/preferences").expect_problem(401, "unauthenticated").await;
        api.post("/notifications/read").expect_problem(401, "unauthenticated").await;
    }
    let again = eventually("a session of a later second", async || {
        let session = ann.account.sign_in().await.unwrap();
        (session.authenticated_at() > ann.authenticated_at()).then_some(session)
    })
    .await;
    again.open_socket().await.close().await;
    again.api("notifications").get("/notifications").expect(200).await;
    bobs.send(r#"{"action": "ping"}"#).await;
    bobs.until(|message| message["type"] == "pong").await;
}
