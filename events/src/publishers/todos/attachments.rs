//! What the todos service publishes of files. The subject is the attachment's id, the sequence its version.
//!
//! Contents and addresses of files never travel: who may see a file asks the service's API for it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::bounds::{Count, Text};
use crate::envelope::Payload;

/// The media types that a file may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum ContentType {
    /// A picture of type PNG.
    #[serde(rename = "image/png")]
    Png,
    /// A picture of type JPEG.
    #[serde(rename = "image/jpeg")]
    Jpeg,
    /// A picture of type GIF.
    #[serde(rename = "image/gif")]
    Gif,
    /// A picture of type WebP.
    #[serde(rename = "image/webp")]
    Webp,
    /// A document of type PDF.
    #[serde(rename = "application/pdf")]
    Pdf,
    /// Plain text in UTF-8.
    #[serde(rename = "text/plain")]
    Text,
}

/// The dimensions of a picture after it was rotated by its EXIF orientation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Picture {
    /// In pixels.
    #[schemars(with = "Count")]
    pub width: u64,
    /// In pixels.
    #[schemars(with = "Count")]
    pub height: u64,
}

/// Why a file was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RejectionReason {
    /// It has more bytes than a file may have.
    TooLarge,
    /// It is not what it was said to be.
    WrongType,
    /// It is not whole, or does not follow the rules of its type.
    Broken,
    /// It is a picture with more pixels than a picture may have.
    TooManyPixels,
    /// It holds something beside what it was said to be.
    Unsafe,
}

/// A file arrived, was looked at and may be downloaded.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AttachmentReadyV1 {
    /// The attachment.
    pub attachment_id: Uuid,
    /// The item that it is attached to.
    pub todo_id: Uuid,
    /// Whose they are.
    pub owner_id: Uuid,
    /// The file's name, in one line of 1 to 200 characters.
    #[schemars(with = "Text<1, 200>")]
    pub name: String,
    /// What it is.
    pub content_type: ContentType,
    /// Its size.
    #[schemars(with = "Count")]
    pub bytes: u64,
    /// Its dimensions, if it is a picture.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub picture: Option<Picture>,
}

impl Payload for AttachmentReadyV1 {
    const SERVICE: &'static str = "todos";
    const NAME: &'static str = "AttachmentReady";
    const VERSION: u32 = 1;

    fn user(&self) -> Option<Uuid> {
        Some(self.owner_id)
    }
}

/// A file arrived and was refused; it is not kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AttachmentRejectedV1 {
    /// The attachment.
    pub attachment_id: Uuid,
    /// The item that it would have been attached to.
    pub todo_id: Uuid,
    /// Whose they are.
    pub owner_id: Uuid,
    /// The file's name, in one line of 1 to 200 characters.
    #[schemars(with = "Text<1, 200>")]
    pub name: String,
    /// Why.
    pub reason: RejectionReason,
}

impl Payload for AttachmentRejectedV1 {
    const SERVICE: &'static str = "todos";
    const NAME: &'static str = "AttachmentRejected";
    const VERSION: u32 = 1;

    fn user(&self) -> Option<Uuid> {
        Some(self.owner_id)
    }
}

/// An attachment was deleted, by its owner or with its item.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AttachmentDeletedV1 {
    /// The attachment.
    pub attachment_id: Uuid,
    /// The item that it was attached to.
    pub todo_id: Uuid,
    /// Whose they were.
    pub owner_id: Uuid,
    /// The file's name, in one line of 1 to 200 characters.
    #[schemars(with = "Text<1, 200>")]
    pub name: String,
}

impl Payload for AttachmentDeletedV1 {
    const SERVICE: &'static str = "todos";
    const NAME: &'static str = "AttachmentDeleted";
    const VERSION: u32 = 1;

    fn user(&self) -> Option<Uuid> {
        Some(self.owner_id)
    }
}
