//! The fault run: a load of changes through a faulty network, and a ledger of what must come out.

use std::path::PathBuf;
use std::process::Stdio;

use anyhow::{Context, Result};
use clap::Args;

use crate::home::Home;
use crate::interrupts::Interrupts;
use crate::own_cloud::{Environment, on_own_cloud};
use crate::prerequisites;
use crate::process;
use crate::replay_crashes::{self, CrashRun};

/// The sizes of a run.
#[derive(Args, Clone, Debug)]
pub(crate) struct FaultRun {
    /// How many changes of to-do items are made.
    #[arg(long, default_value_t = 2000)]
    changes: u32,
    /// By how many users.
    #[arg(long, default_value_t = 20)]
    users: u32,
    /// Decides the faults; the order in which calls meet them is the machine's.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Replace publisher and subscribers by naive ones: the run must then lose and double some.
    #[arg(long)]
    control: bool,
}

/// `cargo xtask faults`: one run on a local cloud of its own.
pub(crate) async fn command(home: &Home, run: &FaultRun) -> Result<()> {
    prerequisites::check(home)?;
    let mut interrupts = Interrupts::catch()?;
    on_own_cloud(home, &mut interrupts, async |environment| execute(home, run, environment).await).await
}

/// The part `faults` of the whole check: a short run, replays that are killed, and a shorter run that shows that the
/// ledger sees loss.
pub(crate) async fn check(home: &Home, interrupts: &mut Interrupts) -> Result<()> {
    let real = FaultRun { changes: 1500, users: 15, seed: 1, control: false };
    let control = FaultRun { changes: 300, users: 6, seed: 1, control: true };
    on_own_cloud(home, interrupts, async |environment| {
        execute(home, &real, environment).await?;
        replay_crashes::execute(home, &CrashRun::small(), environment).await?;
        // Last: it leaves the naive functions deployed.
        execute(home, &control, environment).await
    })
    .await
}

async fn execute(home: &Home, run: &FaultRun, environment: &Environment) -> Result<()> {
    // Both, as the first deploys the second. Without `--package`, so that nothing is compiled with other features.
    let mut build = process::command("cargo");
    build.args(["build", "--bin", "faults", "--bin", "naive"]).current_dir(&home.repo);
    process::run(&mut build).await?;
    let mut faults = process::command(program(home, "faults")?);
    faults.args(["--changes", &run.changes.to_string(), "--users", &run.users.to_string()]);
    faults.args(["--seed", &run.seed.to_string()]);
    if run.control {
        faults.arg("--control");
    }
    faults.envs(environment.iter().map(|(name, value)| (name, value))).stdout(Stdio::inherit());
    process::run(&mut faults).await
}

/// Where cargo has built the program of this name.
pub(crate) fn program(home: &Home, name: &str) -> Result<PathBuf> {
    Ok(target(home)?.join("debug").join(name))
}

/// The folder that cargo builds into.
pub(crate) fn target(home: &Home) -> Result<PathBuf> {
    let metadata = cargo_metadata::MetadataCommand::new().current_dir(&home.repo).no_deps().exec();
    let target = metadata.context("cargo does not say where it builds")?.target_directory;
    Ok(PathBuf::from(target.as_str()))
}
