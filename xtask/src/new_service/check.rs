//! The part `new-service` of `cargo xtask test`: in a copy of the repository, writes a service and deletes it again.
//!
//! The copy shares compiled dependencies with the repository. Tests that need a running product are compiled and not run.

use std::env;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use tokio::process::Command;

use crate::checks;
use crate::home::Home;
use crate::process;
use crate::ui;

/// The name of the service in the copy.
const SERVICE: &str = "tags";

/// What the copy's root manifest gets. With other settings, cargo keeps what the copy's `events` compiles to, and all that
/// depends on it, apart from what the repository's does.
const OWN_BUILDS: &str = "\n[profile.dev.package.events]\ndebug = false\n";

/// What a new service changes beside its own files: generated documents and lists.
const GENERATED: [&str; 5] =
    ["CODEOWNERS", "Cargo.lock", "docs/asyncapi/", "docs/catalog.md", "events/schemas/versions.json"];

/// The tests that look at the whole repository: of the contracts, and of the paths in documents.
const OF_REPOSITORY: [&str; 13] = [
    "test",
    "--quiet",
    "--package",
    "contracts",
    "--package",
    "xtask",
    "--test",
    "it",
    "--test",
    "links",
    "--",
    "check::every_check_holds_on_this_repository",
    "every_link_and_path_in_the_documents_exists",
];

/// Tests of the new service that need a running product.
const NEED_PRODUCT: [&str; 4] =
    ["--skip", "e2e::", "--skip", "permissions::every_permission_is_missed_when_it_is_removed"];

/// Writes, checks and deletes a service.
pub(crate) async fn check(home: &Home) -> Result<()> {
    let copy = Copy::create(home).await?;
    write(home, &copy).await?;
    ui::note(format_args!("deleting {SERVICE}"));
    copy.delete(SERVICE).await?;
    let left = copy.changes().await?;
    ensure!(left.is_empty(), "a deleted service leaves changes behind:\n{}", left.join("\n"));
    fs::remove_dir_all(&copy.folder).context("cannot remove the copy")
}

/// Writes a service, which must pass the checks and change nothing else.
async fn write(home: &Home, copy: &Copy) -> Result<()> {
    ui::note(format_args!("cargo xtask new service {SERVICE}"));
    // This program is the copy's xtask, too: their sources are the same until the service is written.
    let mut new_service = copy.command(env::current_exe()?);
    new_service.args(["new", "service", SERVICE]).env("CARGO_MANIFEST_DIR", copy.folder.join("xtask"));
    process::run_quietly(&mut new_service).await?;
    copy.ensure_changes_of(SERVICE).await?;
    checks::run(&Home { repo: copy.folder.clone(), ..home.clone() })?;
    let checks = ["xtask", "test", "--only", "format", "--only", "templates"];
    copy.cargo(&checks).await?;
    let tests = ["test", "--quiet", "--package", SERVICE, "--package", "xtask", "--bins", "--tests", "--"];
    copy.cargo(&[&tests[..], &NEED_PRODUCT].concat()).await?;
    let clippy = ["clippy", "--quiet", "--package", SERVICE, "--package", "xtask", "--all-targets", "--"];
    copy.cargo(&[&clippy[..], &["--deny", "warnings"]].concat()).await?;
    copy.cargo(&OF_REPOSITORY).await
}

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
struct Copy {
    folder: PathBuf,
    /// Where cargo keeps what it has compiled for the repository.
    build_dir: PathBuf,
    venv: PathBuf,
}

impl Copy {
    /// Copies the files that git knows or would add.
    async fn create(home: &Home) -> Result<Self> {
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
        copy.git(&["add", "--all"]).await?;
        let author = ["-c", "user.name=xtask", "-c", "user.email=xtask@example.com"];
        copy.git(&[&author[..], &["commit", "--quiet", "--message", "before"]].concat()).await?;
        Ok(copy)
    }

    /// A program that works in the copy.
    fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = process::command(program);
        command.current_dir(&self.folder).env_remove("CARGO_MANIFEST_DIR");
        command.env("CARGO_BUILD_BUILD_DIR", &self.build_dir).env("CARGO_TARGET_DIR", self.folder.join("target"));
        command.env("BUSLINE_HOME", self.folder.join(".busline")).env("BUSLINE_VENV", &self.venv);
        command
    }

    async fn cargo(&self, arguments: &[&str]) -> Result<()> {
        ui::note(format_args!("cargo {}", arguments.join(" ")));
        process::run_quietly(self.command("cargo").args(arguments)).await
    }

    async fn git(&self, arguments: &[&str]) -> Result<()> {
        process::run_quietly(self.command("git").args(arguments)).await
    }

    /// Deletes what a service has, and generates the rest.
    async fn delete(&self, service: &str) -> Result<()> {
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
    async fn ensure_changes_of(&self, service: &str) -> Result<()> {
        let own = places(service);
        let expected =
            |path: &str| own.iter().map(String::as_str).chain(GENERATED).any(|place| path.starts_with(place));
        let unexpected: Vec<String> = self.changes().await?.into_iter().filter(|path| !expected(path)).collect();
        ensure!(unexpected.is_empty(), "{service} changes files that are not its own:\n{}", unexpected.join("\n"));
        Ok(())
    }

    /// The paths that differ from the commit.
    async fn changes(&self) -> Result<Vec<String>> {
        let mut status = self.command("git");
        status.args(["status", "--porcelain", "--untracked-files=all", "-z"]);
        let lines = read(&mut status).await?;
        Ok(lines.split_terminator('\0').filter_map(|line| line.get(3..)).map(str::to_owned).collect())
    }
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
