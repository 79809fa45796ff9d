//! SQS, S3 and `CloudWatch` as a fake endpoint. Messages are held without an end, so that a message that is not given back
//! stays hidden.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

/// What the endpoint contains, and what it was asked.
#[derive(Default)]
pub(crate) struct State {
    /// The attributes of each queue.
    pub(crate) queues: BTreeMap<String, Value>,
    /// The messages of every queue: the bodies by receipt handle.
    pub(crate) messages: BTreeMap<String, String>,
    pub(crate) hidden: BTreeSet<String>,
    /// The bodies that were sent.
    pub(crate) sent: Vec<String>,
    /// The names of actions, in order. Fetching an object is `GET`.
    pub(crate) calls: Vec<String>,
    /// The actions that get no answer as long as they are here.
    pub(crate) hanging: Vec<&'static str>,
    /// How many invocations of functions are throttled.
    pub(crate) throttled: usize,
    /// The age of the oldest message of a queue, in seconds, by the queue's name.
    pub(crate) ages: BTreeMap<String, f64>,
}

pub(crate) struct FakeAws {
    pub(crate) url: String,
    /// Where `ops` keeps journals and depths, unless the test sets another folder.
    home: TempDir,
    state: Arc<Mutex<State>>,
}

impl FakeAws {
    pub(crate) fn start(state: State) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let shared = Arc::new(Mutex::new(state));
        let state = Arc::clone(&shared);
        thread::spawn(move || {
            for connection in listener.incoming() {
                let state = Arc::clone(&state);
                thread::spawn(move || answer(connection.unwrap(), &state));
            }
        });
        Self { url, home: tempfile::tempdir().unwrap(), state: shared }
    }

    /// An endpoint with the queues `my-dlq` and `orders`.
    pub(crate) fn with_messages(bodies: impl IntoIterator<Item = String>) -> Self {
        let messages = bodies.into_iter().enumerate().map(|(index, body)| (format!("{index:08}"), body)).collect();
        let queues = ["my-dlq", "orders"].map(|name| (name.to_owned(), json!({}))).into();
        Self::start(State { queues, messages, ..State::default() })
    }

    pub(crate) fn state<T>(&self, look: impl FnOnce(&mut State) -> T) -> T {
        look(&mut self.state.lock().unwrap())
    }

    /// `ops dlq` with this endpoint.
    pub(crate) fn ops(&self, arguments: &[&str]) -> Command {
        let mut command = self.ops_program();
        command.arg("dlq").args(arguments);
        command
    }

    /// `ops` with this endpoint, without arguments.
    pub(crate) fn ops_program(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ops"));
        command.env("BUSLINE_HOME", self.home.path());
        command.env("AWS_ENDPOINT_URL", &self.url).env("AWS_REGION", "eu-west-1");
        command.env("AWS_ACCESS_KEY_ID", "test").env("AWS_SECRET_ACCESS_KEY", "test");
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Waits until the state is as expected.
    pub(crate) fn wait_until(&self, what: &str, is_so: impl Fn(&State) -> bool) {
        let started = Instant::now();
        while !self.state(|state| is_so(state)) {
            assert!(
                started.elapsed() < Duration::from_mins(2),
                "{what}: {:?}",
                self.state(|state| state.calls.clone())
            );
            thread::sleep(Duration::from_millis(20));
        }
    }
}

fn answer(mut stream: TcpStream, state: &Mutex<State>) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let (mut length, mut action) = (0, "GET".to_owned());
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        let lower = line.to_ascii_lowercase();
        if let Some(value) = lower.strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        if lower.starts_with("x-amz-target:") {
            line.trim().rsplit('.').next().unwrap().clone_into(&mut action);
        }
        if line.trim().is_empty() {
            break;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    let request: Value = serde_json::from_slice(&body).unwrap_or_default();
    let result = {
        let mut state = state.lock().unwrap();
        state.calls.push(action.clone());
        state.answer(&action, &request)
    };
    while state.lock().unwrap().hanging.contains(&&*action) {
        thread::sleep(Duration::from_millis(20));
    }
    let text = result.to_string();
    let head = format!(
        "HTTP/1.1 {}\r\ncontent-type: application/x-amz-json-1.0\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        if result.get("__type").is_some() { "400 Bad Request" } else { "200 OK" },
        text.len()
    );
    // The program may have ended meanwhile.
    stream.write_all((head + &text).as_bytes()).ok();
}

