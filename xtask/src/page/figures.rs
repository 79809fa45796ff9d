//! What the page weighs and how well it does, on a local cloud of its own: `bench/page/`.

use std::path::Path;

use anyhow::{Context, Result};
use clap::Args;
use serde_json::json;

use crate::aws::{LOCAL, Target};
use crate::browser::{self, CHROMIUM};
use crate::home::Home;
use crate::identity::{Person, SignIn};
use crate::interrupts::Interrupts;
use crate::npm::Npm;
use crate::own_cloud::{Environment, on_own_cloud};
use crate::prerequisites;
use crate::process;
use crate::status::Status;
use crate::ui;

/// Items on the list that is looked at.
const ITEMS: u32 = 25;

/// How the page is measured.
#[derive(Args, Clone, Debug)]
pub(crate) struct PageRun {
    /// How often each view is opened; its median run counts.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,
}

/// `cargo xtask page`.
pub(crate) async fn command(home: &Home, run: &PageRun) -> Result<()> {
    prerequisites::check(home)?;
    let mut interrupts = Interrupts::catch()?;
    let chromium = interrupts.unless(browser::chromium()).await?;
    let figures = interrupts.unless(Npm::of_figures(home)).await?;
    let reports = browser::emptied(home.repo.join("target/page"))?;
    let look = async |environment: &Environment| measure(home, run, &chromium, &figures, &reports, environment).await;
    Box::pin(on_own_cloud(home, &mut interrupts, look)).await
}

async fn measure(
    home: &Home,
    run: &PageRun,
    chromium: &Path,
    figures: &Npm,
    reports: &Path,
    environment: &Environment,
) -> Result<()> {
    let own = home.beside(environment_path(environment, "BUSLINE_HOME")?.to_owned());
    make_a_list(&Target::of(&own, LOCAL).await?).await?;
    let Person { email, password } = Person::demo();
    let mut lighthouse = figures.node("figures.mjs");
    lighthouse.env("BUSLINE_WEB_ORIGIN", browser::page(environment_path(environment, "BUSLINE_STATUS")?)?);
    lighthouse.env("BUSLINE_EMAIL", email).env("BUSLINE_PASSWORD", password);
    lighthouse.env("BUSLINE_ROUNDS", run.rounds.to_string()).env("BUSLINE_ARTIFACTS", reports);
    let outcome = process::run(lighthouse.env(CHROMIUM, chromium)).await;
    ui::note(format_args!("Lighthouse's reports are in {}", reports.display()));
    outcome
}

fn environment_path<'a>(environment: &'a Environment, name: &str) -> Result<&'a Path> {
    let found = environment.iter().find_map(|(one, path)| (*one == name).then_some(path.as_path()));
    found.with_context(|| format!("a cloud of its own has no {name}"))
}

/// A list as somebody has it: an empty one is light.
async fn make_a_list(target: &Target) -> Result<()> {
    let status = Status::read(target).await?;
    let token = SignIn::to(target, &status)?.access_token(&Person::demo()).await?;
    let todos = status.apis.get("todos").cloned().flatten().context("the stack todos is not deployed")?;
    let client = reqwest::Client::new();
    for number in 1..=ITEMS {
        let body = json!({ "title": format!("Water plant number {number}"), "tags": ["home"] });
        let post = client.post(format!("{todos}/todos")).bearer_auth(&token).json(&body);
        post.send().await?.error_for_status().context("an item was not made")?;
    }
    Ok(())
}
