//! An endpoint with recorded answers: an account that is ready, of which a test changes one answer.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_s3::config::{Credentials, SharedCredentialsProvider};
use serde_json::json;

use super::{CERTIFICATE, DOMAIN, ENV, Level, Probe};
use crate::aws::Target;

/// The status and the body of an answer.
type Answer = (u16, String);

/// `action` is the header `X-Amz-Target`'s, the form's `Action`, or method and path.
type Answers = Arc<dyn Fn(&str, &str) -> Option<Answer> + Send + Sync>;

fn xml(action: &str, result: &str) -> Answer {
    (200, format!("<{action}Response><{action}Result>{result}</{action}Result></{action}Response>"))
}

fn xml_error(code: &str, message: &str) -> Answer {
    (400, format!("<ErrorResponse><Error><Code>{code}</Code><Message>{message}</Message></Error></ErrorResponse>"))
}

fn summary(roles: usize) -> Answer {
    let entry = |key: &str, value: usize| format!("<entry><key>{key}</key><value>{value}</value></entry>");
    let map = entry("Groups", 3) + &entry("Roles", roles) + &entry("RolesQuota", 1000);
    xml("GetAccountSummary", &format!("<SummaryMap>{map}</SummaryMap>"))
}

fn mail(production: bool, sending: bool) -> Answer {
    let quota = json!({"Max24HourSend": 200.0, "MaxSendRate": 1.0, "SentLast24Hours": 0.0});
    let account = json!({
        "ProductionAccessEnabled": production, "SendingEnabled": sending, "EnforcementStatus": "SHUTDOWN", "SendQuota": quota,
    });
    (200, account.to_string())
}

fn identity(verified: bool) -> Answer {
    let dkim = json!({"Tokens": ["abc"], "Status": "PENDING"});
    (200, json!({"VerifiedForSendingStatus": verified, "DkimAttributes": dkim}).to_string())
}

fn certificate(status: &str) -> Answer {
    (200, json!({"Certificate": {"Status": status, "DomainName": "todo.shop.net"}}).to_string())
}

fn stack(status: &str) -> Answer {
    let stack = format!(
        "<member><StackName>s</StackName><CreationTime>2026-01-01T00:00:00Z</CreationTime><StackStatus>{status}</StackStatus></member>"
    );
    xml("DescribeStacks", &format!("<Stacks>{stack}</Stacks>"))
}

/// What an account answers that is ready for its first deployment.
fn ready(action: &str) -> Answer {
    let not_found = |code: &str| (404, json!({"__type": code, "message": "none"}).to_string());
    match action {
        "GetCallerIdentity" => xml(
            "GetCallerIdentity",
            "<Arn>arn:aws:iam::123456789012:user/deploy</Arn><UserId>U</UserId><Account>123456789012</Account>",
        ),
        "GET /2016-08-19/account-settings" => {
            (200, json!({"AccountLimit": {"ConcurrentExecutions": 1000}}).to_string())
        }
        "GetAccountSummary" => summary(10),
        "DescribeStacks" => xml_error("ValidationError", "Stack with id x does not exist"),
        "ListStackResources" => xml("ListStackResources", "<StackResourceSummaries/>"),
        "GetQueueUrl" => (400, json!({"__type": "com.amazonaws.sqs#QueueDoesNotExist"}).to_string()),
        "DescribeLogGroups" | "ListUserPools" => (200, "{}".to_owned()),
        "GET /v2/email/account" => mail(true, true),
        "SimulatePrincipalPolicy" => xml("SimulatePrincipalPolicy", ""),
        "DescribeCertificate" => certificate("ISSUED"),
        _ if action.starts_with("GET /v2/email/identities/") => not_found("NotFoundException"),
        _ => not_found("ResourceNotFoundException"),
    }
}

/// A subject on an endpoint that answers as a ready account does, unless `changed` has another answer.
async fn probe(changed: impl Fn(&str, &str) -> Option<Answer> + Send + Sync + 'static) -> Probe {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let changed: Answers = Arc::new(changed);
    thread::spawn(move || {
        for connection in listener.incoming() {
            let changed = Arc::clone(&changed);
            thread::spawn(move || answer(connection.unwrap(), &changed));
        }
    });
    let credentials = Credentials::new("id", "secret", None, None, "test");
    let sdk = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("eu-west-1"))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .endpoint_url(url)
        .build();
    let mut probe = Probe::new(Target { env: ENV.into(), sdk, cloud: None }).await;
    probe.use_domain(CERTIFICATE);
    probe
}

