//! Failure records: their owners, and how a failed batch is kept without one user's records.
//!
//! A record is attributed by fields that services and AWS write: the user's id in an event's data or in a job's input,
//! a row's partition, an object's key. Texts that users write, such as titles, are never searched: they may contain any
//! id and any event's name.

use events::envelope::USER_FIELDS;
use serde_json::Value;

/// Selects the records of a user.
#[derive(Clone, Debug)]
pub(super) struct RecordFilter {
    /// The user's id in the form in which events hold it.
    pub(super) user: String,
    /// The partition of the user's rows in the service's table; it ends with the id.
    pub(super) partition: String,
    /// The detail type of the one event that is kept although it is the user's.
    pub(super) kept_event: String,
}

/// The owner of a failure record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Attribution {
    /// The user's, and nobody else's.
    User,
    /// Another user's or nobody's, or the event that is kept.
    Other,
    /// The user's id is in it, and no field tells whether it is the user's; or it is several users' in one message.
    Unknown,
}

impl Attribution {
    /// The attribution of a record that consists of several.
    fn of_all(parts: impl IntoIterator<Item = Self>) -> Self {
        let mut parts = parts.into_iter();
        let first = parts.next().unwrap_or(Self::Unknown);
        if parts.all(|part| part == first) { first } else { Self::Unknown }
    }
}

/// A failed batch after a user's records were removed.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Remaining {
    /// No record of it is the user's.
    Unchanged,
    /// The batch with the records of other users.
    Batch(String),
    /// No record is left.
    Empty,
}

/// What is left of a failed batch, and how many of its records could not be attributed; these are kept.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Removal {
    pub(super) remaining: Remaining,
    pub(super) unattributed: usize,
}

impl RecordFilter {
    /// The owner of the record in `text`, which may be wrapped in other records.
    pub(super) fn attribute(&self, text: &str) -> Attribution {
        if !text.contains(&self.user) {
            return Attribution::Other;
        }
        serde_json::from_str(text).map_or(Attribution::Unknown, |record| self.attribute_record(&record))
    }

    /// Removes the user's records from the batch in `text`. A text that is not a batch counts as one record.
    pub(super) fn remove_from(&self, text: &str) -> Removal {
        let unchanged = |unattributed| Removal { remaining: Remaining::Unchanged, unattributed };
        if !text.contains(&self.user) {
            return unchanged(0);
        }
        let Some((mut failure, mut batch)) = batch(text) else {
            return match self.attribute(text) {
                Attribution::User => Removal { remaining: Remaining::Empty, unattributed: 0 },
                Attribution::Other => unchanged(0),
                Attribution::Unknown => unchanged(1),
            };
        };
        let Some(records) = batch.get_mut("Records").and_then(Value::as_array_mut) else {
            return unchanged(1);
        };
        let (count_before, mut unattributed) = (records.len(), 0);
        records.retain(|record| {
            let attribution = self.attribute(&record.to_string());
            unattributed += usize::from(attribution == Attribution::Unknown);
            attribution != Attribution::User
        });
        let remaining = match records.len() {
            0 => Remaining::Empty,
            count if count == count_before => Remaining::Unchanged,
            _ => {
                failure["payload"] = Value::String(batch.to_string());
                Remaining::Batch(failure.to_string())
            }
        };
        Removal { remaining, unattributed }
    }

    fn attribute_record(&self, record: &Value) -> Attribution {
        if let Some(inner) = wrapped(record) {
            return match inner {
                Value::String(text) => self.attribute(text),
                inner => self.attribute_record(inner),
            };
        }
        if let Some(records) = record.as_array().or_else(|| record["Records"].as_array()) {
            return Attribution::of_all(records.iter().map(|record| self.attribute(&record.to_string())));
        }
        if record["dynamodb"].is_object() {
            return self.attribute_change(&record["dynamodb"]);
        }
        if let Some(key) = record["s3"]["object"]["key"].as_str() {
            return self.attribute_key(key);
        }
        match record["detail-type"].as_str() {
            Some(detail_type) if detail_type == self.kept_event => Attribution::Other,
            Some(_) => self.attribute_detail(&record["detail"]),
            // The input of a job that another job or a schedule has invoked, or the detail of an event without the rest.
            None => match recipient(record) {
                Some(id) => self.compare(id),
                None => self.attribute_fields(record).unwrap_or_else(|| self.attribute_detail(record)),
            },
        }
    }

