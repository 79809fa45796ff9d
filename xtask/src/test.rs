//! `cargo xtask test`: every check, in parts, of which two run at a time. CI runs nothing else.

mod dependencies;
mod end_to_end;
mod programs;

use std::cell::Cell;
use std::env;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use clap::ValueEnum;
use futures_util::stream::{self, StreamExt};
use tokio::process::Command;

use crate::asyncapi;
use crate::browser;
use crate::checks;
use crate::codeowners;
use crate::contracts;
use crate::faults;
use crate::home::Home;
use crate::hostile;
use crate::interrupts::{Interrupted, Interrupts};
use crate::limits;
use crate::lint;
use crate::new_service;
use crate::npm::Npm;
use crate::page;
use crate::prerequisites;
use crate::process;
use crate::python::Python;
use crate::services;
use crate::stacks::{Stack, Stacks};
use crate::test::programs::TestProgram;
use crate::ui;

/// A part of the whole check. They start in this order.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd, ValueEnum)]
pub(crate) enum Part {
    /// rustfmt and ruff's formatter.
    Format,
    /// The local cloud behaves as AWS documents, and each patch is necessary.
    Conformance,
    /// clippy, ruff, mypy, cargo-deny, one version of each network crate; eslint, prettier and tsc for the page;
    /// CODEOWNERS, and words that are not used here.
    Lint,
    /// cfn-lint over every template for three regions, and how near the templates come to AWS's limits.
    Templates,
    /// The tests of every crate except the end-to-end ones; the page's own tests, and its size.
    Unit,
    /// Each service's end-to-end tests, journeys across services, and permissions, on separate local clouds.
    E2e,
    /// Types, schemas, rules, permissions and documents agree; changes since main break no consumer; mutations are found.
    Contracts,
    /// In a copy of the repository, a new service is written, gets an event and a route as the documents describe, and is
    /// deployed and tested; deleting it leaves nothing behind. Deleting any other service that none needs breaks nothing.
    /// Deployments that fail or are killed end in one of two states.
    NewService,
    /// The page in Chromium, on a separate local cloud.
    Browser,
    /// Changes through a faulty network: none is lost or applied twice.
    Faults,
    /// Generated hostile requests to every route, and a search of the logs for what they sent.
    Hostile,
}

/// How many parts run at a time: on two cores one compiles or computes while the other waits.
const SIDE_BY_SIDE: usize = 2;
/// How many lines of a failed part are printed again at the end. Those of all parts fit into what CI keeps of a log.
const LAST_LINES: usize = 40;
const CONTRACTS: &str = "contracts";

/// Which tests are run.
#[derive(Debug)]
struct Selection<'a> {
    /// The service to which the tests are limited, if any.
    service: Option<&'a str>,
    /// The arguments for the test programs.
    arguments: &'a [String],
}

impl Selection<'_> {
    fn includes(&self, program: &TestProgram) -> bool {
        self.service.is_none() || program.service.as_deref() == self.service
    }
}

/// `cargo xtask test`: runs the parts, by default all of them, also after a failure, and prints a summary. A part that is
/// chosen alone prints its output at once.
pub(crate) async fn command(home: &Home, only: &[Part], service: Option<&str>, arguments: &[String]) -> Result<()> {
    if let Some(name) = service {
        Stacks::discover(&home.repo)?.service(name)?;
    }
    prerequisites::check(home)?;
    let begun = Instant::now();
    let selection = Selection { service, arguments };
    let mut interrupts = Interrupts::catch()?;
    let python = interrupts.unless(Python::ready(home)).await?;
    let parts = match (only, service) {
        ([], None) => Part::value_variants(),
        ([], Some(_)) => &[Part::Unit, Part::E2e],
        (only, _) => only,
    };
    if let &[part] = parts {
        return run(part, home, &python, &selection, &mut interrupts).await;
    }
    if only.is_empty() && service.is_none() {
        prerequisites::check_disk(home)?;
    }
    // Found before anything is compiled, which may replace the file.
    let program = env::current_exe().context("cannot find this program")?;
    let runs = parts.iter().map(|&part| in_own_process(&program, part, &selection));
    let mut rows = side_by_side(SIDE_BY_SIDE, runs).await.into_iter().collect::<Result<Vec<Row>>>()?;
    rows.sort_by_key(|row| row.part);
    // Far above stands all that was printed by then, in the order in which the parts ended.
    for Row { part, last_lines, .. } in rows.iter().filter(|row| !row.passed) {
        ui::print(format_args!("\n== {} FAILED; its last lines:\n{last_lines}", name(*part)));
    }
    let cells = |row: &Row| {
        let verdict = if row.passed { "passed" } else { "FAILED" };
        [name(row.part), verdict.to_owned(), ui::seconds(row.took)]
    };
    ui::print(format_args!("\n{}", ui::table(["part", "", "time"], &rows.iter().map(cells).collect::<Vec<_>>())));
    ui::note(format_args!("{SIDE_BY_SIDE} parts ran at a time, all in {}", ui::seconds(begun.elapsed())));
    let failed: Vec<String> = rows.iter().filter(|row| !row.passed).map(|row| name(row.part)).collect();
    if failed.is_empty() { Ok(()) } else { bail!("failed: {}", failed.join(", ")) }
}

