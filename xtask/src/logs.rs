//! What a service's functions log.

use std::collections::HashSet;
use std::time::Duration;

use anyhow::{Result, bail};
use aws_sdk_cloudwatchlogs::types::FilteredLogEvent;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value};

use crate::aws::{self, Target};
use crate::stacks::Stack;
use crate::ui;

/// Whether to go on once everything was printed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Follow {
    /// Print what comes, until Ctrl-C.
    Yes,
    /// Print what is there.
    No,
}

/// How each line is printed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum LogFormat {
    /// Time, level, sentence, fields.
    Text,
    /// As the function wrote it.
    Raw,
}

/// `cargo xtask logs`.
pub(crate) async fn command(
    target: &Target,
    stack: Stack,
    since: SignedDuration,
    follow: Follow,
    format: LogFormat,
) -> Result<()> {
    let groups = groups(target, stack).await?;
    if groups.is_empty() {
        bail!("{stack} has no log group: `cargo xtask deploy {stack} --env {}` makes it", target.env);
    }
    let client = aws_sdk_cloudwatchlogs::Client::new(&target.sdk);
    let mut from = Timestamp::now().checked_sub(since)?.as_millisecond();
    let mut seen = HashSet::new();
    loop {
        let mut events = Vec::new();
        for group in &groups {
            events.extend(read(&client, group, from).await?);
        }
        events.retain(|event| seen.insert(event.event_id.clone().unwrap_or_default()));
        events.sort_by_key(|event| event.timestamp);
        for event in &events {
            ui::print(show(event, format));
        }
        if follow == Follow::No {
            return Ok(());
        }
        // A line may arrive after one with a later time: look back a little, and skip what was printed.
        from = from.max(Timestamp::now().as_millisecond() - 10_000);
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

/// The log groups that the stack made.
async fn groups(target: &Target, stack: Stack) -> Result<Vec<String>> {
    let client = aws_sdk_cloudformation::Client::new(&target.sdk);
    let name = stack.stack_name(&target.env);
    let output = match client.describe_stack_resources().stack_name(&name).send().await {
        Ok(output) => output,
        Err(error) if aws::explain(&error).contains("does not exist") => return Ok(Vec::new()),
        Err(error) => return Err(aws::failed(&format!("read the resources of {name}"))(error)),
    };
    let resources = output.stack_resources.unwrap_or_default().into_iter();
    let groups = resources.filter(|resource| resource.resource_type.as_deref() == Some("AWS::Logs::LogGroup"));
    Ok(groups.filter_map(|resource| resource.physical_resource_id).collect())
}

async fn read(client: &aws_sdk_cloudwatchlogs::Client, group: &str, from: i64) -> Result<Vec<FilteredLogEvent>> {
    let mut pages = client.filter_log_events().log_group_name(group).start_time(from).into_paginator().send();
    let mut events = Vec::new();
    while let Some(page) = pages.next().await {
        let page = page.map_err(aws::failed(&format!("read the log group {group}")))?;
        events.extend(page.events.unwrap_or_default());
    }
    Ok(events)
}

fn show(event: &FilteredLogEvent, format: LogFormat) -> String {
    let line = event.message().unwrap_or_default().trim_end();
    match (format, serde_json::from_str::<Map<String, Value>>(line)) {
        (LogFormat::Text, Ok(fields)) => readable(event, fields),
        _ => line.to_owned(),
    }
}

/// One structured line as `03:42:10.123 INFO  sentence  field=value …`.
fn readable(event: &FilteredLogEvent, mut fields: Map<String, Value>) -> String {
    if let Some(Value::Object(nested)) = fields.remove("fields") {
        fields.extend(nested);
    }
    fields.remove("timestamp");
    let level = take(&mut fields, "level");
    let message = take(&mut fields, "message");
    let rest: Vec<String> = fields.iter().map(|(name, value)| format!("{name}={}", plain(value))).collect();
    let time = event.timestamp().and_then(|ms| Timestamp::from_millisecond(ms).ok());
    let time = time.map(|time| time.strftime("%H:%M:%S%.3f").to_string()).unwrap_or_default();
    format!("{time} {level:<5} {message}  {}", rest.join(" ")).trim_end().to_owned()
}

fn take(fields: &mut Map<String, Value>, name: &str) -> String {
    fields.remove(name).as_ref().map(plain).unwrap_or_default()
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_structured_line_reads_as_time_level_sentence_fields() {
        let line =
            r#"{"timestamp":"…","level":"INFO","fields":{"message":"to-do created","todo.id":"7"},"target":"todos"}"#;
        let event = FilteredLogEvent::builder().timestamp(0).message(line).build();
        assert_eq!(show(&event, LogFormat::Text), "00:00:00.000 INFO  to-do created  target=todos todo.id=7");
        assert_eq!(show(&event, LogFormat::Raw), line);
    }

    #[test]
    fn a_line_that_is_no_object_is_printed_as_it_is() {
        let event = FilteredLogEvent::builder().timestamp(0).message("START RequestId: 1\n").build();
        assert_eq!(show(&event, LogFormat::Text), "START RequestId: 1");
    }
}
