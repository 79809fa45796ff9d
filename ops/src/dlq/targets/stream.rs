//! Restoring a stream batch of which only the sequence numbers are known: its records are in the table's stream for 24
//! hours, and its events in the table's outbox after that.
//!
//! <https://docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-errors.html>

mod records;

use std::collections::HashMap;
use std::time::Duration;

use aws_config::SdkConfig;
use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_dynamodbstreams::error::ProvideErrorMetadata;
use aws_sdk_dynamodbstreams::types::{Record, ShardIteratorType};
use contracts::pattern::Pattern;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::dlq::envelope::StreamBatch;
use crate::dlq::targets::selection::NotReplayable;

/// The longest time between the commit of an event and the arrival of its record in the stream.
const MAX_ARRIVAL_DELAY: SignedDuration = SignedDuration::from_secs(60);

/// The longest time to read the records of a batch.
const MAX_READ_TIME: Duration = Duration::from_mins(1);

/// The pause after a page without records, because a shard has empty pages.
/// <https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_streams_GetRecords.html>
const EMPTY_PAGE_PAUSE: Duration = Duration::from_millis(200);

/// A synchronous invocation carries 6 MB; a restored batch stays below that.
const MAX_BATCH_BYTES: usize = 5_500_000;

/// Reads the records of failed batches.
#[derive(Debug)]
pub struct Streams {
    client: aws_sdk_dynamodbstreams::Client,
    tables: aws_sdk_dynamodb::Client,
    lambda: aws_sdk_lambda::Client,
}

impl Streams {
    #[must_use]
    pub fn new(sdk: &SdkConfig) -> Self {
        Self {
            client: aws_sdk_dynamodbstreams::Client::new(sdk),
            tables: aws_sdk_dynamodb::Client::new(sdk),
            lambda: aws_sdk_lambda::Client::new(sdk),
        }
    }

    /// The batch as the function would receive it: from the stream, otherwise from the outbox rows of the time in which
    /// its records arrived. `record` is the failure record without SNS notifications.
    ///
    /// # Errors
    /// When neither has the records any more, their number differs from that of the batch, or the batch does not
    /// identify them.
    pub async fn batch(&self, batch: &StreamBatch, function: &str, record: &str) -> Result<String, NotReplayable> {
        let missing = || NotReplayable("the record does not name its stream, shard and sequence numbers".to_owned());
        let stream = batch.stream_arn.as_deref().ok_or_else(missing)?;
        let shard = batch.shard_id.as_deref().ok_or_else(missing)?;
        let first = batch.first.as_deref().ok_or_else(missing)?;
        let last = batch.last.as_deref().ok_or_else(missing)?;
        let found = match self.records(stream, shard, first, last).await {
            Ok(found) => {
                let all = found.len();
                let filtered = self.filtered(found, function, stream).await;
                check_complete(batch.size, &[all, filtered.len()], "stream")?;
                filtered
            }
            Err(reason) => {
                let found = self.outbox(stream, record).await.map_err(|also| {
                    NotReplayable(format!(
                        "its records are not in the stream ({reason}), nor in the table's outbox ({also})"
                    ))
                })?;
                check_covered(batch.size, found.len())?;
                found
            }
        };
        let text = json!({"Records": found}).to_string();
        match (found.is_empty(), text.len() > MAX_BATCH_BYTES) {
            (true, _) => {
                Err(NotReplayable("its records are neither in the stream nor in the table's outbox".to_owned()))
            }
            (false, true) => Err(NotReplayable(format!(
                "its records have {} bytes together; an invocation carries at most 6 MB",
                text.len()
            ))),
            (false, false) => Ok(text),
        }
    }

    /// The records of a shard from `first` to `last`, both included. A page without records is not the end.
    async fn records(&self, stream: &str, shard: &str, first: &str, last: &str) -> Result<Vec<Value>, String> {
        let request = self.client.get_shard_iterator().stream_arn(stream).shard_id(shard).sequence_number(first);
        let answer = request.shard_iterator_type(ShardIteratorType::AtSequenceNumber).send().await;
        let mut next = answer.map_err(|error| error.code().unwrap_or("no answer").to_owned())?.shard_iterator;
        let (mut found, deadline) = (Vec::new(), Instant::now() + MAX_READ_TIME);
        while let Some(iterator) = next {
            let answer = self.client.get_records().shard_iterator(iterator).send().await;
            let answer = answer.map_err(|error| error.code().unwrap_or("no answer").to_owned())?;
            let records = answer.records.unwrap_or_default();
            let is_empty = records.is_empty();
            for record in records {
                let number = sequence_number(&record);
                if order(number) > order(last) {
                    return Ok(found);
                }
                let is_last = number == last;
                found.push(records::as_lambda_delivers(&record, stream));
                if is_last {
                    return Ok(found);
                }
            }
            if Instant::now() >= deadline {
                return Err(format!("its last record was not found within {} s", MAX_READ_TIME.as_secs()));
            }
            if is_empty {
                tokio::time::sleep(EMPTY_PAGE_PAUSE).await;
            }
            next = answer.next_shard_iterator;
        }
        Err(format!("the shard ends after {} of them", found.len()))
    }

