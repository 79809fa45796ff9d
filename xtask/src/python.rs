//! The Python environments of the local cloud, the linters and the hostile tests, created from lock files with hashes.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::hash;
use crate::home::{self, Home};
use crate::process;
use crate::ui::Step;

/// An environment with exactly the packages of its lock files.
#[derive(Clone, Debug)]
pub(crate) struct Python {
    venv: PathBuf,
}

impl Python {
    /// Creates the environment of `local/requirements.lock`, unless it exists with the same lock file.
    pub(crate) async fn ready(home: &Home) -> Result<Self> {
        Self::prepare(home.venv.clone(), &home.repo.join("local/requirements.lock")).await
    }

    /// The same for `tests/hostile/requirements.lock`, in a separate folder, because only that test needs it.
    pub(crate) async fn for_hostile_tests(home: &Home) -> Result<Self> {
        let mut venv = home.venv.clone().into_os_string();
        venv.push("-hostile");
        Self::prepare(venv.into(), &home.repo.join("tests/hostile/requirements.lock")).await
    }

    async fn prepare(venv: PathBuf, requirements: &Path) -> Result<Self> {
        let python = Self { venv };
        let _lock = python.lock().await?;
        let stamp = python.venv.join("busline-requirements");
        let wanted = hash::sha256_of_file(requirements)?;
        if is_stamped(&stamp, &wanted) {
            return Ok(python);
        }
        let step = Step::start("Python");
        python.create().await?;
        python.install(requirements).await?;
        write_stamp(&stamp, &wanted)?;
        step.done(format_args!("environment in {}", python.venv.display()));
        Ok(python)
    }

    /// Adds the linker for Lambda's C library, which only a deployment to AWS needs.
    pub(crate) async fn add_aws_tools(&self, home: &Home) -> Result<()> {
        let _lock = self.lock().await?;
        let requirements = home.repo.join("xtask/requirements-aws.lock");
        let stamp = self.venv.join("busline-requirements-aws");
        let wanted = hash::sha256_of_file(&requirements)?;
        if is_stamped(&stamp, &wanted) {
            return Ok(());
        }
        let step = Step::start("AWS tools");
        self.install(&requirements).await?;
        write_stamp(&stamp, &wanted)?;
        step.done("cargo-zigbuild");
        Ok(())
    }

    /// The folder of its programs.
    pub(crate) fn programs(&self) -> PathBuf {
        self.venv.join("bin")
    }

    /// The path of one of its programs.
    pub(crate) fn program(&self, name: &str) -> PathBuf {
        self.programs().join(name)
    }

    async fn lock(&self) -> Result<fs::File> {
        let mut path = self.venv.clone().into_os_string();
        path.push(".lock");
        home::lock(Path::new(&path), "another `cargo xtask` creates the Python environment; waiting for it").await
    }

    async fn create(&self) -> Result<()> {
        if self.venv.exists() {
            fs::remove_dir_all(&self.venv).with_context(|| format!("cannot remove {}", self.venv.display()))?;
        }
        process::run_quietly(process::command("python3").args(["-m", "venv"]).arg(&self.venv)).await
    }

    async fn install(&self, requirements: &Path) -> Result<()> {
        let mut pip = process::command(self.program("pip"));
        pip.args(["--disable-pip-version-check", "install", "--quiet", "--require-hashes", "--no-deps", "-r"]);
        process::run_quietly(pip.arg(requirements)).await
    }
}

fn is_stamped(stamp: &Path, wanted: &str) -> bool {
    fs::read_to_string(stamp).is_ok_and(|found| found == wanted)
}

fn write_stamp(stamp: &Path, hash: &str) -> Result<()> {
    fs::write(stamp, hash).with_context(|| format!("cannot write {}", stamp.display()))
}
