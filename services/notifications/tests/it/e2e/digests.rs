//! The daily digest: who gets one, when, once, and in which words.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan};
use serde_json::json;
use tests::account::User;
use tests::email::Email;
use tests::injected_fault::{failure, invoke};
use tests::permissions::erasure::put_row;
use tests::product::Product;
use tests::wait::eventually;
use uuid::Uuid;

use super::sending_rate::{forget_preferences, number, preferences, recipient};

const SERVICE: &str = "notifications";

type Row = HashMap<String, AttributeValue>;

/// A user who wants a digest at an hour of the day in the user's time zone.
struct Reader {
    user: User,
    zone: &'static str,
    hour: i8,
}

impl Reader {
    /// A new user with a planned digest, and an item that is due 90 minutes after it.
    async fn new(product: &Product, (name, locale): (&str, &str), zone: &'static str, hour: i8) -> Self {
        let reader = Self { user: product.user().await, zone, hour };
        let profile = json!({"displayName": name, "locale": locale, "timeZone": zone});
        reader.user.api("users").patch("/me").json(&profile).expect(200).await;
        eventually("a recipient in that zone", async || reader.is_known().await.then_some(())).await;
        let wishes = json!({"digestMail": true, "digestHour": hour});
        reader.user.api("notifications").patch("/preferences").json(&wishes).expect(200).await;
        let due_at = reader.on(reader.first()) + SignedDuration::from_mins(90);
        reader
            .user
            .api("todos")
            .post("/todos")
            .json(&json!({"title": "Milk & bread", "dueAt": due_at}))
            .expect(201)
            .await;
        reader.is_planned_for(reader.on(reader.first())).await;
        eventually("an agenda", async || reader.kept("AGENDA#").await.pop()).await;
        reader
    }

    /// The day of the next digest, in the reader's calendar.
    fn first(&self) -> Date {
        let now = Timestamp::now();
        let today = now.in_tz(self.zone).unwrap().date();
        if self.on(today) > now { today } else { today.tomorrow().unwrap() }
    }

    /// When the digest of a day comes.
    fn on(&self, day: Date) -> Timestamp {
        day.at(self.hour, 0, 0, 0).in_tz(self.zone).unwrap().timestamp()
    }

    /// Whether the notifications service has heard of them, and of where they live.
    async fn is_known(&self) -> bool {
        let Some(row) = self.kept("RECIPIENT").await.pop() else {
            return false;
        };
        row.contains_key("email") && row.get("timeZone").is_some_and(|zone| zone.as_s().unwrap() == self.zone)
    }

    async fn is_planned_for(&self, at: Timestamp) {
        eventually(&format!("a digest that is planned for {at}"), async || (self.planned().await? == at).then_some(()))
            .await;
    }

    async fn planned(&self) -> Option<Timestamp> {
        planned_at(&self.kept("PREFERENCES").await)
    }

    /// The rows that the notifications service keeps of them under keys that begin so.
    async fn kept(&self, prefix: &str) -> Vec<Row> {
        kept(self.user.product(), self.user.id, prefix).await
    }

    /// The digests that they got.
    async fn digests(&self) -> Vec<Email> {
        let mails = self.user.product().emails_to(&self.user.account.email).await.into_iter();
        mails.filter(|mail| mail.subject.contains("to-dos for") || mail.subject.contains("Aufgaben für")).collect()
    }
}

async fn kept(product: &Product, user: Uuid, prefix: &str) -> Vec<Row> {
    let client = aws_sdk_dynamodb::Client::new(product.sdk());
    let query = client.query().table_name(product.table(SERVICE)).consistent_read(true);
    let query = query.key_condition_expression("pk = :pk AND begins_with(sk, :prefix)");
    let query = query.expression_attribute_values(":pk", AttributeValue::S(format!("USER#{user}")));
    let query = query.expression_attribute_values(":prefix", AttributeValue::S(prefix.to_owned()));
    query.send().await.expect("the table answers").items.unwrap_or_default()
}

fn planned_at(preferences: &[Row]) -> Option<Timestamp> {
    preferences.first()?.get("digestAt")?.as_s().unwrap().parse().ok()
}

fn planner(product: &Product) -> String {
    format!("busline-{}-notifications-plan-digests", product.env())
}

/// What the schedule does each quarter of an hour.
async fn plan(product: &Product, at: Timestamp) {
    invoke(product, &planner(product), &json!({"scheduledTime": at})).await;
}

