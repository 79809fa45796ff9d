//! More emails than SES sends in a second: all of them wait for their turn, and none fails.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::json;
use tests::bus::TestEvent;
use tests::injected_fault::{FunctionConcurrency, invoke};
use tests::permissions::erasure::put_row;
use tests::product::Product;
use tests::wait::eventually_within;
use uuid::Uuid;

const SERVICE: &str = "notifications";
/// Of each kind, at the 14 a second that the local SES has, too. At that rate, 10,000 need 12 minutes instead of 20 seconds;
/// how many are sent at a time, and how long each waits for its turn, does not depend on how many there are.
const EMAILS: usize = 140;
/// How many of each kind are sent at a time; the default of `MailConcurrency`.
const CONCURRENCY: i32 = 2;
const DEADLINE: Duration = Duration::from_mins(5);

#[tokio::test]
async fn reminders_and_digests_that_are_due_together_are_all_sent_without_a_failed_attempt() {
    let product = Product::alone().await;
    let reminders = FunctionConcurrency::begin(&product, SERVICE, "send-reminder-mail", CONCURRENCY).await;
    let digests = FunctionConcurrency::begin(&product, SERVICE, "send-digest-mail", CONCURRENCY).await;
    let logs = product.logs_from_now();
    let now = Timestamp::now();
    let hour = now.to_zoned(TimeZone::UTC).hour();
    let users: Vec<Uuid> = (0..EMAILS).map(|_| Uuid::new_v4()).collect();
    for user in &users {
        put_row(&product, SERVICE, recipient(*user)).await;
        put_row(&product, SERVICE, preferences(*user, now, hour)).await;
        put_row(&product, SERVICE, agenda_item(*user, now)).await;
    }

    let due: Vec<TestEvent> = users.iter().map(|user| due_item(*user, now)).collect();
    for batch in due.chunks(10) {
        product.put_events(&batch.iter().collect::<Vec<_>>()).await;
    }
    invoke(&product, &product.function(SERVICE, "plan-digests"), &json!({"scheduledTime": now})).await;

    let sent = eventually_within(DEADLINE, "an email of each kind to each user", async || {
        let sent = sent_to(&product, &users).await;
        sent.values().all(|subjects| subjects.len() >= 2).then_some(sent)
    })
    .await;
    for subjects in sent.values() {
        let digests = subjects.iter().filter(|subject| subject.contains("to-dos for")).count();
        assert_eq!((subjects.len(), digests), (2, 1), "{subjects:?}");
    }
    let failed = logs.lines_with(SERVICE, &["could not handle"]).await;
    assert!(failed.is_empty(), "{} failed attempts: {:?}", failed.len(), failed.first());
    drop((reminders, digests));
    // Tests of other days' digests would send theirs, too.
    for user in &users {
        forget_preferences(&product, *user).await;
    }
}

/// The subjects of the emails to each user.
async fn sent_to(product: &Product, users: &[Uuid]) -> BTreeMap<String, Vec<String>> {
    let mut sent: BTreeMap<String, Vec<String>> = users.iter().map(|user| (address(*user), Vec::new())).collect();
    for email in product.emails().await {
        if let Some(subjects) = sent.get_mut(&email.to[0]) {
            subjects.push(email.subject);
        }
    }
    sent
}

fn address(user: Uuid) -> String {
    format!("{user}@example.com")
}

fn due_item(user: Uuid, now: Timestamp) -> TestEvent {
    let todo = Uuid::now_v7();
    let data = json!({"todoId": todo, "ownerId": user, "title": "x", "dueAt": now});
    TestEvent::new("todos", "TodoDue", todo, 1, &data)
}

pub(super) fn recipient(user: Uuid) -> [(&'static str, AttributeValue); 7] {
    [
        ("pk", text(&format!("USER#{user}"))),
        ("sk", text("RECIPIENT")),
        ("email", text(&address(user))),
        ("displayName", text("x")),
        ("locale", text("en")),
        ("timeZone", text("UTC")),
        ("sequence", number(1)),
    ]
}

/// The digest of this hour is due.
pub(super) fn preferences(user: Uuid, now: Timestamp, hour: i8) -> [(&'static str, AttributeValue); 9] {
    let at = Timestamp::from_second(now.as_second() - now.as_second() % 3600).unwrap();
    [
        ("pk", text(&format!("USER#{user}"))),
        ("sk", text("PREFERENCES")),
        ("userId", text(&user.to_string())),
        ("version", number(1)),
        ("reminderMail", AttributeValue::Bool(true)),
        ("digestMail", AttributeValue::Bool(true)),
        ("digestHour", number(hour.into())),
        ("digestShard", text(&user.simple().to_string()[..1])),
        ("digestAt", text(&at.to_string())),
    ]
}

fn agenda_item(user: Uuid, now: Timestamp) -> [(&'static str, AttributeValue); 5] {
    [
        ("pk", text(&format!("USER#{user}"))),
        ("sk", text(&format!("AGENDA#{}", Uuid::new_v4()))),
        ("title", text("x")),
        ("dueAt", text(&now.to_string())),
        ("state", text("open")),
    ]
}

pub(super) async fn forget_preferences(product: &Product, user: Uuid) {
    let client = aws_sdk_dynamodb::Client::new(product.sdk());
    let request = client.delete_item().table_name(product.table(SERVICE));
    let request = request.key("pk", text(&format!("USER#{user}"))).key("sk", text("PREFERENCES"));
    request.send().await.unwrap();
}

fn text(value: &str) -> AttributeValue {
    AttributeValue::S(value.to_owned())
}

pub(super) fn number(value: i64) -> AttributeValue {
    AttributeValue::N(value.to_string())
}
