//! Tables of queues, messages and clusters, and the page of one message.

use std::fmt::Write;

use jiff::Timestamp;
use ops::dlq::cluster::Cluster;
use ops::dlq::event;
use ops::dlq::message::Message;
use ops::dlq::overview::QueueOverview;
use ops::dlq::raw_message::AttributeValue;

use crate::cli::layout::Rows;
use crate::cli::output::{escape_controls, one_line};

/// The characters of an error in a row; `show` prints all of it.
const MAX_ERROR: usize = 120;

/// The columns of `list`.
pub(crate) const OVERVIEW: [&str; 9] =
    ["service", "queue", "depth", "growth", "in flight", "oldest", "kept for", "fed by", "goes back to"];

/// The columns of `peek`.
pub(crate) const MESSAGE: [&str; 7] =
    ["message", "failed", "envelope", "function or rule", "error", "event", "subject"];

/// The columns of `clusters`.
pub(crate) const CLUSTER: [&str; 10] =
    ["#", "cluster", "count", "function or rule", "error", "event", "first", "last", "when", "example"];

pub(crate) fn overviews(overviews: &[QueueOverview], now: Timestamp, columns: &[usize]) -> String {
    let mut table = Rows::new(OVERVIEW);
    for it in overviews {
        let no_age = if it.oldest_is_exact { "-" } else { "unknown" };
        let oldest = it.oldest.map_or_else(|| no_age.to_owned(), |at| ago(now, at));
        let sources: Vec<String> = it.fed_by.iter().map(|source| format!("{} {}", source.kind, source.name)).collect();
        table.add_row([
            it.service.clone().unwrap_or_else(|| "-".to_owned()),
            it.queue.clone(),
            it.depth.to_string(),
            growth(it, now),
            it.in_flight.to_string(),
            oldest,
            kept(it),
            list(&sources),
            list(&it.replays_to),
        ]);
    }
    table.render_columns(columns)
}

/// How long the oldest message is kept.
fn kept(overview: &QueueOverview) -> String {
    match (overview.retention_left, overview.retention_left_at_most) {
        (Some(left), _) => format!("{} more", duration(left)),
        (None, Some(left)) => format!("at most {} more", duration(left)),
        (None, None) => duration(overview.retention.cast_signed()),
    }
}

fn growth(overview: &QueueOverview, now: Timestamp) -> String {
    match (overview.growth, overview.last_look) {
        (Some(growth), Some(at)) => format!("{growth:+} in {}", duration(now.as_second() - at.as_second())),
        _ => "-".to_owned(),
    }
}

pub(crate) fn messages(messages: &[Message], now: Timestamp, columns: &[usize]) -> String {
    if messages.is_empty() {
        return String::new();
    }
    let mut table = Rows::new(MESSAGE);
    for message in messages {
        table.add_row([
            message.message_id.clone(),
            message.failed_at.map_or_else(|| "-".to_owned(), |at| format!("{} ago", ago(now, at))),
            message.envelope.to_string(),
            or_dash(message.function.as_ref().or(message.rule.as_ref())),
            error(message.error_type.as_deref(), message.error_message.as_deref()),
            events(message),
            or_dash(message.subject.as_ref()),
        ]);
    }
    table.render_columns(columns)
}

fn events(message: &Message) -> String {
    let first = or_dash(message.event_type.as_ref());
    match message.events.len() {
        0 => first,
        count => format!("{first} and {} more", count - 1),
    }
}

pub(crate) fn clusters(clusters: &[Cluster], now: Timestamp, columns: &[usize]) -> String {
    if clusters.is_empty() {
        return String::new();
    }
    let mut table = Rows::new(CLUSTER);
    for (index, cluster) in clusters.iter().enumerate() {
        let place = cluster.function.as_ref().or(cluster.rule.as_ref());
        let time = |at: Option<Timestamp>| at.map_or_else(|| "-".to_owned(), |at| format!("{} ago", ago(now, at)));
        table.add_row([
            (index + 1).to_string(),
            cluster.id.clone(),
            cluster.count.to_string(),
            place.map_or_else(|| format!("({})", cluster.envelope), |name| one_line(name)),
            error(cluster.error_type.as_deref(), cluster.error_message.as_deref()),
            or_dash(cluster.event_type.as_ref()),
            time(cluster.first),
            time(cluster.last),
            sparkline(&cluster.histogram),
            cluster.example.clone(),
        ]);
    }
    table.render_columns(columns)
}

fn sparkline(histogram: &[u64]) -> String {
    const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let most = histogram.iter().copied().max().unwrap_or(0).max(1);
    let bar = |count: &u64| match *count {
        0 => ' ',
        count => BARS[usize::try_from((count * 7).div_ceil(most)).unwrap_or(7).min(7)],
    };
    histogram.iter().map(bar).collect()
}

pub(crate) fn page(message: &Message, now: Timestamp) -> String {
    let mut page = String::new();
    for (name, value) in head(message, now) {
        if let Some(value) = value {
            line(&mut page, &format!("{:<14} {}", name, one_line(&value)));
        }
    }
    section(
        &mut page,
        "Attributes",
        message.attributes.iter().map(|(name, attribute)| {
            let value = match &attribute.value {
                AttributeValue::Text(text) => one_line(text),
                AttributeValue::Binary(bytes) => format!("{} bytes", bytes.len()),
            };
            format!("{} ({}): {value}", one_line(name), one_line(&attribute.data_type))
        }),
    );
    section(
        &mut page,
        "SQS",
        message.system_attributes.iter().map(|(name, value)| format!("{name}: {}", one_line(value))),
    );
    section(
        &mut page,
        "Events of the batch",
        message.events.iter().map(|event| {
            let sequence = event.sequence.map_or_else(String::new, |sequence| format!(" #{sequence}"));
            format!(
                "{} {} {}{sequence}",
                or_dash(event.event_type.as_ref()),
                or_dash(event.event_id.as_ref()),
                or_dash(event.subject.as_ref())
            )
        }),
    );
    let (title, shown) = contents(message);
    section(&mut page, title, shown.into_iter());
    page
}

