//! Contracts between services: the part of `cargo xtask test`, the gate before a deployment, and the record after it.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result, bail};
use aws_json::{Client, SSM, ssm};
use contracts::check::{self, Failure, Finding};
use contracts::code::CodeSchemas;
use contracts::deploy;
use contracts::deploy::record::{self, Forced, Recorded};
use contracts::diff;
use contracts::proofs::Proofs;
use contracts::repository::tree::Tree;
use contracts::repository::{Repository, base};
use contracts::window;
use jiff::civil::Date;
use jiff::{Timestamp, Zoned};
use serde_json::json;

use crate::aws::{self, Target};
use crate::home::Home;
use crate::stacks::Stack;
use crate::ui;

/// The number of parameters that SSM deletes in one call.
///
/// <https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_DeleteParameters.html>
const DELETED_AT_ONCE: usize = 10;

/// Whether a deployment that breaks a consumer is allowed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Gate {
    /// A deployment that breaks a service is refused.
    Enforced,
    /// It is allowed, for this reason.
    Forced(String),
    /// `cargo xtask up` deploys everything together to the local cloud: what breaks is printed. The files alone are looked
    /// at, because comparing them with the code compiles it once more after each change.
    Local,
}

impl Gate {
    /// Why a deployment is allowed that breaks a service.
    fn reason(&self) -> Option<&str> {
        match self {
            Self::Enforced => None,
            Self::Forced(reason) => Some(reason),
            Self::Local => Some("`cargo xtask up` deploys everything to the local cloud"),
        }
    }

    /// What is printed when a deployment breaks nothing.
    pub(crate) fn passed(&self) -> &'static str {
        match self {
            Self::Enforced | Self::Forced(_) => "no consumer breaks",
            Self::Local => "no consumer breaks, by the files alone",
        }
    }
}

/// The checks of the present tree, of what queues and archive can still deliver, and of the changes since main.
pub(crate) async fn check(home: &Home) -> Result<()> {
    let today = Zoned::now().date();
    let code = derive(home, None).await?;
    let repository = Repository::new(Tree::read(&home.repo)?, Some(code));
    let outcomes = [checks(&repository, today), windows(&repository, today), difference(home, &repository, today)];
    let failures: Vec<String> =
        outcomes.into_iter().filter_map(Result::err).map(|error| format!("{error:#}")).collect();
    if failures.is_empty() { Ok(()) } else { bail!(failures.join("\n\n")) }
}

/// What the code of some services, or of all, publishes and reads now.
pub(crate) async fn derive(home: &Home, services: Option<BTreeSet<String>>) -> Result<CodeSchemas> {
    let root = home.repo.clone();
    Ok(tokio::task::spawn_blocking(move || CodeSchemas::derive(&root, services)).await??)
}

fn checks(repository: &Repository, today: Date) -> Result<()> {
    let checked = check::run(repository, today);
    let failures: Vec<String> = check::failures(&checked).map(|(rule, finding)| failure(rule, finding)).collect();
    if !failures.is_empty() {
        bail!(failures.join("\n\n"));
    }
    ui::note(format_args!("{} checks of contracts hold", checked.len()));
    Ok(())
}

fn failure(rule: &str, finding: &Finding) -> String {
    let place = finding.pointer.as_deref().unwrap_or("");
    format!("{rule}: {}\n  in {} {place}\n  {}", finding.problem, finding.file, finding.advice)
}

fn windows(repository: &Repository, today: Date) -> Result<()> {
    let rows = window::rows(repository, today);
    let missed: Vec<String> = rows.iter().filter(|row| !row.passes()).map(window::Row::describe).collect();
    if !missed.is_empty() {
        bail!("window: {}", missed.join("\n"));
    }
    ui::note(format_args!("{} versions can reach a subscriber, which reads all of them", rows.len()));
    Ok(())
}

fn difference(home: &Home, repository: &Repository, today: Date) -> Result<()> {
    let Some(commit) = base_commit(home)? else {
        ui::note("contracts: NOT COMPARED with another commit, because this clone has only one");
        return Ok(());
    };
    let before = Repository::new(Tree::from_commit(&home.repo, &commit)?, None);
    let diff = diff::between(&before, repository, today);
    if !diff.changes.is_empty() {
        ui::note(diff.markdown());
    }
    let short = &commit[..commit.len().min(10)];
    ui::note(format_args!("{} changes of contracts since {short}", diff.changes.len()));
    if diff.verdict == diff::Verdict::Compatible {
        Ok(())
    } else {
        bail!("the changes since {short} break a consumer: see above")
    }
}

/// The commit where this branch left main; on main itself, the previous commit.
fn base_commit(home: &Home) -> Result<Option<String>> {
    let head = base::commit(&home.repo, "HEAD")?;
    match base::default(&home.repo) {
        Ok(commit) if commit != head => return Ok(Some(commit)),
        Ok(_) => {}
        Err(error) => ui::note(format_args!("{error}: comparing with the commit before")),
    }
    Ok(base::commit(&home.repo, "HEAD~1").ok())
}

