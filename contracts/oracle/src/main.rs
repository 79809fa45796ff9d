//! Gives the same pairs of schemas to our prover and to `jsoncompat`, and shows which is right
//! if they disagree: `oracle [PAIRS]`.

#[path = "../../tests/it/schema_pairs.rs"]
mod schema_pairs;

use std::{collections::BTreeMap, fmt};

use anyhow::{Context, Result, bail};
use contracts::compat::{Answer, Schema, generate, reads};
use jsoncompat::{CompatibilityResult, Role, SchemaDocument, SchemaOptions, analyze_compat};
use jsonschema::canonical::{CanonicalizationError, Containment};
use serde_json::Value;

const EXAMPLES: &str = include_str!("../../tests/it/fixtures/compat-examples.json");
const VERDICTS: &str = include_str!("../../tests/it/fixtures/compat-verdicts.json");

/// How many pairs are compared by default.
const PAIRS: u64 = 2_000;

/// A prover's verdict on "the reader accepts every value that the writer can send".
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Verdict {
    Always,
    Refuted,
    Unknown,
}

impl fmt::Display for Verdict {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Always => "compatible",
            Self::Refuted => "incompatible",
            Self::Unknown => "unknown",
        })
    }
}

fn main() -> Result<()> {
    let pairs = match std::env::args().nth(1) {
        Some(count) => count.parse().with_context(|| format!("{count:?} is no number of pairs"))?,
        None => PAIRS,
    };
    let mut tally = Tally::default();
    for (name, writer, reader) in table()? {
        tally.judge(&name, &writer, &reader)?;
    }
    tally.print("the tables");
    let mut tally = Tally::default();
    for seed in 0..pairs {
        let (writer, reader) = schema_pairs::pair(seed);
        tally.judge(&format!("seed {seed}"), &writer, &reader)?;
    }
    tally.print("random pairs");
    Ok(())
}

/// The cases of both tables, as writer and reader.
fn table() -> Result<Vec<(String, Value, Value)>> {
    let examples: Vec<Value> = serde_json::from_str(EXAMPLES)?;
    let verdicts: Vec<Value> = serde_json::from_str(VERDICTS)?;
    let mut cases = Vec::new();
    for case in examples.iter().chain(&verdicts) {
        let name = case["case"].as_str().context("a case without a name")?;
        let (old, new) = (case["old"].clone(), case["new"].clone());
        if case["direction"] != "FORWARD" {
            cases.push((format!("{name}, backward"), old.clone(), new.clone()));
        }
        if case["direction"] != "BACKWARD" {
            cases.push((format!("{name}, forward"), new, old));
        }
    }
    Ok(cases)
}

/// How often which verdicts met.
#[derive(Default)]
struct Tally {
    met: BTreeMap<(Verdict, Verdict), u64>,
    canonical: BTreeMap<(Verdict, Verdict), u64>,
    refused: u64,
    ours_wrong: u64,
    theirs_wrong: u64,
    theirs_unshown: u64,
}

impl Tally {
    fn judge(&mut self, name: &str, writer: &Value, reader: &Value) -> Result<()> {
        let (ours, witness) = ours(writer, reader)?;
        let refuted = witness.is_some();
        if let Some(verdict) = canonical(writer, reader) {
            *self.canonical.entry((ours, verdict)).or_default() += 1;
            if contradict(ours, verdict) {
                println!(
                    "jsonschema's canonical form disagrees on {name}: ours is {ours}, its is {verdict}\n  writer {writer}\n  reader {reader}"
                );
            }
        }
        let Some((theirs, shown)) = theirs(writer, reader) else {
            self.refused += 1;
            return Ok(());
        };
        *self.met.entry((ours, theirs)).or_default() += 1;
        if !contradict(ours, theirs) {
            return Ok(());
        }
        let right = match (refuted, breaks(writer, reader, shown.as_ref())?) {
            (true, _) => {
                self.theirs_wrong += 1;
                format!("we are right, by {}", witness.unwrap_or_default())
            }
            (false, Some(event)) => {
                self.ours_wrong += 1;
                format!("we are WRONG, by {event}")
            }
            (false, None) => {
                self.theirs_unshown += 1;
                format!("its event shows nothing: {}", shown.unwrap_or_default())
            }
        };
        println!("{name}: we say {ours}, jsoncompat {theirs}; {right}\n  writer {writer}\n  reader {reader}");
        Ok(())
    }

