//! The load: users who change their to-do items, each change until it is known to be made.
//!
//! A call that failed with a 5xx, or whose connection broke, is made again with the same `Idempotency-Key` or `If-Match`,
//! as a careful client does, so that the ledger knows what must come out.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};
use tests::account::User;
use tests::product::{Product, Service};
use tokio::sync::Semaphore;
use tokio::task::LocalSet;
use uuid::Uuid;

use tests::dice::Dice;

/// A call is given up, and the run with it, after this time: longer than any storm.
const PATIENCE: Duration = Duration::from_mins(3);
/// A user has at most this many items, so that items live through many changes.
const MOST_ITEMS: usize = 12;
/// Besides, users change their profile now and then: one in so many changes.
const PROFILE_CHANGE: u64 = 20;
/// And read what their inbox tells them.
const READING: u64 = 30;

/// How the run stands; shared by all users.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    /// Changes that were made.
    pub(crate) changes: AtomicU64,
    /// Calls that were made again.
    pub(crate) retries: AtomicU64,
    /// Changes that turned out to be made although no call said so.
    pub(crate) unsure: AtomicU64,
}

/// What a change must lead to in its user's inbox: the kind of the entry, the item, and the item's title. No two changes
/// of a run have the same.
pub(crate) type Effect = (&'static str, Uuid, String);

/// A user, and what must come out of what they did.
#[derive(Debug)]
pub(crate) struct Account {
    pub(crate) user: User,
    /// What must be in the inbox.
    pub(crate) effects: BTreeSet<Effect>,
    /// How many events each item must have.
    pub(crate) versions: BTreeMap<Uuid, u64>,
    /// Entries that were read.
    pub(crate) read: BTreeSet<String>,
    /// The display name that was set last.
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

/// What an item can go through next. No title sees the same step twice, so that each effect is one of a kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Open,
    Completed,
    Reopened,
}

/// What a call came to.
enum Reply {
    Answer(u16, Value),
    /// A 5xx, a throttle or a broken connection: perhaps done, perhaps not.
    Lost,
}

impl Account {
    pub(crate) fn new(user: User) -> Self {
        let token = user.tokens.access_token.clone();
        let (effects, versions, read) = (BTreeSet::new(), BTreeMap::new(), BTreeSet::new());
        Self { user, effects, versions, read, display_name: None, token, items: Vec::new(), titles: 0 }
    }

    /// Makes this many changes, one after the other.
    pub(crate) async fn work(&mut self, changes: u64, dice: &Dice, progress: &Progress) {
        for _ in 0..changes {
            self.change(dice, progress).await;
            progress.changes.fetch_add(1, Ordering::Relaxed);
            if dice.roll(PROFILE_CHANGE) == 0 {
                self.change_profile(progress).await;
            }
            if dice.roll(READING) == 0 {
                self.read_some(progress).await;
            }
        }
    }

    async fn change(&mut self, dice: &Dice, progress: &Progress) {
        let create = self.items.is_empty() || (self.items.len() < MOST_ITEMS && dice.roll(3) == 0);
        if create {
            self.create(progress).await;
            return;
        }
        let place = dice.place(self.items.len());
        match (dice.roll(10), self.items[place].state) {
            (0, _) => self.delete(place, progress).await,
            (1..5, State::Open) => self.step(place, State::Completed, progress).await,
            (1..5, State::Completed) => self.step(place, State::Reopened, progress).await,
            _ => self.retitle(place, progress).await,
        }
    }

    async fn create(&mut self, progress: &Progress) {
        let (title, key) = (self.title(), Uuid::new_v4().to_string());
        let url = format!("{}/todos", self.url(Service::Todos));
        let body = json!({"title": title});
        let begun = Instant::now();
        loop {
            match self.send(Method::POST, &url, &[("idempotency-key", &key)], Some(&body)).await {
                Reply::Answer(201, item) => {
                    let id = item["id"].as_str().and_then(|id| id.parse().ok()).expect("an item with an id");
                    assert_eq!(item["title"], title, "a repeated creation answers with its own item");
                    self.items.push(Item { id, version: 1, title, state: State::Open });
                    self.note("todo-created", self.items.len() - 1);
                    return;
                }
                Reply::Lost => again(begun, progress).await,
                Reply::Answer(status, said) => panic!("POST /todos answered {status}: {said}"),
            }
        }
    }

    async fn retitle(&mut self, place: usize, progress: &Progress) {
        let title = self.title();
        let path = self.path(place);
        let body = json!({"title": title});
        self.until_made(Method::PATCH, &path, place, Some(&body), progress).await;
        let item = &mut self.items[place];
        item.title = title;
        if item.state == State::Reopened {
            item.state = State::Open;
        }
        self.note("todo-changed", place);
    }

    async fn step(&mut self, place: usize, to: State, progress: &Progress) {
        let (verb, kind) =
            if to == State::Completed { ("complete", "todo-completed") } else { ("reopen", "todo-reopened") };
        let path = format!("{}/{verb}", self.path(place));
        self.until_made(Method::POST, &path, place, None, progress).await;
        self.items[place].state = to;
        self.note(kind, place);
    }

    async fn delete(&mut self, place: usize, progress: &Progress) {
        let path = self.path(place);
        self.until_made(Method::DELETE, &path, place, None, progress).await;
        self.note("todo-deleted", place);
        self.items.swap_remove(place);
    }

    /// Makes a change of an item until it is made. Nobody else changes the item, so that whatever its next version is
    /// was made by this change.
    async fn until_made(&mut self, method: Method, url: &str, place: usize, body: Option<&Value>, progress: &Progress) {
        let version = self.items[place].version;
        let tag = format!("\"{version}\"");
        let (begun, mut unsure) = (Instant::now(), false);
        loop {
            match self.send(method.clone(), url, &[("if-match", &tag)], body).await {
                Reply::Answer(200 | 204, _) => break,
                Reply::Answer(404 | 412, _) if unsure => {
                    self.was_made(&method, place, begun, progress).await;
                    progress.unsure.fetch_add(1, Ordering::Relaxed);
                    break;
                }
                Reply::Answer(409, _) => again(begun, progress).await,
                Reply::Lost => {
                    unsure = true;
                    again(begun, progress).await;
                }
                Reply::Answer(status, said) => panic!("{method} of version {version} answered {status}: {said}"),
            }
        }
        self.items[place].version += 1;
    }

    async fn was_made(&mut self, method: &Method, place: usize, begun: Instant, progress: &Progress) {
        let path = self.path(place);
        loop {
            match self.send(Method::GET, &path, &[], None).await {
                Reply::Answer(404, _) if *method == Method::DELETE => return,
                Reply::Answer(200, item) if item["version"] == self.items[place].version + 1 => return,
                Reply::Lost => again(begun, progress).await,
                Reply::Answer(status, said) => panic!("{method} was refused and is not there: {status} {said}"),
            }
        }
    }

    async fn change_profile(&mut self, progress: &Progress) {
        let name = self.title();
        let url = format!("{}/me", self.url(Service::Users));
        let begun = Instant::now();
        loop {
            match self.send(Method::PATCH, &url, &[], Some(&json!({"displayName": name}))).await {
                Reply::Answer(200, _) => break,
                Reply::Answer(409, _) | Reply::Lost => again(begun, progress).await,
                Reply::Answer(status, said) => panic!("PATCH /me answered {status}: {said}"),
            }
        }
        self.display_name = Some(name);
    }

    /// Reads the newest entry of the inbox that was not read yet.
    async fn read_some(&mut self, progress: &Progress) {
        let inbox = format!("{}/notifications", self.url(Service::Notifications));
        let begun = Instant::now();
        let page = loop {
            match self.send(Method::GET, &format!("{inbox}?unread=true&limit=1"), &[], None).await {
                Reply::Answer(200, page) => break page,
                Reply::Lost => again(begun, progress).await,
                Reply::Answer(status, said) => panic!("GET /notifications answered {status}: {said}"),
            }
        };
        let Some(id) = page["items"][0]["id"].as_str() else {
            return;
        };
        loop {
            match self.send(Method::POST, &format!("{inbox}/{id}/read"), &[], None).await {
                Reply::Answer(200, _) => break,
                Reply::Answer(409, _) | Reply::Lost => again(begun, progress).await,
                Reply::Answer(status, said) => panic!("reading an entry answered {status}: {said}"),
            }
        }
        self.read.insert(id.to_owned());
    }

    async fn send(&mut self, method: Method, url: &str, headers: &[(&str, &str)], body: Option<&Value>) -> Reply {
        let mut call = self.user.product().http().request(method, url).bearer_auth(&self.token);
        call = call.timeout(Duration::from_secs(40));
        for (name, value) in headers {
            call = call.header(*name, *value);
        }
        if let Some(body) = body {
            call = call.json(body);
        }
        let Ok(answer) = call.send().await else {
            return Reply::Lost;
        };
        let status = answer.status().as_u16();
        if status == 401 {
            // A token lives for an hour.
            let user = self.user.person.sign_in().await.expect("a sign-in");
            self.token = user.tokens.access_token;
            return Reply::Lost;
        }
        if status == 429 || status >= 500 {
            return Reply::Lost;
        }
        match answer.text().await {
            Ok(text) => Reply::Answer(status, serde_json::from_str(&text).unwrap_or(Value::Null)),
            Err(_) => Reply::Lost,
        }
    }

    fn note(&mut self, kind: &'static str, place: usize) {
        let item = &self.items[place];
        self.versions.insert(item.id, item.version);
        let new = self.effects.insert((kind, item.id, item.title.clone()));
        assert!(new, "each effect is one of a kind");
    }

    fn title(&mut self) -> String {
        self.titles += 1;
        format!("number {}", self.titles)
    }

    fn path(&self, place: usize) -> String {
        format!("{}/todos/{}", self.url(Service::Todos), self.items[place].id)
    }

    fn url(&self, service: Service) -> String {
        self.user.product().url(service).to_owned()
    }
}

/// New users, greeted, so that nothing of their making is still under way.
pub(crate) async fn sign_up(product: &Product, count: u32) -> Vec<Account> {
    let seats = Arc::new(Semaphore::new(4));
    let signing_up = async {
        let mut tasks = Vec::new();
        for _ in 0..count {
            let (product, seats) = (product.clone(), Arc::clone(&seats));
            tasks.push(tokio::task::spawn_local(async move {
                let _seat = seats.acquire_owned().await.expect("a seat");
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
        tests::wait::eventually("the greeting of a new user", async || {
            let inbox = account.user.notifications().get("/notifications").expect(200).await;
            (inbox["unread"] == 1).then_some(())
        })
        .await;
        let email = &account.user.person.email;
        tests::wait::eventually("a welcome mail", async || {
            product.mails_to(email).await.iter().any(tests::mail::Mail::is_welcome).then_some(())
        })
        .await;
    }
    accounts
}

async fn again(begun: Instant, progress: &Progress) {
    assert!(begun.elapsed() < PATIENCE, "a call failed for {PATIENCE:?}");
    progress.retries.fetch_add(1, Ordering::Relaxed);
    tokio::time::sleep(Duration::from_millis(200)).await;
}
