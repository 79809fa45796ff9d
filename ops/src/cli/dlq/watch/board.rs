//! The state of the screen.

use std::path::PathBuf;

use anyhow::Result;
use jiff::Timestamp;
use ops::connection::Connection;
use ops::dlq::cluster::Cluster;
use ops::dlq::queue::Queue;
use ops::dlq::queue_lookup::list_urls;

use crate::cli::dlq::watch::newest_replay::NewestReplay;

/// The number of depths in the history of a queue.
const HISTORY: usize = 24;

#[derive(Debug)]
pub(crate) struct Board {
    pub(crate) env: String,
    /// The time of the last update.
    pub(crate) at: Timestamp,
    /// In the order of their names.
    pub(crate) queues: Vec<Row>,
    /// The index of the selected queue.
    pub(crate) index: usize,
    /// The causes in the selected queue.
    pub(crate) causes: Causes,
    /// The newest replay of this machine.
    pub(crate) newest: NewestReplay,
    /// The error of the last update.
    pub(crate) error: Option<String>,
    /// A client for each queue.
    clients: Vec<Queue>,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Row {
    pub(crate) name: String,
    pub(crate) url: String,
    pub(crate) depth: u64,
    pub(crate) in_flight: u64,
    /// Earlier depths, oldest first.
    pub(crate) history: Vec<u64>,
}

impl Row {
    /// The difference to the depth when the screen was opened.
    pub(crate) fn growth(&self) -> i64 {
        let first = self.history.first().copied().unwrap_or(self.depth);
        self.depth.cast_signed() - first.cast_signed()
    }
}

/// The causes in the selected queue.
#[derive(Debug)]
pub(crate) enum Causes {
    NotLoaded,
    Loading,
    Loaded { at: Timestamp, clusters: Vec<Cluster> },
    Failed(String),
}

impl Board {
    /// The dead-letter and parking queues of an environment; without an environment, all with such names.
    pub(crate) async fn open(connection: &Connection, journals: PathBuf, now: Timestamp) -> Result<Self> {
        let prefix = connection.is_busline.then(|| format!("busline-{}-", connection.env));
        let mut clients: Vec<Queue> = list_urls(&connection.sdk, prefix.as_deref())
            .await?
            .iter()
            .map(|url| Queue::at(&connection.sdk, url))
            .filter(|queue| ["dlq", "dead", "parking"].iter().any(|part| queue.name().contains(part)))
            .collect();
        clients.sort_by(|one, other| one.name().cmp(other.name()));
        let row = |queue: &Queue| Row { name: queue.name().to_owned(), url: queue.url().to_owned(), ..Row::default() };
        let queues = clients.iter().map(row).collect();
        let mut board = Self::new(connection.env.clone(), queues, NewestReplay::new(journals));
        board.clients = clients;
        board.refresh(now).await;
        // The fullest queue is selected first.
        let fullest = board.queues.iter().enumerate().max_by_key(|(index, row)| (row.depth, std::cmp::Reverse(*index)));
        board.index = fullest.map_or(0, |(index, _)| index);
        Ok(board)
    }

    pub(crate) fn new(env: String, queues: Vec<Row>, newest: NewestReplay) -> Self {
        Self {
            env,
            at: Timestamp::UNIX_EPOCH,
            queues,
            index: 0,
            causes: Causes::NotLoaded,
            newest,
            error: None,
            clients: Vec::new(),
        }
    }

    /// Reads the depths and the newest journal.
    pub(crate) async fn refresh(&mut self, now: Timestamp) {
        self.error = None;
        for (row, queue) in self.queues.iter_mut().zip(&self.clients) {
            match queue.attributes().await {
                Ok(attributes) => {
                    row.depth = attributes.depth;
                    row.in_flight = attributes.in_flight;
                    // The first depth stays, because growth is since the screen was opened.
                    if row.history.len() == HISTORY {
                        row.history.remove(1);
                    }
                    row.history.push(attributes.depth);
                }
                Err(error) => self.error = Some(format!("{error:#}")),
            }
        }
        if let Err(error) = self.newest.refresh(now) {
            self.error = Some(format!("{error:#}"));
        }
        self.at = now;
    }

    pub(crate) fn selected(&self) -> Option<&Row> {
        self.queues.get(self.index)
    }

    /// Moves the selection within the list.
    pub(crate) fn select(&mut self, by: isize) {
        let last = self.queues.len().saturating_sub(1);
        self.index = self.index.saturating_add_signed(by).min(last);
        self.causes = Causes::NotLoaded;
    }

    /// Sets the causes, if that queue is still selected.
    pub(crate) fn set_causes(&mut self, queue: &str, found: Result<Vec<Cluster>>, now: Timestamp) {
        if self.selected().is_none_or(|row| row.name != queue) {
            return;
        }
        self.causes = match found {
            Ok(clusters) => Causes::Loaded { at: now, clusters },
            Err(error) => Causes::Failed(format!("{error:#}")),
        };
    }
}
