//! Failure records as texts: finds those that name a user, and removes that user's records from a failed batch.

use serde_json::Value;

/// Selects the records of a user.
#[derive(Clone, Debug)]
pub(super) struct RecordFilter {
    /// The user's id in the form in which events hold it.
    pub(super) user: String,
    /// The detail type of the one event that is kept although it names the user.
    pub(super) kept_event: String,
}

/// A failed batch after a user's records were removed.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Remaining {
    /// It does not name the user.
    Unchanged,
    /// The batch with the records of other users.
    Batch(String),
    /// No record is left.
    Empty,
}

impl RecordFilter {
    pub(super) fn matches(&self, text: &str) -> bool {
        text.contains(&self.user) && !text.contains(&self.kept_event)
    }

    /// Removes the user's records from the batch in `text`. A text that is not a batch counts as one record.
    pub(super) fn remove_from(&self, text: &str) -> Remaining {
        if !text.contains(&self.user) {
            return Remaining::Unchanged;
        }
        let Some((mut failure, mut batch)) = batch(text) else {
            return if self.matches(text) { Remaining::Empty } else { Remaining::Unchanged };
        };
        let Some(records) = batch.get_mut("Records").and_then(Value::as_array_mut) else {
            return Remaining::Empty;
        };
        let count_before = records.len();
        records.retain(|record| !self.matches(&record.to_string()));
        match records.len() {
            0 => Remaining::Empty,
            count if count == count_before => Remaining::Unchanged,
            _ => {
                failure["payload"] = Value::String(batch.to_string());
                Remaining::Batch(failure.to_string())
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

    fn filter() -> RecordFilter {
        RecordFilter { user: "ann".into(), kept_event: "UserDeleted.v1".into() }
    }

    fn failure(records: &Value) -> String {
        json!({"version": "1.0", "payload": json!({"Records": records}).to_string()}).to_string()
    }

    #[test]
    fn records_of_another_owner_are_kept_in_a_batch() {
        let record =
            |owner: &str| json!({"dynamodb": {"NewImage": {"detail": {"S": json!({"ownerId": owner}).to_string()}}}});
        let Remaining::Batch(remaining) =
            filter().remove_from(&failure(&json!([record("ann"), record("ben"), record("ann")])))
        else {
            panic!("the record of ben is kept");
        };
        assert_eq!(remaining, failure(&json!([record("ben")])));
        assert_eq!(filter().remove_from(&failure(&json!([record("ann")]))), Remaining::Empty);
        assert_eq!(filter().remove_from(&failure(&json!([record("ben")]))), Remaining::Unchanged);
    }

    #[test]
    fn the_event_that_requests_the_erasure_is_kept() {
        let request = json!({"detail-type": "UserDeleted.v1", "detail": {"data": {"userId": "ann"}}});
        assert!(!filter().matches(&json!({"requestPayload": request}).to_string()));
        assert_eq!(filter().remove_from(&failure(&json!([request]))), Remaining::Unchanged);
        assert!(filter().matches(r#"{"ownerId": "ann"}"#));
    }

    #[test]
    fn a_text_that_is_not_a_batch_is_removed_as_a_whole() {
        assert_eq!(filter().remove_from("ann"), Remaining::Empty);
        assert_eq!(filter().remove_from("ben"), Remaining::Unchanged);
    }
}
