//! The attack table: what an attacker would send, to which API, and how it was refused.
//!
//! Ann is the victim. Bob is an attacker with a normal account and its token. No attack may be answered with
//! anything of Ann's or with a 5xx, and whatever Bob did, her data are the same afterwards.

mod cloud;
mod isolation;
pub(crate) mod tokens;

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::io::{Write, stdout};

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use tests::account::{CognitoError, User};
use tests::contract::Contract;
use tests::product::Product;
use tests::socket::{HandshakeRefused, PROTOCOL};
use uuid::Uuid;

use crate::inbox;

#[tokio::test]
async fn every_attack_is_refused_and_changes_nothing() {
    let product = Product::shared().await;
    let ann = Victim::new(&product).await;
    let bob = Attacker::new(&product).await;
    let before = ann.everything().await;

    let mut table = Table::new(&ann);
    isolation::attack(&mut table, &ann, &bob).await;
    tokens::attack(&mut table, &ann, &bob).await;
    cloud::attack(&mut table, &ann, &bob).await;
    table.print();

    assert_eq!(ann.everything().await, before, "nothing of the victim's has changed");
    assert!(table.wrong.is_empty(), "{}", table.wrong.join("\n"));
}

/// Tokens of one second can be had on the local cloud alone: AWS's last for five minutes at least.
#[tokio::test]
async fn an_expired_token_is_refused_on_every_route() {
    let product = Product::alone().await;
    let ann = Victim::new(&product).await;
    let token = tokens::expired(&ann.user).await;
    let mut table = Table::new(&ann);
    table.on_every_route("tokens", "expired", &ann, |call| call.bearer_auth(&token)).await;
    table.on_the_socket("tokens", "expired", &token).await;
    table.print();
    assert!(table.wrong.is_empty(), "{}", table.wrong.join("\n"));
}

/// A user with data.
pub(crate) struct Victim {
    user: User,
    /// In her item's title and notes: nobody else may be shown it.
    secret: String,
    item: Value,
    /// A file of her item, announced.
    file: Value,
    /// The greeting in her inbox, unread.
    entry: Value,
    /// The idempotency key of her item, and the body that she sent.
    key: String,
    body: Value,
    /// Cursors of her lists: of items, of open ones, of her inbox.
    cursors: [String; 3],
}

impl Victim {
    async fn new(product: &Product) -> Self {
        let user = product.user().await;
        let secret = Uuid::new_v4().to_string();
        let key = Uuid::new_v4().to_string();
        let body = json!({"title": secret, "notes": secret, "dueAt": "2026-12-24T18:00:00Z", "tags": ["private"]});
        let item = user.api("todos").post("/todos").header("idempotency-key", &key).json(&body).expect(201).await;
        user.api("todos").post("/todos").json(&body).expect(201).await;
        let entry = inbox::wait_for_entries(&user, 3).await.remove(2);
        let path = format!("/todos/{}/attachments", item["id"].as_str().unwrap());
        let file = json!({"name": format!("{secret}.txt"), "contentType": "text/plain", "bytes": 1});
        let file = user.api("todos").post(&path).json(&file).expect(201).await["attachment"].clone();
        let cursor = async |service: &str, path: &str| {
            let page = user.api(service).get(path).expect(200).await;
            page["nextCursor"].as_str().expect("another page").to_owned()
        };
        let cursors = [
            cursor("todos", "/todos?limit=1").await,
            cursor("todos", "/todos?limit=1&status=open").await,
            cursor("notifications", "/notifications?limit=1").await,
        ];
        Self { user, secret, item, file, entry, key, body, cursors }
    }

    fn id(&self) -> String {
        self.user.id.to_string()
    }

    fn item_path(&self) -> String {
        format!("/todos/{}", self.item["id"].as_str().unwrap())
    }

    fn file_path(&self) -> String {
        format!("{}/attachments/{}", self.item_path(), self.file["id"].as_str().unwrap())
    }

    fn entry_path(&self) -> String {
        format!("/notifications/{}/read", self.entry["id"].as_str().unwrap())
    }

    /// All that the product holds of her.
    async fn everything(&self) -> [Value; 5] {
        [
            self.user.api("users").get("/me").expect(200).await,
            self.user.api("todos").get("/todos?limit=100").expect(200).await,
            self.user.api("todos").get(&self.item_path()).expect(200).await,
            self.user.api("todos").get(&self.file_path()).expect(200).await,
            self.user.api("notifications").get("/notifications?limit=100").expect(200).await,
        ]
    }
}

/// A user with an item who tries to read and change the data of another user.
pub(crate) struct Attacker {
    user: User,
    item: Value,
}

impl Attacker {
    async fn new(product: &Product) -> Self {
        let user = product.user().await;
        let item = user.api("todos").post("/todos").json(&json!({"title": "Bob's"})).expect(201).await;
        user.api("todos").post("/todos").json(&json!({"title": "Bob's"})).expect(201).await;
        inbox::wait_for_entries(&user, 3).await;
        Self { user, item }
    }

    fn item_path(&self) -> String {
        format!("/todos/{}", self.item["id"].as_str().unwrap())
    }

    fn token(&self) -> &str {
        &self.user.tokens.access_token
    }
}

/// What was tried and how it was answered.
pub(crate) struct Table {
    product: Product,
    /// What no answer may hold.
    secrets: [String; 2],
    /// By subject and attack, in the order of trying: how often each answer came.
    rows: Vec<(&'static str, String, BTreeMap<String, usize>)>,
    wrong: Vec<String>,
}

impl Table {
    fn new(victim: &Victim) -> Self {
        let secrets = [victim.secret.clone(), victim.user.account.email.clone()];
        Self { product: victim.user.product().clone(), secrets, rows: Vec::new(), wrong: Vec::new() }
    }

