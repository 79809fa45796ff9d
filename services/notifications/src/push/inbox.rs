//! Changes of the inbox, to all of its owner's sessions.
//!
//! They come from the table's stream, by the row that counts what is unread: whatever changes an inbox changes it in the
//! same transaction, and the stream has one user's changes in their order. So the last number that a page hears is the
//! right one, whichever job wrote it.

use std::collections::BTreeMap;

use lambda_kit::stream::StreamBatch;
use lambda_kit::telemetry;
use lambda_runtime::{Diagnostic, LambdaEvent};
use serde::Deserialize;
use tracing::{Instrument, error, info_span, warn};
use uuid::Uuid;

use crate::push::message;
use crate::push::tell::Push;

/// The row that counts a user's unread entries: `pk` is `USER#<owner>`.
#[derive(Deserialize)]
struct CounterImage {
    pk: String,
    unread: u64,
}

/// Tells each user of the batch how many of their entries are unread now.
///
/// When somebody cannot be told, the batch comes again, once; a number that is told twice is harmless.
pub(crate) async fn changed(push: &Push, event: LambdaEvent<StreamBatch>) -> Result<(), Diagnostic> {
    let mut failures = Vec::new();
    for (user, unread) in last_counts(&event.payload) {
        let told = async { push.tell(user, message::inbox_changed(unread)?).await };
        if let Err(failure) = told.instrument(info_span!("inbox", user.id = %user)).await {
            let chain = telemetry::chain(&failure);
            error!(error.kind = failure.name(), error.chain = chain, user.id = %user, "could not tell of an inbox");
            failures.push(failure.name());
        }
    }
    match failures.first() {
        None => Ok(()),
        Some(kind) => Err(Diagnostic {
            error_type: (*kind).to_owned(),
            error_message: format!("{} users were not told of their inboxes", failures.len()),
        }),
    }
}

/// The last number of each user: the ones before it are no longer true.
fn last_counts(batch: &StreamBatch) -> BTreeMap<Uuid, u64> {
    let mut counts = BTreeMap::new();
    for record in &batch.records {
        match record.item::<CounterImage>() {
            Ok(counter) => {
                let counter = counter.and_then(|counter| Some((owner(&counter.pk)?, counter.unread)));
                counts.extend(counter);
            }
            Err(failure) => {
                warn!(error.chain = telemetry::chain(&failure), "a record holds no count of unread entries");
            }
        }
    }
    counts
}

fn owner(pk: &str) -> Option<Uuid> {
    pk.strip_prefix("USER#")?.parse().ok()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn record(number: u32, image: &Value) -> Value {
        json!({"eventName": "MODIFY", "dynamodb": {"SequenceNumber": number.to_string(), "NewImage": image}})
    }

    #[test]
    fn of_several_counts_the_last_is_told() {
        let [ann, bob] = [1, 2].map(Uuid::from_u128);
        let counter = |user: Uuid, unread: &str| json!({"pk": {"S": format!("USER#{user}")}, "sk": {"S": "UNREAD"}, "unread": {"N": unread}});
        let records = [
            record(1, &counter(ann, "1")),
            record(2, &counter(bob, "7")),
            record(3, &json!({"pk": {"S": "x"}})),
            record(4, &counter(ann, "2")),
        ];
        let batch: StreamBatch = serde_json::from_value(json!({ "Records": records })).unwrap();
        assert_eq!(last_counts(&batch), BTreeMap::from([(ann, 2), (bob, 7)]));
    }
}
