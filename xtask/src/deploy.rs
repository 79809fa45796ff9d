//! Deploys stacks: build, lint, package, change set, smoke test. The only code that deploys, locally and to AWS.

mod origin;
mod restore;
mod smoke_test;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use ::contracts::deploy::record::Forced;
use ::contracts::template::SET_BY_DEPLOYMENT;
use anyhow::{Context, Result, bail};
use aws_json::ssm;
use aws_sdk_cloudformation::types::ResourceChange;
use jiff::Timestamp;

use crate::aws::{self, LOCAL, Target};
use crate::change_set::{self, INLINE_TEMPLATE_BYTES, StackChanger, TemplateSource};
use crate::contracts::{self, Gate};
use crate::deployment_lock::{self, OtherLock};
use crate::environments;
use crate::hash;
use crate::home::Home;
use crate::lint;
use crate::package::{self, Architecture, Build};
use crate::page::{self, publish};
use crate::parameters::{self, Assigned, Sources};
use crate::python::Python;
use crate::release::Release;
use crate::services::Service;
use crate::stacks::{self, ARTIFACTS, Stack, Stacks, WEB};
use crate::template::Template;
use crate::ui::{self, Step};

/// The parameter of templates that use the page's origin, in an email or in a bucket's CORS rules.
const WEB_ORIGIN: &str = "WebOrigin";

/// How much a deployment prints about its changes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Detail {
    /// A table of every resource.
    EveryResource,
    /// The number of resources.
    Counts,
}

/// A deployment to one environment.
#[derive(Debug)]
pub(crate) struct Deployment<'a> {
    pub(crate) home: &'a Home,
    /// The Python environment that holds the linter.
    pub(crate) python: &'a Python,
    /// Every stack of the repository.
    pub(crate) stacks: &'a Stacks,
    pub(crate) target: &'a Target,
    /// The functions' instruction set.
    pub(crate) architecture: Architecture,
    /// How much to print.
    pub(crate) detail: Detail,
    /// The services that are deployed although their contracts break a consumer, with the reason.
    pub(crate) forced: BTreeMap<String, Forced>,
}

/// Where a service's zip is.
struct Code {
    bucket: String,
    key: String,
}

