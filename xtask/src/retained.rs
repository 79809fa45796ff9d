//! What CloudFormation retained when it deleted a stack: a stack of that name that is created again takes it back.
//!
//! Events, template and parameters of a deleted stack can be read by its id for 90 days.
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_GetTemplate.html>

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result, ensure};
use aws_sdk_cloudformation::Client;
use aws_sdk_cloudformation::types::{
    Parameter, ResourceStatus, ResourceToImport, StackEvent, StackStatus, StackSummary,
};
use serde_json::{Value, json};

use crate::aws::{self, Target};
use crate::change_set::{Import, StackChanger};
use crate::look_ups::{Kind, LookUps, Use};
use crate::template;
use crate::ui::Step;

/// The types that are taken back, with the property that identifies one for an import: the primary identifier of its schema.
///
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/resource-import-supported-resources.html>
const TYPES: [(&str, &str, Kind); 5] = [
    ("AWS::Cognito::UserPool", "UserPoolId", Kind::UserPool),
    ("AWS::DynamoDB::Table", "TableName", Kind::Table),
    ("AWS::S3::Bucket", "BucketName", Kind::Bucket),
    ("AWS::SecretsManager::Secret", "Id", Kind::Secret),
    ("AWS::SQS::Queue", "QueueUrl", Kind::Queue),
];

/// The beginning of the types of parameters that CloudFormation reads from SSM.
const FROM_SSM: &str = "AWS::SSM::Parameter::Value<";

/// A resource that outlived its stack.
#[derive(Clone, Debug, PartialEq)]
struct Resource {
    /// Its name in the template.
    name: String,
    kind: String,
    /// What CloudFormation knows it by: a name, an id, or a queue's URL.
    id: String,
}

/// What a deleted stack left, as far as it still exists.
#[derive(Debug)]
struct Retained {
    /// The id of the deleted stack, which has its name and a random part.
    stack: String,
    resources: Vec<Resource>,
}

/// Creates a stack that does not exist of what the last one of its name left. Returns whether it did.
pub(crate) async fn take_back(
    target: &Target,
    changer: &StackChanger<'_>,
    template: &str,
    step: &Step,
) -> Result<bool> {
    let Some(retained) = find(target, changer.name(), template).await? else { return Ok(false) };
    step.note(format_args!("  {} was deleted, and gets back what was retained:", changer.name()));
    for resource in &retained.resources {
        step.note(format_args!("    {} {} ({})", resource.name, resource.id, resource.kind));
    }
    changer.import(retained.import(target).await?, step).await.context("it does not get it back")?;
    Ok(true)
}

/// What the last stack of a name left of the resources that a template declares.
async fn find(target: &Target, stack: &str, template: &str) -> Result<Option<Retained>> {
    let client = Client::new(&target.sdk);
    let declared = template::value_of(stack, template)?;
    for id in deleted_stacks(&client, stack).await? {
        let events = client.describe_stack_events().stack_name(&id).into_paginator().items().send();
        let events = events.collect::<Result<Vec<_>, _>>().await;
        let mut resources = left_by(&id, &events.map_err(aws::failed("read the events of the deleted stack"))?);
        resources.retain(|resource| declared["Resources"][&resource.name]["Type"] == resource.kind.as_str());
        if !resources.is_empty() {
            let resources = existing(target, resources).await?;
            return Ok((!resources.is_empty()).then_some(Retained { stack: id, resources }));
        }
    }
    Ok(None)
}

/// The ids of the deleted stacks of a name, the newest first.
async fn deleted_stacks(client: &Client, name: &str) -> Result<Vec<String>> {
    let listed = client.list_stacks().stack_status_filter(StackStatus::DeleteComplete).into_paginator().items().send();
    let listed = listed.collect::<Result<Vec<StackSummary>, _>>().await;
    let mut listed = listed.map_err(aws::failed("list the deleted stacks"))?;
    listed.retain(|stack| stack.stack_name() == Some(name));
    listed.sort_by_key(|stack| stack.creation_time().copied());
    Ok(listed.into_iter().rev().filter_map(|stack| stack.stack_id).collect())
}

/// What a deleted stack left, by its events from the newest to the oldest.
///
/// Nothing if the stack was never created completely: what it left has no data, and may hide what an earlier one left.
fn left_by(stack: &str, events: &[StackEvent]) -> Vec<Resource> {
    let status = |event: &StackEvent| event.resource_status().map_or("", ResourceStatus::as_str).to_owned();
    let is_own = |event: &&StackEvent| event.physical_resource_id() == Some(stack);
    let failed = ["ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED"];
    if events.iter().filter(is_own).any(|event| failed.contains(&status(event).as_str())) {
        return Vec::new();
    }
    let deletion = events.iter().take_while(|event| !is_own(event) || status(event).starts_with("DELETE_"));
    let skipped = deletion.filter(|event| status(event) == "DELETE_SKIPPED");
    let resources = skipped.filter_map(|event| {
        let kind = event.resource_type().filter(|kind| of_type(kind).is_some())?;
        let (name, id) = (event.logical_resource_id()?, event.physical_resource_id()?);
        Some((name.to_owned(), Resource { name: name.to_owned(), kind: kind.to_owned(), id: id.to_owned() }))
    });
    resources.collect::<BTreeMap<_, _>>().into_values().collect()
}

