//! What is really sent: words, times and headers, and how it stops.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::{AttributeValue, KeysAndAttributes};
use jiff::{SignedDuration, Timestamp};
use reqwest::redirect::Policy;
use serde_json::{Value, json};
use tests::account::User;
use tests::api::Api;
use tests::bus::TestEvent;
use tests::email::Email;
use tests::injected_fault::invoke;
use tests::product::Product;
use tests::wait::eventually;
use uuid::Uuid;

const SOON: SignedDuration = SignedDuration::from_secs(3);

#[tokio::test]
async fn a_reminder_is_in_the_recipients_language_and_can_be_unsubscribed_with_one_click() {
    let product = Product::shared().await;
    let ann = product.user().await;
    set_locale(&ann, "de-AT", "Asia/Kathmandu").await;
    add_due(&ann, "Milch <b>&</b> Brot").await;

    let mail = mail_about(&ann, "Milch").await;
    assert_eq!(mail.subject, "„Milch <b>&</b> Brot“ ist fällig");
    let (text, html) = (mail.body_text.clone().unwrap(), mail.body_html.clone().unwrap());
    assert!(text.starts_with("Hallo ") && text.contains(" Uhr (Asia/Kathmandu)."), "{text}");
    assert!(html.contains("<html lang=\"de\">") && !html.contains("<b>"), "a title is no markup: {html}");
    assert_eq!(mail.header("List-Unsubscribe-Post"), Some("List-Unsubscribe=One-Click"));
    let token = token(&mail);

    // Nobody's token, a touched one, none: refused, and nothing changes.
    let anybody = Api::new(&product, "notifications");
    let touched = format!("{}{}", if token.starts_with('A') { "B" } else { "A" }, &token[1..]);
    for wrong in [format!("?token={touched}"), "?token=".to_owned(), String::new(), format!("?token={token}&user=x")] {
        anybody.post(&format!("/unsubscribe{wrong}")).expect_problem(400, "invalid-request").await;
    }
    anybody.get("/unsubscribe?token=x").expect_problem(400, "invalid-request").await;
    // A mail program that follows the link stops nothing. Without a page there is nothing to lead to.
    let followed = status_of(&format!("{}/unsubscribe?token={token}", product.url("notifications"))).await;
    assert!([303, 404].contains(&followed), "{followed}");
    assert_eq!(ann.api("notifications").get("/preferences").expect(200).await["reminderMail"], true);

    for _ in 0..2 {
        let stop = anybody.post(&format!("/unsubscribe?token={token}"));
        let body = stop.text("application/x-www-form-urlencoded", "List-Unsubscribe=One-Click").expect(200).await;
        assert_eq!(body, json!({"stopped": "reminder-mail"}));
    }
    let preferences = ann.api("notifications").get("/preferences").expect(200).await;
    assert_eq!((&preferences["reminderMail"], &preferences["version"]), (&json!(false), &json!(1)));

    // No mail for what is due now; one for what is due after reminders are wanted again.
    let logs = product.logs_from_now();
    let silent = add_due(&ann, "silent").await;
    let event = eventually("the entry of what is due", async || entry_of(&ann, &silent).await).await;
    // The entry and the email are of two jobs: the later one decides by the preferences of that moment.
    eventually("a decision to send nothing", async || {
        let lines = logs.lines_with("notifications", &["does not receive emails of this kind", &event]).await;
        (!lines.is_empty()).then_some(())
    })
    .await;
    ann.api("notifications").patch("/preferences").json(&json!({"reminderMail": null})).expect(200).await;
    add_due(&ann, "loud").await;
    mail_about(&ann, "loud").await;
    assert!(!mails(&ann).await.iter().any(|mail| mail.subject.contains("silent")));
}

/// The status of the answer itself, and not of the page to which it redirects.
async fn status_of(url: &str) -> u16 {
    let client = reqwest::Client::builder().no_proxy().redirect(Policy::none()).build().unwrap();
    client.get(url).send().await.unwrap().status().as_u16()
}

#[tokio::test]
async fn a_reminder_of_a_whole_day_tells_the_day_without_a_time() {
    let product = Product::shared().await;
    let ann = product.user().await;
    set_locale(&ann, "en-GB", "Asia/Kathmandu").await;
    let todo = Uuid::now_v7();
    let data = json!({"todoId": todo, "ownerId": ann.id, "title": "Water", "dueAt": "2026-12-24T03:15:00Z"});
    let set = |sequence, all_day: bool| {
        let mut data = data.clone();
        data["allDay"] = json!(all_day);
        TestEvent::new("todos", "TodoAllDaySet", todo, sequence, &data)
    };
    // The older event comes last, and changes nothing.
    product.put_events(&[&set(2, true)]).await;
    eventually("a whole day", async || is_all_day(&ann, todo).await.then_some(())).await;
    let update = product.function("notifications", "update-agenda");
    invoke(&product, &update, &set(1, false).as_delivered()).await;
    product.put_events(&[&TestEvent::new("todos", "TodoDue", todo, 2, &data)]).await;

    let text = mail_about(&ann, "Water").await.body_text.unwrap();
    assert!(text.contains("“Water” is due: Thursday, 24 December 2026."), "{text}");
}

