//! A real event for each function, as the local cloud would give it one.
//!
//! What takes long to come about is a story of its own, played when a function first asks for it: see [`story`].

mod notifications;
mod shape;
mod story;
mod todos;
mod users;

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};
use tests::account::User;
use tests::product::{Product, Service};
use uuid::Uuid;

use crate::files;
use crate::scene::story::Stories;

/// People and things that the events are about.
#[derive(Debug)]
pub(crate) struct Scenes {
    product: Product,
    user: User,
    admin: User,
    events: Heard,
    stories: Stories,
}

/// Events that the bus carried, by type.
#[derive(Clone, Debug)]
struct Heard(BTreeMap<String, Value>);

impl Scenes {
    /// Lets a user do everything once that is done in a moment, and keeps what came of it.
    ///
    /// # Errors
    /// When the product does not do it.
    pub(crate) async fn set(product: &Product) -> Result<Self> {
        let mut bus = product.listen(json!({"source": [{"prefix": "busline."}]})).await;
        let user = product.user().await;
        let admin = product.user().await;
        admin.join_group("admin").await;
        let admin = admin.person.sign_in().await.ok().context("the administrator cannot sign in")?;
        user.users().patch("/me").json(&json!({"displayName": "Ann"})).expect(200).await;
        let item = create(&user).await?;
        let todos = user.todos();
        let path = format!("/todos/{item}");
        todos.patch(&path).json(&json!({"title": "Buy bread"})).expect(200).await;
        todos.post(&format!("{path}/complete")).expect(200).await;
        todos.post(&format!("{path}/reopen")).expect(200).await;
        files::everything_once(&user, &item, &mut bus).await;
        todos.delete(&path).expect(204).await;
        bus.until(1, "UserProfileChanged.v1").await;
        let events = Heard::of(bus.until(1, "TodoDeleted.v1").await);
        unread_entry(&user, &item).await;
        Ok(Self { product: product.clone(), user, admin, events, stories: Stories::default() })
    }

    /// The user whom the events are about.
    pub(crate) fn user(&self) -> &User {
        &self.user
    }

    /// An event for a job, new each time: as if nothing had handled it yet.
    ///
    /// # Errors
    /// When there is none for a job of this name.
    pub(crate) async fn event(&self, service: &str, job: &str) -> Result<Value> {
        let event = match service {
            "users" => self.of_users(job).await?,
            "todos" => self.of_todos(job).await?,
            "notifications" => self.of_notifications(job).await?,
            _ => None,
        };
        event.with_context(|| format!("there is no event for {service} {job}: give it one in bench/src/scene"))
    }

    /// An outbox row of a service comes to its publisher.
    async fn outbox(&self, service: Service) -> Result<Value> {
        Ok(shape::inserted(&shape::outbox_row(&self.product, service).await?))
    }
}

impl Heard {
    fn of(events: &[Value]) -> Self {
        let by_type = |event: &Value| (event["detail-type"].as_str().unwrap_or_default().to_owned(), event.clone());
        Self(events.iter().map(by_type).collect())
    }

    /// The last event of a type, with a new id.
    fn again(&self, detail_type: &str) -> Result<Value> {
        let mut event = self.0.get(detail_type).with_context(|| format!("no {detail_type} was heard"))?.clone();
        event["detail"]["metadata"]["eventId"] = json!(Uuid::now_v7());
        Ok(event)
    }

    /// The same, but about a new user.
    fn of_somebody(&self, detail_type: &str) -> Result<Value> {
        let (mut event, user) = (self.again(detail_type)?, json!(Uuid::new_v4()));
        event["detail"]["metadata"]["subject"] = user.clone();
        event["detail"]["data"]["userId"] = user;
        Ok(event)
    }
}

/// Fails unless a function did its job.
///
/// # Errors
/// When it answered with an error.
pub(crate) fn expect_success(job: &str, answer: &Value) -> Result<()> {
    let status = answer["statusCode"].as_u64();
    let left = answer["batchItemFailures"].as_array().map_or(0, Vec::len);
    // A redirection is what its route is for.
    if status.is_some_and(|status| status >= 400) || left > 0 {
        bail!("{job} did not do its job: {answer}");
    }
    Ok(())
}

/// The id of a new item.
///
/// # Errors
/// When it has none.
pub(crate) async fn create(user: &User) -> Result<String> {
    let item = user.todos().post("/todos").json(&json!({"title": "Buy milk"})).expect(201).await;
    item["id"].as_str().map(str::to_owned).context("a new item has no id")
}

/// The newest unread entry, once it is about this item.
async fn unread_entry(user: &User, item: &str) -> String {
    tests::wait::eventually("an entry in the inbox", async || {
        let inbox = user.notifications().get("/notifications?unread=true&limit=1").expect(200).await;
        let newest = &inbox["items"][0];
        newest["id"].as_str().filter(|_| newest["todoId"] == item).map(str::to_owned)
    })
    .await
}
