//! A faulty network between the functions and the endpoint.
//!
//! Functions call AWS through it because of the variable `AWS_ENDPOINT_URL`.

use std::collections::HashSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tests::http::{Request, Response, Server};
use tests::product::Product;

use crate::bus::{Bus, Entry};
use crate::functions;
use crate::plan::{Call, Fault, Plan};

/// The proxy; it runs as long as the program.
#[derive(Clone, Debug)]
pub(crate) struct Proxy(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    endpoint: String,
    product: Product,
    plan: Arc<Plan>,
    bus: Bus,
    /// The number of open calls and of delayed entries.
    open: AtomicUsize,
    last: Mutex<Instant>,
    /// Tokens of transactions that may be done without an answer: DynamoDB answers a repetition with a success.
    may_be_done: Mutex<HashSet<String>>,
}

impl Proxy {
    /// Starts on a free port.
    pub(crate) async fn start(product: &Product, plan: Arc<Plan>) -> Self {
        let server = Server::bind().await;
        let proxy = Self(Arc::new(Inner {
            endpoint: server.endpoint().to_owned(),
            product: product.clone(),
            plan,
            bus: Bus::new(product),
            open: AtomicUsize::new(0),
            last: Mutex::new(Instant::now()),
            may_be_done: Mutex::default(),
        }));
        let serving = proxy.clone();
        server.start(move |request| {
            let proxy = serving.clone();
            async move {
                let _open = proxy.open();
                proxy.answer(&request).await
            }
        });
        proxy
    }

    pub(crate) fn endpoint(&self) -> &str {
        &self.0.endpoint
    }

    pub(crate) fn bus(&self) -> &Bus {
        &self.0.bus
    }

