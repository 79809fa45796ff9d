//! Updates one stack to its template, through a CloudFormation change set.

mod import;

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use aws_sdk_cloudformation::Client;
use aws_sdk_cloudformation::operation::describe_change_set::DescribeChangeSetOutput;
use aws_sdk_cloudformation::types::{
    Capability, ChangeSetStatus, ChangeSetType, Parameter, ResourceChange, Stack, StackEvent, StackStatus,
};
use jiff::Timestamp;

use crate::aws::{self, Target};
use crate::ui::{self, Step};

pub(crate) use import::Import;

/// CloudFormation's limit for a template inside a request, in bytes.
///
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html>
pub(crate) const INLINE_TEMPLATE_BYTES: usize = 51_200;

const DEADLINE: Duration = Duration::from_hours(1);

/// The text of a template, or where CloudFormation finds it.
#[derive(Clone, Debug)]
pub(crate) enum TemplateSource {
    /// In the request, as text.
    Inline(String),
    /// An S3 URL, for a template over [`INLINE_TEMPLATE_BYTES`].
    Url(String),
}

/// A change set that can be executed.
#[derive(Debug)]
pub(crate) struct ChangeSet {
    /// The changes of resources, for display.
    pub(crate) changes: Vec<ResourceChange>,
    id: String,
}

/// Whether a stack exists.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Existing {
    Yes,
    No,
}

/// Changes one stack of an environment.
#[derive(Debug)]
pub(crate) struct StackChanger<'a> {
    client: Client,
    name: &'a str,
    poll: Duration,
}

impl<'a> StackChanger<'a> {
    /// For the stack of this name, which need not exist.
    pub(crate) fn new(target: &Target, name: &'a str) -> Self {
        // The local cloud answers in milliseconds; AWS throttles more than one request a second.
        let poll = if target.cloud.is_some() { Duration::from_millis(40) } else { Duration::from_secs(2) };
        Self { client: Client::new(&target.sdk), name, poll }
    }

    pub(crate) fn name(&self) -> &str {
        self.name
    }

    /// Creates a change set; `None` if the stack needs no change.
    pub(crate) async fn propose(
        &self,
        template: TemplateSource,
        parameters: &BTreeMap<String, String>,
        step: &Step,
    ) -> Result<Option<ChangeSet>> {
        let existing = self.ready_for_change(step).await?;
        let kind = if existing == Existing::Yes { ChangeSetType::Update } else { ChangeSetType::Create };
        let request = self
            .client
            .create_change_set()
            .stack_name(self.name)
            .change_set_name(new_name())
            .change_set_type(kind)
            .set_capabilities(Some(vec![
                Capability::CapabilityIam,
                Capability::CapabilityNamedIam,
                Capability::CapabilityAutoExpand,
            ]))
            .set_parameters(Some(parameters.iter().map(|(name, value)| parameter(name, value)).collect()));
        let request = match template {
            TemplateSource::Inline(body) => request.template_body(body),
            TemplateSource::Url(url) => request.template_url(url),
        };
        let created = request.send().await.map_err(aws::failed("create a change set"))?;
        let id = created.id.context("CloudFormation returned no id of the change set")?;
        let described = self.wait_until_created(&id).await?;
        if described.status() == Some(&ChangeSetStatus::CreateComplete) {
            let changes = described.changes.unwrap_or_default();
            return Ok(Some(ChangeSet {
                changes: changes.into_iter().filter_map(|c| c.resource_change).collect(),
                id,
            }));
        }
        self.discard(&id, existing).await?;
        let reason = described.status_reason().unwrap_or("CloudFormation gave no reason");
        if is_without_changes(reason) { Ok(None) } else { bail!("CloudFormation refuses the change: {reason}") }
    }

