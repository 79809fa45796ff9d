//! The welcome of a new user: one email and one inbox entry.

use serde_json::json;
use tests::injected_fault::EmailSandbox;
use tests::product::Product;
use tests::wait::eventually;

use crate::e2e::emails::is_welcome;
use crate::e2e::inbox;

#[tokio::test]
async fn a_new_user_gets_one_welcome_email_and_one_inbox_entry() {
    let product = Product::shared().await;
    let account = product.new_account();
    let mut registration = product.listen(json!({"detail": {"data": {"email": [account.email]}}})).await;
    let ann = account.register(&[("name", "Ann <Example>"), ("locale", "de-CH")]).await;

    let entries = inbox::wait_for_entries(&ann, 1).await;
    assert_eq!(entries[0]["kind"], "welcome");
    assert_eq!(entries[0]["todoId"], json!(null));
    let received = registration.until(1, "UserRegistered.v1").await;
    assert_eq!(received[0]["detail"]["metadata"]["eventId"], entries[0]["id"]);

    let email =
        eventually("the welcome email", async || product.emails_to(&account.email).await.into_iter().find(is_welcome))
            .await;
    assert!(email.body_text.unwrap().contains("Ann <Example>"));
    assert!(email.body_html.unwrap().contains("Ann &#60;Example&#62;"), "a name is escaped in HTML");
    let all = product.emails_to(&account.email).await;
    assert_eq!(all.iter().filter(|email| is_welcome(email)).count(), 1);
}

/// In the sandbox, the role needs the permission to send for the identity of the recipient, too.
#[tokio::test]
async fn a_verified_address_gets_the_welcome_email_while_the_account_is_in_the_sandbox() {
    let product = Product::alone().await;
    let account = product.new_account();
    let _sandbox = EmailSandbox::begin(&product, &account.email).await;
    account.register(&[]).await;
    eventually("the welcome email", async || product.emails_to(&account.email).await.into_iter().find(is_welcome))
        .await;
}
