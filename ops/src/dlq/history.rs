//! How often each failure was replayed before, by the journals of this machine.

use std::collections::HashMap;
use std::fs;
use std::path::Path;
use std::time::{Duration, SystemTime};

use anyhow::Result;
use serde_json::json;
use uuid::Uuid;

use crate::dlq::journal::entry::{Entry, Intent, Purpose};
use crate::dlq::journal::read;
use crate::dlq::journal::state::short_id;
use crate::dlq::message::Message;
use crate::dlq::options::AfterReplay;
use crate::dlq::replay_metadata::{ReplayMetadata, failure_id};

/// A queue keeps messages no longer than this, so older journals are irrelevant.
/// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-configure-queue-parameters.html>
const MAX_RETENTION: Duration = Duration::from_hours(14 * 24);

/// The number of earlier replays of each failure. Replays that the target accepted count; refused ones and rehearsals
/// do not.
#[derive(Debug, Default)]
pub struct History(HashMap<Uuid, u32>);

impl History {
    /// Reads the journals of a folder, without the journal `except` of the replay that is resumed.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn read(folder: &Path, except: Option<&Path>) -> Result<Self> {
        let mut history = Self::default();
        for path in read::all(folder)? {
            if Some(path.as_path()) == except {
                continue;
            }
            let age = fs::metadata(&path).and_then(|file| file.modified()).map(|at| SystemTime::elapsed(&at));
            if matches!(age, Ok(Ok(age)) if age > MAX_RETENTION) {
                continue;
            }
            // A broken journal counts up to the break: it must not prevent other replays.
            let mut replay = JournalProgress::default();
            read::read(&path, |line| history.apply(&mut replay, line.entry)).ok();
        }
        Ok(history)
    }

    fn apply(&mut self, replay: &mut JournalProgress, entry: Entry) {
        match entry {
            Entry::Plan(plan) => replay.is_rehearsal = plan.options["after"] == json!(AfterReplay::Keep),
            Entry::Intent { purpose: Purpose::Replay, messages } if !replay.is_rehearsal => {
                let attempt_of = |intent: Intent| (short_id(&intent.id), (short_id(&intent.key), intent.attempt));
                replay.intents.extend(messages.into_iter().map(attempt_of));
            }
            Entry::Sent { messages } => {
                for message in messages {
                    if let Some((failure, attempt)) = replay.intents.remove(&short_id(&message.id)) {
                        let attempts = self.0.entry(failure).or_default();
                        *attempts = attempt.max(*attempts);
                    }
                }
            }
            Entry::Failed { messages } => {
                for message in messages {
                    replay.intents.remove(&short_id(&message.id));
                }
            }
            _ => {}
        }
    }

    /// The number of earlier replays of a message, by its metadata or by the journals.
    #[must_use]
    pub fn attempts(&self, message: &Message) -> u32 {
        let metadata = ReplayMetadata::from_message(message);
        if metadata.is_reset {
            return 0;
        }
        let journaled = self.0.get(&failure_id(message)).copied().unwrap_or(0);
        metadata.attempt.max(journaled)
    }
}

/// The part of one journal that was read so far.
#[derive(Debug, Default)]
struct JournalProgress {
    /// The replay is a rehearsal: its messages stay in the queue.
    is_rehearsal: bool,
    /// Messages about to be sent, with the failure and the attempt number.
    intents: HashMap<Uuid, (Uuid, u32)>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dlq::journal::entry::{Accepted, Planned, Refused};

    const ID: &str = "6e0f2a8a-0000-4000-8000-000000000001";

    fn plan(after: AfterReplay) -> Entry {
        let options = json!({ "after": after });
        let text = |text: &str| text.to_owned();
        Entry::Plan(Box::new(Planned {
            replay_id: text("r"),
            queue: text("q"),
            env: text("local"),
            way: text("back"),
            planned: 1,
            reasons: std::collections::BTreeMap::new(),
            everything: false,
            until: None,
            left_out: 0,
            unseen: 0,
            total: None,
            target_total: None,
            options,
            file: None,
        }))
    }

    fn intent(purpose: Purpose, attempt: u32) -> Entry {
        let intent = Intent { id: ID.to_owned(), receipt: String::new(), key: ID.to_owned(), attempt };
        Entry::Intent { purpose, messages: vec![intent] }
    }

    fn sent() -> Entry {
        Entry::Sent { messages: vec![Accepted { id: ID.to_owned(), as_id: None }] }
    }

    fn refused() -> Entry {
        Entry::Failed { messages: vec![Refused { id: ID.to_owned(), error: "ResourceNotFound".to_owned() }] }
    }

    fn attempts(entries: impl IntoIterator<Item = Entry>) -> u32 {
        let (mut history, mut replay) = (History::default(), JournalProgress::default());
        entries.into_iter().for_each(|entry| history.apply(&mut replay, entry));
        history.0.get(&short_id(ID)).copied().unwrap_or(0)
    }

    #[test]
    fn an_accepted_replay_counts() {
        assert_eq!(attempts([plan(AfterReplay::Delete), intent(Purpose::Replay, 2), sent()]), 2);
    }

    #[test]
    fn an_accepted_replay_that_fails_again_counts() {
        assert_eq!(attempts([plan(AfterReplay::Delete), intent(Purpose::Replay, 1), sent(), refused()]), 1);
    }

    #[test]
    fn a_refused_replay_does_not_count() {
        assert_eq!(attempts([plan(AfterReplay::Delete), intent(Purpose::Replay, 3), refused()]), 0);
    }

    #[test]
    fn a_rehearsal_does_not_count() {
        assert_eq!(attempts([plan(AfterReplay::Keep), intent(Purpose::Replay, 1), sent()]), 0);
    }

    #[test]
    fn parking_does_not_count() {
        assert_eq!(attempts([plan(AfterReplay::Delete), intent(Purpose::Park, 4), sent()]), 0);
    }
}
