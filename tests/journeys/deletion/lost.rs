//! A user is deleted in the user pool itself: the hourly job finds the profile and starts the normal deletion.

use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::json;
use tests::account::User;
use tests::email::Email;
use tests::injected_fault::invoke;
use tests::product::Product;
use tests::wait::eventually;

use super::life::Neighbours;
use super::{complete, nothing, record};

#[tokio::test]
async fn a_user_deleted_in_cognito_is_erased_everywhere_within_an_hour() {
    let product = Product::alone().await;
    let mut two = Neighbours::live(&product).await;
    let (ann, bob) = (&two.ann, &two.bob);

    ann.delete_from_cognito().await;
    assert!(ann.account.sign_in().await.is_err(), "the pool has lost them");
    run_hourly_job(&product).await;
    assert_eq!(record(ann).await, None, "a profile that is new waits");
    for user in [ann, bob] {
        make_registration_old(user).await;
    }
    run_hourly_job(&product).await;
    complete(ann).await;
    two.anns.page.wait_for_close().await;
    nothing(&product, &two.texts_of_ann()).await;
    super::expect_requests_to_fail(ann).await;

    let new = sign_up_again(&product, ann).await;
    make_registration_old(&new).await;
    run_hourly_job(&product).await;
    for user in [&new, bob] {
        user.api("users").get("/me").expect(200).await;
        assert_eq!(record(user).await, None, "users of the pool stay");
    }
    two.expect_bob_to_keep_everything().await;
    two.forget_failures().await;
}

/// With the same address, and so with another subject.
async fn sign_up_again(product: &Product, gone: &User) -> User {
    gone.account.sign_up(&[]).await.expect("a sign-up");
    // The mail of the first sign-up has a code too.
    eventually("the new code", async || {
        let mails = product.emails_to(&gone.account.email).await;
        for code in mails.iter().filter_map(Email::code) {
            if gone.account.confirm(&code).await.is_ok() {
                return Some(());
            }
        }
        None
    })
    .await;
    let new = gone.account.sign_in().await.expect("a sign-in");
    assert_ne!(new.id, gone.id);
    new.api("users").get("/me").expect(200).await;
    assert!(!product.find_everywhere(&[&new.id.to_string()]).await.is_empty());
    new
}

/// Makes the registration look old, for the job that skips new profiles.
async fn make_registration_old(user: &User) {
    let (product, sort) = (user.product(), format!("2026-01-01T00:00:00.000Z#{}", user.id));
    let update = aws_sdk_dynamodb::Client::new(product.sdk()).update_item().table_name(product.table("users"));
    let update = update.key("pk", AttributeValue::S(format!("USER#{}", user.id)));
    let update = update.key("sk", AttributeValue::S("PROFILE".to_owned()));
    let update = update.update_expression("SET byRegistration = :sort").condition_expression("attribute_exists(pk)");
    update.expression_attribute_values(":sort", AttributeValue::S(sort)).send().await.expect("a profile");
}

/// The job's schedule calls it.
async fn run_hourly_job(product: &Product) {
    let tick = json!({"source": "aws.events", "detail-type": "Scheduled Event", "detail": {}});
    invoke(product, &format!("busline-{}-users-watch-deletions", product.env()), &tick).await;
}
