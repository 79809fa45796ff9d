//! Changes of inboxes, from the table's stream, to all sessions of the inbox's owner.
//!
//! The number of unread entries is counted when it is sent, after the changes of the batch. The stream has the changes of
//! one user in order, so that the number after the last change is the last one that a page receives.

use std::collections::BTreeMap;

use aws_lambda_events::dynamodb::{Event, EventRecord};
use futures_util::StreamExt;
use lambda_kit::stream;
use lambda_kit::subscriber::SubscribeFailure;
use lambda_kit::telemetry;
use lambda_runtime::{Diagnostic, LambdaEvent};
use tracing::{Instrument, error, info_span, warn};
use uuid::Uuid;

use crate::app::live_push::LivePush;
use crate::store::inbox_row::InboxKey;

/// How many users receive their number at the same time: enough that a slow connection does not delay the others, and few
/// enough for the function's memory and the rate limits of API Gateway.
const MAX_CONCURRENT_USERS: usize = 16;

/// Sends each user of the batch the number of their unread entries, once for all changes of the batch.
///
/// If a message fails, Lambda repeats the batch once. A repeated number is harmless.
pub(crate) async fn push_inbox(push: &LivePush, event: LambdaEvent<Event>) -> Result<(), Diagnostic> {
    let sends = changed_inboxes(&event.payload).into_iter().map(|(user, has_new_entries)| {
        send(push.clone(), user, has_new_entries).instrument(info_span!("inbox", user.id = %user))
    });
    let failures: Vec<_> = join_all(sends).await.into_iter().filter_map(Result::err).collect();
    match failures.first() {
        None => Ok(()),
        Some(kind) => Err(Diagnostic {
            error_type: (*kind).to_owned(),
            error_message: format!("{} users did not receive the number of their unread entries", failures.len()),
        }),
    }
}

/// Sends one user their number. The error is the kind of the failure, which is logged here.
async fn send(push: LivePush, user: Uuid, has_new_entries: bool) -> Result<(), &'static str> {
    push.send_unread(user, has_new_entries).await.map_err(|failure| {
        let chain = telemetry::chain(&failure);
        error!(error.kind = failure.kind(), error.chain = chain, user.id = %user, "could not send an unread number");
        failure.kind()
    })
}

/// Runs jobs, at most [`MAX_CONCURRENT_USERS`] at a time, and returns their results in the order in which they end.
async fn join_all<J: Future>(jobs: impl IntoIterator<Item = J>) -> Vec<J::Output> {
    futures_util::stream::iter(jobs).buffer_unordered(MAX_CONCURRENT_USERS).collect().await
}

/// The owners of the batch's entries, and whether one of their entries is new.
fn changed_inboxes(batch: &Event) -> BTreeMap<Uuid, bool> {
    let mut inboxes = BTreeMap::new();
    for record in &batch.records {
        if let Some(owner) = owner(record) {
            *inboxes.entry(owner).or_default() |= record.event_name == "INSERT";
        }
    }
    inboxes
}

fn owner(record: &EventRecord) -> Option<Uuid> {
    match stream::keys::<InboxKey>(record) {
        Ok(key) => key.owner(),
        Err(failure) => {
            warn!(error.chain = telemetry::chain(&failure), "a record of the stream is not an inbox entry");
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use serde_json::{Value, json};
    use tokio::sync::Barrier;

    use super::*;

    fn record(number: u32, name: &str, partition: &str) -> Value {
        json!({
            "eventID": number.to_string(), "eventName": name, "awsRegion": "eu-west-1",
            "dynamodb": {
                "SequenceNumber": number.to_string(), "SizeBytes": 1,
                "Keys": {"pk": {"S": partition}, "sk": {"S": format!("INBOX#{number}")}},
            },
        })
    }

    #[tokio::test]
    async fn jobs_run_at_the_same_time_and_not_more_than_the_limit() {
        let everyone = Arc::new(Barrier::new(MAX_CONCURRENT_USERS));
        let (running, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let jobs = (0..MAX_CONCURRENT_USERS * 3).map(|number| {
            let (everyone, running, most) = (Arc::clone(&everyone), Arc::clone(&running), Arc::clone(&most));
            async move {
                most.fetch_max(running.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                // Opens when as many jobs run as may: one after the other they would wait for ever.
                everyone.wait().await;
                running.fetch_sub(1, Ordering::SeqCst);
                number
            }
        });
        let mut numbers = join_all(jobs).await;
        numbers.sort_unstable();
        assert!(numbers.into_iter().eq(0..MAX_CONCURRENT_USERS * 3));
        assert_eq!(most.load(Ordering::SeqCst), MAX_CONCURRENT_USERS);
    }

    #[test]
    fn each_inbox_of_a_batch_is_told_of_once() {
        let [ann, bob] = [1, 2].map(Uuid::from_u128);
        let partition = |user: Uuid| format!("USER#{user}");
        let records = [
            record(1, "INSERT", &partition(ann)),
            record(2, "MODIFY", &partition(bob)),
            record(3, "MODIFY", "x"),
            record(4, "MODIFY", &partition(ann)),
        ];
        let batch: Event = serde_json::from_value(json!({ "Records": records })).unwrap();
        assert_eq!(changed_inboxes(&batch), BTreeMap::from([(ann, true), (bob, false)]));
    }
}