#[tokio::test]
async fn a_digest_is_sent_once_at_the_recipients_hour_and_in_the_recipients_language() {
    // A plan serves everybody who is due, so nobody else's test may count its mails meanwhile.
    let product = Product::alone().await;
    let ann = Reader::new(&product, ("Ann", "en-GB"), "America/New_York", 7).await;
    let bob = Reader::new(&product, ("Bob", "de-AT"), "Asia/Kathmandu", 8).await;
    let cat = Reader::new(&product, ("Cat", "en"), "America/New_York", 7).await;
    cat.user.api("notifications").patch("/preferences").json(&json!({"digestMail": false})).expect(200).await;
    assert_eq!(cat.planned().await, None);

    let mut readers = [&ann, &bob];
    readers.sort_by_key(|reader| reader.on(reader.first()));
    for reader in readers {
        let (day, at) = (reader.first(), reader.on(reader.first()));
        plan(&product, at - 1.second()).await;
        assert_eq!(reader.planned().await, Some(at), "not before the time");
        for _ in 0..2 {
            plan(&product, at).await;
        }
        assert_eq!(reader.planned().await, Some(reader.on(day.tomorrow().unwrap())), "and then the next day's");
        eventually("a digest", async || reader.digests().await.pop()).await;
    }

    is_in_english(&ann, &product).await;
    is_in_german(&bob).await;
    assert_eq!(cat.digests().await.len(), 0, "who wants none gets none");
}

#[tokio::test]
async fn a_digest_that_is_hours_late_is_skipped() {
    let product = Product::alone().await;
    let ann = Reader::new(&product, ("Ann", "en"), "UTC", 7).await;
    let (day, at) = (ann.first(), ann.on(ann.first()));
    plan(&product, at + SignedDuration::from_hours(6) + 1.second()).await;
    assert_eq!(ann.planned().await, Some(ann.on(day.tomorrow().unwrap())));
    // A digest of another day, which is sent later, is there alone.
    let send = format!("busline-{}-notifications-send-digest-mail", product.env());
    invoke(&product, &send, &json!({"userId": ann.user.id, "digestAt": "2198-01-01T07:00:00Z"})).await;
    let mails = ann.digests().await;
    assert_eq!(mails.iter().map(|mail| &mail.subject).collect::<Vec<_>>(), ["Your to-dos for Monday, 1 January 2198"]);
}

#[tokio::test]
async fn a_digest_that_cannot_be_requested_stops_nobody_elses() {
    let product = Product::alone().await;
    let now = Timestamp::now();
    let hour = now.to_zoned(TimeZone::UTC).hour();
    let number_of = |digit: u128| Uuid::from_u128(Uuid::new_v4().as_u128() >> 4 | digit << 124);
    // In the first and in the last partition, and twice in one.
    let users @ [unreadable, same, last] = [0, 0, 15].map(number_of);
    for user in users {
        put_row(&product, SERVICE, preferences(user, now, hour)).await;
    }
    for user in [same, last] {
        put_row(&product, SERVICE, recipient(user)).await;
    }
    let unreadable_row = recipient(unreadable).map(|(name, value)| match name {
        "displayName" => (name, number(1)),
        _ => (name, value),
    });
    put_row(&product, SERVICE, unreadable_row).await;

    let planned = async |user: Uuid| planned_at(&kept(&product, user, "PREFERENCES").await);
    let before = planned(unreadable).await;
    let error = failure(&product, &planner(&product), &json!({"scheduledTime": now})).await;
    assert!(error.contains("TableFailed"), "{error}");
    assert_eq!(planned(unreadable).await, before, "the next run tries again");
    for user in [same, last] {
        assert!(planned(user).await > before, "the next day's is planned");
    }
    for user in users {
        forget_preferences(&product, user).await;
    }
}

async fn is_in_english(ann: &Reader, product: &Product) {
    let mail = only(ann.digests().await);
    let day = ann.first().strftime("%A, %-d %B %Y").to_string();
    assert_eq!(mail.subject, format!("Your to-dos for {day}"));
    let text = mail.body_text.as_deref().unwrap();
    let list = format!("Open your list: {}/", product.web());
    assert!(text.starts_with("Hello Ann,\n\nDue today (1)\n- Milk & bread (08:30)\n"), "{text}");
    assert!(text.contains(&list) && text.contains("\nStop the daily digest: "), "{text}");
    let html = mail.body_html.as_deref().unwrap();
    assert!(html.contains("<html lang=\"en\">") && html.contains("Milk &#38; bread"), "{html}");
    assert_eq!(mail.header("List-Unsubscribe-Post"), Some("List-Unsubscribe=One-Click"));
}

async fn is_in_german(bob: &Reader) {
    let mail = only(bob.digests().await);
    let day = bob.first();
    let numbers = (format!(", {}. ", day.day()), format!(" {}", day.year()));
    assert!(mail.subject.starts_with("Ihre Aufgaben für "), "{}", mail.subject);
    assert!(mail.subject.contains(&numbers.0) && mail.subject.ends_with(&numbers.1), "{}", mail.subject);
    let text = mail.body_text.as_deref().unwrap();
    assert!(text.starts_with("Hallo Bob,\n\nHeute fällig (1)\n- Milk & bread (09:30 Uhr)\n"), "{text}");
    assert!(text.contains("\nTägliche Übersicht abbestellen: "), "{text}");
    assert!(mail.body_html.as_deref().unwrap().contains("<html lang=\"de\">"));
}

fn only(mut mails: Vec<Email>) -> Email {
    assert_eq!(mails.len(), 1, "{:?}", mails.iter().map(|mail| &mail.subject).collect::<Vec<_>>());
    mails.remove(0)
}
