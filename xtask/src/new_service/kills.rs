//! Kills deployments at moments that are spread over them, and repeats each once.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use aws_sdk_cloudformation::types::TemplateStage;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Child;

use super::deployments::Scenario;
use crate::aws;
use crate::contracts;
use crate::release::Releases;
use crate::stacks;
use crate::template::Template;
use crate::ui;

/// A deployment is killed at moments that are spread evenly over its time, as often as possible of these.
const SPREAD: u32 = 16;
/// Beside those, at the moment when the stack has changed, and when its release was kept.
const AT_CHANGES: [Moment; 4] = [Moment::Changed, Moment::Kept, Moment::Changed, Moment::Kept];

/// A deployment may end before its moment, which is then tried again.
const MAX_ATTEMPTS: u32 = 10;
const POLL: Duration = Duration::from_millis(20);
const SIGKILL: i32 = 9;

/// When a deployment is killed.
#[derive(Clone, Copy)]
enum Moment {
    /// After this part of its time, in [`SPREAD`]ths.
    Part(u32),
    /// The stack has the new template.
    Changed,
    /// The release is the new one.
    Kept,
}

/// What of a deployment an environment has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Progress {
    stack: bool,
    release: bool,
    record: bool,
}

const NOTHING: Progress = Progress { stack: false, release: false, record: false };
const ALL: Progress = Progress { stack: true, release: true, record: true };

impl fmt::Display for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let done = |done: bool| if done { "new" } else { "old" };
        write!(f, "{} stack, {} release, {} record", done(self.stack), done(self.release), done(self.record))
    }
}

