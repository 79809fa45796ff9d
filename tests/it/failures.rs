//! A handler that fails leaves its event in the dead-letter queue, whole, with its error.

use serde_json::{Value, json};
use tests::disruption::{NoSender, invoke};
use tests::product::{Product, Service};
use tests::wait::eventually;

use crate::inbox;

#[tokio::test]
async fn a_mail_that_is_refused_ends_as_one_dead_letter_and_is_sent_once_when_it_is_replayed() {
    let product = Product::alone().await;
    let letters = product.dead_letters(Service::Notifications);
    let person = product.person();
    let mut registrations = product.listen(json!({"detail": {"data": {"email": [person.email]}}})).await;

    let no_sender = NoSender::begin(&product).await;
    person.sign_up(&[]).await.unwrap();
    person.confirm(&person.mailed_code().await).await.unwrap();
    let ann = person.sign_in().await.unwrap();
    let event = registrations.until(1, "UserRegistered.v1").await[0].clone();
    let letter = eventually("a dead letter", async || letters.with(&person.email).await.pop()).await;
    drop(no_sender);

    let record = &letter.body;
    assert_eq!(record["requestPayload"], event, "the event is whole");
    assert_eq!(record["requestContext"]["condition"], "RetriesExhausted");
    assert_eq!(record["requestContext"]["approximateInvokeCount"], 3);
    assert_eq!(record["responseContext"]["functionError"], "Unhandled");
    assert_eq!(record["responsePayload"]["errorType"], "MailRefused");
    let said = record["responsePayload"]["errorMessage"].as_str().unwrap();
    assert!(!said.contains('@'), "{said}");
    assert_eq!(letters.with(&person.email).await.len(), 1, "one letter");
    inbox::eventually_of(&ann, 1).await;

    let function = record["requestContext"]["functionArn"].as_str().unwrap();
    let topic = failure_destination(&product, function).await;
    let statements = letters.policy().await["Statement"].clone();
    let from_topic = |statement: &Value| statement["Condition"]["ArnEquals"]["aws:SourceArn"] == topic;
    assert!(topic.starts_with("arn:aws:sns:") && statements.as_array().unwrap().iter().any(from_topic), "{topic}");

    invoke(&product, function, &record["requestPayload"]).await;
    invoke(&product, function, &record["requestPayload"]).await;
    let mails = product.mails_to(&person.email).await;
    assert_eq!(mails.iter().filter(|mail| mail.is_welcome()).count(), 1, "replayed twice, sent once");
    let letter = letters.with(&person.email).await.pop().expect("the letter is still there");
    letters.remove(&letter).await;
    assert!(letters.with(&person.email).await.is_empty());
}

/// A queue's owner may always send to it; the policy says which services may.
#[tokio::test]
async fn a_dead_letter_queue_admits_its_own_topic_and_its_own_rules_alone() {
    let product = Product::shared().await;
    for service in Service::ALL {
        let policy = product.dead_letters(service).policy().await;
        for statement in policy["Statement"].as_array().unwrap() {
            let sender = statement["Principal"]["Service"].as_str();
            let from = match sender {
                Some("sns.amazonaws.com") => statement["Condition"]["ArnEquals"]["aws:SourceArn"].as_str().unwrap(),
                Some("events.amazonaws.com") => statement["Condition"]["ArnLike"]["aws:SourceArn"].as_str().unwrap(),
                _ => panic!("nobody else may send: {statement}"),
            };
            let own = format!("busline-{}-{}-", product.env(), service.name());
            assert!(from.contains(&own), "{from} is not of {}", service.name());
        }
    }
}

async fn failure_destination(product: &Product, function: &str) -> String {
    let client = aws_sdk_lambda::Client::new(product.sdk());
    let request = client.get_function_event_invoke_config().function_name(function);
    let destinations = request.send().await.expect("the function's settings").destination_config;
    let on_failure = destinations.and_then(|destinations| destinations.on_failure);
    on_failure.and_then(|on_failure| on_failure.destination).expect("a destination of failures")
}
