//! The contracts: the part of the check, the gate before a deployment, and what a deployment records.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail};
use aws_sdk_ssm::types::ParameterType;
use contracts::check::{self, Finding};
use contracts::deploy::record::{self, Forced, Recorded};
use contracts::deploy::{self, Verdict};
use contracts::diff;
use contracts::repository::tree::Tree;
use contracts::repository::{Repository, base, compiled_types};
use contracts::window;
use jiff::civil::Date;
use jiff::{Timestamp, Zoned};

use crate::aws::{self, Target};
use crate::home::Home;
use crate::stacks::{Service, Stack};
use crate::ui;

/// How many parameters SSM deletes in one call.
///
/// <https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_DeleteParameters.html>
const DELETED_AT_ONCE: usize = 10;

/// Whether a deployment goes through although it hurts someone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Gate {
    /// It does not.
    Shut,
    /// It does, for this reason.
    Forced(String),
}

/// Checks, window, and the difference to the main branch.
pub(crate) fn check(home: &Home) -> Result<()> {
    let today = Zoned::now().date();
    let repository = read(home)?;
    let outcomes = [checks(&repository, today), windows(&repository, today), difference(home, &repository, today)];
    let failures: Vec<String> =
        outcomes.into_iter().filter_map(Result::err).map(|error| format!("{error:#}")).collect();
    if failures.is_empty() { Ok(()) } else { bail!(failures.join("\n\n")) }
}

/// What the tree says, with the types that this program was compiled with.
fn read(home: &Home) -> Result<Repository> {
    Ok(Repository::of(Tree::read(&home.repo)?, Some(compiled_types())))
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
    let rows = window::of(repository, today);
    let missed: Vec<String> = rows.iter().filter(|row| !row.holds()).map(window::Row::says).collect();
    if !missed.is_empty() {
        bail!("window: {}", missed.join("\n"));
    }
    ui::note(format_args!("{} versions can reach a subscriber, all of them are read", rows.len()));
    Ok(())
}

fn difference(home: &Home, repository: &Repository, today: Date) -> Result<()> {
    let Some(commit) = base_commit(home)? else {
        ui::note("contracts: NOT COMPARED with another commit, this clone has but one");
        return Ok(());
    };
    let before = Repository::of(Tree::of_commit(&home.repo, &commit)?, None);
    let diff = diff::between(&before, repository, today);
    if !diff.changes.is_empty() {
        ui::note(diff.markdown());
    }
    let short = &commit[..commit.len().min(10)];
    ui::note(format_args!("{} changes of contracts since {short}", diff.changes.len()));
    if diff.verdict == diff::Verdict::Compatible {
        Ok(())
    } else {
        bail!("the changes since {short} hurt someone: see above")
    }
}

/// Where this branch left main; on main itself, the commit before.
fn base_commit(home: &Home) -> Result<Option<String>> {
    let head = base::commit(&home.repo, "HEAD")?;
    match base::default(&home.repo) {
        Ok(commit) if commit != head => return Ok(Some(commit)),
        Ok(_) => {}
        Err(error) => ui::note(format_args!("{error}: comparing with the commit before")),
    }
    Ok(base::commit(&home.repo, "HEAD~1").ok())
}

/// Refuses a deployment that would hurt someone; gives the services that may go all the same, and whom they hurt.
pub(crate) async fn gate(
    home: &Home,
    target: &Target,
    stacks: &[Stack],
    gate: &Gate,
) -> Result<BTreeMap<&'static str, Forced>> {
    let repository = read(home)?;
    let mut deployed = recorded(target).await?.services;
    let tree = deploy::promises(&repository);
    let mut forced = BTreeMap::new();
    for service in stacks.iter().filter_map(|stack| stack.service()) {
        let verdict = deploy::verdict(&repository, &deployed, service.name, Zoned::now().date());
        if let Verdict::No { blockers, .. } | Verdict::Impossible { blockers, .. } = &verdict {
            let Gate::Forced(reason) = gate else {
                bail!(
                    "{}\nif it must go all the same: --force \"the reason\"",
                    verdict.says(service.name, &target.env)
                );
            };
            ui::note(format_args!("{}\nforced: {reason}", verdict.says(service.name, &target.env)));
            let hurt = blockers.iter().map(|blocker| format!("{}: {}", blocker.reader, blocker.reason)).collect();
            forced.insert(service.name, Forced { at: Timestamp::now(), reason: reason.clone(), hurt });
        }
        deployed.extend(tree.get(service.name).map(|promises| (service.name.to_owned(), promises.clone())));
    }
    Ok(forced)
}

/// Records what a service that was just deployed publishes and reads: only what is not recorded so already is written.
pub(crate) async fn record(home: &Home, target: &Target, service: Service, forced: Option<&Forced>) -> Result<()> {
    let repository = Repository::of(Tree::read(&home.repo)?, None);
    let promises = deploy::promises(&repository).remove(service.name).context("the tree has no such service")?;
    let mut wanted = record::parameters(&target.env, service.name, &promises);
    if let Some(forced) = forced {
        wanted.insert(record::forced_parameter(&target.env, service.name), record::forced_value(forced)?);
    }
    let found = parameters(target, &record::folder(&target.env, service.name)).await?;
    let client = aws_sdk_ssm::Client::new(&target.sdk);
    for (name, value) in wanted.iter().filter(|(name, value)| found.get(*name) != Some(value)) {
        let put = client.put_parameter().name(name).value(value).overwrite(true).r#type(ParameterType::String);
        put.send().await.map_err(aws::failed("record what the service promises"))?;
    }
    let stale: Vec<String> = found.into_keys().filter(|name| !wanted.contains_key(name)).collect();
    for names in stale.chunks(DELETED_AT_ONCE) {
        let delete = client.delete_parameters().set_names(Some(names.to_vec()));
        delete.send().await.map_err(aws::failed("take back what the service no longer promises"))?;
    }
    Ok(())
}

async fn recorded(target: &Target) -> Result<Recorded> {
    let values = parameters(target, &format!("/busline/{}/", target.env)).await?;
    let values = values.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    Ok(record::read(&target.env, values)?)
}

async fn parameters(target: &Target, path: &str) -> Result<BTreeMap<String, String>> {
    let client = aws_sdk_ssm::Client::new(&target.sdk);
    let mut pages = client.get_parameters_by_path().path(path).recursive(true).into_paginator().send();
    let mut values = BTreeMap::new();
    while let Some(page) = pages.next().await {
        let page = page.map_err(aws::failed("read what is deployed"))?;
        let parameters = page.parameters.unwrap_or_default().into_iter();
        values.extend(parameters.filter_map(|parameter| parameter.name.zip(parameter.value)));
    }
    Ok(values)
}
