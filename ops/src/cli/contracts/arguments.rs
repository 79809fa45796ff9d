//! Arguments that several contract commands share.

use std::path::PathBuf;

use ::contracts::check::{self, Failure};
use ::contracts::compat::Direction;
use ::contracts::proofs::Proofs;
use anyhow::Result;
use clap::ValueEnum;
use jiff::civil::Date;
use ops::contract_inputs::workspace::Workspace;

/// The repository to check, and the day for which to check it.
#[derive(Debug, clap::Args)]
pub(crate) struct WorkspaceArgs {
    /// The repository's root folder; by default the nearest folder above this one that has events/schemas
    #[arg(long, value_name = "FOLDER")]
    root: Option<PathBuf>,
    /// The day that decides which exceptions are valid and which events can still arrive; by default today
    #[arg(long, value_name = "YYYY-MM-DD")]
    today: Option<Date>,
}

impl WorkspaceArgs {
    pub(super) fn read(&self) -> Result<Workspace> {
        Workspace::read(self.root.as_deref(), self.today)
    }
}

/// Whether the code of the repository is compared with its files.
#[derive(Debug, clap::Args)]
pub(crate) struct CodeArgs {
    /// Compare the files alone, and do not let cargo build the code that they describe: a file that is older than the
    /// code, or was changed by hand, is believed
    #[arg(long)]
    files_only: bool,
}

impl CodeArgs {
    /// Adds what the code publishes and reads, all of it or that of one service, unless it is not wanted.
    pub(super) fn compare(&self, workspace: &mut Workspace, service: Option<&str>) -> Result<()> {
        if self.files_only { Ok(()) } else { workspace.add_code(service) }
    }

    /// What the checks found in the files, and in the code if it was wanted.
    pub(super) fn failures(&self, workspace: &Workspace, proofs: &Proofs) -> Vec<Failure> {
        if self.files_only {
            check::failed(&check::run_with(&workspace.repository, workspace.today, proofs))
        } else {
            check::failing(&workspace.repository, workspace.today, proofs)
        }
    }
}

/// Which side must be able to read the other's events.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum DirectionArg {
    /// Readers of OLD read what NEW emits
    Forward,
    /// Readers of NEW read what was emitted under OLD
    Backward,
    /// Both of these directions
    Full,
}

impl From<DirectionArg> for Direction {
    fn from(direction: DirectionArg) -> Self {
        match direction {
            DirectionArg::Forward => Self::Forward,
            DirectionArg::Backward => Self::Backward,
            DirectionArg::Full => Self::Full,
        }
    }
}
