//! Uploads as a browser makes them, and a look into the bucket behind them.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::account::User;
use crate::product::Product;
use crate::wait::eventually;

/// The form of an upload: where it goes, and its fields in order.
#[derive(Clone, Debug)]
pub struct Form {
    /// The bucket's address.
    pub url: String,
    /// Names and values.
    pub fields: Vec<(String, String)>,
}

/// An attachment that was announced, and the form for its file.
#[derive(Clone, Debug)]
pub struct Announced {
    /// The attachment's path in the API.
    pub path: String,
    /// The attachment's id.
    pub id: String,
    /// The form.
    pub form: Form,
}

impl Announced {
    /// Announces a file for the item at `item`, such as `/todos/<id>`.
    pub async fn new(user: &User, item: &str, name: &str, content_type: &str, bytes: usize) -> Self {
        let body = json!({"name": name, "contentType": content_type, "bytes": bytes});
        Self::of(item, &user.todos().post(&format!("{item}/attachments")).json(&body).expect(201).await)
    }

    /// Reads the answer to an announcement for the item at `item`.
    pub fn of(item: &str, answer: &Value) -> Self {
        let id = answer["attachment"]["id"].as_str().expect("an id").to_owned();
        let fields = answer["upload"]["fields"].as_object().expect("fields");
        let text = |value: &Value| value.as_str().expect("a text").to_owned();
        let form = Form {
            url: text(&answer["upload"]["url"]),
            fields: fields.iter().map(|(name, value)| (name.clone(), text(value))).collect(),
        };
        Self { path: format!("{item}/attachments/{id}"), id, form }
    }

    /// The path of the list that the attachment is in.
    pub fn list_path(&self) -> &str {
        self.path.rsplit_once('/').expect("a path").0
    }

    /// Waits until the attachment is `ready` or `rejected`; the attachment.
    pub async fn settled(&self, user: &User) -> Value {
        eventually("a file that was looked at", async || {
            let attachment = user.todos().get(&self.path).expect(200).await;
            (attachment["status"] != "uploading").then_some(attachment)
        })
        .await
    }
}

impl Form {
    /// A field's value.
    pub fn field(&self, name: &str) -> &str {
        let found = self.fields.iter().find(|(field, _)| field == name);
        &found.unwrap_or_else(|| panic!("the form has no field {name}")).1
    }

    /// The same form with another value for a field, which is added when it is new.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.fields.retain(|(field, _)| field != name);
        self.fields.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The same form without a field.
    #[must_use]
    pub fn without(mut self, name: &str) -> Self {
        self.fields.retain(|(field, _)| field != name);
        self
    }

    /// Sends the form with a file; S3's status and what it says.
    pub async fn send(&self, product: &Product, file: &[u8]) -> (u16, String) {
        let boundary = format!("busline-{}", Uuid::new_v4().simple());
        let mut body = Vec::with_capacity(file.len() + 4096);
        for (name, value) in &self.fields {
            let part = format!("--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
            body.extend_from_slice(part.as_bytes());
        }
        let part = format!("--{boundary}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"blob\"\r\n\r\n");
        body.extend_from_slice(part.as_bytes());
        body.extend_from_slice(file);
        body.extend_from_slice(format!("\r\n--{boundary}--\r\n").as_bytes());
        let request = product.http().post(&self.url).body(body);
        let request = request.header("content-type", format!("multipart/form-data; boundary={boundary}"));
        let answer = request.send().await.expect("S3 answers");
        (answer.status().as_u16(), answer.text().await.expect("the answer has an end"))
    }

    /// Sends the form with a file, which S3 must take.
    pub async fn upload(&self, product: &Product, file: &[u8]) {
        let (status, said) = self.send(product, file).await;
        assert_eq!(status, 204, "{said}");
    }
}

/// The keys of every object that the bucket of files holds for a user.
pub async fn objects_of(user: &User) -> Vec<String> {
    let product = user.product();
    let client = aws_sdk_s3::Client::new(product.sdk());
    let mut keys = Vec::new();
    for folder in ["uploads", "files"] {
        let request = client.list_objects_v2().bucket(bucket(product)).prefix(format!("{folder}/{}/", user.id));
        let mut pages = request.into_paginator().send();
        while let Some(page) = pages.next().await {
            let objects = page.expect("the bucket answers").contents.unwrap_or_default();
            keys.extend(objects.into_iter().filter_map(|object| object.key));
        }
    }
    keys
}

/// The name of the bucket of files.
pub fn bucket(product: &Product) -> String {
    format!("busline-{}-todos-files-000000000000", product.env())
}
