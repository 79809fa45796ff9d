//! `cargo xtask schemas`: the files that state the contracts of events, written anew from the code.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use contracts::catalog;
use contracts::catalog::contents::Contents;
use contracts::schemas::{self, Difference};
use contracts::versions::{self, Versions};
use jiff::Zoned;

use crate::home::Home;
use crate::process;
use crate::ui;

/// Has the tests of a service write its reader schemas instead of comparing them.
const WRITE: &str = "BUSLINE_WRITE_SCHEMAS";

/// Writes the schemas of drafts and of readers, and what is generated from them; then marks versions as released.
///
/// A released schema is never written: where its Rust type says something else, that is an error.
pub(crate) async fn command(home: &Home, release: &[String]) -> Result<()> {
    let repository = &home.repo;
    let mut versions = read_versions(repository)?;
    let differences = schemas::differences(repository)?;
    let frozen = |difference: &&Difference| difference.schema().is_some_and(|schema| versions.is_released(schema));
    let (refused, drafts): (Vec<_>, Vec<_>) = differences.iter().partition(frozen);
    if !refused.is_empty() {
        let refusals: Vec<String> = refused.iter().map(|difference| difference.explain(&versions)).collect();
        bail!(refusals.join("\n"));
    }
    for draft in drafts {
        mend(repository, draft)?;
    }
    list(&mut versions, release)?;
    write(repository, versions::FILE, &versions.text())?;
    readers(home).await?;
    documents(repository)
}

fn read_versions(repository: &Path) -> Result<Versions> {
    let path = repository.join(versions::FILE);
    if !path.exists() {
        return Ok(Versions::default());
    }
    let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    Versions::parse(&text).with_context(|| format!("{} is no table of versions", path.display()))
}

/// Lists every version that has a type, drops drafts that have none any more, and releases what is asked for.
fn list(versions: &mut Versions, release: &[String]) -> Result<()> {
    let events = events::catalog::all();
    versions
        .0
        .retain(|schema, version| version.released.is_some() || events.iter().any(|event| event.schema == *schema));
    for event in &events {
        versions.0.entry(event.schema.clone()).or_default();
    }
    for schema in release {
        let Some(event) = events.iter().find(|event| event.schema == *schema) else {
            let known: Vec<String> = events.into_iter().map(|event| event.schema).collect();
            bail!("there is no event version {schema}; there are {}", known.join(", "));
        };
        versions.release(schema, &event.document(), Zoned::now().date())?;
        ui::note(format_args!("{schema} is released: from now on it does not change"));
    }
    Ok(())
}

/// Has each subscriber's unit tests write what its jobs read.
async fn readers(home: &Home) -> Result<()> {
    for entry in fs::read_dir(home.repo.join("services"))? {
        let entry = entry?;
        if !entry.path().join("src/subscribe.rs").exists() {
            continue;
        }
        let service = entry.file_name().to_string_lossy().into_owned();
        let mut test = process::command("cargo");
        test.args(["test", "--quiet", "--package", &service, "--bin", &service, "--", "reader_schemas"]);
        process::run_quietly(test.current_dir(&home.repo).env(WRITE, "1")).await?;
    }
    Ok(())
}

/// The catalogue and the AsyncAPI documents.
fn documents(repository: &Path) -> Result<()> {
    let texts = Contents::texts(repository)?;
    let contents = Contents::of(texts.iter().map(|(path, text)| (path.as_str(), text.as_str())))?;
    for (path, text) in catalog::files(&contents) {
        write(repository, &path, &text)?;
    }
    Ok(())
}

/// Makes a file hold a text, and says so when it did not.
fn write(repository: &Path, path: &str, text: &str) -> Result<()> {
    match Difference::of(repository, path, text)? {
        Some(difference) => mend(repository, &difference),
        None => Ok(()),
    }
}

fn mend(repository: &Path, difference: &Difference) -> Result<()> {
    difference.mend(repository).with_context(|| format!("cannot write {}", difference.path))?;
    let done = if difference.wanted.is_some() { "wrote" } else { "removed" };
    ui::note(format_args!("{done} {}", difference.path));
    Ok(())
}
