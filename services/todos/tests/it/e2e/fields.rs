//! The rules of an item's fields, and of bodies.

use serde_json::{Value, json};
use tests::product::Product;

#[tokio::test]
async fn a_field_at_its_limit_is_stored_unchanged() {
    let product = Product::shared().await;
    let ann = product.user().await;
    let twenty: Vec<String> = (0..20).map(|number| format!("{number}{}", "t".repeat(48))).collect();
    let family = "👩‍👩‍👧‍👦 e\u{301} مرحبا 漢字";
    for (field, value) in [
        ("title", json!("x")),
        ("title", json!("x".repeat(200))),
        ("title", json!("ü".repeat(200))),
        ("title", json!("😀".repeat(200))),
        ("title", json!(family)),
        ("title", json!("<script>alert(1)</script> ' \" ; -- \\ \u{feff} %00 ${x}")),
        ("notes", json!("x".repeat(10_000))),
        ("notes", json!("😀".repeat(10_000))),
        ("notes", json!(" one\n\ttwo\r\n ")),
        ("dueAt", json!("1970-01-01T00:00:00Z")),
        ("dueAt", json!("9999-12-30T22:00:00Z")),
        ("dueAt", json!("2024-02-29T12:00:00Z")),
        ("dueAt", json!(null)),
        ("priority", json!("low")),
        ("priority", json!("normal")),
        ("priority", json!("high")),
        ("tags", json!(twenty)),
        ("tags", json!(["ü".repeat(50), family])),
        ("tags", json!([])),
    ] {
        let mut body = json!({"title": "x"});
        body[field] = value.clone();
        let item = ann.api("todos").post("/todos").json(&body).expect(201).await;
        assert_eq!(item[field], value);
        let read = ann.api("todos").get(&format!("/todos/{}", item["id"].as_str().unwrap())).expect(200).await;
        assert_eq!(read[field], value, "what was stored is what was sent");
    }
}

#[tokio::test]
async fn field_values_are_normalized() {
    let product = Product::shared().await;
    let ann = product.user().await;
    for (field, given, kept) in [
        ("title", json!("\u{a0} x \t"), json!("x")),
        ("tags", json!([" home", "shop "]), json!(["home", "shop"])),
        ("dueAt", json!("2026-12-24T18:00:00.123456789Z"), json!("2026-12-24T18:00:00.123Z")),
        ("dueAt", json!("2026-12-24T18:00:00.123456789123Z"), json!("2026-12-24T18:00:00.123Z")),
        ("dueAt", json!("2026-12-24T23:30:00-05:30"), json!("2026-12-25T05:00:00Z")),
    ] {
        let mut body = json!({"title": "x"});
        body[field] = given;
        assert_eq!(ann.api("todos").post("/todos").json(&body).expect(201).await[field], kept);
    }
}

#[tokio::test]
async fn an_invalid_field_is_refused_and_named() {
    let product = Product::shared().await;
    let ann = product.user().await;
    let twenty_one: Vec<String> = (0..21).map(|number| number.to_string()).collect();
    for (field, value) in [
        ("title", json!("")),
        ("title", json!("   ")),
        ("title", json!("x".repeat(201))),
        ("title", json!("😀".repeat(201))),
        ("title", json!("two\nlines")),
        ("title", json!("a\u{0}b")),
        ("title", json!("a\u{7f}b")),
        ("title", json!("a\u{85}b")),
        ("title", json!("a\u{2028}b")),
        ("title", json!("\u{200b}")),
        ("title", json!("\u{3164}")),
        ("title", json!("gpj.\u{202e}exe")),
        ("notes", json!("")),
        ("notes", json!("x".repeat(10_001))),
        ("notes", json!("bell\u{7}")),
        ("notes", json!("a\u{0}b")),
        ("dueAt", json!("")),
        ("dueAt", json!("tomorrow")),
        ("dueAt", json!("2026-12-24")),
        ("dueAt", json!("2026-12-24T18:00:00")),
        ("dueAt", json!("2026-13-24T18:00:00Z")),
        ("dueAt", json!("2025-02-29T12:00:00Z")),
        ("dueAt", json!("1969-12-31T23:59:59.999Z")),
        ("dueAt", json!("9999-12-30T22:00:01Z")),
        ("dueAt", json!("10000-01-01T00:00:00Z")),
        ("dueAt", json!("20261224T180000Z")),
        ("dueAt", json!("2026-12-24T18:00:00+25:00")),
        ("dueAt", json!("2026-12-24T18:00:00Z[Europe/Dublin]")),
        ("tags", json!(twenty_one)),
        ("tags", json!(["a", "a"])),
        ("tags", json!(["a", " a "])),
        ("tags", json!([""])),
        ("tags", json!(["x".repeat(51)])),
        ("tags", json!(["two\nlines"])),
    ] {
        let mut body = json!({"title": "x"});
        body[field] = value.clone();
        let problem = ann.api("todos").post("/todos").json(&body).expect_problem(400, "invalid-request").await;
        assert_eq!(problem["errors"][0]["field"], field, "{value}: {problem}");
    }
    let all = json!({"title": "", "notes": "", "dueAt": "", "tags": [""]});
    let problem = ann.api("todos").post("/todos").json(&all).expect_problem(400, "invalid-request").await;
    let named: Vec<&Value> = problem["errors"].as_array().unwrap().iter().map(|error| &error["field"]).collect();
    assert_eq!(named, ["title", "notes", "dueAt", "tags"], "all of them at once");
    assert_eq!(ann.api("todos").get("/todos").expect(200).await["items"], json!([]));
}

