//! `ops contracts`: checks of the contracts between services.

mod arguments;
mod can_deploy;
mod compare;
mod output;
mod repository;

use anyhow::Result;
use clap::Subcommand;

use crate::cli::contracts::arguments::{CodeArgs, DirectionArg, WorkspaceArgs};
use crate::cli::contracts::output::Format;
use crate::cli::output::Outcome;

const COMPAT_CODES: &str = "Examples:\n  cargo ops contracts compat old.json new.json --direction forward\n  \
                            git show HEAD~1:events/schemas/todos/TodoCreated/v1.json | cargo ops contracts compat - \
                            events/schemas/todos/TodoCreated/v1.json --format json\n\n\
                            Exit codes: 0 compatible; 1 incompatible; 2 unknown, which counts as incompatible; 64 invalid \
                            arguments, or an input that is not a JSON Schema.";

const MATCH_CODES: &str = "Examples:\n  cargo ops contracts match '{\"source\": [\"busline.todos\"]}' event.json\n  \
                           cargo ops contracts match pattern.json - < event.json\n\n\
                           Exit codes: 0 it matches; 1 it does not; 64 invalid arguments, an invalid pattern or an event that \
                           is not a JSON object.";

const CHECK_CODES: &str = "Examples:\n  cargo ops contracts check\n  cargo ops contracts check --format json\n\n\
                           Exit codes: 0 all checks pass; 1 one fails, or the code cannot be built and compared; 64 \
                           invalid arguments, or no repository here.";

const DIFF_CODES: &str = "Examples:\n  cargo ops contracts diff\n  cargo ops contracts diff --base v1.2 --format json\n\n\
                          Exit codes: 0 no consumer breaks; 1 one breaks; 2 unknown, which counts as breaking, also because \
                          the code cannot be built; 64 invalid arguments, or the base does not exist.";

const WINDOW_CODES: &str = "Examples:\n  cargo ops contracts window\n  cargo ops contracts window --today 2026-12-31\n\n\
                            Exit codes: 0 every event that can arrive is readable; 1 one is not; 64 invalid arguments.";

const DEPLOY_CODES: &str = "Examples:\n  cargo ops contracts can-deploy todos --env staging\n  cargo ops \
                            contracts can-deploy todos --deployed main --deployed todos=HEAD~1\n\n\
                            Exit codes: 0 it can be deployed; 1 it cannot, and the answer explains in which order or with \
                            which steps it can; 2 unknown, because the environment does not answer or the code cannot be \
                            built; 64 invalid arguments.";

const CATALOG_CODES: &str = "Examples:\n  cargo ops contracts catalog\n  cargo ops contracts catalog --write\n\n\
                             Exit codes: 0 done; 1 a file cannot be written; 64 invalid arguments.";

#[derive(Debug, Subcommand)]
pub(crate) enum ContractsCommand {
    /// Checks whether one JSON Schema can replace another, or shows an event that proves that it cannot.
    ///
    /// Forward: today's readers (OLD) read what the new publisher (NEW) emits. Backward: new readers (NEW) read what
    /// was emitted under OLD. The JSON has the keys verdict, direction, pointer, reason and witness: an event that is
    /// valid for the emitting side and refused by the reading side.
    #[command(after_help = COMPAT_CODES)]
    Compat {
        /// A schema file, `-` for standard input, or the JSON itself
        old: String,
        /// The new schema, in the same form
        new: String,
        /// Which side must be able to read the events of the other
        #[arg(long, value_enum, ignore_case = true, default_value_t = DirectionArg::Full)]
        direction: DirectionArg,
        /// The format of the answer on standard output
        #[arg(long, value_enum, default_value_t = Format::Table)]
        format: Format,
    },
    /// Checks whether the pattern of an EventBridge rule matches an event, as {"matches": true} or {"matches": false}.
    #[command(after_help = MATCH_CODES)]
    Match {
        /// An event pattern: a file, `-` for standard input, or the JSON itself
        pattern: String,
        /// An event, in the same form
        event: String,
        /// The output format; both print the same JSON
        #[arg(long, value_enum, default_value_t = Format::Table)]
        format: Format,
    },
    /// Checks that types, schemas, permissions, rules, examples and documentation agree.
    #[command(after_help = CHECK_CODES)]
    Check {
        #[command(flatten)]
        workspace: WorkspaceArgs,
        #[command(flatten)]
        code: CodeArgs,
        /// The format of the answer on standard output
        #[arg(long, value_enum, default_value_t = Format::Table)]
        format: Format,
    },
    /// Shows what changed in the contracts since a base, which consumers break and how to fix it, as Markdown.
    #[command(after_help = DIFF_CODES)]
    Diff {
        /// A git commit, branch or tag; by default the merge base with origin/main or main
        #[arg(long)]
        base: Option<String>,
        #[command(flatten)]
        workspace: WorkspaceArgs,
        #[command(flatten)]
        code: CodeArgs,
        /// The format of the answer on standard output
        #[arg(long, value_enum, default_value_t = Format::Table)]
        format: Format,
    },
    /// Lists every event version that can still reach each subscriber, and whether the subscriber can read it.
    #[command(after_help = WINDOW_CODES)]
    Window {
        #[command(flatten)]
        workspace: WorkspaceArgs,
        /// The format of the answer on standard output
        #[arg(long, value_enum, default_value_t = Format::Table)]
        format: Format,
    },
    /// Checks whether a service of this repository can be deployed to an environment now, or in which order it can.
    #[command(after_help = DEPLOY_CODES)]
    CanDeploy {
        /// The name of the service
        service: String,
        /// The environment; `local` is the running local cloud
        #[arg(long, default_value = "local")]
        env: String,
        /// Assume that a service, or all services, is deployed as of a git commit, and read no environment; the last
        /// one counts
        #[arg(long, value_name = "[SERVICE=]COMMIT")]
        deployed: Vec<String>,
        #[command(flatten)]
        workspace: WorkspaceArgs,
        #[command(flatten)]
        code: CodeArgs,
        /// The format of the answer on standard output
        #[arg(long, value_enum, default_value_t = Format::Table)]
        format: Format,
    },
    /// Prints the catalogue of events, or writes it and the AsyncAPI documents into docs/.
    #[command(after_help = CATALOG_CODES)]
    Catalog {
        /// Write docs/catalog.md and docs/asyncapi/ instead of printing the page
        #[arg(long)]
        write: bool,
        #[command(flatten)]
        workspace: WorkspaceArgs,
        /// The format of the answer on standard output
        #[arg(long, value_enum, default_value_t = Format::Table)]
        format: Format,
    },
}

pub(crate) async fn run(command: ContractsCommand) -> Result<Outcome> {
    match command {
        ContractsCommand::Compat { old, new, direction, format } => {
            compare::compat(&old, &new, direction.into(), format)
        }
        ContractsCommand::Match { pattern, event, format: _ } => compare::matches(&pattern, &event),
        ContractsCommand::Check { workspace, code, format } => repository::check(&workspace, &code, format),
        ContractsCommand::Diff { base, workspace, code, format } => {
            repository::diff(base.as_deref(), &workspace, &code, format)
        }
        ContractsCommand::Window { workspace, format } => repository::window(&workspace, format),
        ContractsCommand::CanDeploy { service, env, deployed, workspace, code, format } => {
            can_deploy::can_deploy(&service, &env, &deployed, &workspace, &code, format).await
        }
        ContractsCommand::Catalog { write, workspace, format } => {
            let destination = if write { repository::Destination::Files } else { repository::Destination::Output };
            repository::catalog(destination, &workspace, format)
        }
    }
}
