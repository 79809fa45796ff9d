//! Measures the product: each function alone, end-to-end latency, throughput, large tables, uploads.
//!
//! `cargo xtask bench` runs it on a separate local cloud; `BUSLINE_STATUS` names that cloud. Each figure has its baseline
//! beside it, measured in the same run and in turn. The services' own scenarios are in `services/<name>/bench`.

#![allow(
    clippy::disallowed_methods,
    clippy::print_stderr,
    clippy::print_stdout,
    reason = "a command: it reads the clock, creates ids as a client would, and prints"
)]

mod built;
mod execution_environment;
mod functions;
mod growth;
mod journeys;
mod plot;
mod processes;
mod recording_proxy;
mod report;
mod results;
mod scenarios;
mod trigger_events;

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::{Args, Parser, Subcommand, ValueEnum};
use tests::product::Product;

use crate::built::Built;
use crate::functions::Repetitions;
use crate::growth::Measurement;
use crate::journeys::{latency, load};
use crate::results::{Figures, Machine};
use crate::scenarios::AllScenarios;

/// Measures what the product costs in time and memory.
#[derive(Parser)]
struct Arguments {
    /// The folder of the results.
    #[arg(long)]
    out: PathBuf,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Measures, and writes figures, tables and plot.
    Measure(MeasureArguments),
    /// Writes tables and plot from the figures of the last run.
    Redraw,
}

/// What is measured, and how often.
#[derive(Args)]
struct MeasureArguments {
    /// The file in which `cargo xtask bench` describes the built functions.
    #[arg(long)]
    built: PathBuf,
    /// The parts to measure; all when none is named.
    #[arg(long, value_enum)]
    only: Vec<Part>,
    /// How often each function is started.
    #[arg(long)]
    rounds: u32,
    /// Events for the process of the memory measurement.
    #[arg(long)]
    invocations: u32,
    /// How often the latency from a request to its effects is measured.
    #[arg(long)]
    trips: usize,
    /// Changes with each number of clients.
    #[arg(long)]
    changes: usize,
    /// The numbers of items in the tables.
    #[arg(long, value_delimiter = ',')]
    sizes: Vec<u64>,
}

/// A part of the benchmarks.
#[derive(Clone, Copy, Debug, PartialEq, ValueEnum)]
enum Part {
    /// Start, response time and memory of each function.
    Functions,
    /// From a request to its effects.
    Latency,
    /// Throughput for growing numbers of clients.
    Load,
    /// Time and work of a call for growing tables.
    Growth,
    /// Files that are uploaded at once.
    Uploads,
}

/// The figures, for programs.
const RESULTS: &str = "results.json";
/// Events after the first one, in each process of a function.
const WARM: u32 = 200;
/// Rounds over the numbers of clients.
const LOAD_ROUNDS: usize = 3;
/// Calls of each function with each size of its table.
const CALLS: usize = 30;

#[tokio::main]
async fn main() -> ExitCode {
    match run(&Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: &Arguments) -> Result<()> {
    let out = |name: &str| arguments.out.join(name);
    let write = |name: &str, text: &str| fs::write(out(name), text).with_context(|| format!("cannot write {name}"));
    fs::create_dir_all(&arguments.out)?;
    let figures = match &arguments.command {
        Command::Measure(arguments) => measure(arguments).await?,
        Command::Redraw => {
            let text = fs::read(out(RESULTS)).context("there are no figures: run `cargo xtask bench` first")?;
            serde_json::from_slice(&text)
                .with_context(|| format!("{RESULTS} is from another version of this program"))?
        }
    };
    let tables = report::tables(&figures);
    write(RESULTS, &serde_json::to_string_pretty(&figures)?)?;
    write("tables.md", &tables)?;
    write("plot.svg", &plot::svg(&figures)?)?;
    println!("{tables}");
    Ok(())
}

async fn measure(arguments: &MeasureArguments) -> Result<Figures> {
    let machine = Machine::read();
    let built = Built::read(&arguments.built)?;
    let product = Product::shared().await;
    let is_wanted = |part: Part| arguments.only.is_empty() || arguments.only.contains(&part);
    let functions = functions::deployed(&product, &built).await?;
    functions::install(&product, &functions, &built).await?;
    let scenarios = AllScenarios::prepare(&product).await?;
    let mut figures = Figures {
        at: jiff::Timestamp::now(),
        profile: built.profile.clone(),
        machine,
        functions: Vec::new(),
        zips: built.sizes()?,
        latency: None,
        load: Vec::new(),
        growth: Vec::new(),
        uploads: Vec::new(),
        missed: Vec::new(),
    };
    if is_wanted(Part::Functions) {
        eprintln!("{} functions, each in turn with the bare one", functions.len());
        let repetitions = Repetitions { starts: arguments.rounds, warm: WARM, invocations: arguments.invocations };
        figures.functions = functions::measure(&product, &functions, &built, &scenarios, repetitions).await?;
    }
    if is_wanted(Part::Latency) {
        eprintln!("{} times from a request to its effects", arguments.trips);
        figures.latency = Some(latency::measure(&product, arguments.trips).await?);
    }
    if is_wanted(Part::Load) {
        eprintln!("{} changes with each number of clients", arguments.changes);
        figures.load = load::measure(&product, arguments.changes, LOAD_ROUNDS).await?;
    }
    if is_wanted(Part::Growth) {
        let sizes = arguments.sizes.as_slice();
        eprintln!("tables of up to {} items", sizes.iter().max().unwrap_or(&0));
        let (product, functions, built, scenarios) = (&product, functions.as_slice(), &built, &scenarios);
        figures.growth = Measurement { product, functions, built, scenarios, sizes, calls: CALLS }.run().await?;
    }
    if is_wanted(Part::Uploads) {
        eprintln!("many uploads at once, and large ones");
        for (_, scenarios) in scenarios.services() {
            figures.uploads.extend(scenarios.uploads().await?);
        }
    }
    figures.missed = report::missed(&figures);
    Ok(figures)
}

impl Machine {
    fn read() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        // Only Linux has this file.
        let load = fs::read_to_string("/proc/loadavg").ok();
        let load_before = load.and_then(|text| text.split(' ').next()?.parse().ok());
        Self { cores, architecture: std::env::consts::ARCH.to_owned(), load_before }
    }
}
