//! The command line of `ops`: arguments, output, and the dispatch to commands.

mod arguments;
pub(crate) mod completion;
mod confirmation;
mod contracts;
mod dlq;
mod interrupts;
mod layout;
mod output;
mod progress_bar;
mod standard_output;
mod wrapping;

use std::io::{self, IsTerminal};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result};
use clap::{CommandFactory, Parser, Subcommand};
use clap_complete::Shell;
use ops::{connection, error};

use crate::cli::contracts::ContractsCommand;
use crate::cli::dlq::DlqCommand;
use crate::cli::output::Outcome;
use crate::cli::standard_output::NobodyReads;

/// Operates dead-letter queues, and checks contracts between services.
#[derive(Debug, Parser)]
#[command(name = "ops", version, about, after_help = EXIT_CODES)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

const EXIT_CODES: &str = "Exit codes: 0 done; 1 AWS or the network failed; 2 something is left, as the last line on \
                          standard error explains; 64 invalid arguments, or the queue or message does not exist.";

#[derive(Debug, Subcommand)]
enum Command {
    /// Dead-letter queues: inspect, explain, replay
    #[command(subcommand, after_help = EXIT_CODES)]
    Dlq(DlqCommand),
    /// Contracts between services: checks before a merge or a deployment
    #[command(subcommand)]
    Contracts(ContractsCommand),
    /// Prints a completion script for a shell, which completes names of queues and ids of replays too
    #[command(after_help = "Examples:\n  echo 'source <(ops completions bash)' >> ~/.bashrc\n  \
                            echo 'source <(ops completions zsh)' >> ~/.zshrc\n  \
                            ops completions fish > ~/.config/fish/completions/ops.fish\n\n\
                            The shell runs `ops`, as it is found in PATH, for each completion.")]
    Completions {
        /// The shell that is to complete commands
        shell: Shell,
    },
    /// Prints the manual page, or writes one for each command into a folder
    #[command(after_help = "Examples:\n  ops man | man -l -\n  ops man ~/.local/share/man/man1")]
    Man {
        /// The folder, which is created if necessary
        folder: Option<PathBuf>,
    },
}

/// Runs the program with the arguments of this process.
pub(crate) async fn run() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return output::print_argument_error(&error),
    };
    let code = match dispatch(cli.command).await {
        Ok(Outcome::Complete) => return ExitCode::SUCCESS,
        Ok(Outcome::Negative) => ExitCode::FAILURE,
        Ok(Outcome::Incomplete) => ExitCode::from(2),
        Err(error) if error.is::<NobodyReads>() => {
            output::print_notice(&error.to_string());
            ExitCode::from(2)
        }
        Err(error) => output::print_failure(&error),
    };
    output::print_continuation();
    code
}

async fn dispatch(command: Command) -> Result<Outcome> {
    match command {
        Command::Dlq(command) => {
            if io::stderr().is_terminal() {
                tokio::spawn(report_silence());
            }
            dlq::run(command).await
        }
        Command::Contracts(command) => Box::pin(contracts::run(command)).await,
        Command::Completions { shell } => completion::print_script(shell),
        Command::Man { folder } => manual(folder),
    }
}

/// How long AWS may take for its first answer before the operator is told what is waited for.
const SILENCE: Duration = Duration::from_secs(5);

async fn report_silence() {
    tokio::time::sleep(SILENCE).await;
    if let (false, Some(place)) = (connection::has_answered(), error::place()) {
        output::print_notice(&format!("waiting for an answer of {place}"));
    }
}

fn manual(folder: Option<PathBuf>) -> Result<Outcome> {
    let Some(folder) = folder else {
        let mut page = Vec::new();
        clap_mangen::Man::new(Cli::command()).render(&mut page)?;
        return output::print_text(&page);
    };
    let context = || format!("cannot write manual pages into {}", folder.display());
    std::fs::create_dir_all(&folder).with_context(context)?;
    clap_mangen::generate_to(Cli::command(), &folder).with_context(context)?;
    Ok(Outcome::Complete)
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
    fn the_help_of_every_dlq_command_has_examples_and_exit_codes() {
        let mut cli = Cli::command();
        let dlq = cli.find_subcommand_mut("dlq").unwrap();
        let mut checked = 0;
        dlq.get_subcommands_mut().for_each(|command| check(command, "ops dlq", &mut checked));
        assert!(checked >= 19, "{checked} commands");
    }
}
