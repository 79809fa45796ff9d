//! `cargo xtask page`: the page's size and Lighthouse scores, on a separate local cloud. The program is in
//! `tests/bench/page/`.

use std::path::Path;

use anyhow::{Context, Result};
use clap::Args;

use crate::aws::{LOCAL, Target};
use crate::browser::{self, CHROMIUM};
use crate::demo_requests;
use crate::home::Home;
use crate::identity::UserCredentials;
use crate::interrupts::Interrupts;
use crate::npm::Npm;
use crate::prerequisites;
use crate::process;
use crate::separate_cloud::{Environment, on_separate_cloud};
use crate::ui;

/// How the page is measured.
#[derive(Args, Clone, Debug)]
pub(crate) struct PageRun {
    /// How often each view is opened; the median run counts.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,
}

pub(crate) async fn command(home: &Home, run: &PageRun) -> Result<()> {
    prerequisites::check(home)?;
    let mut interrupts = Interrupts::catch()?;
    let chromium = interrupts.unless(browser::chromium()).await?;
    let figures = interrupts.unless(Npm::for_figures(home)).await?;
    let reports = browser::emptied(home.repo.join("target/page"))?;
    let look = async |environment: &Environment| measure(home, run, &chromium, &figures, &reports, environment).await;
    Box::pin(on_separate_cloud(home, &mut interrupts, look)).await
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
    demo_requests::send(home, &Target::for_environment(&own, LOCAL).await?).await?;
    let UserCredentials { email, password } = UserCredentials::demo();
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
    found.with_context(|| format!("the local cloud of the test gave no {name}"))
}
