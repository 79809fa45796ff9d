//! The command line, as clap reads it.

use clap::{Parser, Subcommand, ValueEnum};
use jiff::SignedDuration;

use crate::aws::LOCAL;
use crate::bench::BenchRun;
use crate::checks::places::PlacesRun;
use crate::cost::CostRun;
use crate::demo_failure::DemoFailure;
use crate::faults::FaultRun;
use crate::fuzz::FuzzRun;
use crate::hostile::HostileRun;
use crate::package::Architecture;
use crate::page::figures::PageRun;
use crate::replay_crashes::{CrashRun, SpeedRun};
use crate::resource_names::MAX_ENVIRONMENT;
use crate::test::Part;

/// Runs, deploys and tests Busline.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", max_term_width = 100)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Starts the local cloud, deploys every stack to it, creates a demo user and prints what to try.
    ///
    /// If the local cloud runs already, only what changed is built and deployed.
    #[command(after_help = "Examples:
  cargo xtask up                 keep running; Ctrl-C stops the local cloud and keeps its data
  cargo xtask up --detach        return; `cargo xtask down` stops the local cloud
  cargo xtask up --fresh         start with an empty local cloud
  cargo xtask up --port 4566     use this port of 127.0.0.1; the next `up` uses it again")]
    Up {
        /// Return when everything runs; the local cloud keeps running.
        #[arg(long)]
        detach: bool,
        /// The port on 127.0.0.1; by default that of the last run, else any free port.
        #[arg(long, value_parser = clap::value_parser!(u16).range(1..))]
        port: Option<u16>,
        /// Delete all data of the local cloud first.
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
        /// The format of the output: for people or for programs.
        #[arg(long, value_enum, default_value_t)]
        format: Format,
        /// The environment; `local` is the local cloud.
        #[arg(long, default_value = LOCAL, value_parser = environment_name)]
        env: String,
    },
    /// Lists the services of the repository and what their manifests declare.
    #[command(after_help = "Examples:
  cargo xtask services
  cargo xtask services --format json")]
    Services {
        /// The format of the output: for people or for programs.
        #[arg(long, value_enum, default_value_t)]
        format: Format,
    },
    /// Prints what a service's functions logged.
    #[command(after_help = "`cargo xtask services` lists the services.

