//! Smoke tests: what a fresh deployment must answer before it counts as done.

use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use aws_sdk_lambda::operation::invoke::InvokeError;
use aws_sdk_lambda::primitives::Blob;
use futures_util::stream::{self, StreamExt};
use reqwest::{Client, ClientBuilder, StatusCode, Url};

use crate::aws::{self, Target};
use crate::services::Service;
use crate::status::Status;

/// New stages, policies and distributions take some seconds on AWS; the local cloud has them at once.
const DEADLINE: Duration = Duration::from_mins(1);
const PAUSE: Duration = Duration::from_secs(1);
/// What a function answers without doing its job, as `lambda-kit/src/runtime.rs` describes, and its answer.
const PROBE: &str = r#"{"buslineProbe": "start"}"#;
const STARTED: &str = r#""started""#;
/// How many functions are started at a time: on the local cloud each is a process that wants a processor.
const AT_ONCE: usize = 8;
/// A new account may run ten at a time, and users need some of them.
const AT_ONCE_ON_AWS: usize = 2;
/// How long a function may take to start, which is more than Lambda's own limits for most.
const START_DEADLINE: Duration = Duration::from_mins(2);
/// How much of a function's answer is printed.
const MAX_ANSWER: usize = 300;

/// A route of a deployed API answers 401 without a token.
pub(crate) async fn api(target: &Target, api_id: &str, path: &str) -> Result<()> {
    let url = format!("{}{path}", target.api_url(api_id));
    let client = builder().build()?;
    retry(target, async || expect_unauthorized(&client, &url).await).await
}

/// Whether a function can start.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Start {
    Started,
    /// Its reserved concurrency is 0.
    SwitchedOff,
}

/// The deployment runs, but what its functions answer is not known.
#[derive(Debug)]
pub(crate) struct NotTested;

impl fmt::Display for NotTested {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "it runs, but its functions could not be started to test it, for which the caller needs \
             cloudformation:ListStackResources, lambda:InvokeFunction and lambda:GetFunctionConcurrency: run the command \
             again",
        )
    }
}

/// Starts each function of a stack, and lets it do nothing; returns those that are switched off.
///
/// They are invoked synchronously, so that a failure reaches no failure path of theirs.
///
/// # Errors
/// Names the functions that do not start; [`NotTested`] if that is not known.
pub(crate) async fn functions(target: &Target, stack: &str) -> Result<Vec<String>> {
    let client = &aws_sdk_lambda::Client::new(&target.sdk);
    let starts = stream::iter(function_names(target, stack).await?).map(async |name| {
        let start = retry(target, async || start(client, &name).await).await;
        (name, start)
    });
    let at_once = if target.cloud.is_some() { AT_ONCE } else { AT_ONCE_ON_AWS };
    let starts: Vec<(String, Result<Start>)> = starts.buffer_unordered(at_once).collect().await;
    let (mut switched_off, mut failures) = (Vec::new(), Vec::new());
    for (name, start) in starts {
        match start {
            Ok(Start::Started) => {}
            Ok(Start::SwitchedOff) => switched_off.push(name),
            Err(error) if error.is::<DoesNotStart>() => failures.push(format!("{error:#}")),
            Err(error) => return Err(error.context(NotTested)),
        }
    }
    if failures.is_empty() { Ok(switched_off) } else { bail!(failures.join("\n")) }
}

/// A function, and what it answers instead of that it has started.
#[derive(Debug, thiserror::Error)]
#[error("{name} does not start, and its log tells why: {answer}")]
struct DoesNotStart {
    name: String,
    answer: String,
}

async fn function_names(target: &Target, stack: &str) -> Result<Vec<String>> {
    let client = aws_sdk_cloudformation::Client::new(&target.sdk);
    let resources = client.list_stack_resources().stack_name(stack).into_paginator().items().send();
    let resources = resources.collect::<Result<Vec<_>, _>>().await;
    let resources = resources.map_err(aws::failed(&format!("list the functions of {stack}")))?;
    let functions = resources.into_iter().filter(|one| one.resource_type() == Some("AWS::Lambda::Function"));
    Ok(functions.filter_map(|function| function.physical_resource_id).collect())
}

