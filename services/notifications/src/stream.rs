//! Changes of unread counters, from the table's stream, to all sessions of the inbox's owner.
//!
//! Every change of an inbox changes the counter in the same transaction, and the stream has the changes of one user in
//! order. So the last number that a page receives is the current one, whichever job wrote it.

use std::collections::BTreeMap;

use aws_lambda_events::dynamodb::Event;
use lambda_kit::stream;
use lambda_kit::subscriber::SubscribeFailure;
use lambda_kit::telemetry;
use lambda_runtime::{Diagnostic, LambdaEvent};
use tracing::{Instrument, error, info_span, warn};
use uuid::Uuid;

use crate::app::live_push::LivePush;
use crate::domain::live::LiveMessage;
use crate::store::inbox_row::UnreadCounterRow;

/// Sends each user of the batch the number of their unread entries.
///
/// If a message fails, Lambda repeats the batch once. A repeated number is harmless.
pub(crate) async fn push_inbox(push: &LivePush, event: LambdaEvent<Event>) -> Result<(), Diagnostic> {
    let mut failures = Vec::new();
    for (user, unread) in last_counts(&event.payload) {
        let message = LiveMessage::InboxChanged { unread };
        let sent = push.send(user, &message);
        if let Err(failure) = sent.instrument(info_span!("inbox", user.id = %user)).await {
            let chain = telemetry::chain(&failure);
            error!(error.kind = failure.kind(), error.chain = chain, user.id = %user, "could not send an unread number");
            failures.push(failure.kind());
        }
    }
    match failures.first() {
        None => Ok(()),
        Some(kind) => Err(Diagnostic {
            error_type: (*kind).to_owned(),
            error_message: format!("{} users did not receive the number of their unread entries", failures.len()),
        }),
    }
}

/// The last number of each user, which replaces those before it.
fn last_counts(batch: &Event) -> BTreeMap<Uuid, u64> {
    let mut counts = BTreeMap::new();
    for record in &batch.records {
        match stream::item::<UnreadCounterRow>(record) {
            Ok(counter) => {
                let counter = counter.and_then(|counter| Some((counter.owner()?, counter.unread)));
                counts.extend(counter);
            }
            Err(failure) => {
                warn!(error.chain = telemetry::chain(&failure), "a record of the stream is not an unread counter");
            }
        }
    }
    counts
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn record(number: u32, image: &Value) -> Value {
        json!({
            "eventID": number.to_string(), "eventName": "MODIFY", "awsRegion": "eu-west-1",
            "dynamodb": {"SequenceNumber": number.to_string(), "SizeBytes": 1, "NewImage": image},
        })
    }

    #[test]
    fn the_last_of_several_numbers_is_sent() {
        let [ann, bob] = [1, 2].map(Uuid::from_u128);
        let counter = |user: Uuid, unread: &str| json!({"pk": {"S": format!("USER#{user}")}, "sk": {"S": "UNREAD"}, "unread": {"N": unread}});
        let records = [
            record(1, &counter(ann, "1")),
            record(2, &counter(bob, "7")),
            record(3, &json!({"pk": {"S": "x"}})),
            record(4, &counter(ann, "2")),
        ];
        let batch: Event = serde_json::from_value(json!({ "Records": records })).unwrap();
        assert_eq!(last_counts(&batch), BTreeMap::from([(ann, 2), (bob, 7)]));
    }
}
