//! Replays to SNS topics, with the real SDK against a fake endpoint.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_sns::config::Credentials;
use ops::dlq::envelope::{self, Reading};
use ops::dlq::message::Message;
use ops::dlq::raw_message::{Attribute, AttributeValue, RawMessage};
use ops::dlq::replay_message::ReplayMessage;
use ops::dlq::replay_metadata::MetadataPolicy;
use ops::dlq::targets::ReplaySender;
use ops::dlq::targets::invoke::Acknowledgement;
use ops::dlq::targets::selection::{ReplayTarget, TargetSelection};
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};
use uuid::Uuid;

const TOPIC: &str = "arn:aws:sns:eu-west-1:000000000000:orders";
const FIFO_TOPIC: &str = "arn:aws:sns:eu-west-1:000000000000:orders.fifo";

/// The parameters of a request of SNS's query protocol.
type Request = BTreeMap<String, String>;

/// An SNS endpoint that records requests. It refuses entries that contain `refused`.
struct FakeSns {
    url: String,
    requests: Arc<Mutex<Vec<Request>>>,
}

impl FakeSns {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let requests = Arc::new(Mutex::new(Vec::new()));
        let recorded = Arc::clone(&requests);
        thread::spawn(move || {
            for connection in listener.incoming() {
                let recorded = Arc::clone(&recorded);
                thread::spawn(move || serve(connection.unwrap(), &recorded));
            }
        });
        Self { url, requests }
    }

    async fn sdk(&self) -> SdkConfig {
        let credentials = Credentials::new("test", "test", None, None, "test");
        let settings = aws_config::defaults(BehaviorVersion::latest()).region(Region::new("eu-west-1"));
        settings.credentials_provider(credentials).endpoint_url(&self.url).load().await
    }

    async fn sender(&self, target: ReplayTarget) -> ReplaySender {
        let metadata = MetadataPolicy::Increment;
        let selection = TargetSelection { target, function: None, assumed_envelope: None, metadata };
        ReplaySender::new(&self.sdk().await, selection, Acknowledgement::WhenQueued)
    }

    /// The requests to publish.
    fn published(&self) -> Vec<Request> {
        let requests = self.requests.lock().unwrap();
        requests.iter().filter(|request| request["Action"] == "PublishBatch").cloned().collect()
    }
}

fn serve(mut stream: TcpStream, recorded: &Mutex<Vec<Request>>) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        if line.trim().is_empty() {
            break;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    let decode = |text: &str| percent_decode_str(&text.replace('+', " ")).decode_utf8().unwrap().into_owned();
    let pairs = std::str::from_utf8(&body).unwrap().split('&').filter_map(|pair| pair.split_once('='));
    let request: Request = pairs.map(|(name, value)| (decode(name), decode(value))).collect();
    let answer = match request["Action"].as_str() {
        "PublishBatch" => publish_batch(&request),
        action => format!("<{action}Response><{action}Result><Attributes/></{action}Result></{action}Response>"),
    };
    recorded.lock().unwrap().push(request);
    let length = answer.len();
    let head =
        format!("HTTP/1.1 200 OK\r\ncontent-type: text/xml\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n");
    stream.write_all((head + &answer).as_bytes()).unwrap();
}

fn publish_batch(request: &Request) -> String {
    let (mut successful, mut failed) = (String::new(), String::new());
    for entry in entries(request) {
        let id = &entry["Id"];
        if entry["Message"].contains("refused") {
            let error = "<Code>InvalidParameter</Code><SenderFault>true</SenderFault>";
            write!(failed, "<member><Id>{id}</Id>{error}</member>").unwrap();
        } else {
            write!(successful, "<member><Id>{id}</Id><MessageId>sns-{id}</MessageId></member>").unwrap();
        }
    }
    format!(
        "<PublishBatchResponse><PublishBatchResult><Successful>{successful}</Successful><Failed>{failed}</Failed>\
         </PublishBatchResult></PublishBatchResponse>"
    )
}

