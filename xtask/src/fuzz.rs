//! `cargo xtask fuzz`: the fuzz targets of `tests/fuzz/`, each for a given time.

use std::path::Path;

use anyhow::{Context, Result, bail};
use clap::Args;
use serde::Deserialize;

use crate::home::Home;
use crate::process;
use crate::ui;

/// Which targets are fuzzed, and how long.
#[derive(Args, Clone, Debug)]
pub(crate) struct FuzzRun {
    /// The targets, such as `cursor`; by default all of them.
    targets: Vec<String>,
    /// How many seconds each target runs.
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u32).range(1..))]
    seconds: u32,
}

/// The part of `tests/fuzz/Cargo.toml` that lists the targets.
#[derive(Deserialize)]
struct Manifest {
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    targets: Vec<Target>,
}

#[derive(Deserialize)]
struct Target {
    name: String,
}

/// `cargo xtask fuzz`. Failing inputs are kept in `tests/fuzz/artifacts`, the corpus in `tests/fuzz/corpus`.
pub(crate) async fn command(home: &Home, run: &FuzzRun) -> Result<()> {
    let folder = home.repo.join("tests/fuzz");
    if !has_tools(&folder).await {
        bail!(
            "fuzzing needs the nightly compiler and cargo-fuzz: `rustup toolchain install nightly`, then \
             `cargo install cargo-fuzz --locked`"
        );
    }
    let known = targets(&folder).await?;
    if let Some(unknown) = run.targets.iter().find(|name| !known.contains(name)) {
        bail!("there is no target {unknown}: the targets are {}", known.join(", "));
    }
    let chosen = if run.targets.is_empty() { &known } else { &run.targets };
    let mut broken = Vec::new();
    for target in chosen {
        ui::note(format_args!("\n== {target}"));
        if let Err(error) = fuzz(&folder, target, run.seconds).await {
            broken.push(format!("{target}: {error:#}"));
        }
    }
    if broken.is_empty() { Ok(()) } else { bail!(broken.join("\n")) }
}

async fn fuzz(folder: &Path, target: &str, seconds: u32) -> Result<()> {
    let corpus = folder.join("corpus").join(target);
    std::fs::create_dir_all(&corpus).with_context(|| format!("cannot make {}", corpus.display()))?;
    let mut command = nightly(folder);
    // The parsers have no unsafe code for a sanitizer to check; the assertions are in the targets.
    command.args(["fuzz", "run", "--sanitizer", "none", "--debug-assertions", target]);
    command.arg(&corpus).arg(folder.join("seeds").join(target));
    command.args(["--", &format!("-max_total_time={seconds}"), "-max_len=16384", "-timeout=5", "-print_final_stats=1"]);
    process::run(&mut command).await
}

async fn has_tools(folder: &Path) -> bool {
    nightly(folder).args(["fuzz", "--version"]).output().await.is_ok_and(|output| output.status.success())
}

async fn targets(folder: &Path) -> Result<Vec<String>> {
    let mut metadata = process::command("cargo");
    metadata.args(["metadata", "--no-deps", "--format-version", "1"]).current_dir(folder);
    let output = metadata.output().await?;
    if !output.status.success() {
        bail!("cannot read tests/fuzz/Cargo.toml: {}", String::from_utf8_lossy(&output.stderr));
    }
    let manifest: Manifest = serde_json::from_slice(&output.stdout)?;
    Ok(manifest.packages.into_iter().flat_map(|package| package.targets).map(|target| target.name).collect())
}

/// Cargo of the nightly toolchain, instead of the pinned one.
fn nightly(folder: &Path) -> tokio::process::Command {
    let mut command = process::command("cargo");
    // `cargo xtask` runs under the pinned toolchain, and its children inherit the variable that selects it.
    command.arg("+nightly").env_remove("RUSTUP_TOOLCHAIN").current_dir(folder);
    command
}
