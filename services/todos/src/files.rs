//! The files bucket: uploads, accepted files with their thumbnails, and presigned links.
//!
//! Keys consist of ids: `uploads/<owner>/<todo>/<attachment>` before the check, and
//! `files/<owner>/<todo>/<attachment>/<tag>/` for what passed it. The tag is the upload's entity tag, which
//! distinguishes two uploads to one key.

mod upload_form;

use std::time::Duration;

use aws_config::SdkConfig;
use aws_sdk_s3::Client;
use aws_sdk_s3::config::http::HttpResponse;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::operation::get_object::GetObjectOutput;
use aws_sdk_s3::presigning::PresigningConfig;
use aws_sdk_s3::primitives::ByteStream;
use lambda_runtime::Error;
use uuid::Uuid;

use crate::domain::attachment::{Attachment, AttachmentIds};
use crate::domain::content_type::ContentType;
use crate::files::upload_form::{AnnouncedUpload, FormSigner, UploadFormError};

pub(crate) use self::upload_form::UploadForm;

/// How long a link works: long enough to follow it at once.
const LINK_LIFETIME: Duration = Duration::from_mins(5);

const THUMBNAIL_TYPE: &str = "image/jpeg";

/// The bucket of uploads and files.
#[derive(Clone, Debug)]
pub(crate) struct Files {
    client: Client,
    bucket: String,
    signer: FormSigner,
}

impl AttachmentIds {
    /// The key that its client uploads to.
    fn upload_key(self) -> String {
        format!("uploads/{}/{}/{}", self.owner, self.todo, self.attachment)
    }

    /// The prefix of all its accepted objects.
    fn prefix(self) -> String {
        format!("files/{}/{}/{}/", self.owner, self.todo, self.attachment)
    }

    /// The prefix of the accepted objects of the upload with this tag.
    fn tag_prefix(self, tag: &str) -> String {
        format!("{}{tag}/", self.prefix())
    }

    /// Parses the key of an upload; none for another key.
    pub(crate) fn parse_upload_key(key: &str) -> Option<Self> {
        let mut parts = key.strip_prefix("uploads/")?.split('/').map(Uuid::try_parse);
        let (owner, todo, attachment) = (parts.next()?.ok()?, parts.next()?.ok()?, parts.next()?.ok()?);
        let ids = Self { owner, todo, attachment };
        (ids.upload_key() == key).then_some(ids)
    }
}

/// A file that was accepted and stored under its final key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct StoredFile {
    pub(crate) todo: Uuid,
    pub(crate) attachment: Uuid,
    /// Bucket and key, as the source of a copy.
    pub(crate) source: String,
    pub(crate) bytes: u64,
}

impl Files {
    pub(crate) fn new(config: &SdkConfig, bucket: String) -> Self {
        Self { client: Client::new(config), bucket, signer: FormSigner::new(config) }
    }

    /// The form by which a client uploads the attachment's file, signed with this function's role.
    pub(crate) async fn upload_form(&self, attachment: &Attachment) -> Result<UploadForm, FilesError> {
        let key = AttachmentIds::from(attachment).upload_key();
        // The SDK knows the bucket's address, locally and on every partition of AWS: a presigned link begins with it.
        let object = self.client.put_object().bucket(&self.bucket).key(&key);
        let object = object.presigned(presigning_config()?).await.map_err(|error| FilesError::Link(error.into()))?;
        let address = object.uri().split('?').next().and_then(|uri| uri.strip_suffix(&key));
        let address = address.ok_or(FilesError::UnexpectedAddress)?.trim_end_matches('/').to_owned();
        let upload = AnnouncedUpload {
            bucket: &self.bucket,
            key: &key,
            content_type: attachment.content_type.media_type(),
            bytes: attachment.bytes,
        };
        Ok(self.signer.sign_form(address, &upload, attachment.created_at).await?)
    }

