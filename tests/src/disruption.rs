//! Harm on purpose, undone when the test ends, however it ends. For tests that have the product alone.

use std::collections::HashMap;
use std::future::Future;
use std::process::Command;
use std::time::{Duration, Instant};

use aws_sdk_eventbridge::types::Target;
use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::{
    DeadLetterConfig, DestinationConfig, Environment, EventSourceMappingConfiguration, OnFailure,
};
use serde_json::Value;

use crate::product::{Product, Service};

/// Runs a future to its end from a destructor: in a thread and a runtime of its own, as the test's may be ending.
///
/// A failure is reported as such unless the test fails already.
pub fn finish(work: impl Future<Output = ()> + Send + 'static) {
    let worker = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(work);
    });
    let outcome = worker.join();
    assert!(outcome.is_ok() || std::thread::panicking(), "a test could not undo what it did");
}

/// SES refuses every mail while this lives: the account has no sender's identity.
#[derive(Debug)]
pub struct NoSender {
    product: Product,
    identities: Vec<String>,
}

impl NoSender {
    /// Deletes the sender's identities.
    pub async fn begin(product: &Product) -> Self {
        let client = aws_sdk_sesv2::Client::new(product.sdk());
        let listed = client.list_email_identities().send().await.expect("SES lists its identities");
        let identities = listed.email_identities.unwrap_or_default().into_iter();
        let identities: Vec<String> = identities.filter_map(|identity| identity.identity_name).collect();
        assert!(!identities.is_empty(), "there is a sender to take away");
        for identity in &identities {
            client.delete_email_identity().email_identity(identity).send().await.expect("SES deletes an identity");
        }
        Self { product: product.clone(), identities }
    }
}

impl Drop for NoSender {
    fn drop(&mut self) {
        let (product, identities) = (self.product.clone(), std::mem::take(&mut self.identities));
        finish(async move {
            let client = aws_sdk_sesv2::Client::new(product.sdk());
            for identity in identities {
                client.create_email_identity().email_identity(identity).send().await.expect("the sender is back");
            }
        });
    }
}

/// One function may not run while this lives: its reserved concurrency is 0, so that Lambda gives its events up at once.
///
/// <https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html>
#[derive(Debug)]
pub struct SwitchedOff {
    product: Product,
    function: String,
}

impl SwitchedOff {
    /// Switches off the function of a service's job.
    pub async fn begin(product: &Product, service: Service, job: &str) -> Self {
        let function = format!("busline-{}-{}-{job}", product.env(), service.name());
        let client = aws_sdk_lambda::Client::new(product.sdk());
        let request = client.put_function_concurrency().function_name(&function).reserved_concurrent_executions(0);
        request.send().await.expect("a function that can be switched off");
        Self { product: product.clone(), function }
    }
}

impl Drop for SwitchedOff {
    fn drop(&mut self) {
        let (product, function) = (self.product.clone(), self.function.clone());
        finish(async move {
            let client = aws_sdk_lambda::Client::new(product.sdk());
            let request = client.delete_function_concurrency().function_name(function);
            request.send().await.expect("the function is switched on again");
        });
    }
}

/// One function calls AWS through another endpoint while this lives.
#[derive(Debug)]
pub struct Detour {
    product: Product,
    function: String,
    variables: HashMap<String, String>,
}

impl Detour {
    /// Sends the function of a service's job there.
    pub async fn begin(product: &Product, service: Service, job: &str, endpoint: &str) -> Self {
        let function = format!("busline-{}-{}-{job}", product.env(), service.name());
        let client = aws_sdk_lambda::Client::new(product.sdk());
        let asked = client.get_function_configuration().function_name(&function).send().await.expect("a function");
        let variables = asked.environment.and_then(|settings| settings.variables).unwrap_or_default();
        let mut changed = variables.clone();
        changed.insert("AWS_ENDPOINT_URL".to_owned(), endpoint.to_owned());
        let this = Self { product: product.clone(), function, variables };
        set_variables(&this.product, &this.function, changed).await;
        this
    }
}

