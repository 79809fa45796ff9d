//! Part `browser` of `cargo xtask test`: the deployed page in Chromium, on a separate local cloud.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use crate::home::Home;
use crate::interrupts::Interrupts;
use crate::npm::Npm;
use crate::process;
use crate::separate_cloud::on_separate_cloud;
use crate::ui::{self, Step};

/// The environment variable with the path of the browser's program.
pub(crate) const CHROMIUM: &str = "CHROMIUM";

/// The first one draws no window, which leaves more of the processor to the tests.
const NAMES: [&str; 5] =
    ["chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

/// As many as fit among the last lines of a part.
const SNAPSHOT_LINES: usize = 25;

/// The fields of an environment's status that are used here.
#[derive(Deserialize)]
struct Deployed {
    web: Option<String>,
}

/// Runs the page's tests (`web/tests`) against the deployed page. Screenshots and traces are kept in `target/browser`.
pub(crate) async fn check(home: &Home, arguments: &[String], interrupts: &mut Interrupts) -> Result<()> {
    let chromium = interrupts.unless(chromium()).await?;
    let web = interrupts.unless(Npm::for_page(home)).await?;
    let artifacts = emptied(home.repo.join("target/browser"))?;
    on_separate_cloud(home, interrupts, async |environment| {
        let status = environment.iter().find_map(|(name, path)| (*name == "BUSLINE_STATUS").then_some(path));
        let mut tests = web.script("browser");
        tests.args(arguments).envs(environment.iter().map(|(name, value)| (name, value)));
        tests.env("BUSLINE_WEB_ORIGIN", page(status.context("the local cloud has no status file")?)?);
        tests.env("BUSLINE_ARTIFACTS", &artifacts).env(CHROMIUM, &chromium);
        let outcome = process::run(&mut tests).await;
        ui::note(format_args!("Screenshots and traces are in {}", artifacts.display()));
        if outcome.is_err() {
            print_page(&artifacts);
        }
        outcome
    })
    .await
}

/// Prints what the page showed when one of the tests failed: where the tests run, the screenshots may not be kept.
fn print_page(artifacts: &Path) {
    let runs = fs::read_dir(artifacts.join("runs")).into_iter().flatten().flatten();
    let mut files: Vec<PathBuf> = runs.map(|run| run.path().join("error-context.md")).collect();
    files.sort();
    if let Some(text) = files.iter().find_map(|file| fs::read_to_string(file).ok()) {
        ui::note(format_args!("The page showed:\n{}", main_content(&text)));
    }
}

/// The page's main content from Playwright's description of an error, as far as it fits, without what was typed and without addresses of
/// users.
fn main_content(text: &str) -> String {
    let snapshot = text.split_once("```yaml\n").map_or(text, |(_, snapshot)| snapshot);
    let main = snapshot.find("- main").map_or(snapshot, |start| &snapshot[start..]);
    let lines = main.lines().take_while(|line| *line != "```");
    let lines = lines.map(|line| if line.contains("- textbox") { before_value(line) } else { line });
    let lines = lines.filter(|line| !line.contains("- /url:") && !line.contains('@'));
    lines.take(SNAPSHOT_LINES).collect::<Vec<_>>().join("\n")
}

/// `- textbox "Password"` of `- textbox "Password" [ref=1]: secret`.
fn before_value(line: &str) -> &str {
    line.match_indices('"').nth(1).map_or(line, |(end, _)| &line[..=end])
}

/// The page's address from the status file of an environment.
pub(crate) fn page(status: &Path) -> Result<String> {
    let text = fs::read(status).with_context(|| format!("cannot read {}", status.display()))?;
    serde_json::from_slice::<Deployed>(&text)?.web.context("the page is not deployed")
}

/// Creates an empty folder, in the place of the last run's.
pub(crate) fn emptied(folder: PathBuf) -> Result<PathBuf> {
    if folder.exists() {
        fs::remove_dir_all(&folder).with_context(|| format!("cannot empty {}", folder.display()))?;
    }
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    Ok(folder)
}

/// The machine's Chromium: the program in `CHROMIUM`, or one on the `PATH`, or Debian's package, which is installed where
/// that is possible without asking.
pub(crate) async fn chromium() -> Result<PathBuf> {
    if let Some(named) = env::var_os(CHROMIUM).filter(|named| !named.is_empty()) {
        let named = PathBuf::from(named);
        if named.is_file() {
            return Ok(named);
        }
        bail!(
            "{CHROMIUM} is {}, which is not a file: it must be the path of a Chromium or Chrome program",
            named.display()
        );
    }
    if let Some(found) = on_path() {
        return Ok(found);
    }
    install().await?;
    on_path().with_context(|| {
        format!("Debian's package {0} is installed, but there is no program {0} on the PATH", NAMES[0])
    })
}

fn on_path() -> Option<PathBuf> {
    let folders: Vec<PathBuf> = env::split_paths(&env::var_os("PATH")?).collect();
    NAMES.iter().find_map(|name| folders.iter().map(|folder| folder.join(name)).find(|program| program.is_file()))
}

/// Installs Debian's package as root, as in a container or on a CI machine.
async fn install() -> Result<()> {
    let identity = process::command("id").arg("-u").output().await.context("cannot run `id`")?;
    let apt = Path::new("/usr/bin/apt-get");
    if identity.stdout.trim_ascii() != b"0" || !apt.exists() {
        bail!(
            "the tests in a browser need Chromium or Chrome: install it (Debian: apt-get install {}), or name \
             its program in {CHROMIUM}",
            NAMES[0]
        );
    }
    let step = Step::start("Chromium");
    let apt_get = |arguments: &[&str]| {
        let mut command = process::command(apt);
        command.args(arguments).env("DEBIAN_FRONTEND", "noninteractive");
        command
    };
    process::run_quietly(&mut apt_get(&["update", "-q"])).await?;
    let packages = ["install", "-q", "-y", "--no-install-recommends", NAMES[0], "fonts-dejavu-core"];
    process::run_quietly(&mut apt_get(&packages)).await?;
    step.done("Debian's package is installed");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_main_content_is_shown_of_a_page() {
        let text = "# Error details\n```\nError: no link\n```\n\n```yaml\n- navigation:\n  - link\n- main:\n  - link \"a\":\n    - /url: /a\n  - text: b\n  - text: c@example.com\n  - textbox \"Password\" [ref=f2]: \"c\"\n```\n# Test source\n";
        assert_eq!(main_content(text), "- main:\n  - link \"a\":\n  - text: b\n  - textbox \"Password\"");
        assert_eq!(main_content("```yaml\n- dialog\n```"), "- dialog");
    }
}
