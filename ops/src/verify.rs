//! Predicting what would happen to each message if it were replayed now, with the evidence. Nothing is invoked.
//!
//! No check without side effects can know that a replay succeeds. It can know whether the consumer exists, whether its
//! schema accepts the event, whether a newer event of the subject was handled, whether the function has succeeded since
//! the failure, and whether it was changed. What lies behind the function (a policy, another service) shows only in the
//! function's results.

mod consumer;
mod evaluation;
mod handled_events;
mod schema_check;
pub mod verdict;

use std::collections::{BTreeSet, HashMap};
use std::ops::ControlFlow;
use std::path::Path;

use anyhow::Result;
use jiff::SignedDuration;
use tokio::time::Instant;

use crate::connection::Connection;
use crate::deployment::Deployment;
use crate::dlq::browse::{self, BrowseLimits, BrowseResult};
use crate::dlq::filter::Filter;
use crate::dlq::message::Message;
use crate::dlq::queue::Queue;
use crate::verify::consumer::{Consumer, ConsumerAddress};
use crate::verify::evaluation::{FailureTimes, NewestSequences};
use crate::verify::handled_events::HandledEvents;
use crate::verify::schema_check::Schemas;
use crate::verify::verdict::{Case, Verdict, Verified};

/// The result of a verification.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// The verdict on each message, in the order of arrival.
    pub messages: Vec<Verified>,
    /// How much of the queue was read.
    pub browsed: BrowseResult,
    /// What could not be read, such as a log group.
    pub unseen: Vec<String>,
}

/// Which messages to verify, and with which schemas.
#[derive(Debug)]
pub struct VerifyRequest<'a> {
    /// Messages that do not match are skipped.
    pub filter: &'a Filter,
    /// The repository with the schemas of consumers and events: `services/<service>/reads`, `events/schemas`.
    pub repository: &'a Path,
    /// When to stop browsing, and to search logs.
    pub limits: BrowseLimits,
}

/// Verifies the messages of a queue, which stay in it.
///
/// # Errors
/// When the queue cannot be read.
pub async fn verify(connection: &Connection, queue: &Queue, request: &VerifyRequest<'_>) -> Result<Report> {
    let deadline = Instant::now() + request.limits.deadline;
    let mut schemas = Schemas::new(request.repository);
    let services = connection.known_services().await;
    let (mut cases, mut newest) = (Vec::new(), NewestSequences::default());
    let browsed = browse::browse(queue, request.limits.clone(), |message| {
        let address = ConsumerAddress::from_message(&message);
        newest.add(&address, &message);
        if request.filter.admits(&message) {
            cases.push(case(&mut schemas, &services, address, message));
        }
        Ok(ControlFlow::Continue(()))
    });
    let browsed = browsed.await?;

    let consumers = find_consumers(connection, &cases).await;
    let failure_times = FailureTimes::new(&cases);
    let handled = match failure_times.first() {
        Some(first) => {
            let names: BTreeSet<String> =
                consumers.values().filter_map(|consumer| services.service_of(consumer.function.as_deref()?)).collect();
            let names: Vec<String> = names.into_iter().collect();
            // An event was created before it failed, and a newer one of its subject may have been handled in between.
            HandledEvents::read(connection, &names, first - SignedDuration::from_mins(10), deadline).await
        }
        None => HandledEvents::default(),
    };
    let evaluator = evaluation::Evaluator {
        consumers: &consumers,
        handled: &handled,
        newest: &newest,
        failure_times: &failure_times,
    };
    let messages = cases.into_iter().map(|case| evaluator.evaluate(case)).collect();
    Ok(Report { messages, browsed, unseen: handled.unseen })
}

fn case(schemas: &mut Schemas, services: &Deployment, address: ConsumerAddress, message: Message) -> Case {
    let name = address.name();
    let service = name.as_deref().and_then(|name| services.service_of(name));
    let schema_check = schemas.check(&message, service.as_deref(), job(name.as_deref(), service.as_deref()));
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
    Case { verified, address, schema_check }
}

/// The job in a name `busline-<env>-<service>-<job>`.
fn job<'a>(name: Option<&'a str>, service: Option<&str>) -> Option<&'a str> {
    Some(name?.split_once(&format!("-{}-", service?))?.1)
}

/// Reads the current state of each consumer once.
async fn find_consumers(connection: &Connection, cases: &[Case]) -> HashMap<ConsumerAddress, Consumer> {
    let addresses: BTreeSet<&ConsumerAddress> = cases.iter().map(|case| &case.address).collect();
    let mut consumers = HashMap::new();
    for address in addresses {
        consumers.insert(address.clone(), address.find_consumer(&connection.sdk).await);
    }
    consumers
}
