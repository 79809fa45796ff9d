//! Deploying stacks: build, lint, package, change set, smoke test. The only code that deploys, locally and to AWS.

use std::collections::BTreeMap;
use std::path::PathBuf;

use ::contracts::deploy::record::Forced;
use anyhow::{Context, Result, bail};

use crate::aws::{self, LOCAL, Target};
use crate::change_set::{self, INLINE_TEMPLATE_BYTES, StackChanger, TemplateSource};
use crate::contracts::{self, Gate};
use crate::hash;
use crate::home::Home;
use crate::lint;
use crate::package::{self, Architecture, Build};
use crate::page::{self, publish};
use crate::parameters::{self, Assigned, Sources};
use crate::python::Python;
use crate::smoke;
use crate::stacks::{Service, Stack};
use crate::template::{self, Template};
use crate::ui::{self, Step};

/// The parameter of templates whose functions name the page's address, in a mail or a bucket's rules.
const WEB_ORIGIN: &str = "WebOrigin";

/// How much a deployment says about what it changes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Detail {
    /// A table of every resource.
    EveryResource,
    /// How many resources.
    Counts,
}

/// A deployment to one environment.
#[derive(Debug)]
pub(crate) struct Deployment<'a> {
    /// The folders.
    pub(crate) home: &'a Home,
    /// The Python environment that holds the linter.
    pub(crate) python: &'a Python,
    /// The environment.
    pub(crate) target: &'a Target,
    /// The functions' instruction set.
    pub(crate) architecture: Architecture,
    /// How much to say.
    pub(crate) detail: Detail,
    /// The services that go although they hurt someone, with the reason.
    pub(crate) forced: BTreeMap<&'static str, Forced>,
}

/// Where a service's zip is.
struct Code {
    bucket: String,
    key: String,
}

impl Deployment<'_> {
    /// Deploys stacks in the order of their dependencies, whatever order they are named in.
    pub(crate) async fn run(&self, stacks: &[Stack]) -> Result<()> {
        let mut stacks = stacks.to_vec();
        stacks.sort_unstable();
        stacks.dedup();
        self.lint(&stacks).await?;
        let binaries = self.build(&stacks).await?;
        let page = if stacks.contains(&Stack::Web) { Some(page::build(self.home).await?) } else { None };
        let named = self.web_origin().await?;
        for &stack in &stacks {
            self.deploy(stack, &binaries).await.with_context(|| format!("{stack} is not deployed"))?;
            if let Some(service) = stack.service() {
                let forced = self.forced.get(service.name);
                contracts::record(self.home, self.target, service, forced).await?;
            }
        }
        if let Some(dist) = page {
            publish::publish(self.target, &dist).await.context("the page is not published")?;
        }
        if self.web_origin().await? != named {
            self.tell_the_address(&stacks, &binaries).await?;
        }
        Ok(())
    }

    /// Deploys again, of the stacks in hand, those that name the page's address: it was another or none before.
    async fn tell_the_address(&self, stacks: &[Stack], binaries: &BTreeMap<String, PathBuf>) -> Result<()> {
        for &stack in stacks {
            if Template::read(stack.template(&self.home.repo))?.declares(WEB_ORIGIN) {
                self.deploy(stack, binaries)
                    .await
                    .with_context(|| format!("{stack} does not know the page's address"))?;
            }
        }
        Ok(())
    }

    /// The page's address, once it has one.
    async fn web_origin(&self) -> Result<Option<String>> {
        self.parameter(&Stack::Web.parameter(&self.target.env, "origin")).await
    }

    async fn lint(&self, stacks: &[Stack]) -> Result<()> {
        let templates: Vec<PathBuf> = stacks.iter().map(|stack| stack.template(&self.home.repo)).collect();
        let step = Step::start("Templates");
        match lint::templates(self.home, self.python, &templates).await? {
            0 => step.done("unchanged since they passed cfn-lint"),
            count => step.done(format_args!("{count} passed cfn-lint")),
        }
        Ok(())
    }

    async fn build(&self, stacks: &[Stack]) -> Result<BTreeMap<String, PathBuf>> {
        let services: Vec<Service> = stacks.iter().filter_map(|stack| stack.service()).collect();
        if services.is_empty() {
            return Ok(BTreeMap::new());
        }
        let step = Step::announce("Build");
        let binaries = package::build(self.home, self.python, &services, self.build_kind()).await?;
        step.done(services.iter().map(|service| service.name).collect::<Vec<_>>().join(", "));
        Ok(binaries)
    }

    fn build_kind(&self) -> Build {
        if self.target.env == LOCAL { Build::Dev } else { Build::Release(self.architecture) }
    }

    async fn deploy(&self, stack: Stack, binaries: &BTreeMap<String, PathBuf>) -> Result<()> {
        let step = Step::start(stack.name());
        let template = Template::read(stack.template(&self.home.repo))?;
        let code = match stack.service() {
            Some(service) => Some(self.upload(service, binaries, &step).await?),
            None => None,
        };
        let assigned = self.assign(stack, &template, code.as_ref()).await?;
        self.expect_parameters(&assigned.looked_up).await?;

        let name = stack.stack_name(&self.target.env);
        let changer = StackChanger::new(self.target, &name);
        let source = self.template_source(stack, template).await?;
        let Some(change_set) = changer.propose(source, &assigned.values, &step).await? else {
            step.done("unchanged");
            return Ok(());
        };
        if self.detail == Detail::EveryResource {
            step.note(change_set::table(&change_set.changes));
        }
        changer.execute(&change_set, &step).await?;
        if let Some((service, code)) = stack.service().zip(code) {
            step.at("smoke test");
            let path = stack.parameter(&self.target.env, "api-id");
            let api_id =
                self.parameter(&path).await?.with_context(|| format!("the stack stored no parameter {path}"))?;
            smoke::api(self.target, &api_id, service).await?;
            if self.target.cloud.is_some() {
                package::keep_only(self.target, &code.bucket, service, &code.key).await?;
            }
        }
        step.done(change_set::summary(&change_set.changes));
        Ok(())
    }

    async fn assign(&self, stack: Stack, template: &Template, code: Option<&Code>) -> Result<Assigned> {
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
        let mut file = template::environment_file(&self.home.repo, env)?;
        let given = file.remove(stack.name()).unwrap_or_default();
        parameters::assign(stack, template, &Sources { env, known, given })
    }

    async fn upload(&self, service: Service, binaries: &BTreeMap<String, PathBuf>, step: &Step) -> Result<Code> {
        let binary = binaries.get(service.name).context("the binary was not built")?;
        step.at("package");
        let package = package::package(self.home, service, binary, self.build_kind()).await?;
        let bucket = self.artifact_bucket().await?;
        step.at("upload");
        package::upload(self.target, &bucket, &package).await?;
        Ok(Code { bucket, key: package.key })
    }

    async fn artifact_bucket(&self) -> Result<String> {
        let path = Stack::Artifacts.parameter(&self.target.env, "bucket");
        self.parameter(&path).await?.with_context(|| missing(&path, &self.target.env))
    }

    async fn template_source(&self, stack: Stack, template: Template) -> Result<TemplateSource> {
        if template.body.len() <= INLINE_TEMPLATE_BYTES {
            return Ok(TemplateSource::Inline(template.body));
        }
        let bucket = self.artifact_bucket().await?;
        let key = format!("{stack}/{}.yaml", hash::of(template.body.as_bytes()));
        let put = self.target.s3().put_object().bucket(&bucket).key(&key).body(template.body.into_bytes().into());
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
                bail!(missing(path, &self.target.env));
            }
        }
        Ok(())
    }

    async fn parameter(&self, path: &str) -> Result<Option<String>> {
        let client = aws_sdk_ssm::Client::new(&self.target.sdk);
        match client.get_parameter().name(path).send().await {
            Ok(output) => Ok(output.parameter.and_then(|parameter| parameter.value)),
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(aws_sdk_ssm::operation::get_parameter::GetParameterError::is_parameter_not_found) =>
            {
                Ok(None)
            }
            Err(error) => Err(aws::failed(&format!("read the parameter {path}"))(error)),
        }
    }
}