fn answer(mut stream: TcpStream, changed: &Answers) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let (mut length, mut head, mut target) = (0, String::new(), None);
    reader.read_line(&mut head).unwrap();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        let lower = line.to_ascii_lowercase();
        if let Some(value) = lower.strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        if lower.starts_with("x-amz-target:") {
            target = line.trim().rsplit('.').next().map(str::to_owned);
        }
        if line.trim().is_empty() {
            break;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    let body = String::from_utf8(body).unwrap();
    let form = body.split('&').find_map(|field| field.strip_prefix("Action=")).map(str::to_owned);
    let (line, _) = head.rsplit_once(' ').unwrap();
    let action = target.or(form).unwrap_or_else(|| line.split('?').next().unwrap().to_owned());
    let (status, text) = changed(&action, &body).unwrap_or_else(|| ready(&action));
    let code = serde_json::from_str::<serde_json::Value>(&text).ok();
    let code = code.and_then(|error| error["__type"].as_str().map(|code| format!("x-amzn-errortype: {code}\r\n")));
    let response = format!(
        "HTTP/1.1 {status} Answer\r\ncontent-length: {}\r\nconnection: close\r\n{}\r\n",
        text.len(),
        code.unwrap_or_default()
    );
    let text = if line.starts_with("HEAD") { "" } else { &text };
    stream.write_all((response + text).as_bytes()).unwrap();
}

/// The level and texts of a check when one action has another answer.
async fn with(check: &str, action: &'static str, answer: Answer) -> (Vec<Level>, String) {
    let probe = probe(move |called, _| called.starts_with(action).then(|| answer.clone())).await;
    probe.check(check).await
}

#[tokio::test]
async fn nothing_stops_the_deployment_to_a_ready_account() {
    let findings = probe(|_, _| None).await.subject().examine().await.unwrap();
    let not_ready: Vec<_> = findings.iter().filter(|finding| finding.level != Level::Ready).collect();
    // The account is not in a file, and the stack creates the identity.
    let expected = ["account", "email identity"];
    assert!(
        not_ready.iter().all(|finding| finding.level == Level::Warning && expected.contains(&finding.check)),
        "{not_ready:#?}"
    );
    for check in ["toolchain", "functions at a time", "roles", "stacks", "names", "email", "certificate", "permissions"]
    {
        assert!(findings.iter().any(|finding| finding.check == check && finding.level == Level::Ready), "{check}");
    }
}

#[tokio::test]
async fn the_ten_functions_of_a_new_account_are_told() {
    let ten = json!({"AccountLimit": {"ConcurrentExecutions": 10}}).to_string();
    let (levels, text) = with("functions at a time", "GET /2016-08-19/account-settings", (200, ten)).await;
    assert_eq!(levels, [Level::Stops], "{text}");
    assert!(text.contains("runs 10 functions") && text.contains("L-B99A9384"), "{text}");
}

#[tokio::test]
async fn too_few_roles_are_told() {
    let (levels, text) = with("roles", "GetAccountSummary", summary(990)).await;
    assert_eq!(levels, [Level::Stops], "{text}");
}

#[tokio::test]
async fn the_sandbox_and_a_pause_of_ses_are_told() {
    let (levels, text) = with("email", "GET /v2/email/account", mail(false, true)).await;
    assert_eq!(levels, [Level::Warning], "{text}");
    assert!(text.contains("200 emails a day, 1 a second"), "{text}");
    let (levels, text) = with("email", "GET /v2/email/account", mail(true, false)).await;
    assert_eq!(levels, [Level::Stops], "{text}");
    assert!(text.contains("SHUTDOWN"), "{text}");
}

#[tokio::test]
async fn an_identity_of_something_else_is_told() {
    let (levels, text) = with("email identity", "GET /v2/email/identities/", identity(true)).await;
    assert_eq!(levels, [Level::Stops], "{text}");
    assert!(text.contains(&format!("the identity {DOMAIN} exists")), "{text}");
}

