//! What a rule could not deliver.

use serde_json::json;
use tests::disruption::TargetGone;
use tests::ops::Operator;
use tests::product::{Product, Service};
use tests::topic::{Delivery, Subscriber, Topic};
use tests::wait::eventually;

use super::{Wrapped, is_done, news, shows};
use crate::inbox;

#[tokio::test]
async fn what_a_rule_could_not_deliver_comes_to_its_target_alone_as_it_is_and_out_of_sns() {
    let product = Product::alone().await;
    let (ops, letters) = (Operator::of(&product), product.dead_letters(Service::Notifications));
    let ann = product.user().await;
    inbox::eventually_of(&ann, 1).await;
    let (one, other) = (news("TodoCompleted", ann.id), news("TodoCompleted", ann.id));
    let mut on_the_bus = product.listen(json!({"detail": {"data": {"ownerId": [ann.id]}}})).await;

    let gone = TargetGone::begin(&product, "todo-completed").await;
    product.put_events(&[&one, &other]).await;
    eventually("two letters", async || (letters.with(&ann.id.to_string()).await.len() == 2).then_some(())).await;
    drop(gone);
    // EventBridge sends to queues alone: somebody forwards the other one, with its attributes.
    let letter = letters.with(other.id()).await.pop().expect("a letter");
    letters.remove(&letter).await;
    let topic = Topic::make(&product).await;
    let wrapped = Subscriber::of(&product, &topic.arn, Delivery::Wrapped).await;
    let attribute = |(name, value): (&String, &String)| (name.clone(), "String".to_owned(), value.clone());
    topic.publish(&letter.body.to_string(), &letter.attributes.iter().map(attribute).collect::<Vec<_>>()).await;
    wrapped.queue.has(1).await;

    let sns = wrapped.queue.own_name();
    for (queue, event, is_wrapped) in [("notifications", &one, Wrapped::No), (sns, &other, Wrapped::BySns)] {
        let message = ops.one(queue, &["--event-id", event.id()]).await;
        shows(&message, "rule-dlq", is_wrapped, event);
        assert_eq!(message["rule"], format!("busline-{}-notifications-todo-completed", product.env()));
        assert_eq!(message["errorType"], "NO_RESOURCE");
        is_done(&ops.run(&["replay", queue, "--event-id", event.id()]).await, 1);
    }
    inbox::eventually_of(&ann, 3).await;
    assert!(letters.with(one.id()).await.is_empty());
    wrapped.queue.has(0).await;
    assert_eq!(on_the_bus.until(2, "TodoCompleted.v1").await.len(), 2, "nothing was put on the bus again");
}