/// The result of one part.
struct Row {
    part: Part,
    passed: bool,
    took: Duration,
    /// The last lines that it printed.
    last_lines: String,
}

/// Runs a part as a separate process, and prints its output when it has ended: other parts run at the same time.
///
/// # Errors
/// [`Interrupted`] only; a part that could not be run has failed.
async fn in_own_process(program: &Path, part: Part, selection: &Selection<'_>) -> Result<Row> {
    ui::note(format_args!("  {} …", name(part)));
    let begun = Instant::now();
    let (passed, last_lines) = match run_again(program, part, selection).await {
        Err(error) if error.is::<Interrupted>() => return Err(error),
        Err(error) => (false, format!("{error:#}")),
        Ok(outcome) => outcome,
    };
    Ok(Row { part, passed, took: begun.elapsed(), last_lines })
}

/// Runs this program for one part; returns whether the part passed, and the last lines that it printed.
async fn run_again(program: &Path, part: Part, selection: &Selection<'_>) -> Result<(bool, String)> {
    let mut interrupts = Interrupts::catch()?;
    let mut command = process::command(program);
    command.args(["test", "--only", &name(part)]);
    command.args(selection.service.iter().flat_map(|service| ["--service", service]));
    command.arg("--").args(selection.arguments);
    let mut output = process::Output::capture(&mut command)?;
    let mut child = command.spawn().context("cannot run this program again")?;
    let ended = tokio::select! {
        // First, because Ctrl-C in a terminal ends the child too.
        biased;
        () = interrupts.next() => None,
        status = child.wait() => Some(status?),
    };
    if ended.is_none() {
        // It stops its local clouds first.
        process::terminate(&mut child).await?;
    }
    let verdict = ended.map_or("interrupted", |status| if status.success() { "passed" } else { "FAILED" });
    ui::note(format_args!("\n== {} {verdict}", name(part)));
    output.print()?;
    let status = ended.ok_or(Interrupted)?;
    Ok((status.success(), output.last_lines(LAST_LINES)?))
}

/// Does work in this order, so much of it at a time; begins none after some was interrupted.
async fn side_by_side<T>(
    limit: usize,
    work: impl IntoIterator<Item = impl Future<Output = Result<T>>>,
) -> Vec<Result<T>> {
    let interrupted = &Cell::new(false);
    let runs = stream::iter(work).map(async |one| {
        if interrupted.get() {
            return Err(Interrupted.into());
        }
        let outcome = one.await;
        interrupted.set(interrupted.get() || outcome.as_ref().is_err_and(anyhow::Error::is::<Interrupted>));
        outcome
    });
    runs.buffer_unordered(limit).collect().await
}

async fn run(
    part: Part,
    home: &Home,
    python: &Python,
    selection: &Selection<'_>,
    interrupts: &mut Interrupts,
) -> Result<()> {
    match part {
        Part::Format => interrupts.unless(format(home, python)).await,
        Part::Lint => interrupts.unless(lint(home, python)).await,
        Part::Templates => interrupts.unless(templates(home, python)).await,
        Part::Unit => interrupts.unless(unit(home, selection)).await,
        Part::Contracts => interrupts.unless(contract_checks(home, selection.arguments)).await,
        Part::NewService => new_service::check::check(home, interrupts).await,
        Part::Conformance => interrupts.unless(conformance(home, python)).await,
        Part::E2e => end_to_end::run(home, selection, interrupts).await,
        Part::Browser => browser::check(home, selection.arguments, interrupts).await,
        Part::Faults => faults::check(home, interrupts).await,
        Part::Hostile => hostile::check(home, interrupts).await,
    }
}

async fn format(home: &Home, python: &Python) -> Result<()> {
    let mut ruff = process::command(python.program("ruff"));
    ruff.args(["format", "--check"]).arg(home.repo.join("local")).arg(home.repo.join("tests/hostile"));
    all([cargo(home, &["fmt", "--all", "--check"]), found_modules_format(home)?, ruff]).await
}

/// rustfmt for modules that build scripts find, which `cargo fmt` does not reach: those of publishers, and the services'
/// benchmark scenarios.
fn found_modules_format(home: &Home) -> Result<Command> {
    let mut rustfmt = process::command("rustfmt");
    rustfmt.args(["--check", "--edition", "2024"]);
    let services = services::discover(&home.repo)?;
    let scenarios = services.iter().map(|service| home.repo.join(&service.folder).join("bench/scenarios.rs"));
    rustfmt.args(scenarios.filter(|path| path.exists()));
    for entry in fs::read_dir(home.repo.join("events/src/publishers"))? {
        let path = entry?.path();
        if path.extension().is_some_and(|ending| ending == "rs") {
            rustfmt.arg(path);
        }
    }
    Ok(rustfmt)
}

