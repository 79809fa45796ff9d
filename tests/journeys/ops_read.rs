//! `ops dlq` on a queue that does not belong to Busline: it shows every kind of failure and consumes nothing.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Output};

use aws_sdk_s3::types::CreateBucketConfiguration;
use aws_sdk_sqs::primitives::Blob;
use aws_sdk_sqs::types::{MessageAttributeValue, QueueAttributeName};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use tests::dead_letters::{MAX_HIDDEN, browse};
use tests::ops::program;
use tests::product::Product;
use tests::wait::eventually;
use uuid::Uuid;

const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../ops/tests/it/fixtures");

#[tokio::test]
async fn every_kind_of_failure_is_shown_on_a_plain_queue_and_nothing_is_consumed() {
    let product = Product::shared().await;
    let mut queue = Stock::make(&product).await;
    let expected = queue.fill().await;
    let before = queue.contents().await;
    assert_eq!(before.len(), expected.len());

    let shown = lines(&queue.ops(&["peek", &queue.url, "--count", "1000", "--format", "ndjson"]));
    assert_eq!(shown.len(), expected.len());
    for message in &shown {
        let name = message["attributes"]["fixture"]["value"].as_str().expect("the mark of the fixture");
        for (field, value) in expected[name].as_object().expect("fields") {
            assert_eq!(&message[field], value, "{field} of {name}");
        }
    }
    let exported = lines(&queue.ops(&["export", queue.name()]));
    assert_eq!(exported.len(), shown.len());
    for message in &exported {
        let id = message["messageId"].as_str().expect("an id");
        assert_eq!((&message["body"], &message["attributes"]), (&before[id].0, &before[id].1), "{id} is whole");
    }
    let id = shown[0]["messageId"].as_str().expect("an id");
    let one: Value = serde_json::from_str(&queue.ops(&["show", queue.name(), &id[..13], "--format", "json"])).unwrap();
    assert_eq!(one["body"], shown[0]["body"]);
    let clusters: Value = serde_json::from_str(&queue.ops(&["clusters", queue.name(), "--format", "json"])).unwrap();
    let counts = clusters.as_array().expect("an array").iter().filter_map(|cluster| cluster["count"].as_u64());
    assert_eq!(counts.sum::<u64>(), shown.len() as u64);
    let queues: Value = serde_json::from_str(&queue.ops(&["list", "--format", "json"])).unwrap();
    let listed = queues.as_array().expect("an array").iter().find(|it| it["queue"] == queue.name()).expect("our queue");
    assert_eq!(listed["depth"], shown.len());

    queue.is_at_rest(before.len()).await;
    assert_eq!(queue.contents().await, before, "nothing is consumed, nothing is changed");
    queue.remove().await;
}

#[tokio::test]
async fn a_usage_error_tells_what_would_be_right() {
    let product = Product::shared().await;
    let queue = Stock::make(&product).await;
    let cases: [(&[&str], &str); 5] = [
        (&["peek", "no-such-queue"], "there is no queue `no-such-queue`"),
        (&["peek", "http://127.0.0.1:1/000000000000/no-such-queue"], "there is no queue"),
        (&["show", queue.name(), "0000"], "no message of"),
        (&["export", queue.name(), "--format", "table"], "--format ndjson or json"),
        (&["peek", queue.name(), "--field", "nonsense"], "give a JSONPath"),
    ];
    for (arguments, said) in cases {
        let output = queue.run(arguments);
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(64), "{arguments:?}: {text}");
        assert!(text.contains(said), "{text}");
    }
    queue.remove().await;
}

/// A plain queue, and what it needs to hold every shape.
struct Stock {
    product: Product,
    client: aws_sdk_sqs::Client,
    url: String,
    /// Objects that it made, by bucket and key.
    objects: Vec<(String, String)>,
}

impl Stock {
    async fn make(product: &Product) -> Self {
        let client = aws_sdk_sqs::Client::new(product.sdk());
        let made = client.create_queue().queue_name(format!("orders-{}-dlq", Uuid::now_v7())).send().await;
        let url = made.expect("a queue").queue_url.expect("a queue with a URL");
        Self { product: product.clone(), client, url, objects: Vec::new() }
    }

    fn name(&self) -> &str {
        self.url.rsplit('/').next().expect("a name")
    }

    fn s3(&self) -> aws_sdk_s3::Client {
        let settings = aws_sdk_s3::config::Builder::from(self.product.sdk()).force_path_style(true).build();
        aws_sdk_s3::Client::from_conf(settings)
    }

