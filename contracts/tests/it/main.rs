//! The contracts of this repository, as it stands.

mod catalog;
mod check;
mod compat;
mod deploy;
mod diff;
mod mutations;
mod pattern;
mod repository;
mod schema_pairs;
mod schemas;

use std::path::Path;

use contracts::topology;

#[test]
fn every_service_has_a_template() {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let services = topology::read(&repository).unwrap();
    assert_eq!(services.iter().map(|service| &*service.name).collect::<Vec<_>>(), ["notifications", "todos", "users"]);
}
