//! The product's emails, by which journeys see the effect of an event.

use tests::account::User;
use tests::email::Email;
use tests::wait::eventually;

/// Whether this is the welcome email, in one of its languages.
pub(crate) fn is_welcome(email: &Email) -> bool {
    ["Welcome", "Willkommen"].iter().any(|word| email.subject.starts_with(word))
}

/// Waits for the email about an item, and returns the unsubscribe token in it.
pub(crate) async fn unsubscribe_token(user: &User, title: &str) -> String {
    let about_item = |email: &Email| email.subject.contains(title);
    let email = eventually("an email about the item", async || {
        user.product().emails_to(&user.account.email).await.into_iter().find(about_item)
    });
    let email = email.await;
    let url = email.header("List-Unsubscribe").unwrap().trim_matches(['<', '>']);
    url.split("token=").nth(1).unwrap().to_owned()
}
