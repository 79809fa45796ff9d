//! The log lines about an event: the publisher's, and those of the jobs that got it.

use jiff::Timestamp;
use tokio::time::Instant;

use crate::dlq::names;
use crate::explain::{Kind, Step};
use crate::logs::{self, Line, Reach, Search};
use crate::target::Target;

/// What was logged of an event.
#[derive(Debug, Default)]
pub(super) struct Lines {
    pub(super) published: Vec<Step>,
    pub(super) rest: Vec<Step>,
    pub(super) unseen: Vec<String>,
}

pub(super) async fn find(target: &Target, event_id: &str, since: Timestamp, deadline: Instant) -> Lines {
    let mut lines = Lines::default();
    for service in names::SERVICES {
        let search = Search { env: &target.env, service, phrase: event_id, since, deadline };
        let searched = logs::search(&target.sdk, &search, |line| lines.add(service, event_id, &line)).await;
        match searched {
            Ok(Reach::Whole) => {}
            Ok(Reach::CutOff) => {
                lines.unseen.push(format!("the logs of {service}: the time was over before all was searched"));
            }
            Ok(Reach::NoGroup) => lines.unseen.push(format!("the logs of {service}: there is no log group")),
            Err(error) => lines.unseen.push(format!("{error:#}")),
        }
    }
    if lines.published.is_empty() {
        lines.unseen.push(
            "no line says that it was published: it was not, or before publishers logged the ids of events, or the \
             line is older than the logs"
                .to_owned(),
        );
    }
    lines
}

impl Lines {
    fn add(&mut self, service: &str, event_id: &str, line: &Line) {
        let is_of_event = line.field("event.id") == Some(event_id);
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
                self.published.push(step(Kind::Published, "the bus has it".to_owned()));
            }
            "handled an event" if is_of_event => self.rest.push(step(Kind::Handled, "handled".to_owned())),
            sentence if is_of_event => {
                let kind = if line.level == "ERROR" { Kind::Failed } else { Kind::Logged };
                self.rest.push(step(kind, told(sentence, line)));
            }
            _ => {}
        }
    }
}

/// A failure by its cause, anything else by its sentence.
fn told(sentence: &str, line: &Line) -> String {
    match (line.field("error.kind"), line.field("error.chain")) {
        (Some(kind), Some(chain)) => format!("{kind}: {chain}"),
        (Some(one), None) | (None, Some(one)) => format!("{sentence}: {one}"),
        (None, None) => sentence.to_owned(),
    }
}
