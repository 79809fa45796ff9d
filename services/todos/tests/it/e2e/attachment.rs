//! Attachments: announced over the API, uploaded with a presigned form, and kept in the bucket of files.

use serde_json::{Value, json};
use tests::account::User;
use tests::presigned_post::PresignedPost;
use tests::product::Product;
use tests::wait::eventually;

/// An announced attachment, and the form that uploads its file.
#[derive(Clone, Debug)]
pub(crate) struct Attachment {
    /// Its path in the API.
    pub(crate) path: String,
    pub(crate) id: String,
    pub(crate) form: PresignedPost,
}

impl Attachment {
    /// Announces a file for the item at `item`, such as `/todos/<id>`.
    pub(crate) async fn announce(user: &User, item: &str, name: &str, content_type: &str, bytes: usize) -> Self {
        let body = json!({"name": name, "contentType": content_type, "bytes": bytes});
        let answer = user.api("todos").post(&format!("{item}/attachments")).json(&body).expect(201).await;
        Self::from_answer(item, &answer)
    }

    /// Reads the answer to an announcement for the item at `item`.
    pub(crate) fn from_answer(item: &str, answer: &Value) -> Self {
        let id = answer["attachment"]["id"].as_str().expect("an id").to_owned();
        Self { path: format!("{item}/attachments/{id}"), id, form: PresignedPost::from_json(&answer["upload"]) }
    }

    /// The path of the list that contains the attachment.
    pub(crate) fn list_path(&self) -> &str {
        self.path.rsplit_once('/').expect("a path").0
    }

    /// Waits until the file is checked; the attachment, which is `ready` or `rejected`.
    pub(crate) async fn wait_until_checked(&self, user: &User) -> Value {
        eventually("a file that was checked", async || {
            let attachment = user.api("todos").get(&self.path).expect(200).await;
            (attachment["status"] != "uploading").then_some(attachment)
        })
        .await
    }
}

/// The keys of all objects that the bucket of files has of a user.
pub(crate) async fn object_keys(user: &User) -> Vec<String> {
    let product = user.product();
    let bucket = files_bucket(product);
    let mut keys = Vec::new();
    for folder in ["uploads", "files"] {
        keys.extend(product.object_keys(&bucket, &format!("{folder}/{}/", user.id)).await);
    }
    keys
}

pub(crate) fn files_bucket(product: &Product) -> String {
    format!("busline-{}-todos-files-000000000000", product.env())
}