#[tokio::test]
async fn a_body_of_the_wrong_shape_is_refused() {
    let product = Product::shared().await;
    let ann = product.user().await;
    for body in [
        "",
        "{",
        "null",
        "[]",
        "7",
        "\"title\"",
        "{}",
        "{\"title\": null}",
        "{\"title\": 7}",
        "{\"title\": [\"x\"]}",
        "{\"title\": \"x\", \"title\": \"y\"}",
        "{\"title\": \"x\", \"owner\": \"ann\"}",
        "{\"title\": \"x\"} {}",
        "{\"title\": \"x\", \"priority\": \"urgent\"}",
        "{\"title\": \"x\", \"priority\": 1}",
        "{\"title\": \"\\ud800\"}",
        "{\"title\": \"x\", \"tags\": {\"a\": 1}}",
        "{\"title\": \"x\", \"tags\": [1]}",
        "{\"title\": \"x\", \"dueAt\": 0}",
        "{\"title\": \"x\", \"id\": \"0198c0de-0000-7000-8000-000000000001\"}",
        "title=x",
    ] {
        let answer = ann.api("todos").post("/todos").text("application/json", body).send().await;
        assert_eq!(answer.status, 400, "{body}: {}", answer.body);
    }
    let nested = format!("{{\"title\": {}{}}}", "[".repeat(20_000), "]".repeat(20_000));
    ann.api("todos").post("/todos").text("application/json", &nested).expect_problem(400, "invalid-request").await;
}

#[tokio::test]
async fn a_body_without_a_json_content_type_is_415_and_one_over_64_kib_is_413() {
    let product = Product::shared().await;
    let ann = product.user().await;
    let create = || ann.api("todos").post("/todos");
    let body = r#"{"title": "x"}"#;
    for content_type in ["text/plain", "application/x-www-form-urlencoded", "application/jsonx", "text/json", ""] {
        create().text(content_type, body).expect_problem(415, "not-json").await;
    }
    create().untyped(body).expect_problem(415, "not-json").await;
    create().text("Application/JSON; charset=utf-8", body).expect(201).await;

    let padded = |size: usize| format!("{body}{}", " ".repeat(size - body.len()));
    create().text("application/json", &padded(64 * 1024)).expect(201).await;
    create().text("application/json", &padded(64 * 1024 + 1)).expect_problem(413, "too-large").await;
    create().text("application/json", &padded(1024 * 1024)).expect_problem(413, "too-large").await;
}

