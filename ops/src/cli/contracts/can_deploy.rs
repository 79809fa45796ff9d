//! `can-deploy`: compares the repository with the contracts recorded in an environment.

use ::contracts::deploy::record::{self, Forced, Recorded};
use ::contracts::deploy::{self, Decision};
use ::contracts::proofs::Proofs;
use ::contracts::repository::tree::Tree;
use ::contracts::repository::{Repository, base};
use anyhow::{Result, bail};
use ops::connection;
use ops::contract_inputs::workspace::Workspace;
use ops::deployment;
use ops::error::UsageError;
use serde::Serialize;

use crate::cli::contracts::arguments::{CodeArgs, WorkspaceArgs};
use crate::cli::contracts::output::{Format, print_answer};
use crate::cli::output::{self, Outcome};

/// The answer in the format `json`.
#[derive(Serialize)]
struct Answer<'a> {
    service: &'a str,
    env: &'a str,
    #[serde(flatten)]
    decision: &'a Decision,
    /// The last forced deployment of the service.
    #[serde(skip_serializing_if = "Option::is_none")]
    forced: Option<&'a Forced>,
}

pub(super) async fn can_deploy(
    service: &str,
    env: &str,
    assumed: &[String],
    workspace: &WorkspaceArgs,
    code: &CodeArgs,
    format: Format,
) -> Result<Outcome> {
    let mut workspace = workspace.read()?;
    let known: Vec<&str> = workspace.repository.services.keys().map(String::as_str).collect();
    if !known.contains(&service) {
        bail!(UsageError(format!(
            "there is no service `{service}` in this repository; known services: {}",
            known.join(", ")
        )));
    }
    let env = if assumed.is_empty() { env } else { "that environment" };
    let found = if assumed.is_empty() { recorded(env).await } else { Ok(assume(&workspace, assumed)?) };
    let found = found.and_then(|recorded| code.compare(&mut workspace, Some(service)).map(|()| recorded));
    let recorded = match found {
        Ok(recorded) => recorded,
        Err(error) => {
            output::print_notice(&format!("error: it is not known whether {service} can be deployed: {error:#}"));
            return Ok(Outcome::Incomplete);
        }
    };
    let proofs = Proofs::default();
    let failures = code.failures(&workspace, &proofs);
    let (repository, today) = (&workspace.repository, workspace.today);
    let decision = deploy::decide(repository, &recorded.services, service, today, &failures, &proofs);
    let forced = recorded.forced.get(service);
    print_answer(format, &Answer { service, env, decision: &decision, forced }, || {
        describe(service, env, &decision, forced)
    })?;
    Ok(if decision.allows() { Outcome::Complete } else { Outcome::Negative })
}

/// What services would have recorded if they were deployed as of commits.
fn assume(workspace: &Workspace, assumed: &[String]) -> Result<Recorded> {
    let mut recorded = Recorded::default();
    for given in assumed {
        let (service, commit) =
            given.split_once('=').map_or((None, given.as_str()), |(one, commit)| (Some(one), commit));
        let wrong = |error| UsageError(format!("--deployed {given}: {error}"));
        let commit = base::commit(&workspace.root, commit).map_err(wrong)?;
        let tree = Tree::from_commit(&workspace.root, &commit).map_err(wrong)?;
        let mut promises = deploy::service_contracts(&Repository::new(tree, None));
        if let Some(service) = service {
            promises.retain(|name, _| name == service);
        }
        if promises.is_empty() {
            bail!(UsageError(format!("--deployed {given}: this commit has no such service")));
        }
        recorded.services.extend(promises);
    }
    Ok(recorded)
}

async fn recorded(env: &str) -> Result<Recorded> {
    let connection = connection::connect(Some(env), None).await?;
    let values = deployment::read_parameters(&connection.sdk, env).await?;
    Ok(record::read(env, values.iter().map(|(name, value)| (name.as_str(), value.as_str())))?)
}

fn describe(service: &str, env: &str, decision: &Decision, forced: Option<&Forced>) -> String {
    let text = decision.describe(service, env);
    match forced {
        Some(forced) => {
            format!("{text}\nnote: the last deployment of {service} was forced at {}: {}", forced.at, forced.reason)
        }
        None => text,
    }
}
