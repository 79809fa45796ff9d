//! Events that the functions are woken by.

use jiff::Timestamp;
use serde_json::{Value, json};
use tests::bus::Forged;
use uuid::Uuid;

use crate::files;
use crate::grants::Job;
use crate::scenes::exports;

/// An event that the job handles, about somebody new.
pub(super) fn event(job: &Job) -> Value {
    let (user, todo) = (Uuid::new_v4(), Uuid::now_v7());
    let email = format!("permissions-{}@example.com", user.simple());
    let about_todo =
        json!({"todoId": todo, "ownerId": user, "title": "x", "changed": ["title"], "priority": "low", "tags": []});
    let about_file = json!({
        "attachmentId": Uuid::now_v7(), "todoId": todo, "ownerId": user, "name": "x.txt", "contentType": "text/plain",
        "bytes": 1, "reason": "broken",
    });
    let about_user = json!({
        "userId": user, "email": email, "displayName": "Ann", "locale": "en", "timeZone": "UTC",
        "registeredAt": Timestamp::now(), "changed": ["locale"],
    });
    let forged = match job.name.as_str() {
        "todo-created" | "update-agenda" => Forged::new("todos", "TodoCreated", todo, 1, &about_todo),
        "todo-changed" => Forged::new("todos", "TodoChanged", todo, 2, &about_todo),
        "todo-completed" => Forged::new("todos", "TodoCompleted", todo, 2, &about_todo),
        "todo-reopened" => Forged::new("todos", "TodoReopened", todo, 2, &about_todo),
        "todo-deleted" | "delete-attachments" => Forged::new("todos", "TodoDeleted", todo, 2, &about_todo),
        "check-attachment" => return files::foreign_upload(),
        "delete-files" => Forged::new("todos", "AttachmentDeleted", todo, 2, &about_file),
        "attachment-ready" => Forged::new("todos", "AttachmentReady", todo, 2, &about_file),
        "attachment-rejected" => Forged::new("todos", "AttachmentRejected", todo, 2, &about_file),
        "erase" => Forged::new("users", "UserDeleted", user, 2, &about_user),
        "todos-erased" => Forged::new("todos", "TodosErased", user, 1, &about_user),
        "notifications-erased" => Forged::new("notifications", "NotificationsErased", user, 1, &about_user),
        "todo-due" | "send-reminder-mail" => Forged::new("todos", "TodoDue", todo, 2, &about_todo),
        "export" => Forged::new("users", "UserExportRequested", user, 1, &about_user),
        "export-ready" | "send-export-mail" => exports::is_ready(user),
        "todos-exported" | "notifications-exported" => exports::answer(&job.name, user, Uuid::now_v7()),
        // They are no subscribers: an empty input is none of theirs.
        "remind" | "plan-digests" | "send-digest-mail" => return json!({}),
        "recipient-changed" => Forged::new("users", "UserProfileChanged", user, 2, &about_user),
        "user-registered" | "recipient-registered" | "send-welcome-mail" => {
            Forged::new("users", "UserRegistered", user, 1, &about_user)
        }
        name => panic!("{name} has no event: show here what it handles"),
    };
    on_the_bus(&forged)
}

/// The event as EventBridge gives it to a function.
///
/// <https://docs.aws.amazon.com/eventbridge/latest/ref/overiew-event-structure.html>
pub(crate) fn on_the_bus(event: &Forged) -> Value {
    json!({
        "version": "0", "id": Uuid::new_v4(), "account": "000000000000", "region": "eu-west-1", "resources": [],
        "time": Timestamp::now(), "source": event.source, "detail-type": event.detail_type, "detail": event.detail,
    })
}
