//! Which mails somebody wants, and a whole inbox read at once.

use serde_json::{Value, json};
use tests::product::Product;

use crate::inbox;

const MERGE_PATCH: &str = "application/merge-patch+json";

#[tokio::test]
async fn preferences_have_defaults_are_patched_and_belong_to_one_user() {
    let product = Product::shared().await;
    let (ann, bob) = (product.user().await, product.user().await);
    let patch = |body: Value| ann.notifications().patch("/preferences").text(MERGE_PATCH, &body.to_string());
    let get = ann.notifications().get("/preferences").send().await.with_status(200);
    let defaults = json!({"reminderMail": true, "digestMail": false, "digestHour": 7, "version": 0});
    assert_eq!((get.header("etag"), &get.body), ("\"0\"", &defaults));

    let changed = patch(json!({"digestMail": true, "digestHour": 23})).expect(200).await;
    let expected = json!({"reminderMail": true, "digestMail": true, "digestHour": 23, "version": 1});
    assert_eq!(changed, expected);
    assert_eq!(patch(json!({})).expect(200).await, expected, "no change is no new version");
    patch(json!({"digestHour": 8})).header("if-match", "\"0\"").expect_problem(412, "stale").await;
    let back = patch(json!({"digestMail": null, "digestHour": null})).header("if-match", "\"1\"").expect(200).await;
    assert_eq!(back, json!({"reminderMail": true, "digestMail": false, "digestHour": 7, "version": 2}));
    assert_eq!(bob.notifications().get("/preferences").expect(200).await, defaults);

    for body in [
        json!({"digestHour": 24}),
        json!({"digestHour": -1}),
        json!({"digestHour": 7.5}),
        json!({"digestHour": "7"}),
        json!({"digestMail": "yes"}),
        json!({"reminderMail": 1}),
        json!({"version": 9}),
        json!({"userId": bob.id}),
        json!([]),
        json!(null),
    ] {
        patch(body).expect_problem(400, "invalid-request").await;
    }
    ann.notifications().patch("/preferences").text("text/plain", "{}").expect_problem(415, "not-json").await;
    assert_eq!(ann.notifications().get("/preferences").expect(200).await, back, "nothing was changed");
}

#[tokio::test]
async fn a_whole_inbox_is_read_at_once_and_nobody_elses() {
    let product = Product::shared().await;
    let (ann, bob) = (product.user().await, product.user().await);
    inbox::eventually_of(&bob, 1).await;
    for number in 0..5 {
        ann.todos().post("/todos").json(&json!({"title": format!("item {number}")})).expect(201).await;
    }
    inbox::eventually_of(&ann, 6).await;
    let (one, other) = tokio::join!(
        ann.notifications().post("/notifications/read").expect(200),
        ann.notifications().post("/notifications/read").expect(200),
    );
    assert_eq!((one, other), (json!({"unread": 0}), json!({"unread": 0})));
    let page = ann.notifications().get("/notifications").expect(200).await;
    assert_eq!(page["unread"], 0);
    assert!(page["items"].as_array().unwrap().iter().all(|entry| entry["readAt"].is_string()));
    assert_eq!(ann.notifications().get("/notifications?unread=true").expect(200).await["items"], json!([]));
    assert_eq!(ann.notifications().post("/notifications/read").expect(200).await, json!({"unread": 0}));
    assert_eq!(bob.notifications().get("/notifications").expect(200).await["unread"], 1);
}
