//! Every route that changes something, called with an access token that has outlived its user.

use reqwest::Method;
use tests::account::User;
use tests::contract::{Contract, Operation};

use super::life::Life;

/// Routes that answer otherwise than with 401: a repeated deletion, a sign-out that finds no session to end, an address
/// without a token, and a request that looks for the user itself.
const OTHERS: [(&str, u16); 4] =
    [("DELETE /me", 202), ("POST /me/sign-out", 204), ("POST /unsubscribe", 200), ("POST /me/export", 404)];

/// Calls all that the services' descriptions name, so that a route of tomorrow is called too.
pub(super) async fn refuse(ann: &User, left: &Life) {
    let mut called = 0;
    for service in &ann.product().services() {
        let (api, contract) = (ann.api(service), Contract::for_service(service));
        for operation in contract.operations().iter().filter(|operation| operation.method != Method::GET) {
            let call = api.request(operation.method.clone(), &address(service, operation, left));
            let call = match &operation.example {
                Some(body) => call.json(body),
                None => call,
            };
            let status = call.send().await.status;
            let route = format!("{} {}", operation.method, operation.path);
            let expected = OTHERS.iter().find(|(other, _)| *other == route).map_or(401, |(_, expected)| *expected);
            assert_eq!(status, expected, "{route} of a deleted user");
            called += 1;
        }
    }
    assert!(called >= 14, "only {called} routes change something");
}

fn address(service: &str, operation: &Operation, left: &Life) -> String {
    let item = left.item.rsplit('/').next().unwrap();
    let id = if service == "todos" { item } else { &left.entry };
    let path = operation.path.replace("{id}", id).replace("{attachmentId}", &left.picture.id);
    assert!(!path.contains('{'), "{path}: say here what the parameter is");
    if path == "/unsubscribe" { format!("{path}?token={}", left.stop) } else { path }
}