impl State {
    fn answer(&mut self, action: &str, request: &Value) -> Value {
        match action {
            "ListQueues" => json!({"QueueUrls": self.queues.keys().map(|name| url(name)).collect::<Vec<_>>()}),
            "GetQueueUrl" => match request["QueueName"].as_str().unwrap() {
                name if self.queues.contains_key(name) => json!({"QueueUrl": url(name)}),
                _ => missing_queue(),
            },
            "GetQueueAttributes" => self.attributes(request["QueueUrl"].as_str().unwrap()),
            "GET" if self.throttled > 0 => {
                self.throttled -= 1;
                json!({"__type": "TooManyRequestsException", "message": "Rate Exceeded."})
            }
            "ReceiveMessage" => self.receive(),
            "ChangeMessageVisibilityBatch" => self.change(&request["Entries"]),
            "SendMessageBatch" => {
                let entries = request["Entries"].as_array().unwrap();
                self.sent.extend(entries.iter().map(|entry| entry["MessageBody"].as_str().unwrap().to_owned()));
                json!({"Successful": entries.iter().map(sent).collect::<Vec<_>>(), "Failed": []})
            }
            "DeleteMessageBatch" => self.delete(request["Entries"].as_array().unwrap()),
            "GetMetricData" => self.metrics(&request["MetricDataQueries"]),
            _ => json!({}),
        }
    }

    fn attributes(&self, url: &str) -> Value {
        let name = url.rsplit('/').next().unwrap();
        if !self.queues.contains_key(name) {
            return missing_queue();
        }
        let mut attributes = json!({
            "QueueArn": arn(name), "MessageRetentionPeriod": "345600",
            "ApproximateNumberOfMessages": (self.messages.len() - self.hidden.len()).to_string(),
            "ApproximateNumberOfMessagesNotVisible": self.hidden.len().to_string(),
            "ApproximateNumberOfMessagesDelayed": "0",
        });
        for (name, value) in self.queues.get(name).and_then(Value::as_object).into_iter().flatten() {
            attributes[name] = value.clone();
        }
        json!({"Attributes": attributes})
    }

    fn receive(&mut self) -> Value {
        let visible = self.messages.iter().filter(|(receipt, _)| !self.hidden.contains(*receipt));
        let messages: Vec<Value> = visible.take(10).map(|(receipt, body)| message(receipt, body)).collect();
        self.hidden.extend(messages.iter().map(|message| message["ReceiptHandle"].as_str().unwrap().to_owned()));
        if messages.is_empty() { json!({}) } else { json!({"Messages": messages}) }
    }

    fn change(&mut self, entries: &Value) -> Value {
        let entries = entries.as_array().unwrap();
        for entry in entries.iter().filter(|entry| entry["VisibilityTimeout"] == 0) {
            self.hidden.remove(entry["ReceiptHandle"].as_str().unwrap());
        }
        let successful: Vec<Value> = entries.iter().map(|entry| json!({"Id": entry["Id"]})).collect();
        json!({"Successful": successful, "Failed": []})
    }

    fn delete(&mut self, entries: &[Value]) -> Value {
        for entry in entries {
            self.messages.remove(entry["ReceiptHandle"].as_str().unwrap());
            self.hidden.remove(entry["ReceiptHandle"].as_str().unwrap());
        }
        json!({"Successful": entries.iter().map(|entry| json!({"Id": entry["Id"]})).collect::<Vec<_>>(), "Failed": []})
    }

    fn metrics(&self, queries: &Value) -> Value {
        let result = |query: &Value| {
            let queue = &query["MetricStat"]["Metric"]["Dimensions"][0]["Value"];
            let age = self.ages.get(queue.as_str().unwrap());
            let now = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap().as_secs();
            let (times, values): (Vec<u64>, Vec<f64>) = age.map(|age| (now, *age)).into_iter().unzip();
            json!({"Id": query["Id"], "Timestamps": times, "Values": values, "StatusCode": "Complete"})
        };
        json!({"MetricDataResults": queries.as_array().unwrap().iter().map(result).collect::<Vec<_>>()})
    }
}

pub(crate) fn arn(queue: &str) -> String {
    format!("arn:aws:sqs:eu-west-1:000000000000:{queue}")
}

fn missing_queue() -> Value {
    json!({"__type": "com.amazonaws.sqs#QueueDoesNotExist", "message": "no such queue"})
}

fn url(name: &str) -> String {
    format!("http://sqs.localhost/000000000000/{name}")
}

fn message(receipt: &str, body: &str) -> Value {
    json!({
        "MessageId": format!("{receipt}-0000-4000-8000-000000000000"), "ReceiptHandle": receipt, "Body": body,
        "Attributes": {"SentTimestamp": "1790000000000", "ApproximateReceiveCount": "1"},
    })
}

fn sent(entry: &Value) -> Value {
    json!({"Id": entry["Id"], "MessageId": format!("sent-{}", entry["Id"]), "MD5OfMessageBody": ""})
}
