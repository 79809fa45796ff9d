//! Deployments of the copy to a separate local cloud: one with files that its code does not give is refused, one that fails
//! its smoke test returns to the one before, and after
//! one that was killed a repeated command finishes what is missing.

use std::cell::Cell;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use ::contracts::schemas;
use anyhow::{Context, Result, ensure};
use aws_sdk_cloudformation::types::TemplateStage;

use crate::aws::{self, Target};
use crate::cloud::LocalCloud;
use crate::contracts;
use crate::deployment_lock::{self, OtherLock};
use crate::home::Home;
use crate::interrupts::Interrupts;
use crate::new_service::copy::Copy;
use crate::process;
use crate::python::Python;
use crate::release::Releases;
use crate::stacks::{self, ARTIFACTS, Stack, Stacks};
use crate::template::Template;
use crate::ui;

/// At so many moments of a deployment it is killed.
const KILLS: u32 = 20;

/// A local cloud, and the first service of the copy with the stacks before it.
struct Scenario<'a> {
    copy: &'a Copy,
    home: Home,
    target: Target,
    stack: Stack,
}

/// Runs all on a separate local cloud.
pub(super) async fn check(copy: &Copy, home: &Home, interrupts: &mut Interrupts) -> Result<()> {
    let folder = tempfile::Builder::new().prefix("busline-test-").tempdir()?;
    let own = Home { repo: copy.folder.clone(), ..home.beside(folder.path().to_owned()) };
    interrupts.unless(copy.cargo(&["build", "--quiet", "--bin", "xtask"])).await?;
    let python = interrupts.unless(Python::ready(home)).await?;
    let stacks = Stacks::discover(&copy.folder)?;
    let first = stacks.all().iter().position(|stack| stack.service.is_some()).context("there is no service")?;
    let stack = stacks.all()[first].clone();
    let local = LocalCloud::new(&own);
    let cloud = local.start(&python, None).await?;
    let scenario = Scenario { copy, home: own.clone(), target: Target::local(cloud), stack };
    let names: Vec<&str> = stacks.all()[..=first].iter().map(|stack| stack.name.as_str()).collect();
    let outcome = interrupts.unless(Box::pin(scenario.run(&names))).await;
    outcome.and(local.kill().await)
}

