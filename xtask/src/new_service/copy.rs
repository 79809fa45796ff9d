//! A copy of the repository in which services are written and deleted. It shares compiled dependencies with the repository.

use std::env;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use tokio::process::Command;

use crate::home::Home;
use crate::process;
use crate::ui;

/// The test of the contracts of the whole repository.
pub(super) const CONTRACTS_HOLD: &str = "check::every_check_holds_on_this_repository";
/// The test of the paths in all documents.
pub(super) const PATHS_EXIST: &str = "every_link_and_path_in_the_documents_exists";

/// What the copy's root manifest gets. With other settings, cargo keeps what the copy's `events` compiles to, and all that
/// depends on it, apart from what the repository's does.
const OWN_BUILDS: &str = "\n[profile.dev.package.events]\ndebug = false\n";

/// What a new service changes beside its own files: generated documents and lists.
const GENERATED: [&str; 5] =
    ["CODEOWNERS", "Cargo.lock", "docs/asyncapi/", "docs/catalog.md", "events/schemas/versions.json"];

/// What a service has outside of generated files.
fn places(service: &str) -> [String; 5] {
    let module = service.replace('-', "_");
    [
        format!("services/{service}/"),
        format!("events/src/publishers/{module}.rs"),
        format!("events/src/publishers/{module}/"),
        format!("events/examples/{service}/"),
        format!("events/schemas/{service}/"),
    ]
}

/// A copy of the repository, with one commit.
pub(super) struct Copy {
    pub(super) folder: PathBuf,
    /// Where cargo keeps what it has compiled for the repository.
    build_dir: PathBuf,
    venv: PathBuf,
}

impl Copy {
    /// Copies the files that git knows or would add.
    pub(super) async fn create(home: &Home) -> Result<Self> {
        let target = env::var_os("CARGO_TARGET_DIR").map_or_else(|| home.repo.join("target"), PathBuf::from);
        let copy = Self { folder: target.join("new-service"), build_dir: target, venv: home.venv.clone() };
        if copy.folder.exists() {
            fs::remove_dir_all(&copy.folder).context("cannot remove the copy of an earlier run")?;
        }
        let mut listing = process::command("git");
        listing.current_dir(&home.repo).args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"]);
        for path in read(&mut listing).await?.split_terminator('\0') {
            // A deleted file is still listed until the deletion is staged.
            if home.repo.join(path).is_file() {
                copy_file(&home.repo.join(path), &copy.folder.join(path))?;
            }
        }
        let manifest = copy.folder.join("Cargo.toml");
        fs::write(&manifest, fs::read_to_string(&manifest)? + OWN_BUILDS)?;
        copy.git(&["init", "--quiet"]).await?;
        copy.commit("before").await?;
        Ok(copy)
    }

