//! `cargo xtask new service`: writes a complete service from the files in `new_service/`.

mod by_hand;
pub(crate) mod check;
mod copy;
mod deletion;
mod deployments;
pub(crate) mod documents;
mod files;
mod kills;
mod names;
mod walk;

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use events::catalog;

use self::files::FILES;
use self::names::Names;
use crate::home::Home;
use crate::new_subscriber;
use crate::process;
use crate::ui;
use crate::undo::{self, DOCUMENTS};

/// The event of a deleted account: its publisher is the service that owns the accounts.
const DELETED_ACCOUNT: &str = "UserDeleted.v1";

/// `cargo xtask new service`: checks the name, writes the service, and generates what depends on its files.
///
/// After a failure or an interrupt the repository is as it was.
pub(crate) async fn command(home: &Home, name: &str) -> Result<()> {
    let names = Names::parse(name)?;
    names.check_length(&home.repo)?;
    names.check_free(&home.repo)?;
    let schemas = format!("events/schemas/{name}");
    let generated = DOCUMENTS.into_iter().chain(["CODEOWNERS", "Cargo.lock", &schemas]).map(str::to_owned);
    let places: Vec<String> = names.places().into_iter().chain(generated).collect();
    undo::all_or_nothing(&home.repo, &places, write(home, &names)).await?;
    ui::print(format_args!(
        "services/{name}/ and its event {}Created.v1 are complete; services/{name}/README.md describes them. Next:\n  \
         cargo xtask test --service {name}\n  \
         cargo xtask up",
        names.entity
    ));
    Ok(())
}

/// Writes the files to a folder beside the repository's own, formats them, and moves them to their places.
async fn write(home: &Home, names: &Names) -> Result<()> {
    let accounts = catalog::all().into_iter().find(|event| event.detail_type == DELETED_ACCOUNT);
    let accounts = accounts.with_context(|| format!("no service publishes {DELETED_ACCOUNT}"))?.service;
    let folder = tempfile::Builder::new().prefix(".new-service-").tempdir_in(&home.repo)?;
    for (path, text) in FILES {
        let path = folder.path().join(names.fill(path, accounts));
        fs::create_dir_all(path.parent().context("a file has a folder")?)?;
        fs::write(&path, names.fill(text, accounts)).with_context(|| format!("cannot write {}", path.display()))?;
    }
    let created = format!("{}Created", names.entity);
    let counter = new_subscriber::Names::new(&names.service, "count", &names.service, &created);
    new_subscriber::write(folder.path(), &counter)?;
    format(folder.path(), names).await?;
    for place in names.places() {
        fs::rename(folder.path().join(&place), home.repo.join(&place))
            .with_context(|| format!("cannot move the new files to {place}"))?;
    }
    drop(folder);
    // By new processes, which are compiled with the new service's events.
    for generator in ["schemas", "codeowners"] {
        ui::note(format_args!("cargo xtask {generator}"));
        process::run(process::command("cargo").args(["xtask", generator]).current_dir(&home.repo)).await?;
    }
    Ok(())
}

/// rustfmt: the length of the name decides where lines break. It follows the modules of these files.
async fn format(folder: &Path, names: &Names) -> Result<()> {
    let service = folder.join("services").join(&names.service);
    let mut rustfmt = process::command("rustfmt");
    rustfmt.args(["--edition", "2024"]);
    rustfmt.args([service.join("src/main.rs"), service.join("tests/it/main.rs")]);
    rustfmt.arg(folder.join(names.publisher()));
    process::run_quietly(&mut rustfmt).await
}
