//! `cargo xtask faults`: many changes through a faulty network, and a ledger of the expected effects.

use std::path::PathBuf;
use std::process::Stdio;

use anyhow::{Context, Result};
use clap::Args;

use crate::home::Home;
use crate::interrupts::Interrupts;
use crate::prerequisites;
use crate::process;
use crate::replay_crashes::{self, CrashRun};
use crate::separate_cloud::{Environment, on_separate_cloud};

/// The sizes of a run.
#[derive(Args, Clone, Debug)]
pub(crate) struct FaultRun {
    /// The number of changes to items.
    #[arg(long, default_value_t = 2000)]
    changes: u32,
    /// The number of users who make them.
    #[arg(long, default_value_t = 20)]
    users: u32,
    /// The seed of the faults; which calls they affect also depends on the machine's timing.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Replace publisher and subscribers by naive ones: the run must then lose and repeat some effects.
    #[arg(long)]
    control: bool,
}

/// `cargo xtask faults`: one run on a separate local cloud.
pub(crate) async fn command(home: &Home, run: &FaultRun) -> Result<()> {
    prerequisites::check(home)?;
    let mut interrupts = Interrupts::catch()?;
    on_separate_cloud(home, &mut interrupts, async |environment| execute(home, run, environment).await).await
}

/// Part `faults` of `cargo xtask test`: a short run, replays that are killed, and a control run that shows that the ledger
/// detects loss.
pub(crate) async fn check(home: &Home, interrupts: &mut Interrupts) -> Result<()> {
    let real = FaultRun { changes: 1500, users: 15, seed: 1, control: false };
    let control = FaultRun { changes: 300, users: 6, seed: 1, control: true };
    on_separate_cloud(home, interrupts, async |environment| {
        execute(home, &real, environment).await?;
        replay_crashes::execute(home, &CrashRun::small(), environment).await?;
        // Last, because the naive functions stay deployed.
        execute(home, &control, environment).await
    })
    .await
}

async fn execute(home: &Home, run: &FaultRun, environment: &Environment) -> Result<()> {
    // Both, because the first deploys the second. Without `--package`, so that nothing is compiled with other features.
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

/// The path of a program of the workspace that cargo built.
pub(crate) fn program(home: &Home, name: &str) -> Result<PathBuf> {
    Ok(target(home)?.join("debug").join(name))
}

/// The folder that cargo builds into.
pub(crate) fn target(home: &Home) -> Result<PathBuf> {
    let metadata = cargo_metadata::MetadataCommand::new().current_dir(&home.repo).no_deps().exec();
    let target = metadata.context("cannot read the workspace's target directory")?.target_directory;
    Ok(PathBuf::from(target.as_str()))
}
