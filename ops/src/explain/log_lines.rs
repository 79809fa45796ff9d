//! Log lines about the event: those of its publisher, and those of the jobs that received it.

use jiff::Timestamp;
use tokio::time::Instant;

use crate::connection::Connection;
use crate::explain::timeline::{Step, StepKind};
use crate::logs::{self, LogLine, LogQuery, SearchEnd};

/// Steps found in log lines.
#[derive(Debug, Default)]
pub(super) struct LogLines {
    pub(super) published: Vec<Step>,
    pub(super) other: Vec<Step>,
    pub(super) unseen: Vec<String>,
}

pub(super) async fn find(connection: &Connection, event_id: &str, since: Timestamp, deadline: Instant) -> LogLines {
    let mut lines = LogLines::default();
    for service in connection.known_services().await.services().keys() {
        let query = LogQuery { env: &connection.env, service, phrase: event_id, since, deadline };
        let searched = logs::search(&connection.sdk, &query, |line| lines.add(service, event_id, &line)).await;
        match searched {
            Ok(SearchEnd::Complete) => {}
            Ok(SearchEnd::DeadlineReached) => {
                lines.unseen.push(format!("the logs of {service}: the deadline passed before all were searched"));
            }
            Ok(SearchEnd::NoLogGroup) => lines.unseen.push(format!("the logs of {service}: there is no log group")),
            Err(error) => lines.unseen.push(format!("{error:#}")),
        }
    }
    if lines.published.is_empty() {
        lines.unseen.push(
            "no log line of its publication: it was not published, or the line is older than the logs".to_owned(),
        );
    }
    lines
}

impl LogLines {
    fn add(&mut self, service: &str, event_id: &str, line: &LogLine) {
        let has_event_id = line.field("event.id") == Some(event_id);
        let ids = line.field("event.ids").unwrap_or_default();
        let step = |kind, text: String| Step {
            at: Some(line.at),
            kind,
            service: Some(service.to_owned()),
            place: Some(line.function.clone()),
            text,
            message_id: None,
        };
        match line.message.as_str() {
            "published events" if ids.split(' ').any(|id| id == event_id) => {
                self.published.push(step(StepKind::Published, "the bus accepted it".to_owned()));
            }
            "handled an event" if has_event_id => self.other.push(step(StepKind::Handled, "handled".to_owned())),
            message if has_event_id => {
                let kind = if line.level == "ERROR" { StepKind::Failed } else { StepKind::Logged };
                self.other.push(step(kind, describe(message, line)));
            }
            _ => {}
        }
    }
}

/// A failure by its kind and causes, anything else by its log message.
fn describe(message: &str, line: &LogLine) -> String {
    match (line.field("error.kind"), line.field("error.chain")) {
        (Some(kind), Some(chain)) => format!("{kind}: {chain}"),
        (Some(one), None) | (None, Some(one)) => format!("{message}: {one}"),
        (None, None) => message.to_owned(),
    }
}