Examples:
  cargo xtask logs todos
  cargo xtask logs notifications --follow --since 1h
  cargo xtask logs users --raw | jq 'select(.level == \"ERROR\")'")]
    Logs {
        /// The name of a service, such as `users`.
        service: String,
        /// Keep running and print new lines.
        #[arg(long)]
        follow: bool,
        /// How far back to start, such as 30s, 10m or 2h.
        #[arg(long, default_value = "10m", value_parser = duration)]
        since: SignedDuration,
        /// Print the lines as the functions wrote them.
        #[arg(long)]
        raw: bool,
        /// The environment; `local` is the local cloud.
        #[arg(long, default_value = LOCAL, value_parser = environment_name)]
        env: String,
    },
    /// Lists the emails that the local cloud sent.
    #[command(
        args_conflicts_with_subcommands = true,
        after_help = "Examples:
  cargo xtask mail
  cargo xtask mail show 1
  cargo xtask mail --format json"
    )]
    Mail {
        /// The format of the output: for people or for programs.
        #[arg(long, value_enum, default_value_t)]
        format: Format,
        #[command(subcommand)]
        action: Option<MailAction>,
    },
    /// Signs in and prints the access token, and nothing else.
    #[command(after_help = "Examples:
  curl -H \"Authorization: Bearer $(cargo xtask token)\" …
  cargo xtask token --email you@example.com --password …")]
    Token {
        /// The user's email address; by default the demo user's.
        #[arg(long, requires = "password")]
        email: Option<String>,
        /// The password of that user.
        #[arg(long, requires = "email")]
        password: Option<String>,
        /// The environment; `local` is the local cloud.
        #[arg(long, default_value = LOCAL, value_parser = environment_name)]
        env: String,
    },
    /// Tells whether an AWS account is ready for an environment's first deployment, and changes nothing.
    ///
    /// It looks at the account's id, quotas, email identities, certificates, names that are taken, the caller's permissions
    /// and this machine's toolchain. Each finding tells what it breaks and what to do. Exit status: 0 if nothing stops the
    /// deployment, also with warnings; 1 if something does.
    #[command(after_help = "Examples:
  cargo xtask preflight --env prod
  cargo xtask preflight --env prod --arch arm64
  AWS_PROFILE=prod AWS_REGION=eu-central-1 cargo xtask preflight --env prod
  cargo xtask preflight --env prod --format json | jq '.findings[] | select(.level == \"stops\")'")]
    Preflight {
        /// The environment, which has a file in infra/environments.
        #[arg(long, value_parser = environment_name)]
        env: String,
        /// The functions' instruction set; by default that of `deploy`.
        #[arg(long, value_enum)]
        arch: Option<Architecture>,
        /// The format of the output: for people or for programs.
        #[arg(long, value_enum, default_value_t)]
        format: Format,
    },
    /// Estimates what an environment on AWS costs a month.
    ///
    /// It counts what the templates have and what a user does as the services' `usage.yaml` tell, and multiplies with
    /// infra/prices.yaml, which has the date and the source of each price. Nothing was measured on AWS.
    #[command(after_help = "Examples:
  cargo xtask cost
  cargo xtask cost --users 500 --users 20000 --arch arm64
  cargo xtask cost --format json | jq .total_usd")]
    Cost(CostRun),
    /// Builds, lints, packages and deploys stacks: to AWS, or to the running local cloud.
    ///
    /// Each stack is deployed after those that it needs: a change set that is shown, executed and followed, then a smoke
    /// test. AWS credentials and region are those of the AWS command line; the default region is eu-west-1.
    #[command(
        after_help = "The stacks are artifacts, bus, mail, web and each service (`cargo xtask services` lists them).

