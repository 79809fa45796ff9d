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
    let prefix = format!("{}-", stack.stack_name(&target.env));
    loop {
        let mut events = Vec::new();
        for group in &groups {
            events.extend(read(&client, group, from).await?);
        }
        events.retain(|event| seen.insert(identity(event)));
        events.sort_by_key(|event| event.timestamp);
        for line in events.iter().filter_map(|event| show(event, format, &prefix)) {
            ui::print(line);
        }
        if follow == Follow::No {
            return Ok(());
        }
        // A line may arrive after one with a later time: look back a little, and skip what was printed.
        from = from.max(Timestamp::now().as_millisecond() - 10_000);
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

/// Every line of every log group, in no order between groups.
pub(crate) async fn everything(target: &Target) -> Result<Vec<String>> {
    let client = aws_sdk_cloudwatchlogs::Client::new(&target.sdk);
    let mut pages = client.describe_log_groups().into_paginator().send();
    let mut lines = Vec::new();
    while let Some(page) = pages.next().await {
        let groups = page.map_err(aws::failed("list the log groups"))?.log_groups.unwrap_or_default();
        for group in groups.into_iter().filter_map(|group| group.log_group_name) {
            lines.extend(read(&client, &group, 0).await?.into_iter().filter_map(|event| event.message));
        }
    }
    Ok(lines)
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

/// What tells an event from all others. The local cloud gives events no id of their own.
fn identity(event: &FilteredLogEvent) -> (Option<String>, Option<i64>, Option<String>, Option<String>) {
    (event.event_id.clone(), event.timestamp, event.log_stream_name.clone(), event.message.clone())
}

/// One line as it is printed; `None` for what only [`LogFormat::Raw`] shows.
fn show(event: &FilteredLogEvent, format: LogFormat, prefix: &str) -> Option<String> {
    let line = event.message().unwrap_or_default().trim_end();
    match (format, serde_json::from_str::<Map<String, Value>>(line)) {
        (LogFormat::Text, Ok(fields)) if is_routine(&fields) => None,
        (LogFormat::Text, Ok(fields)) => Some(readable(event, fields, prefix)),
        _ => Some(line.to_owned()),
    }
}

/// Lambda's own records of a start or of a run that went well.
///
/// <https://docs.aws.amazon.com/lambda/latest/dg/telemetry-schema-reference.html>
fn is_routine(fields: &Map<String, Value>) -> bool {
    let from_lambda = fields.get("type").and_then(Value::as_str).is_some_and(|kind| kind.starts_with("platform."));
    let status = fields.get("record").and_then(|record| record.get("status")).and_then(Value::as_str);
    from_lambda && matches!(status, None | Some("success"))
}

/// One structured line as `03:42:10.123 INFO  create-todo  sentence  field=value …`.
fn readable(event: &FilteredLogEvent, mut fields: Map<String, Value>, prefix: &str) -> String {
    let own_time = fields.remove("timestamp").as_ref().and_then(Value::as_str).and_then(|time| time.parse().ok());
    let time = own_time.or_else(|| Timestamp::from_millisecond(event.timestamp()?).ok()).unwrap_or_default();
    let level = take(&mut fields, "level");
    let message = take(&mut fields, "message");
    // Which module wrote it, in what kind of span: the sentence says what happened.
    fields.remove("target");
    if let Some(Value::Object(span)) = fields.get_mut("span") {
        span.remove("name");
    }
    let mut rest = Vec::new();
    flatten(&fields, &mut rest);
    let line = format!(
        "{} {level:<5} {}  {message}  {}",
        time.strftime("%H:%M:%S%.3f"),
        job(event.log_stream_name().unwrap_or_default(), prefix),
        rest.join(" ")
    );
    line.trim_end().to_owned()
}

/// The job that a log stream `YYYY/MM/DD/<prefix><job>[<version>]…` belongs to.
fn job<'a>(stream: &'a str, prefix: &str) -> &'a str {
    let function = stream.rsplit('/').next().and_then(|last| last.split('[').next()).unwrap_or_default();
    function.strip_prefix(prefix).unwrap_or(function)
}

/// Fields as `name=value`; those inside a span or a record under their own names.
fn flatten(fields: &Map<String, Value>, into: &mut Vec<String>) {
    for (name, value) in fields {
        match value {
            Value::Object(nested) => flatten(nested, into),
            value => into.push(format!("{name}={}", plain(value))),
        }
    }
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

    const PREFIX: &str = "busline-local-todos-";

    fn event(line: &str) -> FilteredLogEvent {
        let stream = "2026/11/21/busline-local-todos-create-todo[$LATEST]def1";
        FilteredLogEvent::builder().timestamp(0).log_stream_name(stream).message(line).build()
    }

    #[test]
    fn a_structured_line_reads_as_time_level_job_sentence_fields() {
        let line = r#"{"timestamp":"2026-11-21T04:22:26.710834Z","level":"INFO","message":"answered","http.status":201,"target":"kit","span":{"name":"request","todo.id":"7"}}"#;
        let shown = show(&event(line), LogFormat::Text, PREFIX).unwrap();
        assert_eq!(shown, "04:22:26.710 INFO  create-todo  answered  http.status=201 todo.id=7");
        assert_eq!(show(&event(line), LogFormat::Raw, PREFIX).as_deref(), Some(line));
    }

    #[test]
    fn of_lambdas_own_records_only_failures_are_shown() {
        let start = r#"{"type":"platform.start","record":{"requestId":"1"}}"#;
        let timeout = r#"{"type":"platform.report","record":{"requestId":"1","status":"timeout"}}"#;
        assert_eq!(show(&event(start), LogFormat::Text, PREFIX), None);
        assert!(show(&event(timeout), LogFormat::Text, PREFIX).unwrap().contains("status=timeout"));
    }

    #[test]
    fn a_line_that_is_no_object_is_printed_as_it_is() {
        assert_eq!(show(&event("thread panicked\n"), LogFormat::Text, PREFIX).as_deref(), Some("thread panicked"));
    }
}
