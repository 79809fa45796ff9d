//! Account deletion: after it nothing of the user is anywhere, whatever happened before, meanwhile and afterwards.

use std::time::{Duration, Instant};

use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_lambda::primitives::Blob;
use jiff::Timestamp;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tests::account::User;
use tests::bus::Forged;
use tests::disruption::{SwitchedOff, invoke};
use tests::product::{Product, Service};
use tests::wait::eventually;
use uuid::Uuid;

use crate::inbox;

/// How long every service may take: the notifications service waits 25 seconds for what is under way, and the machine
/// may be busy.
const PATIENCE: Duration = Duration::from_secs(150);

#[tokio::test]
async fn nothing_of_a_user_is_left_and_nothing_brings_it_back() {
    let product = Product::alone().await;
    let (ann, bob) = (product.user().await, product.user().await);
    let title = format!("ann {}", Uuid::new_v4());
    let item = live(&ann, &title).await;
    let kept = format!("bob {}", Uuid::new_v4());
    live(&bob, &kept).await;
    for service in Service::ALL {
        fail(&product, service, &[(&ann, &title), (&bob, &kept)]).await;
    }
    let id = ann.id.to_string();
    let texts = [id.as_str(), &ann.person.email, &title];
    assert!(product.places_of(&texts).await.len() > 10, "there is something to erase");
    let bobs = product.places_of(&[&kept]).await.len();

    let said = ann.users().delete("/me").expect(202).await;
    assert_eq!(said, json!({"status": "deleting"}));
    assert_eq!(ann.users().delete("/me").expect(202).await, said, "again is harmless");
    complete(&ann).await;
    nothing(&product, &texts).await;
    assert_eq!(product.places_of(&[&kept]).await.len(), bobs, "the neighbour has everything");

    turned_away(&ann).await;
    late_events(&product, &ann, &item, &title).await;
    nothing(&product, &texts).await;
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

/// Does what people do: items, one of them due, one completed, with an idempotency key; a new name; an inbox. The path
/// of an open item.
async fn live(user: &User, title: &str) -> String {
    let item = |number: usize| json!({"title": format!("{title} {number}"), "notes": title, "tags": ["home"]});
    let mut due = item(0);
    due["dueAt"] = json!("2199-01-01T00:00:00Z");
    let created = user.todos().post("/todos").header("idempotency-key", title.rsplit(' ').next().unwrap());
    let open = created.json(&due).send().await.with_status(201).header("location").to_owned();
    for number in 1..30 {
        user.todos().post("/todos").json(&item(number)).expect(201).await;
    }
    user.todos().post(&format!("{open}/complete")).expect(200).await;
    user.todos().post(&format!("{open}/reopen")).expect(200).await;
    user.users().patch("/me").json(&json!({"displayName": title.split('-').next().unwrap()})).expect(200).await;
    inbox::eventually_of(user, 33).await;
    open
}

/// Leaves failures of these users in a service: a letter each in both queues, and a batch of all in the bucket.
async fn fail(product: &Product, service: Service, users: &[(&User, &str)]) {
    let sqs = aws_sdk_sqs::Client::new(product.sdk());
    let dlq = product.dead_letter_queue(service);
    let parking = dlq.replace("-dlq", "-parking");
    let event = |user: &User, title: &str| {
        let data = json!({"todoId": Uuid::now_v7(), "ownerId": user.id, "title": title});
        Forged::new("todos", "TodoDeleted", Uuid::now_v7(), 2, &data)
    };
    let mut records = Vec::new();
    for (user, title) in users {
        let event = event(user, title);
        let letter = json!({"requestPayload": {"detail-type": event.detail_type, "detail": event.detail}}).to_string();
        for queue in [dlq, &parking] {
            sqs.send_message().queue_url(queue).message_body(&letter).send().await.expect("a queue that takes letters");
        }
        records.push(json!({"dynamodb": {"NewImage": {"detail": {"S": event.detail.to_string()}}}}));
    }
    let batch = json!({"version": "1.0", "payload": json!({"Records": records}).to_string()});
    let s3 =
        aws_sdk_s3::Client::from_conf(aws_sdk_s3::config::Builder::from(product.sdk()).force_path_style(true).build());
    let buckets = s3.list_buckets().send().await.expect("buckets").buckets.unwrap_or_default();
    let prefix = format!("busline-{}-{}-failures-", product.env(), service.name());
    let bucket = buckets.iter().filter_map(|bucket| bucket.name()).find(|name| name.starts_with(&prefix));
    let key = format!("aws/lambda/test/2026/01/01/2026-01-01T00.00.00-{}", Uuid::new_v4());
    let put = s3.put_object().bucket(bucket.expect("a bucket of failures")).key(key);
    put.body(batch.to_string().into_bytes().into()).send().await.expect("a bucket that takes batches");
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
}

/// Events of before, as the archive or a dead-letter queue may give them back: over the bus, and to each function.
async fn late_events(product: &Product, ann: &User, item: &str, title: &str) {
    let todo: Uuid = item.rsplit('/').next().unwrap().parse().unwrap();
    let about_todo = json!({
        "todoId": todo, "ownerId": ann.id, "title": title, "changed": ["title"], "priority": "low", "tags": [],
        "completedAt": Timestamp::now(), "dueAt": Timestamp::now(),
    });
    let about_user = json!({
        "userId": ann.id, "email": ann.person.email, "displayName": "Ann", "locale": "en", "timeZone": "UTC",
        "registeredAt": Timestamp::now(), "changed": ["locale"],
    });
    let rules = aws_sdk_eventbridge::Client::new(product.sdk());
    let listed = rules.list_rules().event_bus_name(product.bus()).send().await.expect("rules").rules;
    for rule in listed.unwrap_or_default() {
        let pattern: Value = serde_json::from_str(rule.event_pattern().unwrap_or("{}")).unwrap();
        let names = pattern["detail-type"].as_array().cloned().unwrap_or_default();
        for name in names.iter().filter_map(|name| name.as_str()?.strip_suffix(".v1")) {
            let event = match name {
                "UserRegistered" => Forged::new("users", name, ann.id, 1, &about_user),
                "UserProfileChanged" => Forged::new("users", name, ann.id, 9, &about_user),
                name if name.starts_with("Todo") && !name.starts_with("Todos") => {
                    Forged::new("todos", name, todo, 9, &about_todo)
                }
                _ => continue,
            };
            product.put_events(&[&event]).await;
            let targets = rules.list_targets_by_rule().rule(rule.name().unwrap()).event_bus_name(product.bus());
            for target in targets.send().await.expect("targets").targets.unwrap_or_default() {
                if target.arn().contains(":function:") {
                    let event =
                        json!({"source": event.source, "detail-type": event.detail_type, "detail": event.detail});
                    invoke(product, target.arn(), &event).await;
                }
            }
        }
    }
}

async fn complete(user: &User) {
    eventually_in(PATIENCE, "a complete record", async || {
        record(user).await.filter(|record| record["completedAt"].is_string())
    })
    .await;
}

/// The record of a user's deletion: its texts by name.
async fn record(user: &User) -> Option<Value> {
    let hash = Sha256::digest(format!("busline deleted user {}", user.id));
    let id: String = hash.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat();
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
            eprintln!("still there: {left:#?}");
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
