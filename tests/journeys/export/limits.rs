//! How often one may ask, who may download, and until when.

use std::collections::BTreeSet;

use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::json;
use tests::account::User;
use tests::injected_fault::FunctionDisabled;
use tests::product::Product;
use tests::wait::eventually;

use crate::export::{Archive, ready};

#[tokio::test]
async fn a_user_can_run_one_export_at_a_time_and_three_a_day() {
    let product = Product::shared().await;
    let ann = product.user().await;
    ann.api("users").get("/me/export").expect(204).await;
    for _ in 0..3 {
        let asked = ann.api("users").post("/me/export").expect(202).await;
        let again = ann.api("users").post("/me/export").send().await;
        // It may be ready by then: the next one is begun, or refused as the fourth.
        if again.status == 202 && again.body["id"] == asked["id"] {
            assert_eq!(again.body["status"], "preparing");
        }
        ready(&ann).await;
        if again.status == 429 {
            break;
        }
    }
    ann.api("users").post("/me/export").expect_problem(429, "too-many-requests").await;
    assert_eq!(ann.api("users").get("/me/export").expect(200).await["status"], "ready", "the last one stays");
}

#[tokio::test]
async fn twenty_concurrent_requests_start_one_export() {
    let product = Product::alone().await;
    let dead_letters = product.dead_letter_queue("todos");
    let ann = product.user().await;
    let id = ann.id.to_string();
    // It cannot become ready before the last of them is answered.
    let off = FunctionDisabled::begin(&product, "todos", "export").await;
    let mut calls = tokio::task::JoinSet::new();
    for _ in 0..20 {
        calls.spawn(ann.api("users").post("/me/export").send());
    }
    let mut begun = BTreeSet::new();
    for answer in calls.join_all().await {
        // One that meets too many others may be told to try again.
        assert!([202, 409].contains(&answer.status), "{}: {}", answer.status, answer.body);
        begun.extend(answer.body["id"].as_str().map(str::to_owned));
    }
    assert_eq!(begun.len(), 1, "{begun:?}");
    let asked = eventually("the dead-letter message of the request", async || {
        Some(dead_letters.containing(&id).await).filter(|all| !all.is_empty())
    })
    .await;
    drop(off);
    for dead_letter in &asked {
        dead_letters.delete(dead_letter).await;
    }
    assert_eq!(asked.len(), 1, "services were asked once");
}

#[tokio::test]
async fn an_archive_is_available_only_by_its_own_link_and_for_a_week() {
    let product = Product::shared().await;
    let (ann, bob) = (product.user().await, product.user().await);
    for user in [&ann, &bob] {
        user.api("users").post("/me/export").expect(202).await;
    }
    let (anns, bobs) = (ready(&ann).await, ready(&bob).await);
    Archive::download(&product, &anns).await;

    // Bob's signature for Ann's archive, Ann's archive without a signature, the whole bucket.
    let (anns_url, bobs_url) = (anns["downloadUrl"].as_str().unwrap(), bobs["downloadUrl"].as_str().unwrap());
    let (anns_place, _) = anns_url.split_once('?').unwrap();
    let (bobs_place, bobs_signature) = bobs_url.split_once('?').unwrap();
    assert_ne!(anns_place, bobs_place);
    let bucket = anns_place.split("/archives/").next().unwrap();
    for url in [
        format!("{anns_place}?{bobs_signature}"),
        anns_place.to_owned(),
        format!("{bucket}?list-type=2"),
        format!("{bucket}?list-type=2&{bobs_signature}"),
    ] {
        let answer = product.http().get(&url).send().await.expect("S3 answers");
        assert_eq!(answer.status(), 403, "{url}");
    }
    // Nothing that Bob sends makes Ann's export his.
    for path in [format!("/me/export?userId={}", ann.id), format!("/me/export?id={}", anns["id"].as_str().unwrap())] {
        let answer = bob.api("users").get(&path).header("x-user-id", &ann.id.to_string()).send().await;
        assert!(answer.status == 400 || answer.body["id"] == bobs["id"], "{}: {}", answer.status, answer.body);
    }

    set(&ann, "archivedUntil", "2026-01-01T00:00:00Z").await;
    let expired = ann.api("users").get("/me/export").expect(200).await;
    assert_eq!((&expired["status"], &expired["downloadUrl"]), (&json!("expired"), &json!(null)));
}

/// Sets a time of a user's newest export, as if it had passed.
pub(super) async fn set(user: &User, attribute: &str, value: &str) {
    let client = aws_sdk_dynamodb::Client::new(user.product().sdk());
    let update = client.update_item().table_name(user.product().table("users"));
    let update = update.key("pk", AttributeValue::S(format!("USER#{}", user.id)));
    let update = update.key("sk", AttributeValue::S("EXPORT".to_owned())).update_expression("SET #at = :at");
    let update = update.expression_attribute_names("#at", attribute);
    let update = update.expression_attribute_values(":at", AttributeValue::S(value.to_owned()));
    update.condition_expression("attribute_exists(pk)").send().await.expect("an export");
}
