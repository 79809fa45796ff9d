//! The contracts of this repository, as it stands.

mod catalog;
mod check;
mod compat;
mod deploy;
mod diff;
mod mutations;
mod pattern;
mod publishers;
mod repository;
mod schema_pairs;
mod schemas;
mod templates;
mod tree;

use std::fs;

use self::repository::{here, root};

#[test]
fn every_service_has_a_template() {
    let folders = fs::read_dir(root().join("services")).unwrap().map(|entry| entry.unwrap().file_name());
    let mut folders: Vec<String> = folders.map(|name| name.into_string().unwrap()).collect();
    folders.sort();
    assert_eq!(here().services.into_keys().collect::<Vec<_>>(), folders);
}
