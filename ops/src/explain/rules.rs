//! The rules that match the event, as they are deployed now.

use anyhow::{Result, bail};
use aws_sdk_eventbridge::Client;
use aws_sdk_eventbridge::types::{Rule, RuleState};
use contracts::pattern::Pattern;
use serde_json::Value;

use crate::connection::Connection;
use crate::deployment::Deployment;
use crate::error::describe;
use crate::explain::timeline::{Findings, Step, StepKind};
use crate::names;

pub(super) async fn find(connection: &Connection, event: &Value) -> Findings {
    let mut found = Findings::default();
    if let Err(error) = match_rules(connection, event, &mut found).await {
        found.unseen.push(format!("the rules of the bus: {error:#}"));
    }
    if found.steps.is_empty() && found.unseen.is_empty() {
        found.unseen.push("no rule of the bus matches it now".to_owned());
    }
    found
}

async fn match_rules(connection: &Connection, event: &Value, found: &mut Findings) -> Result<()> {
    let client = Client::new(&connection.sdk);
    let services = connection.known_services().await;
    let bus = format!("busline-{}", connection.env);
    let mut next = None;
    loop {
        let answer = match client.list_rules().event_bus_name(&bus).set_next_token(next).send().await {
            Ok(answer) => answer,
            Err(error) => bail!("{}", describe(&error)),
        };
        for rule in answer.rules.unwrap_or_default() {
            let Some(pattern) = rule.event_pattern() else { continue };
            match Pattern::parse(pattern) {
                Ok(pattern) if pattern.matches(event) => {
                    found.steps.push(matched(&client, &bus, &rule, &services).await?);
                }
                Ok(_) => {}
                Err(error) => found.unseen.push(format!("the rule {}: {error}", rule.name.unwrap_or_default())),
            }
        }
        next = answer.next_token;
        if next.is_none() {
            return Ok(());
        }
    }
}

async fn matched(client: &Client, bus: &str, rule: &Rule, services: &Deployment) -> Result<Step> {
    let name = rule.name().unwrap_or_default();
    let answer = match client.list_targets_by_rule().event_bus_name(bus).rule(name).send().await {
        Ok(answer) => answer,
        Err(error) => bail!("the targets of {name}: {}", describe(&error)),
    };
    let targets = answer.targets.unwrap_or_default();
    let targets: Vec<String> = targets.iter().map(|target| target_name(&target.arn)).collect();
    let recipients = if targets.is_empty() { "nothing".to_owned() } else { targets.join(", ") };
    let disabled = if rule.state() == Some(&RuleState::Disabled) { ", but it is disabled now" } else { "" };
    Ok(Step {
        at: None,
        kind: StepKind::Matched,
        service: services.service_of(name),
        place: Some(name.to_owned()),
        text: format!("the rule matches and delivers it to {recipients}{disabled}"),
        message_id: None,
    })
}

fn target_name(arn: &str) -> String {
    names::function(arn).unwrap_or_else(|| names::last_part(arn).to_owned())
}
