//! Failure records as texts: whether one names a user, and a batch without that user's records.

use serde_json::Value;

/// Whose records are wanted, and which of them are left.
#[derive(Clone, Debug)]
pub(super) struct Wanted {
    /// The user's id as it stands in every event.
    pub(super) user: String,
    /// A type of event whose records stay.
    pub(super) kept: String,
}

/// What is left of a batch that failed, once a user's records are out.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Rest {
    /// It names the user nowhere.
    Untouched,
    /// The batch with the others' records.
    Batch(String),
    /// Nothing.
    Nothing,
}

impl Wanted {
    pub(super) fn is_named_in(&self, text: &str) -> bool {
        text.contains(&self.user) && !text.contains(&self.kept)
    }

    /// The batch in `text` without the records that name the user. A text that is no batch is one record.
    pub(super) fn take_out_of(&self, text: &str) -> Rest {
        if !text.contains(&self.user) {
            return Rest::Untouched;
        }
        let Some((mut failure, mut batch)) = batch(text) else {
            return if self.is_named_in(text) { Rest::Nothing } else { Rest::Untouched };
        };
        let Some(records) = batch.get_mut("Records").and_then(Value::as_array_mut) else {
            return Rest::Nothing;
        };
        let before = records.len();
        records.retain(|record| !self.is_named_in(&record.to_string()));
        match records.len() {
            0 => Rest::Nothing,
            after if after == before => Rest::Untouched,
            _ => {
                failure["payload"] = Value::String(batch.to_string());
                Rest::Batch(failure.to_string())
            }
        }
    }
}

/// A failure record of a stream and the batch that it carries as text.
///
/// Source: <https://docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-errors.html>
fn batch(text: &str) -> Option<(Value, Value)> {
    let failure: Value = serde_json::from_str(text).ok()?;
    let batch: Value = serde_json::from_str(failure["payload"].as_str()?).ok()?;
    batch["Records"].is_array().then_some((failure, batch))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn wanted() -> Wanted {
        Wanted { user: "ann".into(), kept: "UserDeleted.v1".into() }
    }

    fn failure(records: &Value) -> String {
        json!({"version": "1.0", "payload": json!({"Records": records}).to_string()}).to_string()
    }

    #[test]
    fn the_others_records_stay_in_a_batch() {
        let of =
            |owner: &str| json!({"dynamodb": {"NewImage": {"detail": {"S": json!({"ownerId": owner}).to_string()}}}});
        let Rest::Batch(rest) = wanted().take_out_of(&failure(&json!([of("ann"), of("ben"), of("ann")]))) else {
            panic!("ben's record is left");
        };
        assert_eq!(rest, failure(&json!([of("ben")])));
        assert_eq!(wanted().take_out_of(&failure(&json!([of("ann")]))), Rest::Nothing);
        assert_eq!(wanted().take_out_of(&failure(&json!([of("ben")]))), Rest::Untouched);
    }

    #[test]
    fn what_asks_for_the_erasure_stays() {
        let asks = json!({"detail-type": "UserDeleted.v1", "detail": {"data": {"userId": "ann"}}});
        assert!(!wanted().is_named_in(&json!({"requestPayload": asks}).to_string()));
        assert_eq!(wanted().take_out_of(&failure(&json!([asks]))), Rest::Untouched);
        assert!(wanted().is_named_in(r#"{"ownerId": "ann"}"#));
    }

    #[test]
    fn a_text_that_is_no_batch_goes_whole() {
        assert_eq!(wanted().take_out_of("ann"), Rest::Nothing);
        assert_eq!(wanted().take_out_of("ben"), Rest::Untouched);
    }
}
