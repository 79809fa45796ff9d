//! Whether every value that is valid for one JSON Schema (the writer's) is valid for another (the reader's): a proof, or
//! an event that is a counterexample.
//!
//! Schemas are those of draft 2020-12, with `format` asserted, as our readers do it. Draft-07 is
//! accepted if its keywords mean the same; there, `$ref` makes everything beside it void. Patterns are those of ECMA-262. [`reads`] is sound both ways: it returns
//! [`Answer::Always`] only with a proof, and [`Answer::Refuted`] only with an event that the
//! `jsonschema` crate finds valid for the writer and invalid for the reader.

pub(crate) mod essence;
pub mod generate;
pub(crate) mod source;

mod arena;
mod array;
mod dialect;
mod ecma;
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
mod text;
mod work;

use std::{io, rc::Rc, thread};

use jsonschema::{Draft, Validator};
use serde_json::Value;

use arena::{Arena, Literal};
use parse::Dialect;
pub use report::{Direction, Finding, Report, Verdict, compare};
use solve::Solver;

/// The stack of the prover's thread in bytes: the prover recurses as deep as schemas nest.
const STACK: usize = 512 << 20;

/// The longest chain of schemas that contain or refer to each other.
const MAX_DEPTH: usize = 200;

/// How many random events of the writer are tried on the reader when no proof was found.
const MAX_TRIED_EVENTS: usize = 150;

/// Why a document is not a schema that can be compared.
#[derive(Debug, thiserror::Error)]
pub enum InvalidSchema {
    /// The text is not JSON, or parsing it would lose information.
    #[error("invalid JSON Schema at line {line}, column {column}: {reason}")]
    Text {
        /// The line, from 1.
        line: usize,
        /// The column in bytes, from 1.
        column: usize,
        /// The problem at this place.
        reason: String,
    },
    /// The document breaks the rules of JSON Schema itself.
    #[error("invalid JSON Schema at `{pointer}`: {reason}")]
    Invalid {
        /// The JSON pointer of the place.
        pointer: String,
        /// The problem at this place.
        reason: String,
    },
    /// `$schema` names a dialect that is not understood.
    #[error("`$schema` is {0}: contracts are written in https://json-schema.org/draft/2020-12/schema")]
    Dialect(String),
    /// A keyword of draft-07 that has another meaning in draft 2020-12.
    #[error("`{keyword}` at `{pointer}` means something else in draft-07: write the schema in draft 2020-12")]
    OldKeyword {
        /// The JSON pointer of the schema with the keyword.
        pointer: String,
        /// The keyword and how it is used, such as `items as a list`.
        keyword: String,
    },
    /// A regular expression that ECMA-262 does not have.
    #[error("`{pattern}` at `{pointer}` is not a regular expression of ECMA-262, or uses its modifiers `s` or `m`")]
    Pattern {
        /// The JSON pointer of the pattern.
        pointer: String,
        /// The pattern as it stands in the schema.
        pattern: String,
    },
    /// A `$ref` without a target in the document.
    #[error("`$ref` is {0:?}, which names nothing in this document: only `#`, `#/$defs/…` and anchors are followed")]
    Unresolvable(String),
    /// A `$id` below the root, which would change what references mean.
    #[error("`$id` at `{0}`: a schema inside a schema cannot have its own identity here, use `$defs` and `$ref`")]
    Embedded(String),
    /// A schema that refers to itself for the same value.
    #[error("`$ref` at `{0}` is circular: it refers to the same value again")]
    Endless(String),
    /// Schemas that hold or refer to each other in too long a chain.
    #[error("the chain of schemas at `{0}` is longer than {MAX_DEPTH}: shorten it with fewer nested `$ref`")]
    TooDeep(String),
    /// The thread with a stack for deep schemas could not be started.
    #[error("cannot start a thread that reads the schema: {0}")]
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
    /// Reads a schema of draft 2020-12, or one of draft-07 with keywords of the same meaning.
    ///
    /// # Errors
    ///
    /// [`InvalidSchema`] names the problem of the document, its dialect, or a reference.
    pub fn parse(document: Value) -> Result<Self, InvalidSchema> {
        on_a_deep_stack(|| Self::parse_here(document))?
    }

    fn parse_here(mut document: Value) -> Result<Self, InvalidSchema> {
        let dialect = take_dialect(&mut document)?;
        let checked = match dialect {
            Dialect::Current => jsonschema::draft202012::meta::validate(&document),
            Dialect::Seven => jsonschema::draft7::meta::validate(&document),
        };
        checked.map_err(|error| InvalidSchema::Invalid {
            pointer: error.instance_path().to_string(),
            reason: error.to_string(),
        })?;
        let validator_document = dialect::normalized(&document, dialect)?;
        let mut arena = Arena::default();
        let root = arena.read(&document, dialect)?;
        arena.check_ends(root)?;
        arena.check_depth(root)?;
        let validator = validator(&validator_document, dialect)?;
        Ok(Self { document, dialect, validator })
    }

