//! Batch calls of SQS and SNS, which answer with success although they refuse some of their entries: every entry gets
//! its own outcome, and an entry that was refused although it is valid is tried again.

use std::collections::HashSet;
use std::time::Duration;

use anyhow::Result;

/// How often an entry is tried.
const MAX_ATTEMPTS: u32 = 6;

/// The pause before the second attempt. It doubles before each further one.
const FIRST_PAUSE: Duration = Duration::from_millis(100);

/// The kind of error of an entry that no answer mentioned.
const NO_ANSWER: &str = "NoAnswer";

/// What became of one entry: the receiver's id of it, or the kind of error.
pub type Outcome = Result<String, String>;

/// The answer to one batch call, or the error code of the whole call.
pub(crate) type BatchAnswer = Result<Vec<EntryAnswer>, String>;

/// The answer to one entry. The entry's id is its index.
#[derive(Debug)]
pub(crate) struct EntryAnswer {
    pub(crate) entry_id: String,
    pub(crate) outcome: Outcome,
    /// The entry is invalid or not allowed: another attempt would bring the same answer.
    pub(crate) is_final: bool,
}

impl EntryAnswer {
    pub(crate) fn accepted(entry_id: String, id: String) -> Self {
        Self { entry_id, outcome: Ok(id), is_final: true }
    }

    pub(crate) fn refused(entry_id: String, code: String, is_sender_fault: bool) -> Self {
        Self { entry_id, outcome: Err(code), is_final: is_sender_fault }
    }
}

/// Calls `call` with parts of the entries `0..count` until each has a final outcome or was tried often enough.
///
/// # Errors
/// When an entry cannot be put into a request.
pub(crate) async fn with_retries<F: Future<Output = Result<BatchAnswer>>>(
    count: usize,
    split: impl Fn(&[usize]) -> Vec<Vec<usize>>,
    call: impl Fn(Vec<usize>) -> F,
) -> Result<Vec<Outcome>> {
    let mut outcomes: Vec<Outcome> = vec![Err(NO_ANSWER.to_owned()); count];
    let mut waiting: Vec<usize> = (0..count).collect();
    for attempt in 0..MAX_ATTEMPTS {
        if attempt > 0 {
            tokio::time::sleep(FIRST_PAUSE * 2_u32.pow(attempt - 1)).await;
        }
        let mut retried = Vec::new();
        for part in split(&waiting) {
            match call(part.clone()).await? {
                Ok(answers) => retried.extend(record(answers, &mut outcomes)),
                Err(code) => {
                    for &index in &part {
                        outcomes[index] = Err(code.clone());
                    }
                    let is_final = is_permanent(&code);
                    retried.extend(part.into_iter().filter(|_| !is_final));
                }
            }
        }
        waiting = retried;
        if waiting.is_empty() {
            break;
        }
    }
    Ok(outcomes)
}

/// Records the outcomes of a part. Returns the entries to try again.
fn record(answers: Vec<EntryAnswer>, outcomes: &mut [Outcome]) -> Vec<usize> {
    let mut retried = Vec::new();
    for EntryAnswer { entry_id, outcome, is_final } in answers {
        let Some(index) = entry_id.parse::<usize>().ok().filter(|index| *index < outcomes.len()) else { continue };
        if outcome.is_err() && !is_final {
            retried.push(index);
        }
        outcomes[index] = outcome;
    }
    retried
}

/// Sends entries to a FIFO queue or topic: one entry of a group at a time, and none after one of its group that was
/// refused, because one entry of a batch can be refused while the next is accepted.
///
/// # Errors
/// When `send` fails.
pub(crate) async fn in_group_order<F: Future<Output = Result<Vec<Outcome>>>>(
    groups: &[Option<String>],
    send: impl Fn(Vec<usize>) -> F,
) -> Result<Vec<Outcome>> {
    let mut outcomes: Vec<Outcome> = vec![Err("an earlier message of its group failed".to_owned()); groups.len()];
    let mut waiting: Vec<usize> = (0..groups.len()).collect();
    let mut blocked = HashSet::new();
    while !waiting.is_empty() {
        let mut started = HashSet::new();
        let (now, later): (Vec<usize>, Vec<usize>) =
            waiting.into_iter().partition(|index| started.insert(&groups[*index]));
        for (index, outcome) in now.iter().zip(send(now.clone()).await?) {
            if outcome.is_err() {
                blocked.insert(&groups[*index]);
            }
            outcomes[*index] = outcome;
        }
        waiting = later.into_iter().filter(|index| !blocked.contains(&groups[*index])).collect();
    }
    Ok(outcomes)
}

/// Splits entries into parts of at most `max_entries` entries and `max_bytes` bytes. A larger entry is a part by
/// itself.
pub(crate) fn split_by_size(
    waiting: &[usize],
    bytes_of: impl Fn(usize) -> usize,
    max_entries: usize,
    max_bytes: usize,
) -> Vec<Vec<usize>> {
    let mut parts: Vec<Vec<usize>> = Vec::new();
    let mut bytes = 0;
    for &index in waiting {
        let size = bytes_of(index);
        match parts.last_mut() {
            Some(part) if part.len() < max_entries && bytes + size <= max_bytes => {
                part.push(index);
                bytes += size;
            }
            _ => {
                parts.push(vec![index]);
                bytes = size;
            }
        }
    }
    parts
}

/// Whether the error of a whole call would be the same at another attempt.
fn is_permanent(code: &str) -> bool {
    [
        "AccessDenied",
        "AuthorizationError",
        "NonExistentQueue",
        "NotFound",
        "QueueDoesNotExist",
        "InvalidParameter",
        "InvalidMessageContents",
        "Unsupported",
    ]
    .iter()
    .any(|permanent| code.contains(permanent))
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    #[tokio::test]
    async fn a_refused_entry_is_tried_again_and_accepted_entries_are_not() {
        let calls = Mutex::new(Vec::new());
        let call = async |part: Vec<usize>| {
            let mut calls = calls.lock().unwrap();
            calls.push(part.clone());
            let answer = |index: &usize| match (index, calls.len()) {
                (1, 1) => EntryAnswer::refused("1".to_owned(), "ServiceUnavailable".to_owned(), false),
                (2, _) => EntryAnswer::refused("2".to_owned(), "InvalidParameter".to_owned(), true),
                (index, _) => EntryAnswer::accepted(index.to_string(), format!("id-{index}")),
            };
            Ok(Ok(part.iter().map(answer).collect()))
        };
        let outcomes = with_retries(3, |waiting| vec![waiting.to_vec()], call).await.unwrap();
        assert_eq!(*calls.lock().unwrap(), [vec![0, 1, 2], vec![1]]);
        assert_eq!(outcomes, [Ok("id-0".to_owned()), Ok("id-1".to_owned()), Err("InvalidParameter".to_owned())]);
    }

    #[tokio::test]
    async fn no_entry_overtakes_a_refused_one_of_its_group() {
        let groups = ["a", "a", "b", "a"].map(|group| Some(group.to_owned()));
        let outcome = |index: usize| if index == 1 { Err("E".to_owned()) } else { Ok(index.to_string()) };
        let send = async |indices: Vec<usize>| Ok(indices.into_iter().map(outcome).collect());
        let outcomes = in_group_order(&groups, send).await.unwrap();
        let accepted: Vec<bool> = outcomes.iter().map(Result::is_ok).collect();
        assert_eq!(accepted, [true, false, true, false]);
    }
}
