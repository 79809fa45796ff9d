//! `compat` and `match`: two documents, no repository.

use ::contracts::compat::{self, Direction, Finding, Report, Schema, Verdict};
use ::contracts::pattern::{self, Pattern};
use anyhow::{Result, bail};
use ops::contract_inputs::json_input::JsonInput;
use ops::error::UsageError;
use serde_json::json;

use crate::cli::contracts::output::{Format, print_answer};
use crate::cli::output::{self, Outcome};

pub(super) fn compat(old: &str, new: &str, direction: Direction, format: Format) -> Result<Outcome> {
    let inputs = JsonInput::read_pair(old, new, ["old schema", "new schema"])?;
    let [before, after] = [schema(&inputs[0])?, schema(&inputs[1])?];
    let report = compat::compare(&before, &after, direction);
    print_answer(format, &report, || describe(&report, &inputs))?;
    Ok(match report.verdict {
        Verdict::Compatible => Outcome::Complete,
        Verdict::Incompatible => Outcome::Negative,
        Verdict::Unknown => Outcome::Incomplete,
    })
}

fn schema(input: &JsonInput) -> Result<Schema> {
    // First, because it reports line and column.
    input.json()?;
    Schema::from_text(&input.text).map_err(|error| UsageError(format!("{}: {error}", input.name)).into())
}

fn describe(report: &Report, [old, new]: &[JsonInput; 2]) -> String {
    if report.findings.is_empty() {
        let text = match report.direction {
            Direction::Forward => format!("every event of {} is read by readers of {}", new.name, old.name),
            Direction::Backward => format!("every event of {} is read by readers of {}", old.name, new.name),
            Direction::Full => format!("{} and {} read each other's events", old.name, new.name),
        };
        return format!("compatible: {text}; this is proven");
    }
    report.findings.iter().map(|finding| describe_finding(finding, old, new)).collect::<Vec<_>>().join("\n\n")
}

fn describe_finding(finding: &Finding, old: &JsonInput, new: &JsonInput) -> String {
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

pub(super) fn matches(rule: &str, event: &str) -> Result<Outcome> {
    let [rule, event] = JsonInput::read_pair(rule, event, ["pattern", "event"])?;
    // First, because line and column help more than an error of the pattern.
    rule.json()?;
    let parsed = Pattern::parse(&rule.text).map_err(|error| UsageError(format!("{}: {error}", rule.name)))?;
    let value = event.json()?;
    for input in [&rule, &event] {
        pattern::check_numbers(&input.text).map_err(|error| UsageError(format!("{}: {error}", input.name)))?;
    }
    if !value.is_object() {
        bail!(UsageError(format!(
            "{} is not an event: an event is a JSON object with source, detail-type and detail",
            event.name
        )));
    }
    let matches = parsed.matches(&value);
    output::print_text(format!("{}\n", json!({ "matches": matches })).as_bytes())?;
    Ok(if matches { Outcome::Complete } else { Outcome::Negative })
}
