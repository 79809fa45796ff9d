//! The functions as they were built.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde::Deserialize;

use crate::figures::{ZipFigures, exact};

/// The name of the function that does nothing.
pub(crate) const BARE: &str = "bare";

/// What `cargo xtask bench` built and packed.
#[derive(Debug, Deserialize)]
pub(crate) struct Built {
    /// How: `release` is what goes to AWS.
    pub(crate) profile: String,
    /// By service; the bare function is among them.
    programs: BTreeMap<String, Packed>,
}

#[derive(Debug, Deserialize)]
struct Packed {
    binary: PathBuf,
    zip: PathBuf,
}

impl Built {
    /// Reads the file that `cargo xtask bench` wrote.
    ///
    /// # Errors
    /// When it cannot be read.
    pub(crate) fn read(path: &Path) -> Result<Self> {
        let text = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
        serde_json::from_slice(&text).with_context(|| format!("{} is not what was built", path.display()))
    }

    /// Whether this is what `up` deploys too.
    pub(crate) fn is_for_development(&self) -> bool {
        self.profile == "dev"
    }

    /// The services.
    pub(crate) fn services(&self) -> impl Iterator<Item = &String> {
        self.programs.keys().filter(|name| *name != BARE)
    }

    /// A service's binary.
    ///
    /// # Errors
    /// When it was not built.
    pub(crate) fn binary(&self, name: &str) -> Result<&Path> {
        Ok(&self.packed(name)?.binary)
    }

    /// A service's zip.
    ///
    /// # Errors
    /// When it was not built, or is gone.
    pub(crate) fn zip(&self, name: &str) -> Result<Vec<u8>> {
        let path = &self.packed(name)?.zip;
        fs::read(path).with_context(|| format!("cannot read {}", path.display()))
    }

    /// How large everything is.
    ///
    /// # Errors
    /// When a file is gone.
    pub(crate) fn sizes(&self) -> Result<Vec<ZipFigures>> {
        let mb = |path: &Path| -> Result<f64> {
            let metadata = fs::metadata(path).with_context(|| format!("cannot read {}", path.display()))?;
            Ok(exact(metadata.len()) / 1e6)
        };
        let size = |(name, packed): (&String, &Packed)| {
            Ok(ZipFigures { name: name.clone(), mb: mb(&packed.zip)?, binary_mb: mb(&packed.binary)? })
        };
        self.programs.iter().map(size).collect()
    }

    fn packed(&self, name: &str) -> Result<&Packed> {
        self.programs.get(name).with_context(|| format!("{name} was not built"))
    }
}
