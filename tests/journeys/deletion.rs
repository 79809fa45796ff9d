//! Account deletion: after it nothing of the user is anywhere, whatever happened before, meanwhile and afterwards.

mod late;
mod life;
mod lost;
mod pool;
mod routes;

use std::collections::HashMap;
use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tests::account::User;
use tests::bus::TestEvent;
use tests::injected_fault::{FunctionDisabled, invoke};
use tests::product::Product;
use tests::socket::{HandshakeRefused, PROTOCOL};
use tests::wait::{eventually, eventually_within};
use uuid::Uuid;

use self::life::{Neighbours, live};

/// How long every service may take: the notifications service waits 25 seconds for what is under way, and the machine
/// may be busy.
const TIMEOUT: Duration = Duration::from_mins(10);

#[tokio::test]
async fn a_deleted_user_leaves_no_data_and_late_events_do_not_restore_it() {
    let product = Product::alone().await;
    let logs = product.logs_from_now();
    let mut two = Neighbours::live(&product).await;
    let ann = &two.ann;
    let picture =
        ann.api("todos").get(&two.anns.picture.path).expect(200).await["downloadUrl"].as_str().unwrap().to_owned();

    let delete = async || ann.api("users").delete("/me").expect(202).await;
    let said = json!({"status": "deleting"});
    let at_once = tokio::join!(delete(), delete(), delete());
    assert_eq!(at_once, (said.clone(), said.clone(), said.clone()), "from several tabs at once");
    assert_eq!(delete().await, said, "again is harmless");
    complete(ann).await;
    two.anns.page.wait_for_close().await;
    nothing(&product, &two.texts_of_ann()).await;
    two.expect_bob_to_keep_everything().await;
    two.bobs.page.send(r#"{"action": "ping"}"#).await;
    two.bobs.page.until(|message| *message == json!({"type": "pong"})).await;

    let (left, title) = (&two.anns, &two.title);
    expect_requests_to_fail(ann).await;
    routes::refuse(ann, left).await;
    late::files(&product, ann, left, &picture).await;
    late::events(&product, ann, left, title).await;
    nothing(&product, &two.texts_of_ann()).await;
    late::replays(&product, ann, left, title).await;
    nothing(&product, &two.texts_of_ann()).await;
    late::link(&product, ann, left).await;
    nothing(&product, &two.texts_of_ann()).await;
    // Logs cannot be erased: they may hold ids, and nothing else about the user.
    let said = |line: &str| [&ann.account.email, title].iter().any(|text| line.contains(text.as_str()));
    let lines = logs.all().await;
    assert!(lines.iter().any(|(_, line)| line.contains(&two.id)), "the logs of that time were read");
    assert_eq!(lines.iter().find(|(_, line)| said(line)), None);
    two.forget_failures().await;
}

#[tokio::test]
async fn a_failure_of_another_user_that_mentions_a_deleted_user_is_kept() {
    let product = Product::alone().await;
    let dead_letters = product.dead_letter_queue("notifications");
    let (ann, bob) = (product.user().await, product.user().await);
    let mark = Uuid::new_v4().to_string();
    let failed = |owner: &User, title: String| {
        let data = json!({"todoId": Uuid::now_v7(), "ownerId": owner.id, "title": title});
        let event = TestEvent::new("todos", "TodoDeleted", Uuid::now_v7(), 2, &data);
        json!({"requestPayload": {"detail-type": event.detail_type, "detail": event.detail}}).to_string()
    };
    let sqs = aws_sdk_sqs::Client::new(product.sdk());
    let bodies = [
        failed(&bob, format!("{mark} {{\"ownerId\": \"{}\"}}", ann.id)),
        failed(&ann, format!("{mark} UserDeleted.v1")),
    ];
    for body in bodies {
        let request = sqs.send_message().queue_url(product.dead_letter_queue_url("notifications")).message_body(body);
        request.send().await.expect("a queue that accepts messages");
    }

    ann.api("users").delete("/me").expect(202).await;
    complete(&ann).await;
    let kept = dead_letters.containing(&mark).await;
    let owners: Vec<_> =
        kept.iter().map(|message| message.body["requestPayload"]["detail"]["data"]["ownerId"].clone()).collect();
    for message in &kept {
        dead_letters.delete(message).await;
    }
    assert_eq!(owners, [json!(bob.id)]);
}

#[tokio::test]
async fn a_service_that_was_down_erases_after_its_event_is_replayed() {
    let product = Product::alone().await;
    let dead_letters = product.dead_letter_queue("notifications");
    let ann = product.user().await;
    let title = format!("ann {}", Uuid::new_v4());
    live(&ann, &title).await;
    let id = ann.id.to_string();

    let off = FunctionDisabled::begin(&product, "notifications", "erase").await;
    ann.api("users").delete("/me").expect(202).await;
    let erased_by = async |service: &str| {
        let is_noted = |record: &Value| record["erasedBy"][service].is_string();
        eventually_within(TIMEOUT, service, async || record(&ann).await.filter(is_noted)).await
    };
    let record = erased_by("todos").await;
    assert!(record["completedAt"].is_null(), "one service is missing");
    erased_by("users").await;
    let dead_letter = dead_letters.wait_for(&id).await;
    assert_eq!(dead_letter.body["requestPayload"]["detail-type"], "UserDeleted.v1");
    drop(off);

    let function = dead_letter.body["requestContext"]["functionArn"].as_str().unwrap();
    dead_letters.delete(&dead_letter).await;
    invoke(&product, function, &dead_letter.body["requestPayload"]).await;
    complete(&ann).await;
    nothing(&product, &[&id, &ann.account.email, &title]).await;
}

/// The token is good for some time; there is nobody behind it any more.
async fn expect_requests_to_fail(ann: &User) {
    ann.api("users").get("/me").expect(404).await;
    ann.api("users").patch("/me").json(&json!({"displayName": "Ann"})).expect(401).await;
    ann.api("todos").post("/todos").json(&json!({"title": "x"})).expect(401).await;
    assert_eq!(ann.api("todos").get("/todos").expect(200).await["items"], json!([]));
    let inbox = ann.api("notifications").get("/notifications").expect(200).await;
    assert_eq!((&inbox["items"], &inbox["unread"]), (&json!([]), &json!(0)));
    let product = ann.product();
    let refresh = json!({"ClientId": product.user_pool_client(), "RefreshToken": ann.tokens.refresh_token});
    assert!(product.cognito("GetTokensFromRefreshToken", refresh).await.is_err(), "the session has ended");
    assert!(ann.account.sign_in().await.is_err(), "nobody signs in any more");
    let page = ann.product().connect(&[PROTOCOL, &ann.tokens.access_token]).await;
    assert_eq!(page.unwrap_err(), HandshakeRefused(403), "no page opens any more");
}

pub(crate) async fn complete(user: &User) {
    eventually_within(TIMEOUT, "a complete record", async || {
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
    let get = client.get_item().table_name(user.product().table("users")).consistent_read(true);
    let get =
        get.key("pk", AttributeValue::S(format!("DELETION#{id}"))).key("sk", AttributeValue::S("DELETION".into()));
    let row = get.send().await.expect("the table answers").item?;
    let texts = |row: &HashMap<String, AttributeValue>| -> Value {
        row.iter().filter_map(|(name, value)| Some((name.clone(), json!(value.as_s().ok()?)))).collect()
    };
    let mut record = texts(&row);
    record["erasedBy"] = texts(row["erasedBy"].as_m().expect("a map of services"));
    Some(record)
}

async fn nothing(product: &Product, texts: &[&str]) {
    eventually("nothing of the user", async || {
        let left = product.find_everywhere(texts).await;
        if !left.is_empty() {
            let begins: Vec<String> = left.iter().map(|found| found.chars().take(200).collect()).collect();
            eprintln!("still there: {begins:#?}");
        }
        left.is_empty().then_some(())
    })
    .await;
}
