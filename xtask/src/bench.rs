//! `cargo xtask bench`: the functions as built for AWS, on a separate local cloud, compared with a function that does
//! nothing.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context, Result, bail};
use aws_json::ssm;
use clap::{Args, ValueEnum};
use serde::{Deserialize, Serialize};

use crate::aws::{LOCAL, Target};
use crate::browser::{self, CHROMIUM};
use crate::change_set::{StackChanger, TemplateSource};
use crate::contract_bench;
use crate::home::Home;
use crate::interrupts::Interrupts;
use crate::npm::Npm;
use crate::package::{self, Architecture, Build, Package};
use crate::prerequisites;
use crate::process;
use crate::python::Python;
use crate::separate_cloud::{Environment, on_separate_cloud};
use crate::stacks::{self, ARTIFACTS, Stacks};
use crate::ui::{self, Step};

/// The function that does nothing: the name of its package, handler and stack.
const BARE: &str = "bare";

const DOCUMENT: &str = "docs/benchmarks.md";
const PLOT: &str = "docs/benchmarks.svg";
/// The lines of the document before and after the tables.
const MARKERS: (&str, &str) =
    ("<!-- figures: written by `cargo xtask bench --write` -->", "<!-- end of the figures -->");

/// What is measured, and how often.
#[derive(Args, Clone, Debug)]
pub(crate) struct BenchRun {
    /// Measure only this part; may be given more than once.
    #[arg(long, value_enum)]
    only: Vec<Part>,
    /// How the functions are built; figures of a dev build only show that the benchmarks work.
    #[arg(long, value_enum, default_value_t = Profile::Release)]
    profile: Profile,
    /// How often each function is started.
    #[arg(long, default_value_t = 9)]
    rounds: u32,
    /// Events for the function process of the memory measurement; 100000 takes half an hour.
    #[arg(long, default_value_t = 2000)]
    invocations: u32,
    /// How often the latency from a request to its effect is measured.
    #[arg(long, default_value_t = 200)]
    trips: u32,
    /// Changes with each number of clients.
    #[arg(long, default_value_t = 400)]
    changes: u32,
    /// The numbers of items in the tables.
    #[arg(long, value_delimiter = ',', default_values_t = [1_000, 10_000, 100_000])]
    sizes: Vec<u64>,
    /// Measure nothing: write tables and plot from the figures of the last run.
    #[arg(long, conflicts_with = "only")]
    redraw: bool,
    /// Measure only the commands of `cargo ops contracts`, without a local cloud.
    #[arg(long, conflicts_with_all = ["only", "redraw", "write"])]
    contracts: bool,
    /// Write the figures into docs/benchmarks.md and docs/benchmarks.svg.
    #[arg(long)]
    write: bool,
}

impl BenchRun {
    fn wants(&self, part: Part) -> bool {
        self.only.is_empty() || self.only.contains(&part)
    }
}

/// A part of the benchmarks.
#[derive(Clone, Copy, Debug, PartialEq, ValueEnum)]
enum Part {
    /// Each function alone: init, first and warm invocation, memory.
    Functions,
    /// End-to-end: from a request to its effect in another service, and on another session's screen.
    Latency,
    /// Throughput for growing numbers of clients.
    Load,
    /// Time and cost of a call for growing tables.
    Growth,
    /// 200 uploads at the same time, and the largest one: time, and memory of the function that checks them.
    Uploads,
}

/// How the functions are built.
#[derive(Clone, Copy, Debug, PartialEq, ValueEnum)]
enum Profile {
    /// As for AWS: optimised for size.
    Release,
    /// As for the local cloud: quick to build.
    Dev,
}

/// The built functions, for the program that measures.
#[derive(Serialize)]
struct Built<'a> {
    profile: String,
    programs: BTreeMap<&'a str, Program<'a>>,
}

#[derive(Serialize)]
struct Program<'a> {
    binary: &'a Path,
    zip: &'a Path,
}

#[derive(Deserialize)]
struct Results {
    missed: Vec<String>,
}

