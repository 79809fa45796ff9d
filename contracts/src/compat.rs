//! Whether one JSON Schema reads all that another one emits: a proof, or an event that shows that it does not.
//!
//! Schemas are those of draft 2020-12, with `format` asserted, as our readers do it. Draft-07 is
//! accepted as far as its keywords mean the same. [`reads`] is sound both ways: it says
//! [`Answer::Always`] only with a proof, and [`Answer::Refuted`] only with an event that the
//! `jsonschema` crate finds valid for the writer and invalid for the reader.

pub(crate) mod essence;
pub mod generate;

mod arena;
mod array;
mod evaluate;
mod expand;
mod explain;
mod format;
mod language;
mod number;
mod object;
mod parse;
mod report;
mod solve;
mod source;
mod text;

use std::{io, rc::Rc, thread};

use jsonschema::{Draft, Validator};
use serde_json::Value;

use arena::{Arena, Literal};
use parse::Dialect;
pub use report::{Direction, Finding, Report, Verdict, compare};
use solve::Solver;

/// The stack of the thread that proves: schemas nest, and so does the prover.
const STACK: usize = 512 << 20;

/// The longest chain of schemas that hold or refer to each other.
const DEEPEST: usize = 200;

/// How many of the writer's events are tried on the reader where no proof was found.
const HUNTED: usize = 150;

/// Why a document is no schema that can be compared.
#[derive(Debug, thiserror::Error)]
pub enum NoSchema {
    /// The text is no JSON, or JSON of which something would get lost.
    #[error("no JSON Schema at line {line}, column {column}: {reason}")]
    Text {
        /// From 1.
        line: usize,
        /// In bytes, from 1.
        column: usize,
        /// What is wrong there.
        reason: String,
    },
    /// The document breaks the rules of JSON Schema itself.
    #[error("no JSON Schema of draft 2020-12: at `{pointer}`: {reason}")]
    Invalid {
        /// The JSON pointer of the place.
        pointer: String,
        /// What is wrong there.
        reason: String,
    },
    /// `$schema` names a dialect that is not understood.
    #[error("`$schema` is {0}: contracts are written in https://json-schema.org/draft/2020-12/schema")]
    Dialect(String),
    /// A keyword of draft-07 that draft 2020-12 reads otherwise.
    #[error("`{keyword}` at `{pointer}` means something else in draft-07: write the schema in draft 2020-12")]
    OldKeyword {
        /// The JSON pointer of the schema with the keyword.
        pointer: String,
        /// The keyword.
        keyword: String,
    },
    /// A `$ref` that leads nowhere in the document.
    #[error("`$ref` is {0:?}, which names nothing in this document: only `#`, `#/$defs/…` and anchors are followed")]
    Unresolvable(String),
    /// A `$id` below the root, which would change what references mean.
    #[error("`$id` at `{0}`: a schema inside a schema has no identity of its own here, use `$defs` and `$ref`")]
    Embedded(String),
    /// A schema that refers to itself without looking at a part of the value.
    #[error("`$ref` leads back to the same value at `{0}`, so that nothing says what is valid")]
    Endless(String),
    /// Schemas that hold or refer to each other in too long a chain.
    #[error("at `{0}` schemas lead into each other more than {DEEPEST} deep: share fewer steps of `$ref`")]
    TooDeep(String),
    /// The thread with a stack for deep schemas could not be started.
    #[error("no thread could be started to read the schema in: {0}")]
    NoThread(#[from] io::Error),
}

/// A JSON Schema that can be compared.
#[derive(Debug)]
pub struct Schema {
    document: Value,
    dialect: Dialect,
    validator: Validator,
}

impl Schema {
    /// Reads a schema of draft 2020-12, or one of draft-07 whose keywords mean the same.
    ///
    /// # Errors
    ///
    /// [`NoSchema`] says what is wrong: with the document, its dialect, or a reference.
    pub fn parse(document: Value) -> Result<Self, NoSchema> {
        on_a_deep_stack(|| Self::parse_here(document))?
    }

    fn parse_here(mut document: Value) -> Result<Self, NoSchema> {
        let dialect = take_dialect(&mut document)?;
        jsonschema::draft202012::meta::validate(&document).map_err(|error| NoSchema::Invalid {
            pointer: error.instance_path().to_string(),
            reason: error.to_string(),
        })?;
        let mut arena = Arena::default();
        let root = arena.read(&document, dialect)?;
        arena.check_ends(root)?;
        arena.check_depth(root)?;
        let validator = validator(&document)?;
        Ok(Self { document, dialect, validator })
    }

    /// Reads the text of a schema as [`Schema::parse`] reads a document.
    ///
    /// # Errors
    ///
    /// [`NoSchema`], also for a key that is given twice in an object and for a number that a
    /// 64-bit integer or a double does not hold exactly: a verdict on what is left would be wrong.
    pub fn from_text(text: &str) -> Result<Self, NoSchema> {
        Self::parse(source::read(text)?)
    }

    /// Whether a value is valid, formats included.
    #[must_use]
    pub fn admits(&self, value: &Value) -> bool {
        self.validator.is_valid(value)
    }

