//! The developers' commands: `cargo xtask …`.
//!
//! Exit status: 0 after success, 1 after a failure, 2 for wrong arguments, 130 after an interrupt.

#![expect(clippy::disallowed_methods, reason = "a command reads the clock; the ban is for rules and handlers")]

mod arguments;
mod asyncapi;
mod aws;
mod bench;
mod browser;
mod change_set;
mod checks;
mod cloud;
mod codeowners;
mod contract_bench;
mod contracts;
mod cost;
mod demo_failure;
mod demo_requests;
mod deploy;
mod deployment_lock;
mod environments;
mod faults;
#[cfg(test)]
mod floods;
mod fuzz;
mod hash;
mod home;
mod hostile;
mod identity;
mod interrupts;
mod limits;
mod lint;
mod logs;
mod look_ups;
mod mail;
mod new_event;
mod new_service;
mod new_subscriber;
mod npm;
mod package;
mod page;
mod parameters;
mod planned;
mod preflight;
mod prerequisites;
mod process;
mod python;
#[cfg(test)]
mod queue_alarms;
mod release;
mod replay_crashes;
mod resource_names;
mod retained;
mod rust_text;
mod schemas;
mod separate_cloud;
mod services;
mod smoke;
mod stacks;
mod status;
mod template;
mod test;
mod ui;
mod undo;
mod up;
mod usage;

use std::process::ExitCode;

use anyhow::Result;
use clap::Parser;

use crate::arguments::{Arguments, Command, Format, MailAction, NewAction};
use crate::aws::{LOCAL, Target};
use crate::checks::{places, words};
use crate::contracts::Gate;
use crate::home::Home;
use crate::identity::{SignIn, UserCredentials};
use crate::interrupts::Interrupted;
use crate::logs::{Follow, LogFormat};
use crate::page::figures;
use crate::stacks::Stacks;
use crate::status::Status;
use crate::up::{Afterwards, Data};
use crate::usage::UsageError;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(arguments.command).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if error.is::<Interrupted>() => {
            ui::note("interrupted");
            ExitCode::from(130)
        }
        Err(error) => {
            ui::note(format_args!("error: {error:#}"));
            if error.is::<UsageError>() { ExitCode::from(2) } else { ExitCode::FAILURE }
        }
    }
}

async fn run(command: Command) -> Result<()> {
    let home = Home::find()?;
    match command {
        Command::Up { detach, port, fresh } => {
            let data = if fresh { Data::Emptied } else { Data::Kept };
            let afterwards = if detach { Afterwards::Return } else { Afterwards::Stay };
            up::command(&home, port, data, afterwards).await
        }
        Command::Down => up::down(&home).await,
        Command::Status { format, env } => {
            print_status(&home, &Target::for_environment(&home, &env).await?, format).await
        }
        Command::Logs { service, follow, since, raw, env } => {
            let follow = if follow { Follow::Yes } else { Follow::No };
            let format = if raw { LogFormat::Raw } else { LogFormat::Text };
            let stacks = Stacks::discover(&home.repo)?;
            let service = stacks.service(&service)?;
            logs::command(&Target::for_environment(&home, &env).await?, &service.name, since, follow, format).await
        }
        Command::Mail { format, action } => {
            let target = Target::for_environment(&home, LOCAL).await?;
            match (action, format) {
                (Some(MailAction::Show { number }), _) => mail::show(&target, number).await,
                (None, Format::Table) => mail::list(&target).await,
                (None, Format::Json) => mail::list_json(&target).await,
            }
        }
        Command::Token { email, password, env } => {
            let user = email.zip(password).map(|(email, password)| UserCredentials { email, password });
            let target = Target::for_environment(&home, &env).await?;
            print_token(&home, &target, &user.unwrap_or_else(UserCredentials::demo)).await
        }
        Command::Preflight { env, arch, format } => {
            Box::pin(preflight::command(&home, &env, arch.unwrap_or_default(), format)).await
        }
        Command::Cost(run) => cost::command(&home, &run),
        Command::Deploy { stacks, env, arch, force } => {
            let gate = force.map_or(Gate::Enforced, Gate::Forced);
            Box::pin(deploy::command(&home, &stacks, &env, arch, &gate)).await
        }
        Command::Bench(run) => Box::pin(bench::command(&home, &run)).await,
        Command::Page(run) => figures::command(&home, &run).await,
        Command::Faults(run) => faults::command(&home, &run).await,
        Command::ReplayCrashes(run) => replay_crashes::command(&home, &run).await,
        Command::ReplaySpeed(run) => replay_crashes::measure(&home, &run).await,
        Command::Hostile(run) => hostile::command(&home, &run).await,
        Command::DemoFailure(run) => demo_failure::command(&home, &run).await,
        Command::Fuzz(run) => fuzz::command(&home, &run).await,
        Command::New { action } => write_new(&home, action).await,
        Command::Schemas { release } => schemas::command(&home, &release).await,
        Command::Services { format } => services::command(&home, format),
        Command::Codeowners => codeowners::command(&home),
        Command::Words => words::check(&home.repo),
        Command::Places(run) => places::command(&home, &run),
        Command::Test { only, service, arguments } => test::command(&home, &only, service.as_deref(), &arguments).await,
    }
}

async fn write_new(home: &Home, action: NewAction) -> Result<()> {
    match action {
        NewAction::Service { name } => new_service::command(home, &name).await,
        NewAction::Event { event } => new_event::command(home, &event).await,
        NewAction::Subscriber { job, event } => new_subscriber::command(home, &job, &event).await,
    }
}

async fn print_status(home: &Home, target: &Target, format: Format) -> Result<()> {
    let status = Status::read(target, &services::discover(&home.repo)?).await?;
    match format {
        Format::Table => ui::print(status.table()),
        Format::Json => ui::print(serde_json::to_string_pretty(&status)?),
    }
    Ok(())
}

async fn print_token(home: &Home, target: &Target, user: &UserCredentials) -> Result<()> {
    let status = Status::read(target, &services::discover(&home.repo)?).await?;
    ui::print(SignIn::new(target, &status)?.access_token(user).await?);
    Ok(())
}