#[tokio::test]
async fn the_identity_of_a_user_pool_must_be_verified() {
    for (found, expected) in [(Some(true), Level::Ready), (Some(false), Level::Stops), (None, Level::Stops)] {
        let mut probe =
            probe(move |action, _| action.starts_with("GET /v2/email/identities/").then(|| found.map(identity))?).await;
        let email =
            json!({"EmailSendingAccount": "DEVELOPER", "SourceArn": "arn:aws:ses:eu-west-1:1:identity/shop.net"});
        probe.set("AWS::Cognito::UserPool", "EmailConfiguration", &email);
        let (levels, text) = probe.check("emails of sign-ups").await;
        assert_eq!(levels, [expected], "{text}");
        assert_eq!(text.contains("abc._domainkey.shop.net CNAME"), found == Some(false), "{text}");
    }
}

#[tokio::test]
async fn a_stack_that_cannot_change_is_told() {
    let (levels, text) = with("stacks", "DescribeStacks", stack("UPDATE_ROLLBACK_FAILED")).await;
    assert_eq!(levels, [Level::Stops], "{text}");
    let (levels, text) = with("stacks", "DescribeStacks", stack("CREATE_COMPLETE")).await;
    assert_eq!(levels, [Level::Ready], "{text}");
}

#[tokio::test]
async fn names_in_use_are_told() {
    for (action, answer, expected) in [
        ("DescribeTable", (200, json!({"Table": {}}).to_string()), "AWS::DynamoDB::Table"),
        ("HEAD /", (200, String::new()), "AWS::S3::Bucket"),
        ("HEAD /", (403, String::new()), "or you lack the permission to see it"),
        ("GetQueueUrl", (200, json!({"QueueUrl": "u"}).to_string()), "AWS::SQS::Queue"),
        ("GET /2015-03-31/functions/", (200, "{}".to_owned()), "AWS::Serverless::Function"),
    ] {
        let (levels, text) = with("names", action, answer).await;
        assert!(levels.iter().all(|level| *level == Level::Stops) && text.contains(expected), "{text}");
    }
}

#[tokio::test]
async fn a_certificate_that_is_missing_or_not_issued_is_told() {
    let (levels, text) = with("certificate", "DescribeCertificate", certificate("PENDING_VALIDATION")).await;
    assert_eq!(levels, [Level::Stops], "{text}");
    let none = (400, json!({"__type": "ResourceNotFoundException"}).to_string());
    let (levels, text) = with("certificate", "DescribeCertificate", none).await;
    assert_eq!(levels, [Level::Stops], "{text}");
}

#[tokio::test]
async fn denied_actions_are_told_and_a_caller_who_may_not_simulate_is_not_judged() {
    let denied = "<EvaluationResults><member><EvalActionName>s3:CreateBucket</EvalActionName><EvalDecision>implicitDeny\
                  </EvalDecision></member></EvaluationResults>";
    let probe = probe(move |action, body| {
        let is_about_buckets = action == "SimulatePrincipalPolicy" && body.contains("s3%3ACreateBucket");
        is_about_buckets.then(|| xml("SimulatePrincipalPolicy", denied))
    });
    let (levels, text) = probe.await.check("permissions").await;
    assert_eq!(levels, [Level::Stops], "{text}");
    assert!(text.contains("user/deploy may not call s3:CreateBucket on arn:aws:s3:::busline-probe-"), "{text}");
    let refusal = xml_error("AccessDenied", "not authorized to perform iam:SimulatePrincipalPolicy");
    let (levels, text) = with("permissions", "SimulatePrincipalPolicy", refusal).await;
    assert_eq!(levels, [Level::Unknown], "{text}");
}

#[tokio::test]
async fn a_throttled_simulation_is_tried_again() {
    let throttled = AtomicUsize::new(0);
    let probe = probe(move |action, _| {
        let is_throttled = action == "SimulatePrincipalPolicy" && throttled.fetch_add(1, Ordering::Relaxed) < 2;
        is_throttled.then(|| xml_error("Throttling", "Rate exceeded"))
    });
    let (levels, text) = probe.await.check("permissions").await;
    assert_eq!(levels, [Level::Ready], "{text}");
}

#[tokio::test]
async fn what_the_caller_may_not_read_cannot_be_told() {
    let refused = |_: &str, _: &str| Some((403, json!({"__type": "AccessDeniedException"}).to_string()));
    let probe =
        probe(move |action, body| if action == "GetCallerIdentity" { None } else { refused(action, body) }).await;
    let findings = probe.findings().await;
    let checks = findings.iter().filter(|finding| !["account", "parameters"].contains(&finding.check));
    assert!(
        checks.clone().count() >= 4 && checks.clone().all(|finding| finding.level == Level::Unknown),
        "{findings:#?}"
    );
}