impl Scenario<'_> {
    /// Kills the command at moments of a deployment, and repeats it each time.
    pub(super) async fn finish_after_kills(&self) -> Result<()> {
        ui::note("deployments that are killed");
        let variants = variants(&self.template_text()?)?;
        let mut variants = variants.iter().cycle();
        let mut next = || fs::write(self.template_file(), variants.next().map_or("", String::as_str));
        next()?;
        let begun = Instant::now();
        self.deploy(&[&self.stack.name]).await?;
        let mut whole = begun.elapsed();
        let mut kills: BTreeMap<Progress, u32> = BTreeMap::new();
        for moment in (0..SPREAD).map(Moment::Part).chain(AT_CHANGES) {
            let progress = self.kill_at(moment, &mut next, &mut whole).await?;
            let repeated = self.deploy(&[&self.stack.name]).await;
            repeated.with_context(|| format!("the repeated deployment fails after a kill with {progress}"))?;
            self.ensure_agreement().await.with_context(|| format!("after a kill with {progress}"))?;
            *kills.entry(progress).or_default() += 1;
        }
        for (progress, count) in &kills {
            ui::note(format_args!("{count} deployments killed with {progress}, each finished by one command"));
        }
        let is_between = |progress: &Progress| ![NOTHING, ALL].contains(progress);
        ensure!(kills.contains_key(&NOTHING), "no deployment was killed before its change");
        ensure!(kills.keys().any(is_between), "no deployment was killed between its change and its record");
        Ok(())
    }

    /// Deploys variants until one is killed at the moment, and not at its end; returns how far it had come.
    async fn kill_at(
        &self,
        moment: Moment,
        next: &mut impl FnMut() -> std::io::Result<()>,
        whole: &mut Duration,
    ) -> Result<Progress> {
        for _ in 0..MAX_ATTEMPTS {
            next()?;
            ensure!(self.progress().await? == NOTHING, "the variants are alike in stack, release or record");
            let begun = Instant::now();
            let mut deployment = self.command(&[&self.stack.name]);
            let mut deployment = deployment.stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
            tokio::select! {
                biased;
                ended = deployment.wait() => ensure!(ended?.success(), "a deployment fails that was not killed"),
                reached = self.wait_for(moment, *whole) => reached?,
            }
            if kill(&mut deployment).await? {
                return self.progress().await;
            }
            *whole = begun.elapsed();
            self.ensure_agreement().await?;
        }
        anyhow::bail!("{MAX_ATTEMPTS} deployments ended before they could be killed")
    }

    async fn wait_for(&self, moment: Moment, whole: Duration) -> Result<()> {
        if let Moment::Part(part) = moment {
            tokio::time::sleep(whole * part / SPREAD).await;
            return Ok(());
        }
        let has_come =
            async || if let Moment::Kept = moment { self.is_released().await } else { self.is_deployed().await };
        while !has_come().await? {
            tokio::time::sleep(POLL).await;
        }
        Ok(())
    }

    /// Kills deployments that return to the one before; a repeated command, or one with a right template, finishes it.
    pub(super) async fn finish_returns_after_kills(&self) -> Result<()> {
        let right = self.template_text()?;
        let wrong = self.without_smoke_route(&right)?;
        let name = &self.stack.name;
        for repeated in [&wrong, &right] {
            fs::write(self.template_file(), &wrong)?;
            let mut deployment = self.command(&[name, "--force", "a test"]);
            let mut deployment = deployment.stdout(Stdio::null()).stderr(Stdio::piped()).spawn()?;
            let mut lines = BufReader::new(deployment.stderr.take().context("its standard error")?).lines();
            while !lines.next_line().await?.context("it does not return")?.contains("returning to the deployment") {}
            ensure!(kill(&mut deployment).await?, "it ended before it could be killed");
            ui::note(format_args!("a return was killed with {}", self.progress().await?));
            fs::write(self.template_file(), repeated)?;
            let outcome = self.deploy(&[name, "--force", "a test"]).await;
            fs::write(self.template_file(), &right)?;
            match outcome {
                Ok(()) => ensure!(repeated == &right, "it is green without its route"),
                Err(error) => ensure!(error.to_string().contains("runs again"), "it does not return:\n{error}"),
            }
            self.ensure_agreement().await.context("after a return that was killed")?;
        }
        Ok(())
    }

    /// The stack, the last release and the recorded contracts are those of the copy.
    pub(super) async fn ensure_agreement(&self) -> Result<()> {
        let progress = self.progress().await?;
        ensure!(progress == ALL, "stack, release and record do not agree with the copy: {progress}");
        Ok(())
    }

    async fn progress(&self) -> Result<Progress> {
        let record = contracts::is_recorded(&self.home, &self.target, &self.stack.name).await?;
        Ok(Progress { stack: self.is_deployed().await?, release: self.is_released().await?, record })
    }

    async fn is_deployed(&self) -> Result<bool> {
        let client = aws_sdk_cloudformation::Client::new(&self.target.sdk);
        let deployed = client.get_template().stack_name(stacks::stack_name(&self.target.env, &self.stack.name));
        let deployed = deployed.template_stage(TemplateStage::Original).send().await;
        let deployed = deployed.map_err(aws::failed("read the deployed template"))?.template_body;
        Ok(deployed.as_deref().map(str::trim) == Some(self.template()?.trim()))
    }

    async fn is_released(&self) -> Result<bool> {
        let bucket = self.bucket().await?;
        let last = Releases::new(&self.target, &bucket).last(&self.stack.name).await?;
        Ok(last.context("there is no release")?.template == self.template()?)
    }

    fn template(&self) -> Result<String> {
        Ok(Template::read(&self.copy.folder, &self.stack, &[])?.body)
    }
}

/// A template that also differs in what contracts record, and the template itself: with a source that the prefix of a rule
/// includes.
fn variants(text: &str) -> Result<[String; 2]> {
    let other = text.replacen("source: [{prefix: busline.}", "source: [{prefix: busline.}, {prefix: busline.t}", 1);
    ensure!(other != text, "no job of the service reads an event of several publishers");
    Ok([other, text.to_owned()])
}

/// Returns whether it was the signal that ended it.
async fn kill(deployment: &mut Child) -> Result<bool> {
    deployment.start_kill().or_else(|error| if deployment.id().is_none() { Ok(()) } else { Err(error) })?;
    Ok(deployment.wait().await?.signal() == Some(SIGKILL))
}
