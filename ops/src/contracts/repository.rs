//! `check`, `diff`, `window` and `catalog`: one repository, nothing deployed.

use std::fs;

use ::contracts::catalog;
use ::contracts::catalog::contents::Contents;
use ::contracts::check::{self, Checked, Finding};
use ::contracts::diff::{self, Verdict};
use ::contracts::repository::tree::Tree;
use ::contracts::repository::{Reader, Repository, base};
use ::contracts::window::{self, Row};
use anyhow::{Context, Result};
use ops::dlq::queue::WrongUse;
use serde_json::json;

use super::Place;
use super::asked::{self, Format};
use super::ground::Ground;
use crate::output::{self, Outcome};

/// `ops contracts check`.
pub(super) fn check(place: &Place, format: Format) -> Result<Outcome> {
    let ground = Ground::read(place)?;
    let checked = check::run(&ground.repository, ground.today);
    let failures = check::failures(&checked).count();
    let skipped: Vec<&str> = skipped(&checked).map(|check| check.rule).collect();
    let answer = json!({ "ok": failures == 0, "skipped": skipped, "checks": checked });
    asked::print(format, &answer, || report(&checked))?;
    Ok(if failures == 0 { Outcome::Done } else { Outcome::Refused })
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
    let skipped: Vec<&Checked> = skipped(checked).collect();
    let looked_at = checked.len() - skipped.len();
    let sum = match broken {
        0 => format!("{looked_at} checks hold."),
        _ => format!("{broken} of {looked_at} checks do not hold."),
    };
    let Some(reason) = skipped.first().and_then(|check| check.skipped) else { return sum };
    let names: Vec<&str> = skipped.iter().map(|check| check.rule).collect();
    format!("{sum}\nskipped: {} ({reason})", names.join(", "))
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

/// `ops contracts diff`.
pub(super) fn diff(wanted: Option<&str>, place: &Place, format: Format) -> Result<Outcome> {
    let ground = Ground::read(place)?;
    let commit = match wanted {
        Some(commit) => commit.to_owned(),
        None => base::default(&ground.root).map_err(|error| WrongUse(format!("{error}: name a commit with --base")))?,
    };
    let wrong = |error| WrongUse(format!("--base {commit}: {error}"));
    // Resolved first: what begins with a dash is no option of git here.
    let resolved = base::commit(&ground.root, &commit).map_err(wrong)?;
    let tree = Tree::of_commit(&ground.root, &resolved).map_err(wrong)?;
    let diff = diff::between(&Repository::of(tree, None), &ground.repository, ground.today);
    asked::print(format, &diff, || diff.markdown())?;
    Ok(match diff.verdict {
        Verdict::Compatible => Outcome::Done,
        Verdict::Incompatible => Outcome::Refused,
        Verdict::Unknown => Outcome::Left,
    })
}

/// `ops contracts window`.
pub(super) fn window(place: &Place, format: Format) -> Result<Outcome> {
    let ground = Ground::read(place)?;
    let rows = window::of(&ground.repository, ground.today);
    let holds = rows.iter().all(Row::holds);
    asked::print(format, &json!({ "ok": holds, "today": ground.today, "versions": rows }), || windows(&rows))?;
    Ok(if holds { Outcome::Done } else { Outcome::Refused })
}

fn windows(rows: &[Row]) -> String {
    let lines = rows.iter().map(|row| {
        let mark = if row.holds() { "reads  " } else { "MISSES " };
        format!("{mark} {}: {}", row.service, row.says())
    });
    let missed = rows.iter().filter(|row| !row.holds()).count();
    let sum = match missed {
        0 => format!("{} versions can come, and all of them are read.", rows.len()),
        _ => format!("{missed} of {} versions that can come are not read.", rows.len()),
    };
    lines.chain([sum]).collect::<Vec<_>>().join("\n")
}

/// Where the catalogue goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum To {
    /// To standard output.
    Screen,
    /// Into docs/.
    Files,
}

/// `ops contracts catalog`.
pub(super) fn catalog(to: To, place: &Place, format: Format) -> Result<Outcome> {
    let ground = Ground::read(place)?;
    let contents = Contents::of(ground.repository.tree.all())?;
    let files = catalog::files(&contents);
    if to == To::Files {
        for (path, text) in &files {
            fs::write(ground.root.join(path), text).with_context(|| format!("cannot write {path}"))?;
        }
        output::remark(&format!("wrote {} files", files.len()));
        return Ok(Outcome::Done);
    }
    let events: Vec<_> = ground.repository.schemas.iter().map(|(name, schema)| {
        let readers: Vec<_> = ground.repository.readers_of(name).map(Reader::subject).collect();
        json!({
            "event": name.to_string(), "source": name.source(), "detailType": name.detail_type(), "publisher": name.service,
            "readers": readers, "schemaFile": name.schema_file(), "exampleFile": name.example_file(), "schema": schema,
        })
    }).collect();
    asked::print(format, &events, || files.get(catalog::PAGE).cloned().unwrap_or_default())?;
    Ok(Outcome::Done)
}
