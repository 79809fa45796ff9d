//! `ops contracts`: what services promise each other, checked offline.

mod asked;
mod compare;
mod deployed;
mod ground;
mod inputs;
mod repository;

use std::path::PathBuf;

use ::contracts::compat::Direction;
use anyhow::Result;
use clap::{Subcommand, ValueEnum};
use jiff::civil::Date;

use crate::output::Outcome;

use self::asked::Format;

const COMPAT_CODES: &str = "Examples:\n  cargo ops contracts compat old.json new.json --direction forward\n  \
                            git show HEAD~1:events/schemas/todos/TodoCreated/v1.json | cargo ops contracts compat - \
                            events/schemas/todos/TodoCreated/v1.json --format json\n\n\
                            Exit codes: 0 compatible; 1 incompatible; 2 unknown, which counts as incompatible; 64 wrong \
                            use, or an input that is no JSON Schema.";

const MATCH_CODES: &str = "Examples:\n  cargo ops contracts match '{\"source\": [\"busline.todos\"]}' event.json\n  \
                           cargo ops contracts match pattern.json - < event.json\n\n\
                           Exit codes: 0 it matches; 1 it does not; 64 wrong use, an invalid pattern or an event that is \
                           no JSON object.";

const CHECK_CODES: &str = "Examples:\n  cargo ops contracts check\n  cargo ops contracts check --format json\n\n\
                           Exit codes: 0 all checks hold; 1 one does not; 64 wrong use, or no repository here.";

const DIFF_CODES: &str = "Examples:\n  cargo ops contracts diff\n  cargo ops contracts diff --base v1.2 --format json\n\n\
                          Exit codes: 0 nobody is hurt; 1 somebody is; 2 that is not known, which counts as hurt; 64 wrong \
                          use, or no such base.";

const WINDOW_CODES: &str = "Examples:\n  cargo ops contracts window\n  cargo ops contracts window --today 2026-12-31\n\n\
                            Exit codes: 0 everything that can come is read; 1 something is not; 64 wrong use.";

const DEPLOY_CODES: &str = "Examples:\n  cargo ops contracts can-deploy todos --env staging\n  cargo ops \
                            contracts can-deploy todos --deployed main --deployed todos=HEAD~1\n\n\
                            Exit codes: 0 it may go; 1 it may not, and the answer says in which order or with which steps \
                            it may; 2 nobody knows, because the environment does not answer; 64 wrong use.";

const CATALOG_CODES: &str = "Examples:\n  cargo ops contracts catalog\n  cargo ops contracts catalog --write\n\n\
                             Exit codes: 0 done; 1 a file cannot be written; 64 wrong use.";

