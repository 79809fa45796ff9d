//! What functions did since a time: the events that they handled, by their logs.

use std::collections::HashMap;

use jiff::Timestamp;
use tokio::time::Instant;

use crate::logs::{self, Line, Reach, Search};
use crate::target::Target;

/// What was handled.
#[derive(Debug, Default)]
pub(super) struct Traffic {
    /// When each function handled something, in milliseconds since 1970.
    times: HashMap<String, Vec<i64>>,
    /// Which events each function handled of a subject, and when.
    events: HashMap<(String, String), Vec<(String, Timestamp)>>,
    /// What could not be seen.
    pub(super) unseen: Vec<String>,
}

impl Traffic {
    /// Reads the logs of services since a time.
    pub(super) async fn read(target: &Target, services: &[String], since: Timestamp, deadline: Instant) -> Self {
        let mut traffic = Self::default();
        for service in services {
            let search = Search { env: &target.env, service, phrase: "handled an event", since, deadline };
            match logs::search(&target.sdk, &search, |line| traffic.add(&line)).await {
                Ok(Reach::Whole) => {}
                Ok(Reach::CutOff) => {
                    traffic.unseen.push(format!("the logs of {service} were not searched to the end: see --deadline"));
                }
                Ok(Reach::NoGroup) => traffic.unseen.push(format!("{service} has no log group")),
                Err(error) => traffic.unseen.push(format!("{error:#}")),
            }
        }
        traffic.times.values_mut().for_each(|times| times.sort_unstable());
        traffic
    }

    fn add(&mut self, line: &Line) {
        if line.message != "handled an event" {
            return;
        }
        self.times.entry(line.function.clone()).or_default().push(line.at.as_millisecond());
        if let (Some(subject), Some(event)) = (line.field("event.subject"), line.field("event.id")) {
            let key = (line.function.clone(), subject.to_owned());
            self.events.entry(key).or_default().push((event.to_owned(), line.at));
        }
    }

    /// When a function handled this very event.
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

    /// When a function first handled anything after a time.
    pub(super) fn first_after(&self, function: &str, time: Timestamp) -> Option<Timestamp> {
        let times = self.times.get(function)?;
        let next = times.partition_point(|at| *at <= time.as_millisecond());
        times.get(next).and_then(|at| Timestamp::from_millisecond(*at).ok())
    }

    /// Whether a function handled anything between two times.
    pub(super) fn any_between(&self, function: &str, from: Timestamp, to: Timestamp) -> bool {
        self.first_after(function, from).is_some_and(|at| at < to)
    }
}