    /// Executes a change set and waits for its end. Fails with the reasons of the resources that failed.
    pub(crate) async fn execute(&self, change_set: &ChangeSet, step: &Step) -> Result<()> {
        let mut progress = Progress { total: change_set.changes.len(), ..Progress::default() };
        let past = self.events_since(&progress.seen).await?;
        progress.seen.extend(past.into_iter().filter_map(|event| event.event_id));
        let execution = self.client.execute_change_set().change_set_name(&change_set.id).send().await;
        execution.map_err(aws::failed("execute the change set"))?;
        let status = loop {
            progress.follow(self.events_since(&progress.seen).await?, step);
            if let Some(status) = progress.end.take() {
                break status;
            }
            tokio::time::sleep(self.poll).await;
        };
        match status {
            StackStatus::CreateComplete | StackStatus::ImportComplete | StackStatus::UpdateComplete => Ok(()),
            status => bail!("{} ended as {status}:\n{}", self.name, progress.reasons()),
        }
    }

    /// The stack's status; `None` if the stack does not exist.
    pub(crate) async fn status(&self) -> Result<Option<StackStatus>> {
        Ok(self.described().await?.and_then(|stack| stack.stack_status))
    }

    /// The deployed value of a parameter; `None` if the stack does not exist or does not declare it.
    pub(crate) async fn parameter(&self, name: &str) -> Result<Option<String>> {
        let parameters = self.described().await?.and_then(|stack| stack.parameters).unwrap_or_default();
        let found = parameters.into_iter().find(|parameter| parameter.parameter_key() == Some(name));
        Ok(found.and_then(|parameter| parameter.parameter_value))
    }

    async fn described(&self) -> Result<Option<Stack>> {
        match self.client.describe_stacks().stack_name(self.name).send().await {
            Ok(output) => Ok(output.stacks.unwrap_or_default().pop()),
            Err(error) if aws::explain(&error).contains("does not exist") => Ok(None),
            Err(error) => Err(aws::failed("read the stack's status")(error)),
        }
    }

    /// Waits for the end of another deployment, and deletes a stack that was never created completely.
    pub(crate) async fn ready_for_change(&self, step: &Step) -> Result<Existing> {
        match self.settled_status().await? {
            None | Some(StackStatus::DeleteComplete | StackStatus::ReviewInProgress) => Ok(Existing::No),
            Some(StackStatus::RollbackComplete | StackStatus::RollbackFailed | StackStatus::CreateFailed) => {
                step.note(format_args!("  {} was never created completely: it is deleted first", self.name));
                self.delete().await?;
                Ok(Existing::No)
            }
            Some(
                status @ (StackStatus::DeleteFailed | StackStatus::UpdateFailed | StackStatus::UpdateRollbackFailed),
            ) => bail!(
                "{} is in {status}, which CloudFormation cannot update: in the console, continue the rollback or delete \
                 the stack, then deploy again",
                self.name
            ),
            Some(_) => Ok(Existing::Yes),
        }
    }

    async fn settled_status(&self) -> Result<Option<StackStatus>> {
        let started = Instant::now();
        loop {
            let status = self.status().await?;
            if !status.as_ref().is_some_and(in_progress) {
                return Ok(status);
            }
            if started.elapsed() > DEADLINE {
                bail!("another deployment is still changing {}: try again when it has ended", self.name);
            }
            tokio::time::sleep(self.poll).await;
        }
    }

    async fn delete(&self) -> Result<()> {
        let deletion = self.client.delete_stack().stack_name(self.name).send().await;
        deletion.map_err(aws::failed("delete the failed stack"))?;
        match self.settled_status().await? {
            None | Some(StackStatus::DeleteComplete) => Ok(()),
            Some(status) => bail!("{} could not be deleted and is in {status}", self.name),
        }
    }

    async fn wait_until_created(&self, id: &str) -> Result<DescribeChangeSetOutput> {
        loop {
            let described = self.describe(id).await?;
            match described.status() {
                Some(ChangeSetStatus::CreatePending | ChangeSetStatus::CreateInProgress) => {
                    tokio::time::sleep(self.poll).await;
                }
                _ => return Ok(described),
            }
        }
    }

