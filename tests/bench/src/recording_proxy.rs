//! A proxy between a function and AWS, which records the answers and replays them.
//!
//! While it records, it passes each call on to the local cloud and keeps the answer. Afterwards the same event leads to
//! the same calls, which are answered from memory: the measured time is that of the function and its round trips on this
//! machine, without the emulator.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use ::tests::http::{Request, Response, is_hop_by_hop_header};
use anyhow::{Context, Result};
use serde_json::Value;
use tokio::io::BufReader;
use tokio::net::{TcpListener, TcpStream};

/// An AWS endpoint on 127.0.0.1.
#[derive(Debug)]
pub(crate) struct RecordingProxy {
    /// The URL that functions call instead of AWS.
    pub(crate) endpoint: String,
    memory: Arc<Mutex<Memory>>,
}

/// What a function used of AWS.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct AwsUsage {
    pub(crate) calls: u64,
    /// The items that DynamoDB read or wrote.
    pub(crate) items: u64,
}

#[derive(Debug, Default)]
struct Memory {
    /// By operation: each request body with its response, the newest last.
    recorded: HashMap<String, Vec<(Value, Response)>>,
    /// By operation and body: responses that were found once. A body is parsed and compared only the first time.
    found: HashMap<(String, Vec<u8>), Response>,
    mode: Mode,
    usage: AwsUsage,
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
enum Mode {
    #[default]
    Record,
    Replay,
}

impl RecordingProxy {
    /// Opens a proxy in front of the endpoint `cloud`. It records until [`RecordingProxy::replay`].
    ///
    /// # Errors
    /// When there is no port to listen on.
    pub(crate) async fn open(cloud: &str) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let endpoint = format!("http://{}", listener.local_addr()?);
        let memory = Arc::new(Mutex::new(Memory::default()));
        let http = reqwest::Client::builder().no_proxy().build()?;
        let server = Server { cloud: cloud.to_owned(), http, memory: Arc::clone(&memory) };
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(server.clone().serve(stream));
            }
        });
        Ok(Self { endpoint, memory })
    }

    /// Starts a new recording.
    pub(crate) fn record(&self) {
        *lock(&self.memory) = Memory::default();
    }

    /// Answers calls from memory from now on.
    pub(crate) fn replay(&self) {
        lock(&self.memory).mode = Mode::Replay;
    }

    /// What was used since the recording began.
    pub(crate) fn usage(&self) -> AwsUsage {
        lock(&self.memory).usage
    }
}

#[derive(Clone)]
struct Server {
    cloud: String,
    http: reqwest::Client,
    memory: Arc<Mutex<Memory>>,
}

impl Server {
    /// Serves a connection until it ends. An error ends it too; the function then reports the failed call.
    async fn serve(self, stream: TcpStream) -> Result<()> {
        stream.set_nodelay(true)?;
        let mut connection = BufReader::new(stream);
        while let Some(request) = Request::read(&mut connection).await? {
            self.answer(request).await?.write(&mut connection).await?;
        }
        Ok(())
    }

    async fn answer(&self, request: Request) -> Result<Response> {
        let operation = match request.header("x-amz-target") {
            Some(target) => target.to_owned(),
            None => format!("{} {}", request.method, request.path),
        };
        let recorded = lock(&self.memory).find(&operation, &request.body);
        if let Some(answer) = recorded {
            return Ok(answer);
        }
        let body = request.body.clone();
        let answer = self.pass_on(request).await?;
        lock(&self.memory).add(operation, &body, answer.clone());
        Ok(answer)
    }

    async fn pass_on(&self, request: Request) -> Result<Response> {
        let method = request.method.parse().context("no HTTP method")?;
        let mut call = self.http.request(method, format!("{}{}", self.cloud, request.path)).body(request.body);
        for (name, value) in request.headers.iter().filter(|(name, _)| !is_hop_by_hop_header(name)) {
            call = call.header(name, value);
        }
        let answer = call.send().await.context("the local cloud does not answer")?;
        let text = |value: &reqwest::header::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
        let headers = answer.headers().iter().map(|(name, value)| (name.to_string(), text(value))).collect();
        Ok(Response { status: answer.status().as_u16(), headers, body: answer.bytes().await?.to_vec() })
    }
}

