//! `cargo xtask replay-crashes` and `replay-speed`: replays that are killed on a faulty network, and the speed of a replay.

use std::process::Stdio;

use anyhow::Result;
use clap::Args;

use crate::faults;
use crate::home::Home;
use crate::interrupts::Interrupts;
use crate::prerequisites;
use crate::process;
use crate::separate_cloud::{Environment, on_separate_cloud};

/// How the programs are built.
#[derive(Clone, Copy, Debug)]
enum Built {
    /// As every other test: the result does not depend on speed.
    Dev,
    /// As the installed CLI, because its speed is measured.
    Release,
}

/// The sizes of a run.
#[derive(Args, Clone, Debug)]
pub(crate) struct CrashRun {
    /// The number of messages that are replayed to a queue, and again to functions; a fifth of them is rolled back.
    #[arg(long, default_value_t = 5000)]
    messages: u32,
    /// How often each replay is killed.
    #[arg(long, default_value_t = 50)]
    kills: u32,
    /// The seed of the faults and of the times of kills.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

impl CrashRun {
    /// The smallest run with a meaningful result, with the seed of the run in the README of `ops`: other seeds delay messages
    /// for longer.
    pub(crate) fn small() -> Self {
        Self { messages: 400, kills: 8, seed: 2 }
    }
}

#[derive(Args, Clone, Debug)]
pub(crate) struct SpeedRun {
    /// The number of messages that are replayed; may be given more than once, for several sizes.
    #[arg(long, default_values_t = [10_000, 200_000])]
    messages: Vec<u32>,
    /// How often each size is measured; the best result counts.
    #[arg(long, default_value_t = 3)]
    rounds: u32,
    /// The number of messages that `verify` reads.
    #[arg(long, default_value_t = 50_000)]
    verified: u32,
}

/// `cargo xtask replay-speed`: on a separate local cloud.
pub(crate) async fn measure(home: &Home, run: &SpeedRun) -> Result<()> {
    prerequisites::check(home)?;
    let mut interrupts = Interrupts::catch()?;
    on_separate_cloud(home, &mut interrupts, async |environment| {
        let sizes = run.messages.iter().flat_map(|size| ["--messages".to_owned(), size.to_string()]);
        let rounds = ["--rounds".to_owned(), run.rounds.to_string()];
        let verified = ["--verified".to_owned(), run.verified.to_string()];
        let options = sizes.chain(rounds).chain(verified);
        let arguments: Vec<String> = ["speed".to_owned()].into_iter().chain(options).collect();
        start(home, &arguments, environment, Built::Release).await
    })
    .await
}

/// `cargo xtask replay-crashes`: one run on a separate local cloud.
pub(crate) async fn command(home: &Home, run: &CrashRun) -> Result<()> {
    prerequisites::check(home)?;
    let mut interrupts = Interrupts::catch()?;
    on_separate_cloud(home, &mut interrupts, async |environment| execute(home, run, environment).await).await
}

/// One run on the cloud of `environment`.
pub(crate) async fn execute(home: &Home, run: &CrashRun, environment: &Environment) -> Result<()> {
    let numbers = [("--messages", run.messages.to_string()), ("--kills", run.kills.to_string())];
    let seed = ("--seed", run.seed.to_string());
    let options = numbers.into_iter().chain([seed]).flat_map(|(name, value)| [name.to_owned(), value]);
    let arguments: Vec<String> = ["run".to_owned()].into_iter().chain(options).collect();
    start(home, &arguments, environment, Built::Dev).await
}

async fn start(home: &Home, arguments: &[String], environment: &Environment, built: Built) -> Result<()> {
    // Both, because the first runs the second. Without `--package`, so that nothing is compiled with other features.
    let mut cargo = process::command("cargo");
    cargo.args(["build", "--bin", "replay-crashes", "--bin", "ops"]).current_dir(&home.repo);
    let folder = match built {
        Built::Dev => "debug",
        Built::Release => {
            cargo.arg("--release");
            "release"
        }
    };
    process::run(&mut cargo).await?;
    let programs = faults::target(home)?.join(folder);
    let mut program_itself = process::command(programs.join("replay-crashes"));
    program_itself.args(arguments).arg("--ops").arg(programs.join("ops"));
    program_itself.envs(environment.iter().map(|(name, value)| (name, value))).stdout(Stdio::inherit());
    process::run(&mut program_itself).await
}
