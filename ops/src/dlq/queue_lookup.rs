//! Finding queues by name, and listing those that exist.

use anyhow::{Result, bail};
use aws_config::SdkConfig;
use aws_sdk_sqs::Client;
use aws_sdk_sqs::error::ProvideErrorMetadata;
use aws_sdk_sqs::operation::get_queue_url::GetQueueUrlError;

use crate::connection;
use crate::error::describe;
use crate::names;

/// The URLs of all queues, or of those with names that begin with `prefix`.
///
/// # Errors
/// When SQS fails.
pub async fn list_urls(sdk: &SdkConfig, prefix: Option<&str>) -> Result<Vec<String>> {
    list_urls_with(&Client::new(sdk), prefix).await
}

async fn list_urls_with(sqs: &Client, prefix: Option<&str>) -> Result<Vec<String>> {
    let mut urls = Vec::new();
    let request = sqs.list_queues().set_queue_name_prefix(prefix.map(str::to_owned)).max_results(1000);
    let mut pages = request.into_paginator().send();
    while let Some(page) = pages.next().await {
        match page {
            Ok(page) => {
                connection::record_answer();
                urls.extend(page.queue_urls.unwrap_or_default());
            }
            Err(error) => bail!("cannot list queues: {}", describe(&error)),
        }
    }
    Ok(urls)
}

/// The queue's name, the last part of its URL.
#[must_use]
pub fn name_in_url(url: &str) -> &str {
    url.trim_end_matches('/').rsplit('/').next().unwrap_or(url)
}

/// Lists existing queues for an error text, dead-letter queues first, and those with a name similar to `given`.
pub(super) async fn describe_existing(sqs: &Client, given: &str) -> Result<String> {
    const MAX_SHOWN: usize = 12;
    let mut found: Vec<String> =
        list_urls_with(sqs, None).await?.iter().map(|url| name_in_url(url).to_owned()).collect();
    found.sort_by_key(|name| (!name.contains("dlq"), name.clone()));
    let all: Vec<&str> = found.iter().map(String::as_str).collect();
    let hint = names::suggestion(name_in_url(given), &all);
    let more = found.len().saturating_sub(MAX_SHOWN);
    found.truncate(MAX_SHOWN);
    Ok(match (found.is_empty(), more) {
        (true, _) => "no queue exists here; check the region, the profile and AWS_ENDPOINT_URL".to_owned(),
        (false, 0) => format!("existing queues: {}.{hint}", found.join(", ")),
        (false, more) => format!("existing queues: {} and {more} more.{hint}", found.join(", ")),
    })
}

/// The URL of the queue with this name, if it exists.
pub(super) async fn find_url(sqs: &Client, name: &str) -> Result<Option<String>> {
    let answer = sqs.get_queue_url().queue_name(name).send().await;
    if answer.is_ok() || answer.as_ref().is_err_and(|error| error.as_service_error().is_some()) {
        connection::record_answer();
    }
    match answer {
        Ok(answer) => Ok(answer.queue_url),
        Err(error) if error.as_service_error().is_some_and(GetQueueUrlError::is_queue_does_not_exist) => Ok(None),
        Err(error) if is_missing(error.code()) => Ok(None),
        Err(error) => bail!("cannot look up the queue {name}: {}", describe(&error)),
    }
}

/// Whether an SQS error code means that the queue does not exist.
pub(super) fn is_missing(code: Option<&str>) -> bool {
    matches!(code, Some("QueueDoesNotExist" | "AWS.SimpleQueueService.NonExistentQueue"))
}
