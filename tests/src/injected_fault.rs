//! Faults that a test injects. Each is removed when the test ends, however it ends. They disturb other tests, so the test
//! takes [`Product::alone`].

use std::collections::HashMap;
use std::process::Command;
use std::time::{Duration, Instant};

use aws_sdk_eventbridge::types::Target;
use aws_sdk_lambda::operation::invoke::InvokeOutput;
use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::{
    DeadLetterConfig, DestinationConfig, Environment, EventSourceMappingConfiguration, OnFailure,
};
use aws_sdk_sesv2::types::MailType;
use serde_json::Value;

use crate::cleanup::run_in_drop;
use crate::product::Product;

/// SES refuses every email while this value exists: the account has no sender identity.
#[derive(Debug)]
pub struct EmailSenderRemoved {
    product: Product,
    identities: Vec<String>,
}

impl EmailSenderRemoved {
    /// Deletes the sender identities.
    pub async fn begin(product: &Product) -> Self {
        let client = aws_sdk_sesv2::Client::new(product.sdk());
        let listed = client.list_email_identities().send().await.expect("SES lists its identities");
        let identities = listed.email_identities.unwrap_or_default().into_iter();
        let identities: Vec<String> = identities.filter_map(|identity| identity.identity_name).collect();
        assert!(!identities.is_empty(), "there is a sender to remove");
        for identity in &identities {
            client.delete_email_identity().email_identity(identity).send().await.expect("SES deletes an identity");
        }
        Self { product: product.clone(), identities }
    }
}

impl Drop for EmailSenderRemoved {
    fn drop(&mut self) {
        let (product, identities) = (self.product.clone(), std::mem::take(&mut self.identities));
        run_in_drop(async move {
            let client = aws_sdk_sesv2::Client::new(product.sdk());
            for identity in identities {
                client
                    .create_email_identity()
                    .email_identity(identity)
                    .send()
                    .await
                    .expect("an identity that can be restored");
            }
        });
    }
}

/// The account is in the sandbox of SES while this value exists: it may send to verified addresses alone.
///
/// <https://docs.aws.amazon.com/ses/latest/dg/request-production-access.html>
#[derive(Debug)]
pub struct EmailSandbox {
    product: Product,
    recipient: String,
}

impl EmailSandbox {
    /// `recipient` is a verified address.
    pub async fn begin(product: &Product, recipient: &str) -> Self {
        let client = aws_sdk_sesv2::Client::new(product.sdk());
        client.create_email_identity().email_identity(recipient).send().await.expect("an identity");
        let this = Self { product: product.clone(), recipient: recipient.to_owned() };
        set_production_access(product, false).await;
        this
    }
}

impl Drop for EmailSandbox {
    fn drop(&mut self) {
        let (product, recipient) = (self.product.clone(), self.recipient.clone());
        run_in_drop(async move {
            set_production_access(&product, true).await;
            let client = aws_sdk_sesv2::Client::new(product.sdk());
            client.delete_email_identity().email_identity(recipient).send().await.expect("SES deletes an identity");
        });
    }
}

async fn set_production_access(product: &Product, is_enabled: bool) {
    let details = aws_sdk_sesv2::Client::new(product.sdk()).put_account_details();
    let details = details.mail_type(MailType::Transactional).website_url("https://example.com");
    details.production_access_enabled(is_enabled).send().await.expect("details that can be changed");
}

/// One function cannot run while this value exists: its reserved concurrency is 0, so that Lambda sends its events to the
/// failure destination at once.
///
/// <https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html>
#[derive(Debug)]
#[allow(dead_code, reason = "a guard only has to be held")]
pub struct FunctionDisabled(FunctionConcurrency);

impl FunctionDisabled {
    pub async fn begin(product: &Product, service: &str, job: &str) -> Self {
        Self(FunctionConcurrency::begin(product, service, job, 0).await)
    }
}

/// One function has a reserved concurrency while this value exists: Lambda throttles what exceeds it.
#[derive(Debug)]
pub struct FunctionConcurrency {
    product: Product,
    function: String,
    /// What was reserved before.
    reserved: Option<i32>,
}

impl FunctionConcurrency {
    pub async fn begin(product: &Product, service: &str, job: &str, reserved: i32) -> Self {
        let function = product.function(service, job);
        let client = aws_sdk_lambda::Client::new(product.sdk());
        let before = reserved_concurrency(product, service, job).await;
        reserve(&client, &function, reserved).await;
        Self { product: product.clone(), function, reserved: before }
    }
}

/// The reserved concurrency of a job's function.
async fn reserved_concurrency(product: &Product, service: &str, job: &str) -> Option<i32> {
    let client = aws_sdk_lambda::Client::new(product.sdk());
    let asked = client.get_function_concurrency().function_name(product.function(service, job));
    asked.send().await.expect("a function").reserved_concurrent_executions
}