pub(crate) async fn command(home: &Home, run: &BenchRun) -> Result<()> {
    if run.write && (!run.only.is_empty() || run.profile == Profile::Dev) {
        bail!("--write needs a complete run of release builds: remove --only and --profile dev");
    }
    prerequisites::check(home)?;
    let mut interrupts = Interrupts::catch()?;
    if run.contracts {
        return interrupts.unless(contract_bench::command(home)).await;
    }
    let python = interrupts.unless(Python::ready(home)).await?;
    let out = home.repo.join("target/bench");
    fs::create_dir_all(&out).with_context(|| format!("cannot make {}", out.display()))?;
    if run.redraw {
        let driver = interrupts.unless(build_driver(home, &python)).await?;
        let mut program = process::command(driver);
        program.arg("--out").arg(&out).arg("redraw").stdout(Stdio::inherit());
        interrupts.unless(process::run(&mut program)).await?;
        return if run.write { write(home, &out) } else { Ok(()) };
    }
    let chromium = if run.wants(Part::Latency) { Some(interrupts.unless(install_browser(home)).await?) } else { None };
    let (driver, bare) = interrupts.unless(build(home, &python, run.profile, &out)).await?;
    let work = async |environment: &Environment| {
        let step = Step::start(BARE);
        deploy_bare(home, environment, &bare, &step).await?;
        step.done("deployed");
        measure(run, &driver, &out, chromium.as_deref(), environment).await
    };
    Box::pin(on_separate_cloud(home, &mut interrupts, work)).await?;
    ui::note(format_args!("Results: {}", out.display()));
    if run.write {
        write(home, &out)?;
    }
    match run.profile {
        Profile::Release => expect_bounds(&out),
        Profile::Dev => Ok(()),
    }
}

/// Fails when a bound was missed; the figures are written before, because they show by how much.
fn expect_bounds(out: &Path) -> Result<()> {
    let results: Results = serde_json::from_slice(&fs::read(out.join("results.json"))?)?;
    if results.missed.is_empty() { Ok(()) } else { bail!("bounds missed:\n{}", results.missed.join("\n")) }
}

/// Builds and packages the functions and the program that measures them; returns that program and the bare function's
/// package.
async fn build(home: &Home, python: &Python, profile: Profile, out: &Path) -> Result<(PathBuf, Package)> {
    let kind = match profile {
        Profile::Release => Build::Release(Architecture::host()?),
        Profile::Dev => Build::Dev,
    };
    let stacks = Stacks::discover(&home.repo)?;
    let programs: Vec<&str> = stacks.services().map(|service| service.name.as_str()).chain([BARE]).collect();
    let step = Step::announce("Build");
    let binaries = package::build(home, python, &programs, kind).await?;
    let mut packages = BTreeMap::new();
    for program in programs {
        packages.insert(program, package::package(home, program, &binaries[program], kind).await?);
    }
    let described =
        packages.iter().map(|(&name, package)| (name, Program { binary: &binaries[name], zip: &package.path }));
    let profile = profile.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default();
    let built = Built { profile, programs: described.collect() };
    fs::write(out.join("built.json"), serde_json::to_vec_pretty(&built)?)?;
    let driver = build_driver(home, python).await?;
    step.done(out.display());
    Ok((driver, packages.remove(BARE).context("the bare function was not packaged")?))
}

/// Builds the program that measures.
async fn build_driver(home: &Home, python: &Python) -> Result<PathBuf> {
    const DRIVER: &str = "bench";
    let mut built = package::build(home, python, &[DRIVER], Build::Dev).await?;
    built.remove(DRIVER).context("the program that measures was not built")
}

