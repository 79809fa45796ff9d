//! Runs one job of the service's binary, as Lambda would, against a scripted AWS.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

/// How long a job may take here; one that takes longer hangs.
const DEADLINE: Duration = Duration::from_secs(30);

/// What AWS answers to one call.
#[derive(Clone, Debug)]
pub(crate) enum Answer {
    /// A status and a JSON body.
    Json(u16, Value),
    /// The connection ends without an answer.
    HangUp,
}

/// The answer of a call that has nothing to say.
pub(crate) fn done() -> Answer {
    Answer::Json(200, json!({}))
}

/// DynamoDB's refusal of a transaction, with the code of each write.
pub(crate) fn cancelled(codes: &[&str]) -> Answer {
    let reasons: Vec<Value> = codes.iter().map(|code| json!({"Code": code})).collect();
    Answer::Json(
        400,
        json!({
            "__type": "com.amazonaws.dynamodb.v20120810#TransactionCanceledException",
            "Message": "Transaction cancelled, please refer cancellation reasons for specific reasons",
            "CancellationReasons": reasons,
        }),
    )
}

/// DynamoDB's refusal of a conditional write, with the item that it found.
pub(crate) fn condition_failed(item: &Value) -> Answer {
    Answer::Json(
        400,
        json!({
            "__type": "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException",
            "message": "The conditional request failed",
            "Item": item,
        }),
    )
}

/// A call that the job made.
#[derive(Debug)]
pub(crate) struct Call {
    /// Such as `TransactWriteItems`.
    pub(crate) operation: String,
    pub(crate) body: Value,
}

/// What came of a job.
#[derive(Debug)]
pub(crate) struct Ran {
    /// The function's answer, or its failure record.
    pub(crate) outcome: Result<Value, Value>,
    pub(crate) calls: Vec<Call>,
    pub(crate) logs: String,
}

impl Ran {
    /// The `errorType` of a job that failed.
    pub(crate) fn error_type(&self) -> &str {
        let failure = self.outcome.as_ref().expect_err("the job should have failed");
        failure["errorType"].as_str().unwrap()
    }

    /// The operations that the job called, in order.
    pub(crate) fn operations(&self) -> Vec<&str> {
        self.calls.iter().map(|call| call.operation.as_str()).collect()
    }

    /// The bodies of the calls of one operation.
    pub(crate) fn bodies(&self, operation: &str) -> Vec<&Value> {
        self.calls.iter().filter(|call| call.operation == operation).map(|call| &call.body).collect()
    }
}