/// The entries of a `PublishBatch` request, each with its parameters.
fn entries(request: &Request) -> Vec<Request> {
    let entry = |number: usize| {
        let prefix = format!("PublishBatchRequestEntries.member.{number}.");
        let own = request.iter().filter_map(|(name, value)| Some((name.strip_prefix(&prefix)?, value)));
        own.map(|(name, value)| (name.to_owned(), value.clone())).collect::<Request>()
    };
    (1..=10).map(entry).take_while(|entry| !entry.is_empty()).collect()
}

/// The message attributes of an entry by name: data type and value.
fn attributes(entry: &Request) -> BTreeMap<String, (String, String)> {
    let prefixes = (1..).map(|number| format!("MessageAttributes.entry.{number}."));
    let attribute = |prefix: String| {
        let value = |name: &str| entry.get(&format!("{prefix}Value.{name}")).cloned();
        let text = value("StringValue").or_else(|| value("BinaryValue")).unwrap_or_default();
        Some((entry.get(&format!("{prefix}Name"))?.clone(), (value("DataType").unwrap_or_default(), text)))
    };
    prefixes.map_while(attribute).collect()
}

fn message(id: &str, body: &str, attributes: &[(&str, Attribute)]) -> Message {
    let attributes = attributes.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
    let raw = RawMessage { message_id: id.to_owned(), body: body.to_owned(), attributes, ..RawMessage::default() };
    let Reading::Whole(decoded) = envelope::read(&raw) else { panic!("the message names no object") };
    Message::new(raw, *decoded)
}

/// An event that a rule could not deliver to the topic.
fn undelivered(id: &str, topic: &str) -> Message {
    let event = json!({"detail-type": "OrderPlaced.v1", "detail": {"metadata": {"eventId": id}, "data": {"n": 1}}});
    let rule = Attribute::text("arn:aws:events:eu-west-1:000000000000:rule/orders");
    message(id, &event.to_string(), &[("RULE_ARN", rule), ("TARGET_ARN", Attribute::text(topic))])
}

fn to_replay(message: &Message) -> ReplayMessage<'_> {
    ReplayMessage { message, replay_id: "r1", attempt: 2 }
}

#[tokio::test]
async fn an_event_that_a_rule_could_not_deliver_is_published_to_its_topic() {
    let sns = FakeSns::start();
    let failed = undelivered("m1", TOPIC);
    let outcomes = sns.sender(ReplayTarget::Origin).await.send(&[to_replay(&failed)]).await.unwrap();
    assert_eq!(outcomes, [Ok("sns-0".to_owned())]);

    let requests = sns.published();
    assert_eq!((requests.len(), requests[0]["TopicArn"].as_str()), (1, TOPIC));
    let entry = &entries(&requests[0])[0];
    let event: Value = serde_json::from_str(&entry["Message"]).unwrap();
    let metadata = &event["detail"]["metadata"];
    let key = metadata["replayKey"].as_str().unwrap().parse::<Uuid>().unwrap();
    let expected = json!({"eventId": "m1", "replayId": "r1", "replayAttempt": 2, "replayKey": key});
    assert_eq!((metadata, key.get_version_num()), (&expected, 5));
    assert_eq!(event["detail"]["data"], json!({"n": 1}));
    let expected = [("busline-replay", "r1 2"), ("busline-replay-key", "m1")];
    let expected = expected.map(|(name, value)| (name.to_owned(), ("String".to_owned(), value.to_owned())));
    assert_eq!(attributes(entry), BTreeMap::from(expected), "attributes of the failure are not published");
}

#[tokio::test]
async fn a_notification_is_published_again_with_its_subject_and_attributes() {
    let sns = FakeSns::start();
    let notification = json!({
        "Type": "Notification", "TopicArn": TOPIC, "Message": "paid \u{1f600}", "Subject": "Order 7",
        "MessageAttributes": {"tries": {"Type": "Number", "Value": "3"}, "key": {"Type": "Binary", "Value": "AP8="}},
    });
    let failed = message("m1", &notification.to_string(), &[]);
    let sender = sns.sender(ReplayTarget::Topic(TOPIC.to_owned())).await;
    assert!(sender.send(&[to_replay(&failed)]).await.unwrap()[0].is_ok());

    let entry = &entries(&sns.published()[0])[0];
    assert_eq!((entry["Message"].as_str(), entry["Subject"].as_str()), ("paid \u{1f600}", "Order 7"));
    let carried = attributes(entry);
    assert_eq!(carried["tries"], ("Number".to_owned(), "3".to_owned()));
    assert_eq!(carried["key"], ("Binary".to_owned(), "AP8=".to_owned()));
    assert_eq!(carried["busline-replay-key"].1, "m1");
}

