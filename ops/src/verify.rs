//! Today's consumers on yesterday's failures, without a call that has an effect: what would happen to each message if it
//! were replayed now, and by which evidence.
//!
//! No check without side effects can know that a replay passes. What it can know: whether the consumer is there, whether
//! its reader takes the event, whether a newer event of the subject came through, whether the function has worked since
//! it failed, and whether it was changed. What lies behind the function (a policy, another service) shows in nothing but
//! the function's work.

mod consumer;
mod contract;
mod judge;
mod traffic;

use std::collections::{BTreeSet, HashMap};
use std::ops::ControlFlow;
use std::path::Path;
use std::time::Duration;

use anyhow::Result;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use tokio::time::Instant;

use crate::dlq::filter::Filter;
use crate::dlq::look::{self, Looked, Until};
use crate::dlq::message::Message;
use crate::dlq::names;
use crate::dlq::queue::Queue;
use crate::target::Target;
use crate::verify::consumer::{Address, Consumer};
use crate::verify::contract::{Contract, Schemas};
use crate::verify::judge::{Causes, Newest};
use crate::verify::traffic::Traffic;

/// What would happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Nothing speaks against it, and something speaks for it.
    WouldPass,
    /// It would fail again.
    WouldFail,
    /// A newer event of its subject was handled by the same job, or waits for it.
    Stale,
    /// Today's job cannot read it.
    Unreadable,
    /// Nothing speaks either way.
    CannotTell,
}

impl Verdict {
    /// The name, as the machine format has it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::WouldPass => "would-pass",
            Self::WouldFail => "would-fail",
            Self::Stale => "stale",
            Self::Unreadable => "unreadable",
            Self::CannotTell => "cannot-tell",
        }
    }
}

/// A message that was verified.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Verified {
    /// SQS's id of the message.
    pub message_id: String,
    /// The function that would get it.
    pub function: Option<String>,
    /// The kind of error that it failed with.
    pub error_type: Option<String>,
    /// The event's type.
    pub event_type: Option<String>,
    /// The event's id.
    pub event_id: Option<String>,
    /// What the event is about.
    pub subject: Option<String>,
    /// Which change of its subject it tells.
    pub sequence: Option<u64>,
    /// When it failed.
    pub failed_at: Option<Timestamp>,
    /// What would happen.
    pub verdict: Verdict,
    /// Why, in a sentence.
    pub reason: String,
    /// What was looked at.
    pub evidence: Vec<String>,
}

/// All that were verified.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// Each message, in the order in which it came.
    pub messages: Vec<Verified>,
    /// How far the look into the queue came.
    pub looked: Looked,
    /// What could not be seen.
    pub unseen: Vec<String>,
}

/// What to verify, and by what.
#[derive(Debug)]
pub struct Wanted<'a> {
    /// Which messages.
    pub filter: &'a Filter,
    /// The checkout whose schemas say what jobs read: `services/<service>/reads`, `events/schemas`.
    pub repository: &'a Path,
    /// The longest time to look.
    pub patience: Duration,
}

/// A message before it is judged; its event is gone by then, so that memory does not grow with it.
#[derive(Debug)]
struct Case {
    verified: Verified,
    address: Address,
    contract: Contract,
}

/// Verifies the messages of a queue. They stay in it, and nothing is invoked.
///
/// # Errors
/// When the queue cannot be read.
pub async fn verify(target: &Target, queue: &Queue, wanted: &Wanted<'_>) -> Result<Report> {
    let deadline = Instant::now() + wanted.patience;
    let mut schemas = Schemas::of(wanted.repository);
    let (mut cases, mut newest) = (Vec::new(), Newest::default());
    let looked = look::look(queue, Until::after(wanted.patience), |message| {
        let address = Address::of(&message);
        newest.add(&address, &message);
        if wanted.filter.admits(&message) {
            cases.push(case(&mut schemas, address, message));
        }
        Ok(ControlFlow::Continue(()))
    });
    let looked = looked.await?;

    let consumers = consumers(target, &cases).await;
    let spans = Causes::of(&cases);
    let traffic = match spans.first() {
        Some(first) => {
            let services: BTreeSet<String> =
                consumers.values().filter_map(|consumer| names::service(consumer.function.as_deref()?)).collect();
            let services: Vec<String> = services.into_iter().collect();
            // An event was made before it failed, and a newer one of its subject may have come between.
            Traffic::read(target, &services, first - SignedDuration::from_mins(10), deadline).await
        }
        None => Traffic::default(),
    };
    let judge = judge::Judge { consumers: &consumers, traffic: &traffic, newest: &newest, causes: &spans };
    let messages = cases.into_iter().map(|case| judge.judge(case)).collect();
    Ok(Report { messages, looked, unseen: traffic.unseen })
}

fn case(schemas: &mut Schemas, address: Address, message: Message) -> Case {
    let name = address.name();
    let service = name.as_deref().and_then(names::service);
    let contract = schemas.judge(&message, service.as_deref(), job(name.as_deref(), service.as_deref()));
    let verified = Verified {
        message_id: message.message_id,
        function: name,
        error_type: message.error_type,
        event_type: message.event_type,
        event_id: message.event_id,
        subject: message.subject,
        sequence: message.sequence,
        failed_at: message.failed_at,
        verdict: Verdict::CannotTell,
        reason: String::new(),
        evidence: Vec::new(),
    };
    Case { verified, address, contract }
}

/// The job in a name `busline-<env>-<service>-<job>`.
fn job<'a>(name: Option<&'a str>, service: Option<&str>) -> Option<&'a str> {
    Some(name?.split_once(&format!("-{}-", service?))?.1)
}

/// Looks each consumer up once.
async fn consumers(target: &Target, cases: &[Case]) -> HashMap<Address, Consumer> {
    let addresses: BTreeSet<&Address> = cases.iter().map(|case| &case.address).collect();
    let mut consumers = HashMap::new();
    for address in addresses {
        consumers.insert(address.clone(), address.consumer(&target.sdk).await);
    }
    consumers
}
