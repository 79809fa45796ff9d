//! The page, from `web/` to the files that browsers get.

pub(crate) mod figures;
pub(crate) mod publish;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::hash;
use crate::home::{self, Home};
use crate::npm::Npm;
use crate::process;
use crate::ui::Step;

/// Folders in `web/` that the page is not made of: what is made of others, and the tests.
const NO_SOURCES: [&str; 4] = ["node_modules", "dist", "generated", "tests"];

/// Builds the page when something that it is made of has changed. The folder of its files.
pub(crate) async fn build(home: &Home) -> Result<PathBuf> {
    let web = Npm::of_page(home).await?;
    let busy = "another `cargo xtask` builds the page; waiting for it";
    let _lock = home::lock(&home.cache().join("page.lock"), busy).await?;
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

/// One hash of all that the page is made of: `web/`, and the API descriptions from which its types are generated.
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
    Ok(hash::of(format!("{hashes:?}").as_bytes()))
}

fn add(path: &Path, hashes: &mut BTreeMap<PathBuf, String>) -> Result<()> {
    if path.is_dir() {
        let sources = entries(path)?.into_iter().filter(|entry| !NO_SOURCES.iter().any(|name| entry.ends_with(name)));
        return sources.collect::<Vec<_>>().iter().try_for_each(|entry| add(entry, hashes));
    }
    hashes.insert(path.to_owned(), hash::of_file(path)?);
    Ok(())
}

/// What is in a folder, without what is hidden.
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
