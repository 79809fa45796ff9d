//! Events after which files go.
//!
//! An item takes its attachments with it, and each of those its objects, by an event of its own. Repeats are harmless:
//! what is gone is not deleted again. So is any order, as nothing comes back under an id. Retried by Lambda: everything.

use events::envelope::Event;
use lambda_kit::cause::Cause;
use lambda_kit::clock;

use crate::attachments::files::{Files, Place};
use crate::attachments::store::Attachments;
use crate::subscribe::error::SubscribeError;
use crate::subscribe::readers::{GoneFileSeen, GoneItemSeen};

/// Deletes the attachments of an item that was deleted.
pub(crate) async fn item_deleted(rows: &Attachments, event: Event<GoneItemSeen>) -> Result<(), SubscribeError> {
    let cause = Cause::of_event(&event.metadata);
    let (owner, todo) = (event.data.owner_id, event.data.todo_id);
    // No attachment is added to an item that is gone; a file that arrives meanwhile changes one that is there.
    loop {
        let left = rows.list(owner, todo, clock::now()).await?;
        if left.is_empty() {
            break;
        }
        for found in left {
            rows.save(&found.attachment.delete(clock::now()), &cause).await?;
        }
    }
    rows.forget_counter(owner, todo).await?;
    Ok(())
}

/// Deletes the objects of an attachment that was deleted.
pub(crate) async fn attachment_deleted(files: &Files, event: Event<GoneFileSeen>) -> Result<(), SubscribeError> {
    let gone = event.data;
    let place = Place { owner: gone.owner_id, todo: gone.todo_id, attachment: gone.attachment_id };
    files.sweep(place, None).await?;
    Ok(())
}
