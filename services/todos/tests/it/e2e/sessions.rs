//! Sessions that their user has ended, as the users service announces it.

use serde_json::json;
use tests::account::User;
use tests::bus::TestEvent;
use tests::product::Product;
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
async fn a_token_of_an_ended_session_can_neither_read_nor_change_anything() {
    let product = Product::shared().await;
    let (ann, bob) = (product.user().await, product.user().await);
    let renewed = ann.refresh().await.unwrap();
    let item = ann.api("todos").post("/todos").json(&json!({"title": "Mine"})).expect(201).await;
    let path = format!("/todos/{}", item["id"].as_str().unwrap());

    end_sessions(&ann, ann.authenticated_at() + 1).await;
    // Comes too late: the later time stays.
    let list = || ann.api("todos").get("/todos");
    eventually("a refused token", async || (list().send().await.status == 401).then_some(())).await;
    end_sessions(&ann, ann.authenticated_at()).await;
    end_sessions(&bob, bob.authenticated_at()).await;

    for session in [&ann, &renewed] {
        let todos = session.api("todos");
        todos.get("/todos").expect_problem(401, "unauthenticated").await;
        todos.get(&path).expect_problem(401, "unauthenticated").await;
        todos.get(&format!("{path}/attachments")).expect_problem(401, "unauthenticated").await;
        todos.post("/todos").json(&json!({"title": "Late"})).expect_problem(401, "unauthenticated").await;
        todos.delete(&path).expect_problem(401, "unauthenticated").await;
    }
    bob.api("todos").post("/todos").json(&json!({"title": "Bob's"})).expect(201).await;
    let again = eventually("a session of a later second", async || {
        let session = ann.account.sign_in().await.unwrap();
        (session.authenticated_at() > ann.authenticated_at()).then_some(session)
    })
    .await;
    assert_eq!(again.api("todos").get(&path).expect(200).await["title"], "Mine");
}
