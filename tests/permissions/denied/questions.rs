//! What is asked of every role: what some role may do, and what none may.

use std::collections::BTreeMap;

use reqwest::Method;
use serde_json::{Value, json};
use tests::product::{Product, Service};
use tests::signature::Request;
use uuid::Uuid;

use crate::denied::calls::{mail, put_event, request, rows};
use crate::grants::texts;

/// One action on one resource, under the statement's condition.
pub(super) type Power = (String, String, String);

/// What is asked of a role in one cell of the table.
#[derive(Clone, Debug)]
pub(super) struct Question {
    pub(super) what: String,
    pub(super) attempt: Attempt,
    /// The functions whose roles may do it.
    pub(super) allowed: Vec<String>,
}

/// How it is asked.
#[derive(Clone, Debug)]
pub(super) enum Attempt {
    /// A call by a session of the role.
    Call(Request),
    /// Lambda is told to feed the function from a stream, and asks whether its role may read it.
    ///
    /// <https://docs.aws.amazon.com/lambda/latest/api/API_CreateEventSourceMapping.html>
    Feed(String),
    /// Lambda is told to have the function log to a group, and asks whether its role may write there.
    Log(String),
}

/// What the roles allow, and the functions whose roles do.
pub(super) type Powers = BTreeMap<Power, Vec<String>>;

/// A question for each permission that a role has; one for all that reading a stream, or writing a log, needs.
pub(super) fn of_somebody(powers: &Powers, mark: Uuid) -> Vec<Question> {
    let mut questions = Vec::new();
    for (power, allowed) in powers {
        let (action, resource, _) = power;
        let (what, attempt) = match action.as_str() {
            "dynamodb:GetRecords" => (format!("the stream {resource}"), Attempt::Feed(resource.clone())),
            "dynamodb:DescribeStream"
            | "dynamodb:GetShardIterator"
            | "dynamodb:ListStreams"
            | "logs:CreateLogStream"
            // No call of its own: it is asked beside the making of a schedule.
            | "iam:PassRole" => continue,
            "logs:PutLogEvents" => {
                let group = resource.split(":log-group:").nth(1).and_then(|rest| rest.split(':').next());
                let group = group.expect("a log group's ARN").to_owned();
                (format!("the log {group}"), Attempt::Log(group))
            }
            _ => (format!("{action} on {resource}"), Attempt::Call(request(power, mark))),
        };
        questions.push(Question { what, attempt, allowed: allowed.clone() });
    }
    questions
}

pub(super) fn powers_of(policy: &Value) -> Vec<Power> {
    let mut powers = Vec::new();
    for statement in policy["Statement"].as_array().expect("statements") {
        let condition = statement["Condition"].to_string();
        for action in texts(&statement["Action"]) {
            for resource in texts(&statement["Resource"]) {
                powers.push((action.clone(), resource, condition.clone()));
            }
        }
    }
    powers
}

/// What an intruder in a function would try next, and no function may.
pub(super) fn of_nobody(product: &Product) -> Vec<Question> {
    let env = product.env();
    let iam = |fields: &[(&str, &str)]| {
        let fields: Vec<_> = fields.iter().copied().chain([("Version", "2010-05-08")]).collect();
        Request { region: Some("us-east-1"), ..Request::query("iam", &fields) }
    };
    let policy = r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}"#;
    let pool = |operation: &str, body: &Value| {
        Request::json("cognito-idp", &format!("AWSCognitoIdentityProviderService.{operation}"), body)
    };
    let user = "permissions@example.com";
    let group = json!({"UserPoolId": product.user_pool(), "Username": user, "GroupName": "admin"});
    let password = json!({"UserPoolId": product.user_pool(), "Username": user, "Password": "x", "Permanent": true});
    let ssm =
        json!({"Name": format!("/busline/{env}/users/issuer"), "Value": "x", "Type": "String", "Overwrite": true});
    let rule = json!({"Name": "permissions", "EventBusName": product.bus(), "EventPattern": "{\"source\": [\"x\"]}"});
    let mut all: Vec<(String, Request)> = vec![
        (
            "a policy of its choice".into(),
            iam(&[
                ("Action", "PutRolePolicy"),
                ("RoleName", "permissions"),
                ("PolicyName", "x"),
                ("PolicyDocument", policy),
            ]),
        ),
        ("a new user of the account".into(), iam(&[("Action", "CreateUser"), ("UserName", "permissions")])),
        ("a user of the pool made administrator".into(), pool("AdminAddUserToGroup", &group)),
        ("another's password".into(), pool("AdminSetUserPassword", &password)),
        ("another issuer of tokens".into(), Request::json("ssm", "AmazonSSM.PutParameter", &ssm)),
        ("a rule on the bus".into(), Request::json("events", "AWSEvents.PutRule", &rule)),
        ("an event in nobody's name".into(), put_event(product.bus(), "busline.nobody")),
        ("an event on the default bus".into(), put_event("default", "busline.todos")),
        ("a mail in another's name".into(), mail("chief@busline.example")),
    ];
    for service in Service::ALL {
        let (name, table) = (service.name(), product.table(service));
        let arn = format!(":table/{table}");
        all.push((format!("all rows of {name}"), rows("dynamodb:Scan", &arn, Uuid::nil())));
        let whole = json!({"TableName": table});
        all.push((
            format!("the table of {name} deleted"),
            Request::json("dynamodb", "DynamoDB_20120810.DeleteTable", &whole),
        ));
        let queue = product.dead_letter_queue(service);
        let purge = Request::json("sqs", "AmazonSQS.PurgeQueue", &json!({"QueueUrl": queue}));
        all.push((format!("the dead letters of {name} emptied"), purge));
        let forged = json!({"QueueUrl": queue, "MessageBody": "{}"});
        all.push((format!("a forged dead letter of {name}"), Request::json("sqs", "AmazonSQS.SendMessage", &forged)));
    }
    for function in ["users-post-confirmation", "todos-publish", "notifications-send-welcome-mail"] {
        let path = format!("/2015-03-31/functions/busline-{env}-{function}/invocations");
        all.push((format!("{function} invoked"), Request::plain("lambda", Method::POST, &path, "{}")));
        let path = format!("/2015-03-31/functions/busline-{env}-{function}/configuration");
        all.push((format!("the settings of {function}"), Request::plain("lambda", Method::GET, &path, "")));
    }
    all.into_iter()
        .map(|(what, request)| Question { what, attempt: Attempt::Call(request), allowed: Vec::new() })
        .collect()
}
