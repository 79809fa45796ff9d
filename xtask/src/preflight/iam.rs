//! The two calls of IAM that a preflight makes. IAM speaks XML, and its generated SDK crate is one of the largest.

use std::time::{Duration, SystemTime};

use anyhow::{Context, Result, anyhow};
use aws_config::SdkConfig;
use aws_credential_types::provider::ProvideCredentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use reqwest::Url;
use xmlparser::{ElementEnd, Token, Tokenizer};

use crate::aws::Target;

/// IAM has one endpoint for all regions of a partition, which signs as this one.
///
/// <https://docs.aws.amazon.com/general/latest/gr/iam-service.html>
const ENDPOINT: &str = "https://iam.amazonaws.com";
const REGION: &str = "us-east-1";
const VERSION: &str = "2010-05-08";

/// IAM allows few calls a second: a refused one is tried again, after a pause that doubles.
///
/// <https://docs.aws.amazon.com/IAM/latest/APIReference/CommonErrors.html>
const ATTEMPTS: u32 = 6;
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LATER: [&str; 5] =
    ["RequestLimitExceeded", "ServiceFailure", "ServiceUnavailable", "Throttling", "ThrottlingException"];

/// A client of IAM.
pub(super) struct Iam<'a> {
    sdk: &'a SdkConfig,
}

/// What the account has of what it may have.
pub(super) struct Summary {
    pub(super) roles: usize,
    pub(super) roles_quota: usize,
}

/// The answer of the policy simulator.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Simulation {
    /// The actions that the policies do not allow.
    pub(super) denied: Vec<String>,
    /// Whether a condition of a policy needs what only a real request has.
    pub(super) depends_on_request: bool,
}

/// What IAM answers instead of doing what it was asked.
#[derive(Debug, thiserror::Error)]
#[error("IAM refuses {action}: {code}: {message}")]
struct Refusal {
    action: &'static str,
    code: String,
    message: String,
}

impl<'a> Iam<'a> {
    pub(super) fn new(target: &'a Target) -> Self {
        Self { sdk: &target.sdk }
    }

    /// The number and the quota of roles: <https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccountSummary.html>
    pub(super) async fn summary(&self) -> Result<Summary> {
        let leaves = leaves(&self.call("GetAccountSummary", Vec::new()).await?)?;
        let of = |name: &str| {
            let key = leaves.iter().position(|(element, text)| element == "key" && text == name)?;
            leaves.get(key + 1)?.1.parse().ok()
        };
        let numbers = of("Roles").zip(of("RolesQuota"));
        let (roles, roles_quota) = numbers.context("IAM's account summary has no number of roles")?;
        Ok(Summary { roles, roles_quota })
    }

    /// Whether a principal may call actions on a resource.
    ///
    /// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html>
    pub(super) async fn simulate(&self, principal: &str, actions: &[String], resource: &str) -> Result<Simulation> {
        let mut parameters = vec![
            ("PolicySourceArn".to_owned(), principal.to_owned()),
            ("ResourceArns.member.1".to_owned(), resource.to_owned()),
            // The answer is one page.
            ("MaxItems".to_owned(), "1000".to_owned()),
        ];
        for (number, action) in actions.iter().enumerate() {
            parameters.push((format!("ActionNames.member.{}", number + 1), action.clone()));
        }
        simulation(&self.call("SimulatePrincipalPolicy", parameters).await?)
    }

    async fn call(&self, action: &'static str, parameters: Vec<(String, String)>) -> Result<String> {
        let fixed = [("Action".to_owned(), action.to_owned()), ("Version".to_owned(), VERSION.to_owned())];
        let url = Url::parse(self.sdk.endpoint_url().unwrap_or(ENDPOINT))?;
        let form = Url::parse_with_params(ENDPOINT, fixed.into_iter().chain(parameters))?;
        let body = form.query().unwrap_or_default().to_owned();
        let mut pause = FIRST_PAUSE;
        for _ in 1..ATTEMPTS {
            match self.attempt(action, &url, &body).await? {
                Err(refusal) if LATER.contains(&refusal.code.as_str()) => tokio::time::sleep(pause).await,
                answer => return Ok(answer?),
            }
            pause *= 2;
        }
        Ok(self.attempt(action, &url, &body).await??)
    }

