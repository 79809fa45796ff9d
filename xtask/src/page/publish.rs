//! Uploads the page's files so that every browser gets the files of one version.
//!
//! The names of assets contain a hash of their content: they are uploaded first, and browsers cache them without limit.
//! `index.html`, which refers to them, and `config.json` are uploaded last and have `no-cache`, so that nothing needs to be
//! invalidated: the distribution caches such files for one second, the minimum of `CachingOptimized`.
//! <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/Expiration.html>

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use aws_json::ssm;
use aws_sdk_s3::operation::head_object::HeadObjectError;
use aws_sdk_s3::primitives::ByteStream;
use serde_json::json;

use super::entries;
use crate::aws::{self, Target};
use crate::hash;
use crate::services::Service;
use crate::smoke;
use crate::stacks::{self, WEB};
use crate::status::Status;
use crate::ui::Step;

/// The folder of the files with a hash in their names, as Vite writes them.
const HASHED: &str = "assets/";
const INDEX: &str = "index.html";
const CONFIG: &str = "config.json";
/// The metadata of `index.html` with the release that the bucket contains.
const RELEASE: &str = "release";

/// A file of the page.
struct File {
    body: Vec<u8>,
    kind: &'static str,
}

/// Uploads the files of `dist` and the environment's settings to the bucket, and requests the page as a browser does.
pub(crate) async fn publish(target: &Target, services: &[Service], dist: &Path) -> Result<()> {
    let step = Step::start("page");
    let status = Status::read(target, services).await?;
    let origin = status.web.clone().context("the stack web stored no address of the page")?;
    let bucket = status.web_bucket.clone().context("the stack web stored no bucket for the page")?;
    let mut files = BTreeMap::new();
    read(dist, "", &mut files)?;
    files.insert(CONFIG.to_owned(), File { body: config(&status)?, kind: kind(CONFIG)? });
    ensure!(files.contains_key(INDEX), "{} contains no {INDEX}: did the page's build change?", dist.display());
    let release = release(&files);
    let bucket = Bucket { client: target.s3(), name: bucket };
    if bucket.release().await?.as_deref() == Some(&release) {
        step.done(format_args!("unchanged at {origin}"));
        return Ok(());
    }
    step.at("upload");
    let count = files.len();
    bucket.upload(&files, &release).await?;
    step.at("smoke test");
    let own = own_origin(target).await?;
    smoke::page(target, &own, services, &status).await?;
    if own != origin {
        step.note(format_args!("  it answers at {own}: point the name of {origin} at that one"));
    }
    step.done(format_args!("{count} files at {origin}"));
    Ok(())
}

/// The address with the distribution's own name: DNS can point a domain only at a distribution that exists.
async fn own_origin(target: &Target) -> Result<String> {
    let path = stacks::parameter_path(&target.env, WEB, "own-origin");
    let origin = ssm::parameter(&target.sdk, &path).await.map_err(aws::call_failed(&format!("read {path}")))?;
    origin.with_context(|| format!("the stack web stored no parameter {path}"))
}

/// The page's settings for the environment. Every browser can read them, so nothing in them is secret.
fn config(status: &Status) -> Result<Vec<u8>> {
    let config = json!({
        "env": status.env,
        "region": status.region,
        "userPoolId": status.user_pool_id,
        "userPoolClientId": status.user_pool_client_id,
        "cognitoEndpoint": status.endpoint,
        "websocketUrl": status.websocket,
    });
    Ok(serde_json::to_vec_pretty(&config)?)
}

fn read(folder: &Path, prefix: &str, files: &mut BTreeMap<String, File>) -> Result<()> {
    for path in entries(folder)? {
        let name = path.file_name().and_then(|name| name.to_str()).with_context(|| unnamed(&path))?;
        let key = format!("{prefix}{name}");
        if path.is_dir() {
            read(&path, &format!("{key}/"), files)?;
        } else {
            let body = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
            files.insert(key.clone(), File { body, kind: kind(&key)? });
        }
    }
    Ok(())
}

fn unnamed(path: &Path) -> String {
    format!("{} has no name in UTF-8, which an object's key must be", path.display())
}

/// The content type of a file. An unknown one is refused, because browsers are told not to guess it.
fn kind(key: &str) -> Result<&'static str> {
    let ending = key.rsplit('.').next().unwrap_or_default();
    Ok(match ending {
        "html" => "text/html; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "json" => "application/json",
        "webmanifest" => "application/manifest+json",
        "txt" => "text/plain; charset=utf-8",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "webp" => "image/webp",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        _ => bail!("the page contains {key}, but xtask/src/page/publish.rs has no content type for .{ending}: add it"),
    })
}

fn caching(key: &str) -> &'static str {
    if key.starts_with(HASHED) { "public, max-age=31536000, immutable" } else { "no-cache" }
}

fn release(files: &BTreeMap<String, File>) -> String {
    let listed: Vec<String> = files.iter().map(|(key, file)| format!("{key} {}", hash::sha256(&file.body))).collect();
    hash::sha256(listed.join("\n").as_bytes())
}

struct Bucket {
    client: aws_sdk_s3::Client,
    name: String,
}

impl Bucket {
    /// The release that the bucket contains completely.
    async fn release(&self) -> Result<Option<String>> {
        match self.client.head_object().bucket(&self.name).key(INDEX).send().await {
            Ok(head) => Ok(head.metadata.and_then(|metadata| metadata.get(RELEASE).cloned())),
            Err(error) if error.as_service_error().is_some_and(HeadObjectError::is_not_found) => Ok(None),
            Err(error) => Err(aws::failed("read the page's release from its bucket")(error)),
        }
    }

    async fn upload(&self, files: &BTreeMap<String, File>, release: &str) -> Result<()> {
        let there = self.keys().await?;
        // A file with the same hash in its name has the same content.
        let new = files.iter().filter(|(key, _)| !key.starts_with(HASHED) || !there.contains(*key));
        let (last, first): (Vec<_>, Vec<_>) = new.partition(|(key, _)| *key == INDEX);
        for (key, file) in first.into_iter().chain(last) {
            self.put(key, file, release).await?;
        }
        for key in there.iter().filter(|key| !files.contains_key(*key)) {
            let delete = self.client.delete_object().bucket(&self.name).key(key);
            delete.send().await.map_err(aws::failed(&format!("delete {key} of an older release")))?;
        }
        Ok(())
    }

    async fn keys(&self) -> Result<BTreeSet<String>> {
        let mut pages = self.client.list_objects_v2().bucket(&self.name).into_paginator().send();
        let mut keys = BTreeSet::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(aws::failed("list the page's bucket"))?;
            keys.extend(page.contents.unwrap_or_default().into_iter().filter_map(|object| object.key));
        }
        Ok(keys)
    }

    async fn put(&self, key: &str, file: &File, release: &str) -> Result<()> {
        let put = self.client.put_object().bucket(&self.name).key(key).metadata(RELEASE, release);
        let put = put.content_type(file.kind).cache_control(caching(key)).body(ByteStream::from(file.body.clone()));
        put.send().await.map_err(aws::failed(&format!("upload the page's {key}")))?;
        Ok(())
    }
}

#[cfg(test)]
mod tests;
