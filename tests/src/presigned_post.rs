//! Presigned POST forms of S3, sent as a browser sends them.
//!
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-UsingHTTPPOST.html>

use serde_json::Value;
use uuid::Uuid;

use crate::product::Product;

/// The form of an upload: the bucket's address, and fields in order.
#[derive(Clone, Debug)]
pub struct PresignedPost {
    pub url: String,
    /// The names and values of the form's fields, in order.
    pub fields: Vec<(String, String)>,
}

impl PresignedPost {
    /// Reads a form as APIs return it: `{"url": "…", "fields": {"key": "…", …}}`.
    pub fn from_json(form: &Value) -> Self {
        let text = |value: &Value| value.as_str().expect("a text").to_owned();
        let fields = form["fields"].as_object().expect("fields").iter();
        Self { url: text(&form["url"]), fields: fields.map(|(name, value)| (name.clone(), text(value))).collect() }
    }

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

    /// Sends the form with a file; S3's status and response body.
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
        let response = request.send().await.expect("S3 answers");
        (response.status().as_u16(), response.text().await.expect("S3's response has an end"))
    }

    /// Sends the form with a file, which S3 must accept.
    pub async fn upload(&self, product: &Product, file: &[u8]) {
        let (status, body) = self.send(product, file).await;
        assert_eq!(status, 204, "{body}");
    }
}
