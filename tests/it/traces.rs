//! One story from request to effect; and what no log may hold.

use serde_json::{Value, json};
use tests::product::{Product, Service};
use tests::wait::eventually;
use uuid::Uuid;

use crate::inbox;

#[tokio::test]
async fn a_request_is_followed_by_its_ids_over_the_bus_into_the_subscribers_log() {
    let product = Product::shared().await;
    let logs = product.logs_from_now();
    let ann = product.user().await;
    let mut events = product.listen(json!({"detail": {"data": {"ownerId": [ann.id]}}})).await;
    let story = format!("story-{}", Uuid::new_v4());
    let (trace, span) = (Uuid::new_v4().simple().to_string(), "00f067aa0ba902b7");
    let create = ann.todos().post("/todos").json(&json!({"title": "x"}));
    let create = create.header("x-correlation-id", &story).header("traceparent", &format!("00-{trace}-{span}-01"));
    let answer = create.send().await.with_status(201);
    assert_eq!(answer.header("x-correlation-id"), story);

    let event = &events.until(1, "TodoCreated.v1").await[0];
    let metadata = &event["detail"]["metadata"];
    assert_eq!(metadata["correlationId"], story);
    let carried = metadata["traceparent"].as_str().unwrap();
    assert!(carried.starts_with(&format!("00-{trace}-")) && !carried.contains(span), "same trace, own span: {carried}");

    for (service, said) in [(Service::Todos, "answered a request"), (Service::Notifications, "handled an event")] {
        let line = eventually(&format!("a line of {}", service.name()), async || {
            logs.of(service, &[&story, said]).await.pop()
        })
        .await;
        assert_eq!(line["span"]["correlation.id"], story, "{line}");
        assert_eq!(line["span"]["trace.id"], trace, "{line}");
    }
    let line = logs.of(Service::Notifications, &[&story]).await.remove(0);
    assert_eq!(line["span"]["event.id"], metadata["eventId"], "{line}");
}

#[tokio::test]
async fn ids_that_are_not_safe_are_replaced() {
    let product = Product::shared().await;
    let ann = product.user().await;
    for unsafe_id in ["two words", "ünsafe", "<script>", &"x".repeat(129)] {
        let answer = ann.todos().get("/todos").header("x-correlation-id", unsafe_id).send().await.with_status(200);
        assert_ne!(answer.header("x-correlation-id"), unsafe_id);
    }
    for broken in ["garbage", "00-0-0-00", "00-00000000000000000000000000000000-0000000000000000-01"] {
        ann.todos().get("/todos").header("traceparent", broken).expect(200).await;
    }
}

/// Looks through every line of every log group of the time in which it ran: other tests' lines too.
#[tokio::test]
async fn no_log_holds_a_token_an_address_a_name_or_the_text_of_an_item() {
    let product = Product::shared().await;
    let logs = product.logs_from_now();
    let person = product.person();
    let secret = |kind: &str| format!("{kind}-{}", Uuid::new_v4().simple());
    let (name, title, notes, tag) = (secret("name"), secret("title"), secret("notes"), secret("tag"));
    person.sign_up(&[("name", &name)]).await.unwrap();
    person.confirm(&person.mailed_code().await).await.unwrap();
    let ann = person.sign_in().await.unwrap();

    ann.users().get("/me").expect(200).await;
    ann.users().patch("/me").json(&json!({"displayName": format!("{name}2")})).expect(200).await;
    ann.users().patch("/me").json(&json!({"displayName": name, "x": 1})).expect(400).await;
    let refresh = ann.users().post("/auth/refresh");
    refresh.json(&json!({"refreshToken": ann.tokens.refresh_token})).expect(200).await;
    let refresh = ann.users().post("/auth/refresh");
    refresh.json(&json!({"refreshToken": format!("{}x", ann.tokens.refresh_token)})).expect(401).await;
    let body = json!({"title": title, "notes": notes, "tags": [tag]});
    let item = ann.todos().post("/todos").header("idempotency-key", &title).json(&body).expect(201).await;
    ann.todos().post("/todos").header("idempotency-key", &title).json(&json!({"title": notes})).expect(409).await;
    ann.todos().post("/todos").json(&json!({"title": title, "due": notes})).expect(400).await;
    let path = format!("/todos/{}", item["id"].as_str().unwrap());
    ann.todos().patch(&path).json(&json!({"priority": title})).expect(400).await;
    ann.todos().delete(&path).expect(204).await;
    let entries: Vec<Value> = inbox::eventually_of(&ann, 3).await;
    eventually("the last line of the story", async || {
        let id = entries[0]["id"].as_str().unwrap();
        logs.of(Service::Notifications, &[id, "handled an event"]).await.pop()
    })
    .await;

    let lines = logs.all().await;
    assert!(lines.len() > 20, "the product logs");
    let password = person.password.as_str();
    for forbidden in [&name, &title, &notes, &tag, password, "@example.com", "eyJ", &ann.tokens.refresh_token] {
        for (group, line) in &lines {
            assert!(!line.contains(forbidden), "{group} holds {forbidden}: {line}");
        }
    }
}
