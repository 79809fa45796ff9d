//! A faulty network between a mover of messages and the endpoint.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use tests::http::{Request, Response, Server};
use tests::rng::SeededRng;

/// What happens to a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    /// An error of AWS, and no work done.
    Error { status: u16, code: &'static str },
    /// The connection is cut before the work is done.
    CutBefore,
    /// The connection is cut after the work was done: the caller does not know.
    CutAfter,
    /// Only a batch: some entries are refused, the others are accepted.
    Partial,
}

/// The number of calls in a thousand that get each fault: 50 fail, 30 are throttled.
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

/// The proxy; it runs as long as the program.
#[derive(Clone, Debug)]
pub(crate) struct Proxy(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    endpoint: String,
    behind: String,
    client: reqwest::Client,
    rng: SeededRng,
    counts: Mutex<BTreeMap<String, u64>>,
}

impl Proxy {
    /// Starts on a free port, in front of the endpoint `behind`.
    pub(crate) async fn start(behind: &str, seed: u64) -> Self {
        let server = Server::bind().await;
        let client = reqwest::Client::builder().no_proxy().build().expect("an HTTP client");
        let proxy = Self(Arc::new(Inner {
            endpoint: server.endpoint().to_owned(),
            behind: behind.to_owned(),
            client,
            rng: SeededRng::new(seed, 1),
            counts: Mutex::default(),
        }));
        let serving = proxy.clone();
        server.start(move |request| {
            let proxy = serving.clone();
            async move { proxy.answer(&request).await }
        });
        proxy
    }

    pub(crate) fn endpoint(&self) -> &str {
        &self.0.endpoint
    }

    /// The number of calls with each fault.
    pub(crate) fn counts(&self) -> BTreeMap<String, u64> {
        self.0.counts.lock().unwrap().clone()
    }

    /// The answer to a call; `None` to cut the connection.
    async fn answer(&self, request: &Request) -> Option<Response> {
        let operation = operation(request);
        let body: Value = serde_json::from_slice(&request.body).unwrap_or(Value::Null);
        let is_batch = body["Entries"].is_array() && operation != "ChangeMessageVisibilityBatch";
        let Some(fault) = self.roll().filter(|fault| *fault != Fault::Partial || is_batch) else {
            return Some(self.forward(request, request.body.clone()).await);
        };
        self.count(&format!("{operation}: {}", fault.name()));
        match fault {
            // How Lambda throttles: <https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html>
            Fault::Error { code: "ThrottlingException", .. } if operation == "Invoke" => {
                Some(Response::error(429, "TooManyRequestsException", json!({"message": "A fault."})))
            }
            Fault::Error { status, code } => Some(Response::error(status, code, json!({"message": "A fault."}))),
            Fault::CutBefore => None,
            Fault::CutAfter => {
                self.forward(request, request.body.clone()).await;
                None
            }
            Fault::Partial => Some(self.refuse_some(request, body).await),
        }
    }

    fn roll(&self) -> Option<Fault> {
        let mut roll = self.0.rng.below(1000);
        for (share, fault) in ODDS {
            if roll < share {
                return Some(fault);
            }
            roll -= share;
        }
        None
    }

    /// Accepts some entries of a batch, and answers that the others have failed.
    async fn refuse_some(&self, request: &Request, mut body: Value) -> Response {
        let entries = body["Entries"].as_array().cloned().unwrap_or_default();
        let (refused, accepted): (Vec<Value>, Vec<Value>) = entries.into_iter().partition(|_| self.0.rng.below(3) == 0);
        let failed = refused.iter().map(
            |entry| json!({"Id": entry["Id"], "Code": "InternalError", "Message": "A fault.", "SenderFault": false}),
        );
        let failed: Vec<Value> = failed.collect();
        let mut answer = json!({"Successful": []});
        if !accepted.is_empty() {
            body["Entries"] = accepted.into();
            let response = self.forward(request, body.to_string().into_bytes()).await;
            if response.status != 200 {
                return response;
            }
            answer = serde_json::from_slice(&response.body).expect("SQS answers in JSON");
        }
        let also = answer["Failed"].as_array().cloned().unwrap_or_default();
        answer["Failed"] = failed.into_iter().chain(also).collect();
        Response::json(&answer)
    }

    async fn forward(&self, request: &Request, body: Vec<u8>) -> Response {
        request.forward(&self.0.client, &self.0.behind, body).await.expect("the local cloud answers")
    }

    fn count(&self, what: &str) {
        *self.0.counts.lock().unwrap().entry(what.to_owned()).or_default() += 1;
    }
}

/// The operation that a request asks for. A JSON protocol names it in a header, Lambda's REST protocol by the path.
fn operation(request: &Request) -> &str {
    let target = request.header("x-amz-target").and_then(|target| target.split_once('.'));
    let is_invocation = request.path.contains("/functions/") && request.path.contains("/invocations");
    target.map_or(if is_invocation { "Invoke" } else { "another" }, |(_, name)| name)
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
