//! Events that the todos service publishes. The subject is the item's id and the sequence its version.
//!
//! Notes are in no event: no reader needs them, and they are the largest and most private part of an item.

// The path, because rustfmt reads this file alone.
#[path = "todos/attachments.rs"]
pub mod attachments;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::bounds::{Distinct, Names, OneOf, Text};
use crate::envelope::Payload;

pub use self::attachments::{AttachmentDeletedV1, AttachmentReadyV1, AttachmentRejectedV1};

/// How urgent an item is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Priority {
    /// The owner can do it whenever they want.
    Low,
    /// An item without another priority has this one.
    Normal,
    /// The owner should do it soon.
    High,
}

/// An item was added.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TodoCreatedV1 {
    /// The item.
    pub todo_id: Uuid,
    /// Whose it is.
    pub owner_id: Uuid,
    /// What is to be done, in one line of 1 to 200 characters.
    #[schemars(with = "Text<1, 200>")]
    pub title: String,
    /// When it is due, if ever.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub due_at: Option<Timestamp>,
    /// How urgent it is.
    pub priority: Priority,
    /// What its owner files it under: at most 20 tags of 1 to 50 characters, no two alike.
    #[schemars(with = "Distinct<Text<1, 50>, 0, 20>")]
    pub tags: Vec<String>,
}

impl Payload for TodoCreatedV1 {
    const SERVICE: &'static str = "todos";
    const NAME: &'static str = "TodoCreated";
    const VERSION: u32 = 1;

    fn user(&self) -> Option<Uuid> {
        Some(self.owner_id)
    }
}

/// The fields of an item that its owner writes.
#[derive(Debug)]
pub struct TodoFields;

impl Names for TodoFields {
    const ALL: &'static [&'static str] = &["title", "notes", "dueAt", "priority", "tags"];
}

/// An item's fields were edited; they hold the state after the change.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TodoChangedV1 {
    /// The item.
    pub todo_id: Uuid,
    /// Whose it is.
    pub owner_id: Uuid,
    /// The names of the fields that changed, 1 to 5 of them, each once. Notes never travel; that they changed does.
    #[schemars(with = "Distinct<OneOf<TodoFields>, 1, 5>")]
    pub changed: Vec<String>,
    /// What is to be done, in one line of 1 to 200 characters.
    #[schemars(with = "Text<1, 200>")]
    pub title: String,
    /// When it is due, if ever.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub due_at: Option<Timestamp>,
    /// How urgent it is.
    pub priority: Priority,
    /// What its owner files it under: at most 20 tags of 1 to 50 characters, no two alike.
    #[schemars(with = "Distinct<Text<1, 50>, 0, 20>")]
    pub tags: Vec<String>,
}

impl Payload for TodoChangedV1 {
    const SERVICE: &'static str = "todos";
    const NAME: &'static str = "TodoChanged";
    const VERSION: u32 = 1;

    fn user(&self) -> Option<Uuid> {
        Some(self.owner_id)
    }
}

/// An item was completed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TodoCompletedV1 {
    /// The item.
    pub todo_id: Uuid,
    /// Whose it is.
    pub owner_id: Uuid,
    /// What is to be done, in one line of 1 to 200 characters.
    #[schemars(with = "Text<1, 200>")]
    pub title: String,
    /// When it was completed.
    pub completed_at: Timestamp,
}

impl Payload for TodoCompletedV1 {
    const SERVICE: &'static str = "todos";
    const NAME: &'static str = "TodoCompleted";
    const VERSION: u32 = 1;

    fn user(&self) -> Option<Uuid> {
        Some(self.owner_id)
    }
}

/// A completed item was taken up again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TodoReopenedV1 {
    /// The item.
    pub todo_id: Uuid,
    /// Whose it is.
    pub owner_id: Uuid,
    /// What is to be done, in one line of 1 to 200 characters.
    #[schemars(with = "Text<1, 200>")]
    pub title: String,
    /// When it is due, if ever.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub due_at: Option<Timestamp>,
}

