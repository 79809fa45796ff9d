//! The permissions of the product's functions: the roles in the running cloud, and the checks that every service runs on
//! its own functions.

pub mod erasure;
pub mod exact;
pub mod failures;
pub mod grants;
pub mod needed;

use serde_json::{Value, json};

use crate::cleanup::run_in_drop;
use crate::product::Product;
use crate::signature::{AccessKeys, Request, SignedResponse, Signer};

/// The inline policy that replaces the deployed policies while a test changes the role.
const TEST_POLICY: &str = "permissions-test";

/// A function's role. Changes are undone when this value is dropped, however the test ends.
#[derive(Debug)]
pub struct FunctionRole {
    product: Product,
    signer: Signer,
    pub name: String,
    /// What the role allows, in one document: the deployed inline policies, and what the boundary leaves of the managed
    /// policies that SAM attaches.
    pub policy: Value,
    deployed: Deployed,
}

/// The deployed state of what a test changes in a role.
#[derive(Clone, Debug)]
struct Deployed {
    inline_policies: Vec<(String, Value)>,
    managed_policies: Vec<String>,
    trust: Value,
}

impl FunctionRole {
    /// The role of a function.
    pub async fn new(product: &Product, function: &str) -> Self {
        let client = aws_sdk_lambda::Client::new(product.sdk());
        let configuration = client.get_function_configuration().function_name(function).send().await;
        let arn = configuration.expect("a function that is deployed").role.expect("a function with a role");
        let name = arn.rsplit('/').next().expect("a role's name").to_owned();
        let signer = Signer::new(product, AccessKeys::root());
        let role = iam(&signer, &[("Action", "GetRole"), ("RoleName", &name)]).await;
        let trust = decoded(&role, "AssumeRolePolicyDocument");
        let inline_policies = inline_policies(&signer, &name).await;
        let attached = iam(&signer, &[("Action", "ListAttachedRolePolicies"), ("RoleName", &name)]).await;
        let managed_policies = elements(&attached, "PolicyArn");

        let mut statements: Vec<Value> =
            inline_policies.iter().flat_map(|(_, policy)| list(&policy["Statement"])).collect();
        if let Some(boundary) = elements(&role, "PermissionsBoundaryArn").first() {
            statements.extend(within(&signer, boundary, &managed_policies).await);
        }
        let policy = json!({"Version": "2012-10-17", "Statement": statements});
        let deployed = Deployed { inline_policies, managed_policies, trust };
        Self { product: product.clone(), signer, name, policy, deployed }
    }

    /// Replaces all policies of the role by one; the boundary stays.
    pub async fn put(&self, policy: &Value) {
        put(&self.signer, &self.name, TEST_POLICY, policy).await;
        for (name, _) in &self.deployed.inline_policies {
            remove(&self.signer, &self.name, name).await;
        }
        for arn in &self.deployed.managed_policies {
            let fields = [("Action", "DetachRolePolicy"), ("RoleName", &*self.name), ("PolicyArn", arn)];
            iam_if_exists(&self.signer, &fields).await;
        }
    }

    /// Restores the deployed policies.
    pub async fn restore(&self) {
        restore(&self.signer, &self.name, &self.deployed).await;
    }

