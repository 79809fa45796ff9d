//! Email preferences, and marking a whole inbox as read.

use serde_json::{Value, json};
use tests::product::Product;

use crate::e2e::inbox;

const MERGE_PATCH: &str = "application/merge-patch+json";

/// What a user with reminders and a working address is told.
fn preferences(digests: bool, hour: u8, version: u64) -> Value {
    json!({
        "reminderMail": true,
        "digestMail": digests,
        "digestHour": hour,
        "version": version,
        "mailProblem": null,
    })
}

#[tokio::test]
async fn preferences_have_defaults_can_be_changed_and_belong_to_one_user() {
    let product = Product::shared().await;
    let (ann, bob) = (product.user().await, product.user().await);
    let patch = |body: Value| ann.api("notifications").patch("/preferences").text(MERGE_PATCH, &body.to_string());
    let get = ann.api("notifications").get("/preferences").send().await.with_status(200);
    let defaults = preferences(false, 7, 0);
    assert_eq!((get.header("etag"), &get.body), ("\"0\"", &defaults));

    let changed = patch(json!({"digestMail": true, "digestHour": 23})).expect(200).await;
    let expected = preferences(true, 23, 1);
    assert_eq!(changed, expected);
    assert_eq!(patch(json!({})).expect(200).await, expected, "no change is no new version");
    patch(json!({"digestHour": 8})).header("if-match", "\"0\"").expect_problem(412, "stale").await;
    let back = patch(json!({"digestMail": null, "digestHour": null})).header("if-match", "\"1\"").expect(200).await;
    assert_eq!(back, preferences(false, 7, 2));
    assert_eq!(bob.api("notifications").get("/preferences").expect(200).await, defaults);

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
    ann.api("notifications").patch("/preferences").text("text/plain", "{}").expect_problem(415, "not-json").await;
    assert_eq!(ann.api("notifications").get("/preferences").expect(200).await, back, "nothing was changed");
}

#[tokio::test]
async fn marking_all_entries_as_read_affects_only_the_callers_inbox() {
    let product = Product::shared().await;
    let (ann, bob) = (product.user().await, product.user().await);
    inbox::wait_for_entries(&bob, 1).await;
    inbox::remind(&ann, 5).await;
    inbox::wait_for_entries(&ann, 6).await;
    let (one, other) = tokio::join!(
        ann.api("notifications").post("/notifications/read").expect(200),
        ann.api("notifications").post("/notifications/read").expect(200),
    );
    assert_eq!((one, other), (json!({"unread": 0}), json!({"unread": 0})));
    let page = ann.api("notifications").get("/notifications").expect(200).await;
    assert_eq!(page["unread"], 0);
    assert!(page["items"].as_array().unwrap().iter().all(|entry| entry["readAt"].is_string()));
    assert_eq!(ann.api("notifications").get("/notifications?unread=true").expect(200).await["items"], json!([]));
    assert_eq!(ann.api("notifications").post("/notifications/read").expect(200).await, json!({"unread": 0}));
    assert_eq!(bob.api("notifications").get("/notifications").expect(200).await["unread"], 1);
}