impl Drop for Detour {
    fn drop(&mut self) {
        let (product, function) = (self.product.clone(), self.function.clone());
        let variables = std::mem::take(&mut self.variables);
        finish(async move { set_variables(&product, &function, variables).await });
    }
}

async fn set_variables(product: &Product, function: &str, variables: HashMap<String, String>) {
    let settings = Environment::builder().set_variables(Some(variables)).build();
    let client = aws_sdk_lambda::Client::new(product.sdk());
    let change = client.update_function_configuration().function_name(function).environment(settings);
    change.send().await.expect("a function that takes its settings");
}

/// A rule of the notifications service points to a function that does not exist while this lives.
#[derive(Debug)]
pub struct TargetGone {
    product: Product,
    rule: String,
    /// The target that the rule has otherwise.
    pub target: Target,
    /// The function that the rule points to meanwhile, and that is not there.
    pub missing: String,
}

impl TargetGone {
    /// Points the rule of a job elsewhere.
    pub async fn begin(product: &Product, job: &str) -> Self {
        let rule = format!("busline-{}-notifications-{job}", product.env());
        let client = aws_sdk_eventbridge::Client::new(product.sdk());
        let asked = client.list_targets_by_rule().rule(&rule).event_bus_name(product.bus());
        let target = asked.send().await.expect("a rule").targets.unwrap_or_default().pop().expect("a target");
        let missing = format!("{}-that-is-gone", target.arn());
        let gone = Self { product: product.clone(), rule, target, missing };
        let elsewhere = Target::builder().id(gone.target.id()).arn(&gone.missing);
        let elsewhere = elsewhere.set_dead_letter_config(gone.target.dead_letter_config.clone());
        let change = client.put_targets().rule(&gone.rule).event_bus_name(product.bus());
        change.targets(elsewhere.build().expect("a target")).send().await.expect("a rule that takes a target");
        gone
    }
}

impl Drop for TargetGone {
    fn drop(&mut self) {
        let (product, rule, target) = (self.product.clone(), self.rule.clone(), self.target.clone());
        finish(async move {
            let client = aws_sdk_eventbridge::Client::new(product.sdk());
            let change = client.put_targets().rule(rule).event_bus_name(product.bus()).targets(target);
            change.send().await.expect("the rule has its target again");
        });
    }
}

/// What a function gives up goes to this topic or queue, too, while this lives: its `DeadLetterConfig`.
///
/// <https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html>
#[derive(Debug)]
pub struct DeadLettersTo {
    product: Product,
    function: String,
}

impl DeadLettersTo {
    /// Gives the function, whose role may send there, the target with this ARN.
    pub async fn begin(product: &Product, function: &str, target: &str) -> Self {
        send_dead_letters(product, function, target).await;
        Self { product: product.clone(), function: function.to_owned() }
    }
}

impl Drop for DeadLettersTo {
    fn drop(&mut self) {
        let (product, function) = (self.product.clone(), self.function.clone());
        // An empty target is none.
        finish(async move { send_dead_letters(&product, &function, "").await });
    }
}

async fn send_dead_letters(product: &Product, function: &str, target: &str) {
    let config = DeadLetterConfig::builder().target_arn(target).build();
    let client = aws_sdk_lambda::Client::new(product.sdk());
    let request = client.update_function_configuration().function_name(function).dead_letter_config(config);
    request.send().await.expect("a function that takes its settings");
}

/// A service's publisher gives a batch up at its first failure while this lives, and tells another place of it if one is
/// named.
#[derive(Debug)]
pub struct GivesUpAtOnce {
    product: Product,
    mapping: EventSourceMappingConfiguration,
}

