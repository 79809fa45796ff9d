//! The part `new-service` of `cargo xtask test`: in a copy of the repository, writes a service, deletes it again, and
//! deletes each service that no other one needs. Tests that need a running product are compiled and not run. At last the
//! copy is deployed, with mistakes and kills.

use std::env;

use anyhow::{Result, ensure};

use crate::checks;
use crate::home::Home;
use crate::interrupts::Interrupts;
use crate::new_service::copy::{CONTRACTS_HOLD, Copy, PATHS_EXIST};
use crate::new_service::{deletion, deployments};
use crate::process;
use crate::ui;

/// The name of the service in the copy.
const SERVICE: &str = "tags";

/// Tests of the new service that need a running product.
const NEED_PRODUCT: [&str; 4] =
    ["--skip", "e2e::", "--skip", "permissions::every_permission_is_missed_when_it_is_removed"];

/// Writes, checks and deletes a service; then does without each of the others that can be missing; then deploys.
pub(crate) async fn check(home: &Home, interrupts: &mut Interrupts) -> Result<()> {
    let copy = interrupts.unless(Copy::create(home)).await?;
    interrupts.unless(services(home, &copy)).await?;
    deployments::check(&copy, home, interrupts).await?;
    copy.remove()
}

async fn services(home: &Home, copy: &Copy) -> Result<()> {
    write(home, copy).await?;
    ui::note(format_args!("deleting {SERVICE}"));
    copy.delete(SERVICE).await?;
    let left = copy.changes().await?;
    ensure!(left.is_empty(), "a deleted service leaves changes behind:\n{}", left.join("\n"));
    for service in deletion::unneeded_services(&copy.folder)? {
        deletion::check_without(copy, &service).await?;
    }
    Ok(())
}

/// Writes a service, which must pass the checks and change nothing else.
async fn write(home: &Home, copy: &Copy) -> Result<()> {
    ui::note(format_args!("cargo xtask new service {SERVICE}"));
    // This program is the copy's xtask, too: their sources are the same until the service is written.
    let mut new_service = copy.command(env::current_exe()?);
    new_service.args(["new", "service", SERVICE]).env("CARGO_MANIFEST_DIR", copy.folder.join("xtask"));
    process::run_quietly(&mut new_service).await?;
    copy.ensure_changes_of(SERVICE).await?;
    checks::run(&Home { repo: copy.folder.clone(), ..home.clone() })?;
    let checks = ["xtask", "test", "--only", "format", "--only", "templates"];
    copy.cargo(&checks).await?;
    let tests = ["test", "--quiet", "--package", SERVICE, "--package", "xtask", "--bins", "--tests", "--"];
    copy.cargo(&[&tests[..], &NEED_PRODUCT].concat()).await?;
    let clippy = ["clippy", "--quiet", "--package", SERVICE, "--package", "xtask", "--all-targets", "--"];
    copy.cargo(&[&clippy[..], &["--deny", "warnings"]].concat()).await?;
    copy.test_repository(&[CONTRACTS_HOLD, PATHS_EXIST]).await
}
