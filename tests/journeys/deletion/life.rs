//! The data that a user leaves in every place that stores something, and failures of the user's events.

use std::time::{Duration, Instant};

use crate::attachment::Attachment;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use tests::account::User;
use tests::bus::TestEvent;
use tests::image;
use tests::product::Product;
use tests::socket::Socket;
use tests::wait::{TIMEOUT, eventually};
use uuid::Uuid;

use crate::{emails, export, inbox};

/// Longer than Scheduler takes to have a schedule, on the local cloud.
const SOON: SignedDuration = SignedDuration::from_secs(3);

/// Two people who have lived with the product alike, each with failures in every service: Ann goes, Bob stays.
pub(super) struct Neighbours {
    pub(super) ann: User,
    pub(super) bob: User,
    pub(super) id: String,
    /// What Ann's items say, and nobody else's.
    pub(super) title: String,
    pub(super) anns: Life,
    pub(super) bobs: Life,
    kept: String,
    places: usize,
    /// The batch of failures of each service that both are in: the end of its key.
    batches: Vec<(String, Uuid)>,
}

impl Neighbours {
    pub(super) async fn live(product: &Product) -> Self {
        let (ann, bob) = (product.user().await, product.user().await);
        let (title, kept) = (format!("ann {}", Uuid::new_v4()), format!("bob {}", Uuid::new_v4()));
        let (anns, bobs) = (live(&ann, &title).await, live(&bob, &kept).await);
        let mut batches = Vec::new();
        for service in &product.services() {
            batches.push((service.clone(), fail(product, service, &[(&ann, &title), (&bob, &kept)]).await));
        }
        for (user, text) in [(&ann, &title), (&bob, &kept)] {
            is_everywhere(product, &[&user.id.to_string(), &user.account.email, text]).await;
        }
        let places = product.find_everywhere(&[&kept]).await.len();
        Self { id: ann.id.to_string(), ann, bob, title, anns, bobs, kept, places, batches }
    }

    /// What tells that something is Ann's.
    pub(super) fn texts_of_ann(&self) -> [&str; 3] {
        [&self.id, &self.ann.account.email, &self.title]
    }

    /// What Bob had is there, and an operator hears of the failures that he shared with Ann.
    pub(super) async fn expect_bob_to_keep_everything(&self) {
        let product = self.bob.product();
        assert_eq!(product.find_everywhere(&[&self.kept]).await.len(), self.places, "the neighbour has everything");
        for (service, batch) in &self.batches {
            let (dead_letters, batch) = (product.dead_letter_queue(service), batch.to_string());
            eventually("a dead-letter message that names the batch", async || {
                dead_letters.containing(&batch).await.pop()
            })
            .await;
        }
    }

    /// Deletes the dead-letter messages about what they shared, which would wait for an operator.
    pub(super) async fn forget_failures(&self) {
        for (service, batch) in &self.batches {
            let dead_letters = self.bob.product().dead_letter_queue(service);
            for dead_letter in dead_letters.containing(&batch.to_string()).await {
                dead_letters.delete(&dead_letter).await;
            }
        }
    }
}

/// The data of a user who has used the product for a while.
pub(super) struct Life {
    /// The path of an open item that is due in the far future.
    pub(super) item: String,
    /// A picture of that item, looked at and kept.
    pub(super) picture: Attachment,
    /// A file of that item that was announced and not uploaded yet.
    pub(super) announced: Attachment,
    /// An entry of the inbox.
    pub(super) entry: String,
    /// What stops reminders without signing in.
    pub(super) stop: String,
    /// A page that is open.
    pub(super) page: Socket,
}

/// Does what people do: a name and preferences; items, of which one is due in the far future and one was just now, with
/// an idempotency key; files; an inbox, of which an entry is read; an export; a page that stays open.
pub(super) async fn live(user: &User, title: &str) -> Life {
    let page = user.open_socket().await;
    user.api("users").patch("/me").json(&json!({"displayName": title.split('-').next().unwrap()})).expect(200).await;
    let wishes = json!({"digestMail": true, "digestHour": 8});
    user.api("notifications").patch("/preferences").json(&wishes).expect(200).await;
    let item = items(user, title).await;
    let file = image::black_png(8);
    let picture = Attachment::announce(user, &item, &format!("{title}.png"), "image/png", file.len()).await;
    picture.form.upload(user.product(), &file).await;
    assert_eq!(picture.wait_until_checked(user).await["status"], "ready");
    let announced = Attachment::announce(user, &item, &format!("{title}.txt"), "text/plain", 4).await;
    // A greeting, 31 items, one completed, reopened, one due, one with a picture.
    let entries = inbox::wait_for_entries(user, 36).await;
    let entry = entries[0]["id"].as_str().unwrap().to_owned();
    user.api("notifications").post(&format!("/notifications/{entry}/read")).expect(200).await;
    let stop = emails::unsubscribe_token(user, title).await;
    user.api("users").post("/me/export").expect(202).await;
    export::ready(user).await;
    Life { item, picture, announced, entry, stop, page }
}