Examples:
  cargo xtask deploy todos                                  one service, to the local cloud
  cargo xtask deploy todos --env staging                    one service, to AWS
  cargo xtask deploy artifacts bus mail users todos notifications web --env staging   a whole environment
  cargo xtask deploy todos --env staging --force \"consumers follow in an hour\"   although it breaks a consumer"
    )]
    Deploy {
        /// The stacks: platform stacks and services.
        #[arg(required = true)]
        stacks: Vec<String>,
        /// The environment; `local` is the local cloud, any other is on AWS.
        #[arg(long, default_value = LOCAL, value_parser = environment_name)]
        env: String,
        /// The functions' instruction set on AWS; by default `x86_64`.
        #[arg(long, value_enum)]
        arch: Option<Architecture>,
        /// Deploy although `cargo ops contracts can-deploy` reports a broken consumer; the reason is recorded.
        #[arg(long, value_name = "REASON", value_parser = reason)]
        force: Option<String>,
    },
    /// Runs every check, in parts.
    ///
    /// The end-to-end part starts a separate local cloud.
    #[command(after_help = "Examples:
  cargo xtask test
  cargo xtask test --only unit
  cargo xtask test --only format --only lint
  cargo xtask test --service todos           the unit and end-to-end tests of one service
  cargo xtask test --only e2e -- inbox       the end-to-end tests with `inbox` in their names")]
    Test {
        /// Run only this part; may be given more than once.
        #[arg(long, value_enum)]
        only: Vec<Part>,
        /// In the parts unit and e2e, run only this service's tests; without `--only`, run only these two parts.
        #[arg(long)]
        service: Option<String>,
        /// Arguments for the test programs of the parts unit, contracts, e2e and browser, such as a part of a test's name.
        #[arg(last = true)]
        arguments: Vec<String>,
    },
    /// Writes the schemas of events from the Rust types, the schemas of what each job reads, and the documents about both.
    ///
    /// The schema of a released version is never changed: if its type differs from it, the command fails.
    #[command(after_help = "Examples:
  cargo xtask schemas
  cargo xtask schemas --release todos/TodoArchived/v1     release a version, which can then never change")]
    Schemas {
        /// Mark this version as released today; may be given more than once.
        #[arg(long, value_name = "SERVICE/EVENT/vN")]
        release: Vec<String>,
    },
    /// Writes the files of something new.
    New {
        #[command(subcommand)]
        action: NewAction,
    },
    /// Writes CODEOWNERS from the services' manifests.
    Codeowners,
    /// Lists the words that a reader could not guess, with what to write instead.
    ///
    /// The words are in xtask/checks/words.yaml. Part `lint` of `cargo xtask test` fails when one occurs.
    #[command(after_help = "Example:
  cargo xtask words")]
    Words,
    /// Counts how far changes spread: files that name a service, circles of modules, template lines, short doc comments.
    #[command(after_help = "Examples:
  cargo xtask places
  cargo xtask places --list
  cargo xtask places --identifier due_at --identifier dueAt     the files that a field is in
  cargo xtask places --repo ../before                           another work tree, such as one of an older commit")]
    Places(PlacesRun),
    /// Makes many changes through a faulty network and compares their effects with the expected ones.
    ///
    /// Runs on a separate local cloud. The bus refuses, repeats and delays entries, DynamoDB throttles, both fail and
    /// close connections, functions are killed. Fails when an effect is missing or applied twice.
    #[command(after_help = "Examples:
  cargo xtask faults
  cargo xtask faults --changes 20000 --users 50
  cargo xtask faults --changes 500 --users 10 --control")]
    Faults(FaultRun),
    /// Kills a replay of failed messages many times on a faulty network, and counts lost and repeated effects.
    ///
    /// Runs on a separate local cloud. Fails when a message is lost or has its effect twice. As a control, a naive tool
    /// under the same faults must lose and repeat some.
    #[command(after_help = "Examples:
  cargo xtask replay-crashes
  cargo xtask replay-crashes --messages 20000 --kills 200 --seed 2")]
    ReplayCrashes(CrashRun),
    /// Measures the speed of replay, export, list and verify compared with a plain loop of the same calls and with a mover
    /// that uses boto3, and the memory of a replay.
    ///
    /// Runs on a separate local cloud. Fails below 80 % of the loop's speed, below that of boto3, and from 100 MiB.
    #[command(after_help = "Examples:
  cargo xtask replay-speed
  cargo xtask replay-speed --messages 10000 --rounds 5")]
    ReplaySpeed(SpeedRun),
    /// Sends generated hostile requests to every route, and searches the logs for what they sent.
    ///
    /// Runs on a separate local cloud. Fails when a response is a 5xx or contradicts the OpenAPI file, or when a log line
    /// contains a token, an email address or a body.
    #[command(after_help = "Examples:
  cargo xtask hostile
  cargo xtask hostile --requests 20000 --seed 7")]
    Hostile(HostileRun),
    /// Breaks the running local cloud as a bad deployment would, to practise the runbook.
    ///
    /// Fills the dead-letter queues with hundreds of failures of four kinds and one invalid stream record:
    /// docs/runbook-dlq.md.
    #[command(after_help = "Examples:
  cargo xtask demo-failure
  cargo xtask demo-failure --count 1000
  cargo xtask demo-failure --repair     remove the causes again")]
    DemoFailure(DemoFailure),
    /// Fuzzes every parser of external input; needs the nightly compiler and cargo-fuzz.
    #[command(after_help = "Examples:
  cargo xtask fuzz
  cargo xtask fuzz cursor envelope --seconds 600")]
    Fuzz(FuzzRun),
    /// Measures the page in Chromium: Lighthouse's scores, and the size of each view's files.
    ///
    /// Runs on a separate local cloud. Fails below a score of 95, and above 250 kB.
    #[command(after_help = "Examples:
  cargo xtask page
  cargo xtask page --rounds 5")]
    Page(PageRun),
    /// Measures time and memory of the product, each figure with its baseline from the same run.
    ///
    /// Runs on a separate local cloud, with the functions built as for AWS. Writes tables, a plot and JSON to
    /// target/bench.
    #[command(after_help = "Examples:
  cargo xtask bench
  cargo xtask bench --only functions --invocations 100000
  cargo xtask bench --contracts
  cargo xtask bench --write")]
    Bench(BenchRun),
}

