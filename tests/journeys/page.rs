//! The page's address: its files, the APIs behind it, and what every answer tells the browser.

use reqwest::Response;
use serde_json::{Value, json};
use tests::account::User;
use tests::contract::Contract;
use tests::injected_fault::EndpointOverride;
use tests::page::Page;
use tests::product::Product;

/// A route of each service, and who answers on it.
const GUARDED: [(&str, &str); 5] = [
    ("/me", "users"),
    ("/users", "users"),
    ("/todos", "todos"),
    ("/todos/0192d3c4-0000-7000-8000-000000000000", "todos"),
    ("/notifications", "notifications"),
];

/// The distribution sends what is shorter as it is.
const LEAST_COMPRESSED: usize = 1000;

async fn answer(page: &Page, path: &str) -> Response {
    page.get(path).send().await.expect("the page's address answers")
}

fn header<'a>(answer: &'a Response, name: &str) -> &'a str {
    answer.headers().get(name).map_or("", |value| value.to_str().unwrap())
}

/// The addresses of the page's own scripts and styles, as its document names them.
fn named_in(document: &str) -> Vec<String> {
    let quoted = document.split('"').filter(|text| text.starts_with("/assets/"));
    quoted.map(str::to_owned).collect()
}

#[tokio::test]
async fn every_path_without_a_file_returns_the_page() {
    let page = Page::new(&Product::shared().await);
    let document = answer(&page, "/").await.text().await.unwrap();
    assert!(document.contains("<title>Busline</title>"), "{document}");
    for path in ["/todos/0192d3c4-0000-7000-8000-000000000000", "/inbox", "/settings?tab=export", "/no/such/page"] {
        let answer = answer(&page, path).await;
        assert_eq!((answer.status().as_u16(), header(&answer, "content-type")), (200, "text/html; charset=utf-8"));
        assert_eq!(answer.text().await.unwrap(), document, "{path}");
    }
    assert_eq!(answer(&page, "/no-such-file.js").await.status(), 403, "a file that is missing is not the page");
}

#[tokio::test]
async fn the_page_is_revalidated_and_its_assets_are_cached_forever() {
    let page = Page::new(&Product::shared().await);
    let document = answer(&page, "/").await;
    assert_eq!(header(&document, "cache-control"), "no-cache");
    assert_eq!(header(&answer(&page, "/config.json").await, "cache-control"), "no-cache");
    let assets = named_in(&document.text().await.unwrap());
    assert!(!assets.is_empty());
    for asset in assets {
        let answer = page.get(&asset).header("accept-encoding", "gzip, br").send().await.unwrap();
        assert_eq!(answer.status(), 200, "{asset}");
        assert_eq!(header(&answer, "cache-control"), "public, max-age=31536000, immutable", "{asset}");
        let is_compressed = header(&answer, "content-encoding") == "gzip";
        let bytes = answer.bytes().await.unwrap().len();
        assert!(is_compressed || bytes < LEAST_COMPRESSED, "{asset} goes out as {bytes} bytes, not compressed");
    }
}

#[tokio::test]
async fn security_headers_allow_only_the_pages_own_files_and_no_frames() {
    let page = Page::new(&Product::shared().await);
    for path in ["/", "/settings", "/config.json", "/api/me"] {
        let answer = answer(&page, path).await;
        let policy = header(&answer, "content-security-policy");
        for rule in ["default-src 'none'", "script-src 'self'", "style-src 'self'", "frame-ancestors 'none'"] {
            assert!(policy.split("; ").any(|given| given == rule), "{path}: {rule} is missing in {policy}");
        }
        assert!(!policy.contains("unsafe") && !policy.contains('*') && !policy.contains("data:"), "{policy}");
        assert_eq!(header(&answer, "x-content-type-options"), "nosniff", "{path}");
        assert_eq!(header(&answer, "x-frame-options"), "DENY", "{path}");
        assert_eq!(header(&answer, "referrer-policy"), "no-referrer", "{path}");
        assert_eq!(header(&answer, "cross-origin-opener-policy"), "same-origin", "{path}");
        assert!(header(&answer, "strict-transport-security").starts_with("max-age=63072000"), "{path}");
        assert!(header(&answer, "permissions-policy").contains("geolocation=()"), "{path}");
    }
}

#[tokio::test]
async fn the_apis_answer_behind_the_page_as_they_do_directly() {
    let product = Product::shared().await;
    let (page, ann) = (Page::new(&product), product.user().await);
    for (path, service) in GUARDED {
        let shut = answer(&page, &format!("/api{path}")).await;
        assert_eq!(shut.status(), 401, "{path}");
        let open = page.get(&format!("/api{path}")).bearer_auth(&ann.tokens.access_token).send().await.unwrap();
        let direct = product.http().get(format!("{}{path}", product.url(service)));
        let direct = direct.bearer_auth(&ann.tokens.access_token).send().await.unwrap();
        assert_eq!(open.status(), direct.status(), "{path}");
        assert_eq!(header(&open, "etag"), header(&direct, "etag"), "{path}");
        let bodies = [open.json::<Value>().await.unwrap(), direct.json::<Value>().await.unwrap()];
        assert_eq!(bodies[0]["items"], bodies[1]["items"], "{path}");
        assert_eq!(bodies[0]["id"], bodies[1]["id"], "{path}");
    }
}

