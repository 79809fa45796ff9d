//! Every route of every service asks for an access token, and for nothing less.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use tests::account::claims;
use tests::api::Api;
use tests::contract::Contract;
use tests::product::Product;
use uuid::Uuid;

#[tokio::test]
async fn every_route_requires_a_valid_access_token() {
    let product = Product::shared().await;
    let ann = product.user().await;
    let token = &ann.tokens.access_token;
    let [header, payload, signature] = token.split('.').collect::<Vec<_>>()[..] else {
        panic!("a token has three parts")
    };
    let mut later = claims(token);
    later["exp"] = json!(4_102_444_800_i64);
    let mut other = claims(token);
    other["sub"] = json!(Uuid::new_v4());
    let none = json!({"alg": "none", "typ": "JWT"});
    let cases = [
        ("no token", None),
        ("no scheme", Some(String::new())),
        ("garbage", Some("Bearer garbage".to_owned())),
        ("three parts of garbage", Some("Bearer a.b.c".to_owned())),
        ("a tampered signature", Some(format!("Bearer {header}.{payload}.{}", tampered(signature)))),
        ("no signature", Some(format!("Bearer {header}.{payload}."))),
        ("a longer life", Some(format!("Bearer {header}.{}.{signature}", encoded(&later)))),
        ("another user", Some(format!("Bearer {header}.{}.{signature}", encoded(&other)))),
        ("no algorithm", Some(format!("Bearer {}.{payload}.", encoded(&none)))),
        ("an ID token", Some(format!("Bearer {}", ann.tokens.id_token))),
        ("a refresh token", Some(format!("Bearer {}", ann.tokens.refresh_token))),
        ("a password", Some(format!("Basic {}", encoded(&json!(ann.account.password))))),
    ];
    let (mut routes, mut open) = (0, Vec::new());
    for service in &product.services() {
        let api = Api::new(&product, service);
        for operation in Contract::for_service(service).operations() {
            if !operation.requires_token {
                open.push(format!("{} {}", operation.method, operation.path));
                continue;
            }
            routes += 1;
            let path = operation.path.replace("{id}", &Uuid::now_v7().to_string());
            for (name, authorization) in &cases {
                let call = api.request(operation.method.clone(), &path);
                let call = match authorization {
                    Some(authorization) => call.header("authorization", authorization),
                    None => call,
                };
                let answer = call.send().await;
                assert_eq!(answer.status, 401, "{} {path} with {name}: {}", operation.method, answer.body);
            }
        }
    }
    assert!(routes >= 12, "the services describe {routes} routes");
    // Another token is in the cookie, and in the address that a mail names.
    open.sort();
    assert_eq!(open, ["GET /unsubscribe", "POST /unsubscribe"]);
}

#[tokio::test]
async fn an_access_token_outside_the_authorization_header_is_ignored() {
    let product = Product::shared().await;
    let ann = product.user().await;
    let token = &ann.tokens.access_token;
    let lists = [("users", "/me"), ("todos", "/todos"), ("notifications", "/notifications")];
    for (service, path) in lists {
        let api = Api::new(&product, service);
        api.get(&format!("{path}?access_token={token}")).expect(401).await;
        api.get(path).header("cookie", &format!("Authorization={token}; access_token={token}")).expect(401).await;
        api.get(path).header("x-authorization", &format!("Bearer {token}")).expect(401).await;
    }
}

/// The same signature but for one bit in its middle: the last characters of base64 may hold bits that nobody reads.
fn tampered(signature: &str) -> String {
    let mut bytes = URL_SAFE_NO_PAD.decode(signature).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    URL_SAFE_NO_PAD.encode(bytes)
}

fn encoded(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}
