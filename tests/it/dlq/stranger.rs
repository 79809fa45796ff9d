//! A queue that Busline did not make, on an endpoint where nothing of Busline is deployed.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use tests::cloud::EmptyCloud;
use tests::ops::Operator;
use tests::own_queue::{OwnQueue, bytes, text};

use super::is_done;

#[tokio::test]
async fn a_stranger_s_queue_on_an_empty_endpoint_is_looked_at_moved_exported_and_imported() {
    let cloud = EmptyCloud::start().await;
    let ops = Operator::stranger(&cloud.endpoint);
    let failed = OwnQueue::make(&cloud.sdk(), "payments-failed").await;
    let again = OwnQueue::make(&cloud.sdk(), "payments").await;
    again.gives_up_to(&failed).await;
    for number in 0..30 {
        let body = json!({"payment": number, "state": if number % 3 == 0 { "refused" } else { "late" }}).to_string();
        let attributes = vec![("try", text("Number", "3")), ("key", bytes("Binary", &[0, 255]))];
        failed.send(&body, attributes, None).await;
    }

    let queues: Value = serde_json::from_str(&ops.done(&["list", "--format", "json"]).await.out).unwrap();
    let listed = queues.as_array().unwrap().iter().find(|it| it["queue"] == "payments-failed").expect("our queue");
    assert_eq!((&listed["depth"], &listed["service"]), (&json!(30), &json!(null)), "{listed}");
    assert!(listed["fedBy"].to_string().contains("payments"), "{listed}");
    for queue in ["payments-failed", &failed.url] {
        assert_eq!(ops.peek(queue, &["--field", "$.state=refused"]).await.len(), 10, "{queue}");
        let clusters: Value =
            serde_json::from_str(&ops.done(&["clusters", queue, "--format", "json"]).await.out).unwrap();
        assert_eq!((clusters.as_array().map(Vec::len), &clusters[0]["count"]), (Some(1), &json!(30)), "{clusters}");
    }
    let file = ops.file("payments.ndjson");
    ops.done(&["export", &failed.url, "--out", &file]).await;
    let refused = ["--field", "$.state=refused"];
    is_done(&ops.run(&[&["replay", "payments-failed", "--to-queue", "payments"][..], &refused].concat()).await, 10);
    is_done(&ops.run(&["replay", &failed.url, "--to-queue", &again.url]).await, 20);
    failed.has(0).await;
    let moved = again.drain().await;
    assert_eq!(moved.len(), 30);
    assert!(moved.iter().all(|message| {
        message.message_attributes.as_ref().is_some_and(|all| all["key"] == bytes("Binary", &[0, 255]))
    }));

    let imported = ops.done(&["import", "payments-failed", &file]).await.summary();
    assert_eq!(imported["imported"], 30, "{imported}");
    let bodies: BTreeSet<String> = failed.drain().await.into_iter().filter_map(|message| message.body).collect();
    assert_eq!(bodies, moved.into_iter().filter_map(|message| message.body).collect());
}

#[tokio::test]
async fn what_cannot_be_reached_is_said_in_one_line() {
    let cloud = EmptyCloud::start().await;
    let stranger = Operator::stranger(&cloud.endpoint);
    says(&stranger, &["peek", "no-such-queue"], 64, "there is no queue `no-such-queue`").await;
    let url = format!("{}/000000000000/no-such-queue", cloud.endpoint);
    says(&stranger, &["replay", &url, "--to-queue", "also-not"], 64, "there is no queue").await;

    let nobody = Operator::stranger("http://127.0.0.1:1");
    says(&nobody, &["peek", "payments-failed"], 1, "does anything listen there?").await;
    says(&nobody, &["list"], 1, "does anything listen there?").await;
    let unknown = Operator::stranger(&cloud.endpoint).without("AWS_ACCESS_KEY_ID").without("AWS_SECRET_ACCESS_KEY");
    says(&unknown, &["peek", "payments-failed"], 1, "credentials").await;
}

async fn says(ops: &Operator, arguments: &[&str], code: i32, said: &str) {
    let ran = ops.run(arguments).await;
    assert_eq!((ran.code, ran.said.trim_end().lines().count()), (Some(code), 1), "{arguments:?}: {}", ran.said);
    assert!(ran.said.contains(said) && ran.out.is_empty(), "`{said}` is said: {}{}", ran.said, ran.out);
}
