//! Dead letters, replayed by the documented road: the function gets the original event again, from the failure record or
//! from the object that keeps a stream batch.

use aws_sdk_lambda::primitives::Blob;
use serde_json::{Value, json};
use tests::product::{Product, Service};

/// How many letters of which service were replayed.
pub(crate) type Replayed = Vec<(Service, u64)>;

/// While a letter is replayed, nobody else sees it. In seconds.
const HIDDEN: i32 = 120;

/// Replays every letter of every service, and removes it.
pub(crate) async fn everything(product: &Product) -> Replayed {
    let mut replayed = Vec::new();
    for service in Service::ALL {
        let count = letters_of(product, service).await;
        if count > 0 {
            replayed.push((service, count));
        }
    }
    replayed
}

async fn letters_of(product: &Product, service: Service) -> u64 {
    let queue = aws_sdk_sqs::Client::new(product.sdk());
    let url = product.dead_letter_queue(service);
    let mut count = 0;
    loop {
        let request = queue.receive_message().queue_url(url).max_number_of_messages(10).visibility_timeout(HIDDEN);
        let messages = request.send().await.expect("a queue that can be read").messages.unwrap_or_default();
        if messages.is_empty() {
            return count;
        }
        for message in messages {
            let body = serde_json::from_str(message.body().unwrap_or_default()).expect("a letter in JSON");
            replay(product, &body).await;
            let receipt = message.receipt_handle.unwrap_or_default();
            let done = queue.delete_message().queue_url(url).receipt_handle(receipt);
            done.send().await.expect("a letter that can be deleted");
            count += 1;
        }
    }
}

async fn replay(product: &Product, letter: &Value) {
    if letter["requestPayload"].is_object() {
        invoke(product, &letter["requestContext"]["functionArn"], letter["requestPayload"].to_string()).await;
        return;
    }
    let object = &letter["Records"][0]["s3"];
    let (Some(bucket), Some(key)) = (object["bucket"]["name"].as_str(), object["object"]["key"].as_str()) else {
        panic!("a dead letter of an unknown kind, with the fields {:?}", letter.as_object().map(|all| all.keys()));
    };
    let settings = aws_sdk_s3::config::Builder::from(product.sdk()).force_path_style(true).build();
    let client = aws_sdk_s3::Client::from_conf(settings);
    let kept = client.get_object().bucket(bucket).key(key).send().await.expect("the object that keeps the batch");
    let kept = kept.body.collect().await.expect("the whole object").into_bytes();
    let record: Value = serde_json::from_slice(&kept).expect("a failure record in JSON");
    let batch = record["payload"].as_str().expect("a record that keeps its batch").to_owned();
    let answer = invoke(product, &record["requestContext"]["functionArn"], batch).await;
    assert_eq!(answer["batchItemFailures"], json!([]), "the whole batch is published");
}

async fn invoke(product: &Product, function: &Value, event: String) -> Value {
    let client = aws_sdk_lambda::Client::new(product.sdk());
    let request = client.invoke().function_name(function.as_str().expect("the function's ARN"));
    let answer = request.payload(Blob::new(event)).send().await.expect("a function that can be invoked");
    assert_eq!(answer.function_error, None, "the function does its job at last");
    answer.payload.map_or(Value::Null, |answer| serde_json::from_slice(answer.as_ref()).unwrap_or(Value::Null))
}
