//! The time by SQS's clock, which stamps messages. The clock of this machine may be wrong.
#![allow(clippy::disallowed_methods, reason = "this compares two clocks")]

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Result, bail};
use aws_sdk_sqs::config::interceptors::BeforeDeserializationInterceptorContextRef;
use aws_sdk_sqs::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_sqs::error::BoxError;
use aws_sdk_sqs::types::QueueAttributeName;
use jiff::fmt::rfc2822::DateTimeParser;
use jiff::{SignedDuration, Timestamp};

use crate::dlq::queue::Queue;
use crate::error::describe;

/// The resolution of a response's `Date` header.
const SECOND: SignedDuration = SignedDuration::from_secs(1);

/// Two clocks are taken to agree if they differ by no more.
const CLOCK_TOLERANCE: Duration = Duration::from_millis(100);

/// Keeps the `Date` header of a response.
#[derive(Clone, Debug, Default)]
struct DateRecorder(Arc<Mutex<Option<Timestamp>>>);

impl Intercept for DateRecorder {
    fn name(&self) -> &'static str {
        "DateRecorder"
    }

    fn read_before_deserialization(
        &self,
        context: &BeforeDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let date = context.response().headers().get("date");
        let date = date.and_then(|date| DateTimeParser::new().parse_timestamp(date).ok());
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = date;
        Ok(())
    }
}

impl Queue {
    /// The time by SQS's clock. Every message that is in the queue now was sent before it.
    ///
    /// # Errors
    /// When SQS fails.
    pub async fn now(&self) -> Result<Timestamp> {
        let recorder = DateRecorder::default();
        let request =
            self.sqs.get_queue_attributes().queue_url(&self.url).attribute_names(QueueAttributeName::QueueArn);
        let requested = Timestamp::now();
        if let Err(error) = request.customize().interceptor(recorder.clone()).send().await {
            bail!("cannot read the time from {}: {}", self.url, describe(&error));
        }
        let date = *recorder.0.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(combine_clocks(date, requested, Timestamp::now()))
    }
}

/// This machine's clock, which has the finer resolution; if it contradicts SQS's, the end of the second that SQS
/// reported.
fn combine_clocks(reported: Option<Timestamp>, requested: Timestamp, answered: Timestamp) -> Timestamp {
    let Some(reported) = reported else { return answered };
    let is_plausible = answered + CLOCK_TOLERANCE >= reported && requested - CLOCK_TOLERANCE <= reported + SECOND;
    if is_plausible { answered } else { reported + SECOND }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn a_clock_that_agrees_with_sqs_is_used() {
        let (requested, answered) = (at("2026-11-21T10:00:00.400Z"), at("2026-11-21T10:00:00.420Z"));
        assert_eq!(combine_clocks(Some(at("2026-11-21T10:00:00Z")), requested, answered), answered);
        assert_eq!(combine_clocks(None, requested, answered), answered);
    }

    #[test]
    fn a_clock_that_contradicts_sqs_is_ignored() {
        let (requested, answered) = (at("2026-11-21T10:00:00.400Z"), at("2026-11-21T10:00:00.420Z"));
        for reported in ["2026-11-21T09:57:00Z", "2026-11-21T10:03:00Z"] {
            assert_eq!(combine_clocks(Some(at(reported)), requested, answered), at(reported) + SECOND);
        }
    }

    #[test]
    fn the_date_header_of_a_response_is_parsed() {
        let date = DateTimeParser::new().parse_timestamp("Sat, 21 Nov 2026 10:03:06 GMT").unwrap();
        assert_eq!(date, at("2026-11-21T10:03:06Z"));
    }
}
