//! The bucket: what is uploaded, what is kept of it, and the addresses under which its owner gets it.
//!
//! Keys are made of ids alone: `uploads/<owner>/<todo>/<attachment>` until a file was looked at, then everything under
//! `files/<owner>/<todo>/<attachment>/<tag>/`. The tag (the upload's entity tag) keeps two uploads to one key apart.

use std::time::Duration;

use aws_config::SdkConfig;
use aws_sdk_s3::Client;
use aws_sdk_s3::config::http::HttpResponse;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::operation::get_object::GetObjectOutput;
use aws_sdk_s3::presigning::PresigningConfig;
use aws_sdk_s3::primitives::ByteStream;
use events::todos::attachments::ContentType;
use lambda_runtime::Error;
use uuid::Uuid;

use crate::attachments::domain::{Attachment, media_type};
use crate::attachments::upload::{FormError, Signer, UploadForm};

/// How long a link to a file works: long enough to follow it at once.
const LINK_LIFE: Duration = Duration::from_mins(5);

/// What a thumbnail is.
pub(crate) const THUMBNAIL: &str = "image/jpeg";

/// The bucket of uploads and files.
#[derive(Clone, Debug)]
pub(crate) struct Files {
    client: Client,
    bucket: String,
    signer: Signer,
}

/// Names the objects of an attachment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) owner: Uuid,
    pub(crate) todo: Uuid,
    pub(crate) attachment: Uuid,
}

impl Place {
    /// Where its client uploads to.
    pub(crate) fn upload(self) -> String {
        format!("uploads/{}/{}/{}", self.owner, self.todo, self.attachment)
    }

    /// Where everything lies that is kept of it.
    pub(crate) fn folder(self) -> String {
        format!("files/{}/{}/{}/", self.owner, self.todo, self.attachment)
    }

    /// Where everything lies that is kept of the upload with this tag.
    pub(crate) fn of_tag(self, tag: &str) -> String {
        format!("{}{tag}/", self.folder())
    }

    /// The place of an upload's key; none for another key.
    pub(crate) fn of_upload(key: &str) -> Option<Self> {
        let mut ids = key.strip_prefix("uploads/")?.split('/').map(Uuid::try_parse);
        let (owner, todo, attachment) = (ids.next()?.ok()?, ids.next()?.ok()?, ids.next()?.ok()?);
        let place = Self { owner, todo, attachment };
        (place.upload() == key).then_some(place)
    }
}

/// A file that is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Original {
    pub(crate) todo: Uuid,
    pub(crate) attachment: Uuid,
    /// Where it is, as S3 wants the source of a copy: the bucket and the key.
    pub(crate) source: String,
    pub(crate) bytes: u64,
}

impl From<&Attachment> for Place {
    fn from(attachment: &Attachment) -> Self {
        Self { owner: attachment.owner, todo: attachment.todo, attachment: attachment.id }
    }
}

impl Files {
    pub(crate) fn new(config: &SdkConfig, bucket: String) -> Self {
        Self { client: Client::new(config), bucket, signer: Signer::new(config) }
    }

    /// The form with which a client uploads the file of `attachment`, signed with this function's role.
    pub(crate) async fn upload_form(&self, attachment: &Attachment) -> Result<UploadForm, FilesError> {
        let key = Place::from(attachment).upload();
        // The SDK knows where a bucket is, here and on every partition of AWS: the address of an object begins with it.
        let object = self.client.put_object().bucket(&self.bucket).key(&key);
        let object = object.presigned(link()?).await.map_err(|error| FilesError::Link(error.into()))?;
        let address = object.uri().split('?').next().and_then(|uri| uri.strip_suffix(&key));
        let address = address.ok_or(FilesError::NoAddress)?.trim_end_matches('/').to_owned();
        let content_type = media_type(attachment.content_type);
        Ok(self.signer.form(address, &self.bucket, &key, content_type, attachment.created_at).await?)
    }

    /// An address under which the file of `attachment`, stored with this tag, may be downloaded for five minutes.
    pub(crate) async fn download_link(&self, attachment: &Attachment, tag: &str) -> Result<String, FilesError> {
        let content_type = match attachment.content_type {
            ContentType::Text => "text/plain; charset=utf-8",
            other => media_type(other),
        };
        let request = self.client.get_object().bucket(&self.bucket).key(original(Place::from(attachment), tag));
        let request = request
            .response_content_type(content_type)
            .response_content_disposition(attachment.name.disposition(attachment.content_type));
        let request = request.presigned(link()?).await.map_err(|error| FilesError::Link(error.into()))?;
        Ok(request.uri().to_owned())
    }

    /// An address under which the thumbnail of `attachment` may be seen for five minutes.
    pub(crate) async fn thumbnail_link(&self, attachment: &Attachment, tag: &str) -> Result<String, FilesError> {
        let request = self.client.get_object().bucket(&self.bucket).key(thumbnail(Place::from(attachment), tag));
        let request = request.response_content_type(THUMBNAIL);
        let request = request.presigned(link()?).await.map_err(|error| FilesError::Link(error.into()))?;
        Ok(request.uri().to_owned())
    }

    /// What was uploaded with this tag, or a range of its bytes; none when it is gone, or another upload took its place.
    pub(crate) async fn uploaded(
        &self,
        place: Place,
        tag: &str,
        range: Option<String>,
    ) -> Result<Option<GetObjectOutput>, FilesError> {
        let request = self.client.get_object().bucket(&self.bucket).key(place.upload());
        unless_gone(request.if_match(quoted(tag)).set_range(range).send().await)
    }

