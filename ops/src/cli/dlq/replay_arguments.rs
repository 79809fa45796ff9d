//! The arguments of `dlq replay`.

use anyhow::Result;
use clap::Args;
use ops::connection::{self, Connection};
use ops::deployment::Service;
use ops::dlq::envelope::Envelope;
use ops::dlq::journal::entry::Purpose;
use ops::dlq::options::{AfterReplay, Options, Order, Pace, Superseded};
use ops::dlq::queue::Queue;
use ops::dlq::replay_metadata::MetadataPolicy;
use ops::dlq::targets::selection::{ReplayTarget, TargetSelection};
use ops::dlq::targets::topic;
use ops::error::UsageError;

use crate::cli::arguments::{BrowseArgs, FilterArgs, QueueArgs, non_empty_text};
use crate::cli::completion;
use crate::cli::dlq::cluster_choice::ClusterChoice;
use crate::cli::dlq::journal::JournalFolder;
use crate::cli::dlq::waiting::WaitArgs;
use crate::cli::output::Format;

/// Which messages to replay, where to and how.
#[derive(Debug, Args)]
pub(crate) struct ReplayArgs {
    #[command(flatten)]
    pub(crate) queue: QueueArgs,
    #[command(flatten)]
    pub(crate) filter: FilterArgs,
    #[command(flatten)]
    pub(crate) browse: BrowseArgs,
    #[command(flatten)]
    pub(crate) folder: JournalFolder,
    #[command(flatten)]
    target: TargetArgs,
    #[command(flatten)]
    pub(crate) wait: WaitArgs,
    /// Only messages of this cluster: its id in `clusters`, or its number there with the same filters
    #[arg(long, value_name = "ID")]
    pub(crate) cluster: Option<ClusterChoice>,
    /// Do not ask for a confirmation; without a terminal, nothing is asked anyway
    #[arg(long)]
    pub(crate) yes: bool,
    /// Show the plan without replaying anything
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// At most this many messages
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..), allow_hyphen_values = true)]
    pub(crate) count: Option<u64>,
    /// At most this many messages a second
    #[arg(long, value_name = "MESSAGES", value_parser = rate)]
    rate: Option<f64>,
    /// The number of concurrent calls
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u16).range(1..=256))]
    concurrency: u16,
    /// Start with 1, 2, 5, 20, … messages, and stop at the fifth failure among twenty
    #[arg(long)]
    ramp: bool,
    /// With --ramp: how long a step waits until the queue that it sent to is empty again
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = seconds)]
    settle: u64,
    /// Park a message that was replayed this often and failed again
    #[arg(long, value_name = "TIMES", default_value_t = 3)]
    max_replays: u32,
    /// `subject`: messages of one subject by their sequence, one at a time
    #[arg(long, value_enum, default_value_t = OrderArg::Any)]
    order: OrderArg,
    #[command(flatten)]
    superseded: SupersededArgs,
    /// The visibility timeout: how long messages stay hidden if this program is killed
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = seconds)]
    hidden: u64,
    /// The format of the result on standard output
    #[arg(long, value_enum, default_value_t = Format::Table)]
    pub(crate) format: Format,
}

#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Replay target (default: what each message names)")]
pub(crate) struct TargetArgs {
    /// Send messages unchanged to this queue: its URL or name
    #[arg(long, value_name = "QUEUE", conflicts_with = "to_topic", add = completion::queues())]
    to_queue: Option<String>,
    /// Publish messages to this SNS topic, as they were published first: its ARN or name. Every subscriber receives
    /// them
    #[arg(long, value_name = "TOPIC", value_parser = non_empty_text())]
    to_topic: Option<String>,
    /// Rehearse at another endpoint: the messages stay in their queue
    #[arg(long, value_name = "URL", value_parser = endpoint)]
    to: Option<String>,
    /// Treat messages of an unknown shape as this envelope
    #[arg(long = "as", value_name = "ENVELOPE")]
    assumed_envelope: Option<Envelope>,
    /// The function for messages that do not name the one that failed
    #[arg(long, value_name = "FUNCTION", value_parser = non_empty_text())]
    invoke: Option<String>,
    /// The queue for messages that failed too often; by default the service's parking queue
    #[arg(long, value_name = "QUEUE", add = completion::queues())]
    parking: Option<String>,
}