    async fn attempt(&self, action: &'static str, url: &Url, body: &str) -> Result<Result<String, Refusal>> {
        let mut request = reqwest::Client::new().post(url.clone());
        for (name, value) in self.headers(url.as_str(), body).await? {
            request = request.header(name, value);
        }
        let response = request.body(body.to_owned()).send().await;
        let response = response.with_context(|| format!("cannot call {action} of IAM"))?;
        let refused = !response.status().is_success();
        let text = response.text().await?;
        Ok(if refused { Err(refusal(action, &text)?) } else { Ok(text) })
    }

    /// The headers of a request, its signature among them.
    async fn headers(&self, url: &str, body: &str) -> Result<Vec<(String, String)>> {
        let provider = self.sdk.credentials_provider().context("there are no credentials")?;
        let identity = provider.provide_credentials().await?.into();
        let parameters = v4::SigningParams::builder()
            .identity(&identity)
            .region(REGION)
            .name("iam")
            .time(SystemTime::now())
            .settings(SigningSettings::default())
            .build()?
            .into();
        let kind = ("content-type", "application/x-www-form-urlencoded; charset=utf-8");
        let request = SignableRequest::new("POST", url, [kind].into_iter(), SignableBody::Bytes(body.as_bytes()))?;
        let (signed, _) = sign(request, &parameters).map_err(|error| anyhow!(error))?.into_parts();
        let signed = signed.headers().chain([kind]);
        Ok(signed.map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
    }
}

fn simulation(xml: &str) -> Result<Simulation> {
    let leaves = leaves(xml)?;
    let texts = |name: &'static str| leaves.iter().filter(move |(element, _)| element == name).map(|(_, text)| text);
    let results = texts("EvalActionName").zip(texts("EvalDecision"));
    let denied = results.filter(|(_, decision)| *decision != "allowed").map(|(action, _)| action.clone());
    Ok(Simulation { denied: denied.collect(), depends_on_request: texts("member").any(|key| !key.is_empty()) })
}

fn refusal(action: &'static str, xml: &str) -> Result<Refusal> {
    let leaves = leaves(xml)?;
    let text = |name| leaves.iter().find(|(element, _)| element == name).map_or("?", |(_, text)| text).to_owned();
    Ok(Refusal { action, code: text("Code"), message: text("Message") })
}

/// The elements without children, with their texts, in the order of the document.
fn leaves(xml: &str) -> Result<Vec<(String, String)>> {
    let mut found = Vec::new();
    let mut open: Option<(String, String)> = None;
    for token in Tokenizer::from(xml) {
        match token.context("IAM did not answer with XML")? {
            Token::ElementStart { local, .. } => open = Some((local.as_str().to_owned(), String::new())),
            Token::Text { text } => open.iter_mut().for_each(|(_, content)| content.push_str(text.as_str())),
            Token::ElementEnd { end: ElementEnd::Close(..), .. } => found.extend(open.take()),
            Token::ElementEnd { end: ElementEnd::Empty, .. } => open = None,
            _ => {}
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_simulator_names_what_is_denied() {
        let result = |action: &str, decision: &str| {
            format!(
                "<member><MatchedStatements><member><SourcePolicyId>p</SourcePolicyId></member></MatchedStatements>\
                 <MissingContextValues/><EvalResourceName>*</EvalResourceName><EvalActionName>{action}</EvalActionName>\
                 <EvalDecision>{decision}</EvalDecision></member>"
            )
        };
        let results = [result("s3:CreateBucket", "allowed"), result("s3:PutObject", "implicitDeny")].concat();
        let xml = format!("<R><EvaluationResults>\n  {results}\n</EvaluationResults></R>");
        let denied = vec!["s3:PutObject".to_owned()];
        assert_eq!(simulation(&xml).unwrap(), Simulation { denied, depends_on_request: false });
        let xml = "<R><MissingContextValues><member>aws:MultiFactorAuthPresent</member></MissingContextValues></R>";
        assert!(simulation(xml).unwrap().depends_on_request);
    }

    #[test]
    fn a_refusal_is_one_line() {
        let xml = "<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>No.</Message></Error></ErrorResponse>";
        assert_eq!(refusal("Get", xml).unwrap().to_string(), "IAM refuses Get: AccessDenied: No.");
    }
}