#[tokio::test]
async fn a_message_that_is_no_notification_is_published_unchanged() {
    let sns = FakeSns::start();
    let own = Attribute { data_type: "Binary.gzip".to_owned(), value: AttributeValue::Binary(vec![0, 255]) };
    let failed = message("m1", "{ \"n\": 1.0 }\n", &[("own", own)]);
    let sender = sns.sender(ReplayTarget::Topic(TOPIC.to_owned())).await;
    assert!(sender.send(&[to_replay(&failed)]).await.unwrap()[0].is_ok());
    let entry = &entries(&sns.published()[0])[0];
    assert_eq!(entry["Message"], "{ \"n\": 1.0 }\n");
    assert_eq!(attributes(entry)["own"], ("Binary.gzip".to_owned(), "AP8=".to_owned()));
    assert_eq!(entry.get("MessageGroupId"), None);
}

#[tokio::test]
async fn each_message_of_a_batch_has_its_own_outcome() {
    let sns = FakeSns::start();
    let texts: Vec<String> = (0..12).map(|n| if n == 3 { "refused".to_owned() } else { format!("text {n}") }).collect();
    let messages: Vec<Message> = texts.iter().map(|text| message(text, text, &[])).collect();
    let sender = sns.sender(ReplayTarget::Topic(TOPIC.to_owned())).await;
    let outcomes = sender.send(&messages.iter().map(to_replay).collect::<Vec<_>>()).await.unwrap();
    for (index, outcome) in outcomes.iter().enumerate() {
        let expected = if index == 3 { Err("InvalidParameter".to_owned()) } else { Ok(format!("sns-{index}")) };
        assert_eq!(*outcome, expected);
    }
    let sizes: Vec<usize> = sns.published().iter().map(|request| entries(request).len()).collect();
    assert_eq!(sizes, [10, 2], "ten entries in one call, and a refused entry is not sent again");
}

#[tokio::test]
async fn a_message_that_is_too_large_for_the_topic_is_refused_without_a_call() {
    let sns = FakeSns::start();
    let [large, small] = [300 * 1024, 10].map(|bytes| message("m", &"x".repeat(bytes), &[]));
    let sender = sns.sender(ReplayTarget::Topic(TOPIC.to_owned())).await;
    let outcomes = sender.send(&[to_replay(&large), to_replay(&small)]).await.unwrap();
    let reason = outcomes[0].as_ref().unwrap_err();
    assert!(reason.starts_with("MessageTooLong: 307200 bytes, the topic accepts 262144"), "{reason}");
    assert!(outcomes[1].is_ok());
    assert_eq!(sns.published().len(), 1);
}

#[tokio::test]
async fn a_fifo_topic_gets_group_and_deduplication_id_and_no_message_overtakes() {
    let sns = FakeSns::start();
    let in_group = |id: &str, text: &str| {
        let mut message = message(id, text, &[]);
        message.system_attributes.insert("MessageGroupId".to_owned(), "customer 1".to_owned());
        message
    };
    let messages =
        [in_group("m1", "first"), in_group("m2", "refused"), in_group("m3", "third"), message("m4", "x", &[])];
    let sender = sns.sender(ReplayTarget::Topic(FIFO_TOPIC.to_owned())).await;
    let outcomes = sender.send(&messages.iter().map(to_replay).collect::<Vec<_>>()).await.unwrap();
    assert_eq!(outcomes.iter().map(Result::is_ok).collect::<Vec<_>>(), [true, false, false, true]);
    assert_eq!(outcomes[2], Err("an earlier message of its group failed".to_owned()));
    let sent: Vec<Request> = sns.published().iter().flat_map(entries).collect();
    let ids: Vec<_> = sent.iter().map(|entry| (&*entry["MessageGroupId"], &*entry["MessageDeduplicationId"])).collect();
    assert_eq!(ids, [("customer 1", "m1"), ("m4", "m4"), ("customer 1", "m2")]);
}
