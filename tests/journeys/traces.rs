//! Correlation and trace ids from request to effect, and what no log may contain.

use serde_json::{Value, json};
use tests::product::Product;
use tests::wait::eventually;
use uuid::Uuid;

use crate::inbox;

#[tokio::test]
async fn correlation_and_trace_ids_go_from_the_request_to_the_subscribers_log() {
    let product = Product::shared().await;
    let logs = product.logs_from_now();
    let ann = product.user().await;
    let mut events = product.listen(json!({"detail": {"data": {"ownerId": [ann.id]}}})).await;
    let correlation_id = format!("correlation-{}", Uuid::new_v4());
    let (trace, span) = (Uuid::new_v4().simple().to_string(), "00f067aa0ba902b7");
    let create = ann.api("todos").post("/todos").json(&json!({"title": "x"}));
    let create =
        create.header("x-correlation-id", &correlation_id).header("traceparent", &format!("00-{trace}-{span}-01"));
    let answer = create.send().await.with_status(201);
    assert_eq!(answer.header("x-correlation-id"), correlation_id);

    let event = &events.until(1, "TodoCreated.v1").await[0];
    let metadata = &event["detail"]["metadata"];
    assert_eq!(metadata["correlationId"], correlation_id);
    let carried = metadata["traceparent"].as_str().unwrap();
    assert!(carried.starts_with(&format!("00-{trace}-")) && !carried.contains(span), "same trace, own span: {carried}");

    for (service, said) in [("todos", "answered a request"), ("notifications", "handled an event")] {
        let line = eventually(&format!("a line of {service}"), async || {
            logs.lines_with(service, &[&correlation_id, said]).await.pop()
        })
        .await;
        assert_eq!(line["span"]["correlation.id"], correlation_id, "{line}");
        assert_eq!(line["span"]["trace.id"], trace, "{line}");
    }
    let line = logs.lines_with("notifications", &[&correlation_id]).await.remove(0);
    assert_eq!(line["span"]["event.id"], metadata["eventId"], "{line}");
}

#[tokio::test]
async fn unsafe_correlation_ids_are_replaced() {
    let product = Product::shared().await;
    let ann = product.user().await;
    for unsafe_id in ["two words", "ünsafe", "<script>", &"x".repeat(129)] {
        let answer = ann.api("todos").get("/todos").header("x-correlation-id", unsafe_id).send().await.with_status(200);
        assert_ne!(answer.header("x-correlation-id"), unsafe_id);
    }
    for broken in ["garbage", "00-0-0-00", "00-00000000000000000000000000000000-0000000000000000-01"] {
        ann.api("todos").get("/todos").header("traceparent", broken).expect(200).await;
    }
}

/// Looks through every line of every log group of the time in which it ran: other tests' lines too.
#[tokio::test]
async fn no_log_contains_tokens_addresses_names_or_item_texts() {
    let product = Product::shared().await;
    let logs = product.logs_from_now();
    let account = product.new_account();
    let secret = |kind: &str| format!("{kind}-{}", Uuid::new_v4().simple());
    let (name, title, notes, tag) = (secret("name"), secret("title"), secret("notes"), secret("tag"));
    account.sign_up(&[("name", &name)]).await.unwrap();
    account.confirm(&account.confirmation_code().await).await.unwrap();
    let ann = account.sign_in().await.unwrap();

    ann.api("users").get("/me").expect(200).await;
    ann.api("users").patch("/me").json(&json!({"displayName": format!("{name}2")})).expect(200).await;
    ann.api("users").patch("/me").json(&json!({"displayName": name, "x": 1})).expect(400).await;
    let body = json!({"title": title, "notes": notes, "tags": [tag]});
    let item = ann.api("todos").post("/todos").header("idempotency-key", &title).json(&body).expect(201).await;
    ann.api("todos").post("/todos").header("idempotency-key", &title).json(&json!({"title": notes})).expect(409).await;
    ann.api("todos").post("/todos").json(&json!({"title": title, "due": notes})).expect(400).await;
    let path = format!("/todos/{}", item["id"].as_str().unwrap());
    ann.api("todos").patch(&path).json(&json!({"priority": title})).expect(400).await;
    ann.api("todos").delete(&path).expect(204).await;
    let entries: Vec<Value> = inbox::wait_for_entries(&ann, 3).await;
    eventually("the last line of the correlation", async || {
        let id = entries[0]["id"].as_str().unwrap();
        logs.lines_with("notifications", &[id, "handled an event"]).await.pop()
    })
    .await;

    let lines = logs.all().await;
    assert!(lines.len() > 20, "the product logs");
    let password = account.password.as_str();
    for forbidden in [&name, &title, &notes, &tag, password, "@example.com", "eyJ", &ann.tokens.refresh_token] {
        for (group, line) in &lines {
            assert!(!line.contains(forbidden), "{group} holds {forbidden}: {line}");
        }
    }
}
