//! The schema files of events: what the Rust types say, beside what the files say.

pub mod settle;

use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use events::catalog;
use serde_json::Value;
use similar::TextDiff;

use crate::versions::{self, Versions};

/// The folder of the schema files, from the repository's root.
pub const FOLDER: &str = "events/schemas";

/// A file that is not what it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The file, from the repository's root.
    pub path: String,
    /// What it should hold; nothing when it should not be there.
    pub wanted: Option<String>,
    /// What it holds; nothing when it is missing.
    pub found: Option<String>,
}

impl Difference {
    /// Compares a file with what it should hold; none when it does.
    ///
    /// # Errors
    /// When the file is there and cannot be read.
    pub fn of(repository: &Path, path: &str, wanted: &str) -> io::Result<Option<Self>> {
        let found = match fs::read_to_string(repository.join(path)) {
            Ok(text) => Some(text),
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            Err(error) => return Err(error),
        };
        let differs = found.as_deref() != Some(wanted);
        Ok(differs.then(|| Self { path: path.to_owned(), wanted: Some(wanted.to_owned()), found }))
    }

    /// The schema's name, when the file is in its place: `<service>/<Event>/v<N>`.
    #[must_use]
    pub fn schema(&self) -> Option<&str> {
        self.path.strip_prefix(FOLDER)?.strip_prefix('/')?.strip_suffix(".json")
    }

    /// Makes the file hold what it should.
    ///
    /// # Errors
    /// When it cannot be written or removed.
    pub fn mend(&self, repository: &Path) -> io::Result<()> {
        let path = repository.join(&self.path);
        let Some(wanted) = &self.wanted else {
            return fs::remove_file(path);
        };
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::write(path, wanted)
    }

    /// What is wrong and what to do, then the lines that differ: `-` is the file, `+` what it should hold.
    #[must_use]
    pub fn explain(&self, versions: &Versions) -> String {
        let path = &self.path;
        let advice = match (self.schema(), &self.wanted, &self.found) {
            (Some(schema), Some(_), Some(_)) if versions.is_released(schema) => format!(
                "{} is released, and {path} is not what its Rust type says: undo the change, or add {} beside it: \
                 docs/adding-an-event.md",
                spoken(schema),
                next(schema)
            ),
            (Some(schema), None, _) => format!(
                "{path} has no Rust type: bring the type of {} back into events/src/catalog.rs, or, when it never left \
                 the repository, remove the file",
                spoken(schema)
            ),
            (_, _, None) => format!("{path} is missing: run `cargo xtask schemas`"),
            _ => format!("{path} is not what the code says: run `cargo xtask schemas`"),
        };
        let (found, wanted) = (self.found.as_deref().unwrap_or(""), self.wanted.as_deref().unwrap_or(""));
        format!("{advice}\n{}", TextDiff::from_lines(found, wanted).unified_diff().context_radius(2))
    }
}

/// The text of a JSON file of ours: two spaces, a line break at the end.
#[must_use]
pub fn text(value: &Value) -> String {
    format!("{value:#}\n")
}

/// The schema files that are not what the Rust types say.
///
/// # Errors
/// When a file or folder is there and cannot be read.
pub fn differences(repository: &Path) -> io::Result<Vec<Difference>> {
    let mut differences = Vec::new();
    let events = catalog::all();
    for event in &events {
        let path = format!("{FOLDER}/{}.json", event.schema);
        differences.extend(Difference::of(repository, &path, &text(&event.document()))?);
    }
    let root = repository.join(FOLDER);
    for file in files(&root)? {
        let path = format!("{FOLDER}/{}", file.strip_prefix(&root).unwrap_or(&file).display());
        let is_known = events.iter().any(|event| path == format!("{FOLDER}/{}.json", event.schema));
        if path != versions::FILE && !is_known {
            differences.push(Difference { path, wanted: None, found: Some(fs::read_to_string(&file)?) });
        }
    }
    Ok(differences)
}

/// All files below a folder, which may be missing, in the order of their names.
///
/// # Errors
/// When a folder cannot be read.
pub fn files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    if !folder.exists() {
        return Ok(Vec::new());
    }
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            files.extend(self::files(&entry.path())?);
        } else {
            files.push(entry.path());
        }
    }
    files.sort();
    Ok(files)
}

/// `TodoCreated v1`.
fn spoken(schema: &str) -> String {
    schema.split_once('/').map_or(schema, |(_, event)| event).replace('/', " ")
}

/// The version after this one: `v2`.
fn next(schema: &str) -> String {
    let version = schema.rsplit_once("/v").and_then(|(_, number)| number.parse::<u32>().ok()).unwrap_or_default();
    format!("v{}", version + 1)
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use serde_json::json;

    use super::*;

    fn changed() -> Difference {
        let text = |bound| Some(text(&json!({"maxLength": bound})));
        Difference { path: format!("{FOLDER}/todos/TodoCreated/v1.json"), wanted: text(9), found: text(8) }
    }

    #[test]
    fn a_draft_that_changed_is_written_anew() {
        assert_eq!(
            changed().explain(&Versions::default()),
            "events/schemas/todos/TodoCreated/v1.json is not what the code says: run `cargo xtask schemas`\n\
             @@ -1,3 +1,3 @@\n {\n-  \"maxLength\": 8\n+  \"maxLength\": 9\n }\n"
        );
    }

    #[test]
    fn a_released_schema_that_changed_asks_for_a_new_version() {
        let mut versions = Versions::default();
        versions.release("todos/TodoCreated/v1", &json!({"maxLength": 8}), date(2026, 11, 21)).unwrap();
        assert!(changed().explain(&versions).starts_with(
            "TodoCreated v1 is released, and events/schemas/todos/TodoCreated/v1.json is not what its Rust type says: \
             undo the change, or add v2 beside it: docs/adding-an-event.md\n"
        ));
    }

    #[test]
    fn a_schema_without_a_type_and_a_type_without_a_schema_are_told_apart() {
        let lost = Difference { wanted: None, ..changed() };
        assert!(lost.explain(&Versions::default()).contains("bring the type of TodoCreated v1 back"));
        let missing = Difference { found: None, ..changed() };
        assert!(missing.explain(&Versions::default()).contains("v1.json is missing: run `cargo xtask schemas`"));
    }
}