/// Says which stack to deploy first, which a parameter's path names.
fn missing(path: &str, env: &str) -> String {
    let owner = path.strip_prefix(&format!("/busline/{env}/")).and_then(|rest| rest.split('/').next());
    match owner {
        Some(stack) => format!(
            "the parameter {path} is not there yet: deploy the stack that stores it first, `cargo xtask deploy {stack} --env {env}`"
        ),
        None => format!("the parameter {path} is not there: create it in SSM's parameter store"),
    }
}

/// `cargo xtask deploy`.
pub(crate) async fn command(
    home: &Home,
    stacks: &[Stack],
    env: &str,
    architecture: Option<Architecture>,
    gate: &Gate,
) -> Result<()> {
    let target = Target::of(home, env).await?;
    let _lock = if target.cloud.is_some() { Some(home.lock().await?) } else { None };
    let python = Python::ready(home).await?;
    let architecture = match (architecture, target.cloud) {
        (Some(Architecture::Arm64 | Architecture::X86_64), Some(_)) => {
            bail!("--arch is for AWS: the local cloud's functions run on this machine")
        }
        (Some(given), None) => given,
        (None, Some(_)) => Architecture::of_this_machine()?,
        (None, None) => Architecture::X86_64,
    };
    let place = match target.cloud {
        Some(cloud) => format!("the local cloud at {}", cloud.endpoint()),
        None => format!("account {}, {}", target.account().await?, target.region()),
    };
    ui::note(format_args!("Environment {env}: {place}"));
    let mut ordered = stacks.to_vec();
    ordered.sort_unstable();
    let step = Step::start("Contracts");
    let forced = contracts::gate(home, &target, &ordered, gate).await?;
    step.done(if forced.is_empty() { "nobody is hurt" } else { "forced, and the reason is recorded" });
    Deployment { home, python: &python, target: &target, architecture, detail: Detail::EveryResource, forced }
        .run(stacks)
        .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_parameter_names_the_stack_to_deploy_first() {
        let said = missing("/busline/prod/users/issuer", "prod");
        assert!(said.contains("cargo xtask deploy users --env prod"), "{said}");
    }
}
