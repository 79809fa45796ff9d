//! Access tokens that expire within seconds. Only the local cloud issues them: on AWS they are valid for five minutes at
//! least.

use serde_json::{Value, json};

use crate::account::User;
use crate::cleanup::run_in_drop;
use crate::product::Product;
use crate::signature::{AccessKeys, Request, Signer};

impl User {
    /// An access token of the user that is valid for this many seconds. The pool's client is changed for a moment, so the
    /// test takes [`Product::alone`].
    pub async fn short_lived_token(&self, seconds: u32) -> String {
        let short = ShortValidity::begin(self.product(), seconds).await;
        let token = self.account.sign_in().await.expect("a sign-in").tokens.access_token;
        drop(short);
        token
    }
}

/// The pool's client issues short-lived access tokens while this value exists.
struct ShortValidity {
    product: Product,
    settings: Value,
}

impl ShortValidity {
    async fn begin(product: &Product, seconds: u32) -> Self {
        let client = json!({"UserPoolId": product.user_pool(), "ClientId": product.user_pool_client()});
        let answer = cognito(product, "DescribeUserPoolClient", &client).await;
        let mut settings = answer["UserPoolClient"].clone();
        for read_only in ["CreationDate", "LastModifiedDate", "ClientSecret"] {
            settings.as_object_mut().expect("a client's settings").remove(read_only);
        }
        let this = Self { product: product.clone(), settings };
        let mut short = this.settings.clone();
        short["AccessTokenValidity"] = json!(seconds);
        short["TokenValidityUnits"]["AccessToken"] = json!("seconds");
        cognito(product, "UpdateUserPoolClient", &short).await;
        this
    }
}

impl Drop for ShortValidity {
    fn drop(&mut self) {
        let (product, settings) = (self.product.clone(), self.settings.clone());
        run_in_drop(async move {
            cognito(&product, "UpdateUserPoolClient", &settings).await;
        });
    }
}

async fn cognito(product: &Product, operation: &str, input: &Value) -> Value {
    let root = Signer::new(product, AccessKeys::root());
    let target = format!("AWSCognitoIdentityProviderService.{operation}");
    let response = root.send(&Request::json("cognito-idp", &target, input)).await;
    assert_eq!(response.status, 200, "{operation}: {}", response.body);
    serde_json::from_str(&response.body).unwrap_or(Value::Null)
}
