//! The user pool's trigger after a confirmation: writes the profile of a new user.
//!
//! Cognito has confirmed the user before it asks us, shows our failure to them, and asks up to three times. So the
//! job never fails: what it could not write is logged, and written when the user first asks for their profile.
//!
//! Source: <https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-lambda-post-confirmation.html>

use std::time::Duration;

use lambda_kit::cause::Cause;
use lambda_kit::table::TableError;
use lambda_kit::{clock, telemetry};
use lambda_runtime::{LambdaEvent, service_fn};
use serde::Deserialize;
use serde_json::Value;
use tracing::{Instrument, error, info, info_span};

use crate::domain::{Attributes, Broken, Profile};
use crate::store::{Saved, Store};

/// Cognito waits for five seconds, a cold start included.
/// Source: <https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pools-working-with-lambda-triggers.html>
const DEADLINE: Duration = Duration::from_secs(3);

/// Also sent for confirmations by an administrator. Those of a forgotten password have another name.
const SIGN_UP: &str = "PostConfirmation_ConfirmSignUp";

/// Runs the `post-confirmation` job until the environment ends. Answers with the event as it came, whatever happened.
///
/// # Errors
/// When the Lambda runtime's API fails.
pub(crate) async fn run(store: Store) -> Result<(), lambda_runtime::Error> {
    lambda_runtime::run(service_fn(async |event: LambdaEvent<Value>| {
        let cause = Cause::of_request(&event.context.request_id, None, None);
        let span = info_span!(
            "trigger",
            request.id = cause.causation_id,
            correlation.id = cause.correlation_id,
            trace.id = cause.traceparent.trace_id(),
            user.id = subject(&event.payload),
        );
        confirmed(&store, &event.payload, &cause).instrument(span).await;
        Ok::<Value, lambda_runtime::Error>(event.payload)
    }))
    .await
}

async fn confirmed(store: &Store, event: &Value, cause: &Cause) {
    let outcome = tokio::time::timeout(DEADLINE, register(store, event, cause)).await;
    match outcome.unwrap_or(Err(TriggerError::TooSlow)) {
        Ok(Registered::Now) => info!("registered a user"),
        Ok(Registered::Before) => info!("the user was registered before"),
        Ok(Registered::NotAsked) => info!("a confirmation that is no sign-up"),
        Err(failure) => error!(
            error.chain = telemetry::chain(&failure),
            "could not register a user; their first request for their profile will"
        ),
    }
}

async fn register(store: &Store, event: &Value, cause: &Cause) -> Result<Registered, TriggerError> {
    let event = Confirmation::deserialize(event).map_err(TriggerError::Malformed)?;
    if event.trigger_source != SIGN_UP {
        return Ok(Registered::NotAsked);
    }
    let change = Profile::register(event.request.user_attributes.as_domain(), clock::now())?;
    Ok(match store.save(change, cause).await? {
        Saved::Now(_) => Registered::Now,
        Saved::Outdated => Registered::Before,
    })
}

fn subject(event: &Value) -> &str {
    event.pointer("/request/userAttributes/sub").and_then(Value::as_str).unwrap_or("unknown")
}

enum Registered {
    Now,
    /// A repeat.
    Before,
    NotAsked,
}

/// The fields of the trigger's event that the job reads.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Confirmation {
    trigger_source: String,
    request: ConfirmationRequest,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ConfirmationRequest {
    user_attributes: UserAttributes,
}

#[derive(Deserialize)]
struct UserAttributes {
    sub: Option<String>,
    email: Option<String>,
    name: Option<String>,
    locale: Option<String>,
    zoneinfo: Option<String>,
}

impl UserAttributes {
    fn as_domain(&self) -> Attributes<'_> {
        Attributes {
            subject: self.sub.as_deref(),
            email: self.email.as_deref(),
            name: self.name.as_deref(),
            locale: self.locale.as_deref(),
            time_zone: self.zoneinfo.as_deref(),
        }
    }
}

/// Why a user was not registered.
#[derive(Debug, thiserror::Error)]
enum TriggerError {
    #[error("the trigger's event does not parse")]
    Malformed(#[source] serde_json::Error),
    #[error("the user's attributes break a rule")]
    Broken(#[from] Broken),
    #[error("the table failed")]
    Table(#[from] TableError),
    #[error("the table did not answer within {DEADLINE:?}")]
    TooSlow,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_trigger_s_event_names_the_user() {
        let event = include_str!("../tests/fixtures/post-confirmation.json");
        let event: Confirmation = serde_json::from_str(event).unwrap();
        assert_eq!(event.trigger_source, SIGN_UP);
        let user = event.request.user_attributes.as_domain();
        let profile = Profile::register(user, clock::now()).unwrap().profile;
        assert_eq!(profile.settings.display_name.as_str(), "Ann Example");
        assert_eq!(profile.settings.time_zone.as_str(), "Europe/Dublin");
    }
}