/// Deploys the bare function behind a rule of the bus.
async fn deploy_bare(home: &Home, environment: &Environment, package: &Package, step: &Step) -> Result<()> {
    let own = environment.iter().find(|(name, _)| *name == "BUSLINE_HOME").map(|(_, dir)| dir.clone());
    let target = Target::for_environment(&home.beside(own.context("the local cloud has no home")?), LOCAL).await?;
    let bucket = ssm::parameter(&target.sdk, &stacks::parameter_path(LOCAL, ARTIFACTS, "bucket")).await;
    let bucket = bucket.map_err(crate::aws::call_failed("find the artifacts bucket"))?;
    let bucket = bucket.context("there is no artifacts bucket")?;
    package::upload(&target, &bucket, package).await?;
    let path = home.repo.join("tests/bench/bare/template.yaml");
    let template = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let values = [
        ("Env", LOCAL),
        ("ArtifactBucket", bucket.as_str()),
        ("ArtifactKey", package.key.as_str()),
        ("Architecture", Architecture::host()?.name()),
    ];
    let values = values.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    let name = stacks::stack_name(LOCAL, BARE);
    let changer = StackChanger::new(&target, &name);
    let proposed = changer.propose(TemplateSource::Inline(template), &values, step).await?;
    changer.execute(&proposed.context("the bare function is deployed already")?, step).await
}

/// Installs Chromium and the program in `tests/bench/page` that opens the page in it.
async fn install_browser(home: &Home) -> Result<PathBuf> {
    Npm::for_figures(home).await?;
    browser::chromium().await
}

async fn measure(
    run: &BenchRun,
    driver: &Path,
    out: &Path,
    chromium: Option<&Path>,
    environment: &Environment,
) -> Result<()> {
    let mut program = process::command(driver);
    program.arg("--out").arg(out).arg("measure").arg("--built").arg(out.join("built.json"));
    program.args(["--rounds", &run.rounds.to_string(), "--invocations", &run.invocations.to_string()]);
    program.args(["--trips", &run.trips.to_string(), "--changes", &run.changes.to_string()]);
    let sizes: Vec<String> = run.sizes.iter().map(u64::to_string).collect();
    program.args(["--sizes", &sizes.join(",")]);
    for part in run.only.iter().filter_map(ValueEnum::to_possible_value) {
        program.args(["--only", part.get_name()]);
    }
    if let Some(chromium) = chromium {
        program.env(CHROMIUM, chromium);
    }
    program.envs(environment.iter().map(|(name, value)| (name, value))).stdout(Stdio::inherit());
    process::run(&mut program).await
}

fn write(home: &Home, out: &Path) -> Result<()> {
    let (document, plot) = (home.repo.join(DOCUMENT), home.repo.join(PLOT));
    let text = fs::read_to_string(&document).with_context(|| format!("cannot read {}", document.display()))?;
    let tables = fs::read_to_string(out.join("tables.md"))?;
    let text =
        with_figures(&text, &tables).with_context(|| format!("{DOCUMENT} lacks the lines that mark the figures"))?;
    fs::write(&document, text)?;
    fs::copy(out.join("plot.svg"), plot)?;
    ui::note(format_args!("written: {DOCUMENT}, {PLOT}"));
    Ok(())
}

/// The document with new figures between its markers; `None` if it has no markers.
fn with_figures(document: &str, figures: &str) -> Option<String> {
    let (before, rest) = document.split_once(MARKERS.0)?;
    let (_, after) = rest.split_once(MARKERS.1)?;
    Some(format!("{before}{}\n\n{}\n\n{}{after}", MARKERS.0, figures.trim(), MARKERS.1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_figures_between_the_markers_are_replaced() {
        let (from, to) = MARKERS;
        let document = format!("before\n{from}\nold\n{to}\nafter\n");
        let fresh = with_figures(&document, "new\n").unwrap();
        assert_eq!(fresh, format!("before\n{from}\n\nnew\n\n{to}\nafter\n"));
        assert_eq!(with_figures(&fresh, "new").unwrap(), fresh);
        assert_eq!(with_figures("no markers", "new"), None);
    }

    #[test]
    fn the_document_has_its_markers() {
        let repo = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let document = fs::read_to_string(repo.join(DOCUMENT)).unwrap();
        assert!(with_figures(&document, "").is_some());
    }
}
