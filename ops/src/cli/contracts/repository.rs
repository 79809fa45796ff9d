//! `check`, `diff`, `window` and `catalog`: commands that read one repository.

use std::fs;

use ::contracts::catalog;
use ::contracts::catalog::contents::Contents;
use ::contracts::check::{self, Checked, Finding};
use ::contracts::diff::{self, Verdict};
use ::contracts::proofs::Proofs;
use ::contracts::repository::tree::Tree;
use ::contracts::repository::{Reader, Repository, base};
use ::contracts::window::{self, Row};
use anyhow::{Context, Result};
use ops::error::UsageError;
use serde_json::json;

use crate::cli::contracts::arguments::{CodeArgs, WorkspaceArgs};
use crate::cli::contracts::output::{Format, print_answer};
use crate::cli::output::{self, Outcome};

pub(super) fn check(workspace: &WorkspaceArgs, code: &CodeArgs, format: Format) -> Result<Outcome> {
    let mut workspace = workspace.read()?;
    code.compare(&mut workspace, None)?;
    let checked = check::run(&workspace.repository, workspace.today);
    let failures = check::failures(&checked).count();
    let skipped: Vec<&str> = skipped(&checked).map(|check| check.rule).collect();
    let answer = json!({ "ok": failures == 0, "skipped": skipped, "checks": checked });
    print_answer(format, &answer, || report(&checked))?;
    Ok(if failures == 0 { Outcome::Complete } else { Outcome::Negative })
}

fn report(checked: &[Checked]) -> String {
    let mut lines: Vec<String> = check::failures(checked).map(|(rule, finding)| failure(rule, finding)).collect();
    let accepted = checked.iter().flat_map(|check| check.findings.iter().map(|finding| (check.rule, finding)));
    lines.extend(accepted.filter_map(|(rule, finding)| {
        let reason = finding.accepted.as_ref()?;
        Some(format!("accepted: {rule}, {}: {reason}", finding.subject))
    }));
    lines.push(sum(checked));
    lines.join("\n\n")
}

fn sum(checked: &[Checked]) -> String {
    let broken = checked.iter().filter(|check| check.findings.iter().any(|finding| finding.accepted.is_none())).count();
    let skipped: Vec<&str> = skipped(checked).map(|check| check.rule).collect();
    let looked_at = checked.len() - skipped.len();
    let sum = match broken {
        0 if !skipped.is_empty() => {
            let left_out = skipped.len();
            format!("{looked_at} checks hold; {left_out} that need the built code were left out.")
        }
        0 => format!("{looked_at} checks hold."),
        _ => format!("{broken} of {looked_at} checks do not hold."),
    };
    match check::describe_skipped(&skipped) {
        Some(skipped) => format!("{sum}\n{skipped}"),
        None => sum,
    }
}

fn skipped(checked: &[Checked]) -> impl Iterator<Item = &Checked> {
    checked.iter().filter(|check| check.skipped.is_some())
}

fn failure(rule: &str, finding: &Finding) -> String {
    let place = finding
        .pointer
        .as_deref()
        .filter(|pointer| !pointer.is_empty())
        .map_or_else(String::new, |it| format!(" at {it}"));
    let text = format!("{rule}: {}\n  in {}{place}\n  {}", finding.problem, finding.file, finding.advice);
    match &finding.witness {
        Some(witness) => format!("{text}\n  shown by this detail:\n{witness:#}"),
        None => text,
    }
}

pub(super) fn diff(
    wanted: Option<&str>,
    workspace: &WorkspaceArgs,
    code: &CodeArgs,
    format: Format,
) -> Result<Outcome> {
    let mut workspace = workspace.read()?;
    let commit = match wanted {
        Some(commit) => commit.to_owned(),
        None => {
            base::default(&workspace.root).map_err(|error| UsageError(format!("{error}: name a commit with --base")))?
        }
    };
    let wrong = |error| UsageError(format!("--base {commit}: {error}"));
    // Resolved first, so that text with a leading dash is not an option of git.
    let resolved = base::commit(&workspace.root, &commit).map_err(wrong)?;
    let tree = Tree::from_commit(&workspace.root, &resolved).map_err(wrong)?;
    if let Err(error) = code.compare(&mut workspace, None) {
        output::print_notice(&format!("error: it is not known whether a consumer breaks: {error:#}"));
        return Ok(Outcome::Incomplete);
    }
    let proofs = Proofs::default();
    let failures = code.failures(&workspace, &proofs);
    let base = Repository::new(tree, None);
    let diff = diff::with_checks(&base, &workspace.repository, workspace.today, &failures, &proofs);
    print_answer(format, &diff, || diff.markdown())?;
    Ok(match diff.verdict {
        Verdict::Compatible => Outcome::Complete,
        Verdict::Incompatible => Outcome::Negative,
        Verdict::Unknown => Outcome::Incomplete,
    })
}

pub(super) fn window(workspace: &WorkspaceArgs, format: Format) -> Result<Outcome> {
    let workspace = workspace.read()?;
    let rows = window::rows(&workspace.repository, workspace.today);
    let holds = rows.iter().all(Row::passes);
    print_answer(format, &json!({ "ok": holds, "today": workspace.today, "versions": rows }), || windows(&rows))?;
    Ok(if holds { Outcome::Complete } else { Outcome::Negative })
}

fn windows(rows: &[Row]) -> String {
    let lines = rows.iter().map(|row| {
        let mark = if row.passes() { "reads  " } else { "MISSES " };
        format!("{mark} {}: {}", row.service, row.describe())
    });
    let missed = rows.iter().filter(|row| !row.passes()).count();
    let sum = match missed {
        0 => format!("{} versions can come, and all of them are read.", rows.len()),
        _ => format!("{missed} of {} versions that can come are not read.", rows.len()),
    };
    lines.chain([sum]).collect::<Vec<_>>().join("\n")
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Destination {
    Output,
    /// The files in docs/.
    Files,
}

pub(super) fn catalog(destination: Destination, workspace: &WorkspaceArgs, format: Format) -> Result<Outcome> {
    let workspace = workspace.read()?;
    let contents = Contents::from_repository(&workspace.repository)?;
    let files = catalog::files(&contents);
    if destination == Destination::Files {
        for (path, text) in &files {
            fs::write(workspace.root.join(path), text).with_context(|| format!("cannot write {path}"))?;
        }
        output::print_notice(&format!("wrote {} files", files.len()));
        return Ok(Outcome::Complete);
    }
    let events: Vec<_> = workspace.repository.schemas.iter().map(|(name, schema)| {
        let readers: Vec<_> = workspace.repository.readers_of(name).map(Reader::subject).collect();
        json!({
            "event": name.to_string(), "source": name.source(), "detailType": name.detail_type(), "publisher": name.service,
            "readers": readers, "schemaFile": name.schema_file(), "exampleFile": name.example_file(), "schema": schema,
        })
    }).collect();
    print_answer(format, &events, || files.get(catalog::PAGE).cloned().unwrap_or_default())?;
    Ok(Outcome::Complete)
}
