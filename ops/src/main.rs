//! The operations CLI: what failed, and where it waits.

mod arguments;
mod contracts;
mod dlq_commands;
mod dlq_edit_command;
mod dlq_journal_commands;
mod dlq_list_command;
mod dlq_purge_command;
mod dlq_replay_arguments;
mod dlq_replay_commands;
mod dlq_transfer_commands;
mod export;
mod insight_commands;
mod insight_tables;
mod interrupts;
mod output;
mod tables;
mod watch;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::{CommandFactory, Parser, Subcommand};
use clap_complete::Shell;

use crate::output::Outcome;

/// Looks after what failed.
#[derive(Debug, Parser)]
#[command(name = "ops", version, about = "Looks after what failed", after_help = EXIT_CODES)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

const EXIT_CODES: &str = "Exit codes: 0 done; 1 AWS or the network failed; 2 something is left, as the last line on \
                          standard error says; 64 wrong use, or there is no such thing.";

#[derive(Debug, Subcommand)]
enum Command {
    /// Dead-letter queues
    #[command(subcommand, after_help = EXIT_CODES)]
    Dlq(Dlq),
    /// What services promise each other: checks before anything is merged or deployed
    #[command(subcommand)]
    Contracts(contracts::Contracts),
    /// Prints a script that completes this program's words in a shell
    #[command(after_help = "Examples:\n  ops completions bash > ~/.local/share/bash-completion/completions/ops\n  \
                            ops completions zsh > ~/.zfunc/_ops")]
    Completions {
        /// Whose script
        shell: Shell,
    },
    /// Prints the manual page, or writes one a command into a folder
    #[command(after_help = "Examples:\n  ops man | man -l -\n  ops man ~/.local/share/man/man1")]
    Man {
        /// The folder, which is made if it is not there
        folder: Option<PathBuf>,
    },
}

#[derive(Debug, Subcommand)]
enum Dlq {
    #[command(flatten)]
    Reading(dlq_commands::Reading),
    #[command(flatten)]
    Moving(dlq_replay_commands::Moving),
    #[command(flatten)]
    Transferring(dlq_transfer_commands::Transferring),
    #[command(flatten)]
    Insight(insight_commands::Insight),
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return output::usage(&error),
    };
    match run(cli.command).await {
        Ok(Outcome::Done) => ExitCode::SUCCESS,
        Ok(Outcome::Refused) => ExitCode::FAILURE,
        Ok(Outcome::Left) => ExitCode::from(2),
        Err(error) => output::failure(&error),
    }
}

async fn run(command: Command) -> Result<Outcome> {
    match command {
        Command::Dlq(Dlq::Reading(command)) => dlq_commands::run(command).await,
        Command::Dlq(Dlq::Moving(command)) => dlq_replay_commands::run(command).await,
        Command::Dlq(Dlq::Transferring(command)) => dlq_transfer_commands::run(command).await,
        Command::Dlq(Dlq::Insight(command)) => Box::pin(insight_commands::run(command)).await,
        Command::Contracts(command) => Box::pin(contracts::run(command)).await,
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "ops", &mut script);
            output::text(&script)
        }
        Command::Man { folder } => manual(folder),
    }
}

fn manual(folder: Option<PathBuf>) -> Result<Outcome> {
    let Some(folder) = folder else {
        let mut page = Vec::new();
        clap_mangen::Man::new(Cli::command()).render(&mut page)?;
        return output::text(&page);
    };
    let cannot = || format!("cannot write manual pages into {}", folder.display());
    std::fs::create_dir_all(&folder).with_context(cannot)?;
    clap_mangen::generate_to(Cli::command(), &folder).with_context(cannot)?;
    Ok(Outcome::Done)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(command: &mut clap::Command, path: &str, checked: &mut u32) {
        let path = format!("{path} {}", command.get_name());
        if command.has_subcommands() {
            command.get_subcommands_mut().for_each(|command| check(command, &path, checked));
            return;
        }
        let (short, long) = (command.render_help().to_string(), command.render_long_help().to_string());
        for (help, wanted) in [(&short, "Example"), (&long, "Example"), (&long, "Exit codes")] {
            assert!(help.contains(wanted), "`{path}` has no {wanted}:\n{help}");
        }
        *checked += 1;
    }

    #[test]
    fn every_command_on_dead_letters_shows_examples_and_exit_codes() {
        let mut cli = Cli::command();
        let dlq = cli.find_subcommand_mut("dlq").unwrap();
        let mut checked = 0;
        dlq.get_subcommands_mut().for_each(|command| check(command, "ops dlq", &mut checked));
        assert!(checked >= 19, "{checked} commands");
    }
}