/// Whether the item is due on a day as a whole, in the service's copy.
async fn is_all_day(user: &User, todo: Uuid) -> bool {
    let client = aws_sdk_dynamodb::Client::new(user.product().sdk());
    let key = [("pk", format!("USER#{}", user.id)), ("sk", format!("AGENDA#{todo}"))];
    let key = key.map(|(name, value)| (name.to_owned(), AttributeValue::S(value)));
    let request = client.get_item().table_name(user.product().table("notifications")).set_key(Some(key.into()));
    let row = request.send().await.expect("the table answers").item;
    row.is_some_and(|row| row.get("allDay") == Some(&AttributeValue::Bool(true)))
}

#[tokio::test]
async fn a_digest_is_sent_once_a_day_in_the_recipients_time_zone_and_only_with_items() {
    let product = Product::shared().await;
    let (ann, idle) = (product.user().await, product.user().await);
    set_locale(&ann, "en-GB", "America/New_York").await;
    for user in [&ann, &idle] {
        let body = json!({"digestMail": true, "digestHour": 7});
        user.api("notifications").patch("/preferences").json(&body).expect(200).await;
    }
    // Its day is far away, so that no other plan of this run comes to it.
    let day = "2198-01-01T12:00:00Z";
    for (title, due_at) in
        [("late", "2197-01-01T00:00:00Z"), ("today", "2198-01-01T23:30:00Z"), ("later", "2198-01-02T23:30:00Z")]
    {
        ann.api("todos").post("/todos").json(&json!({"title": title, "dueAt": due_at})).expect(201).await;
    }
    let order = |user: &User| json!({"userId": user.id, "digestAt": day});
    let send = format!("busline-{}-notifications-send-digest-mail", product.env());
    let mail = eventually("a digest that knows the items", async || {
        invoke(&product, &send, &order(&ann)).await;
        mails(&ann).await.into_iter().find(|mail| mail.subject.contains("to-dos for"))
    })
    .await;
    invoke(&product, &send, &order(&ann)).await;
    invoke(&product, &send, &order(&idle)).await;

    assert_eq!(mail.subject, "Your to-dos for Monday, 1 January 2198");
    let digests = |mails: Vec<Email>| mails.into_iter().filter(|mail| mail.subject.contains("to-dos for")).count();
    assert_eq!((digests(mails(&ann).await), digests(mails(&idle).await)), (1, 0));
    assert!(mail.header("List-Unsubscribe").is_some());
    assert!(!mail.body_text.unwrap().contains("later"));
}

#[tokio::test]
async fn sixty_items_due_at_once_send_twenty_one_emails_and_the_inbox_has_all() {
    let product = Product::shared().await;
    let ann = product.user().await;
    set_locale(&ann, "en-GB", "Europe/London").await;
    let events: Vec<TestEvent> = (0..60).map(|number| due_event(&ann, &format!("number {number}"))).collect();
    for batch in events.chunks(10) {
        product.put_events(&batch.iter().collect::<Vec<_>>()).await;
    }
    let settled = eventually("a decision about each reminder", async || settled_states(&product, &events).await).await;
    let sent = settled.iter().filter(|state| *state == "sent").count();

    // The test may run at midnight, which is one more day.
    let days = days_of_reminders(&ann).await;
    let full = days.iter().filter(|(_, is_full)| *is_full).count();
    assert!(
        full >= 1 && days.iter().all(|(count, is_full)| if *is_full { *count == 20 } else { *count <= 20 }),
        "{days:?}"
    );
    assert_eq!(sent, days.iter().map(|(count, _)| count).sum::<usize>() + full);
    let due = async || mails(&ann).await.into_iter().filter(|mail| mail.subject.contains("is due")).collect::<Vec<_>>();
    let emails = due().await;
    assert_eq!(emails.len(), sent);
    let tells =
        |mail: &&Email| mail.body_text.as_ref().is_some_and(|text| text.contains("received 20 reminders today"));
    assert_eq!(emails.iter().filter(tells).count(), full);

    eventually("an entry of each item", async || {
        let page = ann.api("notifications").get("/notifications?unread=true&limit=100").expect(200).await;
        let entries = page["items"].as_array().unwrap().iter().filter(|entry| entry["kind"] == "todo-due");
        (entries.count() == events.len()).then_some(())
    })
    .await;

    let replay = product.function("notifications", "send-reminder-mail");
    for event in &events {
        invoke(&product, &replay, &event.as_delivered()).await;
    }
    assert_eq!(due().await.len(), sent, "a replay sends none");
}

fn due_event(user: &User, title: &str) -> TestEvent {
    let todo = Uuid::now_v7();
    let data = json!({"todoId": todo, "ownerId": user.id, "title": title, "dueAt": Timestamp::now()});
    TestEvent::new("todos", "TodoDue", todo, 1, &data)
}

