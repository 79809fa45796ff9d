//! The targets of rules as they are deployed now.

use std::collections::HashMap;

use aws_config::SdkConfig;
use aws_sdk_eventbridge::types::Target;
use tokio::sync::Mutex;

use crate::dlq::targets::selection::NotReplayable;

/// The targets of rules, each read once.
#[derive(Debug)]
pub struct Rules {
    client: aws_sdk_eventbridge::Client,
    targets: Mutex<HashMap<String, Option<Vec<Target>>>>,
}

impl Rules {
    #[must_use]
    pub fn new(sdk: &SdkConfig) -> Self {
        Self { client: aws_sdk_eventbridge::Client::new(sdk), targets: Mutex::default() }
    }

    /// The ARN of the target that replaces `failed` now: `failed` itself, or the rule's only target if it no longer has
    /// `failed`. When the rule was deleted or cannot be read, `failed`.
    ///
    /// # Errors
    /// When the rule transforms the event for its target, because the message contains the event alone.
    pub async fn target(&self, rule: Option<&str>, failed: &str) -> Result<String, NotReplayable> {
        let Some((bus, name)) = rule.and_then(parts) else {
            return Ok(failed.to_owned());
        };
        let mut known = self.targets.lock().await;
        let key = format!("{bus}/{name}");
        if !known.contains_key(&key) {
            let answer = self.client.list_targets_by_rule().event_bus_name(bus).rule(name).send().await;
            known.insert(key.clone(), answer.ok().map(|answer| answer.targets.unwrap_or_default()));
        }
        let targets = known.get(&key).and_then(Option::as_deref).unwrap_or_default();
        let target = match (targets.iter().find(|target| target.arn == failed), targets) {
            (Some(same), _) => same,
            (None, [only]) => only,
            (None, _) => return Ok(failed.to_owned()),
        };
        if target.input.is_some() || target.input_path.is_some() || target.input_transformer.is_some() {
            return Err(NotReplayable(format!(
                "rule {name} transforms the event for its target, but the message contains the event alone"
            )));
        }
        Ok(target.arn.clone())
    }
}

/// The bus and the name in a rule's ARN: `…:rule/<name>` on the default bus, `…:rule/<bus>/<name>` on another.
fn parts(arn: &str) -> Option<(&str, &str)> {
    let path = arn.rsplit_once(":rule/")?.1;
    Some(path.rsplit_once('/').unwrap_or(("default", path)))
}