    /// The records that match the filters of the function's event source mapping.
    async fn filtered(&self, found: Vec<Value>, function: &str, stream: &str) -> Vec<Value> {
        let request = self.lambda.list_event_source_mappings().function_name(function).event_source_arn(stream);
        // Without permission to read the filters, the function receives all records and ignores the others.
        let Ok(answer) = request.send().await else {
            return found;
        };
        let mappings = answer.event_source_mappings.unwrap_or_default().into_iter();
        let filters = mappings.filter_map(|mapping| mapping.filter_criteria?.filters).flatten();
        let patterns: Vec<Pattern> =
            filters.filter_map(|filter| Pattern::parse(filter.pattern.as_deref()?).ok()).collect();
        let admits = |record: &Value| patterns.is_empty() || patterns.iter().any(|pattern| pattern.matches(record));
        found.into_iter().filter(admits).collect()
    }

    /// The outbox rows of the table that were committed while the batch's records arrived, in the form of stream
    /// records.
    async fn outbox(&self, stream: &str, record: &str) -> Result<Vec<Value>, String> {
        let table = stream.split('/').nth(1).ok_or("the stream's ARN names no table")?;
        let (from, to) = arrived(record).ok_or("the record does not contain their arrival times")?;
        let request = self.tables.scan().table_name(table).filter_expression("sk = :outbox");
        let request = request.expression_attribute_values(":outbox", AttributeValue::S("OUTBOX".to_owned()));
        let mut pages = request.into_paginator().items().send();
        let mut rows = Vec::new();
        while let Some(row) = pages.next().await {
            let row = row.map_err(|error| error.code().unwrap_or("no answer").to_owned())?;
            if let Some((at, id)) = committed(&row).filter(|(at, _)| from <= *at && *at <= to) {
                rows.push((at, id, row));
            }
        }
        rows.sort_by(|one, other| (one.0, &one.1).cmp(&(other.0, &other.1)));
        Ok(rows.into_iter().map(|(_, id, row)| records::from_row(&id, row, stream)).collect())
    }
}

/// Checks that the batch is complete, because the message is deleted afterwards. Records are counted before and after
/// the mapping's filters, because AWS does not document which number is the size of the batch.
fn check_complete(size: Option<u64>, counts: &[usize], place: &str) -> Result<(), NotReplayable> {
    let Some(size) = size else { return Ok(()) };
    if counts.iter().any(|count| *count as u64 == size) {
        return Ok(());
    }
    let found = counts.first().copied().unwrap_or_default();
    Err(NotReplayable(format!(
        "the {place} has {found} records for a batch of {size}: nothing was invoked, and the message stays"
    )))
}

/// Checks that the outbox has at least as many events of that time as the batch. More are harmless, because an event
/// that is published again has the same id.
fn check_covered(size: Option<u64>, found: usize) -> Result<(), NotReplayable> {
    let Some(size) = size.filter(|size| (found as u64) < *size) else { return Ok(()) };
    Err(NotReplayable(format!(
        "the table's outbox has {found} events of that time for a batch of {size}: nothing was invoked, and the message stays"
    )))
}

fn sequence_number(record: &Record) -> &str {
    record.dynamodb.as_ref().and_then(|change| change.sequence_number.as_deref()).unwrap_or_default()
}

/// Sequence numbers are decimal numbers of up to 40 digits, the longer the larger.
fn order(number: &str) -> (usize, &str) {
    let digits = number.trim_start_matches('0');
    (digits.len(), digits)
}

/// The time span in which the events of the batch were committed.
fn arrived(record: &str) -> Option<(Timestamp, Timestamp)> {
    let record: Value = serde_json::from_str(record).ok()?;
    let info = &record["DDBStreamBatchInfo"];
    let time = |name: &str| info[name].as_str()?.parse::<Timestamp>().ok();
    let (first, last) = (time("approximateArrivalOfFirstRecord")?, time("approximateArrivalOfLastRecord")?);
    Some((first.checked_sub(MAX_ARRIVAL_DELAY).ok()?, last.checked_add(SignedDuration::from_secs(1)).ok()?))
}

/// When the event of a row was committed, and the row's key.
fn committed(row: &HashMap<String, AttributeValue>) -> Option<(Timestamp, String)> {
    let detail: Value = serde_json::from_str(row.get("detail")?.as_s().ok()?).ok()?;
    let at = detail["metadata"]["occurredAt"].as_str()?.parse().ok()?;
    Some((at, row.get("pk")?.as_s().ok()?.clone()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_incomplete_batch_is_refused() {
        let reason = check_complete(Some(6), &[2, 2], "stream").unwrap_err().0;
        assert!(reason.contains("2 records for a batch of 6"), "{reason}");
        assert!(check_complete(Some(2), &[4, 2], "stream").is_ok(), "two of four pass the mapping's filter");
        assert!(check_complete(Some(4), &[4, 2], "stream").is_ok());
        assert!(check_complete(None, &[2], "stream").is_ok());
    }

    #[test]
    fn the_outbox_may_have_more_events_than_the_batch_but_not_fewer() {
        assert!(
            check_covered(Some(2), 5).is_ok() && check_covered(Some(2), 2).is_ok() && check_covered(None, 0).is_ok()
        );
        let reason = check_covered(Some(2), 1).unwrap_err().0;
        assert!(reason.contains("1 events of that time for a batch of 2"), "{reason}");
    }

    #[test]
    fn longer_sequence_numbers_are_larger() {
        assert!(order("100") > order("99"));
        assert!(order("0099") == order("99"));
    }
}
