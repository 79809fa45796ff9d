//! The compiled test programs: of which package each is, and how it is run.

use std::collections::BTreeMap;
use std::io::Cursor;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context, Result, bail};
use cargo_metadata::{Message, MetadataCommand, PackageId};

use crate::home::Home;
use crate::process;
use crate::ui;

/// Options of a test program that take the next argument as their value.
const OPTIONS_WITH_VALUE: [&str; 6] =
    ["--color", "--format", "--logfile", "--shuffle-seed", "--skip", "--test-threads"];

/// A compiled test program.
#[derive(Clone, Debug)]
pub(super) struct TestProgram {
    /// The name of its package.
    pub(super) package: String,
    /// The service that the package is, if it is one.
    pub(super) service: Option<String>,
    /// The name of its target, such as `it`.
    pub(super) target: String,
    /// Whether it is an integration test, and not the tests inside a library or program.
    pub(super) integration: bool,
    path: PathBuf,
    folder: PathBuf,
}

/// Compiles the tests of all packages.
///
/// All together, because cargo then resolves features for the whole workspace, as clippy and `up` do, and compiles each
/// dependency once.
pub(super) async fn compile(home: &Home) -> Result<Vec<TestProgram>> {
    let mut build = process::command("cargo");
    build.args(["test", "--workspace", "--no-run", "--message-format=json-render-diagnostics"]).current_dir(&home.repo);
    let output = build.stdout(Stdio::piped()).spawn()?.wait_with_output().await?;
    if !output.status.success() {
        bail!("the tests do not build: see the compiler's messages above");
    }
    let packages = Packages::read(&home.repo)?;
    let mut programs = Vec::new();
    for message in Message::parse_stream(Cursor::new(output.stdout)) {
        let Message::CompilerArtifact(artifact) = message? else { continue };
        let Some(path) = artifact.executable.filter(|_| artifact.profile.test) else { continue };
        let (package, folder) = packages.find(&artifact.package_id)?;
        let service = folder.parent().is_some_and(|parent| parent == home.repo.join("services"));
        programs.push(TestProgram {
            service: service.then(|| package.clone()),
            package,
            integration: artifact.target.is_test(),
            target: artifact.target.name,
            path: path.into(),
            folder,
        });
    }
    Ok(programs)
}

/// Runs test programs one after the other, also after a failure.
pub(super) async fn run<'a>(programs: impl Iterator<Item = &'a TestProgram>, arguments: &[String]) -> Result<()> {
    let mut failures = Vec::new();
    for program in programs {
        failures.extend(program.run(arguments).await.err().map(|error| format!("{error:#}")));
    }
    if failures.is_empty() { Ok(()) } else { bail!(failures.join("\n")) }
}

/// Some tests of one program.
#[derive(Debug)]
pub(super) struct Chosen<'a> {
    program: &'a TestProgram,
    names: Vec<String>,
}

/// The tests of some programs that the arguments choose and that are `wanted`.
pub(super) async fn choose<'a>(
    programs: impl Iterator<Item = &'a TestProgram>,
    wanted: impl Fn(&str) -> bool,
    arguments: &[String],
) -> Result<Vec<Chosen<'a>>> {
    let mut chosen = Vec::new();
    for program in programs {
        let mut names = program.list(arguments).await?;
        names.retain(|name| wanted(name));
        if !names.is_empty() {
            chosen.push(Chosen { program, names });
        }
    }
    Ok(chosen)
}

impl Chosen<'_> {
    /// The tests in groups of about the same size, each with tests from every module.
    pub(super) fn split(self, groups: usize) -> Vec<Self> {
        let of_group = |group: usize| {
            let names = self.names.iter().skip(group).step_by(groups).cloned().collect();
            Self { program: self.program, names }
        };
        (0..groups.min(self.names.len())).map(of_group).collect()
    }

    /// Runs the tests; prints their output when they have ended.
    pub(super) async fn run(&self, arguments: &[String], environment: &[(&str, PathBuf)]) -> Result<()> {
        // A test program joins its filters with "or": the tests are named one by one.
        let mut command = self.program.command();
        command.args(options(arguments)).arg("--exact").args(&self.names);
        command.envs(environment.iter().map(|(name, value)| (name, value)));
        process::run_in_one_piece(&mut command).await.with_context(|| format!("tests of {}", self.program.package))
    }
}

