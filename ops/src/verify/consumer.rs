//! The consumer as it is deployed now: the function that failed, or what the rule gives its events to today.

use aws_config::SdkConfig;
use aws_sdk_eventbridge::error::ProvideErrorMetadata;
use aws_sdk_lambda::types::{LastUpdateStatus, State};
use jiff::Timestamp;
use jiff::fmt::strtime;

use crate::dlq::message::Message;
use crate::dlq::names;
use crate::dlq::queue::short;

/// Who would get a message if it were replayed now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Consumer {
    /// The function's name.
    pub(super) function: Option<String>,
    pub(super) state: Standing,
    /// What was looked at, in words.
    pub(super) evidence: Vec<String>,
}

/// How a consumer stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// It is there and takes events; when its code or settings were changed last, if that is known.
    Ready { changed: Option<Timestamp> },
    /// It is not, and why.
    Missing(String),
    /// Nobody can say, and why.
    Unclear(String),
}

/// What tells consumers apart: two messages with the same have the same consumer.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Address {
    function: Option<String>,
    rule_arn: Option<String>,
    target_arn: Option<String>,
}

impl Address {
    pub(super) fn of(message: &Message) -> Self {
        let origin = &message.origin;
        Self {
            function: origin.function_arn.as_deref().and_then(names::function),
            rule_arn: origin.rule_arn.clone(),
            target_arn: origin.target_arn.clone(),
        }
    }

    /// The name that a job of Busline has: its function and its rule are called the same.
    pub(super) fn name(&self) -> Option<String> {
        self.function_name().or_else(|| self.function.clone())
    }

    fn function_name(&self) -> Option<String> {
        self.rule_arn.as_deref().and_then(names::rule)
    }

    /// Looks up who is there now.
    pub(super) async fn consumer(&self, sdk: &SdkConfig) -> Consumer {
        match (&self.rule_arn, &self.function) {
            (Some(rule), _) => self.behind_rule(sdk, rule).await,
            (None, Some(function)) => with_function(sdk, function, Vec::new()).await,
            (None, None) => Consumer {
                function: None,
                state: Standing::Unclear("the message names neither a function nor a rule".to_owned()),
                evidence: Vec::new(),
            },
        }
    }

    async fn behind_rule(&self, sdk: &SdkConfig, rule_arn: &str) -> Consumer {
        let nobody = |state| Consumer { function: None, state, evidence: Vec::new() };
        let Some((bus, rule)) = bus_and_rule(rule_arn) else {
            return nobody(Standing::Unclear(format!("{rule_arn} is no rule's name")));
        };
        let client = aws_sdk_eventbridge::Client::new(sdk);
        let targets = match client.list_targets_by_rule().event_bus_name(bus).rule(rule).send().await {
            Ok(answer) => answer.targets.unwrap_or_default(),
            Err(error) if error.code() == Some("ResourceNotFoundException") => {
                return nobody(Standing::Missing(format!("the rule {rule} is gone")));
            }
            Err(error) => return nobody(Standing::Unclear(format!("the rule {rule}: {}", short(&error)))),
        };
        let failed = self.target_arn.as_deref();
        let Some(target) = targets.iter().find(|target| Some(target.arn.as_str()) == failed).or(targets.first()) else {
            return nobody(Standing::Missing(format!("the rule {rule} gives its events to nothing")));
        };
        let Some(function) = names::function(&target.arn) else {
            return nobody(Standing::Unclear(format!(
                "the rule {rule} gives its events to {}, no function",
                target.arn
            )));
        };
        let moved = failed.is_some_and(|failed| failed != target.arn);
        let evidence = if moved {
            format!("the rule {rule} gives its events to {function} now, and to another target when this failed")
        } else {
            format!("the rule {rule} gives its events to {function}, as it did then")
        };
        with_function(sdk, &function, vec![evidence]).await
    }
}

async fn with_function(sdk: &SdkConfig, function: &str, mut evidence: Vec<String>) -> Consumer {
    let state = standing(sdk, function, &mut evidence).await;
    Consumer { function: Some(function.to_owned()), state, evidence }
}

async fn standing(sdk: &SdkConfig, function: &str, evidence: &mut Vec<String>) -> Standing {
    let client = aws_sdk_lambda::Client::new(sdk);
    let settings = match client.get_function_configuration().function_name(function).send().await {
        Ok(settings) => settings,
        Err(error) if error.code() == Some("ResourceNotFoundException") => {
            return Standing::Missing(format!("the function {function} is gone"));
        }
        Err(error) => return Standing::Unclear(format!("the function {function}: {}", short(&error))),
    };
    // Inactive is one that Lambda put to rest: the next call wakes it.
    if matches!(settings.state, Some(State::Failed | State::Pending)) {
        return Standing::Missing(format!(
            "{function} is not ready: {}",
            settings.state_reason().unwrap_or("no reason")
        ));
    }
    if settings.last_update_status == Some(LastUpdateStatus::Failed) {
        let reason = settings.last_update_status_reason().unwrap_or("no reason");
        evidence.push(format!("the last change of {function} failed: {reason}"));
    }
    match client.get_function_concurrency().function_name(function).send().await {
        Ok(limit) if limit.reserved_concurrent_executions == Some(0) => {
            return Standing::Missing(format!("{function} is switched off: its reserved concurrency is 0"));
        }
        Ok(_) => {}
        Err(error) => evidence.push(format!("whether {function} is switched off is not known: {}", short(&error))),
    }
    let changed = settings.last_modified.as_deref().and_then(changed_at);
    if let Some(changed) = changed {
        evidence.push(format!("{function}: code or settings were changed last at {changed}"));
    }
    Standing::Ready { changed }
}

/// Lambda writes `2026-11-21T07:28:03.123+0000`.
///
/// <https://docs.aws.amazon.com/lambda/latest/api/API_GetFunctionConfiguration.html>
fn changed_at(text: &str) -> Option<Timestamp> {
    strtime::parse("%Y-%m-%dT%H:%M:%S%.f%z", text).ok()?.to_timestamp().ok().or_else(|| text.parse().ok())
}

/// `…:rule/<name>` on the default bus, `…:rule/<bus>/<name>` on another.
fn bus_and_rule(arn: &str) -> Option<(&str, &str)> {
    let path = arn.split_once(":rule/")?.1;
    Some(path.rsplit_once('/').unwrap_or(("default", path)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_of_a_change_is_read() {
        assert_eq!(changed_at("2026-11-21T07:28:03.123+0000").unwrap().to_string(), "2026-11-21T07:28:03.123Z");
        assert_eq!(changed_at("yesterday"), None);
    }

    #[test]
    fn a_rule_is_found_on_its_bus() {
        assert_eq!(bus_and_rule("arn:aws:events:eu-west-1:1:rule/busline-local/r"), Some(("busline-local", "r")));
        assert_eq!(bus_and_rule("arn:aws:events:eu-west-1:1:rule/r"), Some(("default", "r")));
    }
}
