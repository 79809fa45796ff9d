//! What the product costs: each function alone, the road from a request to its effect, many users, large tables.
//!
//! `cargo xtask bench` runs it on a local cloud of its own; `BUSLINE_STATUS` names that cloud. Each figure has its
//! baseline beside it, measured in the same run and in turn.

#![allow(
    clippy::disallowed_methods,
    clippy::print_stderr,
    clippy::print_stdout,
    reason = "a command: it reads the clock, makes ids as a client would, and prints"
)]

mod built;
mod environment;
mod figures;
mod files;
mod functions;
mod growth;
mod inbox;
mod load;
mod plot;
mod rehearsal;
mod report;
mod road;
mod scene;
mod screen;
mod session;
mod uploads;

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::{Args, Parser, Subcommand, ValueEnum};
use tests::product::Product;

use crate::built::Built;
use crate::figures::{Figures, Machine};
use crate::functions::Effort;
use crate::scene::Scenes;

/// Measures the product.
#[derive(Parser)]
struct Arguments {
    /// Where the results are.
    #[arg(long)]
    out: PathBuf,
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Measures, and writes everything.
    Measure(Extent),
    /// Writes tables and plot again, of what was measured last.
    Redraw,
}

/// What is measured, and how long.
#[derive(Args)]
struct Extent {
    /// What was built, as `cargo xtask bench` wrote it.
    #[arg(long)]
    built: PathBuf,
    /// The parts to measure; all when none is named.
    #[arg(long, value_enum)]
    only: Vec<Part>,
    /// How often each function is started.
    #[arg(long)]
    rounds: u32,
    /// Events in the one long life in which a function's memory is watched.
    #[arg(long)]
    invocations: u32,
    /// Trips from a request to its effect.
    #[arg(long)]
    trips: usize,
    /// Changes at each number of users.
    #[arg(long)]
    changes: usize,
    /// Items in a table.
    #[arg(long, value_delimiter = ',')]
    sizes: Vec<u64>,
}

/// A part of the benchmarks.
#[derive(Clone, Copy, Debug, PartialEq, ValueEnum)]
enum Part {
    /// Each function alone.
    Functions,
    /// From a request to its effect.
    Road,
    /// As users grow.
    Load,
    /// As tables grow.
    Growth,
    /// Files that come at once.
    Uploads,
}

/// Everything that was measured, for programs.
const RESULTS: &str = "results.json";
/// Events after the first, in each life of a function.
const WARM: u32 = 200;
/// Rounds over the numbers of users.
const LOAD_ROUNDS: usize = 3;
/// Calls of each route at each size.
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
    let figures = match &arguments.task {
        Task::Measure(extent) => measure(extent).await?,
        Task::Redraw => {
            let text = fs::read(out(RESULTS)).context("nothing was measured yet: run `cargo xtask bench` first")?;
            serde_json::from_slice(&text).with_context(|| format!("{RESULTS} is of another version"))?
        }
    };
    let tables = report::tables(&figures);
    write(RESULTS, &serde_json::to_string_pretty(&figures)?)?;
    write("tables.md", &tables)?;
    write("plot.svg", &plot::svg(&figures)?)?;
    println!("{tables}");
    Ok(())
}

async fn measure(extent: &Extent) -> Result<Figures> {
    let machine = Machine::here();
    let built = Built::read(&extent.built)?;
    let product = Product::shared().await;
    let is_wanted = |part: Part| extent.only.is_empty() || extent.only.contains(&part);
    let functions = functions::deployed(&product, &built).await?;
    functions::install(&product, &functions, &built).await?;
    let scenes = Scenes::set(&product).await?;
    let mut figures = Figures {
        at: jiff::Timestamp::now(),
        profile: built.profile.clone(),
        machine,
        functions: Vec::new(),
        zips: built.sizes()?,
        road: None,
        load: Vec::new(),
        growth: Vec::new(),
        uploads: Vec::new(),
        missed: Vec::new(),
    };
    if is_wanted(Part::Functions) {
        eprintln!("{} functions, each beside the bare one", functions.len());
        let effort = Effort { rounds: extent.rounds, warm: WARM, invocations: extent.invocations };
        figures.functions = functions::measure(&product, &functions, &built, &scenes, effort).await?;
    }
    if is_wanted(Part::Road) {
        eprintln!("{} trips from a request to its effect", extent.trips);
        figures.road = Some(road::measure(&product, scenes.user(), extent.trips).await?);
    }
    if is_wanted(Part::Load) {
        eprintln!("{} changes at each number of users", extent.changes);
        figures.load = load::measure(&product, extent.changes, LOAD_ROUNDS).await?;
    }
    if is_wanted(Part::Growth) {
        eprintln!("tables of up to {} items", extent.sizes.iter().max().unwrap_or(&0));
        figures.growth = growth::measure(&product, &functions, &built, &scenes, &extent.sizes, CALLS).await?;
    }
    if is_wanted(Part::Uploads) {
        eprintln!("uploads at once, and large ones");
        figures.uploads = uploads::measure(&product, scenes.user()).await?;
    }
    figures.missed = report::missed(&figures);
    Ok(figures)
}

impl Machine {
    fn here() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        // Linux alone says it in a file; elsewhere it is left out.
        let load = fs::read_to_string("/proc/loadavg").ok();
        let load_before = load.and_then(|text| text.split(' ').next()?.parse().ok());
        Self { cores, architecture: std::env::consts::ARCH.to_owned(), load_before }
    }
}
