//! An execution environment of Lambda: a function's process, and the runtime API that it calls.
//!
//! <https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html>

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::Value;
use tests::http::{Connection, Request, Response};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::net::TcpListener;
use tokio::process::{Child, Command};
use tokio::time::timeout;
use uuid::Uuid;

/// How long a function may take until its next call of the runtime API.
const DEADLINE: Duration = Duration::from_secs(20);

/// A function to run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Program<'a> {
    pub(crate) binary: &'a Path,
    /// The function's `Handler` setting.
    pub(crate) handler: &'a str,
    /// The function's environment variables by their names.
    pub(crate) variables: &'a BTreeMap<String, String>,
    /// The endpoint of AWS.
    pub(crate) endpoint: &'a str,
}

/// A running function that waits for an event.
#[derive(Debug)]
pub(crate) struct ExecutionEnvironment {
    process: Child,
    listener: TcpListener,
    connection: Connection,
    /// From the start of the process to its first request for an event.
    pub(crate) init: Duration,
}

impl ExecutionEnvironment {
    /// Starts a function and waits until it requests an event.
    ///
    /// # Errors
    /// When it does not start, or reports that its init failed.
    pub(crate) async fn start(program: Program<'_>) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let mut command = Command::new(program.binary);
        command
            .env_clear()
            .envs(program.variables.iter().map(|(name, value)| (name, reachable(name, value, program.endpoint))))
            .env("_HANDLER", program.handler)
            .env("AWS_ACCESS_KEY_ID", "test")
            .env("AWS_ENDPOINT_URL", program.endpoint)
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256")
            .env("AWS_LAMBDA_FUNCTION_NAME", program.handler)
            .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
            .env("AWS_LAMBDA_LOG_FORMAT", "JSON")
            .env("AWS_LAMBDA_RUNTIME_API", listener.local_addr()?.to_string())
            .env("AWS_REGION", "eu-west-1")
            .env("AWS_SECRET_ACCESS_KEY", "test")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true);
        let start = Instant::now();
        let process = command.spawn().with_context(|| format!("cannot run {}", program.binary.display()))?;
        let mut connection = accept(&listener).await.with_context(|| format!("{} does not start", program.handler))?;
        let request = timeout(DEADLINE, Request::read(&mut connection)).await??;
        let init = start.elapsed();
        match request {
            Some(request) if request.path.ends_with("/invocation/next") => {
                Ok(Self { process, listener, connection, init })
            }
            Some(request) => bail!("{} failed at init: {}", program.handler, text(&request.body)),
            None => bail!("{} ended at init", program.handler),
        }
    }

    /// Sends an event to the function; its response, and the time from the start of the one to the end of the other.
    ///
    /// # Errors
    /// When the function fails or ends.
    pub(crate) async fn invoke(&mut self, event: &Value) -> Result<(Value, Duration)> {
        let invocation = next_invocation(event);
        let start = Instant::now();
        invocation.write(&mut self.connection).await?;
        let response = self.request().await?;
        let time = start.elapsed();
        let accepted = Response { status: 202, headers: Vec::new(), body: Vec::new() };
        accepted.write(&mut self.connection).await?;
        if !response.path.ends_with("/response") {
            bail!("the function failed: {}", text(&response.body));
        }
        let next = self.request().await?;
        if !next.path.ends_with("/invocation/next") {
            bail!("the function called {} instead of the next invocation", next.path);
        }
        Ok((serde_json::from_slice(&response.body).unwrap_or(Value::Null), time))
    }

    /// Its resident memory in KiB.
    ///
    /// # Errors
    /// When the process has ended.
    pub(crate) async fn resident_kib(&self) -> Result<u64> {
        let id = self.process.id().context("the function has ended")?.to_string();
        let output = Command::new("ps").args(["-o", "rss=", "-p", &id]).output().await.context("cannot run ps")?;
        let shown = text(&output.stdout);
        shown.trim().parse().with_context(|| format!("ps shows no memory of a function: {shown}"))
    }

    pub(crate) async fn end(mut self) -> Result<()> {
        self.process.kill().await.context("cannot end a function")
    }

    /// The next request, on the same connection or on a new one.
    async fn request(&mut self) -> Result<Request> {
        let next = async {
            loop {
                tokio::select! {
                    fresh = accept(&self.listener) => self.connection = fresh?,
                    waiting = self.connection.fill_buf() => {
                        if waiting?.is_empty() {
                            self.connection = accept(&self.listener).await?;
                        }
                        if let Some(request) = Request::read(&mut self.connection).await? {
                            return Ok(request);
                        }
                    }
                }
            }
        };
        timeout(DEADLINE, next).await.context("the function hangs")?
    }
}

/// The value of a variable. The endpoint of an API in the account is replaced as the local cloud does it.
fn reachable(name: &str, value: &str, endpoint: &str) -> String {
    let address = value.strip_prefix("https://").and_then(|rest| rest.split_once(".execute-api."));
    match address {
        Some((api, rest)) if name.starts_with("AWS_ENDPOINT_URL_") => {
            let path = rest.split_once('/').map_or("", |(_, path)| path);
            format!("{endpoint}/_aws/execute-api/{api}/{path}")
        }
        _ => value.to_owned(),
    }
}

async fn accept(listener: &TcpListener) -> Result<Connection> {
    let (stream, _) = timeout(DEADLINE, listener.accept()).await.context("the function did not connect")??;
    stream.set_nodelay(true)?;
    Ok(BufReader::new(stream))
}

fn next_invocation(event: &Value) -> Response {
    let deadline = jiff::Timestamp::now().as_millisecond() + 60_000;
    let headers = [
        ("lambda-runtime-aws-request-id", Uuid::new_v4().to_string()),
        ("lambda-runtime-deadline-ms", deadline.to_string()),
        ("lambda-runtime-invoked-function-arn", "arn:aws:lambda:eu-west-1:000000000000:function:bench".to_owned()),
        ("content-type", "application/json".to_owned()),
    ];
    let headers = headers.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    Response { status: 200, headers, body: event.to_string().into_bytes() }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
