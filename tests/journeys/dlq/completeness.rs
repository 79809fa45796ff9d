//! What is said is so: messages that were not seen are counted, with the reason.

use std::path::Path;

use serde_json::json;
use tests::cloud::EmptyCloud;
use tests::ops::Operator;
use tests::test_queue::TestQueue;

use super::numbered;

async fn queue(cloud: &EmptyCloud, ending: &str) -> TestQueue {
    TestQueue::create(&cloud.sdk(), &TestQueue::unique_name(ending)).await
}

/// Another consumer holds so many messages of the queue.
async fn hold(queue: &TestQueue, count: usize) -> u64 {
    let mut held = 0;
    while held < count {
        held += queue.receive().await.len();
    }
    held as u64
}

#[tokio::test]
async fn an_export_of_messages_that_others_hold_is_not_complete() {
    let cloud = EmptyCloud::start().await;
    let ops = Operator::with_endpoint(&cloud.endpoint);
    let dead = queue(&cloud, "dlq").await;
    dead.send_all(&numbered(30)).await;
    hold(&dead, 30).await;
    let file = ops.file("all.ndjson");
    let ran = ops.run(&["export", dead.name(), "--out", &file]).await;
    assert_eq!(ran.code, Some(2), "{}", ran.stderr);
    assert!(ran.stderr.contains("saw 0 of about 30 messages: 30 in flight elsewhere"), "{}", ran.stderr);
    assert!(!Path::new(&file).exists() && Path::new(&format!("{file}.part")).exists(), "the name tells it");
}

#[tokio::test]
async fn two_exports_at_once_are_complete_or_say_what_is_missing() {
    const COUNT: usize = 600;
    let cloud = EmptyCloud::start().await;
    let ops = Operator::with_endpoint(&cloud.endpoint);
    let dead = queue(&cloud, "dlq").await;
    dead.send_all(&numbered(COUNT)).await;
    let (one, other) = (ops.file("one.ndjson"), ops.file("other.ndjson"));
    let [one_command, other_command] = [&one, &other].map(|file| ["export", dead.name(), "--out", file.as_str()]);
    let ran = tokio::join!(ops.run(&one_command), ops.run(&other_command));
    for (ran, file) in [(ran.0, one), (ran.1, other)] {
        assert!(!ran.stderr.contains("--deadline"), "it ends by itself: {}", ran.stderr);
        let lines = |path: &str| std::fs::read_to_string(path).map_or(0, |text| text.lines().count());
        match ran.code {
            Some(0) => assert_eq!(lines(&file), COUNT, "{}", ran.stderr),
            code => {
                assert_eq!((code, Path::new(&file).exists()), (Some(2), false), "{}", ran.stderr);
                assert!(lines(&format!("{file}.part")) < COUNT && ran.stderr.contains("saw "), "{}", ran.stderr);
            }
        }
    }
    dead.wait_for_depth(COUNT as u64).await;
}

#[tokio::test]
async fn messages_that_others_hold_remain_after_a_replay_and_after_parking() {
    let cloud = EmptyCloud::start().await;
    let ops = Operator::with_endpoint(&cloud.endpoint);
    for command in ["replay", "park"] {
        let (dead, target) = (queue(&cloud, "dlq").await, queue(&cloud, "target").await);
        dead.send_all(&numbered(30)).await;
        let held = hold(&dead, 10).await;
        let to = if command == "park" { "--parking" } else { "--to-queue" };
        let ran = ops.run(&[command, dead.name(), to, target.name()]).await;
        let summary = ran.summary();
        assert_eq!((ran.code, &summary["remaining"]), (Some(2), &json!(held)), "{command}: {summary}");
        assert_eq!(summary["leftOut"]["not seen: in flight elsewhere"], held, "{summary}");
        assert_eq!(target.depth().await.0, 30 - held);
        assert!(ran.stderr.contains("`ops dlq resume "), "{}", ran.stderr);
    }
}

#[tokio::test]
async fn an_import_into_a_fifo_queue_arrives_each_time() {
    let cloud = EmptyCloud::start().await;
    let ops = Operator::with_endpoint(&cloud.endpoint);
    let dead = queue(&cloud, "dlq.fifo").await;
    for number in 0..8 {
        dead.send(&number.to_string(), Vec::new(), Some(&format!("group {number}"))).await;
    }
    for format in ["ndjson", "json"] {
        let file = ops.file(&format!("failed.{format}"));
        ops.run_ok(&["export", dead.name(), "--out", &file, "--format", format]).await;
        for _ in 0..2 {
            dead.drain().await;
            let imported = ops.run_ok(&["import", dead.name(), &file]).await.summary();
            assert_eq!(imported["imported"], 8, "{imported}");
            assert_eq!(dead.depth().await.0, 8, "what is said to be imported is there");
        }
    }
}

#[tokio::test]
async fn a_look_at_a_part_tells_how_much_there_is() {
    let cloud = EmptyCloud::start().await;
    let ops = Operator::with_endpoint(&cloud.endpoint);
    let dead = queue(&cloud, "dlq").await;
    dead.send_all(&numbered(1200)).await;
    let ran = ops.run_ok(&["peek", dead.name(), "--format", "ndjson"]).await;
    assert_eq!(ran.lines().len(), 10);
    assert!(ran.stderr.contains("showing 10 of about 1,200 messages"), "{}", ran.stderr);
}
