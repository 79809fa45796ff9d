//! The permissions of this service's functions: exact in the template, and each one needed in the running cloud.
#![allow(clippy::disallowed_methods, reason = "tests create ids and read the clock as a client would")]

mod deletions;
mod exports;
mod profiles;

use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::{Value, json};
use tests::account::User;
use tests::permissions::exact;
use tests::permissions::grants::Function;
use tests::permissions::needed::{self, Outcome, Scenarios, expect_status, invoke};
use tests::product::Product;
use tests::wait::eventually;
use uuid::Uuid;

const SERVICE: &str = "users";

/// The ends of resources that contain users' ids.
const OPEN_ENDS: [&str; 6] = [
    "${ExportsBucket.Arn}/archives/*",
    "${ExportsBucket.Arn}/parts/*",
    "${ExportsBucket.Arn}/parts/users/*",
    "-users-exports-${AWS::AccountId}/archives/*",
    "-users-exports-${AWS::AccountId}/parts/*",
    "-users-exports-${AWS::AccountId}/parts/users/*",
];

#[test]
fn every_function_has_an_exact_role() {
    exact::check(SERVICE, &OPEN_ENDS);
}

#[tokio::test]
async fn every_permission_is_missed_when_it_is_removed() {
    let product = Product::alone().await;
    let workspace = Workspace::new(&product).await;
    needed::check(&product, SERVICE, &workspace).await;
}

#[derive(Clone)]
struct Workspace {
    product: Product,
    /// Publishes changes of the profile.
    user: User,
    /// Loses the profile, which is then created again.
    without_profile: User,
    administrator: User,
}

impl Scenarios for Workspace {
    async fn exercise(&self, function: &Function, timeout: Duration) -> Outcome {
        match function.job.as_str() {
            "request-export" | "get-export" | "export" | "participant-exported" => {
                self.exercise_exports(function).await
            }
            "publish" => self.publishes(timeout).await,
            "participant-erased" => self.completes_deletion(function).await,
            "erase" => self.erases(function).await,
            "watch-deletions" => self.finds_removed_pool_user(function).await,
            "delete-me" => expect_status(self.product.user().await.api(SERVICE).delete("/me"), 202).await,
            _ => self.exercise_profiles(function).await,
        }
    }

    /// An erasure reads the whole dead-letter queue, in which other scenarios wait for their messages. A deleted account
    /// makes every service erase.
    fn phase(&self, function: &Function) -> usize {
        match function.job.as_str() {
            "erase" => 1,
            "delete-me" | "watch-deletions" => 2,
            _ => 0,
        }
    }

    async fn finish(&self) {
        deletions::wait_until_complete(&self.product).await;
    }
}

impl Workspace {
    async fn new(product: &Product) -> Self {
        let administrator = product.user().await;
        administrator.join_group("admin").await;
        let administrator = administrator.account.sign_in().await.expect("a sign-in");
        let (user, without_profile) = (product.user().await, product.user().await);
        Self { product: product.clone(), user, without_profile, administrator }
    }

    /// The event of a changed profile is received from the bus.
    async fn publishes(&self, timeout: Duration) -> Outcome {
        let name = Uuid::new_v4().to_string();
        let mut listener = self.product.listen(json!({"detail": {"data": {"displayName": [name]}}})).await;
        let change = || self.user.api(SERVICE).patch("/me").json(&json!({"displayName": name}));
        eventually("a changed profile", async || expect_status(change(), 200).await.ok()).await;
        let received = tokio::time::timeout(timeout, listener.until(1, "UserProfileChanged.v1")).await;
        received.map(drop).map_err(|_| format!("no event within {timeout:?}"))
    }

    async fn invoke(&self, function: &Function, event: &Value) -> Outcome {
        invoke(&self.product, &function.name(self.product.env()), event).await
    }
}

fn text(value: &str) -> AttributeValue {
    AttributeValue::S(value.to_owned())
}

fn texts(values: &[&str]) -> AttributeValue {
    AttributeValue::L(values.iter().map(|value| text(value)).collect())
}
