//! Whether email can be sent: SES's sandbox and rate, identities, and the emails of user pools.

use anyhow::Result;
use aws_sdk_sesv2::Client;
use aws_sdk_sesv2::operation::get_account::GetAccountOutput;
use aws_sdk_sesv2::operation::get_email_identity::{GetEmailIdentityError, GetEmailIdentityOutput};

use super::names::Deployed;
use super::{Finding, Subject};
use crate::aws;
use crate::planned::Resource;

const SES: &str = "email";
const IDENTITY: &str = "email identity";
const USER_POOL: &str = "emails of sign-ups";

/// Names that nobody can own: <https://www.rfc-editor.org/rfc/rfc2606>
const RESERVED: [&str; 6] = [".example", ".test", ".invalid", ".example.com", ".example.net", ".example.org"];

pub(super) async fn check(subject: &Subject<'_>, deployed: &Deployed) -> Vec<Finding> {
    let client = Client::new(&subject.target.sdk);
    let identities: Vec<&Resource> = subject.plan.of_kind("AWS::SES::EmailIdentity").collect();
    let pools: Vec<&Resource> = subject.plan.of_kind("AWS::Cognito::UserPool").collect();
    let mut findings = Vec::new();
    let shared = shared_identity(subject);
    if !identities.is_empty() || pools.iter().any(|pool| sends_by_ses(pool)) {
        findings.push(account(&client).await);
    }
    let is_planned = !identities.is_empty();
    for identity in identities {
        if let Some(name) = identity.text("EmailIdentity") {
            findings.push(planned_identity(&client, identity, name, deployed).await);
        }
    }
    for pool in pools {
        findings.push(match identity_of_pool(pool) {
            None if sends_by_ses(pool) && is_planned => {
                Finding::ready(USER_POOL, "they have the sender of all emails".to_owned())
            }
            None if sends_by_ses(pool) => user_pool(&client, pool, shared).await,
            literal => user_pool(&client, pool, literal).await,
        });
    }
    findings
}

async fn account(client: &Client) -> Finding {
    match client.get_account().send().await.map_err(aws::failed("read SES's limits")) {
        Ok(account) => judge_account(&account),
        Err(error) => Finding::unknown(SES, &error, "ses:GetAccount"),
    }
}

fn judge_account(account: &GetAccountOutput) -> Finding {
    let quota = account.send_quota.clone().unwrap_or_else(|| aws_sdk_sesv2::types::SendQuota::builder().build());
    let (rate, a_day) = (quota.max_send_rate, quota.max24_hour_send);
    if !account.sending_enabled {
        let status = account.enforcement_status().unwrap_or("without a reason");
        let found = format!("SES sends nothing for this account ({status})");
        let breaks = "every email is refused and ends in a dead-letter queue".to_owned();
        return Finding::stops(SES, [found, breaks, "answer AWS's case about it in the support centre".to_owned()]);
    }
    if !account.production_access_enabled {
        let found =
            format!("SES is in its sandbox: {a_day} emails a day, {rate} a second, to verified addresses alone");
        let breaks = "nobody else can sign up, and emails to others end in a dead-letter queue".to_owned();
        let todo = "ask for production access, which takes about a day: `aws sesv2 put-account-details \
                    --production-access-enabled --mail-type TRANSACTIONAL --website-url https://<your domain>`";
        return Finding::warning(SES, [found, breaks, todo.to_owned()]);
    }
    Finding::ready(SES, format!("SES sends {a_day} emails a day, {rate} a second"))
}

