//! The demo user, and sign-in over SRP, as a browser does it: the password never leaves this machine.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, bail};
use aws_cognito_srp::{SrpClient, User};
use aws_json::{COGNITO, Client};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::aws::{self, Target};
use crate::mail;
use crate::status::Status;

/// The email address and password of a user.
#[derive(Clone, Debug)]
pub(crate) struct UserCredentials {
    /// The email address, which is the user name too.
    pub(crate) email: String,
    pub(crate) password: String,
}

impl UserCredentials {
    /// The user that every local cloud has. The password protects nothing but a developer's machine.
    pub(crate) fn demo() -> Self {
        Self { email: "demo@example.com".into(), password: "Busline-demo-1".into() }
    }
}

/// The user pool of an environment, through its public client.
#[derive(Debug)]
pub(crate) struct SignIn {
    client: Client,
    pool: String,
    client_id: String,
}

impl SignIn {
    /// Reads which user pool the environment has from its status.
    pub(crate) fn new(target: &Target, status: &Status) -> Result<Self> {
        let absent = || {
            format!(
                "{} has no user pool: deploy the service with `status.user_pool_id` in its manifest (`cargo xtask services \
                 --format json` shows it)",
                target.env
            )
        };
        Ok(Self {
            client: Client::unsigned(&target.sdk, COGNITO),
            pool: status.user_pool_id.clone().with_context(absent)?,
            client_id: status.user_pool_client_id.clone().with_context(absent)?,
        })
    }

    /// Signs in over SRP and returns the access token.
    ///
    /// <https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-authentication-flow-methods.html>
    pub(crate) async fn access_token(&self, user: &UserCredentials) -> Result<String> {
        let srp = SrpClient::new(User::new(&self.pool, &user.email, &user.password), &self.client_id, None);
        let opening = srp.get_auth_parameters();
        let request = json!({
            "ClientId": self.client_id,
            "AuthFlow": "USER_SRP_AUTH",
            "AuthParameters": {"USERNAME": opening.username, "SRP_A": opening.a},
        });
        let challenge = self.client.call::<Step>("InitiateAuth", &request).await;
        let given = challenge.map_err(aws::call_failed("sign in"))?.challenge_parameters;
        let user_id = part(&given, "USER_ID_FOR_SRP")?;
        let proof = srp
            .verify(part(&given, "SECRET_BLOCK")?, user_id, part(&given, "SALT")?, part(&given, "SRP_B")?)
            .map_err(|error| anyhow!("cannot sign in: the SRP challenge is invalid: {error}"))?;
        let request = json!({
            "ClientId": self.client_id,
            "ChallengeName": "PASSWORD_VERIFIER",
            "ChallengeResponses": {
                "USERNAME": user_id,
                "PASSWORD_CLAIM_SECRET_BLOCK": proof.password_claim_secret_block,
                "PASSWORD_CLAIM_SIGNATURE": proof.password_claim_signature,
                "TIMESTAMP": proof.timestamp,
            },
        });
        let answer = self.client.call::<Step>("RespondToAuthChallenge", &request).await;
        let answer = answer.map_err(aws::call_failed("sign in"))?;
        match answer.authentication_result {
            Some(result) => Ok(result.access_token),
            None => {
                bail!("cannot sign in: Cognito asks for {:?}, which this command cannot answer", answer.challenge_name)
            }
        }
    }

    /// Signs a user up, and confirms with the code that the local cloud sent by email, unless the user can sign in.
    pub(crate) async fn ensure_signed_up(&self, target: &Target, user: &UserCredentials) -> Result<SignUp> {
        let before = self.codes(target, user).await?.len();
        match self.sign_up(user).await? {
            SignUp::Created => {}
            SignUp::Existing if self.access_token(user).await.is_ok() => {
                return Ok(SignUp::Existing);
            }
            SignUp::Existing => self.resend_code(user).await?,
        }
        let code = self.wait_for_code(target, user, before).await?;
        let request = json!({"ClientId": self.client_id, "Username": user.email, "ConfirmationCode": code});
        let confirmed = self.client.send("ConfirmSignUp", &request).await;
        confirmed.map_err(aws::call_failed("confirm the sign-up"))?;
        Ok(SignUp::Created)
    }

    async fn sign_up(&self, user: &UserCredentials) -> Result<SignUp> {
        match self.client.send("SignUp", &sign_up_request(&self.client_id, user)).await {
            Ok(()) => Ok(SignUp::Created),
            Err(error) if error.code() == Some("UsernameExistsException") => Ok(SignUp::Existing),
            Err(error) => Err(aws::call_failed("sign up")(error)),
        }
    }

    async fn resend_code(&self, user: &UserCredentials) -> Result<()> {
        let request = json!({"ClientId": self.client_id, "Username": user.email});
        let sent = self.client.send("ResendConfirmationCode", &request).await;
        sent.map_err(aws::call_failed("ask for another confirmation code"))
    }

    async fn wait_for_code(&self, target: &Target, user: &UserCredentials, before: usize) -> Result<String> {
        let deadline = Instant::now() + Duration::from_secs(10);
        while Instant::now() < deadline {
            let codes = self.codes(target, user).await?;
            if let Some(code) = codes.into_iter().skip(before).next_back() {
                return Ok(code);
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        bail!("no email with a confirmation code was sent to {} within 10 s", user.email)
    }

    /// The confirmation codes sent to a user, oldest first.
    async fn codes(&self, target: &Target, user: &UserCredentials) -> Result<Vec<String>> {
        let emails = mail::sent(target).await?;
        let received = emails.iter().filter(|mail| mail.to.contains(&user.email));
        Ok(received.filter_map(|mail| confirmation_code(&mail.text)).collect())
    }
}

/// The request with which a user signs up.
///
/// <https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_SignUp.html>
pub(crate) fn sign_up_request(client_id: &str, user: &UserCredentials) -> Value {
    json!({
        "ClientId": client_id,
        "Username": user.email,
        "Password": user.password,
        "UserAttributes": [{"Name": "email", "Value": user.email}],
    })
}

/// What Cognito answers during a sign-in: the next challenge, or tokens.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Step {
    challenge_name: Option<String>,
    #[serde(default)]
    challenge_parameters: HashMap<String, String>,
    authentication_result: Option<Tokens>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Tokens {
    access_token: String,
}

/// Whether a user was there before.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum SignUp {
    /// The user pool had the user already.
    Existing,
    /// The user signed up now.
    Created,
}

fn part<'a>(parameters: &'a HashMap<String, String>, name: &str) -> Result<&'a str> {
    parameters.get(name).map(String::as_str).with_context(|| format!("Cognito's challenge has no {name}"))
}

/// The first run of exactly six digits.
fn confirmation_code(text: &str) -> Option<String> {
    text.split(|c: char| !c.is_ascii_digit()).find(|digits| digits.len() == 6).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_six_digits_among_other_text() {
        assert_eq!(confirmation_code("In 2026: your code is 012345.").as_deref(), Some("012345"));
        assert_eq!(confirmation_code("Welcome to Busline, 1234567"), None);
    }
}