    /// Sends every fixture, and what is hostile; what is expected of each, by its mark.
    async fn fill(&mut self) -> BTreeMap<String, Value> {
        let mut expected = BTreeMap::new();
        for (name, fixture) in fixtures() {
            if let Some(object) = fixture["object"].as_object() {
                self.keep(&text(&object["bucket"]), &text(&object["key"]), text(&object["text"])).await;
            }
            // A redrive cannot be sent: SQS itself sets the source of such a message.
            if name.starts_with("sqs-redrive") {
                continue;
            }
            self.send(&name, &text(&fixture["message"]["Body"]), &fixture["message"]["MessageAttributes"]).await;
            let mut fields = fixture["expected"].clone();
            fields.as_object_mut().expect("fields").remove("attributes");
            expected.insert(name, fields);
        }
        let deep = format!("{}1{}", r#"{"a":"#.repeat(50), "}".repeat(50));
        let large = "x".repeat(900 * 1024);
        for (name, body) in
            [("not JSON", "{truncated"), ("deep", &deep), ("large", &large), ("Unicode", "grüße 😀 \u{202e}")]
        {
            self.send(name, body, &json!({"bytes": {"DataType": "Binary.raw", "BinaryValue": "AP8Q"}})).await;
            expected.insert(name.to_owned(), json!({"envelope": "unknown", "event": null, "body": body}));
        }
        expected
    }

    async fn keep(&mut self, bucket: &str, key: &str, content: String) {
        let region = self.product.sdk().region().expect("a region").as_ref().into();
        let place = CreateBucketConfiguration::builder().location_constraint(region).build();
        let request = self.s3().create_bucket().bucket(bucket).create_bucket_configuration(place);
        request.send().await.expect("a bucket for what a fixture names");
        self.objects.push((bucket.to_owned(), key.to_owned()));
        let put = self.s3().put_object().bucket(bucket).key(key).body(content.into_bytes().into());
        put.send().await.expect("an object");
    }

    async fn send(&self, mark: &str, body: &str, attributes: &Value) {
        let mut request = self.client.send_message().queue_url(&self.url).message_body(body);
        let mark = MessageAttributeValue::builder().data_type("String").string_value(mark);
        request = request.message_attributes("fixture", mark.build().expect("an attribute"));
        for (name, value) in attributes.as_object().into_iter().flatten() {
            let attribute = MessageAttributeValue::builder().data_type(text(&value["DataType"]));
            let attribute = match value["BinaryValue"].as_str() {
                Some(bytes) => attribute.binary_value(Blob::new(STANDARD.decode(bytes).expect("base64"))),
                None => attribute.string_value(text(&value["StringValue"])),
            };
            request = request.message_attributes(name, attribute.build().expect("an attribute"));
        }
        request.send().await.expect("a queue that accepts a message");
    }

    /// Body and attributes of every message, as the export writes them, by its id. All are shown again at the end.
    async fn contents(&self) -> BTreeMap<String, (Value, Value)> {
        let mut found = BTreeMap::new();
        for message in browse(&self.client, &self.url, MAX_HIDDEN).await {
            let attributes: serde_json::Map<String, Value> = message
                .message_attributes
                .unwrap_or_default()
                .into_iter()
                .map(|(name, it)| (name, written(it)))
                .collect();
            let contents = (Value::from(message.body.unwrap_or_default()), Value::from(attributes));
            found.insert(message.message_id.expect("an id"), contents);
        }
        found
    }

    /// All messages are there, and nobody holds one.
    async fn is_at_rest(&self, count: usize) {
        eventually("every message is shown again", async || {
            let request = self.client.get_queue_attributes().queue_url(&self.url);
            let answer = request.attribute_names(QueueAttributeName::All).send().await.expect("the queue's attributes");
            let attributes = answer.attributes.unwrap_or_default();
            let number = |name| attributes.get(&name).and_then(|text| text.parse::<usize>().ok());
            let waiting = number(QueueAttributeName::ApproximateNumberOfMessages);
            let held = number(QueueAttributeName::ApproximateNumberOfMessagesNotVisible);
            (waiting == Some(count) && held == Some(0)).then_some(())
        })
        .await;
    }

    /// What a command prints; it must succeed and say nothing else.
    fn ops(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "ops dlq {arguments:?}: {said}");
        assert_eq!(said, "", "quiet when piped");
        String::from_utf8(output.stdout).expect("text")
    }

    /// Runs it with only an endpoint, a region and keys.
    fn run(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(program());
        command.arg("dlq").args(arguments).env_clear();
        command.env("AWS_ENDPOINT_URL", self.product.endpoint()).env("AWS_REGION", "eu-west-1");
        command.env("AWS_ACCESS_KEY_ID", "test").env("AWS_SECRET_ACCESS_KEY", "test");
        command.env("BUSLINE_HOME", std::env::temp_dir().join(self.name()));
        command.output().expect("the operations CLI runs")
    }

    async fn remove(self) {
        self.client.delete_queue().queue_url(&self.url).send().await.expect("a queue that can be deleted");
        for (bucket, key) in &self.objects {
            self.s3().delete_object().bucket(bucket).key(key).send().await.expect("an object that can be deleted");
            self.s3().delete_bucket().bucket(bucket).send().await.expect("a bucket that can be deleted");
        }
        let home = std::env::temp_dir().join(self.name());
        if home.exists() {
            std::fs::remove_dir_all(home).expect("a folder of ours");
        }
    }
}

fn written(attribute: MessageAttributeValue) -> Value {
    let value = attribute.binary_value.map(|bytes| STANDARD.encode(bytes.into_inner()));
    json!({"type": attribute.data_type, "value": value.or(attribute.string_value)})
}

/// The messages of the operations CLI's own tests, by their names.
fn fixtures() -> BTreeMap<String, Value> {
    let files = std::fs::read_dir(FIXTURES).expect("the fixtures").map(|file| file.expect("a file").path());
    let read = |path: &Path| serde_json::from_str(&std::fs::read_to_string(path).expect("a fixture")).expect("JSON");
    let name = |path: &Path| path.file_stem().and_then(|name| name.to_str()).expect("a name").to_owned();
    files.map(|path| (name(&path), read(&path))).collect()
}

fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).expect("one object a line")).collect()
}

fn text(value: &Value) -> String {
    value.as_str().expect("text").to_owned()
}
