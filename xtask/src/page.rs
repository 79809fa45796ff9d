//! Builds the page from `web/`.

pub(crate) mod figures;
pub(crate) mod publish;

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::hash;
use crate::home::{self, Home};
use crate::npm::Npm;
use crate::process;
use crate::ui::Step;

/// Folders in `web/` that are not sources of the page: generated files, and the tests.
const NO_SOURCES: [&str; 4] = ["node_modules", "dist", "generated", "tests"];

/// Builds the page if one of its sources has changed; returns the folder of its files.
pub(crate) async fn build(home: &Home) -> Result<PathBuf> {
    let web = Npm::for_page(home).await?;
    let _lock = lock(home).await?;
    let (dist, stamp) = (web.path("dist"), home.cache().join("page"));
    let wanted = sources(home)?;
    let step = Step::start("Build page");
    if dist.join("index.html").exists() && is_stamped(&stamp, &wanted) {
        step.done("unchanged since it was built");
        return Ok(dist);
    }
    process::run_quietly(&mut web.script("build")).await?;
    write(&stamp, &wanted)?;
    step.done("built");
    Ok(dist)
}

/// Waits until no other command writes the page's generated files.
pub(crate) async fn lock(home: &Home) -> Result<File> {
    home::lock(&home.cache().join("page.lock"), "another `cargo xtask` builds the page; waiting for it").await
}

/// A hash of all sources of the page: `web/`, and the OpenAPI files from which its types are generated.
fn sources(home: &Home) -> Result<String> {
    let web = home.repo.join("web");
    let mut hashes = BTreeMap::new();
    add(&web, &mut hashes)?;
    for service in entries(&home.repo.join("services"))? {
        let description = service.join("openapi.yaml");
        if description.exists() {
            add(&description, &mut hashes)?;
        }
    }
    Ok(hash::sha256(format!("{hashes:?}").as_bytes()))
}

fn add(path: &Path, hashes: &mut BTreeMap<PathBuf, String>) -> Result<()> {
    if path.is_dir() {
        let sources = entries(path)?.into_iter().filter(|entry| !NO_SOURCES.iter().any(|name| entry.ends_with(name)));
        return sources.collect::<Vec<_>>().iter().try_for_each(|entry| add(entry, hashes));
    }
    hashes.insert(path.to_owned(), hash::sha256_of_file(path)?);
    Ok(())
}

/// The entries of a folder, except hidden ones.
fn entries(folder: &Path) -> Result<Vec<PathBuf>> {
    let unreadable = || format!("cannot read {}", folder.display());
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).with_context(unreadable)? {
        let entry = entry.with_context(unreadable)?;
        if !entry.file_name().to_string_lossy().starts_with('.') {
            found.push(entry.path());
        }
    }
    Ok(found)
}

fn is_stamped(stamp: &Path, wanted: &str) -> bool {
    fs::read_to_string(stamp).is_ok_and(|found| found == wanted)
}

fn write(path: &Path, text: &str) -> Result<()> {
    fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))
}
