//! Users: they sign up, confirm and sign in against Cognito as a browser does, without AWS credentials.

use aws_cognito_srp::SrpClient;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::api::Api;
use crate::email::Email;
use crate::product::Product;
use crate::wait::eventually;

/// An email address with a password, which may not be signed up yet.
#[derive(Clone, Debug)]
pub struct Account {
    product: Product,
    /// The address, which is the user name too.
    pub email: String,
    pub password: String,
}

/// A user who has signed in.
#[derive(Clone, Debug)]
pub struct User {
    pub account: Account,
    /// The pool's `sub`, by which the services know the user.
    pub id: Uuid,
    pub tokens: Tokens,
}

/// Cognito's answer to a sign-in.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Tokens {
    /// For the product's APIs.
    pub access_token: String,
    /// For the page alone.
    pub id_token: String,
    pub refresh_token: String,
}

/// The type of an error of Cognito, such as `CodeMismatchException`.
#[derive(Debug, PartialEq, Eq)]
pub struct CognitoError(pub String);

impl Product {
    /// A new account that has not signed up.
    pub fn new_account(&self) -> Account {
        let id = Uuid::new_v4().simple();
        Account { product: self.clone(), email: format!("e2e-{id}@example.com"), password: format!("Pw-{id}") }
    }

    /// A new user: signed up, confirmed and signed in.
    pub async fn user(&self) -> User {
        self.new_account().register(&[]).await
    }

    /// Calls Cognito as a browser does: without a signature.
    ///
    /// # Errors
    /// The type of Cognito's error.
    pub async fn cognito(&self, operation: &str, input: Value) -> Result<Value, CognitoError> {
        let request = self
            .http()
            .post(self.endpoint())
            .header("content-type", "application/x-amz-json-1.1")
            .header("x-amz-target", format!("AWSCognitoIdentityProviderService.{operation}"))
            .body(input.to_string());
        let response = request.send().await.expect("Cognito answers");
        let succeeded = response.status().is_success();
        let text = response.text().await.expect("Cognito's response has an end");
        let output: Value = serde_json::from_str(&text).unwrap_or(Value::Null);
        if succeeded {
            return Ok(output);
        }
        Err(CognitoError(output["__type"].as_str().unwrap_or(&text).to_owned()))
    }
}

impl Account {
    /// Signs up with further attributes (`name`, `locale`, `zoneinfo`), confirms and signs in.
    pub async fn register(&self, attributes: &[(&str, &str)]) -> User {
        self.sign_up(attributes).await.expect("a sign-up");
        let code = self.confirmation_code().await;
        self.confirm(&code).await.expect("a confirmation");
        self.sign_in().await.expect("a sign-in")
    }

    /// Signs up, with further attributes.
    ///
    /// # Errors
    /// When Cognito refuses.
    pub async fn sign_up(&self, attributes: &[(&str, &str)]) -> Result<(), CognitoError> {
        let mut all = vec![json!({"Name": "email", "Value": self.email})];
        all.extend(attributes.iter().map(|(name, value)| json!({"Name": name, "Value": value})));
        let input = json!({
            "ClientId": self.product.user_pool_client(),
            "Username": self.email,
            "Password": self.password,
            "UserAttributes": all,
        });
        self.product.cognito("SignUp", input).await.map(drop)
    }

    /// The confirmation code that Cognito sent by email.
    pub async fn confirmation_code(&self) -> String {
        eventually("an email with a confirmation code", async || {
            self.product.emails_to(&self.email).await.iter().find_map(Email::code)
        })
        .await
    }

    /// Confirms the address with a code.
    ///
    /// # Errors
    /// When Cognito refuses.
    pub async fn confirm(&self, code: &str) -> Result<(), CognitoError> {
        let input = json!({
            "ClientId": self.product.user_pool_client(),
            "Username": self.email,
            "ConfirmationCode": code,
        });
        self.product.cognito("ConfirmSignUp", input).await.map(drop)
    }