impl Payload for TodoReopenedV1 {
    const SERVICE: &'static str = "todos";
    const NAME: &'static str = "TodoReopened";
    const VERSION: u32 = 1;

    fn user(&self) -> Option<Uuid> {
        Some(self.owner_id)
    }
}

/// An item was deleted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TodoDeletedV1 {
    /// The item.
    pub todo_id: Uuid,
    /// Whose it was.
    pub owner_id: Uuid,
    /// What is to be done, in one line of 1 to 200 characters.
    #[schemars(with = "Text<1, 200>")]
    pub title: String,
}

impl Payload for TodoDeletedV1 {
    const SERVICE: &'static str = "todos";
    const NAME: &'static str = "TodoDeleted";
    const VERSION: u32 = 1;

    fn user(&self) -> Option<Uuid> {
        Some(self.owner_id)
    }
}

/// A deleted item was restored, with all that it held before.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TodoRestoredV1 {
    /// The item.
    pub todo_id: Uuid,
    /// Whose it is.
    pub owner_id: Uuid,
    /// What is to be done, in one line of 1 to 200 characters.
    #[schemars(with = "Text<1, 200>")]
    pub title: String,
    /// When it is due, if ever.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub due_at: Option<Timestamp>,
    /// How urgent it is.
    pub priority: Priority,
    /// What its owner files it under: at most 20 tags of 1 to 50 characters, no two alike.
    #[schemars(with = "Distinct<Text<1, 50>, 0, 20>")]
    pub tags: Vec<String>,
    /// When it was completed; absent for an open item.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub completed_at: Option<Timestamp>,
}

impl Payload for TodoRestoredV1 {
    const SERVICE: &'static str = "todos";
    const NAME: &'static str = "TodoRestored";
    const VERSION: u32 = 1;

    fn user(&self) -> Option<Uuid> {
        Some(self.owner_id)
    }
}

/// A deleted item was deleted for good, by its owner or 30 days after its deletion. It cannot be restored any more.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TodoPurgedV1 {
    /// The item.
    pub todo_id: Uuid,
    /// Whose it was.
    pub owner_id: Uuid,
}

impl Payload for TodoPurgedV1 {
    const SERVICE: &'static str = "todos";
    const NAME: &'static str = "TodoPurged";
    const VERSION: u32 = 1;

    fn user(&self) -> Option<Uuid> {
        Some(self.owner_id)
    }
}

/// An item is due on a day as a whole from now on, or at a time of the day again. It comes with the event of the same
/// sequence that tells of the item's other fields. An item of which there is no such event is due at a time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TodoAllDaySetV1 {
    /// The item.
    pub todo_id: Uuid,
    /// Whose it is.
    pub owner_id: Uuid,
    /// What is to be done, in one line of 1 to 200 characters.
    #[schemars(with = "Text<1, 200>")]
    pub title: String,
    /// When it is due, if ever: of a whole day, a moment of it, in the time zone in which its owner chose it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub due_at: Option<Timestamp>,
    /// Whether the day as a whole is meant, without a time.
    pub all_day: bool,
}

impl Payload for TodoAllDaySetV1 {
    const SERVICE: &'static str = "todos";
    const NAME: &'static str = "TodoAllDaySet";
    const VERSION: u32 = 1;

    fn user(&self) -> Option<Uuid> {
        Some(self.owner_id)
    }
}

/// An open item is due now. Of each due time of an item there is at most one. The sequence is the item's version of that
/// moment, which an event of a change has as well: nothing about the item is changed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TodoDueV1 {
    /// The item.
    pub todo_id: Uuid,
    /// Whose it is.
    pub owner_id: Uuid,
    /// What is to be done, in one line of 1 to 200 characters.
    #[schemars(with = "Text<1, 200>")]
    pub title: String,
    /// When it is due.
    pub due_at: Timestamp,
}

impl Payload for TodoDueV1 {
    const SERVICE: &'static str = "todos";
    const NAME: &'static str = "TodoDue";
    const VERSION: u32 = 1;

    fn user(&self) -> Option<Uuid> {
        Some(self.owner_id)
    }
}
