//! The part `new-service` of `cargo xtask test`: in a copy of the repository, writes a service, follows the documents on
//! adding an event and a route, and deploys that: its tests run, beside deployments with mistakes and kills. Then deletes the
//! service again, and each service that no other one needs.

use std::env;

use anyhow::{Context, Result, ensure};

use crate::checks;
use crate::home::Home;
use crate::interrupts::Interrupts;
use crate::new_service::copy::Copy;
use crate::new_service::{deletion, deployments, walk};
use crate::process;
use crate::stacks::Stacks;
use crate::ui;

/// The name of the service in the copy.
const SERVICE: &str = "tags";

/// Tests of a service that need a running product.
pub(super) const NEED_PRODUCT: [&str; 2] = ["e2e::", "permissions::every_permission_is_missed_when_it_is_removed"];

/// The arguments that leave those tests out.
pub(super) const WITHOUT_PRODUCT: [&str; 4] = ["--skip", NEED_PRODUCT[0], "--skip", NEED_PRODUCT[1]];

/// The message of the commit of the copy with the new service.
const WRITTEN: &str = "the new service";

/// Writes a service and follows the documents with it; deploys that; deletes the service, and does without each of the
/// others that can be missing.
pub(crate) async fn check(home: &Home, interrupts: &mut Interrupts) -> Result<()> {
    let copy = interrupts.unless(Copy::create(home)).await?;
    interrupts.unless(write(home, &copy)).await?;
    let subscriber = interrupts.unless(follow_documents(home, &copy)).await?;
    deployments::check(&copy, [SERVICE, &subscriber], home, interrupts).await?;
    interrupts.unless(delete(&copy)).await?;
    copy.remove()
}

/// Returns the service with the new subscriber: the one that is deployed first.
async fn follow_documents(home: &Home, copy: &Copy) -> Result<String> {
    copy.commit(WRITTEN).await?;
    let stacks = Stacks::discover(&copy.folder)?;
    let subscriber = stacks.services().next().context("there is a service")?.name.clone();
    ensure!(subscriber != SERVICE, "{SERVICE} needs no other service: which one reads its event?");
    walk::follow(home, copy, [SERVICE, &subscriber]).await?;
    Ok(subscriber)
}

async fn delete(copy: &Copy) -> Result<()> {
    copy.return_to(WRITTEN).await?;
    ui::note(format_args!("deleting {SERVICE}"));
    copy.delete(SERVICE).await?;
    let left = copy.changes().await?;
    ensure!(left.is_empty(), "a deleted service leaves changes behind:\n{}", left.join("\n"));
    for service in deletion::unneeded_services(&copy.folder)? {
        deletion::check_without(copy, &service).await?;
    }
    Ok(())
}

/// Writes a service, which must pass its own tests and change nothing else.
async fn write(home: &Home, copy: &Copy) -> Result<()> {
    ui::note(format_args!("cargo xtask new service {SERVICE}"));
    // This program is the copy's xtask, too: their sources are the same until the service is written.
    let mut new_service = copy.command(env::current_exe()?);
    new_service.args(["new", "service", SERVICE]).env("CARGO_MANIFEST_DIR", copy.folder.join("xtask"));
    process::run_quietly(&mut new_service).await?;
    copy.ensure_changes_of(SERVICE).await?;
    checks::run(&Home { repo: copy.folder.clone(), ..home.clone() })?;
    copy.cargo(&["xtask", "test", "--only", "format", "--only", "templates"]).await?;
    let tests = ["test", "--quiet", "--package", SERVICE, "--package", "xtask", "--bins", "--tests", "--"];
    copy.cargo(&[&tests[..], &WITHOUT_PRODUCT].concat()).await
}
