//! Validates the AsyncAPI documents with the official parser.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::hash;
use crate::home::Home;
use crate::process;

/// The folder with the lock file that pins the parser, from the repository's root.
const PARSER: &str = "contracts/asyncapi";

/// Validates every document in `docs/asyncapi`; fails with the parser's findings, warnings included.
pub(crate) async fn check(home: &Home) -> Result<()> {
    let documents = home.repo.join(contracts::asyncapi::FOLDER);
    let entries = fs::read_dir(&documents).with_context(|| format!("cannot read {}", documents.display()))?;
    let mut paths = entries.map(|entry| Ok(entry?.path())).collect::<Result<Vec<PathBuf>>>()?;
    paths.sort();
    let parser = home.repo.join(PARSER);
    install(&parser).await.context("the AsyncAPI parser cannot be installed")?;
    let mut node = process::command("node");
    node.current_dir(parser).arg("validate.js").args(paths);
    process::run(&mut node).await
}

/// Installs the npm packages of a folder's lock file, once for each version of the lock file.
pub(crate) async fn install(folder: &Path) -> Result<()> {
    let lock = hash::sha256_of_file(&folder.join("package-lock.json"))?;
    // Inside the folder with the packages, so that deleting the packages deletes it too.
    let stamp = folder.join("node_modules/.busline-lock");
    if fs::read_to_string(&stamp).is_ok_and(|installed| installed == lock) {
        return Ok(());
    }
    let mut npm = process::command("npm");
    npm.current_dir(folder).args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]);
    process::run_quietly(&mut npm).await?;
    fs::write(&stamp, lock).with_context(|| format!("cannot write {}", stamp.display()))
}