    /// A link by which the file with this tag can be downloaded for five minutes.
    pub(crate) async fn download_link(&self, attachment: &Attachment, tag: &str) -> Result<String, FilesError> {
        let content_type = match attachment.content_type {
            ContentType::Text => "text/plain; charset=utf-8",
            other => other.media_type(),
        };
        let request = self.client.get_object().bucket(&self.bucket).key(file_key(AttachmentIds::from(attachment), tag));
        let request = request
            .response_content_type(content_type)
            .response_content_disposition(attachment.name.disposition(attachment.content_type));
        let request = request.presigned(presigning_config()?).await.map_err(|error| FilesError::Link(error.into()))?;
        Ok(request.uri().to_owned())
    }

    /// A link to the thumbnail of the file with this tag, for five minutes.
    pub(crate) async fn thumbnail_link(&self, attachment: &Attachment, tag: &str) -> Result<String, FilesError> {
        let request =
            self.client.get_object().bucket(&self.bucket).key(thumbnail_key(AttachmentIds::from(attachment), tag));
        let request = request.response_content_type(THUMBNAIL_TYPE);
        let request = request.presigned(presigning_config()?).await.map_err(|error| FilesError::Link(error.into()))?;
        Ok(request.uri().to_owned())
    }

    /// The upload with this tag, or a range of its bytes; none when it was deleted or replaced.
    pub(crate) async fn get_upload(
        &self,
        ids: AttachmentIds,
        tag: &str,
        range: Option<String>,
    ) -> Result<Option<GetObjectOutput>, FilesError> {
        let request = self.client.get_object().bucket(&self.bucket).key(ids.upload_key());
        found(request.if_match(quoted(tag)).set_range(range).send().await)
    }

    /// Whether there is an upload with any tag.
    pub(crate) async fn has_upload(&self, ids: AttachmentIds) -> Result<bool, FilesError> {
        let request = self.client.list_objects_v2().bucket(&self.bucket).prefix(ids.upload_key()).max_keys(1);
        let listed = request.send().await.map_err(|error| FilesError::Call(error.into()))?;
        Ok(!listed.contents().is_empty())
    }

    /// Copies the upload with this tag to the accepted files. False when it was deleted or replaced.
    pub(crate) async fn accept(&self, ids: AttachmentIds, tag: &str) -> Result<bool, FilesError> {
        let request = self.client.copy_object().bucket(&self.bucket).key(file_key(ids, tag));
        let request = request.copy_source(format!("{}/{}", self.bucket, ids.upload_key()));
        Ok(found(request.copy_source_if_match(quoted(tag)).send().await)?.is_some())
    }

    /// Stores the thumbnail of the upload with this tag.
    pub(crate) async fn put_thumbnail(
        &self,
        ids: AttachmentIds,
        tag: &str,
        picture: Vec<u8>,
    ) -> Result<(), FilesError> {
        let request = self.client.put_object().bucket(&self.bucket).key(thumbnail_key(ids, tag));
        let request = request.content_type(THUMBNAIL_TYPE).body(ByteStream::from(picture));
        request.send().await.map_err(|error| FilesError::Call(error.into()))?;
        Ok(())
    }

    /// Deletes an attachment's objects, except the accepted ones of the upload `kept_tag`. The upload is deleted last:
    /// while it exists, a repeated event of it cleans up again.
    pub(crate) async fn delete_except(&self, ids: AttachmentIds, kept_tag: Option<&str>) -> Result<(), FilesError> {
        let kept = kept_tag.map(|tag| ids.tag_prefix(tag));
        let request = self.client.list_objects_v2().bucket(&self.bucket).prefix(ids.prefix());
        let mut pages = request.into_paginator().send();
        while let Some(page) = pages.next().await {
            let objects = page.map_err(|error| FilesError::Call(error.into()))?.contents.unwrap_or_default();
            for key in objects.into_iter().filter_map(|object| object.key) {
                if !kept.as_ref().is_some_and(|kept| key.starts_with(kept)) {
                    self.delete(&key).await?;
                }
            }
        }
        self.delete(&ids.upload_key()).await
    }

