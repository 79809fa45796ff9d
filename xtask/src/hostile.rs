//! Hostile input: requests generated from the `OpenAPI` files for every route, and a search of the logs for what they sent.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use aws_json::{COGNITO, Client};
use clap::Args;
use serde_json::json;

use crate::aws::{self, LOCAL, Target};
use crate::home::Home;
use crate::identity::{SignIn, UserCredentials};
use crate::interrupts::Interrupts;
use crate::logs;
use crate::prerequisites;
use crate::process;
use crate::python::Python;
use crate::separate_cloud::{Environment, on_separate_cloud};
use crate::services::{self, Service};
use crate::status::Status;
use crate::ui;

/// The user pool's group that may call the administrators' routes, so that their parsers are tested too.
const ADMIN: &str = "admin";

/// How long the subscribers may take to handle the events of the requests.
const QUIET_DEADLINE: Duration = Duration::from_mins(5);
/// The logs are complete when nothing was added for this long: Lambda's longest pause between two attempts here.
const QUIET: Duration = Duration::from_secs(4);

/// The size of a run.
#[derive(Args, Clone, Debug)]
pub(crate) struct HostileRun {
    /// The minimum number of requests.
    #[arg(long, default_value_t = 2000)]
    requests: u32,
    /// The seed of the generated requests; they also contain ids that the product chose.
    #[arg(long, default_value_t = 1)]
    seed: u32,
}

/// `cargo xtask hostile`: one run on a separate local cloud.
pub(crate) async fn command(home: &Home, run: &HostileRun) -> Result<()> {
    prerequisites::check(home)?;
    let mut interrupts = Interrupts::catch()?;
    start(home, run, &mut interrupts).await
}

/// Part `hostile` of `cargo xtask test`.
pub(crate) async fn check(home: &Home, interrupts: &mut Interrupts) -> Result<()> {
    start(home, &HostileRun { requests: 2000, seed: 1 }, interrupts).await
}

async fn start(home: &Home, run: &HostileRun, interrupts: &mut Interrupts) -> Result<()> {
    let python = interrupts.unless(Python::for_hostile_tests(home)).await?;
    on_separate_cloud(home, interrupts, async |environment| Box::pin(execute(home, &python, run, environment)).await)
        .await
}

async fn execute(home: &Home, python: &Python, run: &HostileRun, environment: &Environment) -> Result<()> {
    let [(_, status), (_, folder), _] = environment;
    let target = Target::for_environment(&home.beside(folder.clone()), LOCAL).await?;
    let records = folder.join("hostile");
    fs::create_dir_all(&records).with_context(|| format!("cannot make {}", records.display()))?;

    let mut attack = program(home, python);
    attack.args(["attack", "--requests", &run.requests.to_string(), "--seed", &run.seed.to_string()]);
    let services = services::discover(&home.repo)?;
    let token = token(&target, &services).await?;
    attack.arg("--status").arg(status).arg("--records").arg(&records).env("BUSLINE_TOKEN", token);
    let attacked = process::run(&mut attack).await.context("a request got a wrong response");

    let logged = folder.join("logged.jsonl");
    write_lines(&logged, &all_log_lines(&target).await?)?;
    let mut search = program(home, python);
    let found_nothing = process::run(search.arg("leaks").arg("--records").arg(&records).arg(&logged)).await;
    attacked
        .and(found_nothing.context("the logs contain what they must not"))
        .and(no_dead_letters(&target, &services).await)
}

fn program(home: &Home, python: &Python) -> tokio::process::Command {
    let mut command = process::command(python.program("python"));
    command.args(["-m", "busline_hostile"]).current_dir(home.repo.join("tests/hostile")).env("PYTHONPATH", ".");
    command
}

/// The access token of a user who signs up for this run and may use every route.
async fn token(target: &Target, services: &[Service]) -> Result<String> {
    let status = Status::read(target, services).await?;
    // Protects nothing but a local cloud that is deleted after the run.
    let user = UserCredentials { email: "hostile@example.com".into(), password: "Busline-hostile-1".into() };
    let sign_in = SignIn::new(target, &status)?;
    sign_in.ensure_signed_up(target, &user).await?;
    let join = json!({"UserPoolId": status.user_pool_id, "Username": user.email, "GroupName": ADMIN});
    let joined = Client::new(&target.sdk, COGNITO).send("AdminAddUserToGroup", &join).await;
    joined.map_err(aws::call_failed("join the group admin"))?;
    sign_in.access_token(&user).await
}

/// Every line of every log group, once the functions log nothing more.
async fn all_log_lines(target: &Target) -> Result<Vec<String>> {
    let deadline = Instant::now() + QUIET_DEADLINE;
    let mut lines = logs::all_lines(target).await?;
    while Instant::now() < deadline {
        tokio::time::sleep(QUIET).await;
        let later = logs::all_lines(target).await?;
        if later.len() == lines.len() {
            return Ok(later);
        }
        lines = later;
    }
    bail!("the functions still logged new lines {} s after the last request", QUIET_DEADLINE.as_secs())
}

fn write_lines(path: &Path, lines: &[String]) -> Result<()> {
    let written = || -> Result<()> {
        let mut file = std::io::BufWriter::new(fs::File::create(path)?);
        for line in lines {
            writeln!(file, "{}", serde_json::to_string(line)?)?;
        }
        Ok(file.flush()?)
    };
    written().with_context(|| format!("cannot write {}", path.display()))
}

/// What a client sends must never make a job fail after its request.
async fn no_dead_letters(target: &Target, services: &[Service]) -> Result<()> {
    let status = Status::read(target, services).await?;
    let full: Vec<String> = status
        .services
        .iter()
        .filter(|(_, service)| service.dlq_depth != Some(0))
        .map(|(name, service)| format!("{name} ({})", service.dlq_depth.unwrap_or_default()))
        .collect();
    if full.is_empty() {
        ui::note("no dead-letter messages");
        return Ok(());
    }
    bail!("dead-letter messages after the run: {}", full.join(", "))
}
