//! The repository that a command looks at.

use std::env;
use std::path::{Path, PathBuf};

use ::contracts::repository::tree::Tree;
use ::contracts::repository::{Repository, compiled_types};
use anyhow::{Result, bail};
use jiff::Zoned;
use jiff::civil::Date;
use ops::dlq::queue::WrongUse;

use super::Place;

/// A repository and a day.
#[derive(Debug)]
pub(super) struct Ground {
    /// Its root.
    pub(super) root: PathBuf,
    /// What it says.
    pub(super) repository: Repository,
    /// The day.
    pub(super) today: Date,
}

impl Ground {
    /// Reads it.
    pub(super) fn read(place: &Place) -> Result<Self> {
        let root = match &place.root {
            Some(root) => root.clone(),
            None => above(&env::current_dir()?)?,
        };
        if !root.join("events/schemas").is_dir() {
            bail!(WrongUse(format!("{} is no such repository: it has no folder events/schemas", root.display())));
        }
        let types = is_compiled_from(&root).then(compiled_types);
        let repository = Repository::of(Tree::read(&root)?, types);
        Ok(Self { root, repository, today: place.today.unwrap_or_else(|| Zoned::now().date()) })
    }
}

/// The nearest folder upwards that holds schemas of events.
fn above(folder: &Path) -> Result<PathBuf> {
    match folder.ancestors().find(|folder| folder.join("events/schemas").is_dir()) {
        Some(root) => Ok(root.to_owned()),
        None => bail!(WrongUse(format!(
            "neither {} nor a folder above it holds events/schemas: go into the repository, or name it with --root",
            folder.display()
        ))),
    }
}

fn is_compiled_from(root: &Path) -> bool {
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    matches!((own.canonicalize(), root.canonicalize()), (Ok(own), Ok(root)) if own == root)
}
