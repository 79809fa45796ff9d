//! What `cargo xtask` shares with the services is compiled once.
#![allow(clippy::unwrap_used, reason = "a helper of tests: clippy.toml's exception is for test functions only")]

use std::collections::BTreeSet;
use std::process::Command;

/// Every crate of a selection with its features, one a line.
fn crates(selection: &[&str]) -> BTreeSet<String> {
    let output = Command::new(env!("CARGO"))
        .arg("tree")
        .args(selection)
        .args(["--edges", "normal,build", "--prefix", "none", "--format", "{p} [{f}]"])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    let line = |line: &str| line.replace(" (*)", "").replace(" (proc-macro)", "");
    text.lines().map(line).collect()
}

#[test]
fn no_crate_has_other_features_for_xtask_than_for_the_workspace() {
    let workspace = crates(&["--workspace"]);
    let twice: Vec<_> = crates(&["--package", "xtask"]).difference(&workspace).cloned().collect();
    assert!(
        twice.is_empty(),
        "compiled twice: give these the workspace's features at the end of xtask/Cargo.toml\n{}",
        twice.join("\n")
    );
}
