//! A user signs out on all devices: no service takes a token of an earlier session.

use reqwest::Method;
use tests::account::User;
use tests::contract::Contract;
use tests::product::Product;
use tests::wait::eventually;
use uuid::Uuid;

#[tokio::test]
async fn no_service_takes_a_token_of_a_session_that_was_ended_on_all_devices() {
    let product = Product::shared().await;
    let ann = product.user().await;
    let on_the_phone = ann.account.sign_in().await.expect("a second session");
    let renewed = on_the_phone.refresh().await.expect("a session that continues");
    for session in [&ann, &on_the_phone, &renewed] {
        for service in &product.services() {
            assert_eq!(refusals(session, service).await, 0, "{service} takes tokens of sessions");
        }
    }

    ann.api("users").post("/me/sign-out").expect(204).await;
    let again = ann.account.sign_in().await.expect("a sign-in right after the sign-out");
    for service in &product.services() {
        let lists = reads(service).len();
        assert!(lists > 0, "{service} has something to read");
        for session in [&ann, &on_the_phone, &renewed] {
            eventually("an announced sign-out", async || (refusals(session, service).await == lists).then_some(()))
                .await;
            assert_every_route_refuses(session, service).await;
        }
        assert_eq!(refusals(&again, service).await, 0, "{service} takes tokens of the new session");
    }
    assert!(renewed.refresh().await.is_err(), "the pool continues a session that has ended");
    let continued = again.refresh().await.expect("a new session that continues");
    for service in &product.services() {
        assert_eq!(refusals(&continued, service).await, 0, "{service} takes tokens of the new session");
    }
}

/// The paths of a service where something of the caller's can be read.
fn reads(service: &str) -> Vec<String> {
    let contract = Contract::for_service(service);
    let reads = contract.operations().iter().filter(|operation| {
        operation.requires_token && operation.method == Method::GET && !operation.path.contains('{')
    });
    reads.map(|operation| operation.path.clone()).collect()
}

/// How many of them refuse the session's token.
async fn refusals(session: &User, service: &str) -> usize {
    let mut refusals = 0;
    for path in reads(service) {
        let answer = session.api(service).get(&path).send().await;
        assert!(answer.status < 500, "{service} {path}: {}", answer.body);
        refusals += usize::from(answer.status == 401);
    }
    refusals
}

async fn assert_every_route_refuses(session: &User, service: &str) {
    for operation in Contract::for_service(service).operations() {
        if !operation.requires_token {
            continue;
        }
        let path = operation.path.replace("{id}", &Uuid::now_v7().to_string());
        let path = path.replace("{attachmentId}", &Uuid::now_v7().to_string());
        let answer = session.api(service).request(operation.method.clone(), &path).send().await;
        assert_eq!(answer.status, 401, "{} {path}: {}", operation.method, answer.body);
    }
}
