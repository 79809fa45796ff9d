//! The tests in a browser: the page as it is deployed, on a local cloud of its own.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use crate::home::Home;
use crate::interrupts::Interrupts;
use crate::npm::Npm;
use crate::own_cloud::on_own_cloud;
use crate::process;
use crate::ui::{self, Step};

/// The environment variable that names the browser's program, for us and for what we start.
pub(crate) const CHROMIUM: &str = "CHROMIUM";

const NAMES: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

/// What a program in a browser needs of the file of an environment's status.
#[derive(Deserialize)]
struct Deployed {
    web: Option<String>,
}

/// Runs the page's own tests (`web/tests`) against a deployed page. Screenshots and traces stay in `target/browser`.
pub(crate) async fn check(home: &Home, arguments: &[String], interrupts: &mut Interrupts) -> Result<()> {
    let chromium = interrupts.unless(chromium()).await?;
    let web = interrupts.unless(Npm::of_page(home)).await?;
    let artifacts = emptied(home.repo.join("target/browser"))?;
    on_own_cloud(home, interrupts, async |environment| {
        let status = environment.iter().find_map(|(name, path)| (*name == "BUSLINE_STATUS").then_some(path));
        let mut tests = web.script("browser");
        tests.args(arguments).envs(environment.iter().map(|(name, value)| (name, value)));
        tests.env("BUSLINE_WEB_ORIGIN", page(status.context("a cloud has a status")?)?);
        tests.env("BUSLINE_ARTIFACTS", &artifacts).env(CHROMIUM, &chromium);
        let outcome = process::run(&mut tests).await;
        ui::note(format_args!("Screenshots and traces are in {}", artifacts.display()));
        outcome
    })
    .await
}

/// The page's address, out of the file of an environment's status.
pub(crate) fn page(status: &Path) -> Result<String> {
    let text = fs::read(status).with_context(|| format!("cannot read {}", status.display()))?;
    serde_json::from_slice::<Deployed>(&text)?.web.context("the page is not deployed")
}

/// A folder without what the last run left in it.
pub(crate) fn emptied(folder: PathBuf) -> Result<PathBuf> {
    if folder.exists() {
        fs::remove_dir_all(&folder).with_context(|| format!("cannot empty {}", folder.display()))?;
    }
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    Ok(folder)
}

/// The machine's Chromium: the one that `CHROMIUM` names, or one on the `PATH`, or Debian's, installed when we may.
pub(crate) async fn chromium() -> Result<PathBuf> {
    if let Some(named) = env::var_os(CHROMIUM).filter(|named| !named.is_empty()) {
        let named = PathBuf::from(named);
        if named.is_file() {
            return Ok(named);
        }
        bail!(
            "{CHROMIUM} is {}, which is no file: it must be the path of a Chromium or Chrome program",
            named.display()
        );
    }
    if let Some(found) = on_path() {
        return Ok(found);
    }
    install().await?;
    on_path().context("Debian's package chromium is installed, and there is no program chromium on the PATH")
}

fn on_path() -> Option<PathBuf> {
    let folders: Vec<PathBuf> = env::split_paths(&env::var_os("PATH")?).collect();
    NAMES.iter().find_map(|name| folders.iter().map(|folder| folder.join(name)).find(|program| program.is_file()))
}

/// Installs Debian's package where that needs nobody's consent: as root, in a container or on a CI machine.
async fn install() -> Result<()> {
    let identity = process::command("id").arg("-u").output().await.context("cannot run `id`")?;
    let apt = Path::new("/usr/bin/apt-get");
    if identity.stdout.trim_ascii() != b"0" || !apt.exists() {
        bail!(
            "the tests in a browser need Chromium or Chrome: install it (Debian: apt-get install chromium), or name \
             its program in {CHROMIUM}"
        );
    }
    let step = Step::start("Chromium");
    let apt_get = |arguments: &[&str]| {
        let mut command = process::command(apt);
        command.args(arguments).env("DEBIAN_FRONTEND", "noninteractive");
        command
    };
    process::run_quietly(&mut apt_get(&["update", "-q"])).await?;
    let packages = ["install", "-q", "-y", "--no-install-recommends", "chromium", "fonts-dejavu-core"];
    process::run_quietly(&mut apt_get(&packages)).await?;
    step.done("Debian's package is installed");
    Ok(())
}
