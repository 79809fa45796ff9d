//! The operations CLI: what failed, and where it waits.

mod dlq;
mod output;
mod target;

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

use crate::output::Format;

/// Looks after what failed.
#[derive(Debug, Parser)]
#[command(name = "ops", version, about = "Looks after what failed", after_help = EXIT_CODES)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

const EXIT_CODES: &str = "Exit codes: 0 done; 1 AWS or the network failed; 64 wrong use.";

#[derive(Debug, Subcommand)]
enum Command {
    /// Dead-letter queues
    #[command(subcommand, after_help = EXIT_CODES)]
    Dlq(Dlq),
}

#[derive(Debug, Subcommand)]
enum Dlq {
    /// Lists the dead-letter queue of every service of an environment, with how many messages wait in it
    #[command(after_help = "Examples:\n  cargo ops dlq list\n  cargo ops dlq list --env prod --format json")]
    List {
        /// The environment; `local` is the running local cloud
        #[arg(long, default_value = "local")]
        env: String,
        /// How to print
        #[arg(long, value_enum, default_value_t = Format::Table)]
        format: Format,
    },
    /// Shows messages without taking them out of the queue
    #[command(after_help = "Examples:\n  cargo ops dlq peek notifications\n  \
                            cargo ops dlq peek todos --env prod --count 3 --format ndjson\n  \
                            cargo ops dlq peek https://sqs.eu-west-1.amazonaws.com/123456789012/my-dlq")]
    Peek {
        /// A service of the environment, a queue's name, or a queue's URL
        queue: String,
        /// The environment; `local` is the running local cloud
        #[arg(long, default_value = "local")]
        env: String,
        /// How many messages at the most
        #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u16).range(1..=1000))]
        count: u16,
        /// How to print
        #[arg(long, value_enum, default_value_t = Format::Table)]
        format: Format,
    },
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return output::usage(&error),
    };
    match run(cli.command).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => output::failure(&error),
    }
}

async fn run(command: Command) -> Result<()> {
    match command {
        Command::Dlq(Dlq::List { env, format }) => {
            let queues = dlq::list(&target::connect(&env).await?, &env).await?;
            output::queues(&queues, format)
        }
        Command::Dlq(Dlq::Peek { queue, env, count, format }) => {
            let sdk = target::connect(&env).await?;
            let messages = dlq::peek(&sdk, &env, &queue, usize::from(count)).await?;
            output::messages(&messages, format)
        }
    }
}