    /// Waits until there was no call for `time`.
    pub(crate) async fn wait_until_quiet(&self, time: Duration) {
        loop {
            let since = self.0.last.lock().unwrap().elapsed();
            let open = self.0.open.load(Ordering::Acquire);
            if open == 0 && since >= time {
                return;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// The answer to a call; `None` to cut the connection.
    async fn answer(&self, request: &Request) -> Option<Response> {
        let body = serde_json::from_slice(&request.body).unwrap_or(Value::Null);
        let call = call(request, &body);
        let plan = &self.0.plan;
        let is_impossible = |fault: &Fault| matches!(fault, Fault::Cancelled(_)) && self.may_be_done(&body);
        let fault = plan.fault(&call).filter(|fault| !is_impossible(fault));
        let Some(fault) = fault else {
            return Some(self.forward(request, &call, &body).await);
        };
        let service = if call == Call::PutEvents { "events" } else { "dynamodb" };
        plan.count(&format!("{service}: {}", fault.name()), 1);
        match fault {
            Fault::Error { status, code } => Some(Response::error(status, code, json!({"message": "A fault."}))),
            Fault::CutBefore => None,
            Fault::CutAfter => {
                self.forward(request, &call, &body).await;
                self.remember(&body);
                None
            }
            Fault::KillBefore => {
                self.kill_caller(&call, &body).await;
                None
            }
            Fault::KillAfter => {
                self.forward(request, &call, &body).await;
                // The killed process may not be the caller's.
                self.remember(&body);
                self.kill_caller(&call, &body).await;
                None
            }
            Fault::Delay => {
                tokio::time::sleep(plan.rng().milliseconds(20, 250)).await;
                Some(self.forward(request, &call, &body).await)
            }
            Fault::Cancelled(reason) => Some(cancelled(&body, reason)),
            Fault::RefuseEntries => Some(self.refuse(&body).await),
            Fault::RepeatEntries => {
                let answer = self.forward(request, &call, &body).await;
                let mut reversed = Entry::all(&body);
                reversed.reverse();
                self.put_later(reversed);
                Some(answer)
            }
            Fault::HoldEntries => Some(self.delay_entries(&body).await),
        }
    }

    /// Forwards a call without a change.
    async fn forward(&self, request: &Request, call: &Call, body: &Value) -> Response {
        let (client, endpoint) = (self.0.product.http(), self.0.product.endpoint());
        let answer = request.forward(client, endpoint, request.body.clone()).await.unwrap_or_else(|error| {
            eprintln!("the local cloud did not answer: {error}");
            Response::error(502, "BadGateway", json!({"message": "The endpoint did not answer."}))
        });
        if *call == Call::PutEvents && answer.status == 200 {
            let results: Value = serde_json::from_slice(&answer.body).expect("PutEvents answers in JSON");
            let results = results["Entries"].as_array().expect("a result for each entry").iter();
            for (entry, _) in Entry::all(body).iter().zip(results).filter(|(_, result)| result["EventId"].is_string()) {
                self.0.bus.record(entry);
            }
        }
        answer
    }

    /// Refuses some entries and accepts the others.
    async fn refuse(&self, body: &Value) -> Response {
        let mut results = Vec::new();
        for entry in Entry::all(body) {
            if self.0.plan.rng().below(3) == 0 {
                self.0.plan.count("events: entries refused", 1);
                results.push(json!({"ErrorCode": "InternalFailure", "ErrorMessage": "A fault."}));
            } else {
                results.push(self.0.bus.put(&[entry]).await);
            }
        }
        let failed = results.iter().filter(|result| result["ErrorCode"].is_string()).count();
        Response::json(&json!({"FailedEntryCount": failed, "Entries": results}))
    }

    /// Accepts all entries, and delivers some of them later.
    async fn delay_entries(&self, body: &Value) -> Response {
        let mut results = Vec::new();
        for entry in Entry::all(body) {
            if self.0.plan.rng().below(2) == 0 {
                results.push(json!({"EventId": uuid::Uuid::new_v4()}));
                self.put_later(vec![entry]);
            } else {
                results.push(self.0.bus.put(&[entry]).await);
            }
        }
        let failed = results.iter().filter(|result| result["ErrorCode"].is_string()).count();
        Response::json(&json!({"FailedEntryCount": failed, "Entries": results}))
    }

    fn put_later(&self, entries: Vec<Entry>) {
        let (proxy, open) = (self.clone(), self.open());
        tokio::spawn(async move {
            tokio::time::sleep(proxy.0.plan.rng().milliseconds(50, 1500)).await;
            let result = proxy.0.bus.put(&entries).await;
            assert!(result["EventId"].is_string(), "the bus accepts the delayed entries: {result}");
            drop(open);
        });
    }

    /// Kills the calling function: the only process of a publisher, or one of those that use a service's table now.
    async fn kill_caller(&self, call: &Call, body: &Value) {
        let env = self.0.product.env();
        let prefix = if let Call::Table { name, .. } = call {
            name.clone()
        } else {
            let source = body["Entries"][0]["Source"].as_str().unwrap_or_default();
            format!("busline-{env}-{}-publish", source.trim_start_matches("busline."))
        };
        let running = functions::running(&prefix, &self.0.endpoint).await;
        if running.is_empty() {
            return;
        }
        let process = &running[self.0.plan.rng().index(running.len())];
        if functions::kill(process).await {
            self.0.plan.count("processes killed", 1);
        }
    }

    fn remember(&self, body: &Value) {
        if let Some(token) = body["ClientRequestToken"].as_str() {
            self.0.may_be_done.lock().unwrap().insert(token.to_owned());
        }
    }

    fn may_be_done(&self, body: &Value) -> bool {
        body["ClientRequestToken"].as_str().is_some_and(|token| self.0.may_be_done.lock().unwrap().contains(token))
    }

    fn open(&self) -> Open {
        self.0.open.fetch_add(1, Ordering::AcqRel);
        Open(self.clone())
    }
}

/// An open call or a delayed entry, until it is dropped.
struct Open(Proxy);

impl Drop for Open {
    fn drop(&mut self) {
        *self.0.0.last.lock().unwrap() = Instant::now();
        self.0.0.open.fetch_sub(1, Ordering::AcqRel);
    }
}

fn call(request: &Request, body: &Value) -> Call {
    let target = request.header("x-amz-target").unwrap_or_default();
    match target.split_once('.') {
        Some(("AWSEvents", "PutEvents")) => Call::PutEvents,
        Some(("DynamoDB_20120810", "TransactWriteItems")) => {
            let first = body["TransactItems"][0].as_object().and_then(|write| write.values().next());
            let name = first.and_then(|write| write["TableName"].as_str()).unwrap_or_default().to_owned();
            Call::Table { name, transaction: true }
        }
        Some(("DynamoDB_20120810", _)) => {
            Call::Table { name: body["TableName"].as_str().unwrap_or_default().to_owned(), transaction: false }
        }
        _ => Call::Other,
    }
}

/// A cancelled transaction:
/// <https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html>
fn cancelled(body: &Value, code: &str) -> Response {
    let writes = body["TransactItems"].as_array().map_or(0, Vec::len);
    let reason = |index| match index {
        0 => json!({"Code": code, "Message": "A fault."}),
        _ => json!({"Code": "None"}),
    };
    let reasons: Vec<Value> = (0..writes).map(reason).collect();
    let error = "com.amazonaws.dynamodb.v20120810#TransactionCanceledException";
    let message = "Transaction cancelled, please refer cancellation reasons for specific reasons";
    Response::error(400, error, json!({"Message": message, "CancellationReasons": reasons}))
}
