//! Runs one job of a service's real binary as Lambda does: with the Runtime API and a fake AWS.
//!
//! Source: <https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html>

use std::io::BufReader;
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use serde_json::Value;

use crate::aws::{Answer, Call};
use crate::wire::{Request, respond};

/// The longest time of a job, also on a busy machine; a job that takes longer hangs.
const DEADLINE: Duration = Duration::from_mins(5);

/// Runs a service's binary as Lambda does.
#[derive(Clone, Copy, Debug)]
pub struct Functions<'a> {
    /// The path of the service's binary.
    pub binary: &'a str,
    /// Settings beside those that every function has. `{aws}` in a value is replaced by the address of the fake AWS.
    pub settings: &'a [(&'a str, &'a str)],
}

/// The result of a job.
#[derive(Debug)]
pub struct Ran {
    /// The function's response, or its error record.
    pub outcome: Result<Value, Value>,
    /// The calls of AWS, in order.
    pub calls: Vec<Call>,
    /// Standard output and standard error.
    pub logs: String,
}

impl Ran {
    /// The `errorType` of a job that failed.
    ///
    /// # Panics
    /// When the job did not fail.
    #[must_use]
    pub fn error_type(&self) -> &str {
        let failure = self.outcome.as_ref().expect_err("the job should have failed");
        failure["errorType"].as_str().unwrap()
    }

    /// The operations that the job called, in order.
    #[must_use]
    pub fn operations(&self) -> Vec<&str> {
        self.calls.iter().map(|call| call.operation.as_str()).collect()
    }

    /// The bodies of the calls of one operation.
    #[must_use]
    pub fn bodies(&self, operation: &str) -> Vec<&Value> {
        self.calls.iter().filter(|call| call.operation == operation).map(|call| &call.body).collect()
    }
}

impl Functions<'_> {
    /// Runs the job `handler` on one message. `aws` responds to its calls.
    ///
    /// # Panics
    /// When the function does not start, or does not respond within five minutes.
    pub fn run(&self, handler: &str, message: &Value, aws: impl FnMut(&Call) -> Answer + Send + 'static) -> Ran {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let (sender, outcome) = channel();
        let environment = Arc::new(FakeLambda {
            message: Mutex::new(Some(message.to_string())),
            aws: Mutex::new(Box::new(aws)),
            calls: Mutex::default(),
        });
        let server = Arc::clone(&environment);
        // The threads end with the test's process.
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (environment, sender) = (Arc::clone(&server), sender.clone());
                thread::spawn(move || environment.serve(&stream.unwrap(), &sender));
            }
        });
        let function = self.start(handler, &address);
        let outcome = outcome.recv_timeout(DEADLINE);
        let logs = stop(function);
        let outcome = outcome.unwrap_or_else(|_| panic!("no response after {DEADLINE:?}; the function wrote: {logs}"));
        let calls = std::mem::take(&mut *environment.calls.lock().unwrap());
        Ran { outcome, calls, logs }
    }

    fn start(&self, handler: &str, address: &str) -> Child {
        let aws = format!("http://{address}");
        let settings = self.settings.iter().map(|(name, value)| (*name, value.replace("{aws}", &aws)));
        Command::new(self.binary)
            .env_clear()
            .envs([
                ("_HANDLER", handler),
                ("AWS_LAMBDA_RUNTIME_API", address),
                ("AWS_LAMBDA_FUNCTION_NAME", handler),
                ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256"),
                ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
                ("AWS_LAMBDA_LOG_GROUP_NAME", handler),
                ("AWS_LAMBDA_LOG_STREAM_NAME", handler),
                ("AWS_REGION", "eu-west-1"),
                ("AWS_ACCESS_KEY_ID", "test"),
                ("AWS_SECRET_ACCESS_KEY", "test"),
                ("AWS_ENDPOINT_URL", &aws),
            ])
            .envs(settings)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    }
}

/// Stops the function and returns its output.
fn stop(mut function: Child) -> String {
    function.kill().unwrap();
    let output = function.wait_with_output().unwrap();
    String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned()
}

type Aws = dyn FnMut(&Call) -> Answer + Send;

/// The environment of the function.
struct FakeLambda {
    message: Mutex<Option<String>>,
    aws: Mutex<Box<Aws>>,
    calls: Mutex<Vec<Call>>,
}

impl FakeLambda {
    /// Serves one connection: the Runtime API and AWS's APIs have the same address.
    fn serve(&self, stream: &TcpStream, outcome: &Sender<Result<Value, Value>>) {
        let mut reader = BufReader::new(stream);
        while let Some(request) = Request::read(&mut reader) {
            match request.path.strip_prefix("/2018-06-01/runtime/") {
                Some("invocation/next") => {
                    // Without another message Lambda keeps the environment waiting here; the test ends it.
                    if let Some(message) = self.message.lock().unwrap().take() {
                        respond(stream, 200, &message);
                    }
                }
                Some(result) => {
                    let body = serde_json::from_slice(&request.body).unwrap_or_default();
                    // The first result of a job counts; a second one would be an error of the runtime.
                    outcome.send(if result.ends_with("/error") { Err(body) } else { Ok(body) }).ok();
                    respond(stream, 202, "{}");
                }
                None => match self.respond_as_aws(request) {
                    Answer::Json(status, body) => respond(stream, status, &body.to_string()),
                    Answer::Text(status, body) => respond(stream, status, body),
                    Answer::HangUp => return,
                },
            }
        }
    }

    fn respond_as_aws(&self, request: Request) -> Answer {
        let operation = request.operation();
        let body = serde_json::from_slice(&request.body).unwrap_or_default();
        let call = Call { operation, method: request.method, path: request.path, body };
        let answer = (self.aws.lock().unwrap())(&call);
        self.calls.lock().unwrap().push(call);
        answer
    }
}