    /// Credentials of the role. The role trusts Lambda only, so the account is added to its trust policy until this value
    /// is dropped.
    pub async fn session(&self) -> Signer {
        let account = self.account();
        let mut trust = self.deployed.trust.clone();
        let account_may_assume = json!({
            "Effect": "Allow",
            "Principal": {"AWS": format!("arn:aws:iam::{account}:root")},
            "Action": "sts:AssumeRole",
        });
        trust["Statement"].as_array_mut().expect("statements").push(account_may_assume);
        set_trust(&self.signer, &self.name, &trust).await;
        let client = aws_sdk_sts::Client::new(self.product.sdk());
        let arn = format!("arn:aws:iam::{account}:role/{}", self.name);
        let request = client.assume_role().role_arn(arn).role_session_name("permissions-test");
        let session = request.send().await.expect("a role that the account may assume");
        let given = session.credentials.expect("credentials");
        let (id, secret) = (given.access_key_id, given.secret_access_key);
        Signer::new(&self.product, AccessKeys { id, secret, token: Some(given.session_token) })
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

/// A policy without the statements that allow actions of this AWS service, such as `dynamodb`.
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

/// A policy that allows one more action.
#[must_use]
pub fn allowing(policy: &Value, action: &str, resource: &str) -> Value {
    let mut policy = policy.clone();
    let statement = json!({"Effect": "Allow", "Action": action, "Resource": resource});
    policy["Statement"].as_array_mut().expect("statements").push(statement);
    policy
}

impl Drop for FunctionRole {
    fn drop(&mut self) {
        let (product, name) = (self.product.clone(), self.name.clone());
        let deployed = self.deployed.clone();
        run_in_drop(async move {
            let signer = Signer::new(&product, AccessKeys::root());
            restore(&signer, &name, &deployed).await;
            set_trust(&signer, &name, &deployed.trust).await;
        });
    }
}

/// The role's inline policies: first those of the template, then those that SAM adds.
async fn inline_policies(signer: &Signer, role: &str) -> Vec<(String, Value)> {
    let answer = iam(signer, &[("Action", "ListRolePolicies"), ("RoleName", role)]).await;
    let mut policies = Vec::new();
    for name in elements(&answer, "member") {
        let fields = [("Action", "GetRolePolicy"), ("RoleName", role), ("PolicyName", &*name)];
        let mut policy = decoded(&iam(signer, &fields).await, "PolicyDocument");
        for statement in policy["Statement"].as_array_mut().expect("statements") {
            // IAM does not distinguish upper and lower case in actions; SAM writes this one in lower case.
            if statement["Action"] == "sns:publish" {
                statement["Action"] = json!("sns:Publish");
            }
        }
        policies.push((name, policy));
    }
    policies.sort_by_key(|(name, _)| !name.contains("RolePolicy"));
    policies
}

/// What a boundary leaves of managed policies: its statements about actions that they allow.
async fn within(signer: &Signer, boundary: &str, managed_policies: &[String]) -> Vec<Value> {
    let mut allowed = Vec::new();
    for arn in managed_policies {
        for statement in list(&managed_policy(signer, arn).await["Statement"]) {
            allowed.extend(list(&statement["Action"]));
        }
    }
    let mut statements = list(&managed_policy(signer, boundary).await["Statement"]);
    statements.retain(|statement| {
        let actions = list(&statement["Action"]);
        !actions.is_empty() && actions.iter().all(|action| allowed.contains(action))
    });
    statements
}

async fn managed_policy(signer: &Signer, arn: &str) -> Value {
    let policy = iam(signer, &[("Action", "GetPolicy"), ("PolicyArn", arn)]).await;
    let version = elements(&policy, "DefaultVersionId").pop().expect("a version");
    let fields = [("Action", "GetPolicyVersion"), ("PolicyArn", arn), ("VersionId", &*version)];
    decoded(&iam(signer, &fields).await, "Document")
}

async fn restore(signer: &Signer, role: &str, deployed: &Deployed) {
    for (name, policy) in &deployed.inline_policies {
        put(signer, role, name, policy).await;
    }
    for arn in &deployed.managed_policies {
        iam(signer, &[("Action", "AttachRolePolicy"), ("RoleName", role), ("PolicyArn", arn)]).await;
    }
    remove(signer, role, TEST_POLICY).await;
}

async fn put(signer: &Signer, role: &str, name: &str, policy: &Value) {
    let policy = policy.to_string();
    let fields = [("Action", "PutRolePolicy"), ("RoleName", role), ("PolicyName", name), ("PolicyDocument", &policy)];
    iam(signer, &fields).await;
}

async fn remove(signer: &Signer, role: &str, name: &str) {
    iam_if_exists(signer, &[("Action", "DeleteRolePolicy"), ("RoleName", role), ("PolicyName", name)]).await;
}

async fn set_trust(signer: &Signer, role: &str, trust: &Value) {
    let trust = trust.to_string();
    iam(signer, &[("Action", "UpdateAssumeRolePolicy"), ("RoleName", role), ("PolicyDocument", &trust)]).await;
}

async fn iam(signer: &Signer, fields: &[(&str, &str)]) -> String {
    let reply = send(signer, fields).await;
    assert_eq!(reply.status, 200, "IAM: {}", reply.body);
    reply.body
}

/// Also succeeds when there is nothing to delete, because a test may change a role twice.
async fn iam_if_exists(signer: &Signer, fields: &[(&str, &str)]) {
    let reply = send(signer, fields).await;
    assert!([200, 404].contains(&reply.status), "IAM: {}", reply.body);
}

async fn send(signer: &Signer, fields: &[(&str, &str)]) -> SignedResponse {
    let fields: Vec<_> = fields.iter().copied().chain([("Version", "2010-05-08")]).collect();
    signer.send(&Request { region: Some("us-east-1"), ..Request::query("iam", &fields) }).await
}

/// The texts of all elements with this name in IAM's response.
fn elements(answer: &str, name: &str) -> Vec<String> {
    let (start, end) = (format!("<{name}>"), format!("</{name}>"));
    answer.split(&start).skip(1).filter_map(|rest| Some(rest.split_once(&end)?.0.to_owned())).collect()
}

/// The policy in an element of IAM's response, which is URL-encoded.
fn decoded(answer: &str, name: &str) -> Value {
    let text = elements(answer, name).pop().unwrap_or_else(|| panic!("IAM returned no {name}"));
    let url: reqwest::Url = format!("http://document/?it={text}").parse().expect("an encoded document");
    let (_, document) = url.query_pairs().next().expect("a document");
    serde_json::from_str(&document).expect("a policy in JSON")
}

/// One value or a list of them.
fn list(value: &Value) -> Vec<Value> {
    match value {
        Value::Null => Vec::new(),
        Value::Array(values) => values.clone(),
        one => vec![one.clone()],
    }
}
