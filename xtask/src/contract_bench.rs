//! `cargo xtask bench --contracts`: the time of the contracts' commands, compared with another program in the same run.

use std::io::Cursor;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use cargo_metadata::Message;
use tokio::process::Command;

use crate::asyncapi;
use crate::home::Home;
use crate::process;
use crate::ui::{self, Step};

/// The folder of the other program, which its lock file pins, and of the two schemas, from the repository's root.
const FOLDER: &str = "tests/bench/json-schema-diff";
/// How often each program runs; the programs take turns.
const RUNS: usize = 31;
/// How many further runs come before those that count.
const WARM_UP: usize = 3;
/// How many times faster the process of `compat` must be.
const FASTER: f64 = 20.0;
/// How long the process of `check` may take on this repository.
const CHECK: Duration = Duration::from_secs(1);

/// `cargo xtask bench --contracts`; fails when a bound is missed.
pub(crate) async fn command(home: &Home) -> Result<()> {
    let folder = home.repo.join(FOLDER);
    asyncapi::install(&folder).await.context("json-schema-diff cannot be installed")?;
    let step = Step::announce("Build");
    let ops = build(home).await?;
    step.done("ops, as released");
    let pair = ["old.json", "new.json"].map(|file| folder.join(file));
    let ours = || with(&ops, &home.repo, &["contracts", "compat", "--format", "json"], &pair);
    let theirs = || with(&folder.join("node_modules/.bin/json-schema-diff"), &home.repo, &[], &pair);
    let check = || with(&ops, &home.repo, &["contracts", "check", "--files-only", "--format", "json"], &[]);
    let [ours, theirs, check] = in_turn([&ours, &theirs, &check]).await?;
    let times = theirs.as_secs_f64() / ours.as_secs_f64();
    let rows = [
        [
            "ops contracts compat".to_owned(),
            milliseconds(ours),
            format!("{times:.0} times faster, at least {FASTER} wanted"),
        ],
        ["npm json-schema-diff 1.0.0".to_owned(), milliseconds(theirs), "the same pair, in turn".to_owned()],
        [
            "ops contracts check".to_owned(),
            milliseconds(check),
            "this repository, its files alone; less than 1000 wanted".to_owned(),
        ],
    ];
    ui::print(ui::table(["whole process", "ms, median", ""], &rows));
    if times < FASTER || check >= CHECK {
        bail!("a bound was missed");
    }
    Ok(())
}

/// Builds the operations CLI for release; returns its path.
async fn build(home: &Home) -> Result<PathBuf> {
    let mut cargo = process::command("cargo");
    cargo.args(["build", "--release", "--package", "ops", "--message-format=json-render-diagnostics"]);
    let output = cargo.current_dir(&home.repo).stdout(Stdio::piped()).spawn()?.wait_with_output().await?;
    if !output.status.success() {
        bail!("ops does not build: see the compiler's messages above");
    }
    for message in Message::parse_stream(Cursor::new(output.stdout)) {
        let Message::CompilerArtifact(artifact) = message? else { continue };
        if let Some(path) = artifact.executable.filter(|_| artifact.target.name == "ops") {
            return Ok(path.into());
        }
    }
    bail!("cargo built no program `ops`")
}

fn with(program: &Path, folder: &Path, arguments: &[&str], files: &[PathBuf]) -> Command {
    let mut command = process::command(program);
    command.args(arguments).args(files).current_dir(folder).stdout(Stdio::null()).stderr(Stdio::null());
    command
}

/// The median of each program's runs.
async fn in_turn<const N: usize>(programs: [&dyn Fn() -> Command; N]) -> Result<[Duration; N]> {
    let mut runs: [Vec<Duration>; N] = std::array::from_fn(|_| Vec::new());
    for round in 0..RUNS + WARM_UP {
        for (program, runs) in programs.iter().zip(&mut runs) {
            let mut command = program();
            let begun = Instant::now();
            let status = command.status().await.context("cannot run a program")?;
            // Status 1 reports that the schemas differ.
            if !matches!(status.code(), Some(0 | 1)) {
                bail!("{} failed ({status})", command.as_std().get_program().display());
            }
            if round >= WARM_UP {
                runs.push(begun.elapsed());
            }
        }
    }
    Ok(runs.map(|mut runs| {
        runs.sort_unstable();
        runs[runs.len() / 2]
    }))
}

fn milliseconds(duration: Duration) -> String {
    format!("{:.1}", duration.as_secs_f64() * 1_000.0)
}
