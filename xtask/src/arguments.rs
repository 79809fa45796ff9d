//! The command line, as clap reads it.

use clap::{Parser, Subcommand, ValueEnum};
use jiff::SignedDuration;

use crate::aws::LOCAL;
use crate::bench::BenchRun;
use crate::demo_failure::DemoFailure;
use crate::faults::FaultRun;
use crate::fuzz::FuzzRun;
use crate::hostile::HostileRun;
use crate::package::Architecture;
use crate::page::figures::PageRun;
use crate::replay_crashes::{CrashRun, SpeedRun};
use crate::stacks::Stack;
use crate::test::Part;

/// Runs, deploys and tests Busline.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", max_term_width = 100)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) door: Door,
}

#[derive(Subcommand)]
pub(crate) enum Door {
    /// Starts the local cloud, deploys every stack to it, makes a demo user, says what to try.
    ///
    /// A cloud that runs already is joined, and only what changed is built and deployed.
    #[command(after_help = "Examples:
  cargo xtask up                 stay; Ctrl-C stops the cloud and keeps its data
  cargo xtask up --detach        return; `cargo xtask down` stops it
  cargo xtask up --fresh         start empty
  cargo xtask up --port 4566     on this port of 127.0.0.1; the next `up` takes it again")]
    Up {
        /// Return when everything runs, and let the cloud go on.
        #[arg(long)]
        detach: bool,
        /// The port on 127.0.0.1; the last one, or any free one, when not given.
        #[arg(long, value_parser = clap::value_parser!(u16).range(1..))]
        port: Option<u16>,
        /// Throw away everything that the last cloud held.
        #[arg(long)]
        fresh: bool,
    },
    /// Stops the local cloud; its data is kept for the next `up`.
    Down,
    /// Shows an environment's URLs, tables and queues.
    #[command(after_help = "Examples:
  cargo xtask status
  cargo xtask status --format json
  cargo xtask status --env staging")]
    Status {
        /// How it is printed.
        #[arg(long, value_enum, default_value_t)]
        format: Format,
        /// The environment; `local` is the local cloud.
        #[arg(long, default_value = LOCAL, value_parser = environment_name)]
        env: String,
    },
    /// Prints what a service's functions logged.
    #[command(after_help = "Examples:
  cargo xtask logs todos
  cargo xtask logs notifications --follow --since 1h
  cargo xtask logs users --raw | jq 'select(.level == \"ERROR\")'")]
    Logs {
        /// The service.
        #[arg(value_parser = service)]
        service: Stack,
        /// Go on and print what comes.
        #[arg(long)]
        follow: bool,
        /// How far back, such as 30s, 10m or 2h.
        #[arg(long, default_value = "10m", value_parser = how_long)]
        since: SignedDuration,
        /// Print the lines as the functions wrote them.
        #[arg(long)]
        raw: bool,
        /// The environment; `local` is the local cloud.
        #[arg(long, default_value = LOCAL, value_parser = environment_name)]
        env: String,
    },
    /// Lists the e-mail that the local cloud sent.
    #[command(
        args_conflicts_with_subcommands = true,
        after_help = "Examples:
  cargo xtask mail
  cargo xtask mail show 1
  cargo xtask mail --format json"
    )]
    Mail {
        /// How it is printed.
        #[arg(long, value_enum, default_value_t)]
        format: Format,
        #[command(subcommand)]
        action: Option<MailAction>,
    },
    /// Signs in as a browser does and prints the access token alone.
    #[command(after_help = "Examples:
  curl -H \"Authorization: Bearer $(cargo xtask token)\" …
  cargo xtask token --email you@example.com --password …")]
    Token {
        /// Who signs in; the demo user when not given.
        #[arg(long, requires = "password")]
        email: Option<String>,
        /// Their password.
        #[arg(long, requires = "email")]
        password: Option<String>,
        /// The environment; `local` is the local cloud.
        #[arg(long, default_value = LOCAL, value_parser = environment_name)]
        env: String,
    },
    /// Builds, lints, packages and deploys stacks: to AWS, or to the running local cloud.
    ///
    /// Stacks go in the order of their dependencies. Each is a change set that is shown, executed and followed, then
    /// a smoke test. AWS credentials and region come from where the AWS command line takes them; the region is
    /// eu-west-1 when none is set.
    #[command(after_help = "Examples:
  cargo xtask deploy todos                                  one service, to the local cloud
  cargo xtask deploy todos --env staging                    one service, to AWS
  cargo xtask deploy artifacts bus users todos notifications web --env staging   a whole environment
  cargo xtask deploy todos --env staging --force \"readers follow in an hour\"   although it hurts someone")]
    Deploy {
        /// The stacks.
        #[arg(required = true, value_enum)]
        stacks: Vec<Stack>,
        /// The environment; `local` is the local cloud, any other is on AWS.
        #[arg(long, default_value = LOCAL, value_parser = environment_name)]
        env: String,
        /// The functions' instruction set on AWS; `x86_64` when not given.
        #[arg(long, value_enum)]
        arch: Option<Architecture>,
        /// Deploy although `cargo ops contracts can-deploy` says that it hurts someone; the reason is recorded.
        #[arg(long, value_name = "REASON", value_parser = reason)]
        force: Option<String>,
    },
    /// Runs every check, in parts.
    ///
    /// The end-to-end part runs on a local cloud of its own, beside yours.
    #[command(after_help = "Examples:
  cargo xtask test
  cargo xtask test --only unit
  cargo xtask test --only format --only lint
  cargo xtask test --only e2e -- inbox       the end-to-end tests with `inbox` in their names")]
    Test {
        /// Only this part; may be given more than once.
        #[arg(long, value_enum)]
        only: Vec<Part>,
        /// Arguments for the test programs of the unit, contracts, e2e and browser parts, such as a part of a test's name.
        #[arg(last = true)]
        arguments: Vec<String>,
    },
    /// Writes the schemas of events from the Rust types, what jobs read of them, and the documents made from both.
    ///
    /// The schema of a released version is never written: where its type says something else, that is refused.
    #[command(after_help = "Examples:
  cargo xtask schemas
  cargo xtask schemas --release todos/TodoArchived/v1     it may never change again")]
    Schemas {
        /// Mark this version as released today; may be given more than once.
        #[arg(long, value_name = "SERVICE/EVENT/vN")]
        release: Vec<String>,
    },
    /// Makes many changes through a faulty network and holds what comes out against what must.
    ///
    /// Runs on a local cloud of its own. The bus refuses entries, repeats and delays them, DynamoDB throttles, both fail
    /// and cut connections, functions are killed. Fails when an effect is missing or there twice.
    #[command(after_help = "Examples:
  cargo xtask faults
  cargo xtask faults --changes 20000 --users 50
  cargo xtask faults --changes 500 --users 10 --control")]
    Faults(FaultRun),
    /// Kills a replay of failed messages again and again on a faulty network, and counts what came out.
    ///
    /// Runs on a local cloud of its own. Fails when a message is lost or has its effect twice, or when a naive mover,
    /// treated the same, loses and doubles none.
    #[command(after_help = "Examples:
  cargo xtask replay-crashes
  cargo xtask replay-crashes --messages 20000 --kills 200 --seed 2")]
    ReplayCrashes(CrashRun),
    /// Measures how fast a replay is beside a bare loop of the same calls, and how much memory it takes.
    ///
    /// Runs on a local cloud of its own. Fails below 80 % of the loop's speed, and from 100 MiB on.
    #[command(after_help = "Examples:
  cargo xtask replay-speed
  cargo xtask replay-speed --messages 10000 --rounds 5")]
    ReplaySpeed(SpeedRun),
    /// Sends generated hostile requests to every route of a local cloud of its own, and searches the logs for them.
    ///
    /// Fails when an answer is a 5xx or contradicts the OpenAPI file, or when a log line holds a token, an address or
    /// a body.
    #[command(after_help = "Examples:
  cargo xtask hostile
  cargo xtask hostile --requests 20000 --seed 7")]
    Hostile(HostileRun),
    /// Breaks the running local cloud as a bad deployment does, so that the runbook can be walked.
    ///
    /// Hundreds of failures of four kinds in the dead-letter queues, and one poisoned record: docs/runbook-dlq.md.
    #[command(after_help = "Examples:
  cargo xtask demo-failure
  cargo xtask demo-failure --count 1000
  cargo xtask demo-failure --mend     set right what was broken")]
    DemoFailure(DemoFailure),
    /// Fuzzes every parser that takes outside bytes; needs the nightly compiler and cargo-fuzz.
    #[command(after_help = "Examples:
  cargo xtask fuzz
  cargo xtask fuzz cursor envelope --seconds 600")]
    Fuzz(FuzzRun),
    /// Measures the page in Chromium: Lighthouse's scores, and what each view's files weigh.
    ///
    /// Runs on a local cloud of its own. Fails below a score of 95, and above 250 kB.
    #[command(after_help = "Examples:
  cargo xtask page
  cargo xtask page --rounds 5")]
    Page(PageRun),
    /// Measures what the product costs, each figure beside its baseline in the same run.
    ///
    /// Runs on a local cloud of its own, with the functions built as for AWS. Gives tables, a plot and JSON in
    /// target/bench.
    #[command(after_help = "Examples:
  cargo xtask bench
  cargo xtask bench --only functions --invocations 100000
  cargo xtask bench --contracts
  cargo xtask bench --write")]
    Bench(BenchRun),
}