/// A distribution keeps errors for ten seconds and answers them to everyone, unless its template forbids it.
#[tokio::test]
async fn an_error_that_one_user_got_does_not_answer_another() {
    let product = Product::alone().await;
    let (page, ann, bob) = (Page::new(&product), product.user().await, product.user().await);
    let item = ann.api("todos").post("/todos").json(&json!({"title": "Ann's"})).expect(201).await;
    let path = format!("/api/todos/{}", item["id"].as_str().expect("an id"));
    let status = async |user: &User| {
        page.get(&path).bearer_auth(&user.tokens.access_token).send().await.expect("an answer").status().as_u16()
    };
    assert_eq!((status(&bob).await, status(&ann).await), (404, 200));

    let broken = EndpointOverride::begin(&product, "todos", "get-todo", "http://127.0.0.1:9").await;
    assert_eq!(status(&bob).await, 500);
    drop(broken);
    assert_eq!(status(&ann).await, 200);
}

#[tokio::test]
async fn every_route_of_every_service_is_reachable_below_api() {
    let product = Product::shared().await;
    let page = Page::new(&product);
    for service in &product.services() {
        for operation in Contract::for_service(service).operations() {
            let path = operation.path.replace(['{', '}'], "");
            let direct = product.http().request(operation.method.clone(), format!("{}{path}", product.url(service)));
            let direct = direct.send().await.unwrap();
            let behind = page.request(operation.method.clone(), &format!("/api{path}")).send().await.unwrap();
            let name = format!("{} /api{path}", operation.method);
            assert_eq!(behind.status(), direct.status(), "{name}: is a behaviour of infra/web.yaml missing?");
            assert_eq!(header(&behind, "content-type"), header(&direct, "content-type"), "{name}");
        }
    }
}

#[tokio::test]
async fn a_change_through_the_page_keeps_request_and_response_headers() {
    let product = Product::shared().await;
    let (page, ann) = (Page::new(&product), product.user().await);
    let call = |method: &str, path: &str| {
        page.request(method.parse().unwrap(), &format!("/api{path}")).bearer_auth(&ann.tokens.access_token)
    };
    let key = "0192d3c4-0000-7000-8000-0000000000aa";
    let post = || call("POST", "/todos").header("idempotency-key", key).json(&json!({"title": "Buy milk"}));
    let made = post().send().await.unwrap();
    assert_eq!(made.status(), 201);
    let tag = header(&made, "etag").to_owned();
    let made: Value = made.json().await.unwrap();
    let again: Value = post().send().await.unwrap().json().await.unwrap();
    assert_eq!(again["id"], made["id"], "the idempotency key arrives");

    let path = format!("/todos/{}", made["id"].as_str().unwrap());
    let rename = |tag: &str| {
        let call = call("PATCH", &path).header("if-match", tag);
        call.header("content-type", "application/merge-patch+json").body(r#"{"title": "Buy oat milk"}"#)
    };
    assert_eq!(rename(&tag).send().await.unwrap().status(), 200);
    assert_eq!(rename(&tag).send().await.unwrap().status(), 412, "the tag arrives");
    let list = call("GET", "/todos?limit=1").send().await.unwrap();
    assert_eq!(list.json::<Value>().await.unwrap()["items"][0]["title"], "Buy oat milk", "the query arrives");
}

#[tokio::test]
async fn an_unknown_path_below_api_is_404_and_not_the_page() {
    let page = Page::new(&Product::shared().await);
    for path in ["/api", "/api/", "/api/nothing", "/api/..%2fme", "/api/config.json"] {
        let answer = answer(&page, path).await;
        assert_eq!(answer.status(), 404, "{path}");
        assert!(header(&answer, "content-type").contains("json"), "{path}");
    }
}

#[tokio::test]
async fn the_pages_settings_contain_nothing_secret() {
    let product = Product::shared().await;
    let settings: Value = answer(&Page::new(&product), "/config.json").await.json().await.unwrap();
    let names: Vec<&String> = settings.as_object().unwrap().keys().collect();
    assert_eq!(names, ["cognitoEndpoint", "env", "region", "userPoolClientId", "userPoolId", "websocketUrl"]);
    assert_eq!(settings["cognitoEndpoint"], product.endpoint());
    assert_eq!(settings["userPoolClientId"], product.user_pool_client());
}

#[tokio::test]
async fn only_the_distribution_can_read_the_pages_bucket() {
    let product = Product::shared().await;
    let bucket = format!("{}/{}", product.endpoint(), product.web_bucket());
    for path in ["", "/", "/index.html"] {
        let answer = product.http().get(format!("{bucket}{path}")).send().await.unwrap();
        assert_eq!(answer.status(), 403, "{path}");
    }
}