async fn reserve(client: &aws_sdk_lambda::Client, function: &str, reserved: i32) {
    let request = client.put_function_concurrency().function_name(function);
    let request = request.reserved_concurrent_executions(reserved);
    request.send().await.expect("a function with a concurrency that can be reserved");
}

impl Drop for FunctionConcurrency {
    fn drop(&mut self) {
        let (product, function, reserved) = (self.product.clone(), self.function.clone(), self.reserved);
        run_in_drop(async move {
            let client = aws_sdk_lambda::Client::new(product.sdk());
            if let Some(reserved) = reserved {
                return reserve(&client, &function, reserved).await;
            }
            let request = client.delete_function_concurrency().function_name(function);
            request.send().await.expect("a function without a reserved concurrency");
        });
    }
}

/// One function calls AWS at another endpoint while this value exists.
#[derive(Debug)]
pub struct EndpointOverride {
    product: Product,
    function: String,
    variables: HashMap<String, String>,
}

impl EndpointOverride {
    pub async fn begin(product: &Product, service: &str, job: &str, endpoint: &str) -> Self {
        let function = product.function(service, job);
        let variables = settings(product, &function).await;
        let mut changed = variables.clone();
        changed.insert("AWS_ENDPOINT_URL".to_owned(), endpoint.to_owned());
        let this = Self { product: product.clone(), function, variables };
        set_variables(&this.product, &this.function, changed).await;
        this
    }
}

impl Drop for EndpointOverride {
    fn drop(&mut self) {
        let (product, function) = (self.product.clone(), self.function.clone());
        let variables = std::mem::take(&mut self.variables);
        run_in_drop(async move { set_variables(&product, &function, variables).await });
    }
}

/// The settings of a function.
pub async fn settings(product: &Product, function: &str) -> HashMap<String, String> {
    let client = aws_sdk_lambda::Client::new(product.sdk());
    let asked = client.get_function_configuration().function_name(function).send().await.expect("a function");
    asked.environment.and_then(|settings| settings.variables).unwrap_or_default()
}

async fn set_variables(product: &Product, function: &str, variables: HashMap<String, String>) {
    let settings = Environment::builder().set_variables(Some(variables)).build();
    let client = aws_sdk_lambda::Client::new(product.sdk());
    let change = client.update_function_configuration().function_name(function).environment(settings);
    change.send().await.expect("a function with settings that can be changed");
}

/// A rule's target is a function that does not exist while this value exists.
#[derive(Debug)]
pub struct RuleTargetRemoved {
    product: Product,
    rule: String,
    /// The target that the rule has normally.
    pub target: Target,
    /// The ARN of the function that does not exist.
    pub missing: String,
}

impl RuleTargetRemoved {
    /// Replaces the target of the rule that invokes a service's job.
    pub async fn begin(product: &Product, service: &str, job: &str) -> Self {
        // A rule has the name of the function that it invokes.
        let rule = product.function(service, job);
        let client = aws_sdk_eventbridge::Client::new(product.sdk());
        let asked = client.list_targets_by_rule().rule(&rule).event_bus_name(product.bus());
        let target = asked.send().await.expect("a rule").targets.unwrap_or_default().pop().expect("a target");
        let missing = format!("{}-that-does-not-exist", target.arn());
        let fault = Self { product: product.clone(), rule, target, missing };
        let missing_target = Target::builder().id(fault.target.id()).arn(&fault.missing);
        let missing_target = missing_target.set_dead_letter_config(fault.target.dead_letter_config.clone());
        let change = client.put_targets().rule(&fault.rule).event_bus_name(product.bus());
        change.targets(missing_target.build().expect("a target")).send().await.expect("a rule that accepts a target");
        fault
    }
}

impl Drop for RuleTargetRemoved {
    fn drop(&mut self) {
        let (product, rule, target) = (self.product.clone(), self.rule.clone(), self.target.clone());
        run_in_drop(async move {
            let client = aws_sdk_eventbridge::Client::new(product.sdk());
            let change = client.put_targets().rule(rule).event_bus_name(product.bus()).targets(target);
            change.send().await.expect("a rule with a target that can be restored");
        });
    }
}

/// A function has a `DeadLetterConfig` while this value exists: events that failed every attempt are sent to that topic or
/// queue, too.
///
/// <https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html>
#[derive(Debug)]
pub struct FunctionDeadLetterTarget {
    product: Product,
    function: String,
}

impl FunctionDeadLetterTarget {
    /// Sets the target with this ARN. The function's role must be allowed to send to it.
    pub async fn begin(product: &Product, function: &str, target: &str) -> Self {
        send_dead_letters(product, function, target).await;
        Self { product: product.clone(), function: function.to_owned() }
    }
}

impl Drop for FunctionDeadLetterTarget {
    fn drop(&mut self) {
        let (product, function) = (self.product.clone(), self.function.clone());
        // An empty ARN removes the target.
        run_in_drop(async move { send_dead_letters(&product, &function, "").await });
    }
}