/// Refuses a deployment that would break a consumer; returns the services that are forced, with the consumers.
pub(crate) async fn gate(
    home: &Home,
    target: &Target,
    stacks: &[&Stack],
    gate: &Gate,
) -> Result<BTreeMap<String, Forced>> {
    let today = Zoned::now().date();
    let services = stacks.iter().filter_map(|stack| Some(stack.service.as_ref()?.name.clone()));
    let repository = looked_at(home, gate, services.collect()).await?;
    let proofs = Proofs::default();
    let failures = failing(&repository, gate, today, &proofs);
    let mut deployed = recorded(target).await?.services;
    let tree = deploy::service_contracts(&repository);
    let mut forced = BTreeMap::new();
    if *gate == Gate::Enforced && !failures.is_empty() && stacks.iter().all(|stack| stack.service.is_none()) {
        let failures: Vec<String> = failures.iter().map(|found| failure(found.rule, &found.finding)).collect();
        bail!("{}\nto deploy it nevertheless: --force \"the reason\"", failures.join("\n\n"));
    }
    for service in stacks.iter().filter_map(|stack| stack.service.as_ref()) {
        let decision = deploy::decide(&repository, &deployed, &service.name, today, &failures, &proofs);
        if !decision.allows() {
            let Some(reason) = gate.reason() else {
                bail!(
                    "{}\nto deploy it nevertheless: --force \"the reason\"",
                    decision.describe(&service.name, &target.env)
                );
            };
            ui::note(format_args!("{}\nforced: {reason}", decision.describe(&service.name, &target.env)));
            let broken_readers = decision.reasons();
            forced.insert(
                service.name.clone(),
                Forced { at: Timestamp::now(), reason: reason.to_owned(), broken_readers },
            );
        }
        deployed.extend(tree.get(&service.name).map(|contract| (service.name.clone(), contract.clone())));
    }
    Ok(forced)
}

/// The contracts of the repository, with the code of the services that are deployed. What the files say of another
/// service's code is no part of this deployment.
async fn looked_at(home: &Home, gate: &Gate, services: BTreeSet<String>) -> Result<Repository> {
    let code = match gate {
        Gate::Local => None,
        Gate::Enforced => Some(derive(home, Some(services)).await?),
        Gate::Forced(_) => derive(home, Some(services)).await.map_err(|error| ui::note(format_args!("{error:#}"))).ok(),
    };
    Ok(Repository::new(Tree::read(&home.repo)?, code))
}

/// The findings that refuse a deployment; among them a comparison that was not made, except for the local cloud.
fn failing(repository: &Repository, gate: &Gate, today: Date, proofs: &Proofs) -> Vec<Failure> {
    match gate {
        Gate::Local => check::failed(&check::run_with(repository, today, proofs)),
        Gate::Enforced | Gate::Forced(_) => check::failing(repository, today, proofs),
    }
}

/// Records what a deployed service publishes and reads; only differences to the present record are written.
pub(crate) async fn record(home: &Home, target: &Target, service: &str, forced: Option<&Forced>) -> Result<()> {
    let repository = Repository::new(Tree::read(&home.repo)?, None);
    let contract =
        deploy::service_contracts(&repository).remove(service).context("the repository has no such service")?;
    let mut wanted = record::parameters(&target.env, service, &contract);
    if let Some(forced) = forced {
        wanted.insert(record::forced_parameter(&target.env, service), record::forced_value(forced)?);
    }
    let found = parameters(target, &record::path(&target.env, service)).await?;
    let client = Client::new(&target.sdk, SSM);
    for (name, value) in wanted.iter().filter(|(name, value)| found.get(*name) != Some(value)) {
        let put = json!({"Name": name, "Value": value, "Overwrite": true, "Type": "String"});
        client.send("PutParameter", &put).await.map_err(aws::call_failed("record the service's contracts"))?;
    }
    let stale: Vec<String> = found.into_keys().filter(|name| !wanted.contains_key(name)).collect();
    for names in stale.chunks(DELETED_AT_ONCE) {
        let deleted = client.send("DeleteParameters", &json!({"Names": names})).await;
        deleted.map_err(aws::call_failed("delete old records of the service's contracts"))?;
    }
    Ok(())
}

/// Whether a service is deployed to the environment, with its contracts.
pub(crate) async fn has_record(target: &Target) -> Result<bool> {
    Ok(!recorded(target).await?.services.is_empty())
}

/// Whether the contract of a service is recorded that the repository has.
pub(crate) async fn is_recorded(home: &Home, target: &Target, service: &str) -> Result<bool> {
    let tree = deploy::service_contracts(&Repository::new(Tree::read(&home.repo)?, None));
    let recorded = recorded(target).await?.services;
    Ok(recorded.get(service) == tree.get(service))
}

async fn recorded(target: &Target) -> Result<Recorded> {
    let values = parameters(target, &format!("/busline/{}/", target.env)).await?;
    let values = values.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    Ok(record::read(&target.env, values)?)
}

async fn parameters(target: &Target, path: &str) -> Result<BTreeMap<String, String>> {
    ssm::parameters_by_path(&target.sdk, path).await.map_err(aws::call_failed("read what is deployed"))
}
