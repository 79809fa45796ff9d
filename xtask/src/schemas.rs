//! `cargo xtask schemas`: writes the schemas of events and of what jobs read, and the documents about both.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Result, bail};
use contracts::catalog;
use contracts::catalog::contents::Contents;
use contracts::code::CodeSchemas;
use contracts::repository::Repository;
use contracts::repository::tree::Tree;
use contracts::schemas::{self, Difference, update};
use jiff::Zoned;

use crate::contracts::derive;
use crate::home::Home;
use crate::ui;

/// Writes the schemas of unreleased versions and of what jobs read, and what is generated from them; marks versions as
/// released. All of it is written, or nothing.
///
/// A released schema is never changed: if its Rust type differs from it, that is an error.
pub(crate) async fn command(home: &Home, release: &[String]) -> Result<()> {
    let repository = &home.repo;
    let code = derive(home, None).await?;
    let mut tree = regular(repository)?;
    let mut changes = update::changes(repository, release, Zoned::now().date())?;
    apply(&mut tree, &changes);
    let is_reader = |path: &str| path.starts_with("services/") && path.split('/').nth(2) == Some("reads");
    let read = differences(&tree, &readers(&code), is_reader);
    apply(&mut tree, &read);
    let documents = catalog::files(&Contents::from_repository(&Repository::new(tree.clone(), None))?);
    changes.extend(read);
    changes.extend(differences(&tree, &documents, catalog::is_generated));
    update::write(repository, &changes)?;
    changes.iter().for_each(report);
    for schema in release {
        ui::note(format_args!("{schema} is released: from now on it does not change"));
    }
    Ok(())
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

/// The files that differ, and other files of the same kind, which are removed.
fn differences(tree: &Tree, wanted: &BTreeMap<String, String>, is_of_kind: impl Fn(&str) -> bool) -> Vec<Difference> {
    let generated = tree.all().map(|(path, _)| path).filter(|path| is_of_kind(path) && !wanted.contains_key(*path));
    let wanted = wanted.iter().map(|(path, text)| (path.as_str(), Some(text.clone())));
    let all = wanted.chain(generated.map(|path| (path, None))).map(|(path, expected)| {
        let found = tree.text(path).map(str::to_owned);
        Difference { path: path.to_owned(), expected, found }
    });
    all.filter(|difference| difference.found != difference.expected).collect()
}

/// Makes changes in a tree alone.
fn apply(tree: &mut Tree, changes: &[Difference]) {
    for change in changes {
        match &change.expected {
            Some(text) => tree.put(&change.path, text.as_str()),
            None => drop(tree.remove(&change.path)),
        }
    }
}

fn report(difference: &Difference) {
    let done = if difference.expected.is_some() { "wrote" } else { "removed" };
    ui::note(format_args!("{done} {}", difference.path));
}
