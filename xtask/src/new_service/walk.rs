//! Follows the documents on adding an event and adding a route in the copy: what a developer does by hand is in
//! `by_hand.rs`, the rest is written by commands. The documents must name the files that change, and no others.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};

use super::by_hand::{self, Edit, JOB, PUBLISHED};
use super::check::WITHOUT_PRODUCT;
use super::copy::{CONTRACTS_HOLD, Copy, PATHS_EXIST};
use super::documents;
use crate::checks;
use crate::home::Home;
use crate::process;
use crate::ui;

/// The most files by hand for an event with one subscriber.
const MAX_BY_HAND: usize = 8;

/// Adds an event of the service, a job of `subscriber` that reads it, and a route of the service; then runs the checks and
/// tests of both.
pub(super) async fn follow(home: &Home, copy: &Copy, [service, subscriber]: [&str; 2]) -> Result<()> {
    add_event(copy, service, subscriber).await?;
    add_route(copy, service).await?;
    checks::run(&Home { repo: copy.folder.clone(), ..home.clone() })?;
    copy.cargo(&["xtask", "test", "--only", "format", "--only", "templates"]).await?;
    let services = [service, subscriber];
    copy.test(&services, &WITHOUT_PRODUCT).await?;
    copy.lint(&services).await?;
    copy.test_repository(&[CONTRACTS_HOLD, PATHS_EXIST]).await
}

/// An event that the service publishes with each new item, and a job that reads it.
async fn add_event(copy: &Copy, service: &str, subscriber: &str) -> Result<()> {
    ui::note(format_args!("following {}", documents::EVENT.document));
    let event = format!("{service}/{PUBLISHED}");
    copy.cargo(&["xtask", "new", "event", &event]).await?;
    let by_hand = change(copy, &by_hand::EVENT, service).await?;
    ensure!(by_hand.len() <= MAX_BY_HAND, "more than {MAX_BY_HAND} files by hand: {by_hand:?}");
    copy.cargo(&["xtask", "new", "subscriber", &format!("{subscriber}/{JOB}"), &event]).await?;
    documents::EVENT.ensure_complete(&copy.folder, &copy.changes().await?, by_hand.len())?;
    copy.commit("an event").await
}

async fn add_route(copy: &Copy, service: &str) -> Result<()> {
    ui::note(format_args!("following {}", documents::ROUTE.document));
    let by_hand = change(copy, &by_hand::ROUTE, service).await?;
    documents::ROUTE.ensure_complete(&copy.folder, &copy.changes().await?, by_hand.len())
}

/// Makes changes by hand; returns the files that have them.
async fn change(copy: &Copy, edits: &[Edit], service: &str) -> Result<BTreeSet<String>> {
    let mut files = BTreeSet::new();
    for edit in edits {
        let [path, before, after] = [edit.0, edit.1, edit.2].map(|text| text.replace("__service__", service));
        let file = copy.folder.join(&path);
        let text = fs::read_to_string(&file).with_context(|| format!("cannot read {path}"))?;
        ensure!(text.contains(&before), "{path} has no longer this text, which by_hand.rs changes:\n{before}");
        fs::write(&file, text.replacen(&before, &after, 1))?;
        files.insert(path);
    }
    let is_rust = |path: &&String| Path::new(path).extension().is_some_and(|ending| ending == "rs");
    let mut rustfmt = copy.command("rustfmt");
    rustfmt.args(["--edition", "2024"]).args(files.iter().filter(is_rust));
    process::run_quietly(&mut rustfmt).await?;
    Ok(files)
}
