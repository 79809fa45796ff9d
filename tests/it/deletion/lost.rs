//! Somebody is deleted past the product, in the user pool itself: the hourly job finds them, and all goes as ever.

use serde_json::json;
use tests::account::User;
use tests::disruption::invoke;
use tests::mail::Mail;
use tests::product::Product;
use tests::wait::eventually;

use super::life::Neighbours;
use super::{complete, nothing, record};

#[tokio::test]
async fn who_deletes_themselves_at_cognito_is_erased_everywhere_within_the_hour() {
    let product = Product::alone().await;
    let mut two = Neighbours::live(&product).await;
    let (ann, bob) = (&two.ann, &two.bob);

    ann.leave_cognito().await;
    assert!(ann.person.sign_in().await.is_err(), "the pool has lost them");
    an_hour_passes(&product).await;
    assert_eq!(record(ann).await, None, "a profile that is new waits");
    for user in [ann, bob] {
        user.registered_long_ago().await;
    }
    an_hour_passes(&product).await;
    complete(ann).await;
    two.anns.page.ended().await;
    nothing(&product, &two.texts_of_ann()).await;
    super::turned_away(ann).await;

    let new = sign_up_again(&product, ann).await;
    new.registered_long_ago().await;
    an_hour_passes(&product).await;
    for user in [&new, bob] {
        user.users().get("/me").expect(200).await;
        assert_eq!(record(user).await, None, "whom the pool knows stays");
    }
    two.bob_has_everything().await;
    two.forget_failures().await;
}

/// With the same address, and so with another subject.
async fn sign_up_again(product: &Product, gone: &User) -> User {
    gone.person.sign_up(&[]).await.expect("a sign-up");
    // The mail of the first sign-up has a code too.
    eventually("the new code", async || {
        let mails = product.mails_to(&gone.person.email).await;
        for code in mails.iter().filter_map(Mail::code) {
            if gone.person.confirm(&code).await.is_ok() {
                return Some(());
            }
        }
        None
    })
    .await;
    let new = gone.person.sign_in().await.expect("a sign-in");
    assert_ne!(new.id, gone.id);
    new.users().get("/me").expect(200).await;
    assert!(!product.places_of(&[&new.id.to_string()]).await.is_empty());
    new
}

/// The job's schedule calls it.
async fn an_hour_passes(product: &Product) {
    let tick = json!({"source": "aws.events", "detail-type": "Scheduled Event", "detail": {}});
    invoke(product, &format!("busline-{}-users-watch-deletions", product.env()), &tick).await;
}
