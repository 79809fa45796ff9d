//! What the screen shows.

use std::path::PathBuf;

use anyhow::Result;
use jiff::Timestamp;
use ops::dlq::cluster::Cluster;
use ops::dlq::queue::{self, Queue};
use ops::target::Target;

use crate::watch::newest::Newest;

/// How many looks a queue's history has.
const HISTORY: usize = 24;

/// All that is shown.
#[derive(Debug)]
pub(crate) struct Board {
    /// The environment.
    pub(crate) env: String,
    /// When it was looked last.
    pub(crate) at: Timestamp,
    /// The queues, by name.
    pub(crate) queues: Vec<Row>,
    /// Which of them is selected.
    pub(crate) index: usize,
    /// The causes in it.
    pub(crate) causes: Causes,
    /// The newest replay of this machine.
    pub(crate) newest: Newest,
    /// What went wrong at the last look.
    pub(crate) remark: Option<String>,
    /// How each queue is asked.
    clients: Vec<Queue>,
}

/// A queue.
#[derive(Clone, Debug, Default)]
pub(crate) struct Row {
    pub(crate) name: String,
    pub(crate) url: String,
    pub(crate) depth: u64,
    pub(crate) in_flight: u64,
    /// The depths that were seen, the oldest first.
    pub(crate) history: Vec<u64>,
}

impl Row {
    /// How many more there are than when the screen was opened, or how many fewer.
    pub(crate) fn growth(&self) -> i64 {
        let first = self.history.first().copied().unwrap_or(self.depth);
        self.depth.cast_signed() - first.cast_signed()
    }
}

/// The causes in the selected queue.
#[derive(Debug)]
pub(crate) enum Causes {
    NotLooked,
    Looking,
    Found { at: Timestamp, clusters: Vec<Cluster> },
    Failed(String),
}

impl Board {
    /// The queues of an environment; where there is no Busline, those that sound like dead-letter queues.
    pub(crate) async fn open(target: &Target, journals: PathBuf, now: Timestamp) -> Result<Self> {
        let prefix = target.is_busline.then(|| format!("busline-{}-", target.env));
        let mut clients: Vec<Queue> = queue::urls(&target.sdk, prefix.as_deref())
            .await?
            .iter()
            .map(|url| Queue::at(&target.sdk, url))
            .filter(|queue| ["dlq", "dead", "parking"].iter().any(|part| queue.name().contains(part)))
            .collect();
        clients.sort_by(|one, other| one.name().cmp(other.name()));
        let row = |queue: &Queue| Row { name: queue.name().to_owned(), url: queue.url().to_owned(), ..Row::default() };
        let queues = clients.iter().map(row).collect();
        let mut board = Self::new(target.env.clone(), queues, Newest::of(journals));
        board.clients = clients;
        board.refresh(now).await;
        // The fullest is what somebody came for.
        let fullest = board.queues.iter().enumerate().max_by_key(|(index, row)| (row.depth, std::cmp::Reverse(*index)));
        board.index = fullest.map_or(0, |(index, _)| index);
        Ok(board)
    }

    pub(crate) fn new(env: String, queues: Vec<Row>, newest: Newest) -> Self {
        Self {
            env,
            at: Timestamp::UNIX_EPOCH,
            queues,
            index: 0,
            causes: Causes::NotLooked,
            newest,
            remark: None,
            clients: Vec::new(),
        }
    }

    /// Looks at depths and at the newest journal.
    pub(crate) async fn refresh(&mut self, now: Timestamp) {
        self.remark = None;
        for (row, queue) in self.queues.iter_mut().zip(&self.clients) {
            match queue.attributes().await {
                Ok(attributes) => {
                    row.depth = attributes.depth;
                    row.in_flight = attributes.in_flight;
                    // The first one stays, so that growth is since the screen was opened.
                    if row.history.len() == HISTORY {
                        row.history.remove(1);
                    }
                    row.history.push(attributes.depth);
                }
                Err(error) => self.remark = Some(format!("{error:#}")),
            }
        }
        if let Err(error) = self.newest.refresh(now) {
            self.remark = Some(format!("{error:#}"));
        }
        self.at = now;
    }

    pub(crate) fn selected(&self) -> Option<&Row> {
        self.queues.get(self.index)
    }

    /// Moves the selection, and stays within the list.
    pub(crate) fn select(&mut self, by: isize) {
        let last = self.queues.len().saturating_sub(1);
        self.index = self.index.saturating_add_signed(by).min(last);
        self.causes = Causes::NotLooked;
    }

    /// Takes what was found, if that queue is still selected.
    pub(crate) fn found(&mut self, queue: &str, found: Result<Vec<Cluster>>, now: Timestamp) {
        if self.selected().is_none_or(|row| row.name != queue) {
            return;
        }
        self.causes = match found {
            Ok(clusters) => Causes::Found { at: now, clusters },
            Err(error) => Causes::Failed(format!("{error:#}")),
        };
    }
}