/// What happens to an event when a newer one of its subject is in the plan.
#[derive(Clone, Copy, Debug, Args)]
struct SupersededArgs {
    /// Also replay an event when a newer one of its subject is in the plan
    #[arg(long)]
    superseded: bool,
    /// Leave out an event when a newer one of its subject is in the plan, and do not count it as left
    #[arg(long, conflicts_with = "superseded")]
    skip_superseded: bool,
}

/// The order of messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum OrderArg {
    /// In the order of arrival
    Any,
    /// Messages of one subject by their sequence
    Subject,
}

fn endpoint(url: &str) -> Result<String, String> {
    let given = url.to_owned();
    if connection::is_endpoint(url) { Ok(given) } else { Err("give a URL such as http://127.0.0.1:4566".to_owned()) }
}

fn rate(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(rate) if rate.is_finite() && rate >= 0.001 => Ok(rate),
        _ => Err("give a number of messages a second, such as 50 or 0.5".to_owned()),
    }
}

/// Parses a time that a message can be hidden for, as seconds.
pub(crate) fn seconds(text: &str) -> Result<u64, String> {
    let time = ops::dlq::filter::age(text)?;
    match u64::try_from(time.as_secs()) {
        Ok(seconds) if (1..=12 * 60 * 60).contains(&seconds) => Ok(seconds),
        _ => Err("give a time from 1s to 12h".to_owned()),
    }
}

impl ReplayArgs {
    /// The options that these arguments mean.
    pub(crate) async fn options(&self, connection: &Connection, queue: &Queue) -> Result<Options> {
        Ok(Options {
            selection: TargetSelection {
                target: self.target.resolve(connection, queue).await?,
                function: self.target.invoke.clone(),
                assumed_envelope: self.target.assumed_envelope,
                metadata: MetadataPolicy::Increment,
            },
            order: if self.order == OrderArg::Subject { Order::Subject } else { Order::Any },
            pace: if self.ramp { Pace::Ramp } else { Pace::Full },
            rate: self.rate,
            concurrency: self.concurrency.into(),
            max_replays: self.max_replays,
            parking: parking_queue(connection, queue, self.target.parking.as_deref()).await?,
            purpose: Purpose::Replay,
            after: if self.target.to.is_some() { AfterReplay::Keep } else { AfterReplay::Delete },
            rehearsal: self.target.to.clone(),
            superseded: match (self.superseded.superseded, self.superseded.skip_superseded) {
                (true, _) => Superseded::Replay,
                (false, true) => Superseded::SkipOnRequest,
                (false, false) => Superseded::Skip,
            },
            visibility_timeout: self.hidden,
            settle: self.settle,
        })
    }
}

impl TargetArgs {
    async fn resolve(&self, connection: &Connection, source: &Queue) -> Result<ReplayTarget> {
        if let Some(given) = &self.to_queue {
            let queue = Queue::resolve(connection, given).await?;
            queue.require_other_than(source).await?;
            return Ok(ReplayTarget::Queue(queue.url().to_owned()));
        }
        let Some(given) = &self.to_topic else { return Ok(ReplayTarget::Origin) };
        Ok(ReplayTarget::Topic(topic::resolve(&connection.sdk, given).await?))
    }
}

/// The URL of the parking queue: the given one, otherwise the one of the service, otherwise the one beside the
/// dead-letter queue, if it exists.
pub(crate) async fn parking_queue(
    connection: &Connection,
    queue: &Queue,
    given: Option<&str>,
) -> Result<Option<String>> {
    if let Some(given) = given {
        let parking = Queue::resolve(connection, given).await?;
        parking.require_other_than(queue).await?;
        return Ok(Some(parking.url().to_owned()));
    }
    let known = connection.known_services().await;
    let owner = known.services().values().find(|service| service.dlq_url() == Some(queue.url()));
    if let Some(url) = owner.and_then(Service::parking_url) {
        return Ok(Some(url.to_owned()));
    }
    let Some(name) = queue.name().strip_suffix("-dlq") else {
        return Ok(None);
    };
    match Queue::resolve(connection, &format!("{name}-parking")).await {
        Ok(found) => Ok(Some(found.url().to_owned())),
        Err(error) if error.is::<UsageError>() => Ok(None),
        Err(error) => Err(error),
    }
}
