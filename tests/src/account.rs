//! People: they sign up, confirm and sign in against Cognito as a browser does, without AWS credentials.

use std::sync::Mutex;

use aws_cognito_srp::SrpClient;
use aws_sdk_dynamodb::types::AttributeValue;
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::api::Api;
use crate::product::{Product, Service};
use crate::wait::eventually;

/// The addresses of everybody whom the tests of this run signed up and confirmed.
static CONFIRMED: Mutex<Vec<String>> = Mutex::new(Vec::new());

pub(crate) fn confirmed() -> Vec<String> {
    CONFIRMED.lock().unwrap().clone()
}

/// Somebody with an address and a password.
#[derive(Clone, Debug)]
pub struct Person {
    product: Product,
    /// The address, which is the user name too.
    pub email: String,
    /// The password.
    pub password: String,
}

/// Somebody who has signed in.
#[derive(Clone, Debug)]
pub struct User {
    /// Who they are.
    pub person: Person,
    /// The pool's `sub`: the id by which the product knows them.
    pub id: Uuid,
    /// What they signed in for.
    pub tokens: Tokens,
}

/// What Cognito gives at sign-in.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Tokens {
    /// For the product's APIs.
    pub access_token: String,
    /// For the page alone.
    pub id_token: String,
    /// For new tokens.
    pub refresh_token: String,
}

/// Cognito said no: the error's type, such as `CodeMismatchException`.
#[derive(Debug, PartialEq, Eq)]
pub struct Refused(pub String);

impl Product {
    /// Somebody new, who has done nothing yet.
    pub fn person(&self) -> Person {
        let id = Uuid::new_v4().simple();
        Person { product: self.clone(), email: format!("e2e-{id}@example.com"), password: format!("Pw-{id}") }
    }

    /// Somebody new, signed up, confirmed and signed in.
    pub async fn user(&self) -> User {
        let person = self.person();
        person.sign_up(&[]).await.expect("a sign-up");
        let code = person.mailed_code().await;
        person.confirm(&code).await.expect("a confirmation");
        person.sign_in().await.expect("a sign-in")
    }

    /// Calls Cognito as a browser does: without a signature.
    ///
    /// # Errors
    /// The type of Cognito's error.
    pub async fn cognito(&self, operation: &str, input: Value) -> Result<Value, Refused> {
        let call = self
            .http()
            .post(self.endpoint())
            .header("content-type", "application/x-amz-json-1.1")
            .header("x-amz-target", format!("AWSCognitoIdentityProviderService.{operation}"))
            .body(input.to_string());
        let answer = call.send().await.expect("Cognito answers");
        let succeeded = answer.status().is_success();
        let text = answer.text().await.expect("Cognito's answer has an end");
        let output: Value = serde_json::from_str(&text).unwrap_or(Value::Null);
        if succeeded {
            return Ok(output);
        }
        Err(Refused(output["__type"].as_str().unwrap_or(&text).to_owned()))
    }
}

