//! Arguments that several contract commands share.

use std::path::PathBuf;

use ::contracts::compat::Direction;
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
