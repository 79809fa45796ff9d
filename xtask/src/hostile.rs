//! Generated hostile input: requests made from the `OpenAPI` files, sent to every route, and a search of what was logged.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use clap::Args;

use crate::aws::{self, LOCAL, Target};
use crate::home::Home;
use crate::identity::{Person, SignIn};
use crate::interrupts::Interrupts;
use crate::logs;
use crate::own_cloud::{Environment, on_own_cloud};
use crate::prerequisites;
use crate::process;
use crate::python::Python;
use crate::status::Status;
use crate::ui;

/// The user pool's group of those who may list users: the route's parsers are behind it.
const ADMIN: &str = "admin";

/// How long the subscribers may take to handle what the requests led to.
const QUIET_DEADLINE: Duration = Duration::from_mins(5);
/// The logs are complete when nothing was added for so long: Lambda's longest pause between two attempts here.
const QUIET: Duration = Duration::from_secs(4);

/// The size of a run.
#[derive(Args, Clone, Debug)]
pub(crate) struct HostileRun {
    /// How many requests are sent, at least.
    #[arg(long, default_value_t = 2000)]
    requests: u32,
    /// Decides the requests; ids that the product made up are among them.
    #[arg(long, default_value_t = 1)]
    seed: u32,
}

/// `cargo xtask hostile`: one run on a local cloud of its own.
pub(crate) async fn command(home: &Home, run: &HostileRun) -> Result<()> {
    prerequisites::check(home)?;
    let mut interrupts = Interrupts::catch()?;
    start(home, run, &mut interrupts).await
}

/// The part `hostile` of the whole check.
pub(crate) async fn check(home: &Home, interrupts: &mut Interrupts) -> Result<()> {
    start(home, &HostileRun { requests: 2000, seed: 1 }, interrupts).await
}

async fn start(home: &Home, run: &HostileRun, interrupts: &mut Interrupts) -> Result<()> {
    let python = interrupts.unless(Python::ready_for_hostile_input(home)).await?;
    on_own_cloud(home, interrupts, async |environment| Box::pin(execute(home, &python, run, environment)).await).await
}

async fn execute(home: &Home, python: &Python, run: &HostileRun, environment: &Environment) -> Result<()> {
    let [(_, status), (_, folder), _] = environment;
    let target = Target::of(&home.beside(folder.clone()), LOCAL).await?;
    let records = folder.join("hostile");
    fs::create_dir_all(&records).with_context(|| format!("cannot make {}", records.display()))?;

    let mut attack = program(home, python);
    attack.args(["attack", "--requests", &run.requests.to_string(), "--seed", &run.seed.to_string()]);
    attack.arg("--status").arg(status).arg("--records").arg(&records).env("BUSLINE_TOKEN", token(&target).await?);
    let attacked = process::run(&mut attack).await.context("a request was answered in a wrong way");

    let logged = folder.join("logged.jsonl");
    write_lines(&logged, &everything_logged(&target).await?)?;
    let mut search = program(home, python);
    let found_nothing = process::run(search.arg("leaks").arg("--records").arg(&records).arg(&logged)).await;
    attacked.and(found_nothing.context("the logs hold what they must not")).and(no_dead_letters(&target).await)
}

fn program(home: &Home, python: &Python) -> tokio::process::Command {
    let mut command = process::command(python.program("python"));
    command.args(["-m", "busline_hostile"]).current_dir(home.repo.join("tests/hostile")).env("PYTHONPATH", ".");
    command
}

/// The access token of somebody who signs up for this run alone, and may use every route.
async fn token(target: &Target) -> Result<String> {
    let status = Status::read(target).await?;
    // Protects nothing but a cloud that is gone after the run.
    let person = Person { email: "hostile@example.com".into(), password: "Busline-hostile-1".into() };
    let sign_in = SignIn::to(target, &status)?;
    sign_in.ensure_confirmed(target, &person).await?;
    let pool = aws_sdk_cognitoidentityprovider::Client::new(&target.sdk);
    let join = pool.admin_add_user_to_group().set_user_pool_id(status.user_pool_id.clone());
    join.username(&person.email).group_name(ADMIN).send().await.map_err(aws::failed("join the group admin"))?;
    sign_in.access_token(&person).await
}

/// Every line of every log group, once the functions are quiet.
async fn everything_logged(target: &Target) -> Result<Vec<String>> {
    let deadline = Instant::now() + QUIET_DEADLINE;
    let mut lines = logs::everything(target).await?;
    while Instant::now() < deadline {
        tokio::time::sleep(QUIET).await;
        let later = logs::everything(target).await?;
        if later.len() == lines.len() {
            return Ok(later);
        }
        lines = later;
    }
    bail!("the functions were still at work {} s after the last request", QUIET_DEADLINE.as_secs())
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

/// What a client sends must never make a job fail that comes after its request.
async fn no_dead_letters(target: &Target) -> Result<()> {
    let status = Status::read(target).await?;
    let full: Vec<String> = status
        .services
        .iter()
        .filter(|(_, service)| service.dlq_depth != Some(0))
        .map(|(name, service)| format!("{name} ({})", service.dlq_depth.unwrap_or_default()))
        .collect();
    if full.is_empty() {
        ui::note("no dead letters");
        return Ok(());
    }
    bail!("dead letters after the run: {}", full.join(", "))
}