/// The path of the one that is due in the far future.
async fn items(user: &User, title: &str) -> String {
    let item = |number: usize| json!({"title": format!("{title} {number}"), "notes": title, "tags": ["home"]});
    let due = |number: usize, at: Value| {
        let mut item = item(number);
        item["dueAt"] = at;
        item
    };
    let created = user.api("todos").post("/todos").header("idempotency-key", title.rsplit(' ').next().unwrap());
    let created = created.json(&due(0, json!("2199-01-01T00:00:00Z"))).send().await.with_status(201);
    let open = created.header("location").to_owned();
    user.api("todos").post("/todos").json(&due(1, json!(Timestamp::now() + SOON))).expect(201).await;
    for number in 2..31 {
        user.api("todos").post("/todos").json(&item(number)).expect(201).await;
    }
    user.api("todos").post(&format!("{open}/complete")).expect(200).await;
    user.api("todos").post(&format!("{open}/reopen")).expect(200).await;
    open
}

/// Creates failures of these users in a service: a message each in both queues, and a batch of all in the bucket. Returns
/// the end of the batch's key.
async fn fail(product: &Product, service: &str, users: &[(&User, &str)]) -> Uuid {
    let sqs = aws_sdk_sqs::Client::new(product.sdk());
    let dlq = product.dead_letter_queue_url(service);
    let parking = dlq.replace("-dlq", "-parking");
    let event = |user: &User, title: &str| {
        // The name of the event that an erasure keeps is in the title, where it has no meaning.
        let title = format!("{title} UserDeleted.v1");
        let data = json!({"todoId": Uuid::now_v7(), "ownerId": user.id, "title": title});
        TestEvent::new("todos", "TodoDeleted", Uuid::now_v7(), 2, &data)
    };
    let mut records = Vec::new();
    for (user, title) in users {
        let event = event(user, title);
        let dead_letter =
            json!({"requestPayload": {"detail-type": event.detail_type, "detail": event.detail}}).to_string();
        for queue in [dlq, &parking] {
            sqs.send_message()
                .queue_url(queue)
                .message_body(&dead_letter)
                .send()
                .await
                .expect("a queue that accepts messages");
        }
        records.push(json!({"dynamodb": {"NewImage": {"detail": {"S": event.detail.to_string()}}}}));
    }
    let batch = json!({"version": "1.0", "payload": json!({"Records": records}).to_string()});
    let end = Uuid::new_v4();
    let key = format!("aws/lambda/test/2026/01/01/2026-01-01T00.00.00-{end}");
    product.put_object(&product.failures_bucket(service).await, &key, batch.to_string()).await;
    end
}

/// Waits until everything that a user may leave is there, found by texts that are theirs alone.
async fn is_everywhere(product: &Product, texts: &[&str]) {
    let deadline = Instant::now() + TIMEOUT;
    loop {
        let missing = missing(product, &product.find_everywhere(texts).await);
        if missing.is_empty() {
            return;
        }
        assert!(Instant::now() < deadline, "nothing of the user is in {missing:?}");
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

/// What a user may leave and is not among these places.
fn missing(product: &Product, places: &[String]) -> Vec<String> {
    let kinds = [
        ("-users None", "registeredAt"),
        ("-todos None", "OUTBOX#"),
        ("-todos None", "IDEMPOTENCY#"),
        ("-todos None", "FILE#"),
        ("-todos Some(\"byDue\")", "TODO#"),
        ("-notifications None", "RECIPIENT"),
        ("-notifications None", "AGENDA#"),
        ("-notifications None", "CONNECTION#"),
        ("-notifications Some(\"byUnread\")", "INBOX#"),
        ("-notifications Some(\"byDigest\")", "PREFERENCES"),
        ("a schedule", "2199"),
        ("-todos-files-", "files/"),
        ("-users-exports-", "parts/todos/"),
        ("pool ", "email"),
    ];
    let has = |place: &str, kept: &str| places.iter().any(|found| found.contains(place) && found.contains(kept));
    let kinds = kinds.into_iter().filter(|(place, kept)| !has(place, kept));
    let failures = product
        .services()
        .into_iter()
        .flat_map(|service| ["dlq", "parking", "failures-"].map(|place| format!("{service}-{place}")));
    let failures = failures.filter(|name| !has(name, ""));
    kinds.map(|(place, kept)| format!("{place}: {kept}")).chain(failures).collect()
}
