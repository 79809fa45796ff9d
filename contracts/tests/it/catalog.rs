//! The generated documents are those of the repository as it stands.
#![allow(clippy::unwrap_used, reason = "a test that meets the unexpected stops")]

use std::collections::BTreeSet;
use std::path::Path;

use contracts::catalog;
use contracts::catalog::contents::Contents;
use contracts::schemas::{self, Difference};
use contracts::versions::Versions;

use crate::repository::here;

#[test]
fn every_generated_document_is_current() {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let contents = Contents::from_repository(&here()).unwrap();
    let wanted = catalog::files(&contents);
    let different = wanted.iter().filter_map(|(path, text)| Difference::compare(&repository, path, text).unwrap());
    let explained: Vec<String> = different.map(|difference| difference.explain(&Versions::default())).collect();
    assert!(explained.is_empty(), "{}", explained.join("\n"));

    let folder = repository.join(contracts::asyncapi::FOLDER);
    let found: BTreeSet<String> = schemas::files(&folder)
        .unwrap()
        .iter()
        .map(|path| path.strip_prefix(&repository).unwrap().to_str().unwrap().to_owned())
        .collect();
    let left_over: Vec<&String> = found.iter().filter(|path| !wanted.contains_key(*path)).collect();
    assert!(left_over.is_empty(), "documents without a service, remove: {left_over:?}");
}