    /// Reads the text of a schema as [`Schema::parse`] reads a document.
    ///
    /// # Errors
    ///
    /// [`InvalidSchema`], also for a key that is given twice in an object and for a number that a
    /// 64-bit integer or a double does not hold exactly: a verdict on what is left would be wrong.
    pub fn from_text(text: &str) -> Result<Self, InvalidSchema> {
        let wrong = |source::InvalidText { line, column, reason }| InvalidSchema::Text { line, column, reason };
        Self::parse(source::read(text).map_err(wrong)?)
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

/// The validator that decides in the end, with formats asserted.
fn validator(document: &Value, dialect: Dialect) -> Result<Validator, InvalidSchema> {
    let draft = match dialect {
        Dialect::Current => Draft::Draft202012,
        Dialect::Seven => Draft::Draft7,
    };
    let options = jsonschema::options().with_draft(draft).should_validate_formats(true);
    options
        .build(document)
        .map_err(|error| InvalidSchema::Invalid { pointer: error.schema_path().to_string(), reason: error.to_string() })
}

fn take_dialect(document: &mut Value) -> Result<Dialect, InvalidSchema> {
    let Some(named) = document.as_object_mut().and_then(|map| map.remove("$schema")) else {
        return Ok(Dialect::Current);
    };
    let name = named.as_str().unwrap_or_default().trim_end_matches('#');
    match name.trim_start_matches("https:").trim_start_matches("http:") {
        "//json-schema.org/draft/2020-12/schema" => Ok(Dialect::Current),
        "//json-schema.org/draft-07/schema" => Ok(Dialect::Seven),
        _ => Err(InvalidSchema::Dialect(named.to_string())),
    }
}

/// Whether a reader accepts every value that a writer can send.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// Yes: there is a proof.
    Always,
    /// No: `witness` is valid for the writer and not for the reader.
    Refuted {
        /// The place that the reader refuses, see [`Finding::pointer`].
        pointer: String,
        /// The reason as a sentence.
        reason: String,
        /// A value that the writer can send and the reader refuses.
        witness: Value,
    },
    /// Neither a proof nor a witness was found.
    Unknown {
        /// The place where the prover stopped; the root when it is not known.
        pointer: String,
        /// Why the prover stopped.
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
    let unknown = |reason| Answer::Unknown { pointer: String::new(), reason };
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
        Witness::Unknown(reason) => unknown(reason),
    });
    answered.unwrap_or_else(|error| unknown(format!("cannot start a thread that compares the schemas: {error}")))
}

/// The result of the search for a witness.
enum Witness {
    Found(Value),
    None,
    Unknown(String),
}

fn witness(writer: &Schema, reader: &Schema) -> Witness {
    let mut arena = Arena::default();
    let roots = (arena.read(&writer.document, writer.dialect), arena.read(&reader.document, reader.dialect));
    let (Ok(written), Ok(read)) = roots else { return Witness::Unknown("a schema could not be read".into()) };
    if let Some(pattern) = arena.doubtful_pattern().filter(|_| written != read) {
        return Witness::Unknown(format!("the pattern `{}` has back-references", pattern.source()));
    }
    let refutes = |value: &Value| writer.admits(value) && !reader.admits(value);
    let mut solver = Solver::new(arena);
    let reason = match solver.solve(vec![Literal::yes(written), Literal::no(read)]) {
        Leaf::Empty => return Witness::None,
        Leaf::Found(value) if refutes(&value) => return Witness::Found(value),
        Leaf::Found(_) => "the schemas use keywords that the prover does not follow".into(),
        Leaf::Unknown(reason) => reason,
    };
    match generate::Instances::new(writer, 1).take(MAX_TRIED_EVENTS).find(refutes) {
        Some(value) => Witness::Found(value),
        None => Witness::Unknown(reason.to_string()),
    }
}

/// Whether there is a value that is valid for several schemas at once.
#[derive(Clone, Debug, PartialEq)]
pub enum Overlap {
    /// There is such a value, for example this one.
    Example(Value),
    /// There is no such value: proven.
    Empty,
    /// Neither was found; the text gives the reason.
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
    found.unwrap_or_else(|error| Overlap::Unknown(format!("cannot start a thread that compares the schemas: {error}")))
}

fn on_a_deep_stack<T: Send>(task: impl FnOnce() -> T + Send) -> io::Result<T> {
    thread::scope(|scope| {
        let limited = || {
            work::limit();
            task()
        };
        let prover = thread::Builder::new().stack_size(STACK).spawn_scoped(scope, limited)?;
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
struct Rng(u64);

impl Rng {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `limit`, or 0 if that is 0.
    fn below(&mut self, limit: usize) -> usize {
        let number = usize::try_from(self.next() >> 32).unwrap_or(0);
        number.checked_rem(limit).unwrap_or(0)
    }

    fn shuffle<T>(&mut self, list: &mut [T]) {
        for last in (1..list.len()).rev() {
            list.swap(last, self.below(last + 1));
        }
    }
}
