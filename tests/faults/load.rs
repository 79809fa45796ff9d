//! The load: users who change their to-do items, and repeat each change until they know that it is made.
//!
//! A call that failed with a 5xx, or lost its connection, is repeated with the same `Idempotency-Key` or `If-Match`, as a
//! careful client does, so that the expected effects are known.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};
use tests::account::User;
use tests::product::Product;
use tokio::sync::Semaphore;
use tokio::task::LocalSet;
use uuid::Uuid;

use tests::rng::SeededRng;

/// The run fails when a call fails for this long, which is longer than any outage.
const DEADLINE: Duration = Duration::from_mins(3);
/// The maximum number of items of a user, so that each item has many changes.
const MAX_ITEMS: usize = 12;
/// A user changes the profile after one in this many changes.
const CHANGES_PER_PROFILE_CHANGE: u64 = 20;
/// A user reads an entry of the inbox after one in this many changes.
const CHANGES_PER_READ: u64 = 30;

/// The progress of the run; shared by all users.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    /// Changes that were made.
    pub(crate) changes: AtomicU64,
    /// Calls that were repeated after a failure.
    pub(crate) retries: AtomicU64,
    /// Changes that were made although every answer was lost.
    pub(crate) made_without_answer: AtomicU64,
}

/// The expected entry in the user's inbox: its kind, the item, and the item's title. It is different for each change of a
/// run.
pub(crate) type Effect = (&'static str, Uuid, String);

/// A user, and the expected effects of their changes.
#[derive(Debug)]
pub(crate) struct Account {
    pub(crate) user: User,
    /// The expected entries in the inbox.
    pub(crate) effects: BTreeSet<Effect>,
    /// The expected number of events of each item.
    pub(crate) versions: BTreeMap<Uuid, u64>,
    /// Entries that were read.
    pub(crate) read: BTreeSet<String>,
    /// The newest display name.
    pub(crate) display_name: Option<String>,
    token: String,
    items: Vec<Item>,
    titles: u64,
}

#[derive(Debug)]
struct Item {
    id: Uuid,
    version: u64,
    title: String,
    state: State,
}

/// The state of an item. No step is repeated with the same title, so that each effect is different.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Open,
    Completed,
    Reopened,
}

/// The result of a call.
enum CallResult {
    Answer(u16, Value),
    /// A 5xx, a throttle or a broken connection: the work may be done or not.
    Lost,
}

impl Account {
    pub(crate) fn new(user: User) -> Self {
        let token = user.tokens.access_token.clone();
        let (effects, versions, read) = (BTreeSet::new(), BTreeMap::new(), BTreeSet::new());
        Self { user, effects, versions, read, display_name: None, token, items: Vec::new(), titles: 0 }
    }

    /// Makes `changes` changes, one after the other.
    pub(crate) async fn work(&mut self, changes: u64, rng: &SeededRng, progress: &Progress) {
        for _ in 0..changes {
            self.change(rng, progress).await;
            progress.changes.fetch_add(1, Ordering::Relaxed);
            if rng.below(CHANGES_PER_PROFILE_CHANGE) == 0 {
                self.change_profile(progress).await;
            }
            if rng.below(CHANGES_PER_READ) == 0 {
                self.read_entry(progress).await;
            }
        }
    }

    async fn change(&mut self, rng: &SeededRng, progress: &Progress) {
        let create = self.items.is_empty() || (self.items.len() < MAX_ITEMS && rng.below(3) == 0);
        if create {
            self.create(progress).await;
            return;
        }
        let place = rng.index(self.items.len());
        match (rng.below(10), self.items[place].state) {
            (0, _) => self.delete(place, progress).await,
            (1..5, State::Open) => self.step(place, State::Completed, progress).await,
            (1..5, State::Completed) => self.step(place, State::Reopened, progress).await,
            _ => self.retitle(place, progress).await,
        }
    }