/// What services promise each other: checked offline, before anything is merged or deployed.
#[derive(Debug, Subcommand)]
pub(crate) enum Contracts {
    /// Says whether one JSON Schema can take the place of another, or shows an event that proves that it cannot.
    ///
    /// Forward: today's readers (OLD) read what the new publisher (NEW) emits. Backward: new readers (NEW) read what was
    /// emitted under OLD. The JSON has the keys verdict, direction, pointer, reason and witness: an event that is valid for
    /// the emitting side and refused by the reading side.
    #[command(after_help = COMPAT_CODES)]
    Compat {
        /// A schema file, `-` for standard input, or the JSON itself
        old: String,
        /// Likewise
        new: String,
        /// Who must read whom
        #[arg(long, value_enum, ignore_case = true, default_value_t = Asked::Full)]
        direction: Asked,
        /// How to print
        #[arg(long, value_enum, default_value_t = Format::Table)]
        format: Format,
    },
    /// Says whether EventBridge would give an event to a rule with a pattern, as {"matches": true} or {"matches": false}.
    #[command(after_help = MATCH_CODES)]
    Match {
        /// An event pattern: a file, `-` for standard input, or the JSON itself
        pattern: String,
        /// An event, likewise
        event: String,
        /// How to print; both print the same JSON
        #[arg(long, value_enum, default_value_t = Format::Table)]
        format: Format,
    },
    /// Proves that types, schemas, permissions, rules, examples and documentation say the same.
    #[command(after_help = CHECK_CODES)]
    Check {
        #[command(flatten)]
        place: Place,
        /// How to print
        #[arg(long, value_enum, default_value_t = Format::Table)]
        format: Format,
    },
    /// Says what changed in the contracts since a base, whom it hurts and the way out: Markdown for a pull request.
    #[command(after_help = DIFF_CODES)]
    Diff {
        /// A git commit, branch or tag; without it, where this branch left origin/main or main
        #[arg(long)]
        base: Option<String>,
        #[command(flatten)]
        place: Place,
        /// How to print
        #[arg(long, value_enum, default_value_t = Format::Table)]
        format: Format,
    },
    /// Lists every event version that can still reach each subscriber, and whether it can read it.
    #[command(after_help = WINDOW_CODES)]
    Window {
        #[command(flatten)]
        place: Place,
        /// How to print
        #[arg(long, value_enum, default_value_t = Format::Table)]
        format: Format,
    },
    /// Says whether a service of this tree may go to an environment now, or in which order it may.
    #[command(after_help = DEPLOY_CODES)]
    CanDeploy {
        /// The service
        service: String,
        /// The environment; `local` is the running local cloud
        #[arg(long, default_value = "local")]
        env: String,
        /// Suppose that a service, or all of them, is deployed as of a git commit, and ask no environment; the last counts
        #[arg(long, value_name = "[SERVICE=]COMMIT")]
        deployed: Vec<String>,
        #[command(flatten)]
        place: Place,
        /// How to print
        #[arg(long, value_enum, default_value_t = Format::Table)]
        format: Format,
    },
    /// Prints the catalogue of events, or writes it with the AsyncAPI documents into docs/.
    #[command(after_help = CATALOG_CODES)]
    Catalog {
        /// Write docs/catalog.md and docs/asyncapi/ instead of printing the page
        #[arg(long)]
        write: bool,
        #[command(flatten)]
        place: Place,
        /// How to print
        #[arg(long, value_enum, default_value_t = Format::Table)]
        format: Format,
    },
}

/// Which repository, and which day.
#[derive(Debug, clap::Args)]
pub(crate) struct Place {
    /// The repository's root; without it, the folder above here that holds events/schemas
    #[arg(long, value_name = "FOLDER")]
    root: Option<PathBuf>,
    /// The day that decides which exceptions hold and what can still come; today when not given
    #[arg(long, value_name = "YYYY-MM-DD")]
    today: Option<Date>,
}

/// Who must read whom.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Asked {
    /// Readers of OLD read what NEW emits
    Forward,
    /// Readers of NEW read what was emitted under OLD
    Backward,
    /// Both
    Full,
}

impl From<Asked> for Direction {
    fn from(asked: Asked) -> Self {
        match asked {
            Asked::Forward => Self::Forward,
            Asked::Backward => Self::Backward,
            Asked::Full => Self::Full,
        }
    }
}

/// Runs a command.
pub(crate) async fn run(command: Contracts) -> Result<Outcome> {
    match command {
        Contracts::Compat { old, new, direction, format } => compare::compat(&old, &new, direction.into(), format),
        Contracts::Match { pattern, event, format: _ } => compare::matches(&pattern, &event),
        Contracts::Check { place, format } => repository::check(&place, format),
        Contracts::Diff { base, place, format } => repository::diff(base.as_deref(), &place, format),
        Contracts::Window { place, format } => repository::window(&place, format),
        Contracts::CanDeploy { service, env, deployed, place, format } => {
            deployed::can_deploy(&service, &env, &deployed, &place, format).await
        }
        Contracts::Catalog { write, place, format } => {
            let destination = if write { repository::To::Files } else { repository::To::Screen };
            repository::catalog(destination, &place, format)
        }
    }
}