impl Memory {
    fn find(&mut self, operation: &str, body: &[u8]) -> Option<Response> {
        if self.mode == Mode::Record {
            return None;
        }
        let call = (operation.to_owned(), body.to_owned());
        if let Some(answer) = self.found.get(&call) {
            return Some(answer.clone());
        }
        match self.recorded.get(operation)?.as_slice() {
            // The body may contain a new id or time each time.
            [(_, answer)] => Some(answer.clone()),
            several => {
                let body = parse(body);
                let Some((_, answer)) = several.iter().find(|(other, _)| *other == body) else {
                    let most_similar = several.iter().max_by_key(|(other, _)| similarity(other, &body));
                    return most_similar.map(|(_, answer)| answer.clone());
                };
                self.found.insert(call, answer.clone());
                Some(answer.clone())
            }
        }
    }

    fn add(&mut self, operation: String, body: &[u8], answer: Response) {
        self.usage.calls += 1;
        self.usage.items += items(body, &answer.body);
        let body = parse(body);
        let of_operation = self.recorded.entry(operation).or_default();
        of_operation.retain(|(other, _)| *other != body);
        of_operation.push((body, answer));
    }
}

/// A body as JSON, because the SDK writes the members of a map in a different order each time; null if it is not JSON.
fn parse(body: &[u8]) -> Value {
    serde_json::from_slice(body).unwrap_or_default()
}

/// The number of members and values that two bodies share. Tells apart calls of one operation that contain a new time.
fn similarity(one: &Value, other: &Value) -> usize {
    match (one, other) {
        (Value::Object(one), Value::Object(other)) => {
            let shared = one.iter().filter_map(|(name, value)| Some(1 + similarity(value, other.get(name)?)));
            shared.sum()
        }
        (Value::Array(one), Value::Array(other)) => {
            one.iter().zip(other).map(|(one, other)| similarity(one, other)).sum()
        }
        _ => usize::from(one == other),
    }
}

/// The number of items that DynamoDB read or wrote for a call: those that a query scanned, those of a transaction, or one.
fn items(request: &[u8], answer: &[u8]) -> u64 {
    let json = |bytes| serde_json::from_slice::<Value>(bytes).unwrap_or_default();
    let of_transaction = json(request)["TransactItems"].as_array().map(Vec::len);
    let scanned = json(answer)["ScannedCount"].as_u64();
    scanned.unwrap_or_else(|| of_transaction.map_or(1, |items| items as u64))
}

fn lock(memory: &Mutex<Memory>) -> std::sync::MutexGuard<'_, Memory> {
    // A thread that panicked has left complete values.
    memory.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(text: &str) -> Response {
        Response { status: 200, headers: Vec::new(), body: text.as_bytes().to_vec() }
    }

    #[test]
    fn a_call_gets_the_recorded_answer_in_any_order_of_its_members() {
        let mut memory = Memory::default();
        memory.add("GetItem".to_owned(), br#"{"pk": 1, "sk": 1}"#, answer("one"));
        memory.add("GetItem".to_owned(), br#"{"pk": 1, "sk": 2}"#, answer("two"));
        assert!(memory.find("GetItem", br#"{"pk": 1, "sk": 1}"#).is_none(), "it records");
        memory.mode = Mode::Replay;
        for _ in 0..2 {
            let mut replayed = |body: &str| memory.find("GetItem", body.as_bytes()).map(|answer| answer.body);
            assert_eq!(replayed(r#"{"sk": 1, "pk": 1}"#), Some(b"one".to_vec()));
            assert_eq!(replayed(r#"{"pk": 1, "sk": 2}"#), Some(b"two".to_vec()));
            assert_eq!(replayed(r#"{"pk": 9, "sk": 1}"#), Some(b"one".to_vec()), "a new id each time");
        }
        assert!(memory.find("PutItem", b"{}").is_none());
    }
}