/// The states of the events' emails, once each is sent or left to the inbox.
async fn settled_states(product: &Product, events: &[TestEvent]) -> Option<Vec<String>> {
    let client = aws_sdk_dynamodb::Client::new(product.sdk());
    let keys = events.iter().map(|event| {
        let key = AttributeValue::S(format!("MAIL#{}", event.id()));
        HashMap::from([("pk".to_owned(), key.clone()), ("sk".to_owned(), key)])
    });
    let keys = KeysAndAttributes::builder().set_keys(Some(keys.collect())).consistent_read(true).build().unwrap();
    let table = product.table("notifications");
    let answer = client.batch_get_item().request_items(table, keys).send().await.unwrap();
    let rows = answer.responses.unwrap_or_default().remove(table).unwrap_or_default();
    let states = rows.iter().map(|row| row["state"].as_s().unwrap().clone());
    let settled: Vec<String> = states.filter(|state| ["sent", "inbox"].contains(&state.as_str())).collect();
    (settled.len() == events.len()).then_some(settled)
}

/// For each day, how many reminders were sent alone, and whether there were more.
async fn days_of_reminders(user: &User) -> Vec<(usize, bool)> {
    let client = aws_sdk_dynamodb::Client::new(user.product().sdk());
    let query = client.query().table_name(user.product().table("notifications")).consistent_read(true);
    let query = query
        .key_condition_expression("pk = :pk AND begins_with(sk, :prefix)")
        .expression_attribute_values(":pk", AttributeValue::S(format!("USER#{}", user.id)))
        .expression_attribute_values(":prefix", AttributeValue::S("REMINDERS#".to_owned()));
    let rows = query.send().await.unwrap().items.unwrap_or_default();
    rows.iter().map(|row| (row["emails"].as_ss().unwrap().len(), row.contains_key("last"))).collect()
}

#[tokio::test]
async fn an_address_from_which_emails_come_back_gets_no_more_and_its_user_is_told() {
    let product = Product::shared().await;
    let mut account = product.new_account();
    // Addresses of SES's mailbox simulator bounce.
    account.email = format!("bounce+{}@simulator.amazonses.com", Uuid::new_v4().simple());
    let ann = account.register(&[]).await;
    eventually("a problem in the preferences", async || {
        let preferences = ann.api("notifications").get("/preferences").expect(200).await;
        (preferences["mailProblem"] == "bounce").then_some(())
    })
    .await;

    let due = add_due(&ann, "unsent").await;
    eventually("the entry of what is due", async || entry_of(&ann, &due).await).await;
    let function = product.function("notifications", "send-reminder-mail");
    let data = json!({"todoId": due["id"], "ownerId": ann.id, "title": "unsent", "dueAt": Timestamp::now()});
    let again = TestEvent::new("todos", "TodoDue", Uuid::now_v7(), 1, &data);
    invoke(&product, &function, &json!(again.as_delivered())).await;
    let emails = product.emails_to(&ann.account.email).await;
    assert!(emails.iter().all(|email| !email.subject.contains("unsent")), "{}", emails.len());
    let bob = product.user().await;
    let preferences = bob.api("notifications").get("/preferences").expect(200).await;
    assert_eq!(preferences["mailProblem"], Value::Null);
}

async fn set_locale(user: &User, locale: &str, time_zone: &str) {
    let body = json!({"locale": locale, "timeZone": time_zone});
    user.api("users").patch("/me").json(&body).expect(200).await;
    let title = if locale.starts_with("de") { "Willkommen" } else { "Welcome" };
    eventually("an inbox in that language", async || {
        let page = user.api("notifications").get("/notifications").expect(200).await;
        page["items"][0]["title"].as_str().is_some_and(|line| line.starts_with(title)).then_some(())
    })
    .await;
}

async fn add_due(user: &User, title: &str) -> Value {
    let body = json!({"title": title, "dueAt": Timestamp::now() + SOON});
    user.api("todos").post("/todos").json(&body).expect(201).await
}

/// The id of the entry of an item that is due, which is the id of its event.
async fn entry_of(user: &User, item: &Value) -> Option<String> {
    let page = user.api("notifications").get("/notifications").expect(200).await;
    let is_due = |entry: &Value| entry["kind"] == "todo-due" && entry["todoId"] == item["id"];
    let entry = page["items"].as_array().unwrap().iter().find(|entry| is_due(entry))?;
    entry["id"].as_str().map(str::to_owned)
}

async fn mails(user: &User) -> Vec<Email> {
    user.product().emails_to(&user.account.email).await
}

/// The mail about an item, as soon as it was sent.
pub(crate) async fn mail_about(user: &User, title: &str) -> Email {
    let about = |mail: &Email| mail.subject.contains(title);
    eventually("a mail about it", async || mails(user).await.into_iter().find(about)).await
}

/// Whether this is the product's welcome email, in one of its languages.
pub(crate) fn is_welcome(email: &Email) -> bool {
    ["Welcome", "Willkommen"].iter().any(|word| email.subject.starts_with(word))
}

/// What stops mails of this kind without signing in.
pub(crate) fn token(mail: &Email) -> String {
    let address = mail.header("List-Unsubscribe").unwrap().trim_matches(['<', '>']);
    address.split("token=").nth(1).unwrap().to_owned()
}
