//! What time it is for SQS, which writes it on messages: this machine's clock may be wrong.
#![allow(clippy::disallowed_methods, reason = "two clocks are compared here")]

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Result, bail};
use aws_sdk_sqs::config::interceptors::BeforeDeserializationInterceptorContextRef;
use aws_sdk_sqs::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_sqs::error::BoxError;
use aws_sdk_sqs::types::QueueAttributeName;
use jiff::fmt::rfc2822::DateTimeParser;
use jiff::{SignedDuration, Timestamp};

use crate::dlq::queue::{Queue, short};

/// An answer's date has whole seconds.
const SECOND: SignedDuration = SignedDuration::from_secs(1);

/// Two clocks that agree may differ by this.
const AGREEMENT: Duration = Duration::from_millis(100);

/// The date of an answer.
#[derive(Clone, Debug, Default)]
struct Dated(Arc<Mutex<Option<Timestamp>>>);

impl Intercept for Dated {
    fn name(&self) -> &'static str {
        "Dated"
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
    /// The time by SQS's clock: what is sent from now on is sent later. Every message that is there was sent before.
    ///
    /// # Errors
    /// When SQS fails.
    pub async fn now(&self) -> Result<Timestamp> {
        let dated = Dated::default();
        let request =
            self.sqs.get_queue_attributes().queue_url(&self.url).attribute_names(QueueAttributeName::QueueArn);
        let asked = Timestamp::now();
        if let Err(error) = request.customize().interceptor(dated.clone()).send().await {
            bail!("cannot ask {} what time it is: {}", self.url, short(&error));
        }
        let date = *dated.0.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(by_both(date, asked, Timestamp::now()))
    }
}

/// This machine's clock is the finer one. Where it cannot be right, the end of the second that SQS said.
fn by_both(said: Option<Timestamp>, asked: Timestamp, answered: Timestamp) -> Timestamp {
    let Some(said) = said else { return answered };
    let can_be_right = answered + AGREEMENT >= said && asked - AGREEMENT <= said + SECOND;
    if can_be_right { answered } else { said + SECOND }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn a_clock_that_agrees_with_the_answer_is_believed() {
        let (asked, answered) = (at("2026-11-21T10:00:00.400Z"), at("2026-11-21T10:00:00.420Z"));
        assert_eq!(by_both(Some(at("2026-11-21T10:00:00Z")), asked, answered), answered);
        assert_eq!(by_both(None, asked, answered), answered);
    }

    #[test]
    fn a_clock_that_is_wrong_is_not_believed() {
        let (asked, answered) = (at("2026-11-21T10:00:00.400Z"), at("2026-11-21T10:00:00.420Z"));
        for said in ["2026-11-21T09:57:00Z", "2026-11-21T10:03:00Z"] {
            assert_eq!(by_both(Some(at(said)), asked, answered), at(said) + SECOND);
        }
    }

    #[test]
    fn the_date_of_an_answer_is_read() {
        let date = DateTimeParser::new().parse_timestamp("Sat, 21 Nov 2026 10:03:06 GMT").unwrap();
        assert_eq!(date, at("2026-11-21T10:03:06Z"));
    }
}
