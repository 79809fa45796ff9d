//! The way back of a stack that was deleted.

use anyhow::Result;

use crate::change_set::{Existing, StackChanger};
use crate::deploy::Deployment;
use crate::release::Release;
use crate::retained;
use crate::stacks::Stack;
use crate::ui::Step;

impl Deployment<'_> {
    /// Creates a stack that was deleted of what CloudFormation retained, so that its data stay. The deployment then adds
    /// the rest.
    pub(super) async fn restore(
        &self,
        stack: &Stack,
        changer: &StackChanger<'_>,
        release: &Release,
        step: &Step,
    ) -> Result<()> {
        let exists = changer.ready_for_change(step).await? == Existing::Yes;
        if exists || !retained::take_back(self.target, changer, &release.template, step).await? {
            return Ok(());
        }
        let dependents = self.stacks.all().iter().filter(|other| other.needs.contains(&stack.name));
        let dependents: Vec<&str> = dependents.map(|other| other.name.as_str()).collect();
        if !dependents.is_empty() {
            step.note(format_args!(
                "  its API and its other ids are new: `cargo xtask deploy {} --env {}` tells the stacks that use them",
                dependents.join(" "),
                self.target.env
            ));
        }
        Ok(())
    }
}
