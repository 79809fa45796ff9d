//! Checks that the machine has the tools that Busline needs.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};
use walkdir::WalkDir;

use crate::faults;
use crate::home::Home;

const GIB: u64 = 1 << 30;

/// Checks Rust, Python, Node and npm, and reports all missing tools together, one line each.
pub(crate) fn check(home: &Home) -> Result<()> {
    let missing: Vec<String> = [rust(home)?, python(), node(), npm()]
        .into_iter()
        .filter_map(Result::err)
        .map(|line| format!("  {line}"))
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    bail!("this machine lacks tools that Busline needs:\n{}", missing.join("\n"))
}

/// What a whole check in a new clone writes, with some room: the clone has 14 GiB afterwards, the local clouds some more.
const WHOLE_CHECK_GIB: u64 = 18;

/// Checks that the disk has room for a whole check, less what cargo's target folder has already. A disk that fills on the way
/// makes tests fail with messages that do not tell why.
pub(crate) fn check_disk(home: &Home) -> Result<()> {
    let disk = rustix::fs::statvfs(&home.repo)
        .with_context(|| format!("cannot look at the disk of {}", home.repo.display()))?;
    let free = disk.f_bavail * disk.f_frsize / GIB;
    let needed = WHOLE_CHECK_GIB.saturating_sub(size(&faults::target(home)?) / GIB);
    if free < needed {
        bail!(
            "a whole check needs {needed} GiB more on the disk of {}, which has {free} GiB left: free some, or check in \
             parts (`cargo xtask test --help`)",
            home.repo.display()
        );
    }
    Ok(())
}

/// The bytes of all files in a folder that others may change meanwhile.
fn size(folder: &Path) -> u64 {
    let files = WalkDir::new(folder).into_iter().flatten().filter(|entry| entry.file_type().is_file());
    files.filter_map(|file| file.metadata().ok()).map(|about| about.len()).sum()
}

type Checked = std::result::Result<(), String>;

fn rust(home: &Home) -> Result<Checked> {
    let file = home.repo.join("rust-toolchain.toml");
    let text = fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
    let pinned = quoted_value(&text, "channel").with_context(|| format!("no `channel` in {}", file.display()))?;
    Ok(at_least("Rust", &["rustc", "--version"], pinned, "https://rustup.rs (it then picks the pinned version itself)"))
}

fn python() -> Checked {
    let get = "https://www.python.org/downloads, or your system's packages (Debian: python3 python3-venv)";
    at_least("Python", &["python3", "--version"], "3.11", get)?;
    if run(&["python3", "-c", "import ensurepip, venv"]).is_none() {
        return Err("Python's venv module is missing: install it (Debian: apt-get install python3-venv)".into());
    }
    Ok(())
}

fn node() -> Checked {
    at_least("Node", &["node", "--version"], "20.19", "https://nodejs.org")
}

fn npm() -> Checked {
    at_least("npm", &["npm", "--version"], "10", "https://nodejs.org, which brings it (Debian: apt-get install npm)")
}

fn at_least(name: &str, command: &[&str], wanted: &str, get: &str) -> Checked {
    let Some(shown) = run(command) else {
        return Err(format!("{name} {wanted} or newer is missing: get it from {get}"));
    };
    match version(&shown) {
        Some(found) if found >= version(wanted).unwrap_or_default() => Ok(()),
        _ => Err(format!(
            "{name} {wanted} or newer is needed, but `{}` prints {shown}: get it from {get}",
            command.join(" ")
        )),
    }
}

fn run(command: &[&str]) -> Option<String> {
    let (program, arguments) = command.split_first()?;
    let output = Command::new(program).args(arguments).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// The first version number in a text, with 0 for missing parts.
fn version(text: &str) -> Option<[u32; 3]> {
    let start = text.find(|c: char| c.is_ascii_digit())?;
    let number = text[start..].split(|c: char| !c.is_ascii_digit() && c != '.').next()?;
    let mut parts = [0; 3];
    for (part, digits) in parts.iter_mut().zip(number.split('.')) {
        *part = digits.parse().ok()?;
    }
    Some(parts)
}

fn quoted_value<'a>(toml: &'a str, key: &str) -> Option<&'a str> {
    let line = toml.lines().find_map(|line| line.strip_prefix(key)?.trim_start().strip_prefix('='))?;
    line.split('"').nth(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_from_the_output_of_programs() {
        assert_eq!(version("rustc 1.95.0 (59807616e 2026-04-14)"), Some([1, 95, 0]));
        assert_eq!(version("v20.20.2"), Some([20, 20, 2]));
        assert_eq!(version("Python 3.11.7"), Some([3, 11, 7]));
        assert_eq!(version("none"), None);
    }

    #[test]
    fn the_size_of_a_folder_is_that_of_its_files_at_any_depth() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("inner")).unwrap();
        fs::write(folder.path().join("one"), [0; 3]).unwrap();
        fs::write(folder.path().join("inner/two"), [0; 4]).unwrap();
        assert_eq!((size(folder.path()), size(&folder.path().join("none"))), (7, 0));
    }

    #[test]
    fn a_newer_version_passes_and_an_older_one_is_named() {
        assert_eq!(at_least("Echo", &["echo", "v3.12.1"], "3.11", "a shop"), Ok(()));
        let refused = at_least("Echo", &["echo", "v3.9.1"], "3.11", "a shop").unwrap_err();
        assert!(refused.contains("3.9.1") && refused.contains("a shop"), "{refused}");
    }

    #[test]
    fn a_missing_program_is_reported_with_its_source() {
        let refused = at_least("Nothing", &["busline-has-no-such-program"], "1", "a shop").unwrap_err();
        assert_eq!(refused, "Nothing 1 or newer is missing: get it from a shop");
    }
}