    async fn create(&mut self, progress: &Progress) {
        let (title, key) = (self.title(), Uuid::new_v4().to_string());
        let url = format!("{}/todos", self.url("todos"));
        let body = json!({"title": title});
        let start = Instant::now();
        loop {
            match self.send(Method::POST, &url, &[("idempotency-key", &key)], Some(&body)).await {
                CallResult::Answer(201, item) => {
                    let id = item["id"].as_str().and_then(|id| id.parse().ok()).expect("an item with an id");
                    assert_eq!(item["title"], title, "a repeated creation answers with its own item");
                    self.items.push(Item { id, version: 1, title, state: State::Open });
                    self.expect_effect("todo-created", self.items.len() - 1);
                    return;
                }
                CallResult::Lost => retry_later(start, progress).await,
                CallResult::Answer(status, body) => panic!("POST /todos answered {status}: {body}"),
            }
        }
    }

    async fn retitle(&mut self, place: usize, progress: &Progress) {
        let title = self.title();
        let path = self.path(place);
        // A change of typed text alone has no entry.
        let body = json!({"title": title, "tags": [title]});
        self.change_item(Method::PATCH, &path, place, Some(&body), progress).await;
        let item = &mut self.items[place];
        item.title = title;
        if item.state == State::Reopened {
            item.state = State::Open;
        }
        self.expect_effect("todo-changed", place);
    }

    async fn step(&mut self, place: usize, to: State, progress: &Progress) {
        let (verb, kind) =
            if to == State::Completed { ("complete", "todo-completed") } else { ("reopen", "todo-reopened") };
        let path = format!("{}/{verb}", self.path(place));
        self.change_item(Method::POST, &path, place, None, progress).await;
        self.items[place].state = to;
        self.expect_effect(kind, place);
    }

    async fn delete(&mut self, place: usize, progress: &Progress) {
        let path = self.path(place);
        self.change_item(Method::DELETE, &path, place, None, progress).await;
        self.expect_effect("todo-deleted", place);
        self.items.swap_remove(place);
    }

    /// Tries to change an item until it is changed. Only this user changes it, so this change has made the next version.
    async fn change_item(
        &mut self,
        method: Method,
        url: &str,
        place: usize,
        body: Option<&Value>,
        progress: &Progress,
    ) {
        let version = self.items[place].version;
        let tag = format!("\"{version}\"");
        let (start, mut may_be_made) = (Instant::now(), false);
        loop {
            match self.send(method.clone(), url, &[("if-match", &tag)], body).await {
                CallResult::Answer(200 | 204, _) => break,
                CallResult::Answer(404 | 412, _) if may_be_made => {
                    self.expect_made(&method, place, start, progress).await;
                    progress.made_without_answer.fetch_add(1, Ordering::Relaxed);
                    break;
                }
                CallResult::Answer(409, _) => retry_later(start, progress).await,
                CallResult::Lost => {
                    may_be_made = true;
                    retry_later(start, progress).await;
                }
                CallResult::Answer(status, body) => {
                    panic!("{method} of version {version} answered {status}: {body}")
                }
            }
        }
        self.items[place].version += 1;
    }

    async fn expect_made(&mut self, method: &Method, place: usize, start: Instant, progress: &Progress) {
        let path = self.path(place);
        loop {
            match self.send(Method::GET, &path, &[], None).await {
                CallResult::Answer(404, _) if *method == Method::DELETE => return,
                CallResult::Answer(200, item) if item["version"] == self.items[place].version + 1 => return,
                CallResult::Lost => retry_later(start, progress).await,
                CallResult::Answer(status, body) => {
                    panic!("{method} was refused and is not made: {status} {body}")
                }
            }
        }
    }

    async fn change_profile(&mut self, progress: &Progress) {
        let name = self.title();
        let url = format!("{}/me", self.url("users"));
        let start = Instant::now();
        loop {
            match self.send(Method::PATCH, &url, &[], Some(&json!({"displayName": name}))).await {
                CallResult::Answer(200, _) => break,
                CallResult::Answer(409, _) | CallResult::Lost => retry_later(start, progress).await,
                CallResult::Answer(status, body) => panic!("PATCH /me answered {status}: {body}"),
            }
        }
        self.display_name = Some(name);
    }

