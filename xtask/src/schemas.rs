//! `cargo xtask schemas`: the files that state the contracts of events, written anew from the code.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use contracts::catalog;
use contracts::catalog::contents::Contents;
use contracts::schemas::Difference;
use contracts::schemas::settle::settle;
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
    for difference in settle(repository, release, Zoned::now().date())? {
        say(&difference);
    }
    for schema in release {
        ui::note(format_args!("{schema} is released: from now on it does not change"));
    }
    readers(home).await?;
    documents(repository)
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
        // `--workspace` as `cargo xtask test` has it: with `--package` alone, dependencies would be compiled once more.
        test.args(["test", "--quiet", "--workspace", "--bin", &service, "--", "reader_schemas"]);
        process::run_quietly(test.current_dir(&home.repo).env(WRITE, "1")).await?;
    }
    Ok(())
}

/// The catalogue and the AsyncAPI documents.
fn documents(repository: &Path) -> Result<()> {
    let texts = Contents::texts(repository)?;
    let contents = Contents::of(texts.iter().map(|(path, text)| (path.as_str(), text.as_str())))?;
    for (path, text) in catalog::files(&contents) {
        let Some(difference) = Difference::of(repository, &path, &text)? else { continue };
        difference.mend(repository).with_context(|| format!("cannot write {path}"))?;
        say(&difference);
    }
    Ok(())
}

fn say(difference: &Difference) {
    let done = if difference.wanted.is_some() { "wrote" } else { "removed" };
    ui::note(format_args!("{done} {}", difference.path));
}