    /// A change set with the changes of all its pages.
    async fn describe(&self, id: &str) -> Result<DescribeChangeSetOutput> {
        let mut changes = Vec::new();
        let mut token = None;
        loop {
            let page = self.client.describe_change_set().change_set_name(id).set_next_token(token).send().await;
            let mut page = page.map_err(aws::failed("read the change set"))?;
            changes.extend(page.changes.take().unwrap_or_default());
            token = page.next_token.take();
            if token.is_none() {
                page.changes = Some(changes);
                return Ok(page);
            }
        }
    }

    /// Deletes a change set without changes, and the empty stack that was created with it.
    async fn discard(&self, id: &str, existing: Existing) -> Result<()> {
        let deletion = self.client.delete_change_set().change_set_name(id).send().await;
        deletion.map_err(aws::failed("delete the change set"))?;
        match existing {
            Existing::Yes => Ok(()),
            Existing::No => self.delete().await,
        }
    }

    /// The events that are not among those seen before, newest first.
    async fn events_since(&self, seen: &HashSet<String>) -> Result<Vec<StackEvent>> {
        let mut pages = self.client.describe_stack_events().stack_name(self.name).into_paginator().send();
        let mut events = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(aws::failed("read the stack's events"))?.stack_events.unwrap_or_default();
            let reaches_back = page.iter().any(|event| seen.contains(event.event_id().unwrap_or_default()));
            events.extend(page.into_iter().filter(|event| !seen.contains(event.event_id().unwrap_or_default())));
            if reaches_back {
                break;
            }
        }
        Ok(events)
    }
}

/// How many resources of a row are named, if none of them is removed or may be replaced.
const NAMED: usize = 3;

/// The changes as a table for a terminal. Resources of a type that change in the same way share a row.
pub(crate) fn table(changes: &[ResourceChange]) -> String {
    let mut rows: BTreeMap<[String; 4], Vec<&str>> = BTreeMap::new();
    for change in changes {
        let action = change.action().map_or("", |action| action.as_str()).to_owned();
        let kind = change.resource_type().unwrap_or_default().to_owned();
        let replacement = change.replacement().map_or("", |replacement| replacement.as_str()).to_owned();
        let row = [action, kind, changed_properties(change), replacement];
        rows.entry(row).or_default().push(change.logical_resource_id().unwrap_or_default());
    }
    let rows: Vec<[String; 5]> = rows
        .into_iter()
        .map(|([action, kind, properties, replacement], names)| {
            let is_harmless = action != "Remove" && matches!(replacement.as_str(), "" | "False");
            let names = if is_harmless { shortened(&names) } else { names.join(", ") };
            [action, kind, properties, replacement, names]
        })
        .collect();
    ui::table(["action", "type", "changes", "replacement", "resources"], &rows)
}

fn shortened(names: &[&str]) -> String {
    match names.len().saturating_sub(NAMED) {
        0 => names.join(", "),
        more => format!("{} and {more} more", names[..NAMED].join(", ")),
    }
}

/// The names of the properties that change, as far as CloudFormation tells them.
fn changed_properties(change: &ResourceChange) -> String {
    let names = change.details().iter().filter_map(|detail| detail.target()?.name());
    names.collect::<BTreeSet<_>>().into_iter().collect::<Vec<_>>().join(", ")
}

/// The number of resources for each action: `add 26`, `modify 3, remove 1`.
pub(crate) fn summary(changes: &[ResourceChange]) -> String {
    let mut counts = BTreeMap::new();
    for change in changes {
        let action = change.action().map_or("change", |action| action.as_str()).to_lowercase();
        *counts.entry(action).or_insert(0) += 1;
    }
    counts.into_iter().map(|(action, count)| format!("{action} {count}")).collect::<Vec<_>>().join(", ")
}

