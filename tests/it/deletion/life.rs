//! What somebody leaves in every place that keeps something, and what fails meanwhile.

use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use tests::account::User;
use tests::bus::Forged;
use tests::picture;
use tests::product::{Product, Service};
use tests::socket::Socket;
use tests::upload::Announced;
use tests::wait::{PATIENCE, eventually};
use uuid::Uuid;

use crate::{export, inbox, mails};

/// Longer than Scheduler takes to have a schedule, on the local cloud.
const SOON: SignedDuration = SignedDuration::from_secs(3);

/// Two people who have lived with the product alike, each with failures in every service: Ann goes, Bob stays.
pub(super) struct Neighbours {
    pub(super) ann: User,
    pub(super) bob: User,
    /// Ann's subject.
    pub(super) id: String,
    /// What Ann's items say, and nobody else's.
    pub(super) title: String,
    pub(super) anns: Life,
    pub(super) bobs: Life,
    kept: String,
    places: usize,
    /// The batch of failures of each service that both are in: the end of its key.
    batches: Vec<(Service, Uuid)>,
}

impl Neighbours {
    pub(super) async fn live(product: &Product) -> Self {
        let (ann, bob) = (product.user().await, product.user().await);
        let (title, kept) = (format!("ann {}", Uuid::new_v4()), format!("bob {}", Uuid::new_v4()));
        let (anns, bobs) = (live(&ann, &title).await, live(&bob, &kept).await);
        let mut batches = Vec::new();
        for service in Service::ALL {
            batches.push((service, fail(product, service, &[(&ann, &title), (&bob, &kept)]).await));
        }
        for (user, text) in [(&ann, &title), (&bob, &kept)] {
            is_everywhere(product, &[&user.id.to_string(), &user.person.email, text]).await;
        }
        let places = product.places_of(&[&kept]).await.len();
        Self { id: ann.id.to_string(), ann, bob, title, anns, bobs, kept, places, batches }
    }

    /// What tells that something is Ann's.
    pub(super) fn texts_of_ann(&self) -> [&str; 3] {
        [&self.id, &self.ann.person.email, &self.title]
    }

    /// What Bob had is there, and an operator hears of the failures that he shared with Ann.
    pub(super) async fn bob_has_everything(&self) {
        let product = self.bob.product();
        assert_eq!(product.places_of(&[&self.kept]).await.len(), self.places, "the neighbour has everything");
        for (service, batch) in &self.batches {
            let (letters, batch) = (product.dead_letters(*service), batch.to_string());
            eventually("a letter that names the batch", async || letters.with(&batch).await.pop()).await;
        }
    }

    /// Takes away the letters of what they shared, which would wait for an operator.
    pub(super) async fn forget_failures(&self) {
        for (service, batch) in &self.batches {
            let letters = self.bob.product().dead_letters(*service);
            for letter in letters.with(&batch.to_string()).await {
                letters.remove(&letter).await;
            }
        }
    }
}

/// What somebody has who has lived with the product for a while.
pub(super) struct Life {
    /// The path of an open item that is due in the far future.
    pub(super) item: String,
    /// A picture of that item, looked at and kept.
    pub(super) picture: Announced,
    /// A file of that item that was announced and not uploaded yet.
    pub(super) announced: Announced,
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
    let page = user.session().await;
    user.users().patch("/me").json(&json!({"displayName": title.split('-').next().unwrap()})).expect(200).await;
    let wishes = json!({"digestMail": true, "digestHour": 8});
    user.notifications().patch("/preferences").json(&wishes).expect(200).await;
    let item = items(user, title).await;
    let file = picture::black(8);
    let picture = Announced::new(user, &item, &format!("{title}.png"), "image/png", file.len()).await;
    picture.form.upload(user.product(), &file).await;
    assert_eq!(picture.settled(user).await["status"], "ready");
    let announced = Announced::new(user, &item, &format!("{title}.txt"), "text/plain", 4).await;
    // A greeting, 31 items, one completed, reopened, one due, one with a picture.
    let entries = inbox::eventually_of(user, 36).await;
    let entry = entries[0]["id"].as_str().unwrap().to_owned();
    user.notifications().post(&format!("/notifications/{entry}/read")).expect(200).await;
    let stop = mails::token(&mails::mail_about(user, title).await);
    user.users().post("/me/export").expect(202).await;
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
    let created = user.todos().post("/todos").header("idempotency-key", title.rsplit(' ').next().unwrap());
    let created = created.json(&due(0, json!("2199-01-01T00:00:00Z"))).send().await.with_status(201);
    let open = created.header("location").to_owned();
    user.todos().post("/todos").json(&due(1, json!(Timestamp::now() + SOON))).expect(201).await;
    for number in 2..31 {
        user.todos().post("/todos").json(&item(number)).expect(201).await;
    }
    user.todos().post(&format!("{open}/complete")).expect(200).await;
    user.todos().post(&format!("{open}/reopen")).expect(200).await;
    open
}

/// Leaves failures of these users in a service: a letter each in both queues, and a batch of all in the bucket. The end
/// of the batch's key.
async fn fail(product: &Product, service: Service, users: &[(&User, &str)]) -> Uuid {
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
    let end = Uuid::new_v4();
    let key = format!("aws/lambda/test/2026/01/01/2026-01-01T00.00.00-{end}");
    let put = s3.put_object().bucket(bucket.expect("a bucket of failures")).key(key);
    put.body(batch.to_string().into_bytes().into()).send().await.expect("a bucket that takes batches");
    end
}

/// Waits until everything that a user may leave is there, found by texts that are theirs alone.
async fn is_everywhere(product: &Product, texts: &[&str]) {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let missing = missing(&product.places_of(texts).await);
        if missing.is_empty() {
            return;
        }
        assert!(Instant::now() < deadline, "nothing of the user is in {missing:?}");
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

/// What a user may leave and is not among these places.
fn missing(places: &[String]) -> Vec<String> {
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
    let failures = Service::ALL
        .into_iter()
        .flat_map(|service| ["dlq", "parking", "failures-"].map(|place| format!("{}-{place}", service.name())));
    let failures = failures.filter(|name| !has(name, ""));
    kinds.map(|(place, kept)| format!("{place}: {kept}")).chain(failures).collect()
}
