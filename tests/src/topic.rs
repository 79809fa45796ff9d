//! Topics that belong to one test, and queues that subscribe to any topic.

use aws_sdk_sns::Client;
use aws_sdk_sns::types::MessageAttributeValue;
use uuid::Uuid;

use crate::cleanup::run_in_drop;
use crate::product::Product;
use crate::test_queue::TestQueue;

/// The form in which SNS delivers a message to a queue.
///
/// <https://docs.aws.amazon.com/sns/latest/dg/sns-large-payload-raw-message-delivery.html>
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// The message as it was published.
    Raw,
    /// The message inside a JSON notification.
    Envelope,
}

/// A topic that is deleted after the test.
#[derive(Debug)]
pub struct TestTopic {
    product: Product,
    pub arn: String,
}

impl TestTopic {
    pub async fn create(product: &Product) -> Self {
        let name = format!("e2e-{}", Uuid::new_v4().simple());
        let created = Client::new(product.sdk()).create_topic().name(name).send().await.expect("a topic");
        Self { product: product.clone(), arn: created.topic_arn.expect("a topic's ARN") }
    }

    /// Publishes a message with attributes, given as SQS has them: name, data type, value.
    pub async fn publish(&self, message: &str, attributes: &[(String, String, String)]) {
        let mut request = Client::new(self.product.sdk()).publish().topic_arn(&self.arn).message(message);
        for (name, data_type, value) in attributes {
            let attribute = MessageAttributeValue::builder().data_type(data_type).string_value(value).build();
            request = request.message_attributes(name, attribute.expect("an attribute"));
        }
        request.send().await.expect("a topic that accepts a message");
    }
}

impl Drop for TestTopic {
    fn drop(&mut self) {
        let (product, arn) = (self.product.clone(), self.arn.clone());
        run_in_drop(async move {
            Client::new(product.sdk()).delete_topic().topic_arn(arn).send().await.expect("a topic that can be deleted");
        });
    }
}

/// The ARN of the topic that receives a service's failure records.
pub fn failures_topic_arn(product: &Product, service: &str) -> String {
    format!("arn:aws:sns:{}:000000000000:busline-{}-{service}-failures", product.region(), product.env())
}

/// A test's queue that is subscribed to a topic. The subscription ends before the queue is deleted.
#[derive(Debug)]
pub struct TopicSubscriber {
    product: Product,
    subscription: String,
    pub queue: TestQueue,
}

impl TopicSubscriber {
    /// Subscribes a new queue.
    pub async fn new(product: &Product, topic: &str, delivery: Delivery) -> Self {
        let queue = TestQueue::create(product.sdk(), &TestQueue::unique_name("subscribed-dlq")).await;
        Self::with_queue(product, topic, delivery, queue).await
    }

    /// Subscribes a queue that already exists.
    pub async fn with_queue(product: &Product, topic: &str, delivery: Delivery, queue: TestQueue) -> Self {
        queue.allow_sender("sns.amazonaws.com", topic).await;
        let raw = if delivery == Delivery::Raw { "true" } else { "false" };
        let request = Client::new(product.sdk()).subscribe().topic_arn(topic).protocol("sqs").endpoint(&queue.arn);
        let request = request.attributes("RawMessageDelivery", raw).return_subscription_arn(true);
        let subscription = request.send().await.expect("a subscription").subscription_arn.expect("its ARN");
        Self { product: product.clone(), subscription, queue }
    }
}

impl Drop for TopicSubscriber {
    fn drop(&mut self) {
        let (product, arn) = (self.product.clone(), self.subscription.clone());
        run_in_drop(async move {
            let request = Client::new(product.sdk()).unsubscribe().subscription_arn(arn);
            request.send().await.expect("a subscription that can be deleted");
        });
    }
}
