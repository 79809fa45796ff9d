//! The bucket of exports: parts under `parts/<service>/<user's hash>/<export id>/`, archives under
//! `archives/<user's hash>/<export id>.zip`. The hash finds a user's objects when their id is forgotten.

use std::time::Duration;

use aws_config::SdkConfig;
use aws_sdk_s3::Client;
use aws_sdk_s3::presigning::PresigningConfig;
use lambda_kit::tombstone;

use crate::export::Export;
use crate::export::error::ArchiveError;

/// How long a link to an archive works: long enough to follow it at once.
const LINK_LIFE: Duration = Duration::from_mins(5);
/// The services whose parts an archive is made of.
const PARTS: [&str; 3] = ["users", "todos", "notifications"];

/// The bucket of exports.
#[derive(Clone, Debug)]
pub(crate) struct Bucket {
    pub(super) client: Client,
    pub(super) name: String,
}

impl Bucket {
    pub(crate) fn new(config: &SdkConfig, name: String) -> Self {
        Self { client: Client::new(config), name }
    }

    /// An address under which an archive may be downloaded for five minutes.
    pub(crate) async fn link(&self, export: &Export) -> Result<String, ArchiveError> {
        let life = PresigningConfig::expires_in(LINK_LIFE).map_err(ArchiveError::bucket)?;
        let request = self.client.get_object().bucket(&self.name).key(archive(export));
        let request = request.response_content_disposition("attachment; filename=\"busline-export.zip\"");
        let request = request.response_content_type("application/zip");
        Ok(request.presigned(life).await.map_err(ArchiveError::bucket)?.uri().to_owned())
    }

    /// The keys of everything under a prefix.
    pub(crate) async fn keys(&self, prefix: &str) -> Result<Vec<String>, ArchiveError> {
        let mut pages = self.client.list_objects_v2().bucket(&self.name).prefix(prefix).into_paginator().send();
        let mut keys = Vec::new();
        while let Some(page) = pages.next().await {
            let objects = page.map_err(ArchiveError::bucket)?.contents.unwrap_or_default();
            keys.extend(objects.into_iter().filter_map(|object| object.key));
        }
        Ok(keys)
    }

    /// Deletes everything of a user, by their hash.
    pub(crate) async fn sweep(&self, hash: &str) -> Result<(), ArchiveError> {
        let parts = PARTS.map(|service| format!("parts/{service}/{hash}/"));
        for prefix in parts.into_iter().chain([format!("archives/{hash}/")]) {
            for key in self.keys(&prefix).await? {
                let request = self.client.delete_object().bucket(&self.name).key(key);
                request.send().await.map_err(ArchiveError::bucket)?;
            }
        }
        Ok(())
    }
}

/// The prefixes of an export's parts, with the service of each.
pub(crate) fn parts(export: &Export) -> [(&'static str, String); 3] {
    PARTS.map(|service| {
        let part = lambda_kit::export::Part { service, user: export.user, export: export.id };
        (service, part.prefix())
    })
}

/// The key of an export's archive.
pub(crate) fn archive(export: &Export) -> String {
    format!("archives/{}/{}.zip", tombstone::deletion_id(export.user), export.id)
}
