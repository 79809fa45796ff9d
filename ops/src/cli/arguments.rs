//! Arguments that several commands share.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, ensure};
use clap::Args;
use clap::builder::NonEmptyStringValueParser;
use jiff::SignedDuration;
use jiff::Timestamp;
use ops::connection;
use ops::dlq::browse::BrowseLimits;
use ops::dlq::envelope::Envelope;
use ops::dlq::filter::{self, Field, Filter, Glob, Moment, Text};
use ops::dlq::queue::Queue;
use ops::dlq::queue::attributes::RedrivingQueue;
use ops::error::UsageError;

use crate::cli::completion;
use crate::cli::interrupts::stop_at_interrupt;

/// The queue that a command works on.
#[derive(Clone, Debug, Args)]
pub(crate) struct QueueArgs {
    /// The queue: its URL, its name, or a service of the environment
    #[arg(add = completion::queues())]
    pub(crate) queue: String,
    /// The environment; `local` is the running local cloud. Without it, `AWS_ENDPOINT_URL`, `AWS_PROFILE`,
    /// `AWS_ACCESS_KEY_ID` or the queue's URL decide, and without those it is the local cloud
    #[arg(long, value_parser = non_empty_text())]
    pub(crate) env: Option<String>,
}

impl QueueArgs {
    pub(crate) async fn open(&self) -> Result<Queue> {
        let connection = connection::connect(self.env.as_deref(), Some(&self.queue)).await?;
        Queue::resolve(&connection, &self.queue).await
    }
}

/// Conditions for messages. A message must fulfil all of them.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Filters (a message must match all of them)")]
pub(crate) struct FilterArgs {
    /// The error contains this text, or matches `/a regular expression/`
    #[arg(long, value_name = "TEXT")]
    error: Option<Text>,
    /// The error type; `*` stands for any text, `?` for one character
    #[arg(long, value_name = "PATTERN")]
    error_type: Option<Glob>,
    /// The function's name; `*` stands for any text, `?` for one character
    #[arg(long, value_name = "PATTERN")]
    function: Option<Glob>,
    /// The rule's name; `*` stands for any text, `?` for one character
    #[arg(long, value_name = "PATTERN")]
    rule: Option<Glob>,
    /// The service that failed
    #[arg(long, value_parser = non_empty_text())]
    service: Option<String>,
    /// The event's detail-type, such as `TodoCreated.*`
    #[arg(long, value_name = "PATTERN")]
    detail_type: Option<Glob>,
    /// The event's subject, such as a to-do item's id
    #[arg(long, value_parser = non_empty_text())]
    subject: Option<String>,
    /// The event's id, in its metadata or the bus's
    #[arg(long, value_name = "ID", value_parser = non_empty_text())]
    event_id: Option<String>,
    /// The beginning of the message id
    #[arg(long, value_name = "PREFIX", value_parser = non_empty_text())]
    message_id: Option<String>,
    /// A field of the event by its `JSONPath` and value, `$.detail.data.ownerId=7`, or a path that must exist. Can be
    /// repeated. In a message of an unknown shape the body is searched
    #[arg(long, value_name = "PATH[=VALUE]")]
    field: Vec<Field>,
    /// Failed at this time or later: `2026-11-21T07:00:00Z`, `2026-11-21`, or an age such as `90m` or `3d`
    #[arg(long, value_name = "TIME")]
    since: Option<Moment>,
    /// Failed before this time
    #[arg(long, value_name = "TIME")]
    until: Option<Moment>,
    /// Failed longer ago than this: `90m`, `3d`
    #[arg(long, value_name = "AGE", value_parser = filter::age)]
    older_than: Option<SignedDuration>,
    /// The envelope of the message: lambda-destination, lambda-dlq, rule-dlq, sqs-redrive, stream-metadata,
    /// stream-payload or unknown. Can be repeated
    #[arg(long)]
    envelope: Vec<Envelope>,
}

impl FilterArgs {
    /// The filter, with ages relative to `now`.
    ///
    /// # Errors
    /// [`UsageError`] when --since is not before --until.
    pub(crate) fn filter(self, now: Timestamp) -> Result<Filter> {
        let until = self.until.map(|until| until.timestamp(now));
        let older = self.older_than.map(|age| Moment::Ago(age).timestamp(now));
        let since = self.since.map(|since| since.timestamp(now));
        let until = until.into_iter().chain(older).min();
        if let (Some(since), Some(until)) = (since, until) {
            let explanation =
                || format!("no message can have failed since {since} and before {until}: swap --since and --until");
            ensure!(since < until, UsageError(explanation()));
        }
        Ok(Filter {
            error: self.error,
            error_type: self.error_type,
            function: self.function,
            rule: self.rule,
            service: self.service,
            detail_type: self.detail_type,
            subject: self.subject,
            event_id: self.event_id,
            message_id: self.message_id,
            fields: self.field,
            since,
            until,
            envelopes: self.envelope,
            cluster: None,
        })
    }
}

/// Rejects empty text: `--message-id "$ID"` with an unset variable would select every message.
pub(crate) fn non_empty_text() -> NonEmptyStringValueParser {
    NonEmptyStringValueParser::new()
}

/// How to browse a queue.
#[derive(Clone, Debug, Args)]
pub(crate) struct BrowseArgs {
    /// The longest time to browse; meanwhile other consumers do not see the messages
    #[arg(long, value_name = "TIME", default_value = "2m", value_parser = deadline)]
    deadline: Duration,
    #[command(flatten)]
    force: ForceArgs,
}

/// Whether a queue may be read that is changed by it.
#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct ForceArgs {
    /// Also read a queue that moves its messages to its own dead-letter queue after some receives: reading counts as one
    #[arg(long)]
    force: bool,
}

impl ForceArgs {
    pub(crate) fn redriving(self) -> RedrivingQueue {
        if self.force { RedrivingQueue::Read } else { RedrivingQueue::Refuse }
    }
}

impl BrowseArgs {
    pub(crate) fn redriving(&self) -> RedrivingQueue {
        self.force.redriving()
    }

    /// Until the deadline, Ctrl-C, SIGTERM or the end of the terminal: messages are given back before the program ends.
    pub(crate) fn limits(&self) -> BrowseLimits {
        let limits = BrowseLimits { redriving: self.force.redriving(), ..BrowseLimits::after(self.deadline) };
        stop_at_interrupt(Arc::clone(&limits.cancelled));
        limits
    }
}

/// SQS hides a message for at most twelve hours.
fn deadline(text: &str) -> Result<Duration, String> {
    let time = filter::age(text)?;
    if time > SignedDuration::from_hours(11) {
        return Err("give at most 11h: SQS hides a message for at most twelve hours".to_owned());
    }
    Duration::try_from(time).map_err(|error| error.to_string())
}
