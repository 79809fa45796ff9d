//! What the bucket reports when a file was uploaded.

use percent_encoding::percent_decode_str;
use serde::Deserialize;

use crate::app::upload_check::Upload;
use crate::domain::attachment::AttachmentIds;

/// A notification of new objects. So far each had one record, which AWS does not promise.
///
/// Source: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html>
#[derive(Debug, Deserialize)]
pub(crate) struct BucketNotification {
    #[serde(rename = "Records")]
    records: Vec<Record>,
}

impl BucketNotification {
    /// The uploads; none for an object that is not one.
    pub(super) fn uploads(self) -> impl Iterator<Item = Option<Upload>> {
        self.records.into_iter().map(Record::upload)
    }
}

#[derive(Debug, Deserialize)]
struct Record {
    s3: S3Entity,
}

#[derive(Debug, Deserialize)]
struct S3Entity {
    object: Object,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Object {
    /// Encoded like a form field.
    key: String,
    e_tag: String,
}

impl Record {
    /// The upload; none for a key that no upload form has.
    fn upload(self) -> Option<Upload> {
        let object = self.s3.object;
        let key = object.key.replace('+', " ");
        let ids = AttachmentIds::parse_upload_key(&percent_decode_str(&key).decode_utf8_lossy())?;
        Some(Upload { ids, tag: object.e_tag.trim_matches('"').to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_notification_is_parsed() {
        let mut notification: serde_json::Value =
            serde_json::from_str(include_str!("../../tests/fixtures/uploaded.json")).unwrap();
        let ids = AttachmentIds { owner: Uuid::from_u128(1), todo: Uuid::from_u128(2), attachment: Uuid::from_u128(3) };
        let key = format!("uploads%2F{}%2F{}%2F{}", ids.owner, ids.todo, ids.attachment);
        let uploads = |notification| {
            serde_json::from_value::<BucketNotification>(notification).unwrap().uploads().collect::<Vec<_>>()
        };
        assert_eq!(uploads(notification.clone()), [None], "the key is not that of an upload form");
        notification["Records"][0]["s3"]["object"]["key"] = key.into();
        assert_eq!(uploads(notification), [Some(Upload { ids, tag: "0123456789abcdef0123456789abcdef".into() })]);
    }
}