#[tokio::test]
async fn a_whole_day_needs_a_due_time_and_goes_with_it() {
    let product = Product::shared().await;
    let ann = product.user().await;
    let todos = ann.api("todos");
    let morning = "2199-12-24T09:00:00Z";
    let item = todos.post("/todos").json(&json!({"title": "x", "dueAt": morning, "allDay": true})).expect(201).await;
    assert_eq!((&item["dueAt"], &item["allDay"]), (&json!(morning), &json!(true)));
    let path = format!("/todos/{}", item["id"].as_str().unwrap());
    for (patch, due_at, all_day) in [
        (json!({"title": "y"}), json!(morning), true),
        (json!({"dueAt": "2199-12-25T09:00:00Z"}), json!("2199-12-25T09:00:00Z"), true),
        (json!({"dueAt": "2199-12-25T17:00:00Z", "allDay": false}), json!("2199-12-25T17:00:00Z"), false),
        (json!({"allDay": true}), json!("2199-12-25T17:00:00Z"), true),
        (json!({"allDay": null}), json!("2199-12-25T17:00:00Z"), false),
        (json!({"dueAt": morning, "allDay": true}), json!(morning), true),
        (json!({"dueAt": null}), json!(null), false),
        (json!({"dueAt": morning}), json!(morning), false),
    ] {
        let patched = todos.patch(&path).json(&patch).expect(200).await;
        assert_eq!((&patched["dueAt"], &patched["allDay"]), (&due_at, &json!(all_day)), "{patch}");
        assert_eq!(todos.get(&path).expect(200).await, patched);
    }
    let new = |body: Value| todos.post("/todos").json(&body);
    for body in [json!({"title": "x", "allDay": true}), json!({"title": "x", "dueAt": null, "allDay": true})] {
        let problem = new(body).expect_problem(400, "invalid-request").await;
        let rule = json!([{"field": "allDay", "message": "cannot be true without dueAt, which tells the day"}]);
        assert_eq!(problem["errors"], rule);
    }
    let problem = todos.patch(&path).json(&json!({"dueAt": null, "allDay": true}));
    assert_eq!(problem.expect_problem(400, "invalid-request").await["errors"][0]["field"], "allDay");
    let timeless = new(json!({"title": "x", "allDay": false})).expect(201).await;
    assert_eq!((&timeless["dueAt"], &timeless["allDay"]), (&json!(null), &json!(false)));
}

#[tokio::test]
async fn a_repeated_creation_of_a_whole_day_gets_the_same_answer() {
    let product = Product::shared().await;
    let ann = product.user().await;
    let body = |all_day: bool| json!({"title": "x", "dueAt": "2199-12-24T09:00:00Z", "allDay": all_day});
    let create = |body: Value| ann.api("todos").post("/todos").header("idempotency-key", "whole-day").json(&body);
    let item = create(body(true)).expect(201).await;
    assert_eq!(create(body(true)).expect(201).await, item);
    create(body(false)).expect_problem(409, "idempotency-key-reused").await;
    assert_eq!(ann.api("todos").get("/todos").expect(200).await["items"], json!([item]));
}

#[tokio::test]
async fn a_whole_day_is_announced_beside_the_change_and_so_is_its_end() {
    let product = Product::shared().await;
    let ann = product.user().await;
    let pattern = json!({"source": ["busline.todos"], "detail": {"data": {"ownerId": [ann.id]}}});
    let mut events = product.listen(pattern).await;
    let todos = ann.api("todos");
    let new = json!({"title": "x", "dueAt": "2199-12-24T09:00:00Z", "allDay": true});
    let item = todos.post("/todos").json(&new).expect(201).await;
    let path = format!("/todos/{}", item["id"].as_str().unwrap());
    todos.patch(&path).json(&json!({"title": "y"})).expect(200).await;
    todos.patch(&path).json(&json!({"allDay": false})).expect(200).await;
    todos.post("/todos").json(&json!({"title": "at a time", "dueAt": "2199-12-24T09:00:00Z"})).expect(201).await;

    events.until(2, "TodoAllDaySet.v1").await;
    // What is published later comes later: another event of a whole day would be here.
    let heard = events.until(2, "TodoCreated.v1").await;
    let of_type = |name: &'static str| heard.iter().filter(move |event| event["detail-type"] == name);
    let told: Vec<Value> = of_type("TodoAllDaySet.v1")
        .map(|event| json!([event["detail"]["metadata"]["sequence"], event["detail"]["data"]["allDay"]]))
        .collect();
    assert_eq!(told, [json!([1, true]), json!([3, false])]);
    let changed: Vec<&Value> = of_type("TodoChanged.v1").map(|event| &event["detail"]["data"]["changed"]).collect();
    assert_eq!(changed, [&json!(["title"]), &json!(["dueAt"])]);
}