/// The title and lines of the event: of a batch the events in its outbox rows; without an event, the body.
fn contents(message: &Message) -> (&'static str, Vec<String>) {
    let Some(event) = &message.event else { return ("Body", vec![escape_controls(&message.body)]) };
    let inside = event::inside(event);
    let events = if inside.is_empty() { vec![event.clone()] } else { inside };
    ("Event", events.iter().map(|event| escape_controls(&format!("{event:#}"))).collect())
}

fn head(message: &Message, now: Timestamp) -> Vec<(&'static str, Option<String>)> {
    let wrapped = if message.wrapped_by_sns { ", in an SNS notification" } else { "" };
    let at = |at: Timestamp| format!("{at} ({} ago)", ago(now, at));
    let origin = &message.origin;
    let batch = origin.batch.as_ref().map(|batch| {
        let records = batch.size.map_or_else(|| "?".to_owned(), |size| size.to_string());
        let from = or_dash(batch.first.as_ref());
        format!(
            "{records} records from {from} to {} of {}",
            or_dash(batch.last.as_ref()),
            or_dash(batch.stream_arn.as_ref())
        )
    });
    vec![
        ("Message", Some(message.message_id.clone())),
        ("Envelope", Some(format!("{}{wrapped}", message.envelope))),
        ("Problem", message.problem.clone()),
        ("Service", message.service.clone()),
        ("Function", origin.function_arn.clone().or_else(|| message.function.clone())),
        ("Rule", origin.rule_arn.clone().or_else(|| message.rule.clone())),
        ("Target", origin.target_arn.clone()),
        ("Source queue", origin.source_queue_arn.clone()),
        ("Object", origin.object.as_ref().map(ToString::to_string)),
        ("Batch", batch),
        ("Failed", message.failed_at.map(at)),
        ("Error", Some(error_in_full(message))),
        ("Event", message.event_type.clone()),
        ("Event id", message.event_id.clone()),
        ("Subject", message.subject.clone()),
        ("Sequence", message.sequence.map(|sequence| sequence.to_string())),
        ("Trace", message.trace_id()),
        ("Request", origin.request_id.clone()),
        ("In the queue", message.sent_at().map(at)),
        ("Received", message.receive_count().map(|count| format!("{count} times"))),
    ]
}

fn error_in_full(message: &Message) -> String {
    match (&message.error_type, &message.error_message) {
        (Some(kind), Some(text)) => format!("{kind}: {text}"),
        (Some(one), None) | (None, Some(one)) => one.clone(),
        (None, None) => "not in the message".to_owned(),
    }
}

fn error(kind: Option<&str>, text: Option<&str>) -> String {
    let text = match (kind, text) {
        (Some(kind), Some(text)) => format!("{kind}: {text}"),
        (Some(one), None) | (None, Some(one)) => one.to_owned(),
        (None, None) => "-".to_owned(),
    };
    let text = one_line(&text);
    match text.char_indices().nth(MAX_ERROR) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

fn section(page: &mut String, title: &str, entries: impl Iterator<Item = String>) {
    let entries: Vec<String> = entries.collect();
    if entries.is_empty() {
        return;
    }
    line(page, "");
    line(page, title);
    for entry in entries.iter().flat_map(|entry| entry.lines()) {
        line(page, &format!("  {entry}"));
    }
}

fn line(page: &mut String, text: &str) {
    page.push_str(text);
    page.push('\n');
}

fn or_dash(text: Option<&String>) -> String {
    text.map_or_else(|| "-".to_owned(), |text| one_line(text))
}

fn list(names: &[String]) -> String {
    if names.is_empty() { "-".to_owned() } else { names.join("\n") }
}

fn ago(now: Timestamp, at: Timestamp) -> String {
    duration(now.as_second() - at.as_second())
}

/// A duration in its largest unit and the next one.
fn duration(seconds: i64) -> String {
    const UNITS: [(i64, &str); 4] = [(86_400, "d"), (3600, "h"), (60, "m"), (1, "s")];
    let mut remaining = seconds.abs();
    let largest = UNITS.iter().position(|(length, _)| remaining >= *length).unwrap_or(UNITS.len() - 1);
    let mut parts = String::new();
    for (length, unit) in UNITS.iter().skip(largest).take(2) {
        let whole = remaining / length;
        remaining %= length;
        if whole > 0 || parts.is_empty() {
            // Writing to a string cannot fail.
            write!(parts, "{whole}{unit}").unwrap_or_default();
        }
    }
    if seconds < 0 { format!("-{parts}") } else { parts }
}

#[cfg(test)]
mod tests {
    use super::duration;

    #[test]
    fn a_duration_has_two_units_that_follow_each_other() {
        let shown = [0, 59, 60, 3_599, 3_600, 86_340, 90_000, 86_400 + 3_599, -61].map(duration);
        assert_eq!(shown, ["0s", "59s", "1m", "59m59s", "1h", "23h59m", "1d1h", "1d", "-1m1s"]);
    }
}
