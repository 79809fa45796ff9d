//! Denied: what the others may, and what nobody may, is refused to each role by the running cloud.
//!
//! Every call is made by a session of the function's own role. The same call passes for the role that may make it, so
//! that a refusal is known to come from the policy and not from a broken call. Calls change nothing: they write on a
//! condition that no row meets, or to names of the test's own.
//!
//! Streams and logs are the exception, since the local cloud refuses direct calls of them to every role: there it is
//! Lambda that acts in the role's name, and asks the role.

use std::collections::BTreeMap;
use std::time::Instant;

use aws_sdk_lambda::error::ProvideErrorMetadata;
use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::{EventSourcePosition, LastUpdateStatus, LogFormat, LoggingConfig};
use reqwest::Method;
use serde_json::{Value, json};
use tests::disruption::finish;
use tests::permissions::Role;
use tests::product::{Product, Service};
use tests::signature::{Keys, Request, Signer};
use tests::wait::eventually;
use tokio::task::{JoinSet, LocalSet};
use uuid::Uuid;

use crate::grants::{jobs, texts};
use crate::report;

/// One action on one resource, under the statement's condition.
type Power = (String, String, String);

/// What is asked of a role in one cell of the table.
#[derive(Clone, Debug)]
struct Question {
    what: String,
    attempt: Attempt,
    /// The functions whose roles may do it.
    allowed: Vec<String>,
}

/// How it is asked.
#[derive(Clone, Debug)]
enum Attempt {
    /// A call by a session of the role.
    Call(Request),
    /// Lambda is told to feed the function from a stream, and asks whether its role may read it.
    ///
    /// <https://docs.aws.amazon.com/lambda/latest/api/API_CreateEventSourceMapping.html>
    Feed(String),
    /// Lambda is told to have the function log to a group, and asks whether its role may write there.
    Log(String),
}

/// A function, its role, and a session of it.
struct Actor {
    product: Product,
    function: String,
    session: Signer,
    /// Puts the role's trust back when it goes.
    _role: Role,
}

#[tokio::test]
async fn permissions_of_neighbours_are_denied() {
    let product = Product::alone().await;
    let begun = Instant::now();
    let mut actors = Vec::new();
    let mut powers = Powers::new();
    for job in jobs() {
        let function = job.function(product.env());
        let role = Role::of(&product, &function).await;
        for power in powers_of(&role.policy) {
            powers.entry(power).or_default().push(function.clone());
        }
        let session = role.session().await;
        actors.push(Actor { product: product.clone(), function, session, _role: role });
    }
    let mark = Uuid::new_v4();
    let mut questions = of_somebody(&powers, mark);
    let neighbours = questions.len();
    questions.extend(of_nobody(&product));

    let (roles, asked) = (actors.len(), questions.len());
    let mut table = Table::default();
    for row in LocalSet::new().run_until(ask_all(actors, &questions)).await {
        table.admitted += row.admitted;
        table.denied += row.denied;
        table.wrong.extend(row.wrong);
    }
    report::print(&format!(
        "\npermissions: {roles} roles × ({neighbours} permissions of somebody, {} of nobody): {} denied, {} admitted as \
         granted, {} wrong, in {:.0?}",
        asked - neighbours,
        table.denied,
        table.admitted,
        table.wrong.len(),
        begun.elapsed(),
    ));
    assert!(table.wrong.is_empty(), "{}", table.wrong.join("\n"));
    clean_up(&product, &powers, mark).await;
}

/// How many questions were answered in which way.
#[derive(Default)]
struct Table {
    admitted: usize,
    denied: usize,
    /// What was neither as it should be.
    wrong: Vec<String>,
}

async fn ask_all(actors: Vec<Actor>, questions: &[Question]) -> Vec<Table> {
    let mut rows = JoinSet::new();
    for actor in actors {
        let questions = questions.to_vec();
        rows.spawn_local(async move { ask(&actor, &questions).await });
    }
    rows.join_all().await
}

