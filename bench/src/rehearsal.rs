//! AWS as a function meets it, once for real and then from memory.
//!
//! A rehearsal passes each call on to the local cloud and keeps the answer. Afterwards the same event leads to the same
//! calls, and they are answered from memory: what is timed then is the function and one round trip on this machine, not
//! the emulator.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use ::tests::http::{Answer, Request, is_of_the_connection};
use anyhow::{Context, Result};
use serde_json::Value;
use tokio::io::BufReader;
use tokio::net::{TcpListener, TcpStream};

/// An endpoint of AWS on 127.0.0.1.
#[derive(Debug)]
pub(crate) struct Rehearsal {
    /// The endpoint's URL.
    pub(crate) endpoint: String,
    memory: Arc<Mutex<Memory>>,
}

/// What a function asked of AWS.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Asked {
    /// The calls.
    pub(crate) calls: u64,
    /// The items that DynamoDB had to read or was given to write.
    pub(crate) items: u64,
}

#[derive(Debug, Default)]
struct Memory {
    /// By the operation: what each body was answered, the newest last.
    rehearsed: HashMap<String, Vec<(Value, Answer)>>,
    /// What calls were answered from memory, by the call with its body: a body is compared by its meaning once.
    performed: HashMap<(String, Vec<u8>), Answer>,
    mode: Mode,
    asked: Asked,
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
enum Mode {
    #[default]
    Rehearse,
    Perform,
}

impl Rehearsal {
    /// Opens an endpoint in front of `cloud`, which is asked until [`Rehearsal::perform`].
    ///
    /// # Errors
    /// When there is no port to listen on.
    pub(crate) async fn open(cloud: &str) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let endpoint = format!("http://{}", listener.local_addr()?);
        let memory = Arc::new(Mutex::new(Memory::default()));
        let http = reqwest::Client::builder().no_proxy().build()?;
        let stage = Stage { cloud: cloud.to_owned(), http, memory: Arc::clone(&memory) };
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(stage.clone().serve(stream));
            }
        });
        Ok(Self { endpoint, memory })
    }

    /// Forgets everything: the next calls go to the cloud.
    pub(crate) fn rehearse(&self) {
        *lock(&self.memory) = Memory::default();
    }

    /// From now on calls are answered from memory.
    pub(crate) fn perform(&self) {
        lock(&self.memory).mode = Mode::Perform;
    }

    /// What was asked since the rehearsal began.
    pub(crate) fn asked(&self) -> Asked {
        lock(&self.memory).asked
    }
}

#[derive(Clone)]
struct Stage {
    cloud: String,
    http: reqwest::Client,
    memory: Arc<Mutex<Memory>>,
}

impl Stage {
    /// Serves a connection until it ends. An error ends it too, and the function says what it then misses.
    async fn serve(self, stream: TcpStream) -> Result<()> {
        stream.set_nodelay(true)?;
        let mut connection = BufReader::new(stream);
        while let Some(request) = Request::read(&mut connection).await? {
            self.answer(request).await?.write(&mut connection).await?;
        }
        Ok(())
    }

    async fn answer(&self, request: Request) -> Result<Answer> {
        let operation = match request.header("x-amz-target") {
            Some(target) => target.to_owned(),
            None => format!("{} {}", request.method, request.path),
        };
        let known = lock(&self.memory).recall(&operation, &request.body);
        if let Some(answer) = known {
            return Ok(answer);
        }
        let body = request.body.clone();
        let answer = self.pass_on(request).await?;
        lock(&self.memory).keep(operation, &body, answer.clone());
        Ok(answer)
    }

    async fn pass_on(&self, request: Request) -> Result<Answer> {
        let method = request.method.parse().context("no HTTP method")?;
        let mut call = self.http.request(method, format!("{}{}", self.cloud, request.path)).body(request.body);
        for (name, value) in request.headers.iter().filter(|(name, _)| !is_of_the_connection(name)) {
            call = call.header(name, value);
        }
        let answer = call.send().await.context("the local cloud does not answer")?;
        let text = |value: &reqwest::header::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
        let headers = answer.headers().iter().map(|(name, value)| (name.to_string(), text(value))).collect();
        Ok(Answer { status: answer.status().as_u16(), headers, body: answer.bytes().await?.to_vec() })
    }
}

