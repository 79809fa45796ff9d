//! What earlier replays did with each failure, as their journals say.

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
use crate::dlq::marks;
use crate::dlq::message::Message;
use crate::dlq::options::After;

/// Journals older than a queue can keep a message say nothing of what is in it.
/// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-configure-queue-parameters.html>
const LONGEST_RETENTION: Duration = Duration::from_hours(14 * 24);

/// How often each failure was replayed before, as the journals say: what was accepted and left the queue for it. What
/// was refused was never handled again, and a rehearsal leaves a message where it is.
#[derive(Debug, Default)]
pub struct History(HashMap<Uuid, u32>);

impl History {
    /// What the journals of a folder say, but for the one of the replay `except`, which goes on.
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
            if matches!(age, Ok(Ok(age)) if age > LONGEST_RETENTION) {
                continue;
            }
            // Of one that is broken, what was read before the break: it must not keep others from being replayed.
            let mut replay = Told::default();
            read::read(&path, |line| history.take(&mut replay, line.entry)).ok();
        }
        Ok(history)
    }

    fn take(&mut self, replay: &mut Told, entry: Entry) {
        match entry {
            Entry::Plan(plan) => replay.is_rehearsal = plan.options["after"] == json!(After::Keep),
            Entry::Intent { purpose: Purpose::Replay, messages } if !replay.is_rehearsal => {
                let about = |intent: Intent| (short_id(&intent.id), (short_id(&intent.key), intent.attempt));
                replay.meant.extend(messages.into_iter().map(about));
            }
            Entry::Sent { messages } => {
                for message in messages {
                    if let Some((failure, attempt)) = replay.meant.remove(&short_id(&message.id)) {
                        let attempts = self.0.entry(failure).or_default();
                        *attempts = attempt.max(*attempts);
                    }
                }
            }
            Entry::Failed { messages } => {
                for message in messages {
                    replay.meant.remove(&short_id(&message.id));
                }
            }
            _ => {}
        }
    }

    /// How often a message was replayed: as its marks say, or the journals.
    #[must_use]
    pub fn attempts(&self, message: &Message) -> u32 {
        let marks = marks::read(message);
        if marks.begins_anew {
            return 0;
        }
        let noted = self.0.get(&marks::failure(message)).copied().unwrap_or(0);
        marks.attempt.max(noted)
    }
}

/// What the journal of one replay has told so far.
#[derive(Debug, Default)]
struct Told {
    /// Its messages stay in the queue.
    is_rehearsal: bool,
    /// What was about to be sent, by message: which failure, and for which time.
    meant: HashMap<Uuid, (Uuid, u32)>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dlq::journal::entry::{Accepted, Planned, Refused};

    const ID: &str = "6e0f2a8a-0000-4000-8000-000000000001";

    fn begun(after: After) -> Entry {
        let options = json!({ "after": after });
        let text = |text: &str| text.to_owned();
        Entry::Plan(Box::new(Planned {
            replay_id: text("r"),
            queue: text("q"),
            env: text("local"),
            way: text("back"),
            planned: 1,
            everything: false,
            until: None,
            left_out: 0,
            unseen: 0,
            options,
        }))
    }

    fn meant(purpose: Purpose, attempt: u32) -> Entry {
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
        let (mut history, mut replay) = (History::default(), Told::default());
        entries.into_iter().for_each(|entry| history.take(&mut replay, entry));
        history.0.get(&short_id(ID)).copied().unwrap_or(0)
    }

    #[test]
    fn what_was_accepted_counts() {
        assert_eq!(attempts([begun(After::Remove), meant(Purpose::Replay, 2), sent()]), 2);
    }

    #[test]
    fn what_was_accepted_and_came_back_counts() {
        assert_eq!(attempts([begun(After::Remove), meant(Purpose::Replay, 1), sent(), refused()]), 1);
    }

    #[test]
    fn what_was_refused_does_not_count() {
        assert_eq!(attempts([begun(After::Remove), meant(Purpose::Replay, 3), refused()]), 0);
    }

    #[test]
    fn a_rehearsal_does_not_count() {
        assert_eq!(attempts([begun(After::Keep), meant(Purpose::Replay, 1), sent()]), 0);
    }

    #[test]
    fn parking_does_not_count() {
        assert_eq!(attempts([begun(After::Remove), meant(Purpose::Park, 4), sent()]), 0);
    }
}
