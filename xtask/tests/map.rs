//! Holds the map of the repository: three floors, no arrow up, none between services.

#![expect(clippy::panic, clippy::unwrap_used, reason = "a test")]

use std::collections::{BTreeMap, BTreeSet};

use cargo_metadata::{DependencyKind, MetadataCommand, Package};

/// Which workspace crates each crate may depend on.
fn allowed(krate: &str) -> &'static [&'static str] {
    match krate {
        // The benchmarks' floor has nothing of ours.
        "events" | "bare" => &[],
        "lambda-kit" | "testkit" | "contracts" => &["events"],
        "users" | "todos" | "notifications" => &["events", "lambda-kit", "testkit"],
        // The tests are black box: they meet the services over the wire alone.
        "ops" | "xtask" | "tests" => &["contracts", "events"],
        // What is timed is met as a client meets it.
        "bench" => &["tests"],
        unknown => {
            panic!("{unknown} is not on the map: say in xtask/tests/map.rs what it may depend on")
        }
    }
}

fn workspace() -> BTreeMap<String, Package> {
    let metadata = MetadataCommand::new().no_deps().exec().unwrap();
    metadata.packages.into_iter().map(|package| (package.name.to_string(), package)).collect()
}

#[test]
fn every_crate_depends_on_the_floors_below_it_alone() {
    let workspace = workspace();
    for (name, package) in &workspace {
        let ours = package.dependencies.iter().filter(|dependency| workspace.contains_key(&dependency.name));
        for dependency in ours {
            assert!(
                allowed(name).contains(&dependency.name.as_str()),
                "{name} must not depend on {}: it may depend on {:?}",
                dependency.name,
                allowed(name)
            );
        }
    }
}

#[test]
fn what_tests_need_is_in_no_binary() {
    for (name, package) in workspace() {
        let found = package.dependencies.iter().find(|dependency| dependency.name == "testkit");
        let is_for_tests = found.is_none_or(|dependency| dependency.kind == DependencyKind::Development);
        assert!(is_for_tests, "{name} must name testkit among its dev-dependencies");
    }
}

#[test]
fn events_and_contracts_know_nothing_of_aws() {
    let workspace = workspace();
    for name in ["events", "contracts"] {
        let normal = workspace[name].dependencies.iter().filter(|dependency| dependency.kind == DependencyKind::Normal);
        let of_aws: BTreeSet<&str> =
            normal.map(|dependency| dependency.name.as_str()).filter(|name| is_of_aws(name)).collect();
        assert!(of_aws.is_empty(), "{name} must not depend on {of_aws:?}");
    }
}

#[test]
fn every_service_is_one_crate_with_one_binary_and_one_template() {
    let workspace = workspace();
    for name in ["users", "todos", "notifications"] {
        let package = &workspace[name];
        let folder = package.manifest_path.parent().unwrap();
        assert!(folder.ends_with(format!("services/{name}")), "{name} lives in {folder}");
        assert!(folder.join("template.yaml").exists(), "{name} has no template.yaml");
        let binaries: Vec<&str> =
            package.targets.iter().filter(|target| target.is_bin()).map(|target| target.name.as_str()).collect();
        assert_eq!(binaries, [name], "{name} must have one binary of its own name");
    }
}

fn is_of_aws(krate: &str) -> bool {
    krate.starts_with("aws") || krate.starts_with("lambda")
}