fn of_type(kind: &str) -> Option<(&'static str, Kind)> {
    TYPES.iter().find(|(name, ..)| *name == kind).map(|&(_, identifier, kind)| (identifier, kind))
}

/// Those that nobody has deleted since.
async fn existing(target: &Target, resources: Vec<Resource>) -> Result<Vec<Resource>> {
    let look_ups = LookUps::new(target);
    let mut existing = Vec::new();
    for resource in resources {
        let (_, kind) = of_type(&resource.kind).context("a type that is not taken back")?;
        // A queue is found by its name, at the end of its URL.
        let name = if kind == Kind::Queue { resource.id.rsplit('/').next().unwrap_or_default() } else { &resource.id };
        let found = look_ups.find(kind, name).await?;
        ensure!(
            found != Use::Hidden,
            "the deleted stack left {name}, which exists: it is another account's now, or you lack the permission to see it"
        );
        if found == Use::InAccount {
            existing.push(resource);
        }
    }
    Ok(existing)
}

impl Retained {
    /// How a new stack takes them back: with the properties that they had in the deleted one, which they still have.
    async fn import(&self, target: &Target) -> Result<Import> {
        let client = Client::new(&target.sdk);
        let template = client.get_template().stack_name(&self.stack).send().await;
        let template = template.map_err(aws::failed("read the template of the deleted stack"))?.template_body;
        let template = template::value_of(&self.stack, &template.context("the deleted stack has no template")?)?;
        let described = client.describe_stacks().stack_name(&self.stack).send().await;
        let described = described.map_err(aws::failed("read the parameters of the deleted stack"))?;
        let parameters = described.stacks().iter().flat_map(|stack| stack.parameters().iter().map(resolved));
        Ok(Import {
            template: template::text(reduced(&template, &self.resources)),
            parameters: parameters.collect(),
            resources: self.resources.iter().map(to_import).collect::<Result<_>>()?,
        })
    }
}

/// With the value that CloudFormation read from SSM, where it may be another one now, or none.
fn resolved(parameter: &Parameter) -> Parameter {
    let value = parameter.resolved_value().or(parameter.parameter_value());
    Parameter::builder()
        .set_parameter_key(parameter.parameter_key.clone())
        .set_parameter_value(value.map(str::to_owned))
        .build()
}

fn to_import(resource: &Resource) -> Result<ResourceToImport> {
    let (identifier, _) = of_type(&resource.kind).context("a type that is not taken back")?;
    let builder = ResourceToImport::builder().resource_type(&resource.kind).logical_resource_id(&resource.name);
    Ok(builder.resource_identifier(identifier, &resource.id).build())
}

/// The template with these resources alone, without the properties that refer to others: the update that follows sets them.
fn reduced(template: &Value, resources: &[Resource]) -> Value {
    let all = template["Resources"].as_object().into_iter().flat_map(|all| all.keys().map(String::as_str));
    let others: BTreeSet<&str> = all.filter(|name| resources.iter().all(|resource| resource.name != *name)).collect();
    let kept = resources.iter().map(|Resource { name, kind, .. }| {
        let mut properties = template["Resources"][name]["Properties"].clone();
        if let Some(properties) = properties.as_object_mut() {
            properties.retain(|_, value| !refers(value, &others));
        }
        // A failed import must delete nothing.
        (name.clone(), json!({"Type": kind, "DeletionPolicy": "Retain", "Properties": properties}))
    });
    let mut reduced = json!({"Resources": kept.collect::<serde_json::Map<_, _>>()});
    for section in ["Parameters", "Mappings", "Conditions"] {
        if let Some(value) = template.get(section) {
            reduced[section] = value.clone();
        }
    }
    let parameters = reduced.get_mut("Parameters").and_then(Value::as_object_mut);
    for parameter in parameters.into_iter().flat_map(|all| all.values_mut()) {
        if parameter["Type"].as_str().is_some_and(|kind| kind.starts_with(FROM_SSM)) {
            *parameter = json!({"Type": "String"});
        }
    }
    reduced
}

/// Whether a value has a function that refers to one of these resources.
fn refers(value: &Value, names: &BTreeSet<&str>) -> bool {
    match value {
        Value::Array(items) => items.iter().any(|item| refers(item, names)),
        Value::Object(members) => members.iter().any(|(key, member)| match (key.as_str(), first(member)) {
            ("Ref", Some(name)) => names.contains(name),
            ("Fn::GetAtt", Some(name)) => names.contains(name.split('.').next().unwrap_or_default()),
            ("Fn::Sub", Some(text)) => {
                let mut inserted = text.split("${").skip(1).filter_map(|rest| rest.split(['}', '.']).next());
                inserted.any(|name| names.contains(name)) || refers(member, names)
            }
            _ => refers(member, names),
        }),
        _ => false,
    }
}

/// A text, or the first of a list that is one.
fn first(value: &Value) -> Option<&str> {
    value.as_str().or_else(|| value[0].as_str())
}

#[cfg(test)]
mod tests;