/// An identity that a stack will create.
async fn planned_identity(client: &Client, resource: &Resource, name: &str, deployed: &Deployed) -> Finding {
    let stack = &resource.stack;
    if RESERVED.iter().any(|ending| format!(".{name}").ends_with(ending)) {
        let found = format!("the sender's domain is {name}, which nobody can own");
        let breaks = "SES never sends an email".to_owned();
        let todo = format!("give the sender's parameter of the stack {stack} a value in the environment's file");
        return Finding::stops(IDENTITY, [found, breaks, todo]);
    }
    match look_up(client, name).await {
        Err(error) => Finding::unknown(IDENTITY, &error, "ses:GetEmailIdentity"),
        Ok(None) => Finding::warning(
            IDENTITY,
            [
                format!("{name} is not verified yet; the stack {stack} creates the identity"),
                "SES sends nothing until its DKIM records are in the domain's DNS".to_owned(),
                format!(
                    "deploy {stack}, then add the records that `aws sesv2 get-email-identity --email-identity {name}` shows"
                ),
            ],
        ),
        Ok(Some(_)) if !deployed.owns(name) => Finding::stops(
            IDENTITY,
            [
                format!("the identity {name} exists and is not of the stack {stack}; an account has it once a region"),
                format!("CloudFormation cannot create it, and rolls the stack {stack} back"),
                format!(
                    "let the stack use it, by `{stack}: {{IdentityExists: true}}` in the environment's file, or use another domain"
                ),
            ],
        ),
        Ok(Some(identity)) => judge_identity(IDENTITY, name, &identity),
    }
}

/// The identity that a user pool sends with.
async fn user_pool(client: &Client, pool: &Resource, identity: Option<&str>) -> Finding {
    let Some(name) = identity else {
        return Finding::warning(
            USER_POOL,
            [
                format!(
                    "the user pool of the stack {} sends with Cognito's own sender, some 50 emails a day",
                    pool.stack
                ),
                "the 51st sign-up of a day gets no code".to_owned(),
                "set the pool's EmailConfiguration to DEVELOPER with a verified SES identity before there are users"
                    .to_owned(),
            ],
        );
    };
    match look_up(client, name).await {
        Err(error) => Finding::unknown(USER_POOL, &error, "ses:GetEmailIdentity"),
        Ok(Some(identity)) => judge_identity(USER_POOL, name, &identity),
        Ok(None) => Finding::stops(
            USER_POOL,
            [
                format!(
                    "the user pool of the stack {} sends from {name}, which is no identity of SES here",
                    pool.stack
                ),
                "Cognito refuses the user pool, and the stack is rolled back".to_owned(),
                format!(
                    "`aws sesv2 create-email-identity --email-identity {name}`, and add its DKIM records to the DNS"
                ),
            ],
        ),
    }
}

fn judge_identity(check: &'static str, name: &str, identity: &GetEmailIdentityOutput) -> Finding {
    if identity.verified_for_sending_status {
        return Finding::ready(check, format!("{name} is verified"));
    }
    let tokens = identity.dkim_attributes.as_ref().and_then(|dkim| dkim.tokens.as_deref()).unwrap_or_default();
    let records: Vec<String> =
        tokens.iter().map(|token| format!("{token}._domainkey.{name} CNAME {token}.dkim.amazonses.com")).collect();
    let todo = if records.is_empty() {
        format!("see `aws sesv2 get-email-identity --email-identity {name}`")
    } else {
        format!("add these records to the domain's DNS and wait, mostly minutes: {}", records.join(", "))
    };
    Finding::stops(check, [format!("{name} is not verified"), "SES refuses every email from it".to_owned(), todo])
}

async fn look_up(client: &Client, name: &str) -> Result<Option<GetEmailIdentityOutput>> {
    match client.get_email_identity().email_identity(name).send().await {
        Ok(identity) => Ok(Some(identity)),
        Err(error) if error.as_service_error().is_some_and(GetEmailIdentityError::is_not_found_exception) => Ok(None),
        Err(error) => Err(aws::failed(&format!("look for the identity {name}"))(error)),
    }
}

fn sends_by_ses(pool: &Resource) -> bool {
    pool.properties["EmailConfiguration"]["EmailSendingAccount"] == "DEVELOPER"
}

/// The identity in a user pool's `SourceArn`, if it sends with SES.
fn identity_of_pool(pool: &Resource) -> Option<&str> {
    let arn = pool.properties["EmailConfiguration"]["SourceArn"].as_str().filter(|_| sends_by_ses(pool))?;
    Some(arn.split_once(":identity/")?.1)
}

/// The identity that a stack tells the others by an SSM parameter.
fn shared_identity<'a>(subject: &'a Subject<'_>) -> Option<&'a str> {
    let mut values = subject.plan.of_kind("AWS::SSM::Parameter").filter_map(|parameter| parameter.text("Value"));
    values.find_map(|value| Some(value.split_once(":identity/")?.1))
}
