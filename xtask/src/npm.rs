//! Folders of JavaScript, with exactly the packages of their lock files.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use tokio::process::Command;

use crate::hash;
use crate::home::{self, Home};
use crate::process;
use crate::ui::Step;

/// A folder with a `package.json` and its installed packages.
#[derive(Debug)]
pub(crate) struct Npm {
    folder: PathBuf,
}

impl Npm {
    /// The page and its tests.
    pub(crate) async fn for_page(home: &Home) -> Result<Self> {
        Self::ready(home, "web").await
    }

    /// The program that measures the page.
    pub(crate) async fn for_figures(home: &Home) -> Result<Self> {
        Self::ready(home, "tests/bench/page").await
    }

    /// Installs the packages of a folder's lock file, unless they are installed.
    async fn ready(home: &Home, folder: &str) -> Result<Self> {
        let npm = Self { folder: home.repo.join(folder) };
        let lock = home.cache().join(format!("npm-{}.lock", folder.replace('/', "-")));
        let _lock = home::lock(&lock, "another `cargo xtask` installs npm's packages; waiting for it").await?;
        let stamp = npm.folder.join("node_modules/.busline-lock");
        let wanted = hash::sha256_of_file(&npm.folder.join("package-lock.json"))?;
        if !fs::read_to_string(&stamp).is_ok_and(|found| found == wanted) {
            let step = Step::start("npm");
            process::run_quietly(&mut npm.npm(&["ci", "--no-audit", "--no-fund"])).await?;
            fs::write(&stamp, &wanted).with_context(|| format!("cannot write {}", stamp.display()))?;
            step.done(format_args!("packages of {folder} installed"));
        }
        Ok(npm)
    }

    /// A script of its `package.json`.
    pub(crate) fn script(&self, name: &str) -> Command {
        self.npm(&["run", "--silent", name, "--"])
    }

    /// One of its files as a program for Node.
    pub(crate) fn node(&self, file: &str) -> Command {
        self.command("node", &[file])
    }

    /// The path of a file in the folder.
    pub(crate) fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        self.folder.join(name)
    }

    fn npm(&self, arguments: &[&str]) -> Command {
        self.command("npm", arguments)
    }

    fn command(&self, program: impl AsRef<OsStr>, arguments: &[&str]) -> Command {
        let mut command = process::command(program);
        command.args(arguments).current_dir(&self.folder);
        // Tests and measurements use the machine's browser.
        command.env("PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD", "1").env("NPM_CONFIG_UPDATE_NOTIFIER", "false");
        command
    }
}
