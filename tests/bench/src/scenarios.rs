//! A real event for each function, and what else a service lets the benchmarks do.
//!
//! A service has its scenarios in `services/<name>/bench/scenarios.rs`, where `build.rs` finds them. What is the same for
//! all services is here: a publisher receives an outbox row, a subscriber the example of an event.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::pin::Pin;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};
use tests::account::User;
use tests::bus::TestEvent;
use tests::permissions::{erasure, grants};
use tests::product::Product;
use uuid::Uuid;

use crate::results::UploadFigures;
use crate::trigger_events;

include!(concat!(env!("OUT_DIR"), "/services.rs"));

/// The job that sends the rows of the outbox to the bus.
const PUBLISH: &str = "publish";
/// The job that erases a deleted user.
const ERASE: &str = "erase";

pub(crate) type Pending<'a, T> = Pin<Box<dyn Future<Output = Result<T>> + 'a>>;

/// The benchmark scenarios of one service.
pub(crate) trait Scenarios {
    /// A new event for a job, as if nothing had processed it yet; `None` for a publisher or subscriber that needs no
    /// other event than [`AllScenarios::event`] makes.
    fn event<'a>(&'a self, job: &'a str) -> Pending<'a, Option<Value>>;

    /// The kinds of items by which the service's table grows.
    fn item_kinds(&self) -> &'static [ItemKind] {
        &[]
    }

    /// Measures uploads; a service without files measures none.
    fn uploads(&self) -> Pending<'_, Vec<UploadFigures>> {
        Box::pin(async { Ok(Vec::new()) })
    }
}

/// The owner of the items that fill a table.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Owner {
    Caller,
    /// A new user for each item.
    Others,
}

/// A kind of item in a service's table, and the jobs that read or write it.
#[derive(Debug)]
pub(crate) struct ItemKind {
    /// The start of its sort keys. The caller has at least one such item.
    pub(crate) sort_key_prefix: &'static str,
    /// The owners that can have many of these items.
    pub(crate) owners: &'static [Owner],
    pub(crate) jobs: &'static [&'static str],
}

/// The scenarios of all services.
pub(crate) struct AllScenarios {
    product: Product,
    user: User,
    services: BTreeMap<&'static str, Box<dyn Scenarios>>,
}

impl AllScenarios {
    /// Lets every service prepare its scenarios for a new user.
    ///
    /// # Errors
    /// When a service cannot.
    pub(crate) async fn prepare(product: &Product) -> Result<Self> {
        let user = product.user().await;
        let services = of_services(&user).await?;
        Ok(Self { product: product.clone(), user, services })
    }

    /// The user that the scenarios are about.
    pub(crate) fn user(&self) -> &User {
        &self.user
    }

    /// The scenarios of each service that has any.
    pub(crate) fn services(&self) -> impl Iterator<Item = (&str, &dyn Scenarios)> {
        self.services.iter().map(|(service, scenarios)| (*service, scenarios.as_ref()))
    }

    /// A new event for a function; `None` when its service has no scenarios and no default fits.
    ///
    /// # Errors
    /// When the service has scenarios, but none for this function.
    pub(crate) async fn event(&self, service: &str, job: &str) -> Result<Option<Value>> {
        let scenarios = self.services.get(service);
        if let Some(scenarios) = scenarios
            && let Some(event) = scenarios.event(job).await?
        {
            return Ok(Some(event));
        }
        let event = if job == PUBLISH { Some(outbox_batch(service)?) } else { self.example(service, job).await };
        if event.is_none() && scenarios.is_some() {
            bail!("there is no event for {job}: make one in services/{service}/bench/scenarios.rs");
        }
        Ok(event)
    }

    /// The example of the first event that the function's rules match, about a new user.
    async fn example(&self, service: &str, job: &str) -> Option<Value> {
        let function = grants::functions(service).into_iter().find(|function| function.job == job)?;
        let (publisher, detail_type) = function.events.first()?;
        let user = Uuid::new_v4();
        if job == ERASE {
            // The erasure of a user who was deleted long ago does not wait for requests that may still be running.
            erasure::put_tombstone(&self.product, service, user).await;
        }
        Some(TestEvent::from_example(publisher, name(detail_type), user).as_delivered())
    }
}

/// A batch of the table's stream with a new outbox row, which contains the example of an event that the service publishes.
fn outbox_batch(service: &str) -> Result<Value> {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../events/examples").join(service);
    let mut names = Vec::new();
    for entry in fs::read_dir(&examples).with_context(|| format!("{service} has no examples of events"))? {
        names.push(entry?.file_name().to_string_lossy().into_owned());
    }
    let name = names.iter().min().with_context(|| format!("{service} has no examples of events"))?;
    let event = TestEvent::from_example(service, name, Uuid::new_v4());
    let metadata = &event.detail["metadata"];
    Ok(trigger_events::inserted(&json!({
        "pk": {"S": format!("OUTBOX#{}", event.id())},
        "sk": {"S": "OUTBOX"},
        "source": {"S": event.source},
        "detailType": {"S": event.detail_type},
        "detail": {"S": event.detail.to_string()},
        "subject": {"S": metadata["subject"]},
        "sequence": {"N": metadata["sequence"].to_string()},
        "expiresAt": {"N": "4102444800"},
    })))
}

/// The name in `<Event>.v<N>`.
fn name(detail_type: &str) -> &str {
    detail_type.split('.').next().unwrap_or_default()
}

/// Fails unless a function has done its job.
///
/// # Errors
/// When the response of its route is an error, or when a record of its batch failed.
pub(crate) fn expect_success(job: &str, response: &Value) -> Result<()> {
    let status = response["statusCode"].as_u64();
    let failed = response["batchItemFailures"].as_array().map_or(0, Vec::len);
    if status.is_some_and(|status| status >= 400) || failed > 0 {
        bail!("{job} did not do its job: {response}");
    }
    Ok(())
}
