//! What the todos service publishes. The subject is the item's id, the sequence its version; what is about a whole user
//! says so.
//!
//! Notes never travel: no reader needs them, and they are the largest and most private part of an item.

pub mod attachments;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::bounds::{Count, Distinct, Names, OneOf, Text};
use crate::envelope::Payload;

/// How urgent an item is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Priority {
    /// Whenever.
    Low,
    /// The default.
    Normal,
    /// Soon.
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

/// Everything that this service had of a deleted user is gone.
///
/// It names the deletion and not the user, so that nothing which says that they are forgotten remembers them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TodosErasedV1 {
    /// The deletion: the hash of the user's id, 64 hexadecimal digits.
    #[schemars(with = "Text<64, 64>")]
    pub deletion_id: String,
    /// When it was done.
    pub erased_at: Timestamp,
}

impl Payload for TodosErasedV1 {
    const SERVICE: &'static str = "todos";
    const NAME: &'static str = "TodosErased";
    const VERSION: u32 = 1;

    fn user(&self) -> Option<Uuid> {
        None
    }
}

/// This service's part of what a user asked for is written.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TodosExportedV1 {
    /// The user pool's `sub`.
    pub user_id: Uuid,
    /// Which export it belongs to.
    pub export_id: Uuid,
    /// Where it is in the bucket of exports: everything under this prefix. 1 to 200 characters.
    #[schemars(with = "Text<1, 200>")]
    pub key: String,
    /// The size of all of it.
    #[schemars(with = "Count")]
    pub bytes: u64,
}

impl Payload for TodosExportedV1 {
    const SERVICE: &'static str = "todos";
    const NAME: &'static str = "TodosExported";
    const VERSION: u32 = 1;

    fn user(&self) -> Option<Uuid> {
        Some(self.user_id)
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
