//! `cargo xtask schemas`: writes the schemas of events and of what jobs read, and the documents about both.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use contracts::catalog;
use contracts::catalog::contents::Contents;
use contracts::code::CodeSchemas;
use contracts::repository::Repository;
use contracts::repository::tree::Tree;
use contracts::schemas::update::update;
use contracts::schemas::{self, Difference};
use jiff::Zoned;

use crate::contracts::derive;
use crate::home::Home;
use crate::ui;

/// Writes the schemas of unreleased versions and of what jobs read, and what is generated from them; marks versions as
/// released.
///
/// A released schema is never changed: if its Rust type differs from it, that is an error. After it, and when the code
/// does not compile, nothing was written.
pub(crate) async fn command(home: &Home, release: &[String]) -> Result<()> {
    let repository = &home.repo;
    let code = derive(home, None).await?;
    for difference in update(repository, release, Zoned::now().date())? {
        report(&difference);
    }
    for schema in release {
        ui::note(format_args!("{schema} is released: from now on it does not change"));
    }
    let tree = regular(repository)?;
    let is_reader = |path: &str| path.starts_with("services/") && path.split('/').nth(2) == Some("reads");
    write(repository, &tree, &readers(&code), is_reader)?;
    let tree = regular(repository)?;
    let documents = catalog::files(&Contents::from_repository(&Repository::new(tree.clone(), None))?);
    write(repository, &tree, &documents, catalog::is_generated)
}

/// The files of a repository without symbolic links, through which other files would be written.
fn regular(repository: &Path) -> Result<Tree> {
    let tree = Tree::read(repository)?;
    if let Some((path, kind)) = tree.irregular().next() {
        bail!("{path} is {kind}: contracts are regular files of the repository");
    }
    Ok(tree)
}

/// The files of what jobs read.
fn readers(code: &CodeSchemas) -> BTreeMap<String, String> {
    code.reads.iter().map(|(path, schema)| (path.clone(), schemas::text(schema))).collect()
}

/// Writes files that differ, and removes other files of the same kind.
fn write(
    repository: &Path,
    tree: &Tree,
    wanted: &BTreeMap<String, String>,
    is_of_kind: impl Fn(&str) -> bool,
) -> Result<()> {
    for (path, text) in wanted {
        let Some(difference) = Difference::compare(repository, path, text)? else { continue };
        difference.fix(repository).with_context(|| format!("cannot write {path}"))?;
        report(&difference);
    }
    let generated = tree.all().map(|(path, _)| path).filter(|path| is_of_kind(path));
    for path in generated.filter(|path| !wanted.contains_key(*path)) {
        fs::remove_file(repository.join(path)).with_context(|| format!("cannot remove {path}"))?;
        ui::note(format_args!("removed {path}"));
    }
    Ok(())
}

fn report(difference: &Difference) {
    let done = if difference.expected.is_some() { "wrote" } else { "removed" };
    ui::note(format_args!("{done} {}", difference.path));
}
