//! Runs one job of the service's binary, as Lambda would, against an AWS that has nothing and does all that it is asked.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use serde_json::Value;

/// How long a job may take here; one that takes longer hangs.
const DEADLINE: Duration = Duration::from_secs(30);

/// What came of a job.
#[derive(Debug)]
pub(crate) struct Ran {
    /// The function's answer, or its failure record.
    pub(crate) outcome: Result<Value, Value>,
    /// The calls of AWS: an operation's name, or a method and its path.
    pub(crate) calls: Vec<String>,
    #[allow(dead_code, reason = "a test that fails shows it")]
    pub(crate) logs: String,
}

/// Runs the job `handler` on one message.
pub(crate) fn run(handler: &str, message: &Value) -> Ran {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let (sender, outcome) = channel();
    let world = Arc::new(World { message: Mutex::new(Some(message.to_string())), calls: Mutex::default() });
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
    message: Mutex<Option<String>>,
    calls: Mutex<Vec<String>>,
}

fn start(handler: &str, address: &str) -> Child {
    Command::new(env!("CARGO_BIN_EXE_todos"))
        .env_clear()
        .envs([
            ("_HANDLER", handler),
            ("AWS_LAMBDA_RUNTIME_API", address),
            ("AWS_LAMBDA_FUNCTION_NAME", "todos"),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256"),
            ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
            ("AWS_LAMBDA_LOG_GROUP_NAME", "todos"),
            ("AWS_LAMBDA_LOG_STREAM_NAME", "todos"),
            ("AWS_REGION", "eu-west-1"),
            ("AWS_ACCESS_KEY_ID", "test"),
            ("AWS_SECRET_ACCESS_KEY", "test"),
            ("TABLE_NAME", "busline-test-todos"),
            ("FILES_BUCKET", "busline-test-todos-files"),
            ("EXPORTS_BUCKET", "busline-test-users-exports"),
        ])
        .env("AWS_ENDPOINT_URL", format!("http://{address}"))
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
        match request.path.rsplit_once('/').unwrap_or_default() {
            (_, "next") => {
                // Without another message Lambda keeps the environment waiting here; the test ends it.
                if let Some(message) = world.message.lock().unwrap().take() {
                    respond(stream, 200, &message);
                }
            }
            (path, result @ ("response" | "error")) if path.starts_with("/2018-06-01/runtime/") => {
                let body = serde_json::from_slice(&request.body).unwrap_or_default();
                // A second result of the same job would be the runtime's fault; the first one counts.
                outcome.send(if result == "error" { Err(body) } else { Ok(body) }).ok();
                respond(stream, 202, "{}");
            }
            _ => {
                let call = request.call();
                let (status, body) = answer(&call);
                world.calls.lock().unwrap().push(call);
                respond(stream, status, body);
            }
        }
    }
}

/// What an empty and willing AWS answers.
fn answer(call: &str) -> (u16, &'static str) {
    match call {
        "Query" => (200, r#"{"Items": []}"#),
        call if call.starts_with("GET ") => (200, "<ListBucketResult></ListBucketResult>"),
        call if call.starts_with("DELETE ") => (204, ""),
        _ => (200, "{}"),
    }
}

struct Request {
    method: String,
    path: String,
    /// DynamoDB's operation.
    target: Option<String>,
    body: Vec<u8>,
}

impl Request {
    /// The next request of a connection, `None` when it has ended.
    fn read(reader: &mut impl BufRead) -> Option<Self> {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let mut words = line.split(' ').map(str::to_owned);
        let (method, path) = (words.next()?, words.next()?);
        let (mut target, mut length) = (None, 0);
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).ok()?;
            let Some((name, value)) = line.trim_end().split_once(':') else {
                break;
            };
            match name.to_lowercase().as_str() {
                "x-amz-target" => target = value.rsplit_once('.').map(|(_, operation)| operation.to_owned()),
                "content-length" => length = value.trim().parse().unwrap(),
                _ => {}
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).ok()?;
        Some(Self { method, path, target, body })
    }

    fn call(&self) -> String {
        self.target.clone().unwrap_or_else(|| format!("{} {}", self.method, self.path))
    }
}

fn respond(mut stream: &TcpStream, status: u16, body: &str) {
    let head = format!(
        "HTTP/1.1 {status} -\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\
         lambda-runtime-aws-request-id: 8476a536-e9f4-11e8-9739-2dfe598c3fcd\r\n\
         lambda-runtime-deadline-ms: 4102444800000\r\n\
         lambda-runtime-invoked-function-arn: arn:aws:lambda:eu-west-1:123456789012:function:todos\r\n\r\n",
        body.len()
    );
    // The function may be gone; the test sees that in its outcome.
    stream.write_all(format!("{head}{body}").as_bytes()).ok();
}
