//! The bucket of exports: parts under `parts/<service>/<deletion id>/<export id>/`, archives under
//! `archives/<deletion id>/<export id>.zip`. The deletion id is a hash of the user's id, by which their objects are found
//! after the id was erased.

mod archive;

use std::time::Duration;

use aws_config::SdkConfig;
use aws_sdk_s3::Client;
use aws_sdk_s3::presigning::PresigningConfig;
use lambda_kit::personal_data::export::part_prefix;
use lambda_kit::personal_data::tombstone;
use lambda_runtime::Error;

use crate::domain::export::Export;

/// How long a download link works: long enough to follow it at once.
const LINK_LIFETIME: Duration = Duration::from_mins(5);

#[derive(Clone, Debug)]
pub(crate) struct ExportsBucket {
    client: Client,
    name: String,
}

/// An object of the bucket.
struct StoredObject {
    key: String,
    bytes: u64,
}

/// Why an operation on the bucket failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ExportsBucketError {
    #[error("the call to S3 failed")]
    Call(#[source] Error),
    #[error("the archive could not be packed")]
    Packing(#[from] zip::result::ZipError),
    #[error("the archive could not be written")]
    Writing(#[from] std::io::Error),
}

impl ExportsBucketError {
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Call(_) => "BucketFailed",
            Self::Packing(_) | Self::Writing(_) => "ArchiveNotPacked",
        }
    }
}

impl ExportsBucket {
    pub(crate) fn new(config: &SdkConfig, name: String) -> Self {
        Self { client: Client::new(config), name }
    }

    /// A link to an archive that works for five minutes.
    pub(crate) async fn download_url(&self, export: &Export) -> Result<String, ExportsBucketError> {
        let expiry = PresigningConfig::expires_in(LINK_LIFETIME).map_err(call)?;
        let request = self.client.get_object().bucket(&self.name).key(archive_key(export));
        let request = request.response_content_disposition("attachment; filename=\"busline-export.zip\"");
        let request = request.response_content_type("application/zip");
        Ok(request.presigned(expiry).await.map_err(call)?.uri().to_owned())
    }

    /// Deletes all parts and archives of a user, whichever services have written them.
    pub(crate) async fn delete_user(&self, deletion_id: &str) -> Result<(), ExportsBucketError> {
        let mut prefixes = self.parts_by_service().await?;
        for prefix in &mut prefixes {
            prefix.extend([deletion_id, "/"]);
        }
        prefixes.push(format!("archives/{deletion_id}/"));
        for prefix in prefixes {
            for object in self.objects(&prefix).await? {
                let request = self.client.delete_object().bucket(&self.name).key(object.key);
                request.send().await.map_err(call)?;
            }
        }
        Ok(())
    }

    /// The prefixes `parts/<service>/` of all services that have written a part lately.
    async fn parts_by_service(&self) -> Result<Vec<String>, ExportsBucketError> {
        let request = self.client.list_objects_v2().bucket(&self.name).prefix("parts/").delimiter("/");
        let mut pages = request.into_paginator().send();
        let mut prefixes = Vec::new();
        while let Some(page) = pages.next().await {
            let found = page.map_err(call)?.common_prefixes.unwrap_or_default();
            prefixes.extend(found.into_iter().filter_map(|prefix| prefix.prefix));
        }
        Ok(prefixes)
    }

    /// All objects under a prefix.
    async fn objects(&self, prefix: &str) -> Result<Vec<StoredObject>, ExportsBucketError> {
        let mut pages = self.client.list_objects_v2().bucket(&self.name).prefix(prefix).into_paginator().send();
        let mut objects = Vec::new();
        while let Some(page) = pages.next().await {
            let found = page.map_err(call)?.contents.unwrap_or_default();
            objects.extend(found.into_iter().filter_map(|object| {
                let bytes = object.size.and_then(|size| size.try_into().ok()).unwrap_or_default();
                object.key.map(|key| StoredObject { key, bytes })
            }));
        }
        Ok(objects)
    }
}

fn call(error: impl Into<Error>) -> ExportsBucketError {
    ExportsBucketError::Call(error.into())
}

/// The services that have written a part of an export, each with the prefix of its objects.
fn parts(export: &Export) -> impl Iterator<Item = (&str, String)> {
    let services = export.participants.intersection(&export.exported_by);
    services.map(|service| (service.as_str(), part_prefix(service, export.user, export.id)))
}

fn archive_key(export: &Export) -> String {
    format!("archives/{}/{}.zip", tombstone::deletion_id(export.user), export.id)
}
