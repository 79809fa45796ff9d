//! The demo user, and signing in as a browser does: over SRP, so that the password never leaves this machine.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, bail};
use aws_cognito_srp::{SrpClient, User};
use aws_sdk_cognitoidentityprovider::Client;
use aws_sdk_cognitoidentityprovider::types::{AttributeType, AuthFlowType, ChallengeNameType};

use crate::aws::{self, Target};
use crate::mail;
use crate::status::Status;

/// A person who can sign in.
#[derive(Clone, Debug)]
pub(crate) struct Person {
    /// Also the user name.
    pub(crate) email: String,
    /// The password.
    pub(crate) password: String,
}

impl Person {
    /// The user that every local cloud has. The password protects nothing but a developer's own machine.
    pub(crate) fn demo() -> Self {
        Self { email: "demo@example.com".into(), password: "Busline-demo-1".into() }
    }
}

/// The user pool of an environment, seen as its public client sees it.
#[derive(Debug)]
pub(crate) struct SignIn {
    client: Client,
    pool: String,
    client_id: String,
}

impl SignIn {
    /// The pool that the users stack made.
    pub(crate) fn to(target: &Target, status: &Status) -> Result<Self> {
        let absent = || format!("the users stack is not deployed: `cargo xtask deploy users --env {}`", target.env);
        Ok(Self {
            client: Client::new(&target.sdk),
            pool: status.user_pool_id.clone().with_context(absent)?,
            client_id: status.user_pool_client_id.clone().with_context(absent)?,
        })
    }

    /// Signs in over SRP; gives the access token.
    ///
    /// <https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-authentication-flow-methods.html>
    pub(crate) async fn access_token(&self, person: &Person) -> Result<String> {
        let srp = SrpClient::new(User::new(&self.pool, &person.email, &person.password), &self.client_id, None);
        let opening = srp.get_auth_parameters();
        let challenge = self
            .client
            .initiate_auth()
            .client_id(&self.client_id)
            .auth_flow(AuthFlowType::UserSrpAuth)
            .auth_parameters("USERNAME", opening.username)
            .auth_parameters("SRP_A", opening.a)
            .send()
            .await
            .map_err(aws::failed("sign in"))?;
        let given = challenge.challenge_parameters.unwrap_or_default();
        let user_id = part(&given, "USER_ID_FOR_SRP")?;
        let proof = srp
            .verify(part(&given, "SECRET_BLOCK")?, user_id, part(&given, "SALT")?, part(&given, "SRP_B")?)
            .map_err(|error| anyhow!("cannot sign in: the SRP challenge does not fit: {error}"))?;
        let answer = self
            .client
            .respond_to_auth_challenge()
            .client_id(&self.client_id)
            .challenge_name(ChallengeNameType::PasswordVerifier)
            .challenge_responses("USERNAME", user_id)
            .challenge_responses("PASSWORD_CLAIM_SECRET_BLOCK", proof.password_claim_secret_block)
            .challenge_responses("PASSWORD_CLAIM_SIGNATURE", proof.password_claim_signature)
            .challenge_responses("TIMESTAMP", proof.timestamp)
            .send()
            .await
            .map_err(aws::failed("sign in"))?;
        match answer.authentication_result.and_then(|result| result.access_token) {
            Some(token) => Ok(token),
            None => bail!(
                "cannot sign in: Cognito asks for {:?}, which this command does not answer",
                answer.challenge_name
            ),
        }
    }

    /// Signs a person up and confirms with the code that the local cloud mailed. Nothing to do if they can sign in.
    pub(crate) async fn ensure_confirmed(&self, target: &Target, person: &Person) -> Result<Seeded> {
        let before = self.codes(target, person).await?.len();
        match self.sign_up(person).await? {
            SignedUp::Now => {}
            SignedUp::Before if self.access_token(person).await.is_ok() => {
                return Ok(Seeded::WasThere);
            }
            SignedUp::Before => self.resend_code(person).await?,
        }
        let code = self.wait_for_code(target, person, before).await?;
        let confirmation = self.client.confirm_sign_up().client_id(&self.client_id).username(&person.email);
        confirmation.confirmation_code(code).send().await.map_err(aws::failed("confirm the sign-up"))?;
        Ok(Seeded::Now)
    }

    async fn sign_up(&self, person: &Person) -> Result<SignedUp> {
        let email = AttributeType::builder().name("email").value(&person.email).build()?;
        let request = self.client.sign_up().client_id(&self.client_id).username(&person.email);
        match request.password(&person.password).user_attributes(email).send().await {
            Ok(_) => Ok(SignedUp::Now),
            Err(error)
                if error.as_service_error().is_some_and(
                    aws_sdk_cognitoidentityprovider::operation::sign_up::SignUpError::is_username_exists_exception,
                ) =>
            {
                Ok(SignedUp::Before)
            }
            Err(error) => Err(aws::failed("sign up")(error)),
        }
    }

    async fn resend_code(&self, person: &Person) -> Result<()> {
        let request = self.client.resend_confirmation_code().client_id(&self.client_id).username(&person.email);
        request.send().await.map_err(aws::failed("ask for another confirmation code"))?;
        Ok(())
    }

    async fn wait_for_code(&self, target: &Target, person: &Person, before: usize) -> Result<String> {
        let deadline = Instant::now() + Duration::from_secs(10);
        while Instant::now() < deadline {
            let codes = self.codes(target, person).await?;
            if let Some(code) = codes.into_iter().skip(before).next_back() {
                return Ok(code);
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        bail!("no confirmation code was mailed to {} within 10 s", person.email)
    }

    /// The codes mailed to a person, oldest first.
    async fn codes(&self, target: &Target, person: &Person) -> Result<Vec<String>> {
        let mails = mail::sent(target).await?;
        let theirs = mails.iter().filter(|mail| mail.to.contains(&person.email));
        Ok(theirs.filter_map(|mail| confirmation_code(&mail.text)).collect())
    }
}

/// Whether a person had to be made.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Seeded {
    /// They could sign in already.
    WasThere,
    /// They signed up now.
    Now,
}

enum SignedUp {
    Now,
    Before,
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
