//! A user's profile, and the list of all users.

use std::collections::HashSet;

use serde_json::{Value, json};
use tests::account::User;
use tests::product::Product;
use tests::wait::eventually;

const MERGE_PATCH: &str = "application/merge-patch+json";

#[tokio::test]
async fn a_changed_profile_is_published_and_an_unchanged_one_is_not() {
    let product = Product::shared().await;
    let ann = product.user().await;
    let mut changes = product.listen(json!({"detail": {"data": {"userId": [ann.id]}}})).await;
    let patch = |body: Value| ann.api("users").patch("/me").text(MERGE_PATCH, &body.to_string());

    let before = ann.api("users").get("/me").expect(200).await;
    let named = patch(json!({"displayName": "  Änn 😀  "})).send().await.with_status(200);
    assert_eq!(named.header("etag"), "\"2\"");
    assert_eq!(named.body["displayName"], "Änn 😀");
    assert_eq!(named.body["locale"], before["locale"], "what is not in the patch stays");
    let moved = patch(json!({"timeZone": "europe/dublin", "locale": "en-IE"})).expect(200).await;
    assert_eq!((&moved["timeZone"], &moved["locale"]), (&json!("Europe/Dublin"), &json!("en-IE")));
    assert_eq!(patch(json!({"locale": "en-IE"})).expect(200).await, moved, "no change is no new version");
    assert_eq!(patch(json!({})).expect(200).await, moved);
    let reset = patch(json!({"timeZone": null, "locale": null})).expect(200).await;
    assert_eq!((&reset["timeZone"], &reset["locale"], &reset["version"]), (&json!("UTC"), &json!("en"), &json!(4)));
    assert_eq!(ann.api("users").get("/me").expect(200).await, reset);

    patch(json!({"displayName": "Last"})).expect(200).await;
    let heard = changes.until(4, "UserProfileChanged.v1").await;
    let heard: Vec<&Value> = heard.iter().filter(|event| event["detail-type"] != "UserRegistered.v1").collect();
    let fields: Vec<&Value> = heard.iter().map(|event| &event["detail"]["data"]["changed"]).collect();
    let expected =
        [json!(["displayName"]), json!(["locale", "timeZone"]), json!(["locale", "timeZone"]), json!(["displayName"])];
    assert_eq!(fields, expected.iter().collect::<Vec<_>>());
    let sequences: Vec<&Value> = heard.iter().map(|event| &event["detail"]["metadata"]["sequence"]).collect();
    assert_eq!(sequences, [&json!(2), &json!(3), &json!(4), &json!(5)]);
}

#[tokio::test]
async fn an_invalid_profile_field_is_refused_and_named() {
    let product = Product::shared().await;
    let ann = product.user().await;
    let patch = |body: Value| ann.api("users").patch("/me").json(&body);

    for (field, value) in [
        ("displayName", json!("")),
        ("displayName", json!(" \t ")),
        ("displayName", json!("x".repeat(101))),
        ("displayName", json!("two\nlines")),
        ("displayName", json!("a\u{0}b")),
        ("displayName", json!("a\u{2028}b")),
        ("displayName", json!(null)),
        ("locale", json!("")),
        ("locale", json!("e")),
        ("locale", json!("en_GB")),
        ("locale", json!("en-")),
        ("locale", json!("en-123456789")),
        ("timeZone", json!("")),
        ("timeZone", json!("Mars/Olympus")),
        ("timeZone", json!("+02:00")),
        ("timeZone", json!("../etc/passwd")),
    ] {
        let problem = patch(json!({field: value})).expect_problem(400, "invalid-request").await;
        assert_eq!(problem["errors"][0]["field"], field, "{value}: {problem}");
    }
    for body in [
        json!({"email": "other@example.com"}),
        json!({"id": ann.id}),
        json!({"version": 7}),
        json!({"displayName": 7}),
        json!([]),
        json!(null),
        json!("displayName"),
    ] {
        patch(body).expect_problem(400, "invalid-request").await;
    }
    ann.api("users").patch("/me").text("text/plain", "{}").expect_problem(415, "not-json").await;
    ann.api("users").patch("/me").untyped("{}").expect_problem(415, "not-json").await;
    let large = json!({"displayName": "x".repeat(65 * 1024)});
    patch(large).expect_problem(413, "too-large").await;
    assert_eq!(ann.api("users").get("/me").expect(200).await["version"], 1, "nothing was changed");
    patch(json!({"displayName": "ü".repeat(100)})).expect(200).await;
}

#[tokio::test]
async fn an_outdated_entity_tag_changes_nothing() {
    let product = Product::shared().await;
    let ann = product.user().await;
    let patch = |tags: &str| ann.api("users").patch("/me").header("if-match", tags).json(&json!({"displayName": tags}));

    patch("\"1\"").expect(200).await;
    patch("\"1\"").expect_problem(412, "stale").await;
    patch("W/\"2\"").expect_problem(412, "stale").await;
    patch("2").expect_problem(400, "invalid-request").await;
    patch("\"1\", \"2\"").expect(200).await;
    let me = patch("*").expect(200).await;
    assert_eq!((&me["version"], &me["displayName"]), (&json!(4), &json!("*")));
}

#[tokio::test]
async fn only_administrators_can_list_all_users() {
    let product = Product::shared().await;
    let ann = product.user().await;
    ann.api("users").get("/users").expect_problem(403, "forbidden").await;
    ann.api("users").get("/users?limit=0").expect_problem(403, "forbidden").await;

    let mut expected = HashSet::new();
    for _ in 0..3 {
        expected.insert(product.user().await.id.to_string());
    }
    ann.join_group("admin").await;
    ann.api("users").get("/users").expect_problem(403, "forbidden").await;
    let admin = ann.account.sign_in().await.unwrap();
    for bad in ["limit=0", "limit=101", "limit=x", "cursor=x", "cursor=", "order=up", "limit=1&limit=2"] {
        admin.api("users").get(&format!("/users?{bad}")).expect_problem(400, "invalid-request").await;
    }
    // The index behind the list follows the table with a small delay.
    eventually("the new users in the list", async || {
        let found = all_users(&admin).await;
        assert_eq!(found.iter().collect::<HashSet<_>>().len(), found.len(), "nobody is listed twice");
        expected.iter().all(|id| found.contains(id)).then_some(())
    })
    .await;

    let page = admin.api("users").get("/users?limit=1").expect(200).await;
    let cursor = page["nextCursor"].as_str().unwrap();
    let bob = product.user().await;
    bob.join_group("admin").await;
    let bob = bob.account.sign_in().await.unwrap();
    bob.api("users").get("/users").query("cursor", cursor).expect_problem(400, "invalid-request").await;
}

async fn all_users(admin: &User) -> Vec<String> {
    let (mut ids, mut cursor) = (Vec::new(), None::<String>);
    loop {
        let mut call = admin.api("users").get("/users?limit=7");
        if let Some(cursor) = &cursor {
            call = call.query("cursor", cursor);
        }
        let page = call.expect(200).await;
        let items = page["items"].as_array().unwrap();
        ids.extend(items.iter().map(|user| user["id"].as_str().unwrap().to_owned()));
        cursor = page["nextCursor"].as_str().map(str::to_owned);
        if cursor.is_none() {
            return ids;
        }
    }
}
