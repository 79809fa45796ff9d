//! Replays dead-letter messages as documented: the function gets the original event again, from the failure record or from
//! the object with a stream batch.

use aws_sdk_lambda::primitives::Blob;
use serde_json::{Value, json};
use tests::product::Product;

/// The number of replayed messages of each service.
pub(crate) type Replayed = Vec<(String, u64)>;

/// The visibility timeout during a replay, in seconds: longer than any run, so that no receipt expires during a replay.
const VISIBILITY_TIMEOUT: i32 = 12 * 60 * 60;

/// Replays and deletes all dead-letter messages.
pub(crate) async fn all_queues(product: &Product) -> Replayed {
    let mut replayed = Vec::new();
    for service in &product.services() {
        let count = replay_queue(product, service).await;
        if count > 0 {
            replayed.push((service.clone(), count));
        }
    }
    replayed
}

async fn replay_queue(product: &Product, service: &str) -> u64 {
    let queue = aws_sdk_sqs::Client::new(product.sdk());
    let url = product.dead_letter_queue_url(service);
    let mut count = 0;
    loop {
        let request =
            queue.receive_message().queue_url(url).max_number_of_messages(10).visibility_timeout(VISIBILITY_TIMEOUT);
        let messages = request.send().await.expect("a queue that can be read").messages.unwrap_or_default();
        if messages.is_empty() {
            return count;
        }
        for message in messages {
            let body = serde_json::from_str(message.body().unwrap_or_default()).expect("a message in JSON");
            replay(product, &body).await;
            let receipt = message.receipt_handle.unwrap_or_default();
            let deletion = queue.delete_message().queue_url(url).receipt_handle(receipt);
            deletion.send().await.expect("a message that can be deleted");
            count += 1;
        }
    }
}

async fn replay(product: &Product, dead_letter: &Value) {
    if dead_letter["requestPayload"].is_object() {
        invoke(product, &dead_letter["requestContext"]["functionArn"], dead_letter["requestPayload"].to_string()).await;
        return;
    }
    let object = &dead_letter["Records"][0]["s3"];
    let (Some(bucket), Some(key)) = (object["bucket"]["name"].as_str(), object["object"]["key"].as_str()) else {
        panic!(
            "a dead-letter message of an unknown kind, with the fields {:?}",
            dead_letter.as_object().map(|all| all.keys())
        );
    };
    let settings = aws_sdk_s3::config::Builder::from(product.sdk()).force_path_style(true).build();
    let client = aws_sdk_s3::Client::from_conf(settings);
    let object = client.get_object().bucket(bucket).key(key).send().await.expect("the object with the batch");
    let bytes = object.body.collect().await.expect("the whole object").into_bytes();
    let record: Value = serde_json::from_slice(&bytes).expect("a failure record in JSON");
    let batch = record["payload"].as_str().expect("a record with its batch").to_owned();
    let answer = invoke(product, &record["requestContext"]["functionArn"], batch).await;
    assert_eq!(answer["batchItemFailures"], json!([]), "the whole batch is published");
}

async fn invoke(product: &Product, function: &Value, event: String) -> Value {
    let client = aws_sdk_lambda::Client::new(product.sdk());
    let request = client.invoke().function_name(function.as_str().expect("the function's ARN"));
    let answer = request.payload(Blob::new(event)).send().await.expect("a function that can be invoked");
    assert_eq!(answer.function_error, None, "the function succeeds");
    answer.payload.map_or(Value::Null, |answer| serde_json::from_slice(answer.as_ref()).unwrap_or(Value::Null))
}
