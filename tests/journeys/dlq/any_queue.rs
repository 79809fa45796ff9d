//! A queue that does not belong to Busline, on an endpoint without Busline.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use tests::cloud::EmptyCloud;
use tests::ops::Operator;
use tests::test_queue::{TestQueue, bytes, text};

use super::is_done;

#[tokio::test]
async fn any_queue_on_an_endpoint_without_busline_can_be_shown_moved_exported_and_imported() {
    let cloud = EmptyCloud::start().await;
    let ops = Operator::with_endpoint(&cloud.endpoint);
    let failed = TestQueue::create(&cloud.sdk(), "payments-failed").await;
    let again = TestQueue::create(&cloud.sdk(), "payments").await;
    again.redrive_to(&failed).await;
    for number in 0..30 {
        let body = json!({"payment": number, "state": if number % 3 == 0 { "refused" } else { "late" }}).to_string();
        let attributes = vec![("try", text("Number", "3")), ("key", bytes("Binary", &[0, 255]))];
        failed.send(&body, attributes, None).await;
    }

    let queues: Value = serde_json::from_str(&ops.run_ok(&["list", "--format", "json"]).await.stdout).unwrap();
    let listed = queues.as_array().unwrap().iter().find(|it| it["queue"] == "payments-failed").expect("our queue");
    assert_eq!((&listed["depth"], &listed["service"]), (&json!(30), &json!(null)), "{listed}");
    assert!(listed["fedBy"].to_string().contains("payments"), "{listed}");
    for queue in ["payments-failed", &failed.url] {
        assert_eq!(ops.peek(queue, &["--field", "$.state=refused"]).await.len(), 10, "{queue}");
        let clusters: Value =
            serde_json::from_str(&ops.run_ok(&["clusters", queue, "--format", "json"]).await.stdout).unwrap();
        assert_eq!((clusters.as_array().map(Vec::len), &clusters[0]["count"]), (Some(1), &json!(30)), "{clusters}");
    }
    let file = ops.file("payments.ndjson");
    ops.run_ok(&["export", &failed.url, "--out", &file]).await;
    let refused = ["--field", "$.state=refused"];
    is_done(&ops.run(&[&["replay", "payments-failed", "--to-queue", "payments"][..], &refused].concat()).await, 10);
    is_done(&ops.run(&["replay", &failed.url, "--to-queue", &again.url]).await, 20);
    failed.wait_for_depth(0).await;
    let moved = again.drain().await;
    assert_eq!(moved.len(), 30);
    assert!(moved.iter().all(|message| {
        message.message_attributes.as_ref().is_some_and(|all| all["key"] == bytes("Binary", &[0, 255]))
    }));

    let imported = ops.run_ok(&["import", "payments-failed", &file]).await.summary();
    assert_eq!(imported["imported"], 30, "{imported}");
    let bodies: BTreeSet<String> = failed.drain().await.into_iter().filter_map(|message| message.body).collect();
    assert_eq!(bodies, moved.into_iter().filter_map(|message| message.body).collect());
}

#[tokio::test]
async fn an_unreachable_queue_or_endpoint_is_reported_in_one_line() {
    let cloud = EmptyCloud::start().await;
    let operator = Operator::with_endpoint(&cloud.endpoint);
    prints_error(&operator, &["peek", "no-such-queue"], 64, "there is no queue `no-such-queue`").await;
    let url = format!("{}/000000000000/no-such-queue", cloud.endpoint);
    prints_error(&operator, &["replay", &url, "--to-queue", "also-not"], 64, "there is no queue").await;

    let unreachable = Operator::with_endpoint("http://127.0.0.1:1");
    prints_error(&unreachable, &["peek", "payments-failed"], 1, "is the endpoint running?").await;
    prints_error(&unreachable, &["list"], 1, "is the endpoint running?").await;
    let unknown =
        Operator::with_endpoint(&cloud.endpoint).without("AWS_ACCESS_KEY_ID").without("AWS_SECRET_ACCESS_KEY");
    prints_error(&unknown, &["peek", "payments-failed"], 1, "credentials").await;
}

async fn prints_error(ops: &Operator, arguments: &[&str], code: i32, said: &str) {
    let ran = ops.run(arguments).await;
    assert_eq!((ran.code, ran.stderr.trim_end().lines().count()), (Some(code), 1), "{arguments:?}: {}", ran.stderr);
    assert!(ran.stderr.contains(said) && ran.stdout.is_empty(), "`{said}` is said: {}{}", ran.stderr, ran.stdout);
}
