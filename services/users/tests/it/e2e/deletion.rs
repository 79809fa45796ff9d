//! Account deletion, as far as it concerns this service alone.

use aws_sdk_lambda::primitives::Blob;
use jiff::Timestamp;
use serde_json::{Value, json};
use tests::account::User;
use tests::product::Product;

#[tokio::test]
async fn a_deletion_requires_a_recent_sign_in() {
    let product = Product::shared().await;
    let ann = product.user().await;
    let before = ann.api("users").get("/me").expect(200).await;
    for authenticated in [Some(Timestamp::now().as_second() - 301), None] {
        let answer = delete_as(&product, &ann, authenticated).await;
        assert_eq!(answer["statusCode"], 403, "{answer}");
        let problem: Value = serde_json::from_str(answer["body"].as_str().unwrap()).unwrap();
        assert_eq!(problem["type"], "urn:problem:busline:reauthentication-required");
    }
    assert_eq!(ann.api("users").get("/me").expect(200).await, before);
}

/// Invokes the function as API Gateway does for a token with this authentication time.
async fn delete_as(product: &Product, user: &User, authenticated: Option<i64>) -> Value {
    let mut claims = json!({"sub": user.id, "token_use": "access", "username": user.id});
    if let Some(at) = authenticated {
        claims["auth_time"] = json!(at.to_string());
    }
    let request = json!({
        "version": "2.0", "routeKey": "DELETE /me", "rawPath": "/me", "rawQueryString": "", "headers": {},
        "requestContext": {
            "authorizer": {"jwt": {"claims": claims, "scopes": null}}, "routeKey": "DELETE /me", "stage": "$default",
            "requestId": "r", "timeEpoch": 0, "accountId": "0", "apiId": "a",
            "http": {"method": "DELETE", "path": "/me", "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1"},
        },
        "isBase64Encoded": false,
    });
    let client = aws_sdk_lambda::Client::new(product.sdk());
    let invoke = client.invoke().function_name(format!("busline-{}-users-delete-me", product.env()));
    let answer = invoke.payload(Blob::new(request.to_string())).send().await.expect("a function that can be invoked");
    serde_json::from_slice(answer.payload.expect("an answer").as_ref()).expect("an answer in JSON")
}
