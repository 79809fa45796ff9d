//! The functions as they were built.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde::Deserialize;

use crate::results::{ZipFigures, exact};

/// The name of the function that does nothing.
pub(crate) const BARE: &str = "bare";

/// What `cargo xtask bench` built and packaged.
#[derive(Debug, Deserialize)]
pub(crate) struct Built {
    /// How it was built: `release` as for AWS.
    pub(crate) profile: String,
    /// By service; the bare function is among them.
    programs: BTreeMap<String, Package>,
}

#[derive(Debug, Deserialize)]
struct Package {
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
        serde_json::from_slice(&text).with_context(|| format!("{} does not describe built functions", path.display()))
    }

    /// Whether `up` deploys the same.
    pub(crate) fn is_for_development(&self) -> bool {
        self.profile == "dev"
    }

    pub(crate) fn services(&self) -> impl Iterator<Item = &String> {
        self.programs.keys().filter(|name| *name != BARE)
    }

    /// # Errors
    /// When it was not built.
    pub(crate) fn binary(&self, name: &str) -> Result<&Path> {
        Ok(&self.package(name)?.binary)
    }

    /// # Errors
    /// When it was not built, or was deleted.
    pub(crate) fn zip(&self, name: &str) -> Result<Vec<u8>> {
        let path = &self.package(name)?.zip;
        fs::read(path).with_context(|| format!("cannot read {}", path.display()))
    }

    /// # Errors
    /// When a file was deleted.
    pub(crate) fn sizes(&self) -> Result<Vec<ZipFigures>> {
        let mb = |path: &Path| -> Result<f64> {
            let metadata = fs::metadata(path).with_context(|| format!("cannot read {}", path.display()))?;
            Ok(exact(metadata.len()) / 1e6)
        };
        let size = |(name, package): (&String, &Package)| {
            Ok(ZipFigures { name: name.clone(), mb: mb(&package.zip)?, binary_mb: mb(&package.binary)? })
        };
        self.programs.iter().map(size).collect()
    }

    fn package(&self, name: &str) -> Result<&Package> {
        self.programs.get(name).with_context(|| format!("{name} was not built"))
    }
}
