//! `cargo xtask logs`: the log lines of a service's functions.

use std::collections::HashSet;
use std::time::Duration;

use anyhow::{Result, bail};
use aws_json::logs::{Filter, LogEvent, Pages};
use aws_json::{Client, LOGS};
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::aws::{self, Target};
use crate::stacks;
use crate::ui;

/// Whether to continue after the present lines.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Follow {
    /// Print new lines until Ctrl-C.
    Yes,
    /// Print the present lines only.
    No,
}

/// How each line is printed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum LogFormat {
    /// Time, level, message, fields.
    Text,
    /// As the function wrote it.
    Raw,
}

pub(crate) async fn command(
    target: &Target,
    service: &str,
    since: SignedDuration,
    follow: Follow,
    format: LogFormat,
) -> Result<()> {
    let groups = groups(target, service).await?;
    if groups.is_empty() {
        bail!("{service} has no log group: `cargo xtask deploy {service} --env {}` creates it", target.env);
    }
    let mut from = Timestamp::now().checked_sub(since)?.as_millisecond();
    let mut seen = HashSet::new();
    let prefix = format!("{}-", stacks::stack_name(&target.env, service));
    loop {
        let mut events = Vec::new();
        for group in &groups {
            events.extend(read(target, group, from).await?);
        }
        events.retain(|event| seen.insert(identity(event)));
        events.sort_by_key(|event| event.timestamp);
        for line in events.iter().filter_map(|event| show(event, format, &prefix)) {
            ui::print(line);
        }
        if follow == Follow::No {
            return Ok(());
        }
        // A line may arrive after one with a later time: read the last seconds again, and skip what was printed.
        from = from.max(Timestamp::now().as_millisecond() - 10_000);
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

/// Every line of every log group, ordered within each group only.
pub(crate) async fn all_lines(target: &Target) -> Result<Vec<String>> {
    let mut lines = Vec::new();
    for group in all_groups(target).await? {
        lines.extend(read(target, &group, 0).await?.into_iter().map(|event| event.message));
    }
    Ok(lines)
}

/// Log groups come in pages:
/// <https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_DescribeLogGroups.html>
async fn all_groups(target: &Target) -> Result<Vec<String>> {
    let client = Client::new(&target.sdk, LOGS);
    let (mut names, mut input) = (Vec::new(), json!({}));
    loop {
        let page = client.call::<GroupPage>("DescribeLogGroups", &input).await;
        let page = page.map_err(aws::call_failed("list the log groups"))?;
        names.extend(page.log_groups.into_iter().map(|group| group.log_group_name));
        match page.next_token.filter(|token| !token.is_empty()) {
            Some(token) => input["nextToken"] = json!(token),
            None => return Ok(names),
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct GroupPage {
    #[serde(default)]
    log_groups: Vec<LogGroup>,
    next_token: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct LogGroup {
    log_group_name: String,
}

/// The log groups of a service's stack.
async fn groups(target: &Target, service: &str) -> Result<Vec<String>> {
    let client = aws_sdk_cloudformation::Client::new(&target.sdk);
    let name = stacks::stack_name(&target.env, service);
    let output = match client.describe_stack_resources().stack_name(&name).send().await {
        Ok(output) => output,
        Err(error) if aws::explain(&error).contains("does not exist") => return Ok(Vec::new()),
        Err(error) => return Err(aws::failed(&format!("read the resources of {name}"))(error)),
    };
    let resources = output.stack_resources.unwrap_or_default().into_iter();
    let groups = resources.filter(|resource| resource.resource_type.as_deref() == Some("AWS::Logs::LogGroup"));
    Ok(groups.filter_map(|resource| resource.physical_resource_id).collect())
}

async fn read(target: &Target, group: &str, from: i64) -> Result<Vec<LogEvent>> {
    let filter = Filter { group: group.to_owned(), from, pattern: None };
    let events = Pages::new(&target.sdk, &filter).all().await;
    events.map_err(aws::call_failed(&format!("read the log group {group}")))
}

/// Identifies an event. On the local cloud events have no id.
fn identity(event: &LogEvent) -> (Option<String>, Option<i64>, Option<String>, String) {
    (event.event_id.clone(), event.timestamp, event.log_stream_name.clone(), event.message.clone())
}

/// A line as it is printed; `None` for lines that only [`LogFormat::Raw`] shows.
fn show(event: &LogEvent, format: LogFormat, prefix: &str) -> Option<String> {
    let line = event.message.trim_end();
    match (format, serde_json::from_str::<Map<String, Value>>(line)) {
        (LogFormat::Text, Ok(fields)) if is_routine(&fields) => None,
        (LogFormat::Text, Ok(fields)) => Some(readable(event, fields, prefix)),
        _ => Some(line.to_owned()),
    }
}

/// Lambda's records of a start or of a successful run.
///
/// <https://docs.aws.amazon.com/lambda/latest/dg/telemetry-schema-reference.html>
fn is_routine(fields: &Map<String, Value>) -> bool {
    let from_lambda = fields.get("type").and_then(Value::as_str).is_some_and(|kind| kind.starts_with("platform."));
    let status = fields.get("record").and_then(|record| record.get("status")).and_then(Value::as_str);
    from_lambda && matches!(status, None | Some("success"))
}

/// One structured line as `03:42:10.123 INFO  create-todo  sentence  field=value …`.
fn readable(event: &LogEvent, mut fields: Map<String, Value>, prefix: &str) -> String {
    let own_time = fields.remove("timestamp").as_ref().and_then(Value::as_str).and_then(|time| time.parse().ok());
    let time = own_time.or_else(|| Timestamp::from_millisecond(event.timestamp?).ok()).unwrap_or_default();
    let level = take(&mut fields, "level");
    let message = take(&mut fields, "message");
    // The module and the kind of span: the message is enough.
    fields.remove("target");
    if let Some(Value::Object(span)) = fields.get_mut("span") {
        span.remove("name");
    }
    let mut rest = Vec::new();
    flatten(&fields, &mut rest);
    let line = format!(
        "{} {level:<5} {}  {message}  {}",
        time.strftime("%H:%M:%S%.3f"),
        job(event.log_stream_name.as_deref().unwrap_or_default(), prefix),
        rest.join(" ")
    );
    line.trim_end().to_owned()
}

/// The job that a log stream `YYYY/MM/DD/<prefix><job>[<version>]…` belongs to.
fn job<'a>(stream: &'a str, prefix: &str) -> &'a str {
    let function = stream.rsplit('/').next().and_then(|last| last.split('[').next()).unwrap_or_default();
    function.strip_prefix(prefix).unwrap_or(function)
}

/// Fields as `name=value`; nested ones without the name of their object.
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

    const PREFIX: &str = "busline-local-samples-";

    fn event(line: &str) -> LogEvent {
        let stream = "2026/11/21/busline-local-samples-create-sample[$LATEST]def1";
        LogEvent { event_id: None, timestamp: Some(0), log_stream_name: Some(stream.into()), message: line.into() }
    }

    #[test]
    fn a_structured_line_is_printed_as_time_level_job_message_and_fields() {
        let line = r#"{"timestamp":"2026-11-21T04:22:26.710834Z","level":"INFO","message":"answered","http.status":201,"target":"kit","span":{"name":"request","sample.id":"7"}}"#;
        let shown = show(&event(line), LogFormat::Text, PREFIX).unwrap();
        assert_eq!(shown, "04:22:26.710 INFO  create-sample  answered  http.status=201 sample.id=7");
        assert_eq!(show(&event(line), LogFormat::Raw, PREFIX).as_deref(), Some(line));
    }

    #[test]
    fn only_failures_of_lambdas_own_records_are_shown() {
        let start = r#"{"type":"platform.start","record":{"requestId":"1"}}"#;
        let timeout = r#"{"type":"platform.report","record":{"requestId":"1","status":"timeout"}}"#;
        assert_eq!(show(&event(start), LogFormat::Text, PREFIX), None);
        assert!(show(&event(timeout), LogFormat::Text, PREFIX).unwrap().contains("status=timeout"));
    }

    #[test]
    fn a_line_that_is_not_json_is_printed_unchanged() {
        assert_eq!(show(&event("thread panicked\n"), LogFormat::Text, PREFIX).as_deref(), Some("thread panicked"));
    }
}
