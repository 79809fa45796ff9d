//! A separate local cloud for one check: empty at first, deleted afterwards, independent of the developer's.

use std::fs;
use std::path::PathBuf;

use anyhow::Result;

use crate::cloud::LocalCloud;
use crate::home::Home;
use crate::interrupts::{Interrupted, Interrupts};
use crate::ui;
use crate::up::{self, Data};

/// The environment variables that tell a black-box program where the product is.
pub(crate) type Environment = [(&'static str, PathBuf); 3];

/// Deploys the product on a separate local cloud and runs `work` on it.
///
/// The local cloud is always stopped; after a failure its folder with logs and data is kept, and its path printed.
pub(crate) async fn on_separate_cloud(
    home: &Home,
    interrupts: &mut Interrupts,
    work: impl AsyncFnOnce(&Environment) -> Result<()>,
) -> Result<()> {
    let folder = tempfile::Builder::new().prefix("busline-test-").tempdir()?;
    let own = home.beside(folder.path().to_owned());
    let outcome = with_product(&own, interrupts, work).await;
    let cloud = LocalCloud::new(&own);
    if outcome.as_ref().is_err_and(|error| !error.is::<Interrupted>()) {
        let stopped = cloud.stop().await.map(drop);
        ui::note(format_args!("Logs and data of the local cloud are kept in {}", folder.keep().display()));
        return outcome.and(stopped);
    }
    outcome.and(cloud.kill().await)
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
