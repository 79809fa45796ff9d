//! Names that a stack will use and that something else has already, and the states of stacks.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;
use aws_sdk_cloudformation::types::StackStatus;
use futures_util::stream::{self, StreamExt};

use super::{Finding, Subject};
use crate::aws;
use crate::change_set::StackChanger;
use crate::look_ups::{Kind, LookUps, Use};
use crate::planned::Resource;
use crate::stacks;

pub(super) const STACKS: &str = "stacks";
const NAMES: &str = "names";

/// How many names are looked up at a time.
const AT_ONCE: usize = 8;

/// The stacks of the environment that exist, and what they contain.
pub(super) struct Deployed {
    stacks: BTreeMap<String, StackStatus>,
    /// The names or ids of all their resources.
    resources: BTreeSet<String>,
}

impl Deployed {
    pub(super) fn has_stack(&self, stack: &str) -> bool {
        self.stacks.contains_key(stack)
    }

    /// Whether a resource of this name belongs to one of the stacks; a queue's id there is its URL.
    pub(super) fn owns(&self, name: &str) -> bool {
        self.resources.contains(name) || self.resources.iter().any(|id| id.ends_with(&format!("/{name}")))
    }
}

pub(super) async fn deployed(subject: &Subject<'_>) -> Result<Deployed> {
    let client = aws_sdk_cloudformation::Client::new(&subject.target.sdk);
    let mut deployed = Deployed { stacks: BTreeMap::new(), resources: BTreeSet::new() };
    for stack in subject.stacks.all() {
        let name = stacks::stack_name(&subject.target.env, &stack.name);
        let Some(status) = StackChanger::new(subject.target, &name).status().await? else { continue };
        if status == StackStatus::DeleteComplete {
            continue;
        }
        deployed.stacks.insert(stack.name.clone(), status);
        let resources = client.list_stack_resources().stack_name(&name).into_paginator().items().send();
        let resources = resources.collect::<Result<Vec<_>, _>>().await;
        let resources = resources.map_err(aws::failed(&format!("list the resources of {name}")))?;
        deployed.resources.extend(resources.into_iter().filter_map(|resource| resource.physical_resource_id));
    }
    Ok(deployed)
}

pub(super) async fn check(subject: &Subject<'_>, deployed: &Deployed) -> Vec<Finding> {
    let look_ups = &LookUps::new(subject.target);
    let planned = subject.plan.resources.iter().filter_map(|resource| {
        let (property, kind) = named(&resource.kind)?;
        let name = resource.text(property).filter(|name| !deployed.owns(name))?;
        Some((resource, kind, name))
    });
    let used = stream::iter(planned).map(async |(resource, kind, name)| match look_ups.find(kind, name).await {
        Ok(Use::Free) => None,
        Ok(found) => Some(taken(resource, name, found)),
        Err(error) => Some(Finding::unknown(
            NAMES,
            &error,
            "to read buckets, tables, queues, functions, log groups and user pools",
        )),
    });
    let used: Vec<Option<Finding>> = used.buffered(AT_ONCE).collect().await;
    let mut used: Vec<Finding> = used.into_iter().flatten().collect();
    if used.is_empty() {
        used.push(Finding::ready(NAMES, "no name is in use outside the environment's stacks"));
    }
    used.insert(0, states(deployed));
    used
}

/// Stacks in a state from which CloudFormation cannot update them.
fn states(deployed: &Deployed) -> Finding {
    let stuck = deployed.stacks.iter().filter(|(_, status)| {
        matches!(status, StackStatus::DeleteFailed | StackStatus::UpdateFailed | StackStatus::UpdateRollbackFailed)
    });
    let stuck: Vec<String> = stuck.map(|(stack, status)| format!("{stack} is in {status}")).collect();
    if stuck.is_empty() {
        let found = match deployed.stacks.len() {
            0 => "none is deployed yet".to_owned(),
            count => format!("{count} are deployed, and none is stuck"),
        };
        return Finding::ready(STACKS, found);
    }
    Finding::stops(
        STACKS,
        [
            stuck.join(", "),
            "CloudFormation changes such a stack no more".to_owned(),
            "in the console, continue its rollback or delete it".to_owned(),
        ],
    )
}

/// The property with the name of a resource, for types of which a second one of a name is refused or is a mistake.
fn named(kind: &str) -> Option<(&'static str, Kind)> {
    Some(match kind {
        "AWS::S3::Bucket" => ("BucketName", Kind::Bucket),
        "AWS::DynamoDB::Table" => ("TableName", Kind::Table),
        "AWS::SQS::Queue" => ("QueueName", Kind::Queue),
        "AWS::Serverless::Function" | "AWS::Lambda::Function" => ("FunctionName", Kind::Function),
        "AWS::Logs::LogGroup" => ("LogGroupName", Kind::LogGroup),
        "AWS::Cognito::UserPool" => ("UserPoolName", Kind::UserPoolName),
        _ => return None,
    })
}

fn taken(resource: &Resource, name: &str, found: Use) -> Finding {
    let (stack, kind) = (&resource.stack, &resource.kind);
    if kind == "AWS::Cognito::UserPool" {
        let texts = [
            format!("a user pool {name} exists and is not of the stack {stack}"),
            "the stack creates a second one, in which nobody has signed up: users of the first cannot sign in"
                .to_owned(),
            "if it was kept when its stack was deleted, in the last 90 days, `cargo xtask deploy` takes it back; else import \
             it into the stack, or delete it"
                .to_owned(),
        ];
        return Finding::warning(NAMES, texts);
    }
    let (place, todo) = match found {
        Use::Hidden => (
            "and is another account's, or you lack the permission to see it",
            "get that permission, or choose another name for the environment",
        ),
        _ => (
            "and is not of that stack",
            "if it was kept when its stack was deleted, in the last 90 days, `cargo xtask deploy` takes it back; else import \
             it into the stack, delete it, or choose another name for the environment",
        ),
    };
    let texts = [
        format!("{name} ({kind} of the stack {stack}) exists {place}"),
        format!("CloudFormation cannot create it, and rolls the stack {stack} back"),
        todo.to_owned(),
    ];
    Finding::stops(NAMES, texts)
}