    /// Signs in over SRP: the password does not leave this process.
    ///
    /// <https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-authentication-flow-methods.html>
    ///
    /// # Errors
    /// When Cognito refuses.
    pub async fn sign_in(&self) -> Result<User, CognitoError> {
        let product = &self.product;
        let client = product.user_pool_client();
        let known = aws_cognito_srp::User::new(product.user_pool(), &self.email, &self.password);
        let srp = SrpClient::new(known, client, None);
        let parameters = srp.get_auth_parameters();
        let input = json!({
            "ClientId": client,
            "AuthFlow": "USER_SRP_AUTH",
            "AuthParameters": {"USERNAME": parameters.username, "SRP_A": parameters.a},
        });
        let challenge = product.cognito("InitiateAuth", input).await?;
        let parameter = |name: &str| {
            let value = challenge["ChallengeParameters"][name].as_str();
            value.unwrap_or_else(|| panic!("Cognito's challenge has no {name}: {challenge}"))
        };
        let user_id = parameter("USER_ID_FOR_SRP");
        let proof = srp.verify(parameter("SECRET_BLOCK"), user_id, parameter("SALT"), parameter("SRP_B"));
        let proof = proof.expect("a valid challenge");
        let input = json!({
            "ClientId": client,
            "ChallengeName": "PASSWORD_VERIFIER",
            "ChallengeResponses": {
                "USERNAME": user_id,
                "PASSWORD_CLAIM_SECRET_BLOCK": proof.password_claim_secret_block,
                "PASSWORD_CLAIM_SIGNATURE": proof.password_claim_signature,
                "TIMESTAMP": proof.timestamp,
            },
        });
        let answer = product.cognito("RespondToAuthChallenge", input).await?;
        let tokens: Tokens = serde_json::from_value(answer["AuthenticationResult"].clone())
            .unwrap_or_else(|error| panic!("Cognito returned no tokens: {error}"));
        let id = claims(&tokens.access_token)["sub"].as_str().and_then(|sub| sub.parse().ok());
        Ok(User { account: self.clone(), id: id.expect("a sub that is a UUID"), tokens })
    }
}

impl User {
    /// A service's API, called with this user's access token.
    pub fn api(&self, service: &str) -> Api {
        Api::new(self.product(), service).with_token(&self.tokens.access_token)
    }

    /// The product in which the user is registered.
    pub fn product(&self) -> &Product {
        &self.account.product
    }

    /// Continues the session, as a page does when its access token is about to expire.
    ///
    /// # Errors
    /// When Cognito refuses.
    pub async fn refresh(&self) -> Result<Self, CognitoError> {
        let client = self.product().user_pool_client();
        let input = json!({"ClientId": client, "RefreshToken": self.tokens.refresh_token});
        let answer = self.product().cognito("GetTokensFromRefreshToken", input).await?;
        let tokens = serde_json::from_value(answer["AuthenticationResult"].clone())
            .unwrap_or_else(|error| panic!("Cognito returned no tokens: {error}"));
        Ok(Self { tokens, ..self.clone() })
    }

    /// When the user entered their password for this session, in seconds since 1970.
    pub fn authenticated_at(&self) -> i64 {
        claims(&self.tokens.access_token)["auth_time"].as_i64().expect("a time of authentication")
    }

    /// Deletes the user in Cognito alone, as an administrator does in the console. The product is not told.
    ///
    /// <https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AdminDeleteUser.html>
    pub async fn delete_from_cognito(&self) {
        let client = aws_sdk_cognitoidentityprovider::Client::new(self.product().sdk());
        let request = client.admin_delete_user().user_pool_id(self.product().user_pool());
        request.username(&self.account.email).send().await.expect("a user of the pool");
    }

    /// Adds the user to a group of the pool, as an operator does. The user's next tokens carry the group.
    pub async fn join_group(&self, group: &str) {
        let client = aws_sdk_cognitoidentityprovider::Client::new(self.product().sdk());
        let request = client.admin_add_user_to_group().user_pool_id(self.product().user_pool());
        request.username(&self.account.email).group_name(group).send().await.expect("a group that accepts a member");
    }
}

/// A token's claims, without verification.
pub fn claims(token: &str) -> Value {
    let payload = token.split('.').nth(1).expect("a token of three parts");
    let json = URL_SAFE_NO_PAD.decode(payload).expect("a token in base64url");
    serde_json::from_slice(&json).expect("a token that holds JSON")
}