    /// A request to a service, without a token. The path is sent as it is.
    pub(crate) fn request(&self, method: Method, service: &str, path: &str) -> RequestBuilder {
        self.product.http().request(method, format!("{}{path}", self.product.url(service)))
    }

    /// Sends an attack that must be refused with one of these statuses.
    pub(crate) async fn refused(&mut self, subject: &'static str, attack: &str, call: RequestBuilder, with: &[u16]) {
        let (status, body) = self.send(subject, attack, call).await;
        self.count(subject, attack, status.to_string());
        if !with.contains(&status) {
            self.wrong.push(format!("{subject}, {attack}: {status} instead of {with:?}: {body}"));
        }
    }

    /// Sends an attack that may be answered, but with the attacker's own things: the answer.
    pub(crate) async fn own(&mut self, subject: &'static str, attack: &str, call: RequestBuilder) -> Value {
        let (status, body) = self.send(subject, attack, call).await;
        self.count(subject, attack, format!("{status} own"));
        if !matches!(status, 200 | 201) {
            self.wrong
                .push(format!("{subject}, {attack}: {status} instead of an answer of the attacker's own: {body}"));
        }
        serde_json::from_str(&body).unwrap_or(Value::Null)
    }

    /// Sends an attack on the authorizer of every route; each must answer 401.
    pub(crate) async fn on_every_route(
        &mut self,
        subject: &'static str,
        attack: &str,
        victim: &Victim,
        forge: impl Fn(RequestBuilder) -> RequestBuilder,
    ) {
        for service in &self.product.services() {
            for operation in Contract::for_service(service).operations() {
                if !operation.requires_token {
                    continue;
                }
                let id = if service == "todos" { &victim.item["id"] } else { &victim.entry["id"] };
                let path = operation.path.replace("{id}", id.as_str().unwrap());
                let path = path.replace("{attachmentId}", victim.file["id"].as_str().unwrap());
                let call = self.request(operation.method.clone(), service, &path);
                self.refused(subject, attack, forge(call), &[401]).await;
            }
        }
    }

    /// Offers a token to the WebSocket API, which must not open a connection.
    pub(crate) async fn on_the_socket(&mut self, subject: &'static str, attack: &str, token: &str) {
        let how = match self.product.connect(&[PROTOCOL, token]).await {
            Ok(_) => "a WebSocket".to_owned(),
            Err(HandshakeRefused(status)) => format!("{status} (WebSocket)"),
        };
        let is_refused = how.starts_with("403");
        self.note(subject, attack, &how, is_refused);
    }

    /// Records that an attack was refused in another way than by an HTTP status.
    pub(crate) fn note(&mut self, subject: &'static str, attack: &str, how: &str, is_refused: bool) {
        self.count(subject, attack, how.to_owned());
        if !is_refused {
            self.wrong.push(format!("{subject}, {attack}: {how}"));
        }
    }

    /// Records how Cognito answered a request that it must refuse.
    pub(crate) fn call<T: Debug>(&mut self, subject: &'static str, attack: &str, outcome: &Result<T, CognitoError>) {
        match outcome {
            Err(CognitoError(kind)) => self.note(subject, attack, kind.rsplit('#').next().unwrap_or(kind), true),
            Ok(answer) => self.note(subject, attack, &format!("ANSWERED {answer:?}"), false),
        }
    }

    async fn send(&mut self, subject: &str, attack: &str, call: RequestBuilder) -> (u16, String) {
        let answer = call.send().await.unwrap_or_else(|error| panic!("{subject}, {attack}: no answer: {error}"));
        let (status, headers) = (answer.status().as_u16(), format!("{:?}", answer.headers()));
        let body = answer.text().await.expect("the answer has an end");
        if self.secrets.iter().any(|secret| body.contains(secret) || headers.contains(secret)) {
            self.wrong.push(format!("{subject}, {attack}: {status} shows what is the victim's"));
        }
        (status, body)
    }

    fn count(&mut self, subject: &'static str, attack: &str, how: String) {
        let same = |(s, a, _): &(&str, String, _)| *s == subject && a == attack;
        let index = self.rows.iter().position(same).unwrap_or_else(|| {
            self.rows.push((subject, attack.to_owned(), BTreeMap::new()));
            self.rows.len() - 1
        });
        let counts = &mut self.rows[index].2;
        *counts.entry(how).or_default() += 1;
    }

    /// Prints the table past the harness's capture, whether the test passes or not.
    fn print(&self) {
        let cells: usize = self.rows.iter().flat_map(|(_, _, counts)| counts.values()).sum();
        let mut lines =
            vec![format!("\nattacks: {} kinds, {cells} cells, {} wrong", self.rows.len(), self.wrong.len())];
        for (subject, attack, counts) in &self.rows {
            let answers: Vec<String> = counts.iter().map(|(how, count)| format!("{how} ×{count}")).collect();
            lines.push(format!("  {subject:<12} {attack:<64} {}", answers.join(", ")));
        }
        let text = lines.join("\n") + "\n";
        stdout().lock().write_all(text.as_bytes()).expect("standard output takes text");
    }
}

/// A call with a query parameter.
pub(crate) fn asking(call: RequestBuilder, name: &str, value: &str) -> RequestBuilder {
    let (client, request) = call.build_split();
    let mut request = request.expect("a request that can be sent");
    request.url_mut().query_pairs_mut().append_pair(name, value);
    RequestBuilder::from_parts(client, request)
}
