//! Tells the services the address of the page, for links in emails and for buckets' CORS rules.

use anyhow::{Context, Result};

use crate::change_set::StackChanger;
use crate::deploy::{Deployment, WEB_ORIGIN};
use crate::release::Releases;
use crate::stacks;
use crate::ui::Step;

impl Deployment<'_> {
    /// Changes each deployed service that has another origin of the page than the right one: the page is deployed after the
    /// services, and what ended between them is finished here.
    pub(super) async fn tell_origin(&self) -> Result<()> {
        let Some(origin) = self.web_origin().await? else { return Ok(()) };
        for stack in self.stacks.all() {
            let Some(service) = &stack.service else { continue };
            let name = stacks::stack_name(&self.target.env, &stack.name);
            let told = StackChanger::new(self.target, &name).parameter(WEB_ORIGIN).await?;
            if told.is_none_or(|told| told == origin) {
                continue;
            }
            let bucket = self.artifact_bucket().await?;
            let Some(mut release) = Releases::new(self.target, &bucket).last(&stack.name).await? else { continue };
            let step = Step::start(&stack.name);
            release.parameters.insert(WEB_ORIGIN.to_owned(), origin.clone());
            let failed = || format!("{stack} does not have the page's origin");
            self.change(stack, &release, &step).await.with_context(failed)?;
            self.keep_or_return(stack, service, &bucket, &release, &step).await.with_context(failed)?;
            step.done(format_args!("knows the page's address"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
