//! Scenarios of profiles and sessions.
#![allow(clippy::expect_used, clippy::panic, reason = "parts of tests: they fail by panicking")]

use aws_json::COGNITO;
use serde_json::{Value, json};
use tests::account::{Account, User};
use tests::permissions::grants::Function;
use tests::permissions::needed::{Outcome, expect_status};
use tests::product::Product;
use uuid::Uuid;

use super::{SERVICE, Workspace, text};

impl Workspace {
    pub(super) async fn exercise_profiles(&self, function: &Function) -> Outcome {
        match function.job.as_str() {
            "get-me" => {
                delete_profile(&self.without_profile).await;
                expect_status(self.without_profile.api(SERVICE).get("/me"), 200).await
            }
            "change-me" => {
                delete_profile(&self.administrator).await;
                let name = json!({"displayName": Uuid::new_v4().to_string()});
                expect_status(self.administrator.api(SERVICE).patch("/me").json(&name), 200).await
            }
            "list-users" => expect_status(self.administrator.api(SERVICE).get("/users"), 200).await,
            "sign-out" => expect_status(self.product.user().await.api(SERVICE).post("/me/sign-out"), 204).await,
            // Nobody can sign in when it fails.
            "pre-token-generation" => self.product.user().await.refresh().await.map(drop).map_err(|error| error.0),
            "post-confirmation" => self.registers().await,
            job => panic!("{job} has no scenario: write here how it does its job"),
        }
    }

    /// The trigger never fails, so the scenario checks whether it has created the profile.
    async fn registers(&self) -> Outcome {
        let account = self.product.new_account();
        let subject = sign_up(&self.product, &account).await;
        let user = json!({"UserPoolId": self.product.user_pool(), "Username": account.email});
        let pool = aws_json::Client::new(self.product.sdk(), COGNITO);
        pool.send("AdminConfirmSignUp", &user).await.expect("a confirmation");
        let client = aws_sdk_dynamodb::Client::new(self.product.sdk());
        let request = client.get_item().table_name(self.product.table(SERVICE)).consistent_read(true);
        let request = request.key("pk", text(&format!("USER#{subject}"))).key("sk", text("PROFILE"));
        let row = request.send().await.expect("the table answers").item;
        row.map(drop).ok_or_else(|| "no profile was written".to_owned())
    }
}

/// Signs an account up; the subject of the new user in the pool.
pub(super) async fn sign_up(product: &Product, account: &Account) -> Uuid {
    account.sign_up(&[]).await.expect("a sign-up");
    let name = json!({"UserPoolId": product.user_pool(), "Username": account.email});
    let found: Value =
        aws_json::Client::new(product.sdk(), COGNITO).call("AdminGetUser", &name).await.expect("the user");
    let attributes = found["UserAttributes"].as_array().into_iter().flatten();
    let sub = attributes.filter(|attribute| attribute["Name"] == "sub").find_map(|sub| sub["Value"].as_str());
    sub.and_then(|sub| sub.parse().ok()).expect("a sub")
}

/// Deletes the profile, as if Cognito's trigger had failed.
async fn delete_profile(user: &User) {
    let product = user.product();
    let request = aws_sdk_dynamodb::Client::new(product.sdk()).delete_item().table_name(product.table(SERVICE));
    let request = request.key("pk", text(&format!("USER#{}", user.id))).key("sk", text("PROFILE"));
    request.send().await.expect("a row that can be deleted");
}