impl Memory {
    fn recall(&mut self, operation: &str, body: &[u8]) -> Option<Answer> {
        if self.mode == Mode::Rehearse {
            return None;
        }
        let call = (operation.to_owned(), body.to_owned());
        if let Some(answer) = self.performed.get(&call) {
            return Some(answer.clone());
        }
        match self.rehearsed.get(operation)?.as_slice() {
            // A call that holds a new id or time each time.
            [(_, answer)] => Some(answer.clone()),
            several => {
                let body = meaning(body);
                let Some((_, answer)) = several.iter().find(|(other, _)| *other == body) else {
                    let alike = several.iter().max_by_key(|(other, _)| likeness(other, &body));
                    return alike.map(|(_, answer)| answer.clone());
                };
                self.performed.insert(call, answer.clone());
                Some(answer.clone())
            }
        }
    }

    fn keep(&mut self, operation: String, body: &[u8], answer: Answer) {
        self.asked.calls += 1;
        self.asked.items += items(body, &answer.body);
        let body = meaning(body);
        let of_operation = self.rehearsed.entry(operation).or_default();
        of_operation.retain(|(other, _)| *other != body);
        of_operation.push((body, answer));
    }
}

/// A body without the order of its members, which is another one each time that the SDK writes a map; null if it is no
/// JSON.
fn meaning(body: &[u8]) -> Value {
    serde_json::from_slice(body).unwrap_or_default()
}

/// How many members and texts two bodies share: what tells calls of one operation apart that hold a new time.
fn likeness(one: &Value, other: &Value) -> usize {
    match (one, other) {
        (Value::Object(one), Value::Object(other)) => {
            let shared = one.iter().filter_map(|(name, value)| Some(1 + likeness(value, other.get(name)?)));
            shared.sum()
        }
        (Value::Array(one), Value::Array(other)) => {
            one.iter().zip(other).map(|(one, other)| likeness(one, other)).sum()
        }
        _ => usize::from(one == other),
    }
}

/// How many items a call made DynamoDB touch: those that a Query looked at, or those of a transaction, else one.
fn items(request: &[u8], answer: &[u8]) -> u64 {
    let json = |bytes| serde_json::from_slice::<Value>(bytes).unwrap_or_default();
    let of_transaction = json(request)["TransactItems"].as_array().map(Vec::len);
    let scanned = json(answer)["ScannedCount"].as_u64();
    scanned.unwrap_or_else(|| of_transaction.map_or(1, |items| items as u64))
}

fn lock(memory: &Mutex<Memory>) -> std::sync::MutexGuard<'_, Memory> {
    // A thread that panicked in between left whole values.
    memory.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(text: &str) -> Answer {
        Answer { status: 200, headers: Vec::new(), body: text.as_bytes().to_vec() }
    }

    #[test]
    fn a_call_is_answered_as_the_same_one_was_whatever_the_order_of_its_members() {
        let mut memory = Memory::default();
        memory.keep("GetItem".to_owned(), br#"{"pk": 1, "sk": 1}"#, answer("one"));
        memory.keep("GetItem".to_owned(), br#"{"pk": 1, "sk": 2}"#, answer("two"));
        assert!(memory.recall("GetItem", br#"{"pk": 1, "sk": 1}"#).is_none(), "it rehearses");
        memory.mode = Mode::Perform;
        for _ in 0..2 {
            let mut recalled = |body: &str| memory.recall("GetItem", body.as_bytes()).map(|answer| answer.body);
            assert_eq!(recalled(r#"{"sk": 1, "pk": 1}"#), Some(b"one".to_vec()));
            assert_eq!(recalled(r#"{"pk": 1, "sk": 2}"#), Some(b"two".to_vec()));
            assert_eq!(recalled(r#"{"pk": 9, "sk": 1}"#), Some(b"one".to_vec()), "a new id each time");
        }
        assert!(memory.recall("PutItem", b"{}").is_none());
    }
}