async fn lint(home: &Home, python: &Python) -> Result<()> {
    let in_folder = |folder: &str, program: &str, arguments: &[&str]| {
        let mut command = process::command(python.program(program));
        command.args(arguments).current_dir(home.repo.join(folder));
        command
    };
    let hostile = Python::for_hostile_tests(home).await?;
    let mut mypy_hostile = in_folder("tests/hostile", "mypy", &["--python-executable"]);
    mypy_hostile.arg(hostile.program("python"));
    let mut deny = dependencies::deny(home, python);
    deny.args(["check", "bans", "licenses", "sources"]);
    let programs = all([
        cargo(home, &["clippy", "--workspace", "--all-targets", "--", "--deny", "warnings"]),
        in_folder("local", "ruff", &["check"]),
        in_folder("local", "mypy", &[]),
        in_folder("tests/hostile", "ruff", &["check"]),
        mypy_hostile,
        deny,
    ]);
    let outcomes = [
        codeowners::check(home),
        checks::run(home),
        programs.await,
        lint_page(home).await,
        dependencies::advisories(home, python).await,
        dependencies::single_versions(home).await,
    ];
    join_errors(outcomes)
}

async fn lint_page(home: &Home) -> Result<()> {
    let web = Npm::for_page(home).await?;
    // Both generate the types of the APIs, as a build of the page does.
    let _lock = page::lock(home).await?;
    all([web.script("lint"), web.script("typecheck")]).await
}

async fn templates(home: &Home, python: &Python) -> Result<()> {
    let stacks = Stacks::discover(&home.repo)?;
    let all: Vec<&Stack> = stacks.all().iter().collect();
    let linted = lint::templates(home, python, &stacks, &all).await?;
    ui::note(format_args!("{} templates, {linted} of them linted, the others unchanged", all.len()));
    limits::check(&home.repo, &stacks)
}

/// The tests that need no cloud. A service's integration tests also hold those that need one, which are left out.
async fn unit(home: &Home, selection: &Selection<'_>) -> Result<()> {
    let programs = programs::compile(home).await?;
    let selected =
        || programs.iter().filter(|program| !end_to_end::is_of_all_services(program) && selection.includes(program));
    let needs_cloud = |program: &&TestProgram| program.service.is_some() && program.integration;
    let outcome = programs::run(selected().filter(|one| !needs_cloud(one)), selection.arguments).await;
    let of_services = selected().filter(needs_cloud);
    let without_cloud = |test: &str| !end_to_end::needs_cloud(test);
    let of_services = programs::choose(of_services, without_cloud, selection.arguments).await?;
    let of_services = end_to_end::run_chosen(&of_services, selection.arguments, &[]).await;
    if selection.service.is_some() {
        return join_errors([outcome, of_services]);
    }
    let documented = all([cargo(home, &["test", "--workspace", "--doc"])]).await;
    // The arguments select tests of the crates.
    let page = if selection.arguments.is_empty() { page_alone(home).await } else { Ok(()) };
    join_errors([outcome, of_services, documented, page])
}

/// The page's checks that need no browser.
async fn page_alone(home: &Home) -> Result<()> {
    page::build(home).await?;
    let web = Npm::for_page(home).await?;
    all([web.script("test"), web.script("size")]).await
}

/// The contracts, their changes since main, their documents, and that each kind of breaking change is found.
async fn contract_checks(home: &Home, arguments: &[String]) -> Result<()> {
    let checked = contracts::check(home).await;
    let documents = asyncapi::check(home).await;
    let programs = programs::compile(home).await?;
    let programs = programs.iter().filter(|program| program.package == CONTRACTS);
    let mutations = ["mutations::", "--include-ignored", "--nocapture", "--test-threads=1"].map(str::to_owned);
    let arguments = if arguments.is_empty() { mutations.as_slice() } else { arguments };
    join_errors([checked, documents, programs::run(programs, arguments).await])
}

/// The suite on the local cloud, where every test must pass, and on the emulator without patches, where those that need a
/// patch must fail.
async fn conformance(home: &Home, python: &Python) -> Result<()> {
    let in_local = |module: &str| {
        let mut command = process::command(python.program("python"));
        command.args(["-m", module]).current_dir(home.repo.join("local")).env("PYTHONPATH", ".");
        command
    };
    all([in_local("pytest"), in_local("conformance.compare")]).await
}

/// Runs every command, also after a failure.
async fn all<const N: usize>(commands: [Command; N]) -> Result<()> {
    let mut outcomes = Vec::with_capacity(N);
    for mut command in commands {
        outcomes.push(process::run(&mut command).await);
    }
    join_errors(outcomes)
}

/// The texts of all errors as one error; an interruption alone.
fn join_errors(outcomes: impl IntoIterator<Item = Result<()>>) -> Result<()> {
    let mut failures = Vec::new();
    for error in outcomes.into_iter().filter_map(Result::err) {
        if error.is::<Interrupted>() {
            return Err(error);
        }
        failures.push(format!("{error:#}"));
    }
    if failures.is_empty() { Ok(()) } else { bail!(failures.join("\n")) }
}

fn cargo(home: &Home, arguments: &[&str]) -> Command {
    let mut command = process::command("cargo");
    command.args(arguments).current_dir(&home.repo);
    command
}

fn name(part: Part) -> String {
    part.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
}
