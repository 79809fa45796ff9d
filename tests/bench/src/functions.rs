//! Each function alone, in turn with the bare function.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use aws_sdk_lambda::primitives::Blob;
use serde_json::{Value, json};
use tests::product::Product;

use crate::built::{BARE, Built};
use crate::execution_environment::{ExecutionEnvironment, Program};
use crate::recording_proxy::RecordingProxy;
use crate::results::{Comparison, FunctionFigures, MemoryFigures, exact, median, ms};
use crate::scenarios::{AllScenarios, expect_success};

/// How often everything is repeated.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Repetitions {
    /// Starts of each function.
    pub(crate) starts: u32,
    /// Events after the first one, in each process.
    pub(crate) warm: u32,
    /// Events for one more process, in which the growth of memory is measured.
    pub(crate) invocations: u32,
}

#[derive(Clone, Debug)]
pub(crate) struct Function {
    pub(crate) service: String,
    pub(crate) job: String,
    name: String,
    variables: BTreeMap<String, String>,
}

/// The figures of one process.
struct ProcessRun {
    init_ms: f64,
    first_ms: f64,
    warm_ms: f64,
    resident_mib: f64,
}

/// The functions in the services' stacks, with their settings.
///
/// # Errors
/// When Lambda does not list them.
pub(crate) async fn deployed(product: &Product, built: &Built) -> Result<Vec<Function>> {
    let client = aws_sdk_lambda::Client::new(product.sdk());
    let mut pages = client.list_functions().into_paginator().items().send();
    let mut functions = Vec::new();
    while let Some(function) = pages.next().await {
        let function = function.context("Lambda does not list its functions")?;
        let (name, job) = (function.function_name().unwrap_or_default(), function.handler().unwrap_or_default());
        let is_of = |service: &&String| name == format!("busline-{}-{service}-{job}", product.env());
        let Some(service) = built.services().find(is_of) else { continue };
        let variables = function.environment().and_then(|settings| settings.variables()).cloned().unwrap_or_default();
        functions.push(Function {
            name: name.to_owned(),
            service: service.clone(),
            job: job.to_owned(),
            variables: variables.into_iter().collect(),
        });
    }
    functions.sort_by(|a, b| (&a.service, &a.job).cmp(&(&b.service, &b.job)));
    Ok(functions)
}

impl Function {
    /// The function as a program that calls AWS at `endpoint`.
    ///
    /// # Errors
    /// When its service was not built.
    pub(crate) fn program<'a>(&'a self, built: &'a Built, endpoint: &'a str) -> Result<Program<'a>> {
        Ok(Program { binary: built.binary(&self.service)?, handler: &self.job, variables: &self.variables, endpoint })
    }
}

/// Updates the deployed functions to the measured code, unless they have it: `up` deploys development builds.
///
/// # Errors
/// When Lambda refuses it.
pub(crate) async fn install(product: &Product, functions: &[Function], built: &Built) -> Result<()> {
    if built.is_for_development() {
        return Ok(());
    }
    let client = aws_sdk_lambda::Client::new(product.sdk());
    for function in functions {
        let zip = Blob::new(built.zip(&function.service)?);
        let change = client.update_function_code().function_name(&function.name).zip_file(zip);
        change.send().await.with_context(|| format!("cannot update the code of {}", function.name))?;
    }
    Ok(())
}

/// Measures every function that has an event.
///
/// # Errors
/// When one does not start or does not do its job.
pub(crate) async fn measure(
    product: &Product,
    functions: &[Function],
    built: &Built,
    scenarios: &AllScenarios,
    repetitions: Repetitions,
) -> Result<Vec<FunctionFigures>> {
    let mut all = Vec::new();
    for function in functions {
        let name = format!("{} {}", function.service, function.job);
        let Some(event) = scenarios.event(&function.service, &function.job).await.with_context(|| name.clone())? else {
            eprintln!("  {name} is not measured: write services/{}/bench/scenarios.rs", function.service);
            continue;
        };
        let figures = measure_one(product, function, built, &event, repetitions).await;
        all.push(figures.with_context(|| name.clone())?);
        eprintln!("  {name}");
    }
    Ok(all)
}

async fn measure_one(
    product: &Product,
    function: &Function,
    built: &Built,
    event: &Value,
    repetitions: Repetitions,
) -> Result<FunctionFigures> {
    let proxy = RecordingProxy::open(product.endpoint()).await?;
    let program = function.program(built, &proxy.endpoint)?;
    let (no_variables, bare_event) = (BTreeMap::new(), json!({"id": "bench"}));
    let bare =
        Program { binary: built.binary(BARE)?, handler: "bare", variables: &no_variables, endpoint: &proxy.endpoint };

    let mut recorded = ExecutionEnvironment::start(program).await?;
    let (response, _) = recorded.invoke(event).await?;
    expect_success(&function.job, &response)?;
    recorded.end().await?;
    proxy.replay();

    let (mut runs, mut bare_runs) = (Vec::new(), Vec::new());
    for _ in 0..repetitions.starts {
        bare_runs.push(run(bare, &bare_event, repetitions).await?);
        runs.push(run(program, event, repetitions).await?);
    }
    let compare = |value: fn(&ProcessRun) -> f64| {
        let median_of = |runs: &[ProcessRun]| median(&runs.iter().map(value).collect::<Vec<_>>());
        Comparison { function: median_of(&runs), bare: median_of(&bare_runs) }
    };
    Ok(FunctionFigures {
        service: function.service.clone(),
        job: function.job.clone(),
        init_ms: compare(|run| run.init_ms),
        first_ms: compare(|run| run.first_ms),
        warm_ms: compare(|run| run.warm_ms),
        resident_mib: compare(|run| run.resident_mib),
        memory: memory_over_invocations(program, event, repetitions.invocations).await?,
    })
}

async fn run(program: Program<'_>, event: &Value, repetitions: Repetitions) -> Result<ProcessRun> {
    let mut function = ExecutionEnvironment::start(program).await?;
    let (response, first) = function.invoke(event).await?;
    expect_success(program.handler, &response)?;
    let mut warm = Vec::new();
    for _ in 0..repetitions.warm {
        warm.push(ms(function.invoke(event).await?.1));
    }
    let figures = ProcessRun {
        init_ms: ms(function.init),
        first_ms: ms(first),
        warm_ms: median(&warm),
        resident_mib: mib(function.resident_kib().await?),
    };
    function.end().await?;
    Ok(figures)
}

async fn memory_over_invocations(program: Program<'_>, event: &Value, invocations: u32) -> Result<MemoryFigures> {
    let mut function = ExecutionEnvironment::start(program).await?;
    let mut early_mib = 0.0;
    for count in 1..=invocations {
        function.invoke(event).await?;
        if count == invocations.div_ceil(10) {
            early_mib = mib(function.resident_kib().await?);
        }
    }
    let (response, _) = function.invoke(event).await?;
    expect_success(program.handler, &response)?;
    let late_mib = mib(function.resident_kib().await?);
    function.end().await?;
    Ok(MemoryFigures { invocations, early_mib, late_mib })
}

fn mib(kib: u64) -> f64 {
    exact(kib) / 1024.0
}
