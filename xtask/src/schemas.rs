//! `cargo xtask schemas`: writes the schemas of events and of what jobs read, and the documents about both.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use contracts::catalog;
use contracts::catalog::contents::Contents;
use contracts::repository::Repository;
use contracts::repository::tree::Tree;
use contracts::schemas::Difference;
use contracts::schemas::update::update;
use jiff::Zoned;

use crate::home::Home;
use crate::process;
use crate::services;
use crate::ui;

/// With this variable, a service's tests write the schemas of what its jobs read instead of comparing them.
const WRITE: &str = "BUSLINE_WRITE_SCHEMAS";

/// Writes the schemas of unreleased versions and of what jobs read, and what is generated from them; marks versions as
/// released.
///
/// A released schema is never changed: if its Rust type differs from it, that is an error.
pub(crate) async fn command(home: &Home, release: &[String]) -> Result<()> {
    let repository = &home.repo;
    for difference in update(repository, release, Zoned::now().date())? {
        report(&difference);
    }
    for schema in release {
        ui::note(format_args!("{schema} is released: from now on it does not change"));
    }
    readers(home).await?;
    documents(repository)
}

/// Runs the tests of all subscribers that write the schemas of what their jobs read.
async fn readers(home: &Home) -> Result<()> {
    let mut test = process::command("cargo");
    // `--workspace` as `cargo xtask test` has it: with `--package` alone, dependencies would be compiled once more.
    test.args(["test", "--quiet", "--workspace"]);
    for service in services::discover(&home.repo)? {
        if home.repo.join(&service.folder).join("src/subscribe.rs").exists() {
            test.args(["--bin", &service.name]);
        }
    }
    test.args(["--", "subscribe::consumed_events"]);
    process::run_quietly(test.current_dir(&home.repo).env(WRITE, "1")).await
}

/// The catalogue and the AsyncAPI documents; removes those of services that were deleted.
fn documents(repository: &Path) -> Result<()> {
    let tree = Tree::read(repository)?;
    if let Some((path, kind)) = tree.irregular().next() {
        bail!("{path} is {kind}: contracts are regular files of the repository");
    }
    let generated: Vec<String> =
        tree.all().map(|(path, _)| path.to_owned()).filter(|path| catalog::is_generated(path)).collect();
    let wanted = catalog::files(&Contents::from_repository(&Repository::new(tree, None))?);
    for (path, text) in &wanted {
        let Some(difference) = Difference::compare(repository, path, text)? else { continue };
        difference.fix(repository).with_context(|| format!("cannot write {path}"))?;
        report(&difference);
    }
    for path in generated.iter().filter(|path| !wanted.contains_key(path.as_str())) {
        fs::remove_file(repository.join(path)).with_context(|| format!("cannot remove {path}"))?;
        ui::note(format_args!("removed {path}"));
    }
    Ok(())
}

fn report(difference: &Difference) {
    let done = if difference.expected.is_some() { "wrote" } else { "removed" };
    ui::note(format_args!("{done} {}", difference.path));
}
