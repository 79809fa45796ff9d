//! Errors that an operator can correct, and AWS errors as one line of text.

use std::error::Error;
use std::fmt::Debug;
use std::sync::{Mutex, PoisonError};

use aws_sdk_sqs::error::{ProvideErrorMetadata, SdkError};

/// Where the connections of this process lead.
static PLACES: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// Adds the endpoint or the region of a connection.
pub(crate) fn add_place(place: String) {
    let mut places = PLACES.lock().unwrap_or_else(PoisonError::into_inner);
    if !places.contains(&place) {
        places.push(place);
    }
}

/// The endpoints and regions that this process calls. Which of them does not answer, an error does not tell.
pub fn place() -> Option<String> {
    let places = PLACES.lock().unwrap_or_else(PoisonError::into_inner);
    (!places.is_empty()).then(|| places.join(" or "))
}

/// The operator asked for something that does not exist or is not allowed. The text tells what would be right.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct UsageError(pub String);

/// An AWS error as one line: what AWS answered, otherwise what went wrong on the way and what to check.
pub fn describe<E, R>(error: &SdkError<E, R>) -> String
where
    E: ProvideErrorMetadata + Error + 'static,
    R: Debug,
{
    match (error.code(), error.message()) {
        (Some(code), Some(message)) => return format!("{code}: {message}"),
        (Some(code), None) => return code.to_owned(),
        _ => {}
    }
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    match error {
        SdkError::DispatchFailure(failure) if failure.is_timeout() => unanswered(&text),
        SdkError::DispatchFailure(failure) if failure.is_io() => {
            format!("{text} (is the endpoint running? AWS_ENDPOINT_URL and the region decide which one is called)")
        }
        SdkError::DispatchFailure(_) if text.contains("credential") => {
            format!(
                "{text} (set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; only `--env local` is the local cloud)"
            )
        }
        SdkError::TimeoutError(_) => unanswered(&text),
        _ => text,
    }
}

fn unanswered(text: &str) -> String {
    let place = place().unwrap_or_else(|| "the endpoint".to_owned());
    format!("{text} ({place} does not answer: AWS_ENDPOINT_URL and the region decide what is called)")
}
