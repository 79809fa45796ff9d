//! Checks that a function needs each permission of its role: each is removed alone, and the function fails without it.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use aws_sdk_lambda::primitives::Blob;
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::sync::Semaphore;
use tokio::task::{JoinSet, LocalSet};
use uuid::Uuid;

use crate::api::ApiRequest;
use crate::bus::TestEvent;
use crate::logs::Logs;
use crate::permissions::FunctionRole;
use crate::permissions::failures::{self, FailingRow};
use crate::permissions::grants::{Function, Grant, functions, texts};
use crate::product::Product;
use crate::report;

/// How many functions are exercised at once.
const CONCURRENCY: usize = 12;
/// How long the removal of a permission may have no effect: IAM is eventually consistent, on AWS and (for what Lambda
/// does with a role) on the local cloud.
/// The test waits so long only for a permission that is not needed.
const PROPAGATION: Duration = Duration::from_mins(1);
/// An effect that a permission would allow counts as missing after this time at least, and after [`FACTOR`] times the
/// time that it took with the permission, but after [`LONGEST_ATTEMPT`] at the latest.
const MIN_ABSENCE: Duration = Duration::from_millis(1500);
const FACTOR: u32 = 5;
/// How long to wait for an effect in the first attempt, in a later one (each waits twice as long, because the machine may
/// be busy), and in all attempts.
const ATTEMPT: Duration = Duration::from_secs(30);
const LONGEST_ATTEMPT: Duration = Duration::from_mins(4);
const ALL_ATTEMPTS: Duration = Duration::from_mins(15);
/// How long a function may take that only has to write a log line.
const BEFORE_LOG: Duration = Duration::from_secs(30);

/// Success, or what was observed instead.
pub type Outcome = Result<(), String>;

/// How the functions of a service are exercised: each by a real request, event or stream record.
///
/// Functions are exercised side by side, and another one may lack a permission at that moment: what a scenario only
/// prepares is tried until it works.
pub trait Scenarios: Clone + 'static {
    /// Lets a function do its job once, with all that its permissions are for.
    fn exercise(&self, function: &Function, timeout: Duration) -> impl Future<Output = Outcome>;

    /// Functions of a later phase are exercised after all functions of the earlier ones, because they would disturb them.
    fn phase(&self, _function: &Function) -> usize {
        0
    }

    /// An asynchronous event that the function cannot process and that contains `mark`.
    fn failing_event(&self, function: &Function, mark: &str) -> Value {
        let (service, detail_type) = function.events.first().cloned().unwrap_or_default();
        let name = detail_type.split('.').next().unwrap_or_default();
        TestEvent::new(&service, name, Uuid::now_v7(), 1, &json!({"unreadable": mark})).as_delivered()
    }

    /// The sort key and attributes of a row that makes the function's stream batch fail: by default an outbox row that
    /// contains no event.
    fn failing_row(&self, _function: &Function) -> FailingRow {
        ("OUTBOX", Vec::new())
    }

    /// Waits for what the scenarios started in the background.
    fn finish(&self) -> impl Future<Output = ()> {
        async {}
    }
}

/// The result for one permission.
struct Verdict {
    function: Function,
    grant: Grant,
    /// Whether the function failed without it.
    is_missed: bool,
    /// What failed with all permissions, if anything.
    error: Option<String>,
}

