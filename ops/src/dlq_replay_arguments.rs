//! The arguments of `dlq replay`, and the options that they mean.

use anyhow::Result;
use clap::Args;
use ops::dlq::envelope::Envelope;
use ops::dlq::journal::entry::Purpose;
use ops::dlq::marks::Marking;
use ops::dlq::options::{After, Options, Order, Pace, Superseded};
use ops::dlq::queue::{Queue, WrongUse};
use ops::dlq::roads::choice::{Choice, Way};
use ops::target::{self, Target};

use crate::arguments::{FilterArgs, LookArgs, QueueArgs, text};
use crate::dlq_journal_commands::JournalFolder;
use crate::output::Format;

/// What to replay and how.
#[derive(Debug, Args)]
pub(crate) struct ReplayArgs {
    #[command(flatten)]
    pub(crate) queue: QueueArgs,
    #[command(flatten)]
    pub(crate) filter: FilterArgs,
    #[command(flatten)]
    pub(crate) look: LookArgs,
    #[command(flatten)]
    pub(crate) folder: JournalFolder,
    #[command(flatten)]
    way: WayArgs,
    /// Show the plan, and do nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// At most this many messages
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) count: Option<u64>,
    /// At most this many messages a second
    #[arg(long, value_name = "MESSAGES", value_parser = rate)]
    rate: Option<f64>,
    /// Calls at a time
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u16).range(1..=256))]
    concurrency: u16,
    /// Begin with 1, 2, 5, 20, … messages, and stop at the fifth failure among twenty
    #[arg(long)]
    ramp: bool,
    /// With --ramp: how long a step waits for the queue that it sent to to be worked off
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = seconds)]
    settle: u64,
    /// Park a message that was replayed this often and failed again
    #[arg(long, value_name = "TIMES", default_value_t = 3)]
    max_replays: u32,
    /// `subject`: the messages of one subject in their sequence, one at a time
    #[arg(long, value_enum, default_value_t = OrderArg::Any)]
    order: OrderArg,
    /// Replay an event also when a newer one of its subject is in the plan
    #[arg(long)]
    superseded: bool,
    /// How long a message stays hidden at the most when this program dies
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = seconds)]
    hidden: u64,
    /// How to print
    #[arg(long, value_enum, default_value_t = Format::Table)]
    pub(crate) format: Format,
}

/// Which way messages go.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Which way")]
pub(crate) struct WayArgs {
    /// Not back, but to this queue as they are: its URL or name
    #[arg(long, value_name = "QUEUE")]
    to_queue: Option<String>,
    /// To another endpoint, for a rehearsal: the messages stay in their queue
    #[arg(long, value_name = "URL", value_parser = endpoint)]
    to: Option<String>,
    /// Take messages of an unknown shape for these
    #[arg(long = "as", value_name = "ENVELOPE")]
    taken_as: Option<Envelope>,
    /// The function for messages that do not say which one failed
    #[arg(long, value_name = "FUNCTION", value_parser = text())]
    invoke: Option<String>,
    /// Where messages are parked that failed too often; the service's parking queue when not given
    #[arg(long, value_name = "QUEUE")]
    parking: Option<String>,
}

/// In which order messages go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum OrderArg {
    /// As they come
    Any,
    /// Those of one subject by their sequence
    Subject,
}

/// A URL that another cloud listens at.
fn endpoint(url: &str) -> Result<String, String> {
    let given = url.to_owned();
    if target::is_endpoint(url) { Ok(given) } else { Err("give a URL such as http://127.0.0.1:4566".to_owned()) }
}

fn rate(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(rate) if rate.is_finite() && rate >= 0.001 => Ok(rate),
        _ => Err("a number of messages a second is wanted, such as 50 or 0.5".to_owned()),
    }
}

pub(crate) fn seconds(text: &str) -> Result<u64, String> {
    let time = ops::dlq::filter::age(text)?;
    match u64::try_from(time.as_secs()) {
        Ok(seconds) if (1..=12 * 60 * 60).contains(&seconds) => Ok(seconds),
        _ => Err("a time from 1s to 12h is wanted".to_owned()),
    }
}

impl ReplayArgs {
    /// The options that are meant.
    pub(crate) async fn options(&self, target: &Target, queue: &Queue) -> Result<Options> {
        let way = match &self.way.to_queue {
            None => Way::Back,
            Some(given) => {
                let to = Queue::resolve(&target.sdk, &target.env, given).await?;
                to.differs_from(queue)?;
                Way::Queue(to.url().to_owned())
            }
        };
        Ok(Options {
            choice: Choice {
                way,
                function: self.way.invoke.clone(),
                taken_as: self.way.taken_as,
                marking: Marking::Count,
            },
            order: if self.order == OrderArg::Subject { Order::Subject } else { Order::Any },
            pace: if self.ramp { Pace::Ramp } else { Pace::Full },
            rate: self.rate,
            concurrency: self.concurrency.into(),
            max_replays: self.max_replays,
            parking: parking(target, queue, self.way.parking.as_deref()).await?,
            purpose: Purpose::Replay,
            after: if self.way.to.is_some() { After::Keep } else { After::Remove },
            rehearsal: self.way.to.clone(),
            superseded: if self.superseded { Superseded::Replay } else { Superseded::Leave },
            hidden: self.hidden,
            settle: self.settle,
        })
    }
}

/// The queue where messages are parked: the one that was named, else the one beside the dead-letter queue, if it is there.
pub(crate) async fn parking(target: &Target, queue: &Queue, given: Option<&str>) -> Result<Option<String>> {
    if let Some(given) = given {
        let lot = Queue::resolve(&target.sdk, &target.env, given).await?;
        lot.differs_from(queue)?;
        return Ok(Some(lot.url().to_owned()));
    }
    let Some(service) = queue.name().strip_suffix("-dlq") else {
        return Ok(None);
    };
    match Queue::resolve(&target.sdk, &target.env, &format!("{service}-parking")).await {
        Ok(found) => Ok(Some(found.url().to_owned())),
        Err(error) if error.is::<WrongUse>() => Ok(None),
        Err(error) => Err(error),
    }
}
