//! Bob has a token and tries to reach Ann's data: with her ids in every place, her cursors, her keys.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use crate::attacks::{Attacker, Table, Victim, asking};

/// Headers by which some gateways, proxies or frameworks pass on the caller or the original request.
const SMUGGLED: [&str; 18] = [
    "x-user-id",
    "x-owner",
    "sub",
    "cognito-username",
    "x-forwarded-user",
    "x-remote-user",
    "x-amzn-oidc-identity",
    "x-amzn-oidc-data",
    "x-amzn-oidc-accesstoken",
    "x-amzn-request-context",
    "x-amzn-lambda-context",
    "x-apigateway-event",
    "x-authenticated-userid",
    "x-jwt-claims",
    "x-amz-cognito-identity-id",
    "x-on-behalf-of",
    "x-impersonate-user",
    "from",
];

/// Headers by which some server takes another path or method than the request's.
const REROUTED: [&str; 5] =
    ["x-original-url", "x-rewrite-url", "x-forwarded-path", "x-http-method-override", "x-forwarded-prefix"];

pub(crate) async fn attack(table: &mut Table, ann: &Victim, bob: &Attacker) {
    paths(table, ann, bob).await;
    bodies_and_queries(table, ann, bob).await;
    headers(table, ann, bob).await;
    cursors(table, ann, bob).await;
    idempotency_keys(table, ann, bob).await;
    groups(table, ann, bob).await;
}

async fn paths(table: &mut Table, ann: &Victim, bob: &Attacker) {
    let by_bob = |call: RequestBuilder| call.bearer_auth(bob.token());
    let item = ann.item_path();
    let change = json!({"title": "Bob's"});
    let file = json!({"name": "bobs.txt", "contentType": "text/plain", "bytes": 1});
    let calls = [
        (Method::GET, item.clone(), None),
        (Method::PATCH, item.clone(), Some(&change)),
        (Method::POST, format!("{item}/complete"), None),
        (Method::POST, format!("{item}/reopen"), None),
        (Method::DELETE, item.clone(), None),
        (Method::GET, format!("{item}/attachments"), None),
        (Method::POST, format!("{item}/attachments"), Some(&file)),
        (Method::GET, ann.file_path(), None),
        (Method::DELETE, ann.file_path(), None),
    ];
    for (method, path, body) in &calls {
        for (attack, etag) in
            [("her item", None), ("her item, with her etag", Some("\"1\"")), ("her item, *", Some("*"))]
        {
            let mut call = by_bob(table.request(method.clone(), "todos", path));
            if let Some(etag) = etag {
                call = call.header("if-match", etag);
            }
            if let Some(body) = body {
                call = call.json(body);
            }
            table.refused("path", attack, call, &[404]).await;
        }
    }
    let call = by_bob(table.request(Method::POST, "notifications", &ann.entry_path()));
    table.refused("path", "her inbox entry", call, &[404]).await;
    let call = by_bob(table.request(Method::GET, "todos", &format!("/todos/{}", ann.entry["id"].as_str().unwrap())));
    table.refused("path", "her entry as an item", call, &[404]).await;

    let id = ann.item["id"].as_str().unwrap();
    let bobs = bob.item["id"].as_str().unwrap();
    for (attack, path) in [
        ("her id in capitals", format!("/todos/{}", id.to_uppercase())),
        ("her id in braces", format!("/todos/%7B{id}%7D")),
        ("her id as a URN", format!("/todos/urn:uuid:{id}")),
        ("her id without hyphens", format!("/todos/{}", id.replace('-', ""))),
        ("her key", format!("/todos/USER%23{}%7CTODO%23{id}", ann.id())),
        ("her partition", format!("/todos/..%2FUSER%23{}", ann.id())),
        ("by way of Bob's", format!("/todos/{bobs}%2F..%2F{id}")),
        ("by way of Bob's, dots encoded", format!("/todos/{bobs}/%2e%2e/{id}")),
        ("after a null byte", format!("/todos/{bobs}%00{id}")),
        ("as a matrix parameter", format!("/todos/{id};owner={}", bob.user.id)),
        ("as a second path parameter", format!("/todos/{bobs},{id}")),
        ("with a wildcard", "/todos/*".to_owned()),
        ("with a wildcard, encoded", "/todos/%25".to_owned()),
        ("a line break in the id", format!("/todos/{id}%0d%0aX-User-Id:%20{}", ann.id())),
        ("under another user", format!("/users/{}/todos/{id}", ann.id())),
        ("under another stage", format!("/$default/todos/{id}")),
        ("her file, under his item", format!("/todos/{bobs}/attachments/{}", ann.file["id"].as_str().unwrap())),
    ] {
        let call = by_bob(table.request(Method::GET, "todos", &path));
        table.refused("path", attack, call, &[400, 404]).await;
    }
    for path in [format!("/users/{}", ann.id()), format!("/me/{}", ann.id()), format!("/users/{}/me", ann.id())] {
        let call = by_bob(table.request(Method::GET, "users", &path));
        table.refused("path", "her profile", call, &[404]).await;
    }
    for method in ["PUT", "HEAD", "TRACE", "PROPFIND", "PURGE"] {
        let call = by_bob(table.request(method.parse().unwrap(), "todos", &ann.item_path()));
        table.refused("path", "her item, another method", call, &[400, 403, 404, 405]).await;
    }
}