/// Checks every permission of every function of a service.
pub async fn check(product: &Product, service: &str, scenarios: &impl Scenarios) {
    let started = Instant::now();
    let known = dead_letter_messages(product).await;
    let mut functions = functions(service);
    functions.sort_by_key(|function| scenarios.phase(function));
    let mut verdicts = Vec::new();
    for functions in functions.chunk_by(|one, next| scenarios.phase(one) == scenarios.phase(next)) {
        verdicts.extend(LocalSet::new().run_until(check_side_by_side(product, scenarios, functions)).await);
    }
    scenarios.finish().await;
    delete_new_messages(product, &known).await;

    let missed = verdicts.iter().filter(|verdict| verdict.is_missed).count();
    let (count, elapsed) = (verdicts.len(), started.elapsed());
    report::print(&format!("\n{service}: {count} permissions removed one by one, {missed} missed, in {elapsed:.0?}"));
    let mut wrong = Vec::new();
    for verdict in &verdicts {
        if let Some(error) = &verdict.error {
            wrong.push(format!("{verdict}: the scenario fails with all permissions: {error}"));
        }
        if !verdict.is_missed {
            wrong.push(format!("{verdict} is not needed: remove it from the template"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

async fn check_side_by_side(product: &Product, scenarios: &impl Scenarios, functions: &[Function]) -> Vec<Verdict> {
    let permits = Arc::new(Semaphore::new(CONCURRENCY));
    let mut tasks = JoinSet::new();
    for function in functions {
        let (product, scenarios, permits) = (product.clone(), scenarios.clone(), Arc::clone(&permits));
        let function = function.clone();
        tasks.spawn_local(async move {
            let _permit = permits.acquire_owned().await.expect("a permit");
            check_function(&product, &scenarios, &function).await
        });
    }
    tasks.join_all().await.into_iter().flatten().collect()
}

async fn check_function(product: &Product, scenarios: &impl Scenarios, function: &Function) -> Vec<Verdict> {
    let role = FunctionRole::new(product, &function.name(product.env())).await;
    let deployed = role.policy["Statement"].as_array().expect("statements").iter();
    let deployed: Vec<Vec<String>> = deployed.map(|statement| texts(&statement["Action"])).collect();
    let described: Vec<Vec<String>> = function.statements.iter().map(|statement| statement.actions.clone()).collect();
    assert_eq!(deployed, described, "{} is deployed as its template describes", function.job);
    let exercise = Exercise { product, scenarios, function };
    let mut verdicts = Vec::new();
    // What succeeded after the permission before this one need not be shown again.
    let mut longest = HashMap::<Use, Duration>::new();
    for grant in function.grants() {
        let kind = Use::from_grant(function, &grant);
        let before = match longest.get(&kind) {
            Some(took) => Ok(*took),
            None => exercise.succeeds(kind).await,
        };
        let absence = before.as_ref().map_or(MIN_ABSENCE, |took| MIN_ABSENCE.max(*took * FACTOR).min(LONGEST_ATTEMPT));
        role.put(&grant.removed_from(&role.policy)).await;
        let is_missed = exercise.fails(kind, absence).await;
        role.restore().await;
        let after = before.and(exercise.succeeds(kind).await);
        if let Ok(took) = &after {
            let known = longest.entry(kind).or_default();
            *known = (*known).max(*took);
        }
        let error = after.err();
        let is_broken = error.is_some();
        verdicts.push(Verdict { function: function.clone(), grant, is_missed, error });
        if is_broken {
            // The next permissions would only wait for the same timeout.
            break;
        }
    }
    verdicts
}

/// When a function uses a permission.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Use {
    Job,
    Logs,
    /// For an event that failed.
    FailureTopic,
    /// For records of a stream that failed.
    FailedBatch,
    /// When an execution environment starts.
    Start,
}

impl Use {
    fn from_grant(function: &Function, grant: &Grant) -> Self {
        let keeps_batches = grant.resource.contains("FailuresBucket") && reads_a_stream(function);
        match grant.action.as_str() {
            "logs:CreateLogStream" | "logs:PutLogEvents" => Self::Logs,
            "sns:Publish" => Self::FailureTopic,
            "secretsmanager:GetSecretValue" => Self::Start,
            "s3:PutObject" | "s3:ListBucket" if keeps_batches => Self::FailedBatch,
            _ => Self::Job,
        }
    }
}

/// One function, exercised again and again.
struct Exercise<'a, S> {
    product: &'a Product,
    scenarios: &'a S,
    function: &'a Function,
}

impl<S: Scenarios> Exercise<'_, S> {
    /// Whether an attempt fails that begins before, or the first one that begins when, the removal of a permission must
    /// have an effect.
    async fn fails(&self, kind: Use, absence: Duration) -> bool {
        let removed = Instant::now();
        loop {
            let begun = removed.elapsed();
            if self.attempt(kind, absence).await.is_err() {
                return true;
            }
            if begun > PROPAGATION {
                return false;
            }
        }
    }

    /// How long the first successful attempt took. A restored permission may have no effect for a while.
    async fn succeeds(&self, kind: Use) -> Result<Duration, String> {
        let restored = Instant::now();
        let mut timeout = ATTEMPT;
        loop {
            let started = Instant::now();
            let outcome = self.attempt(kind, timeout).await;
            if outcome.is_ok() || restored.elapsed() > ALL_ATTEMPTS {
                return outcome.map(|()| started.elapsed());
            }
            timeout = LONGEST_ATTEMPT.min(timeout * 2);
        }
    }

    /// Does what needs a permission of this kind.
    async fn attempt(&self, kind: Use, timeout: Duration) -> Outcome {
        let (product, function) = (self.product, self.function);
        match kind {
            Use::Logs => self.writes_logs(timeout).await,
            Use::FailureTopic => {
                let mark = Uuid::new_v4().to_string();
                let event = self.scenarios.failing_event(function, &mark);
                failures::keeps_event(product, function, &event, &mark, timeout).await
            }
            Use::Start => {
                restart(product, function).await;
                self.scenarios.exercise(function, timeout).await
            }
            Use::FailedBatch => {
                let row = self.scenarios.failing_row(function);
                let behind = self.scenarios.exercise(function, BEFORE_LOG.max(timeout));
                failures::keeps_record(product, function, row, behind, timeout).await
            }
            Use::Job => self.scenarios.exercise(function, timeout).await,
        }
    }

    /// The function's next lines are written to the service's log group.
    async fn writes_logs(&self, timeout: Duration) -> Outcome {
        let logs = Logs::since(self.product, Timestamp::now());
        let outcome = self.scenarios.exercise(self.function, BEFORE_LOG.max(timeout)).await;
        outcome.map_err(|seen| format!("before any log line: {seen}"))?;
        let name = self.function.name(self.product.env());
        let found = tokio::time::timeout(timeout, async {
            while !logs.has_line_of(&self.function.service, &name).await {
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
        });
        found.await.map_err(|_| format!("no log line within {timeout:?}"))
    }
}

fn reads_a_stream(function: &Function) -> bool {
    let mut actions = function.statements.iter().flat_map(|statement| &statement.actions);
    actions.any(|action| action == "dynamodb:GetRecords")
}

/// Ends the function's execution environments, as every change of its settings does: the next invocation starts one. On
/// the local cloud only some settings have this effect, of which the timeout is one.
async fn restart(product: &Product, function: &Function) {
    let client = aws_sdk_lambda::Client::new(product.sdk());
    let name = function.name(product.env());
    let current = client.get_function_configuration().function_name(&name).send().await.expect("its settings");
    let request = client.update_function_configuration().function_name(name).set_timeout(current.timeout);
    request.description(Uuid::new_v4().to_string()).send().await.expect("a function that can be changed");
}

/// Sends a request, which must be answered with this status.
///
/// # Errors
/// The other status.
pub async fn expect_status(request: ApiRequest, status: u16) -> Outcome {
    let response = request.send().await;
    if response.status == status { Ok(()) } else { Err(format!("answered with {}", response.status)) }
}

/// Invokes a function with an event and waits for its result.
///
/// # Errors
/// The function's error.
pub async fn invoke(product: &Product, function: &str, event: &Value) -> Outcome {
    let client = aws_sdk_lambda::Client::new(product.sdk());
    let request = client.invoke().function_name(function).payload(Blob::new(event.to_string()));
    let answer = request.send().await.expect("a function that can be invoked");
    match answer.function_error {
        None => Ok(()),
        Some(_) => {
            Err(answer.payload.map(|body| String::from_utf8_lossy(body.as_ref()).into_owned()).unwrap_or_default())
        }
    }
}

impl std::fmt::Display for Verdict {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { function, grant, .. } = self;
        write!(formatter, "{}/{}: {} on {}", function.service, function.job, grant.action, grant.resource)
    }
}

async fn dead_letter_messages(product: &Product) -> Vec<String> {
    let mut all = Vec::new();
    for service in &product.services() {
        let messages = product.dead_letter_queue(service).containing("").await;
        all.extend(messages.into_iter().map(|message| message.body.to_string()));
    }
    all
}

/// Deletes the dead-letter messages of events that failed because a role lacked a permission.
async fn delete_new_messages(product: &Product, known: &[String]) {
    for service in &product.services() {
        let queue = product.dead_letter_queue(service);
        for message in queue.containing("").await {
            if !known.contains(&message.body.to_string()) {
                queue.delete(&message).await;
            }
        }
    }
}
