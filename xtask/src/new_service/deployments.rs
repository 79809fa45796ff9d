//! Deployments of the copy to separate local clouds: on one of them the tests of the new service run. On the other one a
//! deployment with files that its code does not give is refused, one that fails its smoke test returns to the one before,
//! and after one that was killed a repeated command finishes what is missing.

use std::cell::Cell;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use ::contracts::schemas;
use anyhow::{Context, Result, ensure};
use regex::Regex;

use crate::aws::{self, Target};
use crate::cloud::LocalCloud;
use crate::deployment_lock::{self, OtherLock};
use crate::home::Home;
use crate::interrupts::{Interrupted, Interrupts};
use crate::new_service::by_hand::JOB;
use crate::new_service::check::NEED_PRODUCT;
use crate::new_service::copy::Copy;
use crate::process;
use crate::python::Python;
use crate::services::Service;
use crate::stacks::{self, ARTIFACTS, Stack, Stacks};
use crate::status::Status;
use crate::ui;

/// A local cloud, and the first service of the copy, which is deployed to it with the stacks before it.
pub(super) struct Scenario<'a> {
    pub(super) copy: &'a Copy,
    pub(super) home: Home,
    pub(super) target: Target,
    pub(super) stack: Stack,
}

/// Runs all on two separate local clouds. After a failure their folder with logs and data is kept.
pub(super) async fn check(copy: &Copy, services: [&str; 2], home: &Home, interrupts: &mut Interrupts) -> Result<()> {
    let folder = tempfile::Builder::new().prefix("busline-test-").tempdir()?;
    let own = |name: &str| Home { repo: copy.folder.clone(), ..home.beside(folder.path().join(name)) };
    let homes = [own("tests"), own("mistakes")];
    let outcome = interrupts.unless(Box::pin(on_clouds(copy, services, home, &homes))).await;
    for home in &homes {
        LocalCloud::new(home).kill().await?;
    }
    if outcome.as_ref().is_err_and(|error| !error.is::<Interrupted>()) {
        ui::note(format_args!("Logs and data of the local clouds are kept in {}", folder.keep().display()));
    }
    outcome
}

async fn on_clouds(copy: &Copy, services: [&str; 2], home: &Home, homes: &[Home; 2]) -> Result<()> {
    copy.cargo(&["build", "--quiet", "--bin", "xtask"]).await?;
    let python = Python::ready(home).await?;
    let stacks = Stacks::discover(&copy.folder)?;
    send_as_tests_do(copy, &stacks)?;
    let first = stacks.all().iter().position(|stack| stack.service.is_some()).context("there is no service")?;
    let names: Vec<&str> = stacks.all()[..=first].iter().map(|stack| stack.name.as_str()).collect();
    let scenario = async |home: &Home| {
        let target = Target::local(LocalCloud::new(home).start(&python, None).await?);
        anyhow::Ok(Scenario { copy, home: home.clone(), target, stack: stacks.all()[first].clone() })
    };
    let [tests, mistakes] = homes;
    let (tests, mistakes) = (scenario(tests).await?, scenario(mistakes).await?);
    tests.deploy(&[&names[..], &services[..1]].concat()).await?;
    tests.test_subscriber(&stacks, services).await?;
    mistakes.deploy(&names).await?;
    // From now on the files of the first service change.
    let tested = tests.test_service(services[0]);
    tokio::try_join!(tested, mistakes.run()).map(drop)
}

/// Sets the parameters of templates for tests, which send more than a user does.
fn send_as_tests_do(copy: &Copy, stacks: &Stacks) -> Result<()> {
    let file = copy.folder.join("infra/environments/local.yaml");
    let mut file = fs::File::options().append(true).open(file)?;
    for Service { name, test_parameters, .. } in stacks.services().filter(|one| !one.test_parameters.is_empty()) {
        writeln!(file, "{name}: {}", serde_json::to_string(test_parameters)?)?;
    }
    Ok(())
}

