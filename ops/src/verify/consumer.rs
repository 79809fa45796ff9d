//! The consumer as it is deployed now: the function that failed, or the current target of the rule.

use aws_config::SdkConfig;
use aws_sdk_eventbridge::error::ProvideErrorMetadata;
use aws_sdk_lambda::types::{LastUpdateStatus, State};
use jiff::Timestamp;
use jiff::fmt::strtime;

use crate::dlq::message::Message;
use crate::dlq::targets::topic::topic_exists;
use crate::error::describe;
use crate::names;

/// The consumer that would receive a message if it were replayed now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Consumer {
    pub(super) function: Option<String>,
    /// The topic to which the rule publishes.
    pub(super) topic: Option<String>,
    pub(super) state: ConsumerState,
    /// The facts that were read.
    pub(super) evidence: Vec<String>,
}

/// Whether a consumer can receive messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum ConsumerState {
    /// It can; with the time of the last change of its code or settings, if known.
    Ready { changed: Option<Timestamp> },
    /// It cannot, and why.
    Missing(String),
    /// The state is unknown, and why.
    Unknown(String),
}

/// Identifies a consumer: messages with the same address have the same consumer.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct ConsumerAddress {
    function: Option<String>,
    rule_arn: Option<String>,
    target_arn: Option<String>,
}

impl ConsumerAddress {
    pub(super) fn from_message(message: &Message) -> Self {
        let origin = &message.origin;
        Self {
            function: origin.function_arn.as_deref().and_then(names::function),
            rule_arn: origin.rule_arn.clone(),
            target_arn: origin.target_arn.clone(),
        }
    }

    /// The name of a Busline job, which its function and its rule share.
    pub(super) fn name(&self) -> Option<String> {
        self.rule_arn.as_deref().and_then(names::rule).or_else(|| self.function.clone())
    }

    /// Reads the current state of the consumer.
    pub(super) async fn find_consumer(&self, sdk: &SdkConfig) -> Consumer {
        match (&self.rule_arn, &self.function) {
            (Some(rule), _) => self.target_of_rule(sdk, rule).await,
            (None, Some(function)) => function_consumer(sdk, function, Vec::new()).await,
            (None, None) => {
                unreachable(ConsumerState::Unknown("the message names neither a function nor a rule".to_owned()))
            }
        }
    }

    async fn target_of_rule(&self, sdk: &SdkConfig, rule_arn: &str) -> Consumer {
        let Some((bus, rule)) = bus_and_rule(rule_arn) else {
            return unreachable(ConsumerState::Unknown(format!("{rule_arn} is not the ARN of a rule")));
        };
        let client = aws_sdk_eventbridge::Client::new(sdk);
        let targets = match client.list_targets_by_rule().event_bus_name(bus).rule(rule).send().await {
            Ok(answer) => answer.targets.unwrap_or_default(),
            Err(error) if error.code() == Some("ResourceNotFoundException") => {
                return unreachable(ConsumerState::Missing(format!("the rule {rule} does not exist")));
            }
            Err(error) => return unreachable(ConsumerState::Unknown(format!("the rule {rule}: {}", describe(&error)))),
        };
        let failed = self.target_arn.as_deref();
        let Some(target) = targets.iter().find(|target| Some(target.arn.as_str()) == failed).or(targets.first()) else {
            return unreachable(ConsumerState::Missing(format!("the rule {rule} has no target")));
        };
        if target.arn.split(':').nth(2) == Some("sns") {
            return topic_consumer(sdk, rule, &target.arn).await;
        }
        let Some(function) = names::function(&target.arn) else {
            return unreachable(ConsumerState::Unknown(format!(
                "the rule {rule} delivers its events to {}, which is not a function",
                target.arn
            )));
        };
        let has_changed = failed.is_some_and(|failed| failed != target.arn);
        let evidence = if has_changed {
            format!(
                "the rule {rule} delivers its events to {function} now, and to another target at the time of the failure"
            )
        } else {
            format!("the rule {rule} delivers its events to {function}, as at the time of the failure")
        };
        function_consumer(sdk, &function, vec![evidence]).await
    }
}

fn unreachable(state: ConsumerState) -> Consumer {
    Consumer { function: None, topic: None, state, evidence: Vec::new() }
}

async fn topic_consumer(sdk: &SdkConfig, rule: &str, arn: &str) -> Consumer {
    let topic = names::last_part(arn).to_owned();
    let evidence = vec![format!("the rule {rule} publishes its events to the topic {topic}")];
    let state = match topic_exists(sdk, arn).await {
        Ok(true) => ConsumerState::Ready { changed: None },
        Ok(false) => ConsumerState::Missing(format!("the topic {topic} does not exist")),
        Err(error) => ConsumerState::Unknown(format!("{error:#}")),
    };
    Consumer { function: None, topic: Some(topic), state, evidence }
}

async fn function_consumer(sdk: &SdkConfig, function: &str, mut evidence: Vec<String>) -> Consumer {
    let state = function_state(sdk, function, &mut evidence).await;
    Consumer { function: Some(function.to_owned()), topic: None, state, evidence }
}

async fn function_state(sdk: &SdkConfig, function: &str, evidence: &mut Vec<String>) -> ConsumerState {
    let client = aws_sdk_lambda::Client::new(sdk);
    let settings = match client.get_function_configuration().function_name(function).send().await {
        Ok(settings) => settings,
        Err(error) if error.code() == Some("ResourceNotFoundException") => {
            return ConsumerState::Missing(format!("the function {function} does not exist"));
        }
        Err(error) => return ConsumerState::Unknown(format!("the function {function}: {}", describe(&error))),
    };
    // An inactive function is activated by the next invocation.
    if matches!(settings.state, Some(State::Failed | State::Pending)) {
        return ConsumerState::Missing(format!(
            "{function} is not ready: {}",
            settings.state_reason().unwrap_or("no reason given")
        ));
    }
    if settings.last_update_status == Some(LastUpdateStatus::Failed) {
        let reason = settings.last_update_status_reason().unwrap_or("no reason given");
        evidence.push(format!("the last change of {function} failed: {reason}"));
    }
    match client.get_function_concurrency().function_name(function).send().await {
        Ok(limit) if limit.reserved_concurrent_executions == Some(0) => {
            return ConsumerState::Missing(format!("{function} is switched off: its reserved concurrency is 0"));
        }
        Ok(_) => {}
        Err(error) => {
            evidence.push(format!("the reserved concurrency of {function} is not known: {}", describe(&error)));
        }
    }
    let changed = settings.last_modified.as_deref().and_then(changed_at);
    if let Some(changed) = changed {
        evidence.push(format!("{function}: last change of code or settings at {changed}"));
    }
    ConsumerState::Ready { changed }
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
    fn the_time_of_the_last_change_is_parsed() {
        assert_eq!(changed_at("2026-11-21T07:28:03.123+0000").unwrap().to_string(), "2026-11-21T07:28:03.123Z");
        assert_eq!(changed_at("yesterday"), None);
    }

    #[test]
    fn bus_and_rule_are_parsed_from_an_arn() {
        assert_eq!(bus_and_rule("arn:aws:events:eu-west-1:1:rule/busline-local/r"), Some(("busline-local", "r")));
        assert_eq!(bus_and_rule("arn:aws:events:eu-west-1:1:rule/r"), Some(("default", "r")));
    }
}