async fn start(client: &aws_sdk_lambda::Client, name: &str) -> Result<Start> {
    let call = client.invoke().function_name(name).payload(Blob::new(PROBE)).send();
    let Ok(invoked) = tokio::time::timeout(START_DEADLINE, call).await else {
        bail!(does_not_start(name, format!("no answer in {} s", START_DEADLINE.as_secs())));
    };
    let invoked = match invoked {
        Err(error) if error.as_service_error().is_some_and(InvokeError::is_too_many_requests_exception) => {
            ensure!(reserved_concurrency(client, name).await? == Some(0), "{name} is busy");
            return Ok(Start::SwitchedOff);
        }
        invoked => invoked.map_err(aws::failed(&format!("start {name}")))?,
    };
    let answer = invoked.payload.unwrap_or_else(|| Blob::new("")).into_inner();
    let answer: String = String::from_utf8_lossy(&answer).chars().take(MAX_ANSWER).collect();
    ensure!(answer == STARTED, does_not_start(name, answer));
    Ok(Start::Started)
}

fn does_not_start(name: &str, answer: String) -> DoesNotStart {
    DoesNotStart { name: name.to_owned(), answer }
}

async fn reserved_concurrency(client: &aws_sdk_lambda::Client, name: &str) -> Result<Option<i32>> {
    let found = client.get_function_concurrency().function_name(name).send().await;
    Ok(found.map_err(aws::failed(&format!("read the concurrency of {name}")))?.reserved_concurrent_executions)
}

/// The page answers, and so does each deployed service behind its address.
pub(crate) async fn page(target: &Target, origin: &str, services: &[Service], status: &Status) -> Result<()> {
    let client = client_of_page(target, origin)?;
    retry(target, async || {
        expect_page(&client, origin).await?;
        for service in services.iter().filter(|service| status.apis.get(&service.name).is_some_and(Option::is_some)) {
            expect_unauthorized(&client, &format!("{origin}/api{}", service.smoke)).await?;
        }
        Ok(())
    })
    .await
}

async fn retry<T>(target: &Target, look: impl AsyncFn() -> Result<T>) -> Result<T> {
    let deadline = Instant::now() + DEADLINE;
    loop {
        let error = match look().await {
            Err(error) => error,
            found => return found,
        };
        if Instant::now() > deadline || target.cloud.is_some() {
            return Err(error.context("smoke test"));
        }
        tokio::time::sleep(PAUSE).await;
    }
}

async fn expect_page(client: &Client, origin: &str) -> Result<()> {
    let page = client.get(origin).send().await.with_context(|| format!("{origin} does not answer"))?;
    ensure!(page.status() == StatusCode::OK, "{origin} must answer 200, but it answers {}", page.status());
    let policy = page.headers().contains_key("content-security-policy");
    ensure!(policy, "{origin} answers without a Content-Security-Policy");
    Ok(())
}

async fn expect_unauthorized(client: &Client, url: &str) -> Result<()> {
    let answer = client.get(url).send().await.with_context(|| format!("{url} does not answer"))?;
    let status = answer.status();
    ensure!(status == StatusCode::UNAUTHORIZED, "{url} must answer 401 without a token, but it answers {status}");
    Ok(())
}

fn builder() -> ClientBuilder {
    Client::builder().timeout(Duration::from_secs(10))
}

/// A client that finds the page. Browsers resolve every name below `localhost` to this machine, other programs ask DNS.
fn client_of_page(target: &Target, origin: &str) -> Result<Client> {
    let Some(cloud) = target.cloud else { return Ok(builder().build()?) };
    let url: Url = origin.parse().with_context(|| format!("the page's address {origin} is not a URL"))?;
    let name = url.host_str().with_context(|| format!("the page's address {origin} has no host"))?;
    // Requests to this machine must not go through a proxy.
    let builder = builder().no_proxy().resolve(name, SocketAddr::from((Ipv4Addr::LOCALHOST, cloud.port)));
    Ok(builder.build()?)
}
