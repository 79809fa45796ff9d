//! The roles of the product's functions in the running cloud: what they allow, what they allow for a while, and their
//! credentials.

use serde_json::{Value, json};

use crate::disruption::finish;
use crate::product::Product;
use crate::signature::{Keys, Request, Signer};

/// The one inline policy of a function's role.
const POLICY: &str = "job";

/// A function's role. What is changed in it is put back when this goes, however the test ends.
#[derive(Debug)]
pub struct Role {
    product: Product,
    signer: Signer,
    /// The role's name.
    pub name: String,
    /// The policy as it was deployed.
    pub policy: Value,
    trust: Value,
}

impl Role {
    /// The role of a function.
    pub async fn of(product: &Product, function: &str) -> Self {
        let client = aws_sdk_lambda::Client::new(product.sdk());
        let configuration = client.get_function_configuration().function_name(function).send().await;
        let arn = configuration.expect("a function that is deployed").role.expect("a function with a role");
        let name = arn.rsplit('/').next().expect("a role's name").to_owned();
        let signer = Signer::new(product, Keys::root());
        let document = async |fields: &[(&str, &str)], element: &str| {
            let answer = iam(&signer, fields).await;
            serde_json::from_str(&decoded(&answer, element)).expect("a policy in JSON")
        };
        let policy =
            document(&[("Action", "GetRolePolicy"), ("RoleName", &name), ("PolicyName", POLICY)], "PolicyDocument")
                .await;
        let trust = document(&[("Action", "GetRole"), ("RoleName", &name)], "AssumeRolePolicyDocument").await;
        Self { product: product.clone(), signer, name, policy, trust }
    }

    /// Gives the role another policy.
    pub async fn put(&self, policy: &Value) {
        put(&self.signer, &self.name, policy).await;
    }

    /// Gives the role the policy that was deployed.
    pub async fn restore(&self) {
        self.put(&self.policy).await;
    }

    /// A session of the role. Its trust policy admits Lambda alone: the account is admitted beside it meanwhile, so
    /// that whoever calls is the function's own role, by name and by policy.
    pub async fn session(&self) -> Signer {
        let account = self.account();
        let mut trust = self.trust.clone();
        let ours = json!({
            "Effect": "Allow",
            "Principal": {"AWS": format!("arn:aws:iam::{account}:root")},
            "Action": "sts:AssumeRole",
        });
        trust["Statement"].as_array_mut().expect("statements").push(ours);
        trust_in(&self.signer, &self.name, &trust).await;
        let client = aws_sdk_sts::Client::new(self.product.sdk());
        let arn = format!("arn:aws:iam::{account}:role/{}", self.name);
        let request = client.assume_role().role_arn(arn).role_session_name("permissions-test");
        let session = request.send().await.expect("a role that the account may assume");
        let given = session.credentials.expect("credentials");
        let (id, secret) = (given.access_key_id, given.secret_access_key);
        Signer::new(&self.product, Keys { id, secret, token: Some(given.session_token) })
    }

    fn account(&self) -> &str {
        let arns = self.policy["Statement"].as_array().expect("statements").iter();
        let mut accounts = arns.filter_map(|statement| {
            let resource = &statement["Resource"];
            resource.as_str().or_else(|| resource[0].as_str())?.split(':').nth(4)
        });
        accounts.find(|account| !account.is_empty()).expect("an ARN with an account")
    }
}

/// A policy without the statements that allow actions of this service, such as `dynamodb`.
#[must_use]
pub fn without(policy: &Value, service: &str) -> Value {
    let is_of = |action: &Value| action.as_str().is_some_and(|action| action.starts_with(&format!("{service}:")));
    let mut policy = policy.clone();
    let statements = policy["Statement"].as_array_mut().expect("statements");
    statements.retain(|statement| {
        let action = &statement["Action"];
        !is_of(action) && !action.as_array().is_some_and(|actions| actions.iter().any(is_of))
    });
    policy
}

/// A policy that allows this, too.
#[must_use]
pub fn allowing(policy: &Value, action: &str, resource: &str) -> Value {
    let mut policy = policy.clone();
    let statement = json!({"Effect": "Allow", "Action": action, "Resource": resource});
    policy["Statement"].as_array_mut().expect("statements").push(statement);
    policy
}

impl Drop for Role {
    fn drop(&mut self) {
        let (product, name) = (self.product.clone(), self.name.clone());
        let (policy, trust) = (self.policy.clone(), self.trust.clone());
        finish(async move {
            let signer = Signer::new(&product, Keys::root());
            put(&signer, &name, &policy).await;
            trust_in(&signer, &name, &trust).await;
        });
    }
}

async fn put(signer: &Signer, role: &str, policy: &Value) {
    let policy = policy.to_string();
    let fields = [("Action", "PutRolePolicy"), ("RoleName", role), ("PolicyName", POLICY), ("PolicyDocument", &policy)];
    iam(signer, &fields).await;
}

async fn trust_in(signer: &Signer, role: &str, trust: &Value) {
    let trust = trust.to_string();
    iam(signer, &[("Action", "UpdateAssumeRolePolicy"), ("RoleName", role), ("PolicyDocument", &trust)]).await;
}

async fn iam(signer: &Signer, fields: &[(&str, &str)]) -> String {
    let fields: Vec<_> = fields.iter().copied().chain([("Version", "2010-05-08")]).collect();
    let request = Request { region: Some("us-east-1"), ..Request::query("iam", &fields) };
    let reply = signer.send(&request).await;
    assert_eq!(reply.status, 200, "IAM: {}", reply.body);
    reply.body
}

/// The document in an element of IAM's answer, which is encoded as in a URL.
fn decoded(answer: &str, element: &str) -> String {
    let after = answer.split(&format!("<{element}>")).nth(1).unwrap_or_else(|| panic!("IAM gave no {element}"));
    let text = after.split('<').next().expect("an element's text");
    let url: reqwest::Url = format!("http://document/?it={text}").parse().expect("an encoded document");
    let (_, document) = url.query_pairs().next().expect("a document");
    document.into_owned()
}
