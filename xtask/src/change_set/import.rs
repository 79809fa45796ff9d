//! Creates a stack of resources that exist already, through a change set of type `IMPORT`.

use anyhow::{Context, Result, bail};
use aws_sdk_cloudformation::types::{ChangeSetStatus, ChangeSetType, Parameter, ResourceToImport};

use super::{ChangeSet, Existing, StackChanger, new_name};
use crate::aws;
use crate::ui::Step;

/// The resources of a new stack that exist already.
///
/// CloudFormation neither creates nor changes anything in an import, so the template has these resources alone.
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/import-resources-manually.html>
#[derive(Debug)]
pub(crate) struct Import {
    pub(crate) template: String,
    pub(crate) parameters: Vec<Parameter>,
    pub(crate) resources: Vec<ResourceToImport>,
}

impl StackChanger<'_> {
    /// Creates the stack of resources that exist. A failure leaves neither a stack nor a change of the resources.
    ///
    /// # Errors
    /// Also if one of them belongs to another stack.
    pub(crate) async fn import(&self, import: Import, step: &Step) -> Result<()> {
        let request = self.client.create_change_set().stack_name(self.name).change_set_name(new_name());
        let request = request.change_set_type(ChangeSetType::Import).template_body(import.template);
        let request = request.set_parameters(Some(import.parameters)).set_resources_to_import(Some(import.resources));
        let created = request.send().await.map_err(aws::failed("create a change set that imports"))?;
        let id = created.id.context("CloudFormation returned no id of the change set")?;
        let described = self.wait_until_created(&id).await?;
        if described.status() != Some(&ChangeSetStatus::CreateComplete) {
            self.discard(&id, Existing::No).await?;
            bail!("CloudFormation refuses it: {}", described.status_reason().unwrap_or("it gave no reason"));
        }
        let changes = described.changes.unwrap_or_default().into_iter().filter_map(|change| change.resource_change);
        let executed = self.execute(&ChangeSet { changes: changes.collect(), id }, step).await;
        if executed.is_err() {
            // The imported resources are retained, and nothing else is in the stack.
            self.delete().await?;
        }
        executed
    }
}
