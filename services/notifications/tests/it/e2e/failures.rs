//! An email that SES refuses: its event is kept in the dead-letter queue with the error, and can be replayed.

use serde_json::{Value, json};
use tests::injected_fault::{EmailSenderRemoved, invoke};
use tests::product::Product;

use crate::e2e::emails::is_welcome;
use crate::e2e::inbox;

#[tokio::test]
async fn a_refused_email_is_one_dead_letter_message_and_its_replay_sends_it_once() {
    let product = Product::alone().await;
    let dead_letters = product.dead_letter_queue("notifications");
    let account = product.new_account();
    let mut registrations = product.listen(json!({"detail": {"data": {"email": [account.email]}}})).await;

    let sender_removed = EmailSenderRemoved::begin(&product).await;
    account.sign_up(&[]).await.unwrap();
    account.confirm(&account.confirmation_code().await).await.unwrap();
    let ann = account.sign_in().await.unwrap();
    let event = registrations.until(1, "UserRegistered.v1").await[0].clone();
    let dead_letter = dead_letters.wait_for(&account.email).await;
    drop(sender_removed);

    let record = &dead_letter.body;
    assert_eq!(record["requestPayload"], event, "the event is whole");
    assert_eq!(record["requestContext"]["condition"], "RetriesExhausted");
    assert_eq!(record["requestContext"]["approximateInvokeCount"], 3);
    assert_eq!(record["responseContext"]["functionError"], "Unhandled");
    assert_eq!(record["responsePayload"]["errorType"], "MailRefused");
    let said = record["responsePayload"]["errorMessage"].as_str().unwrap();
    assert!(!said.contains('@'), "{said}");
    assert_eq!(dead_letters.containing(&account.email).await.len(), 1, "one dead-letter message");
    inbox::wait_for_entries(&ann, 1).await;

    let function = record["requestContext"]["functionArn"].as_str().unwrap();
    let topic = failure_destination(&product, function).await;
    let statements = dead_letters.policy().await["Statement"].clone();
    let from_topic = |statement: &Value| statement["Condition"]["ArnEquals"]["aws:SourceArn"] == topic;
    assert!(topic.starts_with("arn:aws:sns:") && statements.as_array().unwrap().iter().any(from_topic), "{topic}");

    invoke(&product, function, &record["requestPayload"]).await;
    invoke(&product, function, &record["requestPayload"]).await;
    let mails = product.emails_to(&account.email).await;
    assert_eq!(mails.iter().filter(|mail| is_welcome(mail)).count(), 1, "replayed twice, sent once");
    let dead_letter = dead_letters.wait_for(&account.email).await;
    dead_letters.delete(&dead_letter).await;
    assert!(dead_letters.containing(&account.email).await.is_empty());
}

async fn failure_destination(product: &Product, function: &str) -> String {
    let client = aws_sdk_lambda::Client::new(product.sdk());
    let request = client.get_function_event_invoke_config().function_name(function);
    let destinations = request.send().await.expect("the function's settings").destination_config;
    let on_failure = destinations.and_then(|destinations| destinations.on_failure);
    on_failure.and_then(|on_failure| on_failure.destination).expect("a destination of failures")
}