#[derive(Subcommand)]
pub(crate) enum MailAction {
    /// Prints one e-mail whole.
    Show {
        /// Its number in the list.
        number: usize,
    },
}

#[derive(Clone, Copy, Default, ValueEnum)]
pub(crate) enum Format {
    /// For people.
    #[default]
    Table,
    /// For programs.
    Json,
}

fn environment_name(text: &str) -> Result<String, String> {
    let begins_well = text.starts_with(|c: char| c.is_ascii_lowercase());
    let of_known_letters = text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
    if begins_well && of_known_letters && (2..=16).contains(&text.len()) {
        return Ok(text.to_owned());
    }
    Err("an environment's name has 2 to 16 letters a-z, digits and hyphens, a letter first".into())
}

fn reason(text: &str) -> Result<String, String> {
    let text = text.trim();
    if (1..=500).contains(&text.chars().count()) {
        return Ok(text.to_owned());
    }
    Err("a reason of 1 to 500 characters is wanted: it is recorded, and shown to whoever deploys next".into())
}

fn service(text: &str) -> Result<Stack, String> {
    let known: Vec<&str> = Stack::services().map(|(_, service)| service.name).collect();
    let found = Stack::services().find(|(_, service)| service.name == text).map(|(stack, _)| stack);
    found.ok_or_else(|| format!("the services are {}", known.join(", ")))
}

fn how_long(text: &str) -> Result<SignedDuration, String> {
    match text.parse::<SignedDuration>() {
        Ok(duration) if duration.is_positive() => Ok(duration),
        _ => Err("a length of time such as 30s, 10m or 2h is wanted".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_sound() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn environment_names_fit_into_resource_names() {
        assert!(environment_name("staging-2").is_ok());
        for wrong in ["", "a", "Prod", "2x", "a_b", "a-name-that-is-too-long"] {
            assert!(environment_name(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn only_services_have_logs() {
        assert_eq!(service("todos"), Ok(Stack::Todos));
        assert!(service("bus").unwrap_err().contains("users, todos, notifications"));
    }
}