/// Asks one role everything.
async fn ask(actor: &Actor, questions: &[Question]) -> Table {
    let mut table = Table::default();
    for question in questions {
        let answer = actor.attempt(&question.attempt).await;
        match (answer, question.allowed.contains(&actor.function)) {
            (Answer::Denied, false) => table.denied += 1,
            (Answer::Admitted(_), true) => table.admitted += 1,
            (Answer::Denied, true) => table.wrong.push(format!("{} was denied {}", actor.function, question.what)),
            (Answer::Admitted(how), false) => {
                table.wrong.push(format!("{} was not denied {}: {how}", actor.function, question.what));
            }
        }
    }
    table
}

enum Answer {
    Denied,
    /// Not denied, whatever else; what was said.
    Admitted(String),
}

impl Actor {
    async fn attempt(&self, attempt: &Attempt) -> Answer {
        match attempt {
            Attempt::Call(request) => {
                let reply = self.session.send(request).await;
                if reply.is_denied() {
                    Answer::Denied
                } else {
                    Answer::Admitted(format!("{} {}", reply.status, reply.body))
                }
            }
            Attempt::Feed(stream) => self.feed(stream).await,
            Attempt::Log(group) => self.log(group).await,
        }
    }

    async fn feed(&self, stream: &str) -> Answer {
        let client = aws_sdk_lambda::Client::new(self.product.sdk());
        let request = client.create_event_source_mapping().function_name(&self.function).event_source_arn(stream);
        match request.enabled(false).starting_position(EventSourcePosition::Latest).send().await {
            Ok(made) => {
                let uuid = made.uuid.expect("a mapping's id");
                client.delete_event_source_mapping().uuid(uuid).send().await.expect("no mapping left");
                Answer::Admitted("a mapping was made".to_owned())
            }
            Err(error) => {
                let said = error.message().unwrap_or_default();
                if said.contains("Cannot access stream") { Answer::Denied } else { Answer::Admitted(said.to_owned()) }
            }
        }
    }

    async fn log(&self, group: &str) -> Answer {
        let own = Logging::of(&self.product, &self.function).await;
        if own.group == group {
            self.invoke().await;
            eventually("a line in the function's own log", async || own.has_line_in(group).await.then_some(())).await;
            return Answer::Admitted("a line was written".to_owned());
        }
        own.set(group).await;
        self.invoke().await;
        own.set(&own.group).await;
        // What was logged before the line that comes now would be there.
        self.invoke().await;
        eventually("a line in the function's own log", async || own.has_line_in(&own.group).await.then_some(())).await;
        if own.has_line_in(group).await { Answer::Admitted("a line was written".to_owned()) } else { Answer::Denied }
    }

    /// With nothing to do: all that counts is that it logs.
    async fn invoke(&self) {
        let client = aws_sdk_lambda::Client::new(self.product.sdk());
        let request = client.invoke().function_name(&self.function).payload(Blob::new("{}"));
        request.send().await.expect("a function that can be invoked");
    }
}

/// Where a function logs. It logs there again when this goes.
struct Logging {
    product: Product,
    function: String,
    group: String,
    since: i64,
}

impl Logging {
    async fn of(product: &Product, function: &str) -> Self {
        let client = aws_sdk_lambda::Client::new(product.sdk());
        let configuration = client.get_function_configuration().function_name(function).send().await;
        let logging = configuration.expect("the function's settings").logging_config.expect("settings of its log");
        let group = logging.log_group.expect("a log group");
        let since = jiff::Timestamp::now().as_millisecond();
        Self { product: product.clone(), function: function.to_owned(), group, since }
    }

    async fn set(&self, group: &str) {
        set_log_group(&self.product, &self.function, group).await;
        let client = aws_sdk_lambda::Client::new(self.product.sdk());
        eventually("a function with new settings", async || {
            let now = client.get_function_configuration().function_name(&self.function).send().await;
            let status = now.expect("the settings").last_update_status;
            (status == Some(LastUpdateStatus::Successful)).then_some(())
        })
        .await;
    }