impl Deployment<'_> {
    /// Deploys stacks, which must be in deployment order, unless that breaks a consumer.
    pub(crate) async fn run_through_gate(&mut self, stacks: &[&Stack], gate: &Gate) -> Result<()> {
        // First, because contracts say nothing about a template that is none.
        self.lint(stacks).await?;
        let step = Step::start("Contracts");
        self.forced = contracts::gate(self.home, self.target, stacks, gate).await?;
        step.done(if self.forced.is_empty() { gate.passed() } else { "forced, and the reason is recorded" });
        self.run(stacks).await
    }

    /// Deploys stacks, which must be in deployment order, to an environment without any consumer.
    pub(crate) async fn run_at_first(&self, stacks: &[&Stack]) -> Result<()> {
        self.lint(stacks).await?;
        self.run(stacks).await
    }

    /// Deploys stacks with templates that were linted.
    async fn run(&self, stacks: &[&Stack]) -> Result<()> {
        let binaries = self.build(stacks).await?;
        let page = if includes_web(stacks) { Some(page::build(self.home).await?) } else { None };
        let deployed_before = self.deployed_services().await?;
        for stack in stacks {
            self.deploy(stack, &binaries).await.with_context(|| format!("{stack} is not deployed"))?;
            if let Some(service) = &stack.service {
                let forced = self.forced.get(&service.name);
                contracts::record(self.home, self.target, &service.name, forced).await?;
            }
        }
        if let Some(dist) = page {
            let services: Vec<Service> = self.stacks.services().cloned().collect();
            publish::publish(self.target, &services, &dist).await.context("the page is not published")?;
        }
        self.tell_origin().await?;
        if !includes_web(stacks) && self.web_origin().await?.is_some() {
            self.announce_unreachable(&deployed_before).await?;
        }
        Ok(())
    }

    /// Tells which services are new in this environment: the distribution does not know their paths yet.
    async fn announce_unreachable(&self, before: &[Service]) -> Result<()> {
        let known: BTreeSet<&str> = before.iter().map(|service| service.name.as_str()).collect();
        for service in self.deployed_services().await?.iter().filter(|service| !known.contains(service.name.as_str())) {
            ui::note(format_args!(
                "{} is new here: `cargo xtask deploy {WEB} --env {}` makes {} reachable behind the page's address",
                service.name,
                self.target.env,
                service.api.join(", ")
            ));
        }
        Ok(())
    }

    /// The services that have an API in this environment.
    async fn deployed_services(&self) -> Result<Vec<Service>> {
        let mut deployed = Vec::new();
        for service in self.stacks.services() {
            let api_id = stacks::parameter_path(&self.target.env, &service.name, "api-id");
            if self.parameter(&api_id).await?.is_some() {
                deployed.push(service.clone());
            }
        }
        Ok(deployed)
    }

    /// The page's origin, once the page is deployed.
    async fn web_origin(&self) -> Result<Option<String>> {
        self.parameter(&stacks::parameter_path(&self.target.env, WEB, "origin")).await
    }

    fn template(&self, stack: &Stack, services: &[Service]) -> Result<Template> {
        Template::read(&self.home.repo, stack, services)
    }

    async fn lint(&self, stacks: &[&Stack]) -> Result<()> {
        let step = Step::start("Templates");
        match lint::templates(self.home, self.python, self.stacks, stacks).await? {
            0 => step.done("unchanged since they passed cfn-lint"),
            count => step.done(format_args!("{count} passed cfn-lint")),
        }
        Ok(())
    }

    async fn build(&self, stacks: &[&Stack]) -> Result<BTreeMap<String, PathBuf>> {
        let names: Vec<&str> = stacks.iter().filter_map(|stack| Some(stack.service.as_ref()?.name.as_str())).collect();
        if names.is_empty() {
            return Ok(BTreeMap::new());
        }
        let step = Step::announce("Build");
        let binaries = package::build(self.home, self.python, &names, self.build_kind()).await?;
        step.done(names.join(", "));
        Ok(binaries)
    }

    fn build_kind(&self) -> Build {
        if self.target.env == LOCAL { Build::Dev } else { Build::Release(self.architecture) }
    }

    async fn deploy(&self, stack: &Stack, binaries: &BTreeMap<String, PathBuf>) -> Result<()> {
        let step = Step::start(&stack.name);
        let template = self.template(stack, &self.served_by(stack, &step).await?)?;
        let code = match &stack.service {
            Some(service) => Some(self.upload(&service.name, binaries, &step).await?),
            None => None,
        };
        let assigned = self.assign(stack, &template, code.as_ref()).await?;
        self.expect_parameters(&assigned.looked_up).await?;

        let release = Release { at: Timestamp::now(), template: template.body, parameters: assigned.values };
        let applied = self.change(stack, &release, &step).await?;
        if let Some((service, code)) = stack.service.as_ref().zip(code) {
            self.keep_or_return(stack, service, &code.bucket, &release, &step).await?;
            if self.target.cloud.is_some() && applied.is_some() {
                package::delete_others(self.target, &code.bucket, &service.name, &code.key).await?;
            }
        }
        step.done(applied.map_or("unchanged".to_owned(), |changes| change_set::summary(&changes)));
        Ok(())
    }

    /// Changes a stack to a template and parameters; none when it is so already.
    async fn change(&self, stack: &Stack, release: &Release, step: &Step) -> Result<Option<Vec<ResourceChange>>> {
        let name = stacks::stack_name(&self.target.env, &stack.name);
        let changer = StackChanger::new(self.target, &name);
        self.restore(stack, &changer, release, step).await?;
        let source = self.template_source(stack, &release.template).await?;
        let Some(change_set) = changer.propose(source, &release.parameters, step).await? else {
            return Ok(None);
        };
        if self.detail == Detail::EveryResource {
            step.note(change_set::table(&change_set.changes));
        }
        changer.execute(&change_set, step).await?;
        Ok(Some(change_set.changes))
    }

    /// The services that a stack serves. The distribution leaves out what is not deployed: CloudFormation would refuse
    /// the whole stack for one SSM parameter that is missing.
    async fn served_by(&self, stack: &Stack, step: &Step) -> Result<Vec<Service>> {
        if stack.name != WEB {
            return Ok(Vec::new());
        }
        let deployed = self.deployed_services().await?;
        for service in self.stacks.services().filter(|service| !deployed.contains(service)) {
            step.note(format_args!(
                "  the page is deployed without {name}, which is not in {env}: `cargo xtask deploy {name} {WEB} --env {env}` \
                 adds it",
                name = service.name,
                env = self.target.env
            ));
        }
        Ok(deployed)
    }

    async fn assign(&self, stack: &Stack, template: &Template, code: Option<&Code>) -> Result<Assigned> {
        let env = &self.target.env;
        let mut known = BTreeMap::from([("Env", env.clone())]);
        if let Some(code) = code {
            known.insert("ArtifactBucket", code.bucket.clone());
            known.insert("ArtifactKey", code.key.clone());
            known.insert("Architecture", self.architecture.name().to_owned());
        }
        if let Some(cloud) = self.target.cloud {
            known.insert("LocalPort", cloud.port.to_string());
        }
        if let Some(origin) = self.web_origin().await? {
            known.insert(WEB_ORIGIN, origin);
        }
        debug_assert!(known.keys().all(|name| SET_BY_DEPLOYMENT.contains(name)), "the contracts know what is set here");
        let mut file = environments::values(&self.home.repo, env)?;
        let mut given = file.remove(&stack.name).unwrap_or_default();
        if let (true, Some(service)) = (self.home.is_for_tests, &stack.service) {
            given.extend(service.test_parameters.clone());
        }
        parameters::assign(stack, template, &Sources { env, known, given })
    }

    async fn upload(&self, service: &str, binaries: &BTreeMap<String, PathBuf>, step: &Step) -> Result<Code> {
        let binary = binaries.get(service).context("the binary was not built")?;
        step.at("package");
        let package = package::package(self.home, service, binary, self.build_kind()).await?;
        let bucket = self.artifact_bucket().await?;
        step.at("upload");
        package::upload(self.target, &bucket, &package).await?;
        Ok(Code { bucket, key: package.key })
    }

    async fn artifact_bucket(&self) -> Result<String> {
        let path = artifact_bucket_path(&self.target.env);
        self.parameter(&path).await?.with_context(|| missing(&path, &self.target.env, self.stacks))
    }

    async fn template_source(&self, stack: &Stack, template: &str) -> Result<TemplateSource> {
        if template.len() <= INLINE_TEMPLATE_BYTES {
            return Ok(TemplateSource::Inline(template.to_owned()));
        }
        let bucket = self.artifact_bucket().await?;
        let key = format!("{stack}/{}.template", hash::sha256(template.as_bytes()));
        let put = self.target.s3().put_object().bucket(&bucket).key(&key).body(template.as_bytes().to_vec().into());
        put.send().await.map_err(aws::failed("upload the template"))?;
        let base = match self.target.cloud {
            Some(cloud) => format!("{}/{bucket}", cloud.endpoint()),
            None => format!("https://{bucket}.s3.{}.amazonaws.com", self.target.region()),
        };
        Ok(TemplateSource::Url(format!("{base}/{key}")))
    }

    async fn expect_parameters(&self, paths: &[String]) -> Result<()> {
        for path in paths {
            if self.parameter(path).await?.is_none() {
                bail!(missing(path, &self.target.env, self.stacks));
            }
        }
        Ok(())
    }

    async fn parameter(&self, path: &str) -> Result<Option<String>> {
        let value = ssm::parameter(&self.target.sdk, path).await;
        value.map_err(aws::call_failed(&format!("read the parameter {path}")))
    }
}

