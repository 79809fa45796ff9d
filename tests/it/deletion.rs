//! Account deletion: after it nothing of the user is anywhere, whatever happened before, meanwhile and afterwards.

mod late;
mod life;
mod lost;
mod pool;
mod routes;

use std::time::{Duration, Instant};

use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_lambda::primitives::Blob;
use jiff::Timestamp;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tests::account::User;
use tests::disruption::{SwitchedOff, invoke};
use tests::product::{Product, Service};
use tests::socket::{PROTOCOL, Turned};
use tests::wait::eventually;
use uuid::Uuid;

use self::life::{Neighbours, live};

/// How long every service may take: the notifications service waits 25 seconds for what is under way, and the machine
/// may be busy.
const PATIENCE: Duration = Duration::from_secs(150);

#[tokio::test]
async fn nothing_of_a_user_is_left_and_nothing_brings_it_back() {
    let product = Product::alone().await;
    let logs = product.logs_from_now();
    let mut two = Neighbours::live(&product).await;
    let ann = &two.ann;
    let picture = ann.todos().get(&two.anns.picture.path).expect(200).await["downloadUrl"].as_str().unwrap().to_owned();

    let delete = async || ann.users().delete("/me").expect(202).await;
    let said = json!({"status": "deleting"});
    let at_once = tokio::join!(delete(), delete(), delete());
    assert_eq!(at_once, (said.clone(), said.clone(), said.clone()), "from several tabs at once");
    assert_eq!(delete().await, said, "again is harmless");
    complete(ann).await;
    two.anns.page.ended().await;
    nothing(&product, &two.texts_of_ann()).await;
    two.bob_has_everything().await;
    two.bobs.page.send(r#"{"action": "ping"}"#).await;
    two.bobs.page.until(|message| *message == json!({"type": "pong"})).await;

    let (left, title) = (&two.anns, &two.title);
    turned_away(ann).await;
    routes::refuse(ann, left).await;
    late::files(&product, ann, left, &picture).await;
    late::events(&product, ann, left, title).await;
    nothing(&product, &two.texts_of_ann()).await;
    late::letters(&product, ann, left, title).await;
    nothing(&product, &two.texts_of_ann()).await;
    late::link(&product, ann, left).await;
    nothing(&product, &two.texts_of_ann()).await;
    // Logs cannot be erased: they may hold ids, and nothing that says more.
    let said = |line: &str| [&ann.person.email, title].iter().any(|text| line.contains(text.as_str()));
    let lines = logs.all().await;
    assert!(lines.iter().any(|(_, line)| line.contains(&two.id)), "the logs of that time were read");
    assert_eq!(lines.iter().find(|(_, line)| said(line)), None);
    two.forget_failures().await;
}

#[tokio::test]
async fn a_service_that_was_down_erases_when_its_event_is_replayed() {
    let product = Product::alone().await;
    let letters = product.dead_letters(Service::Notifications);
    let ann = product.user().await;
    let title = format!("ann {}", Uuid::new_v4());
    live(&ann, &title).await;
    let id = ann.id.to_string();

    let off = SwitchedOff::begin(&product, Service::Notifications, "erase").await;
    ann.users().delete("/me").expect(202).await;
    let marked = async |part: &str| {
        eventually_in(PATIENCE, part, async || record(&ann).await.filter(|record| record[part].is_string())).await
    };
    let record = marked("todosErasedAt").await;
    assert!(record["completedAt"].is_null(), "one service is missing");
    marked("usersErasedAt").await;
    let letter = eventually("the letter that asks", async || letters.with(&id).await.pop()).await;
    assert_eq!(letter.body["requestPayload"]["detail-type"], "UserDeleted.v1");
    drop(off);

    let function = letter.body["requestContext"]["functionArn"].as_str().unwrap();
    letters.remove(&letter).await;
    invoke(&product, function, &letter.body["requestPayload"]).await;
    complete(&ann).await;
    nothing(&product, &[&id, &ann.person.email, &title]).await;
}

#[tokio::test]
async fn who_signed_in_too_long_ago_deletes_nothing() {
    let product = Product::shared().await;
    let ann = product.user().await;
    let before = ann.users().get("/me").expect(200).await;
    for authenticated in [Some(Timestamp::now().as_second() - 301), None] {
        let answer = delete_as(&product, &ann, authenticated).await;
        assert_eq!(answer["statusCode"], 403, "{answer}");
        let problem: Value = serde_json::from_str(answer["body"].as_str().unwrap()).unwrap();
        assert_eq!(problem["type"], "urn:problem:busline:reauthentication-required");
    }
    assert_eq!(ann.users().get("/me").expect(200).await, before);
    assert_eq!(record(&ann).await, None);
}

/// The token is good for up to an hour; there is nobody behind it any more.
async fn turned_away(ann: &User) {
    ann.users().get("/me").expect(404).await;
    ann.users().patch("/me").json(&json!({"displayName": "Ann"})).expect(404).await;
    ann.todos().post("/todos").json(&json!({"title": "x"})).expect(401).await;
    assert_eq!(ann.todos().get("/todos").expect(200).await["items"], json!([]));
    let inbox = ann.notifications().get("/notifications").expect(200).await;
    assert_eq!((&inbox["items"], &inbox["unread"]), (&json!([]), &json!(0)));
    let refreshed = ann.users().post("/auth/refresh").json(&json!({"refreshToken": ann.tokens.refresh_token}));
    refreshed.expect(401).await;
    assert!(ann.person.sign_in().await.is_err(), "nobody signs in any more");
    let page = ann.product().connect(&[PROTOCOL, &ann.tokens.access_token]).await;
    assert_eq!(page.unwrap_err(), Turned(403), "no page opens any more");
}

pub(crate) async fn complete(user: &User) {
    eventually_in(PATIENCE, "a complete record", async || {
        record(user).await.filter(|record| record["completedAt"].is_string())
    })
    .await;
}

/// What the rows that stay after a user's deletion call it.
fn deletion_id(user: &User) -> String {
    let hash = Sha256::digest(format!("busline deleted user {}", user.id));
    hash.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat()
}

/// The record of a user's deletion: its texts by name.
async fn record(user: &User) -> Option<Value> {
    let id = deletion_id(user);
    let client = aws_sdk_dynamodb::Client::new(user.product().sdk());
    let get = client.get_item().table_name(user.product().table(Service::Users)).consistent_read(true);
    let get =
        get.key("pk", AttributeValue::S(format!("DELETION#{id}"))).key("sk", AttributeValue::S("DELETION".into()));
    let row = get.send().await.expect("the table answers").item?;
    Some(row.iter().filter_map(|(name, value)| Some((name.clone(), json!(value.as_s().ok()?)))).collect())
}

async fn nothing(product: &Product, texts: &[&str]) {
    eventually("nothing of the user", async || {
        let left = product.places_of(texts).await;
        if !left.is_empty() {
            let begins: Vec<String> = left.iter().map(|found| found.chars().take(200).collect()).collect();
            eprintln!("still there: {begins:#?}");
        }
        left.is_empty().then_some(())
    })
    .await;
}

/// What API Gateway would ask the function with a token of that authentication time.
async fn delete_as(product: &Product, user: &User, authenticated: Option<i64>) -> Value {
    let mut claims = json!({"sub": user.id, "token_use": "access", "username": user.id});
    if let Some(at) = authenticated {
        claims["auth_time"] = json!(at.to_string());
    }
    let request = json!({
        "version": "2.0", "routeKey": "DELETE /me", "rawPath": "/me", "rawQueryString": "", "headers": {},
        "requestContext": {
            "authorizer": {"jwt": {"claims": claims, "scopes": null}}, "routeKey": "DELETE /me", "stage": "$default",
            "requestId": "r", "timeEpoch": 0, "accountId": "0", "apiId": "a",
            "http": {"method": "DELETE", "path": "/me", "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1"},
        },
        "isBase64Encoded": false,
    });
    let client = aws_sdk_lambda::Client::new(product.sdk());
    let invoke = client.invoke().function_name(format!("busline-{}-users-delete-me", product.env()));
    let answer = invoke.payload(Blob::new(request.to_string())).send().await.expect("a function that can be invoked");
    serde_json::from_slice(answer.payload.expect("an answer").as_ref()).expect("an answer in JSON")
}

async fn eventually_in<T>(patience: Duration, what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + patience;
    loop {
        if let Some(seen) = look().await {
            return seen;
        }
        assert!(Instant::now() < deadline, "waited {patience:?} in vain for this: {what}");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}
