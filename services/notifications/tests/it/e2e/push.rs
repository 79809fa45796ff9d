//! Live push: every session of a user hears what happened, and nobody else's does.

use std::path::Path;

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use tests::account::{User, claims};
use tests::bus::TestEvent;
use tests::product::Product;
use tests::socket::{HandshakeRefused, PROTOCOL};
use tests::wait::eventually;
use tokio::task::JoinSet;
use uuid::Uuid;

#[tokio::test]
async fn a_connection_needs_the_subprotocol_and_an_access_token() {
    let product = Product::shared().await;
    let ann = product.user().await;
    let token = ann.tokens.access_token.as_str();
    assert_eq!(product.connect(&[]).await.unwrap_err(), HandshakeRefused(401), "nothing");
    let refused: [(&str, &[&str]); 8] = [
        ("the protocol alone", &[PROTOCOL]),
        ("a token alone", &[token]),
        ("the token first", &[token, PROTOCOL]),
        ("another protocol", &["busline.v2", token]),
        ("something behind the token", &[PROTOCOL, token, "more"]),
        ("garbage", &[PROTOCOL, "a.b.c"]),
        ("her ID token", &[PROTOCOL, &ann.tokens.id_token]),
        ("her refresh token", &[PROTOCOL, &ann.tokens.refresh_token]),
    ];
    for (what, subprotocols) in refused {
        assert_eq!(product.connect(subprotocols).await.unwrap_err(), HandshakeRefused(403), "{what}");
    }
    assert_eq!(connections(&ann).await, Vec::<String>::new(), "nothing is kept of who was refused");
    let mut session = ann.open_socket().await;
    session.send(r#"{"action": "ping"}"#).await;
    assert_eq!(session.next().await.unwrap(), json!({"type": "pong"}));
}

#[tokio::test]
async fn every_connection_of_a_user_receives_every_change_and_no_other_user_does() {
    let product = Product::shared().await;
    let (ann, bob) = (product.user().await, product.user().await);
    let mut bus = product.listen(json!({"detail": {"data": {"ownerId": [ann.id]}}})).await;
    let (mut here, mut there, mut bobs) = (ann.open_socket().await, ann.open_socket().await, bob.open_socket().await);

    let item = ann.api("todos").post("/todos").json(&json!({"title": "Buy milk", "notes": "Oat"})).expect(201).await;
    let id = item["id"].as_str().unwrap();
    let path = format!("/todos/{id}");
    ann.api("todos").patch(&path).json(&json!({"title": "Buy oat milk"})).expect(200).await;
    ann.api("todos").post(&format!("{path}/complete")).expect(200).await;
    ann.api("todos").post(&format!("{path}/reopen")).expect(200).await;
    ann.api("todos").delete(&path).expect(204).await;
    let published = bus.until(1, "TodoDeleted.v1").await.iter().map(message_of).collect::<Vec<_>>();

    for session in [&mut here, &mut there] {
        let mut heard = Vec::new();
        while heard.len() < published.len() {
            heard.extend(session.until(|message| message["subject"] == id).await.pop());
        }
        heard.sort_by_key(|message| message["sequence"].as_u64());
        assert_eq!(heard, published);
    }
    let bobs_item = bob.api("todos").post("/todos").json(&json!({"title": "Call Ann"})).expect(201).await;
    let heard = bobs.until(|message| message["type"] == "TodoCreated").await;
    assert_eq!(heard.last().unwrap()["subject"], bobs_item["id"], "{heard:?}");
    assert!(heard.iter().all(|message| !message.to_string().contains(id)), "{heard:?}");
}

/// What becomes of an event of the bus.
fn message_of(event: &Value) -> Value {
    let metadata = &event["detail"]["metadata"];
    json!({
        "type": event["detail-type"].as_str().unwrap().strip_suffix(".v1").unwrap(),
        "eventId": metadata["eventId"],
        "subject": metadata["subject"],
        "sequence": metadata["sequence"],
        "occurredAt": metadata["occurredAt"],
        "data": event["detail"]["data"],
    })
}

#[tokio::test]
async fn a_connection_receives_all_events_about_its_user() {
    let product = Product::shared().await;
    let ann = product.user().await;
    let mut session = ann.open_socket().await;
    ann.api("users").patch("/me").json(&json!({"displayName": "Ann of the north"})).expect(200).await;
    let heard = session.until(|message| message["type"] == "UserProfileChanged").await;
    assert_eq!(heard.last().unwrap()["data"]["displayName"], "Ann of the north");
    for (service, name) in [
        ("todos", "TodoDue"),
        ("todos", "AttachmentReady"),
        ("todos", "AttachmentRejected"),
        ("todos", "AttachmentDeleted"),
        ("users", "UserExportReady"),
    ] {
        let event = example(service, name, &ann);
        product.put_events(&[&event]).await;
        let heard = session.until(|message| message["type"] == name).await;
        assert_eq!(heard.last().unwrap()["eventId"], event.id());
    }
}

/// The example of an event, as if it were about this user now.
fn example(service: &str, name: &str, user: &User) -> TestEvent {
    let path = format!("../../events/examples/{service}/{name}/v1.json");
    let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap();
    let mut data: Value = serde_json::from_str::<Value>(&text).unwrap()["detail"]["data"].take();
    for field in ["ownerId", "userId"] {
        if !data[field].is_null() {
            data[field] = json!(user.id);
        }
    }
    TestEvent::new(service, name, Uuid::now_v7(), 1, &data)
}

#[tokio::test]
async fn a_connection_receives_the_number_of_unread_entries() {
    let product = Product::shared().await;
    let ann = product.user().await;
    crate::e2e::inbox::wait_for_entries(&ann, 1).await;
    let mut session = ann.open_socket().await;
    crate::e2e::inbox::remind(&ann, 1).await;
    session.until(|message| *message == json!({"type": "InboxChanged", "unread": 2, "added": true})).await;
    let entries = crate::e2e::inbox::wait_for_entries(&ann, 2).await;
    let read = format!("/notifications/{}/read", entries[0]["id"].as_str().unwrap());
    ann.api("notifications").post(&read).expect(200).await;
    session.until(|message| *message == json!({"type": "InboxChanged", "unread": 1, "added": false})).await;
    // Her own change is not unread, but her other sessions are told of it.
    ann.api("todos").post("/todos").json(&json!({"title": "Buy milk"})).expect(201).await;
    session.until(|message| *message == json!({"type": "InboxChanged", "unread": 1, "added": true})).await;
}

#[tokio::test]
async fn a_closed_connection_is_deleted() {
    let product = Product::shared().await;
    let ann = product.user().await;
    let (first, mut second) = (ann.open_socket().await, ann.open_socket().await);
    assert_eq!(connections(&ann).await.len(), 2);
    first.close().await;
    eventually("one connection", async || (connections(&ann).await.len() == 1).then_some(())).await;
    ann.api("todos").post("/todos").json(&json!({"title": "Buy milk"})).expect(201).await;
    second.until(|message| message["type"] == "TodoCreated").await;
}

#[tokio::test]
async fn a_connection_lost_without_notice_is_deleted_at_the_next_push() {
    let product = Product::shared().await;
    let ann = product.user().await;
    let mut session = ann.open_socket().await;
    let (past, later) = (Timestamp::now() - SignedDuration::from_mins(5), SignedDuration::from_hours(1));
    keep_connection(&ann, "gone-without-a-word", past, Timestamp::now() + later).await;
    ann.api("todos").post("/todos").json(&json!({"title": "Buy milk"})).expect(201).await;
    session.until(|message| message["type"] == "TodoCreated").await;
    let only = eventually("one connection", async || {
        let mut known = connections(&ann).await;
        if known.len() == 1 { known.pop() } else { None }
    });
    assert_ne!(only.await, "gone-without-a-word");
}

#[tokio::test]
async fn a_reopened_connection_receives_later_events() {
    let product = Product::shared().await;
    let ann = product.user().await;
    let session = ann.open_socket().await;
    session.close().await;
    let missed = ann.api("todos").post("/todos").json(&json!({"title": "Missed"})).expect(201).await;
    let mut session = ann.open_socket().await;
    let page = ann.api("todos").get("/todos").expect(200).await;
    assert_eq!(page["items"][0]["id"], missed["id"], "a page asks for what it missed");
    let next = ann.api("todos").post("/todos").json(&json!({"title": "Next"})).expect(201).await;
    session.until(|message| message["subject"] == next["id"]).await;
}

#[tokio::test]
async fn a_connection_above_the_limit_replaces_the_oldest() {
    let product = Product::shared().await;
    let ann = product.user().await;
    let mut oldest = ann.open_socket().await;
    let mut others = Vec::new();
    for _ in 0..19 {
        others.push(ann.open_socket().await);
    }
    assert_eq!(connections(&ann).await.len(), 20);
    let mut newest = ann.open_socket().await;
    oldest.wait_for_close().await;
    eventually("twenty connections", async || (connections(&ann).await.len() == 20).then_some(())).await;
    ann.api("todos").post("/todos").json(&json!({"title": "Buy milk"})).expect(201).await;
    newest.until(|message| message["type"] == "TodoCreated").await;
}

#[tokio::test]
async fn connections_made_at_the_same_time_do_not_exceed_the_limit() {
    let product = Product::shared().await;
    let ann = product.user().await;
    let mut attempts = JoinSet::new();
    for _ in 0..40 {
        let (product, token) = (product.clone(), ann.tokens.access_token.clone());
        attempts.spawn(async move { product.connect(&[PROTOCOL, &token]).await });
    }
    let attempts = attempts.join_all().await;
    // One that meets too many others may have to try again.
    let open = attempts.iter().filter(|attempt| attempt.is_ok()).count();
    assert!(open >= 20, "{open} of 40 were opened");
    assert_eq!(connections(&ann).await.len(), 20);
    let mut newest = ann.open_socket().await;
    assert_eq!(connections(&ann).await.len(), 20);
    ann.api("todos").post("/todos").json(&json!({"title": "Buy milk"})).expect(201).await;
    newest.until(|message| message["type"] == "TodoCreated").await;
}

/// Tokens of seconds can be had on the local cloud alone: AWS's last for five minutes at least.
#[tokio::test]
async fn a_connection_ends_with_its_token() {
    let product = Product::alone().await;
    let ann = product.user().await;
    let token = ann.short_lived_token(3).await;
    let mut pinging = product.connect(&[PROTOCOL, &token]).await.unwrap();
    let mut listening = product.connect(&[PROTOCOL, &token]).await.unwrap();
    let mut lasting = ann.open_socket().await;
    let end = claims(&token)["exp"].as_i64().unwrap();
    eventually("its expiry", async || (Timestamp::now().as_second() > end).then_some(())).await;

    assert_eq!(product.connect(&[PROTOCOL, &token]).await.unwrap_err(), HandshakeRefused(403));
    pinging.send(r#"{"action": "ping"}"#).await;
    pinging.wait_for_close().await;
    let item = ann.api("todos").post("/todos").json(&json!({"title": "Buy milk"})).expect(201).await;
    while let Some(message) = listening.next().await {
        assert_ne!(message["subject"], item["id"], "told after its token's end");
    }
    lasting.until(|message| message["subject"] == item["id"]).await;
    eventually("one connection", async || (connections(&ann).await.len() == 1).then_some(())).await;
}

/// The ids of a user's connections in the table.
async fn connections(user: &User) -> Vec<String> {
    let client = aws_sdk_dynamodb::Client::new(user.product().sdk());
    let query = client.query().table_name(user.product().table("notifications")).consistent_read(true);
    let query = query.key_condition_expression("pk = :pk AND begins_with(sk, :prefix)");
    let query = query.expression_attribute_values(":pk", text(&format!("USER#{}", user.id)));
    let rows = query.expression_attribute_values(":prefix", text("CONNECTION#")).send().await.expect("rows");
    rows.items().iter().map(|row| row["id"].as_s().expect("an id").clone()).collect()
}

/// A row of a connection that nobody opened.
async fn keep_connection(user: &User, id: &str, connected_at: Timestamp, ends_at: Timestamp) {
    let client = aws_sdk_dynamodb::Client::new(user.product().sdk());
    let put = client.put_item().table_name(user.product().table("notifications"));
    let put = put.item("pk", text(&format!("USER#{}", user.id))).item("sk", text(&format!("CONNECTION#{id}")));
    let put = put.item("id", text(id)).item("connectedAt", text(&connected_at.to_string()));
    let put = put.item("endsAt", text(&ends_at.to_string()));
    let expires_at = ends_at.as_second() + 3600;
    let put = put.item("expiresAt", AttributeValue::N(expires_at.to_string()));
    put.send().await.expect("a row that can be written");
}

fn text(value: &str) -> AttributeValue {
    AttributeValue::S(value.to_owned())
}