    /// A program that works in the copy.
    pub(super) fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = process::command(program);
        command.current_dir(&self.folder).env_remove("CARGO_MANIFEST_DIR");
        command.env("CARGO_BUILD_BUILD_DIR", &self.build_dir).env("CARGO_TARGET_DIR", self.folder.join("target"));
        command.env("BUSLINE_HOME", self.folder.join(".busline")).env("BUSLINE_VENV", &self.venv);
        command
    }

    pub(super) async fn cargo(&self, arguments: &[&str]) -> Result<()> {
        ui::note(format_args!("cargo {}", arguments.join(" ")));
        process::run_quietly(self.command("cargo").args(arguments)).await
    }

    async fn git(&self, arguments: &[&str]) -> Result<()> {
        process::run_quietly(self.command("git").args(arguments)).await
    }

    /// Commits every file that differs from the last commit.
    pub(super) async fn commit(&self, message: &str) -> Result<()> {
        self.git(&["add", "--all"]).await?;
        let author = ["-c", "user.name=xtask", "-c", "user.email=xtask@example.com"];
        self.git(&[&author[..], &["commit", "--quiet", "--message", message]].concat()).await
    }

    /// Returns to what was committed with this message: its files remain, as changes of the commit before it.
    pub(super) async fn return_to(&self, message: &str) -> Result<()> {
        let commit = format!("HEAD^{{/{message}}}");
        self.git(&["reset", "--quiet", "--hard", &commit]).await?;
        self.git(&["clean", "--quiet", "--force", "-d"]).await?;
        self.git(&["reset", "--quiet", "--mixed", "HEAD~1"]).await
    }

    /// Runs tests of services.
    pub(super) async fn test(&self, services: &[&str], arguments: &[&str]) -> Result<()> {
        ui::note(format_args!("tests of {}", services.join(" and ")));
        process::run_quietly(&mut self.test_command(services, arguments)).await
    }

    pub(super) fn test_command(&self, services: &[&str], arguments: &[&str]) -> Command {
        let mut command = self.command("cargo");
        command.args(["test", "--quiet"]).args(programs(services)).arg("--").args(arguments);
        command
    }

    pub(super) async fn lint(&self, services: &[&str]) -> Result<()> {
        self.cargo(&[&["clippy", "--quiet"], &programs(services)[..], &["--", "--deny", "warnings"]].concat()).await
    }

    /// Runs tests that look at the whole repository.
    pub(super) async fn test_repository(&self, tests: &[&str]) -> Result<()> {
        let programs =
            ["test", "--quiet", "--package", "contracts", "--package", "xtask", "--test", "it", "--test", "links"];
        self.cargo(&[&programs[..], &["--"], tests].concat()).await
    }

    /// Brings back every file that was changed or deleted.
    pub(super) async fn restore(&self) -> Result<()> {
        self.git(&["checkout", "--quiet", "--", "."]).await
    }

    pub(super) fn remove(&self) -> Result<()> {
        fs::remove_dir_all(&self.folder).context("cannot remove the copy")
    }

    /// Deletes what a service has, and generates the rest.
    pub(super) async fn delete(&self, service: &str) -> Result<()> {
        for place in places(service).map(|place| self.folder.join(place)) {
            let deleted = if place.is_dir() { fs::remove_dir_all(&place) } else { fs::remove_file(&place) };
            match deleted {
                Err(error) if error.kind() != ErrorKind::NotFound => {
                    return Err(error).with_context(|| format!("cannot delete {}", place.display()));
                }
                _ => {}
            }
        }
        self.cargo(&["xtask", "schemas"]).await?;
        self.cargo(&["xtask", "codeowners"]).await
    }

    /// Fails when files changed that are neither a service's own nor generated.
    pub(super) async fn ensure_changes_of(&self, service: &str) -> Result<()> {
        let own = places(service);
        let expected =
            |path: &str| own.iter().map(String::as_str).chain(GENERATED).any(|place| path.starts_with(place));
        let unexpected: Vec<String> = self.changes().await?.into_iter().filter(|path| !expected(path)).collect();
        ensure!(unexpected.is_empty(), "{service} changes files that are not its own:\n{}", unexpected.join("\n"));
        Ok(())
    }

    /// The paths that differ from the commit.
    pub(super) async fn changes(&self) -> Result<Vec<String>> {
        let mut status = self.command("git");
        status.args(["status", "--porcelain", "--untracked-files=all", "-z"]);
        let lines = read(&mut status).await?;
        Ok(lines.split_terminator('\0').filter_map(|line| line.get(3..)).map(str::to_owned).collect())
    }
}

/// Selects the programs of services and their tests.
///
/// The package `xtask` brings no program, but the features with which dependencies are compiled already.
fn programs<'a>(services: &[&'a str]) -> Vec<&'a str> {
    let of_service = |service| ["--package", service, "--bin", service];
    services.iter().flat_map(|service| of_service(*service)).chain(["--package", "xtask", "--test", "it"]).collect()
}

fn copy_file(from: &Path, to: &Path) -> Result<()> {
    if let Some(folder) = to.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::copy(from, to).with_context(|| format!("cannot copy {}", from.display()))?;
    Ok(())
}

/// The standard output of a program.
async fn read(command: &mut Command) -> Result<String> {
    let output = command.output().await?;
    ensure!(output.status.success(), "git failed: {}", String::from_utf8_lossy(&output.stderr));
    Ok(String::from_utf8(output.stdout)?)
}
