//! The same on the local cloud, with the conditions that it can be brought into.

use aws_json::{ACM, COGNITO, Client, DYNAMODB, LOGS, Service};
use aws_sdk_s3::config::{Credentials, SharedCredentialsProvider};
use aws_sdk_s3::types::{BucketLocationConstraint, CreateBucketConfiguration};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::task::{self, LocalSet};

use super::{DOMAIN, Level, Probe, of_check};
use crate::aws::Target;
use crate::cloud::{Cloud, LocalCloud};
use crate::home::Home;
use crate::python::Python;

/// Calls an API of the local cloud as its root user, who needs no signature.
async fn call(cloud: Cloud, method: Method, service: &str, path: &str, body: String) -> String {
    let scope = format!(
        "AWS4-HMAC-SHA256 Credential=test/20260101/eu-west-1/{service}/aws4_request, SignedHeaders=host, Signature=0"
    );
    let request = reqwest::Client::new().request(method, format!("{}{path}", cloud.endpoint()));
    let kind = if body.starts_with('{') { "application/json" } else { "application/x-www-form-urlencoded" };
    let request = request.header("authorization", scope).header("content-type", kind);
    request.body(body).send().await.unwrap().text().await.unwrap()
}

/// A user who may only simulate, and create buckets.
async fn user(cloud: Cloud) -> Credentials {
    let iam = async |form: String| call(cloud, Method::POST, "iam", "/", form + "&Version=2010-05-08").await;
    iam("Action=CreateUser&UserName=deploy".into()).await;
    let statement = json!({"Effect": "Allow", "Action": ["iam:*", "s3:*"], "Resource": "*"});
    let policy = json!({"Version": "2012-10-17", "Statement": [statement]}).to_string();
    let form = reqwest::Url::parse_with_params("http://x", [("PolicyDocument", policy)]).unwrap();
    iam(format!("Action=PutUserPolicy&UserName=deploy&PolicyName=p&{}", form.query().unwrap())).await;
    let keys = iam("Action=CreateAccessKey&UserName=deploy".into()).await;
    let text = |tag: &str| keys.split(&format!("<{tag}>")).nth(1).unwrap().split('<').next().unwrap().to_owned();
    Credentials::new(text("AccessKeyId"), text("SecretAccessKey"), None, None, "test")
}

async fn create(probe: &Probe, service: Service, action: &'static str, input: Value) {
    Client::new(&probe.target.sdk, service).send(action, &input).await.unwrap();
}

#[tokio::test]
async fn conditions_of_an_account_are_found_on_the_local_cloud() {
    let repo = Home::find().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let home = repo.beside(folder.path().to_owned());
    let python = Python::ready(&repo).await.unwrap();
    let local = LocalCloud::new(&home);
    let cloud = local.start(&python, None).await.unwrap();
    // As a task, so that the local cloud is stopped also after a failure.
    let tasks = LocalSet::new();
    let outcome = tasks.run_until(async { task::spawn_local(found_on(cloud)).await }).await;
    local.kill().await.unwrap();
    outcome.unwrap();
}

async fn found_on(cloud: Cloud) {
    let mut probe = Probe::new(Target::local(cloud)).await;
    let findings = probe.findings().await;
    // The local cloud runs a hundred: AWS leaves so many unreserved.
    assert_eq!(of_check(&findings, "functions at a time").0, [Level::Stops]);
    for check in ["roles", "stacks", "names", "email", "certificate"] {
        let (levels, text) = of_check(&findings, check);
        assert_eq!(levels, [Level::Ready], "{text}");
    }
    assert_eq!(of_check(&findings, "permissions").0, [Level::Warning], "the root user");

    let names = take_names(&probe).await;
    let details =
        json!({"MailType": "TRANSACTIONAL", "WebsiteURL": "https://shop.net", "ProductionAccessEnabled": false});
    call(cloud, Method::POST, "ses", "/v2/email/account/details", details.to_string()).await;
    call(cloud, Method::POST, "ses", "/v2/email/identities", json!({"EmailIdentity": DOMAIN}).to_string()).await;
    probe.use_domain("arn:aws:acm:us-east-1:000000000000:certificate/none");
    let findings = probe.findings().await;
    let (levels, text) = of_check(&findings, "names");
    assert_eq!(levels.iter().filter(|level| **level == Level::Stops).count(), 4, "{text}");
    assert_eq!(levels.iter().filter(|level| **level == Level::Warning).count(), 1, "{text}");
    assert!(names.iter().all(|name| text.contains(name)), "{names:?} are not all in {text}");
    assert_eq!(of_check(&findings, "email").0, [Level::Warning]);
    assert_eq!(of_check(&findings, "email identity").0, [Level::Stops]);
    assert_eq!(of_check(&findings, "certificate").0, [Level::Stops]);

    let virginia = probe.target.sdk.to_builder().region(aws_config::Region::new("us-east-1")).build();
    let input = json!({"DomainName": "todo.shop.net", "ValidationMethod": "DNS"});
    let requested: Value = Client::new(&virginia, ACM).call("RequestCertificate", &input).await.unwrap();
    probe.use_domain(requested["CertificateArn"].as_str().unwrap());
    let credentials = SharedCredentialsProvider::new(user(cloud).await);
    let certificates = probe.check("certificate").await.0;
    assert_eq!(certificates, [Level::Ready], "the local cloud issues at once");
    probe.target.sdk = probe.target.sdk.to_builder().credentials_provider(credentials).build();
    probe.caller = probe.target.caller().await.unwrap();
    let (levels, text) = probe.check("permissions").await;
    assert!(levels.len() > 5 && levels.iter().all(|level| *level == Level::Stops), "{text}");
    assert!(text.contains("lambda:CreateFunction") && !text.contains("s3:CreateBucket"), "{text}");
}

/// Creates something with a name that a stack will use, of each kind; returns the names.
async fn take_names(probe: &Probe) -> [String; 5] {
    let bucket = probe.name("AWS::S3::Bucket", "BucketName");
    let place = BucketLocationConstraint::from(probe.target.region());
    let place = CreateBucketConfiguration::builder().location_constraint(place).build();
    probe.target.s3().create_bucket().bucket(&bucket).create_bucket_configuration(place).send().await.unwrap();
    let table = probe.name("AWS::DynamoDB::Table", "TableName");
    let input = json!({
        "TableName": table,
        "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
        "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
        "BillingMode": "PAY_PER_REQUEST",
    });
    create(probe, DYNAMODB, "CreateTable", input).await;
    let queue = probe.name("AWS::SQS::Queue", "QueueName");
    aws_sdk_sqs::Client::new(&probe.target.sdk).create_queue().queue_name(&queue).send().await.unwrap();
    let group = probe.name("AWS::Logs::LogGroup", "LogGroupName");
    create(probe, LOGS, "CreateLogGroup", json!({"logGroupName": group})).await;
    let pool = probe.name("AWS::Cognito::UserPool", "UserPoolName");
    create(probe, COGNITO, "CreateUserPool", json!({"PoolName": pool})).await;
    [bucket, table, queue, group, pool]
}
