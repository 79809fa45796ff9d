//! The one door for developers: `cargo xtask …`.
//!
//! Exit status: 0 when it did what was asked, 1 when it could not, 2 for wrong use, 130 when it was interrupted.

#![expect(clippy::disallowed_methods, reason = "a command reads the clock; the ban is for rules and handlers")]

mod arguments;
mod asyncapi;
mod aws;
mod bench;
mod browser;
mod change_set;
mod cloud;
mod contract_bench;
mod contracts;
mod demo_failure;
mod deploy;
mod faults;
mod fuzz;
mod hash;
mod home;
mod hostile;
mod identity;
mod interrupts;
mod lint;
mod logs;
mod mail;
mod npm;
mod own_cloud;
mod package;
mod page;
mod parameters;
mod prerequisites;
mod process;
mod python;
mod replay_crashes;
mod schemas;
mod smoke;
mod stacks;
mod status;
mod template;
mod test;
mod ui;
mod up;

use std::process::ExitCode;

use anyhow::Result;
use clap::Parser;

use crate::arguments::{Arguments, Door, Format, MailAction};
use crate::aws::{LOCAL, Target};
use crate::contracts::Gate;
use crate::home::Home;
use crate::identity::{Person, SignIn};
use crate::interrupts::Interrupted;
use crate::logs::{Follow, LogFormat};
use crate::page::figures;
use crate::status::Status;
use crate::up::{Afterwards, Data};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match enter(arguments.door).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if error.is::<Interrupted>() => {
            ui::note("interrupted");
            ExitCode::from(130)
        }
        Err(error) => {
            ui::note(format_args!("error: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

async fn enter(door: Door) -> Result<()> {
    let home = Home::find()?;
    match door {
        Door::Up { detach, port, fresh } => {
            let data = if fresh { Data::Emptied } else { Data::Kept };
            let afterwards = if detach { Afterwards::Return } else { Afterwards::Stay };
            up::command(&home, port, data, afterwards).await
        }
        Door::Down => up::down(&home).await,
        Door::Status { format, env } => print_status(&Target::of(&home, &env).await?, format).await,
        Door::Logs { service, follow, since, raw, env } => {
            let follow = if follow { Follow::Yes } else { Follow::No };
            let format = if raw { LogFormat::Raw } else { LogFormat::Text };
            logs::command(&Target::of(&home, &env).await?, service, since, follow, format).await
        }
        Door::Mail { format, action } => {
            let target = Target::of(&home, LOCAL).await?;
            match (action, format) {
                (Some(MailAction::Show { number }), _) => mail::show(&target, number).await,
                (None, Format::Table) => mail::list(&target).await,
                (None, Format::Json) => mail::list_json(&target).await,
            }
        }
        Door::Token { email, password, env } => {
            let person = email.zip(password).map(|(email, password)| Person { email, password });
            print_token(&Target::of(&home, &env).await?, &person.unwrap_or_else(Person::demo)).await
        }
        Door::Deploy { stacks, env, arch, force } => {
            let gate = force.map_or(Gate::Shut, Gate::Forced);
            Box::pin(deploy::command(&home, &stacks, &env, arch, &gate)).await
        }
        Door::Bench(run) => Box::pin(bench::command(&home, &run)).await,
        Door::Page(run) => figures::command(&home, &run).await,
        Door::Faults(run) => faults::command(&home, &run).await,
        Door::ReplayCrashes(run) => replay_crashes::command(&home, &run).await,
        Door::ReplaySpeed(run) => replay_crashes::measure(&home, &run).await,
        Door::Hostile(run) => hostile::command(&home, &run).await,
        Door::DemoFailure(run) => demo_failure::command(&home, &run).await,
        Door::Fuzz(run) => fuzz::command(&home, &run).await,
        Door::Schemas { release } => schemas::command(&home, &release).await,
        Door::Test { only, arguments } => test::command(&home, &only, &arguments).await,
    }
}

async fn print_status(target: &Target, format: Format) -> Result<()> {
    let status = Status::read(target).await?;
    match format {
        Format::Table => ui::print(status.table()),
        Format::Json => ui::print(serde_json::to_string_pretty(&status)?),
    }
    Ok(())
}

async fn print_token(target: &Target, person: &Person) -> Result<()> {
    let status = Status::read(target).await?;
    ui::print(SignIn::to(target, &status)?.access_token(person).await?);
    Ok(())
}
