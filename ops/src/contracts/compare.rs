//! `compat` and `match`: two documents, no repository.

use ::contracts::compat::{self, Direction, Finding, Report, Schema, Verdict};
use ::contracts::pattern::Pattern;
use anyhow::{Result, bail};
use ops::dlq::queue::WrongUse;
use serde_json::json;

use super::asked::{self, Format};
use super::inputs::Input;
use crate::output::{self, Outcome};

/// `ops contracts compat`.
pub(super) fn compat(old: &str, new: &str, direction: Direction, format: Format) -> Result<Outcome> {
    let inputs = Input::pair(old, new, ["old schema", "new schema"])?;
    let [before, after] = [schema(&inputs[0])?, schema(&inputs[1])?];
    let report = compat::compare(&before, &after, direction);
    asked::print(format, &report, || words(&report, &inputs))?;
    Ok(match report.verdict {
        Verdict::Compatible => Outcome::Done,
        Verdict::Incompatible => Outcome::Refused,
        Verdict::Unknown => Outcome::Left,
    })
}

fn schema(input: &Input) -> Result<Schema> {
    // First, because it names the place as for every other input.
    input.json()?;
    Schema::from_text(&input.text).map_err(|error| WrongUse(format!("{}: {error}", input.name)).into())
}

fn words(report: &Report, [old, new]: &[Input; 2]) -> String {
    if report.findings.is_empty() {
        let says = match report.direction {
            Direction::Forward => format!("every event of {} is read by readers of {}", new.name, old.name),
            Direction::Backward => format!("every event of {} is read by readers of {}", old.name, new.name),
            Direction::Full => format!("{} and {} read each other's events", old.name, new.name),
        };
        return format!("compatible: {says}; this is proven");
    }
    report.findings.iter().map(|finding| finding_in_words(finding, old, new)).collect::<Vec<_>>().join("\n\n")
}

fn finding_in_words(finding: &Finding, old: &Input, new: &Input) -> String {
    let (direction, writer, reader) = match finding.direction {
        Direction::Backward => ("backward", &old.name, &new.name),
        Direction::Forward | Direction::Full => ("forward", &new.name, &old.name),
    };
    let place = if finding.pointer.is_empty() { "the whole" } else { &finding.pointer };
    match (finding.verdict, &finding.witness) {
        (Verdict::Incompatible, Some(witness)) => format!(
            "incompatible ({direction}): readers of {reader} cannot read every event of {writer}\n  where: {place}\n  why: \
             {}\n  for example this event, which {writer} allows and {reader} refuses:\n{witness:#}",
            finding.reason
        ),
        _ => format!(
            "unknown ({direction}): neither a proof that readers of {reader} read every event of {writer}, nor an event \
             that shows the contrary\n  where: {place}\n  why: {}",
            finding.reason
        ),
    }
}

/// `ops contracts match`.
pub(super) fn matches(pattern: &str, event: &str) -> Result<Outcome> {
    let [pattern, event] = Input::pair(pattern, event, ["pattern", "event"])?;
    // First, because its place in the text helps more than what EventBridge says of it.
    pattern.json()?;
    let parsed = Pattern::parse(&pattern.text).map_err(|error| WrongUse(format!("{}: {error}", pattern.name)))?;
    let value = event.json()?;
    if !value.is_object() {
        bail!(WrongUse(format!(
            "{} is no event: an event is a JSON object with source, detail-type and detail",
            event.name
        )));
    }
    let matches = parsed.matches(&value);
    output::text(format!("{}\n", json!({ "matches": matches })).as_bytes())?;
    Ok(if matches { Outcome::Done } else { Outcome::Refused })
}