    fn print(&self, of: &str) {
        println!("\n{of}, ours against jsoncompat's ({} refused by jsoncompat):", self.refused);
        for ((ours, theirs), count) in &self.met {
            println!("  {ours:12} {theirs:12} {count}");
        }
        println!(
            "  contradictions: {} decided for us by our event, {} against us by an event",
            self.theirs_wrong, self.ours_wrong
        );
        println!(
            "  contradictions where its event is not one that the writer emits and the reader refuses: {}",
            self.theirs_unshown
        );
        println!("{of}, ours against the containment of jsonschema's canonical form:");
        for ((ours, theirs), count) in &self.canonical {
            println!("  {:12} {:12} {count}", ours.to_string(), theirs.to_string());
        }
    }
}

fn contradict(one: Verdict, other: Verdict) -> bool {
    matches!((one, other), (Verdict::Always, Verdict::Refuted) | (Verdict::Refuted, Verdict::Always))
}

fn ours(writer: &Value, reader: &Value) -> Result<(Verdict, Option<Value>)> {
    let (writer, reader) = (Schema::parse(writer.clone())?, Schema::parse(reader.clone())?);
    Ok(match reads(&writer, &reader) {
        Answer::Always => (Verdict::Always, None),
        Answer::Unknown { .. } => (Verdict::Unknown, None),
        Answer::Refuted { witness, .. } if writer.admits(&witness) && !reader.admits(&witness) => {
            (Verdict::Refuted, Some(witness))
        }
        Answer::Refuted { witness, .. } => bail!("{witness} does not show what it should"),
    })
}

/// `Role::Serializer` asks whether all that the new schema admits, the old one admits: plain inclusion.
/// A refutation comes with its event.
fn theirs(writer: &Value, reader: &Value) -> Option<(Verdict, Option<Value>)> {
    let options = SchemaOptions { assert_formats: Some(true), ..SchemaOptions::default() };
    let writer = SchemaDocument::from_json_with_options(writer, &options).ok()?;
    let reader = SchemaDocument::from_json_with_options(reader, &options).ok()?;
    Some(match analyze_compat(&reader, &writer, Role::Serializer).ok()? {
        CompatibilityResult::Compatible => (Verdict::Always, None),
        CompatibilityResult::Incompatible { counterexample, .. } => (Verdict::Refuted, Some(counterexample)),
        CompatibilityResult::Unknown { .. } => (Verdict::Unknown, None),
    })
}

/// The verdict of `jsonschema`'s containment; `None` if it cannot compare the schemas.
fn canonical(writer: &Value, reader: &Value) -> Option<Verdict> {
    let form = |schema: &Value| jsonschema::canonical::options().should_validate_formats(true).canonicalize(schema);
    let covers = || -> Result<Containment, CanonicalizationError> { form(reader)?.covers(&form(writer)?) };
    Some(match covers().ok()? {
        Containment::Yes => Verdict::Always,
        Containment::No => Verdict::Refuted,
        Containment::Unknown => Verdict::Unknown,
    })
}

/// An event that the writer emits and the reader refuses, found by trying: first the one that is `shown`.
fn breaks(writer: &Value, reader: &Value, shown: Option<&Value>) -> Result<Option<Value>> {
    let (writer, reader) = (Schema::parse(writer.clone())?, Schema::parse(reader.clone())?);
    let own: Vec<Value> = generate::Instances::new(&writer, 7).take(200).collect();
    let around = own.iter().flat_map(generate::variations).collect::<Vec<_>>();
    let mut rng = schema_pairs::Rng(7);
    let any = (0..2_000).map(|_| schema_pairs::value(&mut rng, 3));
    Ok(shown
        .cloned()
        .into_iter()
        .chain(own)
        .chain(around)
        .chain(any)
        .find(|event| writer.admits(event) && !reader.admits(event)))
}