#[derive(Subcommand)]
pub(crate) enum NewAction {
    /// Writes a service that passes every check: code, template, OpenAPI file, an event, tests.
    ///
    /// It has one kind of item with create, list and get for its owner, a table with outbox, an event of each new item, a
    /// subscriber, erasure and export. The name in the plural, such as `tags`, gives the item's type (`Tag`), its
    /// event (`TagCreated.v1`) and the routes (`/tags`). Then it generates schemas and documents.
    #[command(after_help = "Examples:
  cargo xtask new service tags
  cargo xtask new service address-books

Then:
  cargo xtask test --service tags       its unit and end-to-end tests
  cargo xtask up                        deploy it to the local cloud")]
    Service {
        /// Characters a-z, 0-9 and inner hyphens; the first is one of a-z. The names of AWS resources contain it, so that 16
        /// characters are the maximum.
        name: String,
    },
    /// Writes an event of a service, in version 1: type, example, schema, documents.
    ///
    /// It has the ids that the service's other events have. Then it tells what is left to be written by hand:
    /// docs/adding-an-event.md.
    #[command(after_help = "Examples:
  cargo xtask new event todos/TodoArchived
  cargo xtask new event users/UserNameChanged

Then:
  cargo xtask new subscriber notifications/count-archived todos/TodoArchived")]
    Event {
        /// The service that publishes it, and its name in the past tense.
        #[arg(value_name = "PUBLISHER/NAME")]
        event: String,
    },
    /// Writes a job that reads an event: code, function with its rule and failure path, permission case, tests.
    ///
    /// The job claims each event and counts the events of each user, in one transaction. Then put its own effect in
    /// the place of the count: docs/adding-an-event.md.
    #[command(after_help = "Examples:
  cargo xtask new subscriber notifications/count-archived todos/TodoArchived
  cargo xtask new subscriber todos/count-sign-ups users/UserRegistered

Then:
  cargo xtask test --service notifications     its unit and end-to-end tests")]
    Subscriber {
        /// The service that gets the job, and the job's name: words of a-z and 0-9 with hyphens between them.
        #[arg(value_name = "SERVICE/JOB")]
        job: String,
        /// The event that the job reads.
        #[arg(value_name = "PUBLISHER/EVENT")]
        event: String,
    },
}

#[derive(Subcommand)]
pub(crate) enum MailAction {
    /// Prints a whole email.
    Show {
        /// Its number in the list.
        number: usize,
    },
}

#[derive(Clone, Copy, Default, ValueEnum)]
pub(crate) enum Format {
    /// A table, for people to read.
    #[default]
    Table,
    /// One JSON document, for programs.
    Json,
}

fn environment_name(text: &str) -> Result<String, String> {
    let starts_with_a_to_z = text.starts_with(|c: char| c.is_ascii_lowercase());
    let has_known_characters = text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
    if starts_with_a_to_z && has_known_characters && (2..=MAX_ENVIRONMENT).contains(&text.len()) {
        return Ok(text.to_owned());
    }
    Err(format!("the name of an environment has 2 to {MAX_ENVIRONMENT} characters a-z, 0-9 and -, and begins with a-z"))
}

fn reason(text: &str) -> Result<String, String> {
    let text = text.trim();
    if (1..=500).contains(&text.chars().count()) {
        return Ok(text.to_owned());
    }
    Err("the reason must have 1 to 500 characters: it is recorded, and shown at the next deployment".into())
}

fn duration(text: &str) -> Result<SignedDuration, String> {
    match text.parse::<SignedDuration>() {
        Ok(duration) if duration.is_positive() => Ok(duration),
        _ => Err("it must be a duration such as 30s, 10m or 2h".into()),
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
    fn durations_are_positive() {
        assert_eq!(duration("10m"), Ok(SignedDuration::from_mins(10)));
        assert!(duration("-1s").is_err() && duration("soon").unwrap_err().contains("30s"));
    }
}
