//! Each function alone, beside the bare one, in turn.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use aws_sdk_lambda::primitives::Blob;
use serde_json::{Value, json};
use tests::product::Product;

use crate::built::{BARE, Built};
use crate::environment::{Environment, Program};
use crate::figures::{Beside, FunctionFigures, MemoryFigures, exact, median, ms};
use crate::rehearsal::Rehearsal;
use crate::scene::{Scenes, expect_success};

/// How much is measured.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Effort {
    /// How often each function is started.
    pub(crate) rounds: u32,
    /// Events after the first, in each round.
    pub(crate) warm: u32,
    /// Events of the one long life in which the memory is watched.
    pub(crate) invocations: u32,
}

/// A deployed function.
#[derive(Clone, Debug)]
pub(crate) struct Function {
    pub(crate) service: String,
    pub(crate) job: String,
    name: String,
    variables: BTreeMap<String, String>,
}

/// What one life of a function showed.
struct Life {
    init_ms: f64,
    first_ms: f64,
    warm_ms: f64,
    resident_mib: f64,
}

/// The functions that the services' stacks have deployed, with their settings.
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
        let of = |service: &&String| name == format!("busline-{}-{service}-{job}", product.env());
        let Some(service) = built.services().find(of) else { continue };
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
    /// The function as a program that meets AWS at `endpoint`.
    ///
    /// # Errors
    /// When its service was not built.
    pub(crate) fn program<'a>(&'a self, built: &'a Built, endpoint: &'a str) -> Result<Program<'a>> {
        Ok(Program { binary: built.binary(&self.service)?, handler: &self.job, variables: &self.variables, endpoint })
    }
}

/// Gives the deployed functions the code that is measured, unless they have it: `up` deploys what was built for
/// development.
///
/// # Errors
/// When Lambda does not take it.
pub(crate) async fn install(product: &Product, functions: &[Function], built: &Built) -> Result<()> {
    if built.is_for_development() {
        return Ok(());
    }
    let client = aws_sdk_lambda::Client::new(product.sdk());
    for function in functions {
        let zip = Blob::new(built.zip(&function.service)?);
        let change = client.update_function_code().function_name(&function.name).zip_file(zip);
        change.send().await.with_context(|| format!("{} does not take its code", function.name))?;
    }
    Ok(())
}

/// Measures every function.
///
/// # Errors
/// When one does not start or does not do its job.
pub(crate) async fn measure(
    product: &Product,
    functions: &[Function],
    built: &Built,
    scenes: &Scenes,
    effort: Effort,
) -> Result<Vec<FunctionFigures>> {
    let mut all = Vec::new();
    for function in functions {
        let name = format!("{} {}", function.service, function.job);
        all.push(one(product, function, built, scenes, effort).await.with_context(|| name.clone())?);
        eprintln!("  {name}");
    }
    Ok(all)
}

async fn one(
    product: &Product,
    function: &Function,
    built: &Built,
    scenes: &Scenes,
    effort: Effort,
) -> Result<FunctionFigures> {
    let rehearsal = Rehearsal::open(product.endpoint()).await?;
    let ours = function.program(built, &rehearsal.endpoint)?;
    let (none, nothing) = (BTreeMap::new(), json!({"id": "bench"}));
    let bare =
        Program { binary: built.binary(BARE)?, handler: "bare", variables: &none, endpoint: &rehearsal.endpoint };

    let event = scenes.event(&function.service, &function.job).await?;
    let mut rehearsed = Environment::start(ours).await?;
    let (answer, _) = rehearsed.invoke(&event).await?;
    expect_success(&function.job, &answer)?;
    rehearsed.end().await?;
    rehearsal.perform();

    let (mut our_lives, mut bare_lives) = (Vec::new(), Vec::new());
    for _ in 0..effort.rounds {
        bare_lives.push(live(bare, &nothing, effort).await?);
        our_lives.push(live(ours, &event, effort).await?);
    }
    let beside = |of: fn(&Life) -> f64| {
        let middle = |lives: &[Life]| median(&lives.iter().map(of).collect::<Vec<_>>());
        Beside { ours: middle(&our_lives), bare: middle(&bare_lives) }
    };
    Ok(FunctionFigures {
        service: function.service.clone(),
        job: function.job.clone(),
        init_ms: beside(|life| life.init_ms),
        first_ms: beside(|life| life.first_ms),
        warm_ms: beside(|life| life.warm_ms),
        resident_mib: beside(|life| life.resident_mib),
        memory: long_life(ours, &function.job, &event, effort.invocations).await?,
    })
}

async fn live(program: Program<'_>, event: &Value, effort: Effort) -> Result<Life> {
    let mut function = Environment::start(program).await?;
    let (answer, first) = function.invoke(event).await?;
    expect_success(program.handler, &answer)?;
    let mut warm = Vec::new();
    for _ in 0..effort.warm {
        warm.push(ms(function.invoke(event).await?.1));
    }
    let life = Life {
        init_ms: ms(function.init),
        first_ms: ms(first),
        warm_ms: median(&warm),
        resident_mib: mib(function.resident_kib().await?),
    };
    function.end().await?;
    Ok(life)
}

async fn long_life(program: Program<'_>, job: &str, event: &Value, invocations: u32) -> Result<MemoryFigures> {
    let mut function = Environment::start(program).await?;
    let mut early_mib = 0.0;
    for count in 1..=invocations {
        function.invoke(event).await?;
        if count == invocations.div_ceil(10) {
            early_mib = mib(function.resident_kib().await?);
        }
    }
    let (answer, _) = function.invoke(event).await?;
    expect_success(job, &answer)?;
    let late_mib = mib(function.resident_kib().await?);
    function.end().await?;
    Ok(MemoryFigures { invocations, early_mib, late_mib })
}

fn mib(kib: u64) -> f64 {
    exact(kib) / 1024.0
}
