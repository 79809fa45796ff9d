//! Inbox entries on the wire.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::domain::Entry;
use crate::domain::language::Language;
use crate::domain::news::Kind;

/// An entry in a response.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct NotificationBody {
    id: Uuid,
    kind: KindBody,
    title: String,
    todo_id: Option<Uuid>,
    occurred_at: Timestamp,
    read_at: Option<Timestamp>,
}

impl NotificationBody {
    /// The entry as somebody reads it who speaks `language`.
    pub(crate) fn new(entry: &Entry, language: Language) -> Self {
        Self {
            id: entry.id,
            kind: entry.news.kind.into(),
            title: entry.news.title(language),
            todo_id: entry.news.todo,
            occurred_at: entry.occurred_at,
            read_at: entry.read_at,
        }
    }
}

/// The answer of `POST /notifications/read`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct UnreadBody {
    /// How many entries of the whole inbox are unread.
    pub(crate) unread: u64,
}

/// An entry's kind on the wire and in the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum KindBody {
    Welcome,
    TodoCreated,
    TodoChanged,
    TodoCompleted,
    TodoReopened,
    TodoDeleted,
    AttachmentReady,
    AttachmentRejected,
    TodoDue,
    ExportReady,
}

impl From<Kind> for KindBody {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Welcome => Self::Welcome,
            Kind::TodoCreated => Self::TodoCreated,
            Kind::TodoChanged => Self::TodoChanged,
            Kind::TodoCompleted => Self::TodoCompleted,
            Kind::TodoReopened => Self::TodoReopened,
            Kind::TodoDeleted => Self::TodoDeleted,
            Kind::AttachmentReady => Self::AttachmentReady,
            Kind::AttachmentRejected => Self::AttachmentRejected,
            Kind::TodoDue => Self::TodoDue,
            Kind::ExportReady => Self::ExportReady,
        }
    }
}

impl From<KindBody> for Kind {
    fn from(kind: KindBody) -> Self {
        match kind {
            KindBody::Welcome => Self::Welcome,
            KindBody::TodoCreated => Self::TodoCreated,
            KindBody::TodoChanged => Self::TodoChanged,
            KindBody::TodoCompleted => Self::TodoCompleted,
            KindBody::TodoReopened => Self::TodoReopened,
            KindBody::TodoDeleted => Self::TodoDeleted,
            KindBody::AttachmentReady => Self::AttachmentReady,
            KindBody::AttachmentRejected => Self::AttachmentRejected,
            KindBody::TodoDue => Self::TodoDue,
            KindBody::ExportReady => Self::ExportReady,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::news::News;

    #[test]
    fn what_an_entry_lacks_is_null() {
        let entry = Entry::new(Uuid::from_u128(1), News::welcome("Ann"), Uuid::from_u128(2), Timestamp::UNIX_EPOCH);
        assert_eq!(
            serde_json::to_value(NotificationBody::new(&entry, Language::English)).unwrap(),
            serde_json::json!({
                "id": "00000000-0000-0000-0000-000000000002",
                "kind": "welcome",
                "title": "Welcome to Busline, Ann",
                "todoId": null,
                "occurredAt": "1970-01-01T00:00:00Z",
                "readAt": null,
            })
        );
    }
}