impl Scenario<'_> {
    async fn run(&self, stacks: &[&str]) -> Result<()> {
        let begun = Instant::now();
        self.deploy(stacks).await?;
        self.ensure_agreement().await?;
        Box::pin(self.exclude_each_other()).await?;
        self.refuse_readers_unlike_their_files().await?;
        self.return_after_wrong_route().await?;
        self.return_after_function_that_does_not_start().await?;
        self.finish_after_kills(begun.elapsed()).await
    }

    /// Of deployments that begin at the same moment, each waits for the end of the one before.
    async fn exclude_each_other(&self) -> Result<()> {
        let (bucket, running) = (self.bucket().await?, Cell::new(0));
        let deploy = || {
            deployment_lock::exclusively(&self.target, &bucket, OtherLock::Holds, async {
                running.set(running.get() + 1);
                tokio::time::sleep(Duration::from_secs(1)).await;
                let ran_beside = running.replace(0) - 1;
                ensure!(ran_beside == 0, "{ran_beside} deployments ran at the same time");
                Ok(())
            })
        };
        tokio::try_join!(deploy(), deploy(), deploy()).map(drop)
    }

    /// A reader that requires one field more than its file is not deployed, and neither is one with a file that was
    /// loosened by hand.
    async fn refuse_readers_unlike_their_files(&self) -> Result<()> {
        ui::note("deployments of readers that are not what their files say");
        let service = &self.stack.service.as_ref().context("a service")?.folder;
        let subscribe = self.copy.folder.join(service).join("src/subscribe");
        let marker = "#[cfg_attr(test, derive(schemars::JsonSchema))]";
        let code = file_with(&subscribe, marker)?;
        let file = file_with(&self.copy.folder.join(service).join("reads"), "\"required\"")?;
        let more = |text: &str| {
            let (before, after) = text.split_once(marker).unwrap_or_default();
            format!(
                "{before}{marker}{}",
                after.replacen(" {\n", " {\n    #[allow(dead_code)]\n    pub(crate) one_more: String,\n", 1)
            )
        };
        let less = |text: &str| text.replace("\"required\"", "\"wanted\"");
        for (path, change) in [(code, &more as &dyn Fn(&str) -> String), (file, &less)] {
            let text = fs::read_to_string(&path)?;
            let changed = change(&text);
            ensure!(changed != text, "nothing changes in {}", path.display());
            fs::write(&path, changed)?;
            let failure = self.deploy(&[&self.stack.name]).await.err();
            let failure = failure.with_context(|| format!("it is deployed with {}", path.display()))?.to_string();
            ensure!(failure.contains("reader-matches-code"), "it is refused for another reason:\n{failure}");
            ensure!(failure.contains("run `cargo xtask schemas`"), "it does not tell what to do:\n{failure}");
            fs::write(&path, text)?;
        }
        self.ensure_agreement().await
    }

    /// Without the route of the smoke test, each deployment fails, and the one before runs.
    async fn return_after_wrong_route(&self) -> Result<()> {
        ui::note("a deployment without its smoke test's route");
        let smoke = &self.stack.service.as_ref().context("a service")?.smoke;
        let text = self.template_text()?;
        let moved = text.replace(&format!("Path: {smoke}}}"), &format!("Path: {smoke}-moved}}"));
        ensure!(moved != text, "no route of the template has the path {smoke}");
        fs::write(self.template_file(), moved)?;
        // The contracts refuse it before, so that it has to be forced.
        let refusal = self.deploy(&[&self.stack.name]).await.err();
        let refusal = refusal.with_context(|| format!("it is deployed without the route {smoke}"))?.to_string();
        ensure!(refusal.contains("route-in-openapi"), "it is refused for another reason:\n{refusal}");
        for _ in 0..2 {
            let failure = self.deploy(&[&self.stack.name, "--force", "a test"]).await.err();
            let failure = failure.with_context(|| format!("it is green without the route {smoke}"))?.to_string();
            ensure!(failure.contains("runs again"), "it does not tell that the one before runs again:\n{failure}");
        }
        fs::write(self.template_file(), text)?;
        self.ensure_agreement().await
    }

    /// With a function without its job in the binary, or without a setting, the deployment fails, and the one
    /// before runs.
    async fn return_after_function_that_does_not_start(&self) -> Result<()> {
        ui::note("deployments with functions that do not start");
        let text = self.template_text()?;
        let job = self.served_job()?;
        for (right, wrong) in [
            (format!("Handler: {job}\n"), format!("Handler: {job}-forgotten\n")),
            ("{Variables: {TABLE_NAME: ".to_owned(), "{Variables: {TABLE: ".to_owned()),
        ] {
            let changed = text.replace(&right, &wrong);
            ensure!(changed != text, "the template has no {right}");
            fs::write(self.template_file(), changed)?;
            // The contracts refuse it before, so that it has to be forced.
            let refusal = self.deploy(&[&self.stack.name]).await.err();
            let refusal = refusal.with_context(|| format!("it is deployed with {wrong}"))?.to_string();
            ensure!(!refusal.contains("does not start"), "the contracts do not refuse {wrong}:\n{refusal}");
            let failure = self.deploy(&[&self.stack.name, "--force", "a test"]).await.err();
            let failure = failure.with_context(|| format!("it is green with {wrong}"))?.to_string();
            ensure!(failure.contains("does not start"), "it does not name a function that does not start:\n{failure}");
            ensure!(failure.contains("runs again"), "it does not tell that the one before runs again:\n{failure}");
        }
        fs::write(self.template_file(), text)?;
        self.ensure_agreement().await
    }

    /// A job of the service that serves a route: contracts say nothing about it.
    fn served_job(&self) -> Result<String> {
        let service = self.stack.service.as_ref().context("a service")?;
        let jobs = fs::read_to_string(self.copy.folder.join(&service.folder).join("src/main.rs"))?;
        let line = jobs.lines().find(|line| line.contains("=> serve(")).context("main.rs has a job with a route")?;
        Ok(line.trim().split('"').nth(1).context("its name")?.to_owned())
    }

    /// Kills the command at moments spread over a deployment, and repeats it each time.
    async fn finish_after_kills(&self, longest: Duration) -> Result<()> {
        let text = self.template_text()?;
        let memory =
            text.lines().find(|line| line.contains("MemorySize: ")).context("the functions have a memory size")?;
        let variants = [text.replacen(memory, &format!("{memory}1"), 1), text.clone()];
        let mut longest = longest;
        for (kill, variant) in (0..KILLS).zip(variants.iter().cycle()) {
            fs::write(self.template_file(), variant)?;
            let mut deployment = self.command(&[&self.stack.name]);
            let mut deployment = deployment.stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
            let ended = tokio::time::timeout(longest * kill / KILLS, deployment.wait()).await;
            if ended.is_err() {
                deployment.kill().await?;
            }
            let begun = Instant::now();
            let repeated = self.deploy(&[&self.stack.name]).await;
            repeated.with_context(|| format!("the repeated deployment fails after kill {kill}"))?;
            // What is built and linted already takes no time from then on.
            longest = begun.elapsed().max(Duration::from_secs(1));
            self.ensure_agreement().await.with_context(|| format!("after kill {kill}"))?;
        }
        ui::note(format_args!("{KILLS} killed deployments, each finished by one command"));
        Ok(())
    }

    /// The stack, the last release and the recorded contracts are those of the copy.
    async fn ensure_agreement(&self) -> Result<()> {
        let name = &self.stack.name;
        let expected = Template::read(&self.copy.folder, &self.stack, &[])?.body;
        let client = aws_sdk_cloudformation::Client::new(&self.target.sdk);
        let deployed = client.get_template().stack_name(stacks::stack_name(&self.target.env, name));
        let deployed = deployed.template_stage(TemplateStage::Original).send().await;
        let deployed = deployed.map_err(aws::failed("read the deployed template"))?.template_body;
        ensure!(deployed.as_deref().map(str::trim) == Some(expected.trim()), "another template is deployed");
        let release =
            Releases::new(&self.target, &self.bucket().await?).last(name).await?.context("there is no release")?;
        ensure!(release.template == expected, "another template is the last release");
        contracts::ensure_recorded(&self.home, &self.target, name).await
    }

    /// The bucket of artifacts.
    async fn bucket(&self) -> Result<String> {
        let path = stacks::parameter_path(&self.target.env, ARTIFACTS, "bucket");
        let bucket = aws_json::ssm::parameter(&self.target.sdk, &path).await;
        bucket.map_err(aws::call_failed("find the artifacts"))?.with_context(|| format!("there is no parameter {path}"))
    }

    async fn deploy(&self, stacks: &[&str]) -> Result<()> {
        process::run_quietly(&mut self.command(stacks)).await
    }

    fn command(&self, stacks: &[&str]) -> tokio::process::Command {
        // Not by cargo, which would live on without it.
        let program = self.copy.folder.join("target/debug/xtask");
        let mut command = self.copy.command(program);
        command.arg("deploy").args(stacks).args(["--env", &self.target.env]);
        command.env("CARGO_MANIFEST_DIR", self.copy.folder.join("xtask")).env("BUSLINE_HOME", &self.home.dir);
        command
    }

    fn template_file(&self) -> PathBuf {
        self.copy.folder.join(&self.stack.template)
    }

    fn template_text(&self) -> Result<String> {
        Ok(fs::read_to_string(self.template_file())?)
    }
}

/// A file below a folder that contains a text.
fn file_with(folder: &Path, text: &str) -> Result<PathBuf> {
    let files = schemas::files(folder)?;
    let found = files.into_iter().find(|file| fs::read_to_string(file).is_ok_and(|content| content.contains(text)));
    found.with_context(|| format!("no file below {} has {text}", folder.display()))
}