impl Person {
    /// Signs up, with further attributes (`name`, `locale`, `zoneinfo`).
    ///
    /// # Errors
    /// When Cognito refuses.
    pub async fn sign_up(&self, attributes: &[(&str, &str)]) -> Result<(), Refused> {
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

    /// The confirmation code that Cognito mailed.
    pub async fn mailed_code(&self) -> String {
        eventually("a mail with a confirmation code", async || {
            self.product.mails_to(&self.email).await.iter().find_map(crate::mail::Mail::code)
        })
        .await
    }

    /// Confirms the address with a code.
    ///
    /// # Errors
    /// When Cognito refuses.
    pub async fn confirm(&self, code: &str) -> Result<(), Refused> {
        let input = json!({
            "ClientId": self.product.user_pool_client(),
            "Username": self.email,
            "ConfirmationCode": code,
        });
        self.product.cognito("ConfirmSignUp", input).await?;
        CONFIRMED.lock().unwrap().push(self.email.clone());
        Ok(())
    }

    /// Signs in over SRP: the password does not leave this process.
    ///
    /// <https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-authentication-flow-methods.html>
    ///
    /// # Errors
    /// When Cognito refuses.
    pub async fn sign_in(&self) -> Result<User, Refused> {
        let product = &self.product;
        let client = product.user_pool_client();
        let known = aws_cognito_srp::User::new(product.user_pool(), &self.email, &self.password);
        let srp = SrpClient::new(known, client, None);
        let opening = srp.get_auth_parameters();
        let input = json!({
            "ClientId": client,
            "AuthFlow": "USER_SRP_AUTH",
            "AuthParameters": {"USERNAME": opening.username, "SRP_A": opening.a},
        });
        let challenge = product.cognito("InitiateAuth", input).await?;
        let given = |name: &str| {
            let value = challenge["ChallengeParameters"][name].as_str();
            value.unwrap_or_else(|| panic!("Cognito's challenge has no {name}: {challenge}"))
        };
        let user_id = given("USER_ID_FOR_SRP");
        let proof =
            srp.verify(given("SECRET_BLOCK"), user_id, given("SALT"), given("SRP_B")).expect("a challenge that fits");
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
            .unwrap_or_else(|error| panic!("Cognito gave no tokens: {error}"));
        let id = claims(&tokens.access_token)["sub"].as_str().and_then(|sub| sub.parse().ok());
        Ok(User { person: self.clone(), id: id.expect("a sub that is a UUID"), tokens })
    }
}

impl User {
    /// A service's API, called with this user's access token.
    pub fn api(&self, service: Service) -> Api {
        Api::new(&self.person.product, service).with_token(&self.tokens.access_token)
    }

    /// The users service, called by this user.
    pub fn users(&self) -> Api {
        self.api(Service::Users)
    }

    /// The todos service, called by this user.
    pub fn todos(&self) -> Api {
        self.api(Service::Todos)
    }

    /// The notifications service, called by this user.
    pub fn notifications(&self) -> Api {
        self.api(Service::Notifications)
    }

    /// Deletes themselves at Cognito, with their access token alone.
    ///
    /// <https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_DeleteUser.html>
    pub async fn leave_cognito(&self) {
        let input = json!({"AccessToken": self.tokens.access_token});
        self.person.product.cognito("DeleteUser", input).await.expect("a token that is good for it");
    }

    /// As if their profile had been there for long, for the job that leaves new ones alone.
    pub async fn registered_long_ago(&self) {
        let client = aws_sdk_dynamodb::Client::new(self.product().sdk());
        let (pk, sort) = (format!("USER#{}", self.id), format!("2026-01-01T00:00:00.000Z#{}", self.id));
        let update = client.update_item().table_name(self.product().table(Service::Users));
        let update = update.key("pk", AttributeValue::S(pk)).key("sk", AttributeValue::S("PROFILE".to_owned()));
        let update =
            update.update_expression("SET byRegistration = :sort").condition_expression("attribute_exists(pk)");
        update.expression_attribute_values(":sort", AttributeValue::S(sort)).send().await.expect("a profile");
    }

    /// The product that they use.
    pub fn product(&self) -> &Product {
        &self.person.product
    }

    /// Puts them into a group of the pool, as an operator does; their next tokens say so.
    pub async fn join_group(&self, group: &str) {
        let client = aws_sdk_cognitoidentityprovider::Client::new(self.product().sdk());
        let request = client.admin_add_user_to_group().user_pool_id(self.product().user_pool());
        request.username(&self.person.email).group_name(group).send().await.expect("a group that takes its member");
    }
}

/// What a token says, unverified.
pub fn claims(token: &str) -> Value {
    use base64::Engine;
    let payload = token.split('.').nth(1).expect("a token of three parts");
    let json = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(payload).expect("a token in base64url");
    serde_json::from_slice(&json).expect("a token that holds JSON")
}
