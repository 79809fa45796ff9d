//! Inbox entries in HTTP responses.

use jiff::Timestamp;
use serde::Serialize;
use uuid::Uuid;

use crate::domain::inbox::InboxEntry;
use crate::domain::language::Language;
use crate::domain::notification::NotificationKind;

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
    /// The entry with its title in `language`.
    pub(crate) fn new(entry: &InboxEntry, language: Language) -> Self {
        Self {
            id: entry.id,
            kind: entry.notification.kind.into(),
            title: entry.notification.title(language),
            todo_id: entry.notification.todo,
            occurred_at: entry.occurred_at,
            read_at: entry.read_at,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
enum KindBody {
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

impl From<NotificationKind> for KindBody {
    fn from(kind: NotificationKind) -> Self {
        match kind {
            NotificationKind::Welcome => Self::Welcome,
            NotificationKind::TodoCreated => Self::TodoCreated,
            NotificationKind::TodoChanged => Self::TodoChanged,
            NotificationKind::TodoCompleted => Self::TodoCompleted,
            NotificationKind::TodoReopened => Self::TodoReopened,
            NotificationKind::TodoDeleted => Self::TodoDeleted,
            NotificationKind::AttachmentReady => Self::AttachmentReady,
            NotificationKind::AttachmentRejected => Self::AttachmentRejected,
            NotificationKind::TodoDue => Self::TodoDue,
            NotificationKind::ExportReady => Self::ExportReady,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::notification::Notification;

    #[test]
    fn missing_values_are_null() {
        let notification = Notification::welcome("Ann".to_owned());
        let entry = InboxEntry::new(Uuid::from_u128(1), notification, Uuid::from_u128(2), Timestamp::UNIX_EPOCH);
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
