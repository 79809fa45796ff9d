//! What a rule could not deliver.

use serde_json::json;
use tests::injected_fault::RuleTargetRemoved;
use tests::ops::Operator;
use tests::product::Product;
use tests::topic::{Delivery, TestTopic, TopicSubscriber};
use tests::wait::eventually;

use super::{Wrapped, is_done, news, shows};
use crate::inbox;

#[tokio::test]
async fn an_event_that_a_rule_could_not_deliver_is_replayed_to_its_target_only() {
    let product = Product::alone().await;
    let (ops, dead_letters) = (Operator::new(&product), product.dead_letter_queue("notifications"));
    let ann = product.user().await;
    inbox::wait_for_entries(&ann, 1).await;
    let (one, other) = (news("TodoCompleted", ann.id), news("TodoCompleted", ann.id));
    let mut on_the_bus = product.listen(json!({"detail": {"data": {"ownerId": [ann.id]}}})).await;

    let gone = RuleTargetRemoved::begin(&product, "notifications", "update-inbox").await;
    product.put_events(&[&one, &other]).await;
    eventually("two dead-letter messages", async || {
        (dead_letters.containing(&ann.id.to_string()).await.len() == 2).then_some(())
    })
    .await;
    drop(gone);
    // EventBridge sends failed events only to queues, so the test forwards the other one to a topic, with its attributes.
    let dead_letter = dead_letters.wait_for(other.id()).await;
    dead_letters.delete(&dead_letter).await;
    let topic = TestTopic::create(&product).await;
    let wrapped = TopicSubscriber::new(&product, &topic.arn, Delivery::Envelope).await;
    let attribute = |(name, value): (&String, &String)| (name.clone(), "String".to_owned(), value.clone());
    topic
        .publish(&dead_letter.body.to_string(), &dead_letter.attributes.iter().map(attribute).collect::<Vec<_>>())
        .await;
    wrapped.queue.wait_for_depth(1).await;

    let sns = wrapped.queue.name();
    for (queue, event, is_wrapped) in [("notifications", &one, Wrapped::No), (sns, &other, Wrapped::BySns)] {
        let message = ops.peek_one(queue, &["--event-id", event.id()]).await;
        shows(&message, "rule-dlq", is_wrapped, event);
        assert_eq!(message["rule"], format!("busline-{}-notifications-update-inbox", product.env()));
        assert_eq!(message["errorType"], "NO_RESOURCE");
        is_done(&ops.run(&["replay", queue, "--event-id", event.id()]).await, 1);
    }
    inbox::wait_for_entries(&ann, 3).await;
    assert!(dead_letters.containing(one.id()).await.is_empty());
    wrapped.queue.wait_for_depth(0).await;
    assert_eq!(on_the_bus.until(2, "TodoCompleted.v1").await.len(), 2, "nothing was put on the bus again");
}