async fn send_dead_letters(product: &Product, function: &str, target: &str) {
    let config = DeadLetterConfig::builder().target_arn(target).build();
    let client = aws_sdk_lambda::Client::new(product.sdk());
    let request = client.update_function_configuration().function_name(function).dead_letter_config(config);
    request.send().await.expect("a function with settings that can be changed");
}

/// A service's publisher does not retry a failed stream batch while this value exists. Its failure record may be sent to
/// another destination.
#[derive(Debug)]
pub struct StreamRetriesDisabled {
    product: Product,
    mapping: EventSourceMappingConfiguration,
}

impl StreamRetriesDisabled {
    /// Changes the publisher's event source mapping. `destination` is the ARN of a topic or a queue to which its role may
    /// send: their messages hold only the sequence numbers of the batch.
    pub async fn begin(product: &Product, service: &str, destination: Option<&str>) -> Self {
        let function = product.function(service, "publish");
        let client = aws_sdk_lambda::Client::new(product.sdk());
        let listed = client.list_event_source_mappings().function_name(function).send().await.expect("its mappings");
        let mapping = listed.event_source_mappings.unwrap_or_default().pop().expect("a publisher with a stream");
        let on_failure = match destination {
            Some(arn) => Some(OnFailure::builder().destination(arn).build()),
            None => mapping.destination_config.clone().and_then(|config| config.on_failure),
        };
        let this = Self { product: product.clone(), mapping };
        set_failures(&this.product, this.mapping.uuid(), 0, on_failure).await;
        this
    }
}

impl Drop for StreamRetriesDisabled {
    fn drop(&mut self) {
        let (product, mapping) = (self.product.clone(), self.mapping.clone());
        run_in_drop(async move {
            let destination = mapping.destination_config.as_ref().and_then(|config| config.on_failure.clone());
            let retries = mapping.maximum_retry_attempts.expect("a mapping with limited retries");
            set_failures(&product, mapping.uuid(), retries, destination).await;
        });
    }
}

async fn set_failures(product: &Product, mapping: Option<&str>, retries: i32, destination: Option<OnFailure>) {
    let config = DestinationConfig::builder().set_on_failure(destination).build();
    let client = aws_sdk_lambda::Client::new(product.sdk());
    let request = client.update_event_source_mapping().set_uuid(mapping.map(str::to_owned));
    let request = request.maximum_retry_attempts(retries).destination_config(config);
    request.send().await.expect("a mapping with settings that can be changed");
}

/// Invokes a function with an event and waits for its success, as an operator's replay of a dead-letter message does.
pub async fn invoke(product: &Product, function: &str, event: &Value) {
    assert_eq!(answer(product, function, event).await.function_error, None, "the function succeeds");
}

/// The answer of a function that fails with an event.
pub async fn failure(product: &Product, function: &str, event: &Value) -> String {
    let answer = answer(product, function, event).await;
    assert!(answer.function_error.is_some(), "the function fails");
    String::from_utf8_lossy(answer.payload.unwrap_or_else(|| Blob::new([])).as_ref()).into_owned()
}

async fn answer(product: &Product, function: &str, event: &Value) -> InvokeOutput {
    let client = aws_sdk_lambda::Client::new(product.sdk());
    let request = client.invoke().function_name(function).payload(Blob::new(event.to_string()));
    request.send().await.expect("a function that can be invoked")
}

/// Kills every process of a service's functions, and each new one, for this long. Returns how many were killed.
///
/// On the local cloud Lambda tries an event three times, half a second and then a second apart: killing for less than the
/// sum of the pauses loses no event.
pub async fn kill_functions(product: &Product, service: &str, time: Duration) -> usize {
    assert!(time < Duration::from_millis(1500), "longer than the pauses between Lambda's retries");
    let (end, mut killed) = (Instant::now() + time, 0);
    while Instant::now() < end {
        for process in processes(product, service) {
            let kill = Command::new("kill").args(["-9", &process]).output().expect("kill runs");
            // A process that has just ended cannot be killed.
            killed += usize::from(kill.status.success());
        }
        tokio::time::sleep(Duration::from_millis(30)).await;
    }
    killed
}

/// The ids of the processes that run a service's functions on this product's local cloud, and on no other.
fn processes(product: &Product, service: &str) -> Vec<String> {
    // Both list each process's id, command and environment.
    let options: &[&str] =
        if cfg!(target_os = "macos") { &["-axEww", "-o", "pid=,command="] } else { &["axeww", "-o", "pid=,args="] };
    let listing = Command::new("ps").args(options).output().expect("ps runs").stdout;
    let listing = String::from_utf8_lossy(&listing);
    let name = format!("AWS_LAMBDA_FUNCTION_NAME={}", product.function(service, ""));
    let cloud = format!("AWS_ENDPOINT_URL={}", product.endpoint());
    let ours = listing.lines().filter(|line| line.contains(&name) && line.split(' ').any(|word| word == cloud));
    ours.filter_map(|line| line.split_whitespace().next().map(str::to_owned)).collect()
}
