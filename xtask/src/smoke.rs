//! Smoke tests: what a fresh deployment must answer before it counts as done.

use std::collections::BTreeSet;
use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use aws_json::logs::{Filter, Pages};
use aws_sdk_cloudformation::types::StackResourceSummary;
use aws_sdk_lambda::operation::invoke::InvokeError;
use aws_sdk_lambda::primitives::Blob;
use futures_util::stream::{self, StreamExt};
use jiff::{SignedDuration, Timestamp};
use reqwest::{Client, ClientBuilder, StatusCode, Url};

use crate::aws::{self, Target};
use crate::services::Service;
use crate::status::Status;

/// New stages, policies and distributions take some seconds on AWS; the local cloud has them at once.
const DEADLINE: Duration = Duration::from_mins(1);
const PAUSE: Duration = Duration::from_secs(1);
/// What a function answers without doing its job, as `lambda-kit/src/runtime.rs` describes, and its answer.
const PROBE: &str = r#"{"buslineProbe": "start"}"#;
const STARTED: &str = "started ";
/// In the log line of a probe, which also has the id that the answer has.
const LOGGED: &str = r#""as a deployment wanted to know""#;
/// How much the clock of this machine may differ from that of Lambda.
const CLOCKS: SignedDuration = SignedDuration::from_mins(10);
/// How many functions are started at a time: on the local cloud each is a process that wants a processor.
const AT_ONCE: usize = 8;
/// A new account may run ten at a time, and users need some of them.
const AT_ONCE_ON_AWS: usize = 2;
/// How long a function may take to start, which is more than Lambda's own limits for most.
const START_DEADLINE: Duration = Duration::from_mins(2);
/// How long log lines may take. CloudWatch has most within some seconds.
const LOG_DEADLINE: Duration = Duration::from_mins(3);
/// The local cloud has them with the answer.
const LOCAL_LOG_DEADLINE: Duration = Duration::from_secs(15);
/// How much of a function's answer is printed.
const MAX_ANSWER: usize = 300;

/// A route of a deployed API answers 401 without a token.
pub(crate) async fn api(target: &Target, api_id: &str, path: &str) -> Result<()> {
    let url = format!("{}{path}", target.api_url(api_id));
    let client = builder().build()?;
    retry(target, async || expect_unauthorized(&client, &url).await).await
}

/// Whether a function can start.
#[derive(Clone, Debug, PartialEq)]
enum Start {
    /// For the request with this id.
    Started(String),
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
             cloudformation:ListStackResources, lambda:InvokeFunction, lambda:GetFunctionConcurrency and \
             logs:FilterLogEvents: run the command again",
        )
    }
}

/// Starts each function of a stack, and lets it do nothing but log; returns those that are switched off.
///
/// They are invoked synchronously, so that a failure reaches no failure path of theirs.
///
/// # Errors
/// Names the functions that do not start or do not log; [`NotTested`] if that is not known.
pub(crate) async fn functions(target: &Target, stack: &str) -> Result<Vec<String>> {
    let resources = resources(target, stack).await.context(NotTested)?;
    let client = &aws_sdk_lambda::Client::new(&target.sdk);
    let starts = stream::iter(names(&resources, "AWS::Lambda::Function")).map(async |name| {
        let start = retry(target, async || start(client, &name).await).await;
        (name, start)
    });
    let at_once = if target.cloud.is_some() { AT_ONCE } else { AT_ONCE_ON_AWS };
    let starts: Vec<(String, Result<Start>)> = starts.buffer_unordered(at_once).collect().await;
    let (mut started, mut switched_off, mut failures) = (Vec::new(), Vec::new(), Vec::new());
    for (name, start) in starts {
        match start {
            Ok(Start::Started(request)) => started.push((name, request)),
            Ok(Start::SwitchedOff) => switched_off.push(name),
            Err(error) if error.is::<DoesNotStart>() => failures.push(format!("{error:#}")),
            Err(error) => return Err(error.context(NotTested)),
        }
    }
    ensure!(failures.is_empty(), failures.join("\n"));
    expect_log_lines(target, &names(&resources, "AWS::Logs::LogGroup"), started).await?;
    Ok(switched_off)
}

/// Waits until a log line of each function, with the id of its request, has arrived in one of the stack's log groups: a role
/// that may not write there loses every line, and nothing else fails.
///
/// A new role may have no effect for a while, and what it loses meanwhile does not come later. So a function without a line
/// is started again.
async fn expect_log_lines(target: &Target, groups: &[String], mut started: Vec<(String, String)>) -> Result<()> {
    let client = aws_sdk_lambda::Client::new(&target.sdk);
    let from = Timestamp::now().checked_sub(CLOCKS)?.as_millisecond();
    let deadline = Instant::now() + if target.cloud.is_some() { LOCAL_LOG_DEADLINE } else { LOG_DEADLINE };
    let mut silent: BTreeSet<String> = started.iter().map(|(name, _)| name.clone()).collect();
    loop {
        let lines = probe_lines(target, groups, from).await.context(NotTested)?;
        for (name, _) in started.iter().filter(|(_, request)| lines.iter().any(|line| line.contains(request))) {
            silent.remove(name);
        }
        if silent.is_empty() {
            return Ok(());
        }
        let names: Vec<&str> = silent.iter().map(String::as_str).collect();
        ensure!(Instant::now() < deadline, "no log line of {} arrived in {}", names.join(", "), groups.join(", "));
        tokio::time::sleep(PAUSE).await;
        for name in &silent {
            if let Start::Started(request) = start(&client, name).await.context(NotTested)? {
                started.push((name.clone(), request));
            }
        }
    }
}

async fn probe_lines(target: &Target, groups: &[String], from: i64) -> Result<Vec<String>> {
    let mut lines = Vec::new();
    for group in groups {
        let filter = Filter { group: group.clone(), from, pattern: Some(LOGGED.to_owned()) };
        let events = Pages::new(&target.sdk, &filter).all().await;
        let events = events.map_err(aws::call_failed(&format!("read the log group {group}")))?;
        lines.extend(events.into_iter().map(|event| event.message));
    }
    Ok(lines)
}

/// A function, and what it answers instead of that it has started.
#[derive(Debug, thiserror::Error)]
#[error("{name} does not start, and its log tells why: {answer}")]
struct DoesNotStart {
    name: String,
    answer: String,
}

async fn resources(target: &Target, stack: &str) -> Result<Vec<StackResourceSummary>> {
    let client = aws_sdk_cloudformation::Client::new(&target.sdk);
    let resources = client.list_stack_resources().stack_name(stack).into_paginator().items().send();
    let resources = resources.collect::<Result<Vec<_>, _>>().await;
    resources.map_err(aws::failed(&format!("list the functions of {stack}")))
}

/// The names of the resources of a type.
fn names(resources: &[StackResourceSummary], kind: &str) -> Vec<String> {
    let of_kind = resources.iter().filter(|resource| resource.resource_type() == Some(kind));
    of_kind.filter_map(|resource| resource.physical_resource_id.clone()).collect()
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
    let text: Option<String> = serde_json::from_str(&answer).ok();
    let request = text.as_deref().and_then(|text| text.strip_prefix(STARTED)).map(str::to_owned);
    request.map(Start::Started).ok_or_else(|| does_not_start(name, answer).into())
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
