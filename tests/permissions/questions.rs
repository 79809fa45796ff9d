//! What every role is asked: what some role may do, and what no role may do.

use std::collections::BTreeMap;

use reqwest::Method;
use serde_json::{Value, json};
use tests::permissions::grants::texts;
use tests::product::Product;
use tests::signature::Request;
use uuid::Uuid;

use crate::requests::{Requests, put_event, rows, send_email};

/// One action on one resource, under the statement's condition.
pub(crate) type Permission = (String, String, String);

/// One question to every role.
#[derive(Clone, Debug)]
pub(crate) struct Question {
    pub(crate) what: String,
    pub(crate) attempt: Attempt,
    /// The functions with a role that allows it.
    pub(crate) allowed: Vec<String>,
}

#[derive(Clone, Debug)]
pub(crate) enum Attempt {
    /// A request with the role's credentials.
    Request(Request),
    /// Lambda is told to invoke the function for a stream, and checks whether its role may read it.
    ///
    /// <https://docs.aws.amazon.com/lambda/latest/api/API_CreateEventSourceMapping.html>
    ReadStream(String),
    /// Lambda is told to write the function's log to a group, and checks whether its role may write there.
    WriteLog(String),
}

/// What the roles allow, with the functions that have these roles.
pub(crate) type Permissions = BTreeMap<Permission, Vec<String>>;

/// A question for each permission of a role; one for all permissions that reading a stream, or writing a log, needs.
pub(crate) fn about_other_roles(requests: &Requests, permissions: &Permissions) -> Vec<Question> {
    let mut questions = Vec::new();
    for (permission, allowed) in permissions {
        let (action, resource, _) = permission;
        let (what, attempt) = match action.as_str() {
            "dynamodb:GetRecords" => (format!("the stream {resource}"), Attempt::ReadStream(resource.clone())),
            "dynamodb:DescribeStream"
            | "dynamodb:GetShardIterator"
            | "dynamodb:ListStreams"
            | "logs:CreateLogStream"
            // There is no separate request for it: it is needed to create a schedule.
            | "iam:PassRole" => continue,
            "logs:PutLogEvents" => {
                let group = resource.split(":log-group:").nth(1).and_then(|rest| rest.split(':').next());
                let group = group.expect("a log group's ARN").to_owned();
                (format!("the log {group}"), Attempt::WriteLog(group))
            }
            _ => (format!("{action} on {resource}"), Attempt::Request(requests.for_permission(permission))),
        };
        questions.push(Question { what, attempt, allowed: allowed.clone() });
    }
    questions
}

/// The permissions of a policy.
pub(crate) fn permissions_in(policy: &Value) -> Vec<Permission> {
    let mut permissions = Vec::new();
    for statement in policy["Statement"].as_array().expect("statements") {
        let condition = statement["Condition"].to_string();
        for action in texts(&statement["Action"]) {
            for resource in texts(&statement["Resource"]) {
                permissions.push((action.clone(), resource, condition.clone()));
            }
        }
    }
    permissions
}

/// What an attacker inside a function would try next, and no function may do.
pub(crate) fn about_no_role(product: &Product, functions: &BTreeMap<String, Vec<String>>) -> Vec<Question> {
    let mut all = about_the_account(product);
    for (service, functions) in functions {
        all.extend(about_a_service(product, service, &functions[0]));
    }
    all.into_iter()
        .map(|(what, request)| Question { what, attempt: Attempt::Request(request), allowed: Vec::new() })
        .collect()
}

fn about_the_account(product: &Product) -> Vec<(String, Request)> {
    let iam = |fields: &[(&str, &str)]| {
        let fields: Vec<_> = fields.iter().copied().chain([("Version", "2010-05-08")]).collect();
        Request { region: Some("us-east-1"), ..Request::query("iam", &fields) }
    };
    let policy = r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}"#;
    let role_policy = [("RoleName", "permissions"), ("PolicyName", "x"), ("PolicyDocument", policy)];
    let put_policy: Vec<_> = [("Action", "PutRolePolicy")].into_iter().chain(role_policy).collect();
    let pool = |operation: &str, body: &Value| {
        Request::json("cognito-idp", &format!("AWSCognitoIdentityProviderService.{operation}"), body)
    };
    let user = "permissions@example.com";
    let group = json!({"UserPoolId": product.user_pool(), "Username": user, "GroupName": "admin"});
    let password = json!({"UserPoolId": product.user_pool(), "Username": user, "Password": "x", "Permanent": true});
    let rule = json!({"Name": "permissions", "EventBusName": product.bus(), "EventPattern": "{\"source\": [\"x\"]}"});
    vec![
        ("another policy of a role".into(), iam(&put_policy)),
        ("a new user of the account".into(), iam(&[("Action", "CreateUser"), ("UserName", "permissions")])),
        ("an administrator of the user pool".into(), pool("AdminAddUserToGroup", &group)),
        ("the password of another user".into(), pool("AdminSetUserPassword", &password)),
        ("a rule on the bus".into(), Request::json("events", "AWSEvents.PutRule", &rule)),
        ("an event of an unknown source".into(), put_event(product.bus(), "busline.unknown")),
        ("an email of another sender".into(), send_email("chief@busline.example")),
    ]
}

fn about_a_service(product: &Product, service: &str, function: &str) -> Vec<(String, Request)> {
    let table = product.table(service);
    let queue = product.dead_letter_queue_url(service);
    let parameter = format!("/busline/{}/{service}/permissions", product.env());
    let parameter = json!({"Name": parameter, "Value": "x", "Type": "String", "Overwrite": true});
    let message = json!({"QueueUrl": queue, "MessageBody": "{}"});
    let path = |end: &str| format!("/2015-03-31/functions/{function}/{end}");
    vec![
        (format!("all rows of {service}"), rows("dynamodb:Scan", &format!(":table/{table}"), Uuid::nil(), "pk")),
        (
            format!("the deletion of the table of {service}"),
            Request::json("dynamodb", "DynamoDB_20120810.DeleteTable", &json!({"TableName": table})),
        ),
        (
            format!("a purge of the dead-letter queue of {service}"),
            Request::json("sqs", "AmazonSQS.PurgeQueue", &json!({"QueueUrl": queue})),
        ),
        (
            format!("a message in the dead-letter queue of {service}"),
            Request::json("sqs", "AmazonSQS.SendMessage", &message),
        ),
        (format!("a parameter of {service}"), Request::json("ssm", "AmazonSSM.PutParameter", &parameter)),
        (format!("an event of {service} on the default bus"), put_event("default", &format!("busline.{service}"))),
        (format!("an invocation of {function}"), Request::plain("lambda", Method::POST, &path("invocations"), "{}")),
        (format!("the settings of {function}"), Request::plain("lambda", Method::GET, &path("configuration"), "")),
    ]
}
