//! The newest replay, read from its growing journal.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{BufRead, BufReader, Seek, SeekFrom};
use std::path::PathBuf;

use anyhow::{Context, Result};
use jiff::{SignedDuration, Timestamp};
use ops::dlq::journal::entry::Line;
use ops::dlq::journal::read;
use ops::dlq::journal::state::State;

/// The time over which the rate is measured.
const RATE_WINDOW: SignedDuration = SignedDuration::from_secs(15);

/// The newest replay of a folder of journals. The chain is not checked here: `journal verify` does.
#[derive(Debug, Default)]
pub(crate) struct NewestReplay {
    folder: PathBuf,
    path: Option<PathBuf>,
    /// The bytes that were read.
    offset: u64,
    state: State,
    /// The number of finished messages at recent times.
    done: VecDeque<(Timestamp, u64)>,
}

/// The counts of a replay.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Figures {
    pub(crate) id: String,
    pub(crate) queue: String,
    pub(crate) way: String,
    pub(crate) planned: u64,
    pub(crate) replayed: u64,
    pub(crate) parked: u64,
    pub(crate) failed: u64,
    pub(crate) is_over: bool,
    /// Messages a second over the last seconds.
    pub(crate) rate: f64,
}

impl Figures {
    pub(crate) fn done(&self) -> u64 {
        self.replayed + self.parked
    }

    /// The remaining time at this rate, in seconds; `None` without progress.
    #[expect(clippy::cast_precision_loss, reason = "a rough time for people")]
    pub(crate) fn seconds_left(&self) -> Option<f64> {
        let left = self.planned.saturating_sub(self.done()) as f64;
        (self.rate > 0.0 && !self.is_over).then(|| left / self.rate)
    }
}

impl NewestReplay {
    pub(crate) fn new(folder: PathBuf) -> Self {
        Self { folder, ..Self::default() }
    }

    /// Reads what was written since the last call.
    pub(crate) fn refresh(&mut self, now: Timestamp) -> Result<()> {
        let Some(path) = read::all(&self.folder)?.pop() else { return Ok(()) };
        if self.path.as_ref() != Some(&path) {
            *self = Self { path: Some(path.clone()), ..Self::new(std::mem::take(&mut self.folder)) };
        }
        let context = || format!("cannot read {}", path.display());
        let mut file = BufReader::new(File::open(&path).with_context(context)?);
        file.seek(SeekFrom::Start(self.offset)).with_context(context)?;
        let mut text = Vec::new();
        loop {
            text.clear();
            let length = file.read_until(b'\n', &mut text).with_context(context)?;
            // Half a line is one that is being written.
            if text.last() != Some(&b'\n') {
                break;
            }
            let line: Line = serde_json::from_slice(&text).with_context(context)?;
            self.state.apply(line.entry);
            self.offset += length as u64;
        }
        self.done.push_back((now, self.state.replayed + self.state.parked));
        while self.done.front().is_some_and(|(at, _)| now.duration_since(*at) > RATE_WINDOW) {
            self.done.pop_front();
        }
        Ok(())
    }

    /// The counts, if there is a replay.
    pub(crate) fn figures(&self) -> Option<Figures> {
        let plan = self.state.plan.as_ref()?;
        Some(Figures {
            id: plan.replay_id.clone(),
            queue: plan.queue.rsplit('/').next().unwrap_or_default().to_owned(),
            way: plan.way.clone(),
            planned: plan.planned,
            replayed: self.state.replayed,
            parked: self.state.parked,
            failed: self.state.failed.len() as u64,
            is_over: self.state.closed.is_some(),
            rate: self.rate(),
        })
    }

    #[expect(clippy::cast_precision_loss, reason = "a rate for people")]
    fn rate(&self) -> f64 {
        let (Some((from, before)), Some((to, now))) = (self.done.front(), self.done.back()) else { return 0.0 };
        let seconds = to.duration_since(*from).as_secs_f64();
        if seconds > 0.0 { now.saturating_sub(*before) as f64 / seconds } else { 0.0 }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    const ZEROS: &str = "0000000000000000000000000000000000000000000000000000000000000000";

    fn line(number: u64, entry: &str) -> String {
        format!(r#"{{"n":{number},"at":"2026-11-21T03:00:00Z","previous":"{ZEROS}",{entry}}}"#) + "\n"
    }

    #[test]
    fn a_growing_journal_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let mut file = File::create(folder.path().join("1.ndjson")).unwrap();
        let plan = r#""entry":"plan","replayId":"1","queue":"http://x/q-dlq","env":"local","way":"function f","planned":4,"everything":false,"options":{}"#;
        let intent = r#""entry":"intent","purpose":"replay","messages":[{"id":"a","receipt":"r","key":"a","attempt":1},{"id":"b","receipt":"r","key":"b","attempt":1}]"#;
        let sent = r#""entry":"sent","messages":[{"id":"a"},{"id":"b"}]"#;
        write!(file, "{}{}", line(0, plan), &line(1, intent)[..20]).unwrap();
        let mut newest = NewestReplay::new(folder.path().to_owned());
        let start: Timestamp = "2026-11-21T03:00:00Z".parse().unwrap();
        newest.refresh(start).unwrap();
        assert_eq!(newest.figures().unwrap().done(), 0);

        write!(file, "{}{}", &line(1, intent)[20..], line(2, sent)).unwrap();
        newest.refresh(start + SignedDuration::from_secs(2)).unwrap();
        let figures = newest.figures().unwrap();
        assert_eq!((figures.planned, figures.done(), figures.is_over), (4, 2, false));
        assert!((figures.rate - 1.0).abs() < 1e-9 && (figures.seconds_left().unwrap() - 2.0).abs() < 1e-9);
    }
}
