//! Events of the bus that concern one user, to all of their sessions.
//!
//! A repeat is harmless: a page knows the event's id. Order does not matter: it knows the subject's `sequence`. What
//! fails is tried once more by Lambda and then dropped.

use events::envelope::Event;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::push::message;
use crate::push::tell::{Push, PushError};

/// What happened to something of an owner's: who they are, and the rest as it is.
#[derive(Debug, Deserialize, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub(crate) struct OfOwner {
    owner_id: Uuid,
    #[serde(flatten)]
    #[cfg_attr(test, schemars(skip))]
    rest: Map<String, Value>,
}

/// What happened to a user: who they are, and the rest as it is.
#[derive(Debug, Deserialize, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub(crate) struct OfUser {
    user_id: Uuid,
    #[serde(flatten)]
    #[cfg_attr(test, schemars(skip))]
    rest: Map<String, Value>,
}

/// Tells an owner's sessions what happened to an item or file of theirs.
pub(crate) async fn of_todos(push: &Push, event: Event<OfOwner>) -> Result<(), PushError> {
    push.tell(event.data.owner_id, message::news(&event)?).await
}

/// Tells a user's sessions what happened to their account.
pub(crate) async fn of_users(push: &Push, event: Event<OfUser>) -> Result<(), PushError> {
    push.tell(event.data.user_id, message::news(&event)?).await
}
