//! The events that functions handled since a time, by their logs.

use std::collections::HashMap;

use jiff::Timestamp;
use tokio::time::Instant;

use crate::connection::Connection;
use crate::logs::{self, LogLine, LogQuery, SearchEnd};

/// Handled events, by function.
#[derive(Debug, Default)]
pub(super) struct HandledEvents {
    /// The times at which each function handled an event, in milliseconds since 1970.
    times: HashMap<String, Vec<i64>>,
    /// The events that each function handled, by function and subject, with their times.
    events: HashMap<(String, String), Vec<(String, Timestamp)>>,
    /// Logs that could not be searched.
    pub(super) unseen: Vec<String>,
}

impl HandledEvents {
    /// Reads the logs of services since a time.
    pub(super) async fn read(
        connection: &Connection,
        services: &[String],
        since: Timestamp,
        deadline: Instant,
    ) -> Self {
        let mut handled = Self::default();
        for service in services {
            let query = LogQuery { env: &connection.env, service, phrase: "handled an event", since, deadline };
            match logs::search(&connection.sdk, &query, |line| handled.add(&line)).await {
                Ok(SearchEnd::Complete) => {}
                Ok(SearchEnd::DeadlineReached) => {
                    handled.unseen.push(format!(
                        "the logs of {service} were not searched completely: give more time with --deadline"
                    ));
                }
                Ok(SearchEnd::NoLogGroup) => handled.unseen.push(format!("{service} has no log group")),
                Err(error) => handled.unseen.push(format!("{error:#}")),
            }
        }
        handled.times.values_mut().for_each(|times| times.sort_unstable());
        handled
    }

    fn add(&mut self, line: &LogLine) {
        if line.message != "handled an event" {
            return;
        }
        self.times.entry(line.function.clone()).or_default().push(line.at.as_millisecond());
        if let (Some(subject), Some(event)) = (line.field("event.subject"), line.field("event.id")) {
            let key = (line.function.clone(), subject.to_owned());
            self.events.entry(key).or_default().push((event.to_owned(), line.at));
        }
    }

    /// When a function handled this event.
    pub(super) fn handled(&self, function: &str, subject: &str, event_id: &str) -> Option<Timestamp> {
        let events = self.events.get(&(function.to_owned(), subject.to_owned()))?;
        events.iter().find(|(event, _)| event == event_id).map(|(_, at)| *at)
    }

    /// A newer event of the subject that the function handled: ids are `UUIDv7`, so that their order is that of time.
    pub(super) fn newer(&self, function: &str, subject: &str, event_id: &str) -> Option<(&str, Timestamp)> {
        let events = self.events.get(&(function.to_owned(), subject.to_owned()))?;
        let newer = events.iter().filter(|(event, _)| event.as_str() > event_id);
        newer.max_by(|one, other| one.0.cmp(&other.0)).map(|(event, at)| (event.as_str(), *at))
    }

    /// When a function first handled an event after a time.
    pub(super) fn first_after(&self, function: &str, time: Timestamp) -> Option<Timestamp> {
        let times = self.times.get(function)?;
        let next = times.partition_point(|at| *at <= time.as_millisecond());
        times.get(next).and_then(|at| Timestamp::from_millisecond(*at).ok())
    }

    /// Whether a function handled an event between two times.
    pub(super) fn any_between(&self, function: &str, from: Timestamp, to: Timestamp) -> bool {
        self.first_after(function, from).is_some_and(|at| at < to)
    }
}
