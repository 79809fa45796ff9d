//! The repository that a contract check reads, and the day for which it checks.

use std::collections::BTreeSet;
use std::env;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use contracts::code::CodeSchemas;
use contracts::repository::Repository;
use contracts::repository::tree::Tree;
use jiff::Zoned;
use jiff::civil::Date;

use crate::error::UsageError;

/// A repository and a day.
#[derive(Debug)]
pub struct Workspace {
    /// The root folder of the repository.
    pub root: PathBuf,
    /// The contracts in its files.
    pub repository: Repository,
    /// Decides which exceptions are valid, and which events can still arrive.
    pub today: Date,
}

impl Workspace {
    /// Reads the repository at `root`, otherwise the one that contains the current folder.
    ///
    /// # Errors
    /// [`UsageError`] when there is no repository with schemas of events.
    pub fn read(root: Option<&Path>, today: Option<Date>) -> Result<Self> {
        let root = match root {
            Some(root) => root.to_owned(),
            None => repository_above(&env::current_dir()?)?,
        };
        if !root.join("events/schemas").is_dir() {
            bail!(UsageError(format!(
                "{} is not a Busline repository: it has no folder events/schemas",
                root.display()
            )));
        }
        let repository = Repository::new(Tree::read(&root)?, None);
        Ok(Self { root, repository, today: today.unwrap_or_else(|| Zoned::now().date()) })
    }

    /// Builds the code of the repository and adds what it publishes and reads: all of it, or that of one service.
    ///
    /// # Errors
    /// When the code cannot be built.
    pub fn add_code(&mut self, service: Option<&str>) -> Result<()> {
        let services = service.map(|service| BTreeSet::from([service.to_owned()]));
        self.repository.code = Some(CodeSchemas::derive(&self.root, services)?);
        Ok(())
    }
}

fn repository_above(folder: &Path) -> Result<PathBuf> {
    match folder.ancestors().find(|folder| folder.join("events/schemas").is_dir()) {
        Some(root) => Ok(root.to_owned()),
        None => bail!(UsageError(format!(
            "neither {} nor a folder above it has events/schemas: run this in the repository, or give --root",
            folder.display()
        ))),
    }
}
