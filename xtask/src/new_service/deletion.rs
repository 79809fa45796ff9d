//! Deletes a service in the copy, and checks that the others do without it.

use std::path::Path;

use anyhow::{Context, Result};
use contracts::repository::tree::Tree;
use contracts::repository::{EventName, Repository};

use crate::new_service::copy::{CONTRACTS_HOLD, Copy};
use crate::stacks::Stacks;
use crate::ui;

/// The services that no other one needs: none reads their SSM parameters, and none has a job that only they publish for.
pub(super) fn unneeded_services(repo: &Path) -> Result<Vec<String>> {
    let stacks = Stacks::discover(repo)?;
    let contracts = Repository::new(Tree::read(repo)?, None);
    let names: Vec<&str> = stacks.services().map(|service| service.name.as_str()).collect();
    let is_needed = |name: &str| {
        let others = || stacks.all().iter().filter(|stack| stack.service.is_some());
        others().any(|stack| stack.needs.contains(name)) || is_only_publisher(&contracts, name)
    };
    Ok(names.into_iter().filter(|name| !is_needed(name)).map(str::to_owned).collect())
}

/// Whether a job of another service reads an event that this service alone publishes.
fn is_only_publisher(contracts: &Repository, service: &str) -> bool {
    contracts.readers.iter().filter(|reader| reader.service != service).any(|reader| {
        let events = contracts.events_of(reader);
        !events.is_empty() && events.iter().all(|event| event.service == service)
    })
}

/// The event versions that are not released yet. Each needs a reader, which may be the service that is deleted.
fn drafts(repo: &Path) -> Result<Vec<String>> {
    let contracts = Repository::new(Tree::read(repo)?, None);
    let is_released = |name: &EventName| contracts.releases.get(name).is_some_and(|version| version.released.is_some());
    let published = contracts.published().map(|(name, _)| name);
    Ok(published.filter(|name| !is_released(name)).map(ToString::to_string).collect())
}

/// The tests of the page in a deployment that has not all services.
const PAGE_WITHOUT: &str = "missing-service";

/// Releases all events and deletes a service; then everything must compile, the tests and checks of the others must pass,
/// and the product without it is deployed and used in a browser.
pub(super) async fn check_without(copy: &Copy, service: &str) -> Result<()> {
    ui::note(format_args!("deleting {service}"));
    let drafts = drafts(&copy.folder)?;
    let release = drafts.iter().flat_map(|draft| ["--release", draft]);
    copy.cargo(&["xtask", "schemas"].into_iter().chain(release).collect::<Vec<_>>()).await?;
    copy.delete(service).await?;
    copy.ensure_changes_of(service).await?;
    copy.cargo(&["xtask", "test", "--only", "templates"]).await?;
    for other in Stacks::discover(&copy.folder)?.services() {
        copy.cargo(&["xtask", "test", "--only", "unit", "--service", &other.name]).await?;
    }
    copy.test_repository(&[CONTRACTS_HOLD])
        .await
        .with_context(|| format!("the contracts do not hold without {service}"))?;
    copy.cargo(&["xtask", "test", "--only", "browser", "--", "--no-deps", PAGE_WITHOUT])
        .await
        .with_context(|| format!("the page does not work without {service}"))?;
    copy.restore().await
}