/// A payload from `tests/fixtures/`.
pub(crate) fn fixture(name: &str) -> Value {
    let path = format!("{}/tests/fixtures/{name}.json", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    serde_json::from_str(&text).unwrap()
}

/// Runs the job `handler` on one message. A call to AWS takes the first answer that is left for its operation; one
/// without an answer is refused with 400.
pub(crate) fn run(handler: &str, message: &Value, script: &[(&str, Answer)]) -> Ran {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let (sender, outcome) = channel();
    let world = Arc::new(World {
        messages: Mutex::new(vec![message.to_string()]),
        script: Mutex::new(script.iter().map(|(name, answer)| ((*name).to_owned(), answer.clone())).collect()),
        calls: Mutex::default(),
    });
    let played = Arc::clone(&world);
    thread::spawn(move || {
        for stream in listener.incoming() {
            let (world, sender) = (Arc::clone(&played), sender.clone());
            thread::spawn(move || serve(&stream.unwrap(), &world, &sender));
        }
    });
    let function = start(handler, &address);
    let outcome = outcome.recv_timeout(DEADLINE);
    let logs = stop(function);
    let outcome = outcome.unwrap_or_else(|_| panic!("no answer after {DEADLINE:?}; the function wrote: {logs}"));
    let calls = std::mem::take(&mut *world.calls.lock().unwrap());
    Ran { outcome, calls, logs }
}

/// What the function finds around it.
struct World {
    messages: Mutex<Vec<String>>,
    script: Mutex<Vec<(String, Answer)>>,
    calls: Mutex<Vec<Call>>,
}

fn start(handler: &str, address: &str) -> Child {
    Command::new(env!("CARGO_BIN_EXE_notifications"))
        .env_clear()
        .envs([
            ("_HANDLER", handler),
            ("AWS_LAMBDA_RUNTIME_API", address),
            ("AWS_LAMBDA_FUNCTION_NAME", "notifications"),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256"),
            ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
            ("AWS_LAMBDA_LOG_GROUP_NAME", "notifications"),
            ("AWS_LAMBDA_LOG_STREAM_NAME", "notifications"),
            ("AWS_REGION", "eu-west-1"),
            ("AWS_ACCESS_KEY_ID", "test"),
            ("AWS_SECRET_ACCESS_KEY", "test"),
            ("TABLE_NAME", "busline-test-notifications"),
            ("MAIL_FROM", "no-reply@busline.example"),
            ("WEB_ORIGIN", "https://busline.example"),
            ("API_URL", "https://api.busline.example"),
            ("UNSUBSCRIBE_SECRET", "arn:aws:secretsmanager:eu-west-1:123456789012:secret:x"),
            ("SEND_DIGEST_FUNCTION", "send-digest-mail"),
            ("EXPORTS_BUCKET", "busline-test-users-exports"),
        ])
        .env("AWS_ENDPOINT_URL", format!("http://{address}"))
        .env("AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI", format!("http://{address}/sockets"))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

/// Ends the function; gives what it wrote.
fn stop(mut function: Child) -> String {
    function.kill().unwrap();
    let output = function.wait_with_output().unwrap();
    String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned()
}

/// Answers the requests of one connection: Lambda's runtime API and AWS's services at one address.
fn serve(stream: &TcpStream, world: &World, outcome: &Sender<Result<Value, Value>>) {
    let mut reader = BufReader::new(stream);
    while let Some(request) = Request::read(&mut reader) {
        let answer = match request.path.rsplit_once('/').unwrap_or_default() {
            (_, "next") => match world.messages.lock().unwrap().pop() {
                Some(message) => (200, message),
                // Lambda keeps an idle environment waiting here; the test ends it.
                None => continue,
            },
            (path, result @ ("response" | "error")) if path.starts_with("/2018-06-01/runtime/") => {
                let body = serde_json::from_slice(&request.body).unwrap_or_default();
                // A second result of the same job would be the runtime's fault; the first one counts.
                outcome.send(if result == "error" { Err(body) } else { Ok(body) }).ok();
                (202, "{}".to_owned())
            }
            _ => match world.play(&request) {
                Answer::Json(status, body) => (status, body.to_string()),
                Answer::HangUp => return,
            },
        };
        respond(stream, answer.0, &answer.1);
    }
}

impl World {
    fn play(&self, request: &Request) -> Answer {
        let operation = request.operation();
        let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
        if let Some(answer) = aside(&operation, &body) {
            return answer;
        }
        let mut script = self.script.lock().unwrap();
        let next = script.iter().position(|(name, _)| *name == operation);
        self.calls.lock().unwrap().push(Call { operation, body });
        next.map_or_else(|| Answer::Json(400, json!({"__type": "NotInTheScript"})), |index| script.remove(index).1)
    }
}

/// What no test is about: nobody has deleted their account, and the stack has its secret.
fn aside(operation: &str, body: &Value) -> Option<Answer> {
    let is_tombstone = body["Key"]["sk"]["S"] == "TOMBSTONE";
    match operation {
        "GetItem" if is_tombstone => Some(done()),
        "GetSecretValue" => Some(Answer::Json(200, json!({"SecretString": "a secret of the tests"}))),
        _ => None,
    }
}

struct Request {
    path: String,
    headers: HashMap<String, String>,
    body: Vec<u8>,
}

impl Request {
    /// The next request of a connection, `None` when it has ended.
    fn read(reader: &mut impl BufRead) -> Option<Self> {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let path = line.split(' ').nth(1)?.to_owned();
        let mut headers = HashMap::new();
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).ok()?;
            let Some((name, value)) = line.trim_end().split_once(':') else {
                break;
            };
            headers.insert(name.to_lowercase(), value.trim().to_owned());
        }
        let length = headers.get("content-length").map_or(0, |length| length.parse().unwrap());
        let mut body = vec![0; length];
        reader.read_exact(&mut body).ok()?;
        Some(Self { path, headers, body })
    }

    fn operation(&self) -> String {
        match self.headers.get("x-amz-target").and_then(|target| target.rsplit_once('.')) {
            Some((_, operation)) => operation.to_owned(),
            None if self.path.starts_with("/v2/email/outbound-emails") => "SendEmail".to_owned(),
            None if self.path.ends_with("x-id=PutObject") => "PutObject".to_owned(),
            None => self.path.clone(),
        }
    }
}

fn respond(mut stream: &TcpStream, status: u16, body: &str) {
    let head = format!(
        "HTTP/1.1 {status} -\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\
         lambda-runtime-aws-request-id: 8476a536-e9f4-11e8-9739-2dfe598c3fcd\r\n\
         lambda-runtime-deadline-ms: 4102444800000\r\n\
         lambda-runtime-invoked-function-arn: arn:aws:lambda:eu-west-1:123456789012:function:notifications\r\n\r\n",
        body.len()
    );
    // The function may be gone; the test sees that in its outcome.
    stream.write_all(format!("{head}{body}").as_bytes()).ok();
}