fn new_name() -> String {
    format!("busline-{}", Timestamp::now().as_millisecond())
}

/// The progress of an execution, from the stack's events so far.
#[derive(Default)]
struct Progress {
    seen: HashSet<String>,
    total: usize,
    done: usize,
    failures: Vec<String>,
    /// The stack's status, once it is a final one.
    end: Option<StackStatus>,
}

impl Progress {
    fn follow(&mut self, events: Vec<StackEvent>, step: &Step) {
        // CloudFormation returns the newest first.
        for event in events.into_iter().rev() {
            let id = event.event_id().unwrap_or_default().to_owned();
            if self.seen.insert(id) {
                self.show(&event, step);
            }
        }
    }

    fn show(&mut self, event: &StackEvent, step: &Step) {
        let status = event.resource_status().map_or("", |status| status.as_str());
        let resource = event.logical_resource_id().unwrap_or_default();
        let kind = event.resource_type().unwrap_or_default();
        if status.ends_with("_FAILED") {
            let reason = event.resource_status_reason().unwrap_or("CloudFormation gave no reason");
            let line = format!("  {resource} ({kind}): {status}: {reason}");
            // A resource that CloudFormation cancelled because another one failed explains nothing.
            if !reason.contains("cancelled") {
                self.failures.push(line);
            }
        }
        if event.physical_resource_id() == event.stack_id() {
            self.end =
                event.resource_status().map(|status| StackStatus::from(status.as_str())).filter(|s| !in_progress(s));
        } else if status.ends_with("_COMPLETE") {
            self.done += 1;
        }
        step.at(format_args!("{}/{} {resource} {status}", self.done.min(self.total), self.total));
    }

    fn reasons(&self) -> String {
        if self.failures.is_empty() { "  CloudFormation gave no reason".into() } else { self.failures.join("\n") }
    }
}

fn parameter(name: &str, value: &str) -> Parameter {
    Parameter::builder().parameter_key(name).parameter_value(value).build()
}

fn in_progress(status: &StackStatus) -> bool {
    status.as_str().ends_with("_IN_PROGRESS") && *status != StackStatus::ReviewInProgress
}

/// CloudFormation has no error code for it, only these two sentences.
fn is_without_changes(reason: &str) -> bool {
    reason.contains("didn't contain changes") || reason.contains("No updates are to be performed")
}

#[cfg(test)]
mod tests {
    use aws_sdk_cloudformation::types::{
        ChangeAction, Replacement, ResourceChangeDetail, ResourceTargetDefinition as Property,
    };

    use super::*;

    fn change(action: ChangeAction, resource: &str, replacement: Replacement) -> ResourceChange {
        let memory = ResourceChangeDetail::builder().target(Property::builder().name("MemorySize").build()).build();
        ResourceChange::builder()
            .action(action)
            .logical_resource_id(resource)
            .resource_type("AWS::Lambda::Function")
            .replacement(replacement)
            .details(memory)
            .build()
    }

    #[test]
    fn one_setting_of_a_hundred_functions_is_one_row_and_all_that_may_be_lost_is_named() {
        let mut changes: Vec<_> =
            (0..100).map(|n| change(ChangeAction::Modify, &format!("Job{n}"), Replacement::False)).collect();
        changes.extend((0..4).map(|n| change(ChangeAction::Modify, &format!("Moved{n}"), Replacement::Conditional)));
        changes.extend((0..4).map(|n| change(ChangeAction::Remove, &format!("Gone{n}"), Replacement::False)));
        let table = table(&changes);
        assert_eq!(table.lines().count(), 4, "{table}");
        assert!(table.contains("MemorySize  False        Job0, Job1, Job2 and 97 more"), "{table}");
        assert!(table.contains("Moved0, Moved1, Moved2, Moved3"), "{table}");
        assert!(table.contains("Gone0, Gone1, Gone2, Gone3"), "{table}");
    }
}
