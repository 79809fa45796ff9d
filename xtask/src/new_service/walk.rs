//! Follows the documents on adding an event and adding a route in the copy: what a developer does by hand is in
//! `by_hand.rs`, the rest is written by commands. Every file that changes must be named in the document.

use std::collections::BTreeSet;
use std::fs;

use anyhow::{Context, Result, ensure};

use super::by_hand::{EVENT, JOB, Manual, PUBLISHED, ROUTE};
use super::copy::{CONTRACTS_HOLD, Copy};
use super::documents::{self, ensure_names};
use crate::checks;
use crate::home::Home;
use crate::services;
use crate::ui;

/// The most files by hand for an event with one subscriber.
const MAX_BY_HAND: usize = 8;

/// Follows both documents for the service, then runs the checks and tests of what changed.
///
/// At the end the copy is as it was.
pub(super) async fn follow(home: &Home, copy: &Copy, service: &str, need_product: &[&str]) -> Result<()> {
    let own = Home { repo: copy.folder.clone(), ..home.clone() };
    let others = services::discover(&copy.folder)?;
    let subscriber =
        others.iter().find(|other| other.name != service).context("there is one service more")?.name.clone();
    copy.commit("a service").await?;
    ui::note(format_args!("following {} and {}", documents::EVENT, documents::ROUTE));
    add_event(copy, service, &subscriber).await?;
    add_route(copy, service).await?;
    checks::run(&own)?;
    copy.cargo(&["xtask", "test", "--only", "format", "--only", "templates"]).await?;
    let packages = ["--quiet", "--package", service, "--package", &subscriber];
    let tests = [&["test"][..], &packages, &["--bins", "--tests", "--"], need_product].concat();
    copy.cargo(&tests).await?;
    copy.cargo(&[&["clippy"][..], &packages, &["--all-targets", "--", "--deny", "warnings"]].concat()).await?;
    copy.test_repository(&[CONTRACTS_HOLD]).await?;
    copy.return_to_changes(1).await
}

/// An event of the service, which it publishes with each new item, and a job of another service that reads it.
async fn add_event(copy: &Copy, service: &str, subscriber: &str) -> Result<()> {
    let event = format!("{service}/{PUBLISHED}");
    copy.cargo(&["xtask", "new", "event", &event]).await?;
    let by_hand = apply(copy, &EVENT, service)?;
    ensure!(by_hand.len() <= MAX_BY_HAND, "more than {MAX_BY_HAND} files by hand: {by_hand:?}");
    copy.cargo(&["xtask", "new", "subscriber", &format!("{subscriber}/{JOB}"), &event]).await?;
    ensure_names(&copy.folder, documents::EVENT, &copy.changes().await?, by_hand.len())?;
    copy.commit("an event").await
}

async fn add_route(copy: &Copy, service: &str) -> Result<()> {
    let by_hand = apply(copy, &ROUTE, service)?;
    ensure_names(&copy.folder, documents::ROUTE, &copy.changes().await?, by_hand.len())
}

/// Makes changes by hand; returns the files that have them.
fn apply(copy: &Copy, changes: &[Manual], service: &str) -> Result<BTreeSet<String>> {
    let mut files = BTreeSet::new();
    for (path, place, replacement) in changes {
        let path = path.replace("__service__", service);
        let (place, replacement) = (place.replace("__service__", service), replacement.replace("__service__", service));
        let file = copy.folder.join(&path);
        let text = fs::read_to_string(&file).with_context(|| format!("cannot read {path}"))?;
        ensure!(text.contains(&place), "{path} has no longer this text, which by_hand.rs changes:\n{place}");
        fs::write(&file, text.replacen(&place, &replacement, 1))?;
        files.insert(path);
    }
    Ok(files)
}
