//! Where a rule delivers to now.

use std::collections::HashMap;

use aws_config::SdkConfig;
use aws_sdk_eventbridge::types::Target;
use tokio::sync::Mutex;

use crate::dlq::roads::choice::NoWay;

/// The targets of rules, each asked for once.
#[derive(Debug)]
pub struct Rules {
    client: aws_sdk_eventbridge::Client,
    targets: Mutex<HashMap<String, Option<Vec<Target>>>>,
}

impl Rules {
    /// The rules of an account.
    #[must_use]
    pub fn new(sdk: &SdkConfig) -> Self {
        Self { client: aws_sdk_eventbridge::Client::new(sdk), targets: Mutex::default() }
    }

    /// The ARN of the target that gets now what `failed` did not get: the same one; when the rule has it no more and
    /// has just one, that one. When the rule is gone, or may not be read, `failed` itself.
    ///
    /// # Errors
    /// When the rule gives its target something else than the event, which is not in the message.
    pub async fn target(&self, rule: Option<&str>, failed: &str) -> Result<String, NoWay> {
        let Some((bus, name)) = rule.and_then(parts) else {
            return Ok(failed.to_owned());
        };
        let mut known = self.targets.lock().await;
        let key = format!("{bus}/{name}");
        if !known.contains_key(&key) {
            let asked = self.client.list_targets_by_rule().event_bus_name(bus).rule(name).send().await;
            known.insert(key.clone(), asked.ok().map(|answer| answer.targets.unwrap_or_default()));
        }
        let targets = known.get(&key).and_then(Option::as_deref).unwrap_or_default();
        let target = match (targets.iter().find(|target| target.arn == failed), targets) {
            (Some(same), _) => same,
            (None, [only]) => only,
            (None, _) => return Ok(failed.to_owned()),
        };
        if target.input.is_some() || target.input_path.is_some() || target.input_transformer.is_some() {
            return Err(NoWay(format!(
                "rule {name} transforms the event for its target, and the queue has the event alone"
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
