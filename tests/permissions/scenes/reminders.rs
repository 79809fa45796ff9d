//! The functions behind reminders, preferences, their mails and the digest.

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;
use reqwest::Method;
use reqwest::redirect::Policy;
use serde_json::{Value, json};
use tests::bus::Forged;
use tests::product::{Product, Service};
use tests::wait::eventually;
use uuid::Uuid;

use super::{Done, Patience, Stage, answers, on_the_bus, text};
use crate::grants::Job;

impl Stage {
    /// The scene of one of these functions of the notifications service.
    pub(super) async fn mails(&self, job: &Job) -> Done {
        let notifications = self.ann.notifications();
        match job.name.as_str() {
            "read-notifications" => {
                self.entry().await;
                answers(notifications.post("/notifications/read"), 200).await
            }
            "get-preferences" => answers(notifications.get("/preferences"), 200).await,
            "change-preferences" => self.changes_preferences().await,
            "send-reminder-mail" => self.invoked(job, &due(self.ann.id)).await,
            "ask-unsubscribe" => {
                // Without a page there is nowhere to lead to.
                self.stops_mails(Method::GET, &[303, 404]).await
            }
            "unsubscribe" => {
                self.changes_preferences().await?;
                self.stops_mails(Method::POST, &[200]).await
            }
            "plan-digests" => {
                self.orders_a_digest().await;
                self.invoked(job, &json!({"scheduledTime": Timestamp::now()})).await
            }
            "send-digest-mail" => {
                self.orders_a_digest().await;
                // Of one moment one digest is sent.
                self.invoked(job, &json!({"userId": self.ann.id, "digestAt": Timestamp::now()})).await
            }
            name => panic!("{name} has no scene: show here how it does its job"),
        }
    }

    /// A change that is one: to wanted reminders, and another hour than the last one.
    async fn changes_preferences(&self) -> Done {
        let hour = u64::from(Uuid::new_v4().as_bytes()[0] % 12);
        let now = self.ann.notifications().get("/preferences").send().await.body["digestHour"].as_u64();
        let hour = if now == Some(hour) { hour + 12 } else { hour };
        let body = json!({"reminderMail": true, "digestHour": hour});
        answers(self.ann.notifications().patch("/preferences").json(&body), 200).await
    }

    /// The link in a mail is followed, or clicked by the mail program. A function that cannot start answers as no API
    /// promises.
    async fn stops_mails(&self, method: Method, expected: &[u16]) -> Done {
        let url = format!("{}/unsubscribe?token={}", self.product.url(Service::Notifications), self.token().await);
        let client = reqwest::Client::builder().no_proxy().redirect(Policy::none()).build().expect("a client");
        let status = client.request(method, url).send().await.expect("an answer").status().as_u16();
        if expected.contains(&status) { Ok(()) } else { Err(format!("answered {status}")) }
    }

    /// The token in a reminder mail of Ann's.
    async fn token(&self) -> String {
        let function = format!("busline-{}-notifications-send-reminder-mail", self.product.env());
        eventually("a mail with a token", async || {
            self.invoke(&function, &due(self.ann.id)).await.ok()?;
            let mails = self.product.mails_to(&self.ann.person.email).await;
            mails.iter().find_map(|mail| mail.header("List-Unsubscribe")?.split("token=").nth(1).map(str::to_owned))
        })
        .await
        .trim_end_matches('>')
        .to_owned()
    }

    /// Ann's digest is due now, and there is something to say.
    async fn orders_a_digest(&self) {
        let now = Timestamp::now();
        let at = Timestamp::from_second(now.as_second() - now.as_second() % 3600).expect("an hour");
        let hour = at.to_zoned(jiff::tz::TimeZone::UTC).hour();
        let table = self.product.table(Service::Notifications);
        let client = aws_sdk_dynamodb::Client::new(self.product.sdk());
        let (owner, todo) = (format!("USER#{}", self.ann.id), format!("AGENDA#{}", Uuid::new_v4()));
        let shard: String = self.ann.id.simple().to_string().chars().take(1).collect();
        let number = |value: i64| AttributeValue::N(value.to_string());
        let wishes = client.put_item().table_name(table).item("pk", text(&owner)).item("sk", text("PREFERENCES"));
        let wishes =
            wishes.item("userId", text(&self.ann.id.to_string())).item("version", number(now.as_millisecond()));
        let wishes = wishes.item("reminderMail", AttributeValue::Bool(true));
        let wishes = wishes.item("digestMail", AttributeValue::Bool(true)).item("digestHour", number(hour.into()));
        let wishes = wishes.item("digestShard", text(&shard)).item("digestAt", text(&at.to_string()));
        wishes.send().await.expect("preferences");
        let item = client.put_item().table_name(table).item("pk", text(&owner)).item("sk", text(&todo));
        let item = item.item("title", text("x")).item("dueAt", text(&at.to_string())).item("state", text("open"));
        item.send().await.expect("an item on the agenda");
    }

    /// An item's schedule is made, moved, removed with a due time that is over, made again, and removed with the item.
    pub(super) async fn schedules(&self, patience: Patience) -> Done {
        let item = self.item().await;
        let id = item.rsplit('/').next().expect("an id");
        self.schedule_is(id, Some("at(2027-01-01T00:00:00)"), patience).await?;
        let todos = self.ann.todos();
        let moved = json!({"dueAt": "2027-02-01T00:00:00Z"});
        eventually("a moved item", async || answers(todos.patch(&item).json(&moved), 200).await.ok()).await;
        self.schedule_is(id, Some("at(2027-02-01T00:00:00)"), patience).await?;
        for (due, planned) in [("2026-01-01", None), ("2027-03-01", Some("at(2027-03-01T00:00:00)"))] {
            let moved = json!({"dueAt": format!("{due}T00:00:00Z")});
            eventually("a moved item", async || answers(todos.patch(&item).json(&moved), 200).await.ok()).await;
            self.schedule_is(id, planned, patience).await?;
        }
        eventually("no item", async || answers(todos.delete(&item), 204).await.ok()).await;
        self.schedule_is(id, None, patience).await
    }

    async fn schedule_is(&self, todo: &str, expected: Option<&str>, patience: Patience) -> Done {
        let found = tokio::time::timeout(patience.0, async {
            while self.product.schedule_of(todo).await.as_deref() != expected {
                tokio::time::sleep(std::time::Duration::from_millis(100)).await;
            }
        });
        found.await.map_err(|_| format!("the schedule is not {expected:?} within {:?}", patience.0))
    }
}

/// The event that an item of somebody's is due.
fn due(owner: Uuid) -> Value {
    let todo = Uuid::now_v7();
    let data = json!({"todoId": todo, "ownerId": owner, "title": "x", "dueAt": Timestamp::now()});
    on_the_bus(&Forged::new("todos", "TodoDue", todo, 1, &data))
}

/// Ends the function's environments, as every change of its settings does: the next call starts one. The local cloud
/// does so for what an environment begins with alone, which the timeout is.
pub(super) async fn start_anew(product: &Product, job: &Job) {
    let client = aws_sdk_lambda::Client::new(product.sdk());
    let function = job.function(product.env());
    let now = client.get_function_configuration().function_name(&function).send().await.expect("its settings");
    let request = client.update_function_configuration().function_name(function).set_timeout(now.timeout);
    request.description(Uuid::new_v4().to_string()).send().await.expect("a function that can be changed");
}
