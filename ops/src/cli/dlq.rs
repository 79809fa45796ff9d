//! `ops dlq`: the commands on dead-letter queues.

mod cluster_choice;
mod edit;
mod export_file;
mod import;
mod insight;
mod insight_tables;
mod inspect;
mod journal;
mod list;
mod purge;
mod reading;
mod replay;
mod replay_arguments;
mod tables;
mod transfer;
mod waiting;
mod watch;

use anyhow::Result;
use clap::Subcommand;

use crate::cli::output::Outcome;

#[derive(Debug, Subcommand)]
pub(crate) enum DlqCommand {
    #[command(flatten)]
    Inspect(inspect::InspectCommand),
    #[command(flatten)]
    Replay(replay::ReplayCommand),
    #[command(flatten)]
    Transfer(transfer::TransferCommand),
    #[command(flatten)]
    Insight(insight::InsightCommand),
}

pub(crate) async fn run(command: DlqCommand) -> Result<Outcome> {
    match command {
        DlqCommand::Inspect(command) => inspect::run(command).await,
        DlqCommand::Replay(command) => replay::run(command).await,
        DlqCommand::Transfer(command) => transfer::run(command).await,
        DlqCommand::Insight(command) => Box::pin(insight::run(command)).await,
    }
}
