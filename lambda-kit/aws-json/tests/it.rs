//! Calls over the wire, to a server that gives scripted answers.
#![allow(clippy::unwrap_used, reason = "a separate test crate: clippy.toml's exception is for test functions")]

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_json::{COGNITO, Client, LOGS, SSM};
use aws_smithy_types::retry::RetryConfig;
use serde_json::{Value, json};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

const OK: &str = "HTTP/1.1 200 OK";
const REFUSED: &str = "HTTP/1.1 400 Bad Request";
const FAILED: &str = "HTTP/1.1 500 Internal Server Error";

/// Answers one request each, and gives the requests back in lower case.
async fn server(answers: Vec<(&'static str, String)>) -> (String, JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let requests = tokio::spawn(async move {
        let mut requests = Vec::new();
        for (status, body) in answers {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = String::new();
            while !is_whole(&request) {
                let mut part = [0; 4096];
                let read = stream.read(&mut part).await.unwrap();
                request.push_str(&String::from_utf8_lossy(&part[..read]).to_lowercase());
            }
            let head = format!("{status}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len());
            stream.write_all(format!("{head}{body}").as_bytes()).await.unwrap();
            requests.push(request);
        }
        requests
    });
    (url, requests)
}

fn is_whole(request: &str) -> bool {
    let Some((head, body)) = request.split_once("\r\n\r\n") else { return false };
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    length.is_some_and(|length| body.len() == length.parse::<usize>().unwrap())
}

fn config(endpoint: &str) -> SdkConfig {
    let credentials = Credentials::new("AKID", "secret", Some("session".into()), None, "test");
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("eu-west-1"))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .retry_config(RetryConfig::standard().with_initial_backoff(Duration::from_millis(1)))
        .endpoint_url(endpoint)
        .build()
}

#[tokio::test]
async fn a_call_is_signed_for_its_service_and_names_its_action() {
    let (url, requests) = server(vec![(OK, json!({"Parameter": {"Value": "x"}}).to_string())]).await;
    let client = Client::new(&config(&url), SSM);
    let answer: Value = client.call("GetParameter", &json!({"Name": "/busline/prod/bus/name"})).await.unwrap();
    assert_eq!(answer["Parameter"]["Value"], "x");
    let request = requests.await.unwrap().remove(0);
    assert!(request.starts_with("post / http/1.1"), "{request}");
    assert!(request.contains("x-amz-target: amazonssm.getparameter\r\n"), "{request}");
    assert!(request.contains("content-type: application/x-amz-json-1.1\r\n"), "{request}");
    assert!(request.contains("/eu-west-1/ssm/aws4_request"), "{request}");
    assert!(request.contains("x-amz-security-token: session\r\n"), "{request}");
    assert!(request.ends_with(r#"{"name":"/busline/prod/bus/name"}"#), "{request}");
}

#[tokio::test]
async fn an_unsigned_call_carries_no_credentials() {
    let (url, requests) = server(vec![(OK, String::new())]).await;
    let answer: Value = Client::unsigned(&config(&url), COGNITO).call("SignUp", &json!({})).await.unwrap();
    assert_eq!(answer, json!({}));
    assert!(!requests.await.unwrap()[0].contains("authorization"));
}

#[tokio::test]
async fn a_refusal_has_the_code_without_its_namespace_and_the_message() {
    let body = json!({"__type": "com.amazonaws.ssm#ParameterNotFound", "message": "no such parameter"});
    let (url, _requests) = server(vec![(REFUSED, body.to_string())]).await;
    let failure = Client::new(&config(&url), SSM).call::<Value>("GetParameter", &json!({})).await.unwrap_err();
    assert_eq!(failure.code(), Some("ParameterNotFound"));
    assert_eq!(failure.refusal().unwrap().to_string(), "ParameterNotFound: no such parameter");
    assert_eq!(failure.to_string(), "GetParameter of ssm failed");
}

#[tokio::test]
async fn throttling_and_server_errors_are_tried_again() {
    let throttled = json!({"__type": "ThrottlingException"}).to_string();
    let (url, requests) =
        server(vec![(REFUSED, throttled), (FAILED, "no json".into()), (OK, json!({"events": []}).to_string())]).await;
    let answer: Value = Client::new(&config(&url), LOGS).call("FilterLogEvents", &json!({})).await.unwrap();
    assert_eq!(answer, json!({"events": []}));
    assert_eq!(requests.await.unwrap().len(), 3);
}

#[tokio::test]
async fn an_answer_of_another_form_is_a_failure_that_names_the_action() {
    #[derive(Debug, serde::Deserialize)]
    struct Page {
        #[expect(dead_code, reason = "only its form matters")]
        events: Vec<String>,
    }

    let (url, _requests) = server(vec![(OK, json!({"events": 3}).to_string())]).await;
    let failure = Client::new(&config(&url), LOGS).call::<Page>("FilterLogEvents", &json!({})).await.unwrap_err();
    assert_eq!(failure.to_string(), "FilterLogEvents of logs does not have the expected form");
    assert_eq!(failure.code(), None);
}
