//! From a fresh clone to a running product, and back down.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::aws::Target;
use crate::cloud::{Cloud, LocalCloud};
use crate::deploy::{Deployment, Detail};
use crate::home::Home;
use crate::identity::{Person, Seeded, SignIn};
use crate::interrupts::{Interrupted, Interrupts};
use crate::package::Architecture;
use crate::prerequisites;
use crate::python::Python;
use crate::stacks::Stack;
use crate::status::Status;
use crate::ui::{self, Step};

/// What becomes of the data of the last run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Data {
    /// It stays.
    Kept,
    /// The cloud starts empty.
    Emptied,
}

/// What happens once everything runs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Afterwards {
    /// The command stays, and Ctrl-C stops the cloud.
    Stay,
    /// The command returns, and the cloud goes on.
    Return,
}

/// Everything deployed on a running local cloud.
#[derive(Debug)]
pub(crate) struct Product {
    /// What is where.
    pub(crate) status: Status,
    cloud: Cloud,
    origin: Origin,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Origin {
    Started,
    Joined,
}

/// `cargo xtask up`.
pub(crate) async fn command(home: &Home, port: Option<u16>, data: Data, afterwards: Afterwards) -> Result<()> {
    let begun = Instant::now();
    let mut interrupts = Interrupts::catch()?;
    let product = match bring_up(home, port, data, &mut interrupts).await {
        Ok(product) => product,
        Err(error) => {
            say_what_still_runs(home)?;
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

/// `cargo xtask down`.
pub(crate) async fn down(home: &Home) -> Result<()> {
    let _lock = home.lock().await?;
    if LocalCloud::of(home).running()?.is_none() {
        ui::note("The local cloud is not running.");
        return Ok(());
    }
    stop(home).await
}

/// Starts or joins the local cloud, deploys every stack, makes the demo user.
///
/// When a signal comes in between, a cloud that was started here is stopped again.
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
    match interrupts.unless(Box::pin(furnish(home, &python, cloud))).await {
        Ok(status) => Ok(Product { status, cloud, origin }),
        Err(error) if error.is::<Interrupted>() && origin == Origin::Started => {
            stop(home).await?;
            Err(error)
        }
        Err(error) => Err(error),
    }
}

/// Stops the local cloud; it saves its state.
pub(crate) async fn stop(home: &Home) -> Result<()> {
    let step = Step::start("Local cloud");
    LocalCloud::of(home).stop().await?;
    step.done("stopped, its data is kept");
    Ok(())
}

fn say_what_still_runs(home: &Home) -> Result<()> {
    if let Some(cloud) = LocalCloud::of(home).running()? {
        ui::note(format_args!(
            "The local cloud runs on at {}: look with `cargo xtask logs <service>`, then `cargo xtask up` again, or \
             stop it with `cargo xtask down`.",
            cloud.endpoint()
        ));
    }
    Ok(())
}

async fn start_or_join(home: &Home, python: &Python, port: Option<u16>, data: Data) -> Result<(Cloud, Origin)> {
    let local = LocalCloud::of(home);
    if data == Data::Emptied {
        local.stop().await?;
        local.forget()?;
    }
    if let Some(cloud) = local.running()? {
        if port.is_some_and(|port| port != cloud.port) {
            bail!("the local cloud already runs on port {}: `cargo xtask down` first, to move it", cloud.port);
        }
        ui::note(format_args!("The local cloud already runs at {}: deploying what changed.", cloud.endpoint()));
        return Ok((cloud, Origin::Joined));
    }
    let step = Step::start("Local cloud");
    let cloud = local.start(python, port).await?;
    let contents = if data == Data::Emptied { "empty, " } else { "" };
    step.done(format_args!("{contents}ready at {}", cloud.endpoint()));
    Ok((cloud, Origin::Started))
}

async fn furnish(home: &Home, python: &Python, cloud: Cloud) -> Result<Status> {
    let target = Target::local(cloud);
    let architecture = Architecture::of_this_machine()?;
    let (detail, forced) = (Detail::Counts, BTreeMap::new());
    let deployment = Deployment { home, python, target: &target, architecture, detail, forced };
    deployment.run(&Stack::ALL).await?;
    let status = Status::read(&target).await?;
    let step = Step::start("Demo user");
    match SignIn::to(&target, &status)?.ensure_confirmed(&target, &Person::demo()).await.context("no demo user")? {
        Seeded::Now => step.done("signed up"),
        Seeded::WasThere => step.done("can sign in"),
    }
    Ok(status)
}

async fn stay(home: &Home, cloud: Cloud, interrupts: &mut Interrupts) -> Result<()> {
    tokio::select! {
        () = interrupts.next() => {
            let _lock = home.lock().await?;
            stop(home).await
        }
        ended = until_it_ends(home, cloud) => ended,
    }
}

async fn until_it_ends(home: &Home, cloud: Cloud) -> Result<()> {
    let local = LocalCloud::of(home);
    while local.running()? == Some(cloud) {
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    ui::note(format_args!(
        "The local cloud was stopped from elsewhere, or ended; its log is {}",
        local.log().display()
    ));
    Ok(())
}

fn summary(product: &Product) -> String {
    let api = |name: &str| product.status.apis.get(name).cloned().flatten().unwrap_or_default();
    let Person { email, password } = Person::demo();
    let page = product.status.web.as_deref().unwrap_or_default();
    let (todos, notifications, users) = (api("todos"), api("notifications"), api("users"));
    format!(
        r#"
{}

Open {page} and sign in as {email}, password {password}

Or try it by hand:
  TOKEN=$(cargo xtask token)
  curl {todos}/todos -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' -d '{{"title":"Buy milk"}}'
  curl {todos}/todos -H "Authorization: Bearer $TOKEN"
  curl {notifications}/notifications -H "Authorization: Bearer $TOKEN"
  curl {users}/me -H "Authorization: Bearer $TOKEN"

Then:
  cargo xtask mail                  the e-mail that was sent
  cargo xtask logs todos --follow   what a service logs
  cargo xtask status                this table
  cargo xtask test                  every test"#,
        product.status.table()
    )
}
