//! The events of files, for the scenes.

use anyhow::{Context, Result};
use serde_json::{Value, json};
use tests::account::User;
use tests::bus::Listener;
use tests::upload::Announced;
use uuid::Uuid;

/// Lets a user attach a file, attach one that is refused, and delete both; the bus has told of it then.
pub(crate) async fn everything_once(user: &User, item: &str, bus: &mut Listener) {
    for file in [b"a text".as_slice(), b"\0"] {
        let announced = announce(user, item).await;
        announced.form.upload(user.product(), file).await;
        announced.settled(user).await;
        user.todos().delete(&announced.path).expect(204).await;
    }
    bus.until(2, "AttachmentDeleted.v1").await;
}

/// An attachment whose file has not come.
pub(crate) async fn announce(user: &User, item: &str) -> Announced {
    Announced::new(user, &format!("/todos/{item}"), "x.txt", "text/plain", 1).await
}

/// What the bucket says of an upload; another one has taken its place, so that it can be said again and again.
///
/// # Errors
/// When the form has no key.
pub(crate) async fn uploaded(user: &User, item: &str) -> Result<Value> {
    let announced = announce(user, item).await;
    let key = announced.form.fields.iter().find(|(name, _)| name == "key").context("a form has no key")?.1.clone();
    Ok(json!({"Records": [{
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "eventName": "ObjectCreated:Post",
        "responseElements": {"x-amz-request-id": Uuid::new_v4().simple().to_string()},
        "s3": {"bucket": {"name": "bench"}, "object": {"key": key, "size": 1, "eTag": Uuid::new_v4().simple().to_string()}},
    }]}))
}
