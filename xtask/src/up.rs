//! `cargo xtask up` and `down`: the whole product on the local cloud.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::aws::Target;
use crate::cloud::{Cloud, LocalCloud};
use crate::contracts::{self, Gate};
use crate::deploy::{Deployment, Detail};
use crate::home::Home;
use crate::identity::{SignIn, SignUp, UserCredentials};
use crate::interrupts::{Interrupted, Interrupts};
use crate::package::Architecture;
use crate::prerequisites;
use crate::python::Python;
use crate::services::Service;
use crate::stacks::{Stack, Stacks};
use crate::status::Status;
use crate::ui::{self, Step};

/// What happens to the data of the last run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Data {
    /// The local cloud starts with it.
    Kept,
    /// The local cloud starts empty.
    Emptied,
}

/// What happens once everything runs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Afterwards {
    /// The command stays, and Ctrl-C stops the local cloud.
    Stay,
    /// The command returns, and the local cloud keeps running.
    Return,
}

/// Everything deployed on a running local cloud.
#[derive(Debug)]
pub(crate) struct Product {
    /// The services that were deployed.
    pub(crate) services: Vec<Service>,
    /// Their addresses and names.
    pub(crate) status: Status,
    cloud: Cloud,
    origin: Origin,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Origin {
    Started,
    Joined,
}

pub(crate) async fn command(home: &Home, port: Option<u16>, data: Data, afterwards: Afterwards) -> Result<()> {
    let begun = Instant::now();
    let mut interrupts = Interrupts::catch()?;
    let product = match bring_up(home, port, data, &mut interrupts).await {
        Ok(product) => product,
        Err(error) => {
            report_running_cloud(home)?;
            return Err(error);
        }
    };
    ui::print(summary(&product));
    ui::note(format_args!("\nReady after {}.", ui::seconds(begun.elapsed())));
    if afterwards == Afterwards::Return || product.origin == Origin::Joined {
        ui::note("The local cloud keeps running: `cargo xtask down` stops it and keeps its data.");
        return Ok(());
    }
    ui::note("Ctrl-C stops the local cloud and keeps its data.");
    stay(home, product.cloud, &mut interrupts).await
}

pub(crate) async fn down(home: &Home) -> Result<()> {
    let _lock = home.lock().await?;
    if LocalCloud::new(home).running()?.is_none() {
        ui::note("The local cloud is not running.");
        return Ok(());
    }
    stop(home).await
}

/// Starts the local cloud or uses the running one, deploys every stack, creates the demo user.
///
/// When a signal arrives meanwhile, a local cloud that was started here is stopped again.
pub(crate) async fn bring_up(
    home: &Home,
    port: Option<u16>,
    data: Data,
    interrupts: &mut Interrupts,
) -> Result<Product> {
    prerequisites::check(home)?;
    let _lock = interrupts.unless(home.lock()).await?;
    let python = interrupts.unless(Python::ready(home)).await?;
    let (cloud, origin) = start_or_join(home, &python, port, data).await?;
    match interrupts.unless(Box::pin(deploy_all(home, &python, cloud))).await {
        Ok((services, status)) => Ok(Product { services, status, cloud, origin }),
        Err(error) if error.is::<Interrupted>() && origin == Origin::Started => {
            stop(home).await?;
            Err(error)
        }
        Err(error) => Err(error),
    }
}

/// Stops the local cloud, which saves its state.
pub(crate) async fn stop(home: &Home) -> Result<()> {
    let step = Step::start("Local cloud");
    LocalCloud::new(home).stop().await?;
    step.done("stopped, its data is kept");
    Ok(())
}

fn report_running_cloud(home: &Home) -> Result<()> {
    if let Some(cloud) = LocalCloud::new(home).running()? {
        ui::note(format_args!(
            "The local cloud keeps running at {}: read the logs with `cargo xtask logs <service>`, then run `cargo xtask \
             up` again, or stop it with `cargo xtask down`.",
            cloud.endpoint()
        ));
    }
    Ok(())
}

async fn start_or_join(home: &Home, python: &Python, port: Option<u16>, data: Data) -> Result<(Cloud, Origin)> {
    let local = LocalCloud::new(home);
    if data == Data::Emptied {
        local.kill().await?;
        local.delete_data()?;
    }
    if let Some(cloud) = local.running()? {
        if port.is_some_and(|port| port != cloud.port) {
            bail!(
                "the local cloud already runs on port {}: to use another port, run `cargo xtask down` first",
                cloud.port
            );
        }
        ui::note(format_args!("The local cloud already runs at {}: deploying what changed.", cloud.endpoint()));
        return Ok((cloud, Origin::Joined));
    }
    if data == Data::Kept && local.is_incomplete()? {
        ui::note(
            "The local cloud's last run ended without saving all its data: it was killed, or the disk was full. What is \
             missing is deployed again; `cargo xtask up --fresh` starts empty.",
        );
    }
    let step = Step::start("Local cloud");
    let cloud = local.start(python, port).await?;
    let contents = if data == Data::Emptied { "empty, " } else { "" };
    step.done(format_args!("{contents}ready at {}", cloud.endpoint()));
    Ok((cloud, Origin::Started))
}

async fn deploy_all(home: &Home, python: &Python, cloud: Cloud) -> Result<(Vec<Service>, Status)> {
    let target = Target::local(cloud);
    let architecture = Architecture::host()?;
    let (detail, forced) = (Detail::Counts, BTreeMap::new());
    let stacks = Stacks::discover(&home.repo)?;
    let mut deployment = Deployment { home, python, stacks: &stacks, target: &target, architecture, detail, forced };
    let all: Vec<&Stack> = stacks.all().iter().collect();
    // The part `contracts` of the whole check looks at the same files.
    if home.is_for_tests && !contracts::has_record(&target).await? {
        deployment.run_at_first(&all).await?;
    } else {
        deployment.run_through_gate(&all, &Gate::Local).await?;
    }
    let services: Vec<Service> = stacks.services().cloned().collect();
    let status = Status::read(&target, &services).await?;
    let step = Step::start("Demo user");
    let sign_in = SignIn::new(&target, &status)?;
    match sign_in.ensure_signed_up(&target, &UserCredentials::demo()).await.context("cannot create the demo user")? {
        SignUp::Created => step.done("signed up"),
        SignUp::Existing => step.done("can sign in"),
    }
    Ok((services, status))
}

async fn stay(home: &Home, cloud: Cloud, interrupts: &mut Interrupts) -> Result<()> {
    tokio::select! {
        () = interrupts.next() => {
            let _lock = home.lock().await?;
            stop(home).await
        }
        ended = wait_for_end(home, cloud) => ended,
    }
}

async fn wait_for_end(home: &Home, cloud: Cloud) -> Result<()> {
    let local = LocalCloud::new(home);
    while local.running()? == Some(cloud) {
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    ui::note(format_args!(
        "Another command stopped the local cloud, or it ended by itself; its log is {}",
        local.log().display()
    ));
    Ok(())
}

fn summary(product: &Product) -> String {
    let UserCredentials { email, password } = UserCredentials::demo();
    let page = product.status.web.as_deref().unwrap_or_default();
    format!(
        r"
{}

Open {page} and sign in as {email}, password {password}

Or call the services:
  TOKEN=$(cargo xtask token)
{}

Then:
  cargo xtask mail                     the emails that were sent
  cargo xtask logs <service> --follow  what a service's functions log
  cargo xtask status                   this table
  cargo xtask services                 the services and what their manifests declare
  cargo xtask test                     every test",
        product.status.table(),
        requests(&product.services, &product.status).join("\n")
    )
}

/// One request to each deployed service.
fn requests(services: &[Service], status: &Status) -> Vec<String> {
    let urls = services.iter().filter_map(|service| {
        let api = status.apis.get(&service.name)?.as_ref()?;
        Some(format!("  curl '{api}{}' -H \"Authorization: Bearer $TOKEN\"", service.smoke))
    });
    urls.collect()
}
