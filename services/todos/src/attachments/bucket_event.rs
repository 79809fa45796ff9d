//! The bucket's events as Lambda delivers them.

use percent_encoding::percent_decode_str;
use serde::Deserialize;

/// What S3 says has happened; one record in all that were ever seen, which is not promised.
///
/// Source: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html>
#[derive(Debug, Deserialize)]
pub(crate) struct Notification {
    #[serde(rename = "Records")]
    records: Vec<Record>,
}

impl Notification {
    /// The objects that it tells of.
    pub(crate) fn uploads(self) -> impl Iterator<Item = Uploaded> {
        self.records.into_iter().map(Uploaded::from)
    }
}

#[derive(Debug, Deserialize)]
struct Record {
    s3: Stored,
}

#[derive(Debug, Deserialize)]
struct Stored {
    object: Object,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Object {
    /// Encoded as a form's field is.
    key: String,
    e_tag: String,
}

/// An object that was uploaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Uploaded {
    pub(crate) key: String,
    /// Its entity tag, without quotes.
    pub(crate) tag: String,
}

impl From<Record> for Uploaded {
    fn from(record: Record) -> Self {
        let object = record.s3.object;
        let key = object.key.replace('+', " ");
        let key = percent_decode_str(&key).decode_utf8_lossy().into_owned();
        Self { key, tag: object.e_tag.trim_matches('"').to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_of_the_bucket_names_its_objects() {
        let event: Notification = serde_json::from_str(include_str!("../../tests/fixtures/uploaded.json")).unwrap();
        let uploaded: Vec<Uploaded> = event.uploads().collect();
        assert_eq!(
            uploaded,
            [Uploaded { key: "uploads/a b/ü+.png".into(), tag: "0123456789abcdef0123456789abcdef".into() }]
        );
    }
}
