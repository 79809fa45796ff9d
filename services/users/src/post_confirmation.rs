//! The user pool's trigger after a confirmation: writes the profile of a new user.
//!
//! Cognito confirms the user before it calls the trigger, calls it up to three times, and shows its failure to the user. So
//! the job never fails: a failure is logged, and the user's first request for their profile writes it.
//!
//! Source: <https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-lambda-post-confirmation.html>

use std::collections::HashMap;
use std::time::Duration;

use aws_lambda_events::cognito::{
    CognitoEventUserPoolsPostConfirmation as Confirmation,
    CognitoEventUserPoolsPostConfirmationTriggerSource as TriggerSource,
};
use lambda_kit::correlation::CorrelationContext;
use lambda_kit::{runtime, telemetry};
use lambda_runtime::{LambdaEvent, service_fn};
use serde::Deserialize;
use serde_json::Value;
use tracing::{Instrument, error, info, info_span};

use crate::app::error::AppError;
use crate::app::profiles::{RegistrationOutcome, Registrations};
use crate::domain::profile::Attributes;

/// Cognito waits for five seconds, including a cold start.
/// Source: <https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pools-working-with-lambda-triggers.html>
const DEADLINE: Duration = Duration::from_secs(3);

/// Runs the `post-confirmation` job until the environment ends. It always returns the event unchanged.
///
/// # Errors
/// When the Lambda runtime's API fails.
pub(crate) async fn run(registrations: Registrations) -> Result<(), lambda_runtime::Error> {
    runtime::run(service_fn(async |event: LambdaEvent<Value>| {
        let correlation = CorrelationContext::from_request(&event.context.request_id, None, None);
        let span = info_span!(
            "trigger",
            request.id = correlation.causation_id,
            correlation.id = correlation.correlation_id,
            trace.id = correlation.traceparent.trace_id(),
            user.id = subject(&event.payload),
        );
        handle(&registrations, &event.payload, &correlation).instrument(span).await;
        Ok::<Value, lambda_runtime::Error>(event.payload)
    }))
    .await
}

async fn handle(registrations: &Registrations, event: &Value, correlation: &CorrelationContext) {
    let outcome = tokio::time::timeout(DEADLINE, register(registrations, event, correlation)).await;
    match outcome.unwrap_or(Err(TriggerError::Timeout)) {
        Ok(Some(RegistrationOutcome::Registered)) => info!("registered a user"),
        Ok(Some(RegistrationOutcome::AlreadyRegistered)) => info!("the user was registered before"),
        Ok(None) => info!("the confirmation is not one of a sign-up"),
        Err(failure) => error!(
            error.chain = telemetry::chain(&failure),
            "could not register a user; their first request for their profile will"
        ),
    }
}

/// Registers the user of a confirmed sign-up; `None` for another confirmation.
async fn register(
    registrations: &Registrations,
    event: &Value,
    correlation: &CorrelationContext,
) -> Result<Option<RegistrationOutcome>, TriggerError> {
    let event = <Confirmation>::deserialize(event).map_err(TriggerError::Malformed)?;
    // Also the source of confirmations by an administrator; those of a forgotten password have another one.
    if event.cognito_event_user_pools_header.trigger_source != Some(TriggerSource::ConfirmSignUp) {
        return Ok(None);
    }
    Ok(Some(registrations.register(attributes(&event.request.user_attributes), correlation).await?))
}

fn subject(event: &Value) -> &str {
    event.pointer("/request/userAttributes/sub").and_then(Value::as_str).unwrap_or("unknown")
}

fn attributes(user: &HashMap<String, String>) -> Attributes<'_> {
    let attribute = |name| user.get(name).map(String::as_str);
    Attributes {
        subject: attribute("sub"),
        email: attribute("email"),
        name: attribute("name"),
        locale: attribute("locale"),
        time_zone: attribute("zoneinfo"),
    }
}

/// Why a user was not registered.
#[derive(Debug, thiserror::Error)]
enum TriggerError {
    #[error("the trigger's event does not parse")]
    Malformed(#[source] serde_json::Error),
    #[error("the profile was not written")]
    App(#[from] AppError),
    #[error("the table did not answer within {DEADLINE:?}")]
    Timeout,
}

#[cfg(test)]
mod tests {
    use lambda_kit::clock;

    use super::*;
    use crate::domain::profile::Profile;

    #[test]
    fn a_users_attributes_are_read_from_the_event() {
        let event = include_str!("../tests/fixtures/post-confirmation.json");
        let event: Confirmation = serde_json::from_str(event).unwrap();
        assert_eq!(event.cognito_event_user_pools_header.trigger_source, Some(TriggerSource::ConfirmSignUp));
        let user = attributes(&event.request.user_attributes);
        let profile = Profile::register(user, clock::now()).unwrap().profile;
        assert_eq!(profile.settings.display_name.as_str(), "Ann Example");
        assert_eq!(profile.settings.time_zone.as_str(), "Europe/Dublin");
    }
}
