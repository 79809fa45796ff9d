//! Whether a deployment passes its smoke test, and the way back to the last one that did.

use anyhow::{Context, Result};

use crate::deploy::Deployment;
use crate::release::{Release, Releases};
use crate::services::Service;
use crate::smoke::{self, NotTested};
use crate::stacks::{self, Stack};
use crate::ui::Step;

impl Deployment<'_> {
    /// Keeps a deployment that passes its smoke test, also when it changed nothing: one before may have been killed. After
    /// a failure the last one that passed runs again.
    pub(super) async fn keep_or_return(
        &self,
        stack: &Stack,
        service: &Service,
        bucket: &str,
        release: &Release,
        step: &Step,
    ) -> Result<()> {
        let releases = Releases::new(self.target, bucket);
        let last = releases.last(&stack.name).await?;
        let has_passed = last.as_ref().is_some_and(|last| last.is_like(release));
        let tested =
            if has_passed { self.test_api(service, step).await } else { self.test(stack, service, step).await };
        let Err(failure) = tested else {
            return releases.keep(&stack.name, release).await;
        };
        if failure.is::<NotTested>() {
            return Err(failure);
        }
        let Some(last) = last else {
            return Err(failure.context(
                "it runs, because no deployment before it has passed the smoke test that it could return to; this \
                 command fails until one passes",
            ));
        };
        step.note(format_args!("  {failure:#}: returning to the deployment of {}", last.at));
        self.change(stack, &last, step).await.context("it did not return")?;
        self.test_api(service, step).await.context("also the last deployment that passed now fails")?;
        Err(failure.context(format!("the deployment of {} runs again", last.at)))
    }

    /// The API of a new release answers, and each of its functions starts.
    async fn test(&self, stack: &Stack, service: &Service, step: &Step) -> Result<()> {
        self.test_api(service, step).await?;
        step.at("starting its functions");
        let name = stacks::stack_name(&self.target.env, &stack.name);
        for function in smoke::functions(self.target, &name).await? {
            step.note(format_args!("  {function} was not started: its reserved concurrency is 0"));
        }
        Ok(())
    }

    async fn test_api(&self, service: &Service, step: &Step) -> Result<()> {
        step.at("smoke test");
        let path = stacks::parameter_path(&self.target.env, &service.name, "api-id");
        let api_id = self.parameter(&path).await?.with_context(|| format!("the stack stored no parameter {path}"))?;
        smoke::api(self.target, &api_id, &service.smoke).await
    }
}
