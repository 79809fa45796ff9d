//! A rehearsal: what would be sent goes to another endpoint, and nothing moves here.

use std::sync::{Arc, Mutex};

use jiff::SignedDuration;
use serde_json::{Value, json};
use tests::http::{Request, Response, Server};
use tests::ops::Operator;
use tests::product::Product;
use tests::test_queue::TestQueue;

use super::{is_done, news, record};
use crate::inbox;

/// Lambda at another endpoint, which takes every event and notes it.
#[derive(Clone, Debug, Default)]
struct Elsewhere(Arc<Mutex<Vec<(String, Value)>>>);

impl Elsewhere {
    async fn open() -> (Self, String) {
        let (this, server) = (Self::default(), Server::bind().await);
        let endpoint = server.endpoint().to_owned();
        let serving = this.clone();
        server.start(move |request| {
            let answer = serving.note(request);
            async move { Some(answer) }
        });
        (this, endpoint)
    }

    fn note(&self, request: Request) -> Response {
        let event = serde_json::from_slice(&request.body).unwrap_or(Value::Null);
        self.0.lock().unwrap().push((request.path, event));
        // <https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html>
        Response { status: 202, ..Response::json(&json!({})) }
    }
}

#[tokio::test]
async fn a_rehearsal_sends_only_to_the_other_endpoint_and_keeps_the_queue() {
    let product = Product::shared().await;
    let ops = Operator::new(&product);
    let ann = product.user().await;
    inbox::wait_for_entries(&ann, 1).await;
    let queue = TestQueue::create(product.sdk(), &TestQueue::unique_name("dlq")).await;
    let events = [1, 2, 3].map(|_| news("TodoCreated", ann.id));
    let failed =
        |event| record(&product, "notifications-update-inbox", event, ("TableFailed", "no"), SignedDuration::ZERO);
    queue.send_all(&events.iter().map(failed).collect::<Vec<_>>()).await;
    let before: Vec<String> = queue.contents().await.into_keys().collect();
    let (elsewhere, endpoint) = Elsewhere::open().await;

    is_done(&ops.run(&["replay", queue.name(), "--to", &endpoint]).await, 3);
    let mut rehearsed: Vec<String> = Vec::new();
    for (path, event) in elsewhere.0.lock().unwrap().iter() {
        assert!(path.contains("notifications-update-inbox") && path.ends_with("/invocations"), "{path}");
        rehearsed.push(event["detail"]["metadata"]["eventId"].as_str().expect("an event").to_owned());
    }
    rehearsed.sort();
    let mut meant: Vec<&str> = events.iter().map(tests::bus::TestEvent::id).collect();
    meant.sort_unstable();
    assert_eq!(rehearsed, meant);
    queue.wait_for_depth(3).await;
    assert_eq!(queue.contents().await.into_keys().collect::<Vec<_>>(), before, "the same messages, nothing more");

    // After it, the real one: it brings these entries and none of before.
    is_done(&ops.run(&["replay", queue.name(), "--event-id", events[0].id()]).await, 1);
    let entries = inbox::wait_for_entries(&ann, 2).await;
    assert_eq!(entries[0]["id"], events[0].id(), "the rehearsal had no effect here");
    assert_eq!(elsewhere.0.lock().unwrap().len(), 3);
}