impl GivesUpAtOnce {
    /// Changes the publisher's mapping. `tells` is the ARN of a topic or a queue to which its role may send; a queue's
    /// or a topic's message has the sequence numbers of the batch alone.
    pub async fn begin(product: &Product, service: Service, tells: Option<&str>) -> Self {
        let function = format!("busline-{}-{}-publish", product.env(), service.name());
        let client = aws_sdk_lambda::Client::new(product.sdk());
        let listed = client.list_event_source_mappings().function_name(function).send().await.expect("its mappings");
        let mapping = listed.event_source_mappings.unwrap_or_default().pop().expect("a publisher with a stream");
        let destination = match tells {
            Some(arn) => Some(OnFailure::builder().destination(arn).build()),
            None => mapping.destination_config.clone().and_then(|config| config.on_failure),
        };
        let this = Self { product: product.clone(), mapping };
        set_failures(&this.product, this.mapping.uuid(), 0, destination).await;
        this
    }
}

impl Drop for GivesUpAtOnce {
    fn drop(&mut self) {
        let (product, mapping) = (self.product.clone(), self.mapping.clone());
        finish(async move {
            let destination = mapping.destination_config.as_ref().and_then(|config| config.on_failure.clone());
            let retries = mapping.maximum_retry_attempts.expect("a mapping with a bound");
            set_failures(&product, mapping.uuid(), retries, destination).await;
        });
    }
}

async fn set_failures(product: &Product, mapping: Option<&str>, retries: i32, destination: Option<OnFailure>) {
    let config = DestinationConfig::builder().set_on_failure(destination).build();
    let client = aws_sdk_lambda::Client::new(product.sdk());
    let request = client.update_event_source_mapping().set_uuid(mapping.map(str::to_owned));
    let request = request.maximum_retry_attempts(retries).destination_config(config);
    request.send().await.expect("a mapping that takes its settings");
}

/// Gives an event to a function, and waits until it is done: what an operator's replay does with a dead letter.
pub async fn invoke(product: &Product, function: &str, event: &Value) {
    let client = aws_sdk_lambda::Client::new(product.sdk());
    let request = client.invoke().function_name(function).payload(Blob::new(event.to_string()));
    let answer = request.send().await.expect("a function that can be invoked");
    assert_eq!(answer.function_error, None, "the function does its job");
}

/// Kills every process of a service's functions, and each new one, for a time. How many were killed.
///
/// Lambda tries an event three times, half a second and then a second apart on the local cloud: killing for less than
/// those pauses loses nothing by itself.
pub async fn kill_functions(product: &Product, service: Service, time: Duration) -> usize {
    assert!(time < Duration::from_millis(1500), "longer than Lambda's retries last");
    let (end, mut killed) = (Instant::now() + time, 0);
    while Instant::now() < end {
        for process in processes(product, service) {
            let kill = Command::new("kill").args(["-9", &process]).output().expect("kill runs");
            // One that has just ended by itself cannot be killed.
            killed += usize::from(kill.status.success());
        }
        tokio::time::sleep(Duration::from_millis(30)).await;
    }
    killed
}

/// The ids of the processes that run a service's functions on this product's local cloud, and on no other.
fn processes(product: &Product, service: Service) -> Vec<String> {
    // Both show each process's id, command and environment.
    let options: &[&str] =
        if cfg!(target_os = "macos") { &["-axEww", "-o", "pid=,command="] } else { &["axeww", "-o", "pid=,args="] };
    let listing = Command::new("ps").args(options).output().expect("ps runs").stdout;
    let listing = String::from_utf8_lossy(&listing);
    let name = format!("AWS_LAMBDA_FUNCTION_NAME=busline-{}-{}-", product.env(), service.name());
    let cloud = format!("AWS_ENDPOINT_URL={}", product.endpoint());
    let ours = listing.lines().filter(|line| line.contains(&name) && line.split(' ').any(|word| word == cloud));
    ours.filter_map(|line| line.split_whitespace().next().map(str::to_owned)).collect()
}
