//! `can-deploy`: the tree beside what an environment has recorded.

use ::contracts::deploy::record::{self, Forced, Recorded};
use ::contracts::deploy::{self, Verdict};
use ::contracts::repository::tree::Tree;
use ::contracts::repository::{Repository, base};
use anyhow::{Context, Result, bail};
use ops::dlq::queue::WrongUse;
use ops::target;
use serde::Serialize;

use super::Place;
use super::asked::{self, Format};
use super::ground::Ground;
use crate::output::{self, Outcome};

/// The answer for programs.
#[derive(Serialize)]
struct Answer<'a> {
    service: &'a str,
    env: &'a str,
    #[serde(flatten)]
    verdict: &'a Verdict,
    /// The service's last deployment that was forced.
    #[serde(skip_serializing_if = "Option::is_none")]
    forced: Option<&'a Forced>,
}

/// `ops contracts can-deploy`.
pub(super) async fn can_deploy(
    service: &str,
    env: &str,
    supposed: &[String],
    place: &Place,
    format: Format,
) -> Result<Outcome> {
    let ground = Ground::read(place)?;
    let known: Vec<&str> = ground.repository.services.keys().map(String::as_str).collect();
    if !known.contains(&service) {
        bail!(WrongUse(format!("there is no service `{service}` in this tree; there are {}", known.join(", "))));
    }
    let env = if supposed.is_empty() { env } else { "that environment" };
    let found = if supposed.is_empty() { recorded(env).await } else { Ok(suppose(&ground, supposed)?) };
    let recorded = match found {
        Ok(recorded) => recorded,
        Err(error) => {
            output::remark(&format!("error: nobody knows whether {service} may go: {error:#}"));
            return Ok(Outcome::Left);
        }
    };
    let verdict = deploy::verdict(&ground.repository, &recorded.services, service, ground.today);
    let forced = recorded.forced.get(service);
    asked::print(format, &Answer { service, env, verdict: &verdict, forced }, || {
        words(service, env, &verdict, forced)
    })?;
    Ok(if verdict == Verdict::Yes { Outcome::Done } else { Outcome::Refused })
}

/// What services would have recorded if they were deployed as of commits.
fn suppose(ground: &Ground, supposed: &[String]) -> Result<Recorded> {
    let mut recorded = Recorded::default();
    for given in supposed {
        let (service, commit) =
            given.split_once('=').map_or((None, given.as_str()), |(one, commit)| (Some(one), commit));
        let wrong = |error| WrongUse(format!("--deployed {given}: {error}"));
        let commit = base::commit(&ground.root, commit).map_err(wrong)?;
        let tree = Tree::of_commit(&ground.root, &commit).map_err(wrong)?;
        let mut promises = deploy::promises(&Repository::of(tree, None));
        if let Some(service) = service {
            promises.retain(|name, _| name == service);
        }
        if promises.is_empty() {
            bail!(WrongUse(format!("--deployed {given}: there was no such service then")));
        }
        recorded.services.extend(promises);
    }
    Ok(recorded)
}

async fn recorded(env: &str) -> Result<Recorded> {
    let target = target::connect(Some(env), None).await?;
    let path = format!("/busline/{env}/");
    let client = aws_sdk_ssm::Client::new(&target.sdk);
    let mut pages = client.get_parameters_by_path().path(path).recursive(true).into_paginator().send();
    let mut values = Vec::new();
    while let Some(page) = pages.next().await {
        let parameters = page.with_context(|| format!("cannot read what is deployed in {env}"))?.parameters;
        let parameters = parameters.unwrap_or_default().into_iter();
        values.extend(parameters.filter_map(|parameter| parameter.name.zip(parameter.value)));
    }
    Ok(record::read(env, values.iter().map(|(name, value)| (name.as_str(), value.as_str())))?)
}

fn words(service: &str, env: &str, verdict: &Verdict, forced: Option<&Forced>) -> String {
    let says = verdict.says(service, env);
    match forced {
        Some(forced) => {
            format!("{says}\nnote: the last deployment of {service} was forced at {}: {}", forced.at, forced.reason)
        }
        None => says,
    }
}