    /// Whether any upload is there.
    pub(crate) async fn has_upload(&self, place: Place) -> Result<bool, FilesError> {
        let request = self.client.list_objects_v2().bucket(&self.bucket).prefix(place.upload()).max_keys(1);
        let listed = request.send().await.map_err(|error| FilesError::Call(error.into()))?;
        Ok(!listed.contents().is_empty())
    }

    /// Copies what was uploaded with this tag to where it is kept. False when it is gone, or another upload took its
    /// place.
    pub(crate) async fn keep(&self, place: Place, tag: &str) -> Result<bool, FilesError> {
        let request = self.client.copy_object().bucket(&self.bucket).key(original(place, tag));
        let request = request.copy_source(format!("{}/{}", self.bucket, place.upload()));
        Ok(unless_gone(request.copy_source_if_match(quoted(tag)).send().await)?.is_some())
    }

    /// Stores the thumbnail of what was uploaded with this tag.
    pub(crate) async fn keep_thumbnail(&self, place: Place, tag: &str, picture: Vec<u8>) -> Result<(), FilesError> {
        let request = self.client.put_object().bucket(&self.bucket).key(thumbnail(place, tag));
        let request = request.content_type(THUMBNAIL).body(ByteStream::from(picture));
        request.send().await.map_err(|error| FilesError::Call(error.into()))?;
        Ok(())
    }

    /// Deletes every object of a place but those that are kept of the upload with the tag `but`. The upload goes last: as
    /// long as it is there, a repeated event of it finds what is left.
    pub(crate) async fn sweep(&self, place: Place, but: Option<&str>) -> Result<(), FilesError> {
        let kept = but.map(|tag| place.of_tag(tag));
        let request = self.client.list_objects_v2().bucket(&self.bucket).prefix(place.folder());
        let mut pages = request.into_paginator().send();
        while let Some(page) = pages.next().await {
            let objects = page.map_err(|error| FilesError::Call(error.into()))?.contents.unwrap_or_default();
            for key in objects.into_iter().filter_map(|object| object.key) {
                if !kept.as_ref().is_some_and(|kept| key.starts_with(kept)) {
                    self.delete(&key).await?;
                }
            }
        }
        self.delete(&place.upload()).await
    }

    /// The files that are kept of an owner.
    pub(crate) async fn originals(&self, owner: Uuid) -> Result<Vec<Original>, FilesError> {
        let prefix = format!("files/{owner}/");
        let mut pages = self.client.list_objects_v2().bucket(&self.bucket).prefix(prefix).into_paginator().send();
        let mut originals = Vec::new();
        while let Some(page) = pages.next().await {
            let objects = page.map_err(|error| FilesError::Call(error.into()))?.contents.unwrap_or_default();
            originals.extend(objects.iter().filter_map(|object| {
                let key = object.key()?;
                let mut ids = key.strip_suffix("/original")?.split('/').skip(2).map(Uuid::try_parse);
                let (todo, attachment) = (ids.next()?.ok()?, ids.next()?.ok()?);
                let bytes = object.size().and_then(|size| size.try_into().ok()).unwrap_or_default();
                Some(Original { todo, attachment, source: format!("{}/{key}", self.bucket), bytes })
            }));
        }
        Ok(originals)
    }

    /// Deletes every object of an owner: what was uploaded, and what is kept.
    pub(crate) async fn sweep_owner(&self, owner: Uuid) -> Result<(), FilesError> {
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

/// The file itself.
fn original(place: Place, tag: &str) -> String {
    format!("{}original", place.of_tag(tag))
}

fn thumbnail(place: Place, tag: &str) -> String {
    format!("{}thumbnail", place.of_tag(tag))
}

fn quoted(tag: &str) -> String {
    format!("\"{tag}\"")
}

fn link() -> Result<PresigningConfig, FilesError> {
    PresigningConfig::expires_in(LINK_LIFE).map_err(|error| FilesError::Link(error.into()))
}

/// `NoSuchKey` and a failed precondition say that an object is gone or another one.
///
/// Source: <https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html>
fn unless_gone<T, E>(answer: Result<T, SdkError<E, HttpResponse>>) -> Result<Option<T>, FilesError>
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(error) if matches!(error.code(), Some("NoSuchKey" | "PreconditionFailed")) => Ok(None),
        Err(error) => Err(FilesError::Call(error.into())),
    }
}

/// Why the bucket did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FilesError {
    #[error("the call to S3 failed")]
    Call(#[source] Error),
    #[error("an object ended before its length")]
    Cut(#[source] Error),
    #[error("no link to an object could be made")]
    Link(#[source] Error),
    #[error("an object's address does not end with its key")]
    NoAddress,
    #[error("no upload form could be made")]
    Form(#[from] FormError),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_key_that_a_form_could_have_had_names_a_place() {
        let place = Place { owner: Uuid::from_u128(1), todo: Uuid::from_u128(2), attachment: Uuid::from_u128(3) };
        assert_eq!(Place::of_upload(&place.upload()), Some(place));
        let key = place.upload();
        for other in [
            format!("{key}/x"),
            key.replace("uploads/", "files/"),
            key.replace('-', ""),
            key.to_uppercase(),
            "uploads/".into(),
            String::new(),
        ] {
            assert_eq!(Place::of_upload(&other), None, "{other}");
        }
    }

    #[test]
    fn the_folder_of_an_attachment_holds_no_other_one() {
        let place = |id| Place { owner: Uuid::from_u128(1), todo: Uuid::from_u128(2), attachment: Uuid::from_u128(id) };
        assert!(!place(0x30).of_tag("t").starts_with(&place(3).folder()));
    }
}