    /// An owner's accepted files.
    pub(crate) async fn list_of_owner(&self, owner: Uuid) -> Result<Vec<StoredFile>, FilesError> {
        let prefix = format!("files/{owner}/");
        let mut pages = self.client.list_objects_v2().bucket(&self.bucket).prefix(prefix).into_paginator().send();
        let mut files = Vec::new();
        while let Some(page) = pages.next().await {
            let objects = page.map_err(|error| FilesError::Call(error.into()))?.contents.unwrap_or_default();
            files.extend(objects.iter().filter_map(|object| {
                let key = object.key()?;
                let mut ids = key.strip_suffix("/original")?.split('/').skip(2).map(Uuid::try_parse);
                let (todo, attachment) = (ids.next()?.ok()?, ids.next()?.ok()?);
                let bytes = object.size().and_then(|size| size.try_into().ok()).unwrap_or_default();
                Some(StoredFile { todo, attachment, source: format!("{}/{key}", self.bucket), bytes })
            }));
        }
        Ok(files)
    }

    /// Deletes an owner's objects: uploads and accepted files.
    pub(crate) async fn delete_of_owner(&self, owner: Uuid) -> Result<(), FilesError> {
        for prefix in [format!("uploads/{owner}/"), format!("files/{owner}/")] {
            let request = self.client.list_objects_v2().bucket(&self.bucket).prefix(prefix);
            let mut pages = request.into_paginator().send();
            while let Some(page) = pages.next().await {
                let objects = page.map_err(|error| FilesError::Call(error.into()))?.contents.unwrap_or_default();
                for key in objects.into_iter().filter_map(|object| object.key) {
                    self.delete(&key).await?;
                }
            }
        }
        Ok(())
    }

    async fn delete(&self, key: &str) -> Result<(), FilesError> {
        let request = self.client.delete_object().bucket(&self.bucket).key(key);
        request.send().await.map_err(|error| FilesError::Call(error.into()))?;
        Ok(())
    }
}

fn file_key(ids: AttachmentIds, tag: &str) -> String {
    format!("{}original", ids.tag_prefix(tag))
}

fn thumbnail_key(ids: AttachmentIds, tag: &str) -> String {
    format!("{}thumbnail", ids.tag_prefix(tag))
}

fn quoted(tag: &str) -> String {
    format!("\"{tag}\"")
}

fn presigning_config() -> Result<PresigningConfig, FilesError> {
    PresigningConfig::expires_in(LINK_LIFETIME).map_err(|error| FilesError::Link(error.into()))
}

/// `NoSuchKey` and a failed precondition mean that an object was deleted or replaced.
///
/// Source: <https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html>
fn found<T, E>(answer: Result<T, SdkError<E, HttpResponse>>) -> Result<Option<T>, FilesError>
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(error) if matches!(error.code(), Some("NoSuchKey" | "PreconditionFailed")) => Ok(None),
        Err(error) => Err(FilesError::Call(error.into())),
    }
}

/// A failure of the bucket.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FilesError {
    #[error("the call to S3 failed")]
    Call(#[source] Error),
    #[error("an object's body ended early")]
    Incomplete(#[source] Error),
    #[error("the link to an object could not be signed")]
    Link(#[source] Error),
    #[error("the address of an object does not end with the object's key")]
    UnexpectedAddress,
    #[error("the upload form could not be signed")]
    Form(#[from] UploadFormError),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_key_of_an_upload_form_is_parsed() {
        let ids = AttachmentIds { owner: Uuid::from_u128(1), todo: Uuid::from_u128(2), attachment: Uuid::from_u128(3) };
        assert_eq!(AttachmentIds::parse_upload_key(&ids.upload_key()), Some(ids));
        let key = ids.upload_key();
        for other in [
            format!("{key}/x"),
            key.replace("uploads/", "files/"),
            key.replace('-', ""),
            key.to_uppercase(),
            "uploads/".into(),
            String::new(),
        ] {
            assert_eq!(AttachmentIds::parse_upload_key(&other), None, "{other}");
        }
    }

    #[test]
    fn the_prefix_of_an_attachment_matches_no_other_one() {
        let ids =
            |id| AttachmentIds { owner: Uuid::from_u128(1), todo: Uuid::from_u128(2), attachment: Uuid::from_u128(id) };
        assert!(!ids(0x30).tag_prefix("t").starts_with(&ids(3).prefix()));
    }
}
