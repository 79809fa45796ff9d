//! `cargo xtask preflight`: whether an account is ready for the first deployment of an environment.
//!
//! It reads, and changes nothing. What the account needs is read from the templates and the environment's file.

mod account;
mod certificates;
mod email;
mod iam;
mod names;
mod permissions;
#[cfg(test)]
mod tests;
mod toolchain;

use anyhow::{Result, bail};
use serde::Serialize;

use crate::arguments::Format;
use crate::aws::{Caller, LOCAL, Target};
use crate::environments;
use crate::home::Home;
use crate::package::Architecture;
use crate::planned::{Place, Plan};
use crate::stacks::Stacks;
use crate::ui;
use crate::usage::UsageError;

/// What a finding means for the deployment.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Level {
    /// The deployment fails, or what it deploys cannot do its work.
    Stops,
    /// It works with a limit that users or operators will meet.
    Warning,
    /// The caller may not read what would tell.
    Unknown,
    Ready,
}

/// What a check found.
#[derive(Clone, Debug, PartialEq, Serialize)]
struct Finding {
    level: Level,
    /// The name of the check.
    check: &'static str,
    found: String,
    /// What it will break; empty when nothing.
    breaks: String,
    /// What to do about it; empty when nothing.
    todo: String,
}

impl Finding {
    fn new(level: Level, check: &'static str, [found, breaks, todo]: [String; 3]) -> Self {
        Self { level, check, found, breaks, todo }
    }

    fn stops(check: &'static str, texts: [String; 3]) -> Self {
        Self::new(Level::Stops, check, texts)
    }

    fn warning(check: &'static str, texts: [String; 3]) -> Self {
        Self::new(Level::Warning, check, texts)
    }

    fn ready(check: &'static str, found: impl Into<String>) -> Self {
        Self::new(Level::Ready, check, [found.into(), String::new(), String::new()])
    }

    /// For a check with calls that failed; `actions` are the permissions that they need.
    fn unknown(check: &'static str, error: &anyhow::Error, actions: &str) -> Self {
        let texts = [
            format!("cannot be told: {error:#}"),
            "perhaps nothing".to_owned(),
            format!("allow the caller {actions}, or look at it in the console"),
        ];
        Self::new(Level::Unknown, check, texts)
    }
}

/// All findings for one environment.
#[derive(Debug, Serialize)]
struct Report {
    env: String,
    account: String,
    region: String,
    /// Whether nothing stops the deployment.
    ready: bool,
    findings: Vec<Finding>,
}

/// The account, and what is planned for it.
struct Subject<'a> {
    home: &'a Home,
    target: &'a Target,
    caller: &'a Caller,
    stacks: &'a Stacks,
    plan: &'a Plan,
    architecture: Architecture,
}

pub(crate) async fn command(home: &Home, env: &str, architecture: Architecture, format: Format) -> Result<()> {
    if env == LOCAL {
        return Err(UsageError(
            "preflight looks at an AWS account; the local cloud needs none: `cargo xtask up` starts it".into(),
        )
        .into());
    }
    environments::expect(&home.repo, env)?;
    let target = Target::aws(env).await;
    let report = report(home, &target, architecture).await?;
    match format {
        Format::Table => ui::print(report.text()),
        Format::Json => ui::print(serde_json::to_string_pretty(&report)?),
    }
    if report.ready {
        return Ok(());
    }
    bail!(
        "{env} cannot be deployed yet: {}",
        counted(report.count(Level::Stops), "finding stops it", "findings stop it")
    )
}

async fn report(home: &Home, target: &Target, architecture: Architecture) -> Result<Report> {
    let caller = target.caller().await?;
    let stacks = Stacks::discover(&home.repo)?;
    let place = Place { env: &target.env, account: &caller.account, region: target.region() };
    let plan = Plan::read(&home.repo, &stacks, place)?;
    let subject = Subject { home, target, caller: &caller, stacks: &stacks, plan: &plan, architecture };
    let findings = subject.examine().await?;
    Ok(Report {
        env: target.env.clone(),
        account: caller.account.clone(),
        region: target.region().to_owned(),
        ready: findings.iter().all(|finding| finding.level != Level::Stops),
        findings,
    })
}

impl Subject<'_> {
    async fn examine(&self) -> Result<Vec<Finding>> {
        let mut findings = toolchain::check(self.home, self.architecture);
        findings.extend(self.examine_account().await?);
        Ok(findings)
    }

    async fn examine_account(&self) -> Result<Vec<Finding>> {
        let mut findings = vec![account::environment(self)?, account::values(self.plan)];
        findings.push(account::concurrency(self).await);
        let deployed = names::deployed(self).await;
        match &deployed {
            Ok(deployed) => {
                findings.push(account::roles(self, deployed).await);
                findings.extend(names::check(self, deployed).await);
                findings.extend(email::check(self, deployed).await);
            }
            Err(error) => findings.push(Finding::unknown(
                names::STACKS,
                error,
                "cloudformation:DescribeStacks and cloudformation:ListStackResources",
            )),
        }
        findings.extend(certificates::check(self).await);
        findings.extend(permissions::check(self).await);
        Ok(findings)
    }
}

impl Report {
    fn count(&self, level: Level) -> usize {
        self.findings.iter().filter(|finding| finding.level == level).count()
    }

    /// The findings for a terminal, those that stop the deployment last, where they are seen.
    fn text(&self) -> String {
        let mut lines = vec![format!("Environment {}: account {}, {}", self.env, self.account, self.region)];
        for level in [Level::Ready, Level::Unknown, Level::Warning, Level::Stops] {
            lines.extend(self.findings.iter().filter(|finding| finding.level == level).map(Finding::text));
        }
        lines.push(format!(
            "\n{}, {}, {} cannot be told",
            counted(self.count(Level::Stops), "finding stops the deployment", "findings stop the deployment"),
            counted(self.count(Level::Warning), "warning", "warnings"),
            self.count(Level::Unknown)
        ));
        lines.join("\n")
    }
}

impl Finding {
    fn text(&self) -> String {
        let level = match self.level {
            Level::Stops => "STOPS",
            Level::Warning => "warning",
            Level::Unknown => "unknown",
            Level::Ready => "ready",
        };
        let texts = [("breaks", &self.breaks), ("do", &self.todo)].into_iter().filter(|(_, text)| !text.is_empty());
        let first = format!("{level:<8} {}: {}", self.check, self.found);
        let lines = texts.map(|(label, text)| format!("         {label}: {text}"));
        std::iter::once(first).chain(lines).collect::<Vec<_>>().join("\n")
    }
}

fn counted(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}