impl Scenario<'_> {
    /// The test of the generated subscriber that needs a running product.
    async fn test_subscriber(&self, stacks: &Stacks, [service, subscriber]: [&str; 2]) -> Result<()> {
        let services = [stacks.service(service)?.clone(), stacks.service(subscriber)?.clone()];
        let status = Status::read(&self.target, &services).await?;
        fs::write(self.status(), serde_json::to_vec(&status)?)?;
        self.test(subscriber, &[&format!("e2e::{}::", JOB.replace('-', "_"))]).await
    }

    /// The tests of the new service that need a running product.
    async fn test_service(&self, service: &str) -> Result<()> {
        self.test(service, &NEED_PRODUCT).await
    }

    async fn test(&self, service: &str, tests: &[&str]) -> Result<()> {
        let mut command = self.copy.test_command(&[service], tests);
        command.env("BUSLINE_STATUS", self.status()).env("BUSLINE_HOME", &self.home.dir);
        let begun = Instant::now();
        let written = process::written(&mut command).await?;
        let passed = Regex::new("ok. ([0-9]+) passed")?;
        let passed = passed.captures_iter(&written).map(|result| result[1].parse::<u32>());
        let passed: u32 = passed.sum::<Result<_, _>>()?;
        ensure!(passed > 0, "{service} has no test {}", tests.join(" or "));
        ui::note(format_args!(
            "{service}: {passed} tests passed on a running product in {}",
            ui::seconds(begun.elapsed())
        ));
        Ok(())
    }

    fn status(&self) -> PathBuf {
        self.home.dir.join("status.json")
    }

    async fn run(&self) -> Result<()> {
        self.ensure_agreement().await?;
        Box::pin(self.exclude_each_other()).await?;
        self.refuse_readers_unlike_their_files().await?;
        self.return_after_wrong_route().await?;
        self.return_after_function_that_does_not_start().await?;
        self.return_after_functions_that_cannot_log().await?;
        Box::pin(self.finish_after_kills()).await?;
        Box::pin(self.finish_returns_after_kills()).await
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
        let text = self.template_text()?;
        fs::write(self.template_file(), self.without_smoke_route(&text)?)?;
        // The contracts refuse it before, so that it has to be forced.
        let refusal = self.deploy(&[&self.stack.name]).await.err();
        let refusal = refusal.context("it is deployed without its route")?.to_string();
        ensure!(refusal.contains("route-in-openapi"), "it is refused for another reason:\n{refusal}");
        for _ in 0..2 {
            let failure = self.deploy(&[&self.stack.name, "--force", "a test"]).await.err();
            let failure = failure.context("it is green without its route")?.to_string();
            ensure!(failure.contains("runs again"), "it does not tell that the one before runs again:\n{failure}");
        }
        fs::write(self.template_file(), text)?;
        self.ensure_agreement().await
    }

    /// The template with another path of the smoke test's route.
    pub(super) fn without_smoke_route(&self, text: &str) -> Result<String> {
        let smoke = &self.stack.service.as_ref().context("a service")?.smoke;
        let moved = text.replace(&format!("Path: {smoke}}}"), &format!("Path: {smoke}-moved}}"));
        ensure!(moved != text, "no route of the template has the path {smoke}");
        Ok(moved)
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

    /// When functions may write no log lines, the deployment fails, and the one before runs. Contracts do not know it.
    async fn return_after_functions_that_cannot_log(&self) -> Result<()> {
        ui::note("a deployment of functions that cannot log");
        let file = self.copy.folder.join("infra/service.yaml");
        let text = fs::read_to_string(&file)?;
        let changed = text.replace("Action: [logs:CreateLogStream, logs:PutLogEvents]", "Action: logs:CreateLogStream");
        ensure!(changed != text, "{} does not allow logs:PutLogEvents", file.display());
        fs::write(&file, changed)?;
        let failure = self.deploy(&[&self.stack.name]).await.err();
        let failure = failure.context("it is green without logs:PutLogEvents")?.to_string();
        ensure!(failure.contains("no log line"), "it does not name a function that cannot log:\n{failure}");
        ensure!(failure.contains("runs again"), "it does not tell that the one before runs again:\n{failure}");
        fs::write(&file, text)?;
        self.ensure_agreement().await
    }

    /// The bucket of artifacts.
    pub(super) async fn bucket(&self) -> Result<String> {
        let path = stacks::parameter_path(&self.target.env, ARTIFACTS, "bucket");
        let bucket = aws_json::ssm::parameter(&self.target.sdk, &path).await;
        bucket.map_err(aws::call_failed("find the artifacts"))?.with_context(|| format!("there is no parameter {path}"))
    }

    pub(super) async fn deploy(&self, stacks: &[&str]) -> Result<()> {
        process::run_quietly(&mut self.command(stacks)).await
    }

    pub(super) fn command(&self, stacks: &[&str]) -> tokio::process::Command {
        // Not by cargo, which would live on without it.
        let program = self.copy.folder.join("target/debug/xtask");
        let mut command = self.copy.command(program);
        command.arg("deploy").args(stacks).args(["--env", &self.target.env]);
        command.env("CARGO_MANIFEST_DIR", self.copy.folder.join("xtask")).env("BUSLINE_HOME", &self.home.dir);
        command
    }

    pub(super) fn template_file(&self) -> PathBuf {
        self.copy.folder.join(&self.stack.template)
    }

    pub(super) fn template_text(&self) -> Result<String> {
        Ok(fs::read_to_string(self.template_file())?)
    }
}

/// A file below a folder that contains a text.
fn file_with(folder: &Path, text: &str) -> Result<PathBuf> {
    let files = schemas::files(folder)?;
    let found = files.into_iter().find(|file| fs::read_to_string(file).is_ok_and(|content| content.contains(text)));
    found.with_context(|| format!("no file below {} has {text}", folder.display()))
}
