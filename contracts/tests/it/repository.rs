//! This repository, for the tests that look at it and those that change it in memory.

#![allow(clippy::unwrap_used, reason = "clippy.toml's exception is for test functions alone")]

use std::path::{Path, PathBuf};

use contracts::check::Finding;
use contracts::code::{CodeSchemas, compiled_types};
use contracts::repository::tree::Tree;
use contracts::repository::{EventName, Reader, Repository};
use jiff::civil::{Date, date};
use serde_json::Value;

/// This repository as it stands.
pub(crate) fn here() -> Repository {
    Repository::new(tree(), Some(code()))
}

/// What the code gives: the types of this program, and the files of what jobs read, which a test of each service compares
/// with its code.
pub(crate) fn code() -> CodeSchemas {
    let readers = Repository::new(tree(), None).readers.into_iter();
    let reads = readers.map(|reader| (reader.file, reader.schema)).collect();
    CodeSchemas { services: None, types: compiled_types(), reads }
}

pub(crate) fn tree() -> Tree {
    Tree::read(&root()).unwrap()
}

pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// An event with a reader in another service that requires some of its fields, for tests that change the event.
pub(crate) struct Subject {
    pub(crate) name: EventName,
    pub(crate) reader: Reader,
    /// The first field that the reader requires.
    pub(crate) field: String,
}

impl Subject {
    /// The first such event of this repository that one service publishes.
    pub(crate) fn find() -> Self {
        let here = here();
        let found = here.published().find_map(|(name, _)| {
            let publishers = here.schemas.keys().filter(|other| other.detail_type() == name.detail_type());
            let reader =
                here.readers_of(name).find(|reader| reader.service != name.service && here.has_rule(reader))?;
            let field = reader.schema["properties"]["data"]["required"][0].as_str()?.to_owned();
            (publishers.count() == 1).then(|| Self { name: name.clone(), reader: reader.clone(), field })
        });
        found.unwrap()
    }

    /// The services and jobs that read the event.
    pub(crate) fn readers(&self) -> Vec<String> {
        here().readers_of(&self.name).map(Reader::subject).collect()
    }
}

/// Takes a field out of the required fields of a schema's data.
pub(crate) fn relax(schema: &mut Value, field: &str) {
    let required = schema["properties"]["data"]["required"].as_array_mut().unwrap();
    required.retain(|required| required != field);
}

/// This repository with one JSON file changed.
pub(crate) fn changed(path: &str, change: impl FnOnce(&mut Value)) -> Repository {
    let mut tree = tree();
    let mut value: Value = serde_json::from_str(tree.text(path).unwrap()).unwrap();
    change(&mut value);
    tree.put(path, value.to_string());
    Repository::new(tree, None)
}

/// A day on which its exceptions hold.
pub(crate) fn today() -> Date {
    date(2026, 11, 23)
}

/// A finding as text.
pub(crate) fn describe(rule: &str, finding: &Finding) -> String {
    let place = finding.pointer.as_deref().unwrap_or("");
    let place = if place.starts_with("line ") { format!(" {place}") } else { place.to_owned() };
    format!("{rule}: {}\n  at {}{place}\n  {}", finding.problem, finding.file, finding.advice)
}
