//! Changes of inboxes, from the table's stream, to all sessions of the inbox's owner.
//!
//! The number of unread entries is counted when it is sent, after the changes of the batch. The stream has the changes of
//! one user in order, so that the number after the last change is the last one that a page receives.

use std::collections::BTreeMap;

use aws_lambda_events::dynamodb::{Event, EventRecord};
use lambda_kit::stream;
use lambda_kit::subscriber::SubscribeFailure;
use lambda_kit::telemetry;
use lambda_runtime::{Diagnostic, LambdaEvent};
use tracing::{Instrument, error, info_span, warn};
use uuid::Uuid;

use crate::app::live_push::LivePush;
use crate::parallel::join_all;
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
    let failures: Vec<_> = join_all(MAX_CONCURRENT_USERS, sends).await.into_iter().filter_map(Result::err).collect();
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
    use serde_json::{Value, json};

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
