//! Topics: one of a test's own, and queues that hear what is published on any.

use uuid::Uuid;

use crate::disruption::finish;
use crate::own_queue::OwnQueue;
use crate::product::{Product, Service};
use crate::signature::{Keys, Request, Signer};

/// How a queue gets what is published.
///
/// <https://docs.aws.amazon.com/sns/latest/dg/sns-large-payload-raw-message-delivery.html>
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// As it was published.
    Raw,
    /// In a notification of SNS.
    Wrapped,
}

/// A topic of the test's own, gone with it.
#[derive(Debug)]
pub struct Topic {
    product: Product,
    /// Its ARN.
    pub arn: String,
}

impl Topic {
    /// An empty topic.
    pub async fn make(product: &Product) -> Self {
        let name = format!("e2e-{}", Uuid::new_v4().simple());
        let answer = sns(product, &[("Action", "CreateTopic"), ("Name", &name)]).await;
        Self { product: product.clone(), arn: element(&answer, "TopicArn") }
    }

    /// Publishes a text with attributes, given as SQS has them: name, data type, value.
    pub async fn publish(&self, text: &str, attributes: &[(String, String, String)]) {
        let mut fields = vec![
            ("Action".to_owned(), "Publish".to_owned()),
            ("TopicArn".to_owned(), self.arn.clone()),
            ("Message".to_owned(), text.to_owned()),
        ];
        for (number, (name, data_type, value)) in (1..).zip(attributes) {
            let field = |part: &str| format!("MessageAttributes.entry.{number}.{part}");
            fields.push((field("Name"), name.clone()));
            fields.push((field("Value.DataType"), data_type.clone()));
            fields.push((field("Value.StringValue"), value.clone()));
        }
        let fields: Vec<_> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        sns(&self.product, &fields).await;
    }
}

impl Drop for Topic {
    fn drop(&mut self) {
        let (product, arn) = (self.product.clone(), self.arn.clone());
        finish(async move {
            sns(&product, &[("Action", "DeleteTopic"), ("TopicArn", &arn)]).await;
        });
    }
}

/// The topic of a service's failures.
pub fn of_failures(product: &Product, service: Service) -> String {
    let region = product.sdk().region().expect("a region");
    format!("arn:aws:sns:{region}:000000000000:busline-{}-{}-failures", product.env(), service.name())
}

/// A queue of a test's own that hears a topic. The subscription ends before the queue goes.
#[derive(Debug)]
pub struct Subscriber {
    product: Product,
    subscription: String,
    /// The queue.
    pub queue: OwnQueue,
}

impl Subscriber {
    /// Lets a new queue hear what is published from now on.
    pub async fn of(product: &Product, topic: &str, delivery: Delivery) -> Self {
        let queue = OwnQueue::make(product.sdk(), &OwnQueue::name("heard-dlq")).await;
        Self::with(product, topic, delivery, queue).await
    }

    /// Lets this queue hear what is published from now on.
    pub async fn with(product: &Product, topic: &str, delivery: Delivery, queue: OwnQueue) -> Self {
        queue.admit("sns.amazonaws.com", topic).await;
        let raw = if delivery == Delivery::Raw { "true" } else { "false" };
        let answer = sns(
            product,
            &[
                ("Action", "Subscribe"),
                ("TopicArn", topic),
                ("Protocol", "sqs"),
                ("Endpoint", &queue.arn),
                ("ReturnSubscriptionArn", "true"),
                ("Attributes.entry.1.key", "RawMessageDelivery"),
                ("Attributes.entry.1.value", raw),
            ],
        )
        .await;
        Self { product: product.clone(), subscription: element(&answer, "SubscriptionArn"), queue }
    }
}

impl Drop for Subscriber {
    fn drop(&mut self) {
        let (product, arn) = (self.product.clone(), self.subscription.clone());
        finish(async move {
            sns(&product, &[("Action", "Unsubscribe"), ("SubscriptionArn", &arn)]).await;
        });
    }
}

async fn sns(product: &Product, fields: &[(&str, &str)]) -> String {
    let fields: Vec<_> = fields.iter().copied().chain([("Version", "2010-03-31")]).collect();
    let reply = Signer::new(product, Keys::root()).send(&Request::query("sns", &fields)).await;
    assert_eq!(reply.status, 200, "SNS: {}", reply.body);
    reply.body
}

fn element(answer: &str, name: &str) -> String {
    let after = answer.split(&format!("<{name}>")).nth(1).unwrap_or_else(|| panic!("SNS gave no {name}: {answer}"));
    after.split('<').next().expect("an element's text").to_owned()
}