    /// The document, without `$schema`.
    #[must_use]
    pub fn document(&self) -> &Value {
        &self.document
    }
}

/// The validator of the final word: draft 2020-12, formats asserted.
fn validator(document: &Value) -> Result<Validator, NoSchema> {
    let options = jsonschema::options().with_draft(Draft::Draft202012).should_validate_formats(true);
    options
        .build(document)
        .map_err(|error| NoSchema::Invalid { pointer: error.schema_path().to_string(), reason: error.to_string() })
}

fn take_dialect(document: &mut Value) -> Result<Dialect, NoSchema> {
    let Some(named) = document.as_object_mut().and_then(|map| map.remove("$schema")) else {
        return Ok(Dialect::Current);
    };
    let name = named.as_str().unwrap_or_default().trim_end_matches('#');
    match name.trim_start_matches("https:").trim_start_matches("http:") {
        "//json-schema.org/draft/2020-12/schema" => Ok(Dialect::Current),
        "//json-schema.org/draft-07/schema" => Ok(Dialect::Seven),
        _ => Err(NoSchema::Dialect(named.to_string())),
    }
}

/// Whether a reader accepts all that a writer emits.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// It does: there is a proof.
    Always,
    /// It does not: `witness` is valid for the writer and not for the reader.
    Refuted {
        /// Where the reader refuses it, as [`Finding::pointer`] says.
        pointer: String,
        /// Why, in words.
        reason: String,
        /// The event.
        witness: Value,
    },
    /// Neither a proof nor a witness was found.
    Unknown {
        /// Where the prover gave up; the root where it cannot say.
        pointer: String,
        /// Why.
        reason: String,
    },
}

/// Whether every value that is valid for `writer` is valid for `reader`.
///
/// Pointers point into the writer's schema where it has the place, else into the reader's.
#[must_use]
pub fn reads(writer: &Schema, reader: &Schema) -> Answer {
    answer(writer, reader, Newer::Writer)
}

/// Which of the two schemas is the newer one: pointers point into it where they can.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Newer {
    Writer,
    Reader,
}

fn answer(writer: &Schema, reader: &Schema, newer: Newer) -> Answer {
    let doubtful = |reason| Answer::Unknown { pointer: String::new(), reason };
    let answered = on_a_deep_stack(|| match witness(writer, reader) {
        Witness::None => Answer::Always,
        Witness::Found(witness) => {
            let places = match newer {
                Newer::Writer => [writer.document(), reader.document()],
                Newer::Reader => [reader.document(), writer.document()],
            };
            let (pointer, reason) = explain::explain(writer, reader, &witness, places);
            Answer::Refuted { pointer, reason, witness }
        }
        Witness::Unknown(reason) => doubtful(reason),
    });
    answered.unwrap_or_else(|error| doubtful(format!("no thread could be started to prove in: {error}")))
}

/// What the search for a witness came to.
enum Witness {
    Found(Value),
    None,
    Unknown(String),
}

fn witness(writer: &Schema, reader: &Schema) -> Witness {
    let mut arena = Arena::default();
    let roots = (arena.read(&writer.document, writer.dialect), arena.read(&reader.document, reader.dialect));
    let (Ok(written), Ok(read)) = roots else { return Witness::Unknown("a schema could not be read".into()) };
    let refutes = |value: &Value| writer.admits(value) && !reader.admits(value);
    let mut solver = Solver::new(arena);
    let reason = match solver.solve(vec![Literal::yes(written), Literal::no(read)]) {
        Leaf::Empty => return Witness::None,
        Leaf::Found(value) if refutes(&value) => return Witness::Found(value),
        Leaf::Found(_) => "the schemas use keywords that the prover does not follow".into(),
        Leaf::Unknown(reason) => reason,
    };
    match generate::Instances::of(writer, 1).take(HUNTED).find(refutes) {
        Some(value) => Witness::Found(value),
        None => Witness::Unknown(reason.to_string()),
    }
}

/// Whether there is a value that is valid for several schemas at once.
#[derive(Clone, Debug, PartialEq)]
pub enum Overlap {
    /// There is: this one.
    Example(Value),
    /// There is none: that is proved.
    Empty,
    /// Neither was found, and why.
    Unknown(String),
}

/// Looks for a value that is valid for all of `schemas`.
#[must_use]
pub fn overlap(schemas: &[&Schema]) -> Overlap {
    let found = on_a_deep_stack(|| {
        let mut arena = Arena::default();
        let roots: Result<Vec<_>, _> =
            schemas.iter().map(|schema| arena.read(&schema.document, schema.dialect)).collect();
        let goal = match roots {
            Ok(roots) => roots.into_iter().map(Literal::yes).collect(),
            Err(error) => return Overlap::Unknown(error.to_string()),
        };
        match Solver::new(arena).solve(goal) {
            Leaf::Empty => Overlap::Empty,
            Leaf::Found(value) if schemas.iter().all(|schema| schema.admits(&value)) => Overlap::Example(value),
            Leaf::Found(_) => Overlap::Unknown("the schemas use keywords that the prover does not follow".into()),
            Leaf::Unknown(reason) => Overlap::Unknown(reason.to_string()),
        }
    });
    found.unwrap_or_else(|error| Overlap::Unknown(format!("no thread could be started to prove in: {error}")))
}

fn on_a_deep_stack<T: Send>(work: impl FnOnce() -> T + Send) -> io::Result<T> {
    thread::scope(|scope| {
        let prover = thread::Builder::new().stack_size(STACK).spawn_scoped(scope, work)?;
        prover.join().or_else(|panic| std::panic::resume_unwind(panic))
    })
}

/// The answer to a part of the search: a value, that there is none, or why neither was found.
#[derive(Clone, Debug)]
enum Leaf {
    Found(Value),
    Empty,
    Unknown(Rc<str>),
}

/// A seeded source of choices (`SplitMix64`).
#[derive(Clone, Debug)]
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `limit`, or 0 if that is 0.
    fn below(&mut self, limit: usize) -> usize {
        let roll = usize::try_from(self.roll() >> 32).unwrap_or(0);
        roll.checked_rem(limit).unwrap_or(0)
    }

    fn shuffle<T>(&mut self, list: &mut [T]) {
        for last in (1..list.len()).rev() {
            list.swap(last, self.below(last + 1));
        }
    }
}
