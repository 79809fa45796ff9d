//! Whether the caller may do what a deployment does, as IAM's policy simulator tells.

use anyhow::{Context, Result};
use serde::Deserialize;

use super::iam::{Iam, Simulation};
use super::{Finding, Subject};

const CHECK: &str = "permissions";

/// What a deployment calls, by the types of resources for which it does.
const ACTIONS: &str = include_str!("actions.yaml");

#[derive(Debug, Deserialize)]
struct Row {
    /// The types of resources that need the actions; none for every deployment.
    types: Vec<String>,
    /// A resource as those that are created.
    resource: String,
    actions: Vec<String>,
}

/// The owner of the policies that are simulated.
#[derive(Debug, PartialEq)]
enum Principal {
    Root,
    /// The ARN of a user or a role.
    Arn(String),
    Unknown,
}

pub(super) async fn check(subject: &Subject<'_>) -> Vec<Finding> {
    let principal = match principal(&subject.caller.arn) {
        Principal::Arn(arn) => arn,
        Principal::Root => return vec![root(subject)],
        Principal::Unknown => {
            let texts = [
                format!("cannot be told: {} is no user or role", subject.caller.arn),
                "perhaps nothing".to_owned(),
                "deploy with a role, and check again".to_owned(),
            ];
            return vec![Finding::new(super::Level::Unknown, CHECK, texts)];
        }
    };
    match simulated(subject, &principal).await {
        Ok(findings) => findings,
        Err(error) => vec![Finding::unknown(CHECK, &error, "iam:SimulatePrincipalPolicy on itself")],
    }
}

fn root(subject: &Subject<'_>) -> Finding {
    let texts = [
        format!("the caller is the root user of {}, who may do everything", subject.caller.account),
        "a lost root key is a lost account".to_owned(),
        "make a role for deployments, and delete the root user's keys".to_owned(),
    ];
    Finding::warning(CHECK, texts)
}

async fn simulated(subject: &Subject<'_>, principal: &str) -> Result<Vec<Finding>> {
    let iam = Iam::new(subject.target);
    let (mut findings, mut asked) = (Vec::new(), 0);
    for row in rows()? {
        let is_needed =
            row.types.is_empty() || row.types.iter().any(|kind| subject.plan.of_kind(kind).next().is_some());
        if !is_needed {
            continue;
        }
        let resource = in_place(&row.resource, subject);
        let simulation = iam.simulate(principal, &row.actions, &resource).await?;
        asked += row.actions.len();
        findings.extend(judge(principal, &resource, &simulation));
    }
    if findings.is_empty() {
        findings.push(Finding::ready(CHECK, format!("{principal} may call the {asked} actions of a deployment")));
    }
    Ok(findings)
}

fn judge(principal: &str, resource: &str, simulation: &Simulation) -> Option<Finding> {
    if simulation.denied.is_empty() {
        return None;
    }
    let denied = simulation.denied.join(", ");
    let breaks = "the deployment fails when it comes to them".to_owned();
    let todo =
        "allow these actions in the caller's policies, permissions boundary and service control policies".to_owned();
    Some(if simulation.depends_on_request {
        let found = format!(
            "{principal} may call {denied} on {resource} under conditions only, which a simulation cannot know"
        );
        Finding::warning(CHECK, [found, breaks, todo])
    } else {
        Finding::stops(CHECK, [format!("{principal} may not call {denied} on {resource}"), breaks, todo])
    })
}

fn rows() -> Result<Vec<Row>> {
    serde_norway::from_str(ACTIONS).context("actions.yaml is not a list of types, resource and actions")
}

fn in_place(resource: &str, subject: &Subject<'_>) -> String {
    [
        ("{env}", subject.target.env.as_str()),
        ("{account}", &subject.caller.account),
        ("{region}", subject.target.region()),
    ]
    .iter()
    .fold(resource.to_owned(), |text, (placeholder, value)| text.replace(placeholder, value))
}

/// The role of a session, because policies belong to roles. A role's path is not in the session's ARN; IAM then finds none.
fn principal(arn: &str) -> Principal {
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    let &[_, partition, service, _, account, name] = &parts[..] else { return Principal::Unknown };
    match (service, name.split('/').collect::<Vec<_>>().as_slice()) {
        ("iam", ["root"]) => Principal::Root,
        ("iam", ["user" | "role", ..]) => Principal::Arn(arn.to_owned()),
        ("sts", ["assumed-role", role, _]) => Principal::Arn(format!("arn:{partition}:iam::{account}:role/{role}")),
        _ => Principal::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::*;
    use crate::planned::{Place, Plan};
    use crate::stacks::Stacks;

    #[test]
    fn the_role_of_a_session_is_asked_about() {
        let role = "arn:aws:iam::123456789012:role/deploy".to_owned();
        assert_eq!(principal("arn:aws:sts::123456789012:assumed-role/deploy/me"), Principal::Arn(role));
        assert_eq!(principal("arn:aws:iam::123456789012:root"), Principal::Root);
        assert_eq!(principal("arn:aws:sts::123456789012:federated-user/me"), Principal::Unknown);
    }

    #[test]
    fn the_actions_for_every_type_of_the_templates_are_known() {
        let repo = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let place = Place { env: "prod", account: "123456789012", region: "eu-west-1" };
        let plan = Plan::read(repo, &Stacks::discover(repo).unwrap(), place).unwrap();
        let rows = rows().unwrap();
        let known: BTreeSet<&str> = rows.iter().flat_map(|row| &row.types).map(String::as_str).collect();
        let planned: BTreeSet<&str> = plan.resources.iter().map(|resource| resource.kind.as_str()).collect();
        let unknown: Vec<_> = planned.difference(&known).collect();
        assert!(unknown.is_empty(), "xtask/src/preflight/actions.yaml has no row for {unknown:?}");
    }
}
