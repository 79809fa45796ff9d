//! A faulty network between a mover of messages and SQS.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use tests::dice::Dice;
use tests::http::{Answer, Request, is_of_the_connection};
use tokio::io::BufReader;
use tokio::net::{TcpListener, TcpStream};

/// What happens to a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    /// An error of AWS, and no work done.
    Error { status: u16, code: &'static str },
    /// The connection is cut before the work is done.
    CutBefore,
    /// The connection is cut after the work was done: the caller does not know.
    CutAfter,
    /// A batch alone: some entries are refused, the others are taken.
    Partial,
}

/// Of a thousand calls, this many meet this fault: 50 fail, 30 are throttled.
///
/// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/CommonErrors.html>
const ODDS: [(u64, Fault); 6] = [
    (20, Fault::Error { status: 500, code: "InternalFailure" }),
    (10, Fault::Error { status: 503, code: "ServiceUnavailable" }),
    (10, Fault::CutBefore),
    (10, Fault::CutAfter),
    (30, Fault::Error { status: 400, code: "ThrottlingException" }),
    (100, Fault::Partial),
];

/// The proxy; it serves as long as the program runs.
#[derive(Clone, Debug)]
pub(crate) struct Proxy(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    endpoint: String,
    behind: String,
    client: reqwest::Client,
    dice: Dice,
    met: Mutex<BTreeMap<String, u64>>,
}

impl Proxy {
    /// Starts to serve on a free port, in front of the endpoint `behind`.
    pub(crate) async fn start(behind: &str, seed: u64) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port on 127.0.0.1");
        let port = listener.local_addr().expect("a port").port();
        let client = reqwest::Client::builder().no_proxy().build().expect("an HTTP client");
        let proxy = Self(Arc::new(Inner {
            endpoint: format!("http://127.0.0.1:{port}"),
            behind: behind.to_owned(),
            client,
            dice: Dice::new(seed, 1),
            met: Mutex::default(),
        }));
        tokio::spawn(proxy.clone().accept(listener));
        proxy
    }

    /// Its address.
    pub(crate) fn endpoint(&self) -> &str {
        &self.0.endpoint
    }

    /// How many calls met which fault.
    pub(crate) fn counts(&self) -> BTreeMap<String, u64> {
        self.0.met.lock().unwrap().clone()
    }

    async fn accept(self, listener: TcpListener) {
        loop {
            match listener.accept().await {
                Ok((stream, _)) => drop(tokio::spawn(self.clone().serve(stream))),
                Err(error) => eprintln!("the proxy could not accept a connection: {error}"),
            }
        }
    }

    /// Serves one connection. One that ends early is a killed program's.
    async fn serve(self, stream: TcpStream) -> io::Result<()> {
        stream.set_nodelay(true)?;
        let mut connection = BufReader::new(stream);
        while let Some(request) = Request::read(&mut connection).await? {
            let Some(answer) = self.answer(&request).await else {
                return Ok(());
            };
            answer.write(&mut connection).await?;
        }
        Ok(())
    }

    /// The answer to a call; none when its connection is to be cut.
    async fn answer(&self, request: &Request) -> Option<Answer> {
        let operation = request.header("x-amz-target").and_then(|target| target.split_once('.')).map(|(_, name)| name);
        let operation = operation.unwrap_or_default();
        let body: Value = serde_json::from_slice(&request.body).unwrap_or(Value::Null);
        let is_batch = body["Entries"].is_array() && operation != "ChangeMessageVisibilityBatch";
        let Some(fault) = self.roll().filter(|fault| *fault != Fault::Partial || is_batch) else {
            return Some(self.forward(request, request.body.clone()).await);
        };
        self.count(&format!("{operation}: {}", fault.name()));
        match fault {
            Fault::Error { status, code } => Some(Answer::error(status, code, json!({"message": "A fault."}))),
            Fault::CutBefore => None,
            Fault::CutAfter => {
                self.forward(request, request.body.clone()).await;
                None
            }
            Fault::Partial => Some(self.refuse_some(request, body).await),
        }
    }

    fn roll(&self) -> Option<Fault> {
        let mut roll = self.0.dice.roll(1000);
        for (share, fault) in ODDS {
            if roll < share {
                return Some(fault);
            }
            roll -= share;
        }
        None
    }

    /// Takes some entries of a batch, and answers for the others that they failed.
    async fn refuse_some(&self, request: &Request, mut body: Value) -> Answer {
        let entries = body["Entries"].as_array().cloned().unwrap_or_default();
        let (refused, taken): (Vec<Value>, Vec<Value>) = entries.into_iter().partition(|_| self.0.dice.roll(3) == 0);
        let failed = refused.iter().map(
            |entry| json!({"Id": entry["Id"], "Code": "InternalError", "Message": "A fault.", "SenderFault": false}),
        );
        let failed: Vec<Value> = failed.collect();
        let mut answer = json!({"Successful": []});
        if !taken.is_empty() {
            body["Entries"] = taken.into();
            let given = self.forward(request, body.to_string().into_bytes()).await;
            if given.status != 200 {
                return given;
            }
            answer = serde_json::from_slice(&given.body).expect("SQS answers in JSON");
        }
        let also = answer["Failed"].as_array().cloned().unwrap_or_default();
        answer["Failed"] = failed.into_iter().chain(also).collect();
        Answer::json(&answer)
    }

    async fn forward(&self, request: &Request, body: Vec<u8>) -> Answer {
        let url = format!("{}{}", self.0.behind, request.path);
        let mut call = self.0.client.post(url).body(body);
        for (name, value) in request.headers.iter().filter(|(name, _)| !is_of_the_connection(name)) {
            call = call.header(name, value);
        }
        let answer = call.send().await.expect("the local cloud answers");
        let headers = answer.headers().iter();
        let headers = headers.filter_map(|(name, value)| Some((name.to_string(), value.to_str().ok()?.to_owned())));
        let (status, headers) = (answer.status().as_u16(), headers.collect());
        Answer { status, headers, body: answer.bytes().await.expect("a whole answer").to_vec() }
    }

    fn count(&self, what: &str) {
        *self.0.met.lock().unwrap().entry(what.to_owned()).or_default() += 1;
    }
}

impl Fault {
    fn name(self) -> &'static str {
        match self {
            Self::Error { code, .. } => code,
            Self::CutBefore => "cut before the work",
            Self::CutAfter => "cut after the work",
            Self::Partial => "some entries refused",
        }
    }
}