    /// Marks the newest unread entry of the inbox as read.
    async fn read_entry(&mut self, progress: &Progress) {
        let inbox = format!("{}/notifications", self.url("notifications"));
        let start = Instant::now();
        let page = loop {
            match self.send(Method::GET, &format!("{inbox}?unread=true&limit=1"), &[], None).await {
                CallResult::Answer(200, page) => break page,
                CallResult::Lost => retry_later(start, progress).await,
                CallResult::Answer(status, body) => panic!("GET /notifications answered {status}: {body}"),
            }
        };
        let Some(id) = page["items"][0]["id"].as_str() else {
            return;
        };
        loop {
            match self.send(Method::POST, &format!("{inbox}/{id}/read"), &[], None).await {
                CallResult::Answer(200, _) => break,
                CallResult::Answer(409, _) | CallResult::Lost => retry_later(start, progress).await,
                CallResult::Answer(status, body) => panic!("reading an entry answered {status}: {body}"),
            }
        }
        self.read.insert(id.to_owned());
    }

    async fn send(&mut self, method: Method, url: &str, headers: &[(&str, &str)], body: Option<&Value>) -> CallResult {
        let mut call = self.user.product().http().request(method, url).bearer_auth(&self.token);
        call = call.timeout(Duration::from_secs(40));
        for (name, value) in headers {
            call = call.header(*name, *value);
        }
        if let Some(body) = body {
            call = call.json(body);
        }
        let Ok(answer) = call.send().await else {
            return CallResult::Lost;
        };
        let status = answer.status().as_u16();
        if status == 401 {
            // The token has expired.
            let user = self.user.account.sign_in().await.expect("a sign-in");
            self.token = user.tokens.access_token;
            return CallResult::Lost;
        }
        if status == 429 || status >= 500 {
            return CallResult::Lost;
        }
        match answer.text().await {
            Ok(text) => CallResult::Answer(status, serde_json::from_str(&text).unwrap_or(Value::Null)),
            Err(_) => CallResult::Lost,
        }
    }

    fn expect_effect(&mut self, kind: &'static str, place: usize) {
        let item = &self.items[place];
        self.versions.insert(item.id, item.version);
        let new = self.effects.insert((kind, item.id, item.title.clone()));
        assert!(new, "each effect is different");
    }

    fn title(&mut self) -> String {
        self.titles += 1;
        format!("number {}", self.titles)
    }

    fn path(&self, place: usize) -> String {
        format!("{}/todos/{}", self.url("todos"), self.items[place].id)
    }

    fn url(&self, service: &str) -> String {
        self.user.product().url(service).to_owned()
    }
}

/// New users, who have their welcome entries and emails, so that no work for them is left.
pub(crate) async fn sign_up(product: &Product, count: u32) -> Vec<Account> {
    let permits = Arc::new(Semaphore::new(4));
    let signing_up = async {
        let mut tasks = Vec::new();
        for _ in 0..count {
            let (product, permits) = (product.clone(), Arc::clone(&permits));
            tasks.push(tokio::task::spawn_local(async move {
                let _permit = permits.acquire_owned().await.expect("a permit");
                Account::new(product.user().await)
            }));
        }
        let mut accounts = Vec::new();
        for task in tasks {
            accounts.push(task.await.expect("a user who has signed up"));
        }
        accounts
    };
    let accounts = LocalSet::new().run_until(signing_up).await;
    for account in &accounts {
        tests::wait::eventually("the welcome entry of a new user", async || {
            let inbox = account.user.api("notifications").get("/notifications").expect(200).await;
            (inbox["unread"] == 1).then_some(())
        })
        .await;
        let email = &account.user.account.email;
        tests::wait::eventually("a welcome email", async || {
            product.emails_to(email).await.iter().any(|email| email.subject.starts_with("Welcome")).then_some(())
        })
        .await;
    }
    accounts
}

async fn retry_later(start: Instant, progress: &Progress) {
    assert!(start.elapsed() < DEADLINE, "a call failed for {DEADLINE:?}");
    progress.retries.fetch_add(1, Ordering::Relaxed);
    tokio::time::sleep(Duration::from_millis(200)).await;
}
