//! Which queues there are.

use anyhow::{Result, bail};
use aws_sdk_sqs::error::ProvideErrorMetadata;
use aws_sdk_sqs::operation::get_queue_url::GetQueueUrlError;

use crate::dlq::queue::{every_url, short};

/// Says which queues there are, those for dead letters first.
pub(super) async fn existing(sqs: &aws_sdk_sqs::Client) -> Result<String> {
    const SHOWN: usize = 12;
    let mut found: Vec<String> =
        every_url(sqs, None).await?.iter().map(|url| url.rsplit('/').next().unwrap_or(url).to_owned()).collect();
    found.sort_by_key(|name| (!name.contains("dlq"), name.clone()));
    let more = found.len().saturating_sub(SHOWN);
    found.truncate(SHOWN);
    Ok(match (found.is_empty(), more) {
        (true, _) => "there are no queues here; check the region, the profile and AWS_ENDPOINT_URL".to_owned(),
        (false, 0) => format!("there are {}", found.join(", ")),
        (false, more) => format!("there are {} and {more} more", found.join(", ")),
    })
}

pub(super) async fn url_of(sqs: &aws_sdk_sqs::Client, name: &str) -> Result<Option<String>> {
    match sqs.get_queue_url().queue_name(name).send().await {
        Ok(answer) => Ok(answer.queue_url),
        Err(error) if error.as_service_error().is_some_and(GetQueueUrlError::is_queue_does_not_exist) => Ok(None),
        Err(error) if is_missing(error.code()) => Ok(None),
        Err(error) => bail!("cannot look up the queue {name}: {}", short(&error)),
    }
}

pub(super) fn is_missing(code: Option<&str>) -> bool {
    matches!(code, Some("QueueDoesNotExist" | "AWS.SimpleQueueService.NonExistentQueue"))
}
