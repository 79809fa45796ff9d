//! Reading must never hurt: it moves no message away, and gives back what it holds.

use serde_json::{Value, json};
use tests::cloud::EmptyCloud;
use tests::ops::Operator;
use tests::test_queue::TestQueue;
use tests::wait::eventually;

use super::{numbered, signal};

/// A queue that gives a message up when it was received once, and the queue that gets it.
async fn redriving(cloud: &EmptyCloud, count: usize) -> [TestQueue; 2] {
    let work = TestQueue::create(&cloud.sdk(), &TestQueue::unique_name("parking-orders")).await;
    let dead = TestQueue::create(&cloud.sdk(), &TestQueue::unique_name("failed")).await;
    work.redrive_to(&dead).await;
    work.send_all(&numbered(count)).await;
    [work, dead]
}

#[tokio::test]
async fn listing_queues_receives_no_message() {
    let cloud = EmptyCloud::start().await;
    let ops = Operator::with_endpoint(&cloud.endpoint);
    let [work, dead] = redriving(&cloud, 40).await;
    for _ in 0..3 {
        let listed = ops.run_ok(&["list", "--format", "json"]).await;
        let queues: Value = serde_json::from_str(&listed.stdout).unwrap();
        let listed = queues.as_array().unwrap().iter().find(|it| it["queue"] == work.name()).expect("our queue");
        assert_eq!((&listed["depth"], &listed["inFlight"]), (&json!(40), &json!(0)), "{listed}");
    }
    assert_eq!((work.depth().await, dead.depth().await), ((40, 0), (0, 0)));
    assert!(work.receive().await.iter().all(|message| receives(message) == 1), "only this test has received them");
}

fn receives(message: &aws_sdk_sqs::types::Message) -> u64 {
    let name = aws_sdk_sqs::types::MessageSystemAttributeName::ApproximateReceiveCount;
    message.attributes.as_ref().and_then(|all| all.get(&name)).and_then(|count| count.parse().ok()).expect("a count")
}

#[tokio::test]
async fn a_queue_that_gives_messages_up_is_read_only_with_force() {
    let cloud = EmptyCloud::start().await;
    let ops = Operator::with_endpoint(&cloud.endpoint);
    let [work, dead] = redriving(&cloud, 12).await;
    let file = ops.file("gone.ndjson");
    let commands: [&[&str]; 8] = [
        &["peek", work.name()],
        &["show", work.name(), "0"],
        &["clusters", work.name()],
        &["export", work.name()],
        &["verify", work.name()],
        &["replay", work.name(), "--to-queue", dead.name()],
        &["park", work.name(), "--parking", dead.name()],
        &["purge", work.name(), "--export", &file, "--yes-delete", "12"],
    ];
    for _ in 0..2 {
        for command in commands {
            let ran = ops.run(command).await;
            assert_eq!(ran.code, Some(64), "{command:?}: {}", ran.stderr);
            assert!(ran.stderr.contains("--force reads it anyway"), "{}", ran.stderr);
        }
    }
    assert_eq!((work.depth().await, dead.depth().await), ((12, 0), (0, 0)));
    let forced = ops.run_ok(&["peek", work.name(), "--count", "100", "--format", "ndjson", "--force"]).await;
    assert_eq!(forced.lines().len(), 12);
    assert!(forced.stderr.contains("warning"), "{}", forced.stderr);
}

#[cfg(unix)]
#[tokio::test]
async fn an_interrupted_look_gives_back_at_once_what_it_holds() {
    const COUNT: u64 = 60;
    let cloud = EmptyCloud::start().await;
    let ops = Operator::with_endpoint(&cloud.endpoint);
    for (command, name) in [("export", "INT"), ("export", "TERM"), ("clusters", "HUP"), ("verify", "TERM")] {
        let queue = TestQueue::create(&cloud.sdk(), &TestQueue::unique_name("dlq")).await;
        queue.send_all(&numbered(60)).await;
        // The look waits for what another consumer holds.
        let held = queue.receive().await.len() as u64;
        let look = ops.start(&[command, queue.name()]);
        eventually("the look holds messages", async || (queue.depth().await.1 > held + 20).then_some(())).await;
        signal(&look, name).await;
        let ended = look.wait_with_output().await.expect("the operations CLI ends");
        let said = String::from_utf8_lossy(&ended.stderr).into_owned();
        assert_eq!(queue.depth().await, (COUNT - held, held), "{command} {name}: {said}");
        assert_eq!(ended.status.code(), Some(2), "{command} {name}: {said}");
        assert!(said.contains("interrupted"), "{said}");
    }
}