    /// The change of a row in a table's stream: the row's partition, or the event of an outbox row.
    fn attribute_change(&self, change: &Value) -> Attribution {
        let images = ["NewImage", "OldImage", "Keys"].map(|name| &change[name]);
        let found = images.into_iter().find_map(|image| self.attribute_image(image));
        found.unwrap_or(Attribution::Unknown)
    }

    fn attribute_image(&self, image: &Value) -> Option<Attribution> {
        let text = |name: &str| image[name]["S"].as_str();
        if text("detailType").is_some_and(|detail_type| detail_type == self.kept_event) {
            return Some(Attribution::Other);
        }
        // Partitions of users differ in the id at the end.
        let prefix = self.partition.strip_suffix(&self.user).filter(|prefix| !prefix.is_empty());
        if let Some(id) = prefix.and_then(|prefix| text("pk")?.strip_prefix(prefix)) {
            return Some(self.compare(id));
        }
        // `user` is the attribute of an outbox row.
        if let Some(id) = text("user").or_else(|| USER_FIELDS.iter().find_map(|name| text(name))) {
            return Some(self.compare(id));
        }
        let detail: Value = serde_json::from_str(text("detail")?).ok()?;
        Some(self.attribute_detail(&detail))
    }

    /// The detail of an event: of a service, or of S3 about an object.
    fn attribute_detail(&self, detail: &Value) -> Attribution {
        if let Some(attribution) = self.attribute_fields(&detail["data"]) {
            return attribution;
        }
        if detail["metadata"]["subject"].as_str() == Some(&self.user) {
            return Attribution::User;
        }
        detail["object"]["key"].as_str().map_or(Attribution::Unknown, |key| self.attribute_key(key))
    }

    fn attribute_fields(&self, fields: &Value) -> Option<Attribution> {
        let ids: Vec<&str> = USER_FIELDS.iter().filter_map(|name| fields[name].as_str()).collect();
        (!ids.is_empty()).then(|| Attribution::of_all(ids.into_iter().map(|id| self.compare(id))))
    }

    /// Keys of users' objects have the user's id as one of their parts. S3 encodes keys in notifications like a form.
    fn attribute_key(&self, key: &str) -> Attribution {
        let key = key.replace("%2F", "/");
        if key.split('/').any(|part| part == self.user) { Attribution::User } else { Attribution::Unknown }
    }

    fn compare(&self, id: &str) -> Attribution {
        if id == self.user { Attribution::User } else { Attribution::Other }
    }
}

/// What a failure record or notification carries, as a value or as JSON in a string; `None` for one that carries nothing.
///
/// Sources: <https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html> (`requestPayload`),
/// <https://docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-errors.html> (`payload`),
/// <https://docs.aws.amazon.com/sns/latest/dg/sns-message-and-json-formats.html> (`Message`),
/// <https://docs.aws.amazon.com/lambda/latest/dg/with-sns.html> (`Sns`),
/// <https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html> (`body`).
fn wrapped(record: &Value) -> Option<&Value> {
    if record.is_string() {
        return Some(record);
    }
    let is_notification = record["Type"] == "Notification" && record["TopicArn"].is_string();
    let is_queue_record = record["eventSource"] == "aws:sqs";
    [
        record.get("requestPayload"),
        record.get("payload"),
        record.get("Message").filter(|_| is_notification),
        record.get("Sns").and_then(|notification| notification.get("Message")),
        record.get("body").filter(|_| is_queue_record),
    ]
    .into_iter()
    .flatten()
    .find(|inner| inner.is_string() || inner.is_object() || inner.is_array())
}

/// The user who got an email, in what SES reports of it: the email's tag `user`.
///
/// Source: <https://docs.aws.amazon.com/ses/latest/dg/event-publishing-retrieving-sns-contents.html>
fn recipient(record: &Value) -> Option<&str> {
    record["eventType"].as_str()?;
    record["mail"]["tags"]["user"][0].as_str()
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
mod tests;