async fn bodies_and_queries(table: &mut Table, ann: &Victim, bob: &Attacker) {
    let by_bob = |call: RequestBuilder| call.bearer_auth(bob.token());
    let owners = [json!(ann.id()), json!([ann.id()]), json!({"id": ann.id()}), json!({"S": ann.id()})];
    for field in ["owner", "ownerId", "userId", "user_id", "sub", "pk", "sk", "id", "__proto__", "version"] {
        for owner in &owners {
            let body = json!({"title": "x", field: owner});
            let call = by_bob(table.request(Method::POST, "todos", "/todos")).json(&body);
            table.refused("body", "her id in a new item", call, &[400]).await;
            let call = by_bob(table.request(Method::PATCH, "todos", &bob.item_path())).json(&json!({field: owner}));
            table.refused("body", "her id in a change of an item", call, &[400]).await;
        }
    }
    for field in ["id", "userId", "sub", "email", "username", "groups", "cognito:groups", "pk", "version"] {
        let call = by_bob(table.request(Method::PATCH, "users", "/me")).json(&json!({field: ann.id()}));
        table.refused("body", "her id in a change of a profile", call, &[400]).await;
    }
    let twice = format!(r#"{{"title": "x", "title": "y", "owner": "{}"}}"#, ann.id());
    let json = |call: RequestBuilder, body: String| call.header("content-type", "application/json").body(body);
    for (attack, body) in [
        ("a field twice", twice),
        ("an array in the order of the fields", format!(r#"["x", "{}"]"#, ann.id())),
        ("two documents", format!(r#"{{"title": "x"}} {{"owner": "{}"}}"#, ann.id())),
    ] {
        let call = json(by_bob(table.request(Method::POST, "todos", "/todos")), body);
        table.refused("body", attack, call, &[400]).await;
    }
    for parameter in ["owner", "ownerId", "userId", "sub", "pk", "user", "filter[owner]"] {
        for (service, path) in [("todos", "/todos"), ("notifications", "/notifications")] {
            let call = asking(by_bob(table.request(Method::GET, service, path)), parameter, &ann.id());
            table.refused("query", "her id in a list", call, &[400]).await;
        }
    }
    let call = asking(by_bob(table.request(Method::GET, "users", "/me")), "id", &ann.id());
    let me = table.own("query", "her id in /me", call).await;
    expect_bobs_id(table, "query", "her id in /me", bob, &me["id"]);
}

async fn headers(table: &mut Table, ann: &Victim, bob: &Attacker) {
    let by_bob = |call: RequestBuilder| call.bearer_auth(bob.token());
    let claims = json!({"sub": ann.id(), "token_use": "access", "username": ann.id()});
    let context = json!({"authorizer": {"jwt": {"claims": claims, "scopes": null}}}).to_string();
    for header in SMUGGLED {
        for value in [ann.id(), claims.to_string(), context.clone(), STANDARD.encode(&context)] {
            let call = by_bob(table.request(Method::GET, "todos", &ann.item_path())).header(header, &value);
            table.refused("header", "her id", call, &[404]).await;
        }
        let call = by_bob(table.request(Method::GET, "users", "/me")).header(header, ann.id());
        let me = table.own("header", "her id, for /me", call).await;
        expect_bobs_id(table, "header", "her id, for /me", bob, &me["id"]);
    }
    for header in REROUTED {
        for value in
            [ann.item_path(), "DELETE".to_owned(), format!("{}{}", table.product.url("todos"), ann.item_path())]
        {
            let call = by_bob(table.request(Method::GET, "todos", &bob.item_path())).header(header, value);
            let item = table.own("header", "another path or method", call).await;
            expect_bobs_item(table, "header", "another path or method", bob, &item["id"]);
        }
    }
    for host in ["localhost", "users", "169.254.169.254"] {
        let call = by_bob(table.request(Method::GET, "todos", &ann.item_path()));
        let call = call.header("x-forwarded-host", host).header("forwarded", format!("host={host};for=127.0.0.1"));
        table.refused("header", "another host", call, &[404]).await;
    }
    // The correlation id is written to logs and events: it must not be possible to write other lines there.
    for id in ["x\" , \"user\": \"ann", "${jndi:ldap://x}", "x\tERROR", &"x".repeat(4000)] {
        let call = by_bob(table.request(Method::GET, "todos", &ann.item_path())).header("x-correlation-id", id);
        table.refused("header", "a strange correlation id", call, &[400, 404, 431]).await;
    }
}

async fn cursors(table: &mut Table, ann: &Victim, bob: &Attacker) {
    let by_bob = |call: RequestBuilder| call.bearer_auth(bob.token());
    let [items, open, entries] = &ann.cursors;
    let lists = [
        ("todos", "/todos"),
        ("todos", "/todos?status=open"),
        ("todos", "/todos?sort=due"),
        ("notifications", "/notifications"),
        ("notifications", "/notifications?unread=true"),
    ];
    for (service, path) in lists {
        for cursor in [items, open, entries] {
            let call = asking(by_bob(table.request(Method::GET, service, path)), "cursor", cursor);
            table.refused("cursor", "hers, replayed by him", call, &[400]).await;
        }
    }
    let own = bob.user.api("todos").get("/todos?limit=1").expect(200).await;
    let own = own["nextCursor"].as_str().expect("another page");
    for (service, path) in &lists[1..] {
        let call = asking(by_bob(table.request(Method::GET, service, path)), "cursor", own);
        table.refused("cursor", "his own, of another list or service", call, &[400]).await;
    }
    let open_cursor = |text: &str| -> Value { serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text).unwrap()).unwrap() };
    let (own, hers) = (open_cursor(own), open_cursor(items));
    let forged =
        |scope: &Value, after: &Value| URL_SAFE_NO_PAD.encode(json!({"scope": scope, "after": after}).to_string());
    let key = json!({"pk": {"S": format!("USER#{}", ann.id())}, "sk": {"S": "TODO#"}});
    for after in [
        json!(null),
        json!(7),
        json!("x"),
        json!([]),
        json!({}),
        json!({"id": "USER#x"}),
        json!({"id": [ann.item["id"]]}),
        json!({"pk": format!("USER#{}", ann.id()), "sk": "TODO#"}),
        key,
    ] {
        let call = by_bob(table.request(Method::GET, "todos", "/todos"));
        let call = asking(call, "cursor", &forged(&own["scope"], &after));
        table.refused("cursor", "forged, of the wrong type", call, &[400]).await;
    }
    for scope in
        [json!(null), json!(""), json!(format!("todos {}", ann.id())), hers["scope"].clone(), json!([own["scope"]])]
    {
        let call = by_bob(table.request(Method::GET, "todos", "/todos"));
        let call = asking(call, "cursor", &forged(&scope, &own["after"]));
        table.refused("cursor", "forged, of another list", call, &[400]).await;
    }
    let padded = STANDARD.encode(own.to_string());
    for text in ["", "x", "e30", "bnVsbA", "%00", "../../x", "' OR 1=1 --", padded.as_str(), &"A".repeat(1025)] {
        let call = asking(by_bob(table.request(Method::GET, "todos", "/todos")), "cursor", text);
        table.refused("cursor", "no cursor at all", call, &[400]).await;
    }
    // A cursor is no secret: he may say in his own list that he goes on behind her item, and gets his own items.
    let call = by_bob(table.request(Method::GET, "todos", "/todos"));
    let call = asking(call, "cursor", &forged(&own["scope"], &hers["after"]));
    let page = table.own("cursor", "his own, at her item's place", call).await;
    let hers = page["items"].as_array().unwrap().iter().any(|item| item["id"] == ann.item["id"]);
    table.note("cursor", "his own, at her item's place", if hers { "SHOWS HERS" } else { "his items alone" }, !hers);
}

async fn idempotency_keys(table: &mut Table, ann: &Victim, bob: &Attacker) {
    let by_bob = |call: RequestBuilder| call.bearer_auth(bob.token());
    let create = |table: &Table, key: &str, body: &Value| {
        by_bob(table.request(Method::POST, "todos", "/todos")).header("idempotency-key", key).json(body)
    };
    // Another title, so that hers in an answer would be her answer.
    let body = json!({"title": "Bob's", "dueAt": ann.body["dueAt"]});
    for (attack, key) in [
        ("hers", ann.key.clone()),
        ("her row", format!("USER#{}#IDEMPOTENCY#{}", ann.id(), ann.key)),
        ("her item's row", format!("TODO#{}", ann.item["id"].as_str().unwrap())),
        ("out of his partition", format!("../../USER#{}/IDEMPOTENCY#{}", ann.id(), ann.key)),
    ] {
        let call = create(table, &key, &body);
        let item = table.own("idempotency", attack, call).await;
        let is_new = item["id"].is_string() && item["id"] != ann.item["id"] && item["title"] == "Bob's";
        table.note("idempotency", attack, if is_new { "his own item" } else { "NOT HIS" }, is_new);
        let path = format!("/todos/{}", item["id"].as_str().unwrap_or_default());
        bob.user.api("todos").delete(&path).expect(204).await;
    }
    let long = "k".repeat(256);
    for key in ["", " ", "a b", "schlüssel", long.as_str()] {
        let call = create(table, key, &body);
        table.refused("idempotency", "a strange key", call, &[400]).await;
    }
    for (service, path) in [("todos", ann.item_path()), ("notifications", ann.entry_path())] {
        let method = if service == "todos" { Method::PATCH } else { Method::POST };
        let call = by_bob(table.request(method, service, &path)).header("idempotency-key", &ann.key).json(&json!({}));
        table.refused("idempotency", "hers, where none is taken", call, &[404]).await;
    }
}

async fn groups(table: &mut Table, ann: &Victim, bob: &Attacker) {
    let users = |table: &Table| table.request(Method::GET, "users", "/users").bearer_auth(bob.token());
    let call = users(table);
    table.refused("groups", "the list of all users", call, &[403]).await;
    for header in ["cognito-groups", "x-cognito-groups", "x-amzn-groups", "x-groups", "x-user-role"] {
        for value in ["admin", "[admin]", "[\"admin\"]"] {
            let call = users(table).header(header, value);
            table.refused("groups", "a header with the group admin", call, &[403]).await;
        }
    }
    for parameter in ["groups", "cognito:groups", "role", "admin"] {
        let call = asking(users(table), parameter, "admin");
        table.refused("groups", "a query with the group admin", call, &[400, 403]).await;
    }
    let call = asking(users(table), "cursor", &ann.cursors[0]);
    table.refused("groups", "a cursor of another list", call, &[400, 403]).await;
    let me = json!({"displayName": "admin"});
    bob.user.api("users").patch("/me").json(&me).expect(200).await;
    let call = users(table);
    table.refused("groups", "a user who is called admin", call, &[403]).await;
}

fn expect_bobs_id(table: &mut Table, subject: &'static str, attack: &str, bob: &Attacker, id: &Value) {
    if *id != bob.user.id.to_string() {
        table.note(subject, attack, "NOT HIS OWN", false);
    }
}

fn expect_bobs_item(table: &mut Table, subject: &'static str, attack: &str, bob: &Attacker, id: &Value) {
    if *id != bob.item["id"] {
        table.note(subject, attack, "NOT HIS OWN", false);
    }
}
