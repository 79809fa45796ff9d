//! Two versions of a schema, compared in the directions that matter.

use serde::Serialize;
use serde_json::Value;

use super::{Answer, Newer, Schema, answer};

/// Which readers must understand which writers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// The readers of the old schema read what is emitted under the new one.
    Forward,
    /// The readers of the new schema read what was emitted under the old one.
    Backward,
    /// Both directions must be compatible.
    Full,
}

/// What a comparison comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Proved to be readable.
    Compatible,
    /// Shown not to be readable, by a witness.
    Incompatible,
    /// Neither; to be treated as incompatible.
    Unknown,
}

/// What was found in one direction.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Finding {
    /// [`Verdict::Incompatible`] or [`Verdict::Unknown`]; what is compatible makes no finding.
    pub verdict: Verdict,
    /// [`Direction::Forward`] or [`Direction::Backward`], never both.
    pub direction: Direction,
    /// The JSON pointer of the schema of the place that cannot be read: in the new document where
    /// it has the place, else in the old one.
    pub pointer: String,
    /// What the writer may emit and the reader does not accept, in words.
    pub reason: String,
    /// An event that is valid for the writer and not for the reader.
    pub witness: Option<Value>,
}

/// The comparison of two versions of a schema. In JSON, the first finding's fields stand beside the verdict.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    /// The verdict over all directions that were asked for.
    pub verdict: Verdict,
    /// That of the first finding; without one, that which was asked for.
    pub direction: Direction,
    /// That of the first finding.
    pub pointer: Option<String>,
    /// That of the first finding.
    pub reason: Option<String>,
    /// That of the first finding.
    pub witness: Option<Value>,
    /// Those directions that are not compatible, what is refuted before what is unknown.
    pub findings: Vec<Finding>,
}

/// Compares two versions of a schema.
#[must_use]
pub fn compare(old: &Schema, new: &Schema, direction: Direction) -> Report {
    let mut findings = Vec::new();
    if matches!(direction, Direction::Forward | Direction::Full) {
        findings.extend(finding(Direction::Forward, answer(new, old, Newer::Writer)));
    }
    if matches!(direction, Direction::Backward | Direction::Full) {
        findings.extend(finding(Direction::Backward, answer(old, new, Newer::Reader)));
    }
    findings.sort_by_key(|finding| finding.verdict == Verdict::Unknown);
    let first = findings.first().cloned();
    Report {
        verdict: first.as_ref().map_or(Verdict::Compatible, |first| first.verdict),
        direction: first.as_ref().map_or(direction, |first| first.direction),
        pointer: first.as_ref().map(|first| first.pointer.clone()),
        reason: first.as_ref().map(|first| first.reason.clone()),
        witness: first.and_then(|first| first.witness),
        findings,
    }
}

fn finding(direction: Direction, answer: Answer) -> Option<Finding> {
    match answer {
        Answer::Always => None,
        Answer::Refuted { pointer, reason, witness } => {
            Some(Finding { verdict: Verdict::Incompatible, direction, pointer, reason, witness: Some(witness) })
        }
        Answer::Unknown { pointer, reason } => {
            Some(Finding { verdict: Verdict::Unknown, direction, pointer, reason, witness: None })
        }
    }
}
