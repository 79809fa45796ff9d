//! `cargo xtask demo-failure`: failures on the running local cloud, to practise the runbook. The program that makes them
//! is `tests/demo-failure`, as it names the jobs that fail.

use std::fs;
use std::process::Stdio;

use anyhow::{Context, Result};
use clap::Args;

use crate::aws::{LOCAL, Target};
use crate::faults;
use crate::home::Home;
use crate::identity::{SignIn, UserCredentials};
use crate::process;
use crate::services;
use crate::status::Status;

/// What to inject or to repair.
#[derive(Debug, Args)]
pub(crate) struct DemoFailure {
    /// How many failures, beside the invalid stream record.
    #[arg(long, default_value_t = 300, value_parser = clap::value_parser!(u32).range(10..=3000), conflicts_with = "repair")]
    count: u32,
    /// Remove the causes; the failures stay in their queues.
    #[arg(long)]
    repair: bool,
}

/// Builds and runs the program on the local cloud of this home.
pub(crate) async fn command(home: &Home, run: &DemoFailure) -> Result<()> {
    let target = Target::for_environment(home, LOCAL).await?;
    let status = Status::read(&target, &services::discover(&home.repo)?).await?;
    let token = SignIn::new(&target, &status)?.access_token(&UserCredentials::demo()).await?;
    let status_file = home.dir.join("status.json");
    fs::write(&status_file, serde_json::to_vec_pretty(&status)?)
        .with_context(|| format!("cannot write {}", status_file.display()))?;

    let mut build = process::command("cargo");
    // Without `--package`, so that nothing is compiled with other features.
    process::run(build.args(["build", "--bin", "demo-failure"]).current_dir(&home.repo)).await?;
    let mut program = process::command(faults::program(home, "demo-failure")?);
    // In the cloud's own folder: deleting the cloud's data deletes it, too.
    program.arg("--state").arg(home.dir.join("cloud/demo-failure.json"));
    if run.repair {
        program.arg("--repair");
    } else {
        program.args(["--count", &run.count.to_string()]);
    }
    program.env("BUSLINE_STATUS", status_file).env("BUSLINE_HOME", &home.dir).env("BUSLINE_TOKEN", token);
    process::run(program.stdout(Stdio::inherit())).await
}
