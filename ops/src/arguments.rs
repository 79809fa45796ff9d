//! The arguments that commands share.

use std::time::Duration;

use anyhow::{Result, ensure};
use clap::Args;
use clap::builder::NonEmptyStringValueParser;
use jiff::SignedDuration;
use jiff::Timestamp;
use ops::dlq::envelope::Envelope;
use ops::dlq::filter::{self, Field, Filter, Glob, Moment, Text};
use ops::dlq::queue::{Queue, WrongUse};
use ops::target;

/// Which queue.
#[derive(Clone, Debug, Args)]
pub(crate) struct QueueArgs {
    /// A queue's URL, its name, or a service of the environment
    pub(crate) queue: String,
    /// The environment; `local` is the running local cloud. Without it, `AWS_ENDPOINT_URL`, `AWS_PROFILE`,
    /// `AWS_ACCESS_KEY_ID` or the queue's URL say where to look, and without those it is the local cloud
    #[arg(long, value_parser = text())]
    pub(crate) env: Option<String>,
}

impl QueueArgs {
    /// The queue that is meant.
    pub(crate) async fn open(&self) -> Result<Queue> {
        let target = target::connect(self.env.as_deref(), Some(&self.queue)).await?;
        Queue::resolve(&target.sdk, &target.env, &self.queue).await
    }
}

/// Which of its messages. Everything that is given must hold.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Which messages (all that is given must hold)")]
pub(crate) struct FilterArgs {
    /// The error says this, or matches `/a regular expression/`
    #[arg(long, value_name = "TEXT")]
    error: Option<Text>,
    /// The kind of error; `*` is any text, `?` one character
    #[arg(long, value_name = "PATTERN")]
    error_type: Option<Glob>,
    /// The function's name; `*` is any text, `?` one character
    #[arg(long, value_name = "PATTERN")]
    function: Option<Glob>,
    /// The rule's name; `*` is any text, `?` one character
    #[arg(long, value_name = "PATTERN")]
    rule: Option<Glob>,
    /// The service that failed
    #[arg(long, value_parser = text())]
    service: Option<String>,
    /// The event's detail-type, such as `TodoCreated.*`
    #[arg(long, value_name = "PATTERN")]
    detail_type: Option<Glob>,
    /// What the event is about
    #[arg(long, value_parser = text())]
    subject: Option<String>,
    /// The event's id
    #[arg(long, value_name = "ID", value_parser = text())]
    event_id: Option<String>,
    /// How the message's id begins
    #[arg(long, value_name = "PREFIX", value_parser = text())]
    message_id: Option<String>,
    /// A field of the event by its `JSONPath`, `$.detail.data.ownerId=7`, or a path that must lead somewhere. May be given
    /// several times. A message of an unknown shape is searched in its body
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
    /// The shape of the message: lambda-destination, lambda-dlq, rule-dlq, sqs-redrive, stream-metadata, stream-payload
    /// or unknown. May be given several times
    #[arg(long)]
    envelope: Vec<Envelope>,
}

impl FilterArgs {
    /// The filter at this time.
    ///
    /// # Errors
    /// [`WrongUse`] when no time lies between its bounds.
    pub(crate) fn filter(self, now: Timestamp) -> Result<Filter> {
        let until = self.until.map(|until| until.timestamp(now));
        let older = self.older_than.map(|age| Moment::Ago(age).timestamp(now));
        let since = self.since.map(|since| since.timestamp(now));
        let until = until.into_iter().chain(older).min();
        if let (Some(since), Some(until)) = (since, until) {
            let says =
                || format!("no message can have failed since {since} and before {until}: give them the other way");
            ensure!(since < until, WrongUse(says()));
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
        })
    }
}

/// Text that is not empty: `--message-id "$ID"` without an ID would mean every message.
pub(crate) fn text() -> NonEmptyStringValueParser {
    NonEmptyStringValueParser::new()
}

/// How long to look.
#[derive(Clone, Debug, Args)]
pub(crate) struct LookArgs {
    /// The longest time to look; meanwhile nobody else sees the messages
    #[arg(long, value_name = "TIME", default_value = "2m", value_parser = deadline)]
    pub(crate) deadline: Duration,
}

/// SQS hides a message for twelve hours at the most.
fn deadline(text: &str) -> Result<Duration, String> {
    let time = filter::age(text)?;
    if time > SignedDuration::from_hours(11) {
        return Err("give at most 11h: SQS hides a message for twelve hours at the most".to_owned());
    }
    Duration::try_from(time).map_err(|error| error.to_string())
}
