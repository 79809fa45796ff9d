//! The dependencies between the workspace's crates: `events` at the bottom, `lambda-kit` and `contracts` above it, services
//! and tools on top, none between services.

#![expect(clippy::panic, clippy::unwrap_used, reason = "a test")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use cargo_metadata::{DependencyKind, MetadataCommand, Package};

/// The workspace's crates that a service may depend on, in its programs and in its tests.
const FOR_SERVICES: [&str; 3] = ["aws-json", "events", "lambda-kit"];
const FOR_TESTS_OF_SERVICES: [&str; 3] = ["contracts", "testkit", "tests"];

struct Workspace {
    packages: BTreeMap<String, Package>,
    services: BTreeSet<String>,
}

impl Workspace {
    fn read() -> Self {
        let metadata = MetadataCommand::new().no_deps().exec().unwrap();
        let services = metadata.workspace_root.join("services");
        let is_service = |package: &&Package| package.manifest_path.starts_with(&services);
        Self {
            services: metadata.packages.iter().filter(is_service).map(|package| package.name.to_string()).collect(),
            packages: metadata.packages.into_iter().map(|package| (package.name.to_string(), package)).collect(),
        }
    }

    /// Which of the workspace's crates a crate may depend on.
    fn allowed(&self, krate: &str, kind: DependencyKind) -> Vec<&'static str> {
        if self.services.contains(krate) {
            let for_tests = FOR_TESTS_OF_SERVICES.into_iter().filter(|_| kind == DependencyKind::Development);
            return FOR_SERVICES.into_iter().chain(for_tests).collect();
        }
        match krate {
            // The function without work, which the benchmarks compare with, uses none.
            "aws-json" | "events" | "bare" => vec![],
            "lambda-kit" | "testkit" | "contracts" => vec!["events"],
            // The tests are black-box tests: they call the services over the network only.
            "ops" | "xtask" | "tests" => vec!["aws-json", "contracts", "events"],
            // So are the benchmarks.
            "bench" => vec!["tests"],
            unknown => panic!("{unknown} is new: add to xtask/tests/map.rs which crates it may depend on"),
        }
    }
}

#[test]
fn every_crate_depends_only_on_crates_below_it() {
    let workspace = Workspace::read();
    for (name, package) in &workspace.packages {
        for dependency in package.dependencies.iter().filter(|one| workspace.packages.contains_key(&one.name)) {
            let allowed = workspace.allowed(name, dependency.kind);
            assert!(
                allowed.contains(&dependency.name.as_str()),
                "{name} must not depend on {} ({:?}): it may depend on {allowed:?}",
                dependency.name,
                dependency.kind
            );
        }
    }
}

#[test]
fn test_tools_are_in_no_program() {
    for (name, package) in Workspace::read().packages {
        let found = package.dependencies.iter().find(|dependency| dependency.name == "testkit");
        let is_for_tests = found.is_none_or(|dependency| dependency.kind == DependencyKind::Development);
        assert!(is_for_tests, "{name} must have testkit among its dev-dependencies");
    }
}

#[test]
fn events_and_contracts_do_not_depend_on_aws() {
    let packages = Workspace::read().packages;
    for name in ["events", "contracts"] {
        let normal = packages[name].dependencies.iter().filter(|dependency| dependency.kind == DependencyKind::Normal);
        let aws: BTreeSet<&str> =
            normal.map(|dependency| dependency.name.as_str()).filter(|name| is_aws(name)).collect();
        assert!(aws.is_empty(), "{name} must not depend on {aws:?}");
    }
}

#[test]
fn every_service_is_one_crate_with_one_binary_and_one_template() {
    let workspace = Workspace::read();
    for name in &workspace.services {
        let package = &workspace.packages[name];
        let folder = package.manifest_path.parent().unwrap();
        assert!(
            folder.ends_with(Path::new("services").join(name)),
            "{name} is in {folder}: the folder must have its name"
        );
        assert!(folder.join("template.yaml").exists(), "{name} has no template.yaml");
        let binaries: Vec<&str> =
            package.targets.iter().filter(|target| target.is_bin()).map(|target| target.name.as_str()).collect();
        assert_eq!(binaries, [name], "{name} must have one binary, with its own name");
    }
}

fn is_aws(krate: &str) -> bool {
    krate.starts_with("aws") || krate.starts_with("lambda")
}