impl TestProgram {
    async fn run(&self, arguments: &[String]) -> Result<()> {
        ui::note(format_args!("     Running {} ({})", self.package, self.path.display()));
        let mut command = self.command();
        process::run(command.args(arguments)).await
    }

    /// The names of the tests that the arguments choose.
    async fn list(&self, arguments: &[String]) -> Result<Vec<String>> {
        let mut list = self.command();
        let output = list.args(["--list", "--format", "terse"]).args(arguments).output().await?;
        if !output.status.success() {
            bail!("{} does not list its tests: {}", self.path.display(), String::from_utf8_lossy(&output.stderr));
        }
        let listed = String::from_utf8(output.stdout).context("the name of a test is not UTF-8")?;
        Ok(listed.lines().filter_map(|line| line.strip_suffix(": test")).map(str::to_owned).collect())
    }

    fn command(&self) -> tokio::process::Command {
        let mut command = process::command(&self.path);
        command.current_dir(&self.folder).env("CARGO_MANIFEST_DIR", &self.folder);
        command
    }
}

/// Names and folders of the workspace's packages. Folders alone would not do: `tests` and `services/tests` have the same
/// last part.
struct Packages {
    by_id: BTreeMap<PackageId, (String, PathBuf)>,
}

impl Packages {
    fn read(repo: &Path) -> Result<Self> {
        let metadata = MetadataCommand::new().current_dir(repo).no_deps().exec();
        let metadata = metadata.context("cannot read the workspace's manifests")?;
        let package = |package: cargo_metadata::Package| {
            let folder = package.manifest_path.parent().map(|folder| folder.as_std_path().to_owned());
            Some((package.id, (package.name.to_string(), folder?)))
        };
        Ok(Self { by_id: metadata.packages.into_iter().filter_map(package).collect() })
    }

    fn find(&self, id: &PackageId) -> Result<(String, PathBuf)> {
        self.by_id
            .get(id)
            .cloned()
            .with_context(|| format!("cargo built a test of {id}, which is not in the workspace"))
    }
}

/// The arguments without the names of tests, and without `--exact`, which the tests' full names get anyway.
fn options(arguments: &[String]) -> Vec<String> {
    let mut options = Vec::new();
    let mut is_value = false;
    for argument in arguments {
        if is_value || (argument.starts_with('-') && argument != "--exact") {
            options.push(argument.clone());
        }
        is_value = !is_value && OPTIONS_WITH_VALUE.contains(&argument.as_str());
    }
    options
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_tests_are_told_from_options_and_their_values() {
        let arguments =
            ["inbox", "--exact", "--nocapture", "--test-threads", "1", "--skip", "slow", "mail"].map(str::to_owned);
        assert_eq!(options(&arguments), ["--nocapture", "--test-threads", "1", "--skip", "slow"]);
    }

    #[test]
    fn a_split_loses_no_test_and_has_no_empty_group() {
        let program = TestProgram {
            package: "a".to_owned(),
            service: None,
            target: "it".to_owned(),
            integration: true,
            path: PathBuf::new(),
            folder: PathBuf::new(),
        };
        let names = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
        let split = |all: &[&str]| -> Vec<Vec<String>> {
            let chosen = Chosen { program: &program, names: names(all) };
            chosen.split(2).into_iter().map(|group| group.names).collect()
        };
        assert_eq!(split(&["a", "b", "c"]), [names(&["a", "c"]), names(&["b"])]);
        assert_eq!(split(&["a"]), [names(&["a"])]);
    }
}