    async fn has_line_in(&self, group: &str) -> bool {
        let client = aws_sdk_cloudwatchlogs::Client::new(self.product.sdk());
        let request = client.filter_log_events().log_group_name(group).start_time(self.since);
        let mut pages = request.into_paginator().send();
        let stream = format!("/{}[", self.function);
        while let Some(page) = pages.next().await {
            let lines = page.expect("a group's lines").events.unwrap_or_default();
            if lines.iter().any(|line| line.log_stream_name().is_some_and(|name| name.contains(&stream))) {
                return true;
            }
        }
        false
    }
}

impl Drop for Logging {
    fn drop(&mut self) {
        let (product, function, group) = (self.product.clone(), self.function.clone(), self.group.clone());
        finish(async move { set_log_group(&product, &function, &group).await });
    }
}

async fn set_log_group(product: &Product, function: &str, group: &str) {
    let client = aws_sdk_lambda::Client::new(product.sdk());
    let logging = LoggingConfig::builder().log_format(LogFormat::Json).log_group(group).build();
    let request = client.update_function_configuration().function_name(function).logging_config(logging);
    request.send().await.expect("a function whose log can be set");
}

/// What the roles allow, and the functions whose roles do.
type Powers = BTreeMap<Power, Vec<String>>;

/// A question for each permission that a role has; one for all that reading a stream, or writing a log, needs.
fn of_somebody(powers: &Powers, mark: Uuid) -> Vec<Question> {
    let mut questions = Vec::new();
    for (power, allowed) in powers {
        let (action, resource, _) = power;
        let (what, attempt) = match action.as_str() {
            "dynamodb:GetRecords" => (format!("the stream {resource}"), Attempt::Feed(resource.clone())),
            "dynamodb:DescribeStream"
            | "dynamodb:GetShardIterator"
            | "dynamodb:ListStreams"
            | "logs:CreateLogStream" => continue,
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

fn powers_of(policy: &Value) -> Vec<Power> {
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

/// A call that needs this power and no other.
fn request((action, resource, condition): &Power, mark: Uuid) -> Request {
    let name = resource.rsplit([':', '/']).next().unwrap_or_default();
    match action.as_str() {
        _ if action.starts_with("dynamodb:") => rows(action, resource, mark),
        "events:PutEvents" => {
            let condition: Value = serde_json::from_str(condition).expect("a condition");
            let source = texts(&condition["StringEquals"]["events:source"]).remove(0);
            put_event(resource, &source)
        }
        "s3:PutObject" => {
            let path = resource.split(":::").nth(1).expect("a bucket and a prefix").trim_end_matches('*');
            // An empty object in the service's own folder: taken away afterwards, with what the bucket says of it.
            Request::plain("s3", Method::PUT, &format!("/{path}permissions-{mark}"), "")
        }
        "s3:ListBucket" => {
            let bucket = resource.split(":::").nth(1).expect("a bucket");
            Request::plain("s3", Method::GET, &format!("/{bucket}?list-type=2&max-keys=1"), "")
        }
        "sns:Publish" => {
            let message = format!("permissions-{mark}");
            let body = json!({"mark": message}).to_string();
            let fields = [("Action", "Publish"), ("TopicArn", resource), ("Message", &body), ("Version", "2010-03-31")];
            Request::query("sns", &fields)
        }
        "ses:SendEmail" => {
            let condition: Value = serde_json::from_str(condition).expect("a condition");
            let sender = texts(&condition["StringEquals"]["ses:FromAddress"]).remove(0);
            mail(&sender)
        }
        "cognito-idp:AdminGetUser" => {
            let body = json!({"UserPoolId": name, "Username": mark});
            Request::json("cognito-idp", "AWSCognitoIdentityProviderService.AdminGetUser", &body)
        }
        other => panic!("there is no call for {other}: write here one that needs it alone"),
    }
}

/// A call of DynamoDB about a row that is not there.
fn rows(action: &str, resource: &str, mark: Uuid) -> Request {
    let operation = action.trim_start_matches("dynamodb:");
    let key = json!({"pk": {"S": format!("PERMISSIONS#{mark}")}, "sk": {"S": "PERMISSIONS"}});
    let mut body = json!({"TableName": table(resource)});
    match operation {
        "GetItem" => body["Key"] = key,
        "PutItem" | "DeleteItem" | "UpdateItem" => {
            body[if operation == "PutItem" { "Item" } else { "Key" }] = key;
            body["ConditionExpression"] = json!("attribute_exists(pk)");
            if operation == "UpdateItem" {
                body["UpdateExpression"] = json!("SET x = :x");
                body["ExpressionAttributeValues"] = json!({":x": {"S": "x"}});
            }
        }
        "Query" => {
            let index = resource.split("/index/").nth(1);
            body["KeyConditionExpression"] = json!("#key = :key");
            // The one index with a partition key of its own.
            let partition = if index == Some("byRegistration") { "directory" } else { "pk" };
            body["ExpressionAttributeNames"] = json!({"#key": partition});
            body["ExpressionAttributeValues"] = json!({":key": {"S": "PERMISSIONS"}});
            if let Some(index) = index {
                body["IndexName"] = json!(index);
            }
        }
        "Scan" => body["Limit"] = json!(1),
        other => panic!("there is no call for dynamodb:{other}: write here one that needs it alone"),
    }
    Request::json("dynamodb", &format!("DynamoDB_20120810.{operation}"), &body)
}

fn table(arn: &str) -> &str {
    arn.split(":table/").nth(1).and_then(|rest| rest.split('/').next()).expect("a table's ARN")
}

/// An event that no rule matches.
fn put_event(bus: &str, source: &str) -> Request {
    let entry = json!({"EventBusName": bus, "Source": source, "DetailType": "PermissionsTested.v1", "Detail": "{}"});
    Request::json("events", "AWSEvents.PutEvents", &json!({"Entries": [entry]}))
}

fn mail(sender: &str) -> Request {
    let body = json!({
        "FromEmailAddress": sender,
        "Destination": {"ToAddresses": ["permissions@example.com"]},
        "Content": {"Simple": {"Subject": {"Data": "Permissions"}, "Body": {"Text": {"Data": "x"}}}},
    });
    let headers = vec![("content-type", "application/json".to_owned())];
    Request { headers, ..Request::plain("ses", Method::POST, "/v2/email/outbound-emails", &body.to_string()) }
}

/// What an intruder in a function would try next, and no function may.
fn of_nobody(product: &Product) -> Vec<Question> {
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
        ("all users of the pool".into(), pool("ListUsers", &json!({"UserPoolId": product.user_pool()}))),
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
        for (what, operation) in [("read", "ReceiveMessage"), ("emptied", "PurgeQueue")] {
            let request = Request::json("sqs", &format!("AmazonSQS.{operation}"), &json!({"QueueUrl": queue}));
            all.push((format!("the dead letters of {name} {what}"), request));
        }
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

/// Takes away what the admitted calls left: objects, and what buckets and topics said to the dead-letter queues.
async fn clean_up(product: &Product, powers: &Powers, mark: Uuid) {
    let root = Signer::new(product, Keys::root());
    for service in Service::ALL {
        let failures = format!("busline-{}-{}-failures", product.env(), service.name());
        let ours = powers.iter().filter(|((action, resource, _), _)| {
            ["sns:Publish", "s3:PutObject"].contains(&action.as_str()) && resource.contains(&failures)
        });
        let expected: usize = ours.map(|(_, allowed)| allowed.len()).sum();
        let queue = product.dead_letters(service);
        let part = format!("permissions-{mark}");
        let letters = eventually("what was published", async || {
            let letters = queue.with(&part).await;
            (letters.len() >= expected).then_some(letters)
        });
        for letter in letters.await {
            queue.remove(&letter).await;
            let told = &letter.body["Records"][0]["s3"];
            if let (Some(bucket), Some(key)) = (told["bucket"]["name"].as_str(), told["object"]["key"].as_str()) {
                let reply = root.send(&Request::plain("s3", Method::DELETE, &format!("/{bucket}/{key}"), "")).await;
                assert_eq!(reply.status, 204, "{}", reply.body);
            }
        }
    }
}
