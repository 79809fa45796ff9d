//! Whether this machine can build for Lambda.

use std::path::Path;
use std::process::Command;

use super::Finding;
use crate::home::Home;
use crate::package::Architecture;
use crate::prerequisites;

const CHECK: &str = "toolchain";

pub(super) fn check(home: &Home, architecture: Architecture) -> Vec<Finding> {
    let breaks = || "the services and the page cannot be built".to_owned();
    let tools = match prerequisites::check(home) {
        Ok(()) => Finding::ready(CHECK, "Rust, Python, Node and npm are there"),
        Err(error) => Finding::stops(CHECK, [format!("{error:#}"), breaks(), "install what is missing".to_owned()]),
    };
    let target = architecture.rust_target();
    let compiler = if has_target(&home.repo, target) {
        Finding::ready(CHECK, format!("Rust compiles for {target}"))
    } else {
        let found = format!("Rust has no standard library for {target}");
        Finding::stops(CHECK, [found, breaks(), format!("`rustup target add {target}`, or choose another --arch")])
    };
    vec![tools, compiler]
}

/// Whether the standard library of a target is installed, with or without rustup.
fn has_target(repo: &Path, target: &str) -> bool {
    let mut rustc = Command::new("rustc");
    let output = rustc.args(["--print", "target-libdir", "--target", target]).current_dir(repo).output();
    output.is_ok_and(|output| {
        output.status.success() && Path::new(String::from_utf8_lossy(&output.stdout).trim()).is_dir()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_without_a_standard_library_is_found() {
        let repo = Path::new(env!("CARGO_MANIFEST_DIR"));
        let host = Architecture::host().unwrap().rust_target();
        assert!(has_target(repo, host));
        assert!(!has_target(repo, "sparc64-unknown-netbsd"));
    }
}
