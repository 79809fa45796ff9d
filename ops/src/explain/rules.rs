//! The rules that read an event, as they are deployed now.

use anyhow::{Result, bail};
use aws_sdk_eventbridge::Client;
use aws_sdk_eventbridge::types::{Rule, RuleState};
use contracts::pattern::Pattern;
use serde_json::Value;

use crate::dlq::names;
use crate::dlq::queue::short;
use crate::explain::{Kind, Part, Step};
use crate::target::Target;

pub(super) async fn find(target: &Target, event: &Value) -> Part {
    let mut part = Part::default();
    if let Err(error) = read(target, event, &mut part).await {
        part.unseen.push(format!("the rules of the bus: {error:#}"));
    }
    if part.steps.is_empty() && part.unseen.is_empty() {
        part.unseen.push("no rule of the bus reads it, as the rules are now".to_owned());
    }
    part
}

async fn read(target: &Target, event: &Value, part: &mut Part) -> Result<()> {
    let client = Client::new(&target.sdk);
    let bus = format!("busline-{}", target.env);
    let mut next = None;
    loop {
        let answer = match client.list_rules().event_bus_name(&bus).set_next_token(next).send().await {
            Ok(answer) => answer,
            Err(error) => bail!("{}", short(&error)),
        };
        for rule in answer.rules.unwrap_or_default() {
            let Some(pattern) = rule.event_pattern() else { continue };
            match Pattern::parse(pattern) {
                Ok(pattern) if pattern.matches(event) => part.steps.push(matched(&client, &bus, &rule).await?),
                Ok(_) => {}
                Err(error) => part.unseen.push(format!("the rule {}: {error}", rule.name.unwrap_or_default())),
            }
        }
        next = answer.next_token;
        if next.is_none() {
            return Ok(());
        }
    }
}

async fn matched(client: &Client, bus: &str, rule: &Rule) -> Result<Step> {
    let name = rule.name().unwrap_or_default();
    let answer = match client.list_targets_by_rule().event_bus_name(bus).rule(name).send().await {
        Ok(answer) => answer,
        Err(error) => bail!("the targets of {name}: {}", short(&error)),
    };
    let targets = answer.targets.unwrap_or_default();
    let targets: Vec<String> = targets.iter().map(|target| target_name(&target.arn)).collect();
    let goes_to = if targets.is_empty() { "nothing".to_owned() } else { targets.join(", ") };
    let off = if rule.state() == Some(&RuleState::Disabled) { ", but it is switched off now" } else { "" };
    Ok(Step {
        at: None,
        kind: Kind::Matched,
        service: names::service(name),
        place: Some(name.to_owned()),
        text: format!("the rule reads it and gives it to {goes_to}{off}"),
        message_id: None,
    })
}

fn target_name(arn: &str) -> String {
    names::function(arn).unwrap_or_else(|| names::last_part(arn).to_owned())
}
