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
