//! A local cloud of a check's own: beside the developer's, empty at first, gone afterwards.

use std::fs;
use std::path::PathBuf;

use anyhow::Result;

use crate::cloud::LocalCloud;
use crate::home::Home;
use crate::interrupts::{Interrupted, Interrupts};
use crate::ui;
use crate::up::{self, Data};

/// Environment variables by which a black-box program finds the product.
pub(crate) type Environment = [(&'static str, PathBuf); 3];

/// Deploys the product on a cloud of its own and does `work` with it.
///
/// The cloud ends in any case; after a failure its folder is kept with all that it held, and the message says where.
pub(crate) async fn on_own_cloud(
    home: &Home,
    interrupts: &mut Interrupts,
    work: impl AsyncFnOnce(&Environment) -> Result<()>,
) -> Result<()> {
    let folder = tempfile::Builder::new().prefix("busline-test-").tempdir()?;
    let own = home.beside(folder.path().to_owned());
    let outcome = with_product(&own, interrupts, work).await;
    let cloud = LocalCloud::of(&own);
    if outcome.as_ref().is_err_and(|error| !error.is::<Interrupted>()) {
        let stopped = cloud.stop().await.map(drop);
        ui::note(format_args!("What the local cloud logged and held is kept in {}", folder.keep().display()));
        return outcome.and(stopped);
    }
    outcome.and(cloud.abandon().await)
}

async fn with_product(
    own: &Home,
    interrupts: &mut Interrupts,
    work: impl AsyncFnOnce(&Environment) -> Result<()>,
) -> Result<()> {
    let product = up::bring_up(own, None, Data::Emptied, interrupts).await?;
    let status = own.dir.join("status.json");
    fs::write(&status, serde_json::to_vec_pretty(&product.status)?)?;
    let environment =
        [("BUSLINE_STATUS", status), ("BUSLINE_HOME", own.dir.clone()), ("BUSLINE_VENV", own.venv.clone())];
    interrupts.unless(work(&environment)).await
}