/// Tells which stack stores a missing SSM parameter, so that it can be deployed first.
fn missing(path: &str, env: &str, stacks: &Stacks) -> String {
    let owner = path.strip_prefix(&format!("/busline/{env}/")).and_then(|rest| rest.split('/').next());
    match owner.filter(|owner| stacks.all().iter().any(|stack| stack.name == **owner)) {
        Some(stack) => format!(
            "the SSM parameter {path} does not exist yet: first deploy the stack that stores it, `cargo xtask deploy \
             {stack} --env {env}`"
        ),
        None => format!(
            "the SSM parameter {path} does not exist, and no stack of this repository stores it: create it in SSM's \
             parameter store, or remove the template's parameter"
        ),
    }
}

fn includes_web(stacks: &[&Stack]) -> bool {
    stacks.iter().any(|stack| stack.name == WEB)
}

pub(crate) async fn command(
    home: &Home,
    names: &[String],
    env: &str,
    architecture: Option<Architecture>,
    gate: &Gate,
) -> Result<()> {
    let stacks = Stacks::discover(&home.repo)?;
    let selected = stacks.select(names)?;
    let target = Target::for_environment(home, env).await?;
    let _lock = if target.cloud.is_some() { Some(home.lock().await?) } else { None };
    let python = Python::ready(home).await?;
    let architecture = match (architecture, target.cloud) {
        (Some(_), Some(_)) => bail!("--arch is for AWS: the local cloud's functions run on this machine"),
        (Some(given), None) => given,
        (None, Some(_)) => Architecture::host()?,
        (None, None) => Architecture::default(),
    };
    let place = match target.cloud {
        Some(cloud) => format!("the local cloud at {}", cloud.endpoint()),
        None => format!("account {}, {}", target.account().await?, target.region()),
    };
    ui::note(format_args!("Environment {env}: {place}"));
    let mut deployment = Deployment {
        home,
        python: &python,
        stacks: &stacks,
        target: &target,
        architecture,
        detail: Detail::EveryResource,
        forced: BTreeMap::new(),
    };
    // Without the bucket nothing is deployed that a gate could protect.
    let Some(bucket) = deployment.parameter(&artifact_bucket_path(env)).await? else {
        return deployment.run_through_gate(&selected, gate).await;
    };
    let other = if target.cloud.is_some() { OtherLock::IsLeft } else { OtherLock::Holds };
    let work = deployment.run_through_gate(&selected, gate);
    Box::pin(deployment_lock::exclusively(&target, &bucket, other, work)).await
}

/// The SSM parameter with the name of an environment's bucket of artifacts.
fn artifact_bucket_path(env: &str) -> String {
    stacks::parameter_path(env, ARTIFACTS, "bucket")
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn a_missing_parameter_names_the_stack_to_deploy_first() {
        let stacks = Stacks::discover(Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()).unwrap();
        let message = missing("/busline/prod/bus/arn", "prod", &stacks);
        assert!(message.contains("cargo xtask deploy bus --env prod"), "{message}");
        let message = missing("/busline/prod/no-such-stack/arn", "prod", &stacks);
        assert!(message.contains("no stack of this repository stores it"), "{message}");
    }
}
