//! The schema files of events, and how they differ from the Rust types.

pub mod update;

use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use events::catalog;
use serde_json::Value;
use similar::TextDiff;

use crate::versions::{self, Versions};

/// The folder of the schema files, from the repository's root.
pub const FOLDER: &str = "events/schemas";

/// A file that does not have its generated content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The file's path from the repository's root.
    pub path: String,
    /// The generated content; none when the file should not exist.
    pub expected: Option<String>,
    /// The content of the file; none when it does not exist.
    pub found: Option<String>,
}

impl Difference {
    /// Compares a file with its generated content; none when they are equal.
    ///
    /// # Errors
    /// When the file exists and cannot be read.
    pub fn compare(repository: &Path, path: &str, expected: &str) -> io::Result<Option<Self>> {
        let found = match fs::read_to_string(repository.join(path)) {
            Ok(text) => Some(text),
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            Err(error) => return Err(error),
        };
        let differs = found.as_deref() != Some(expected);
        Ok(differs.then(|| Self { path: path.to_owned(), expected: Some(expected.to_owned()), found }))
    }

    /// The schema's name `<service>/<Event>/v<N>`, if the file is in the folder of schemas.
    #[must_use]
    pub fn schema(&self) -> Option<&str> {
        self.path.strip_prefix(FOLDER)?.strip_prefix('/')?.strip_suffix(".json")
    }

    /// Writes the generated content into the file, or removes the file.
    ///
    /// # Errors
    /// When it cannot be written or removed.
    pub fn fix(&self, repository: &Path) -> io::Result<()> {
        let path = repository.join(&self.path);
        let Some(expected) = &self.expected else {
            return fs::remove_file(path);
        };
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::write(path, expected)
    }

    /// Puts back what was there before [`Self::fix`].
    fn undo(&self, repository: &Path) -> io::Result<()> {
        Self { path: self.path.clone(), expected: self.found.clone(), found: self.expected.clone() }.fix(repository)
    }

    /// What is wrong and what to do, then the lines that differ: `-` is the file, `+` the generated content.
    #[must_use]
    pub fn explain(&self, versions: &Versions) -> String {
        let path = &self.path;
        let advice = match (self.schema(), &self.expected, &self.found) {
            (Some(schema), Some(_), Some(_)) if versions.is_released(schema) => format!(
                "{} is released, and {path} differs from its Rust type: undo the change, or add {}: \
                 docs/adding-an-event.md",
                display_name(schema),
                next_version(schema)
            ),
            (Some(schema), None, _) => format!(
                "{path} has no Rust type: restore the type of {} in events/src/publishers/ and its example, or, if it was \
                 never released, remove the file",
                display_name(schema)
            ),
            (_, _, None) => format!("{path} is missing: run `cargo xtask schemas`"),
            _ => format!("{path} differs from the code: run `cargo xtask schemas`"),
        };
        let (found, expected) = (self.found.as_deref().unwrap_or(""), self.expected.as_deref().unwrap_or(""));
        format!("{advice}\n{}", TextDiff::from_lines(found, expected).unified_diff().context_radius(2))
    }
}

/// A value as the text of a generated JSON file: indented by two spaces, with a line break at the end.
#[must_use]
pub fn text(value: &Value) -> String {
    format!("{value:#}\n")
}

/// The schema files that differ from the Rust types.
///
/// # Errors
/// When a file or folder exists and cannot be read.
pub fn differences(repository: &Path) -> io::Result<Vec<Difference>> {
    let mut differences = Vec::new();
    let events = catalog::all();
    for event in &events {
        let path = format!("{FOLDER}/{}.json", event.schema);
        differences.extend(Difference::compare(repository, &path, &text(&event.document()))?);
    }
    let root = repository.join(FOLDER);
    for file in files(&root)? {
        let path = format!("{FOLDER}/{}", file.strip_prefix(&root).unwrap_or(&file).display());
        let is_known = events.iter().any(|event| path == format!("{FOLDER}/{}.json", event.schema));
        if path != versions::FILE && !is_known {
            differences.push(Difference { path, expected: None, found: Some(fs::read_to_string(&file)?) });
        }
    }
    Ok(differences)
}

/// All files below a folder, sorted by path; none when the folder does not exist.
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

/// The name in messages, such as `TodoCreated v1`.
fn display_name(schema: &str) -> String {
    schema.split_once('/').map_or(schema, |(_, event)| event).replace('/', " ")
}

/// The version after this one: `v2`.
fn next_version(schema: &str) -> String {
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
        Difference { path: format!("{FOLDER}/a/Created/v1.json"), expected: text(9), found: text(8) }
    }

    #[test]
    fn a_changed_draft_is_generated_again() {
        assert_eq!(
            changed().explain(&Versions::default()),
            "events/schemas/a/Created/v1.json differs from the code: run `cargo xtask schemas`\n\
             @@ -1,3 +1,3 @@\n {\n-  \"maxLength\": 8\n+  \"maxLength\": 9\n }\n"
        );
    }

    #[test]
    fn a_changed_released_schema_needs_a_new_version() {
        let mut versions = Versions::default();
        versions.release("a/Created/v1", &json!({"maxLength": 8}), date(2026, 11, 21)).unwrap();
        assert!(changed().explain(&versions).starts_with(
            "Created v1 is released, and events/schemas/a/Created/v1.json differs from its Rust type: undo the change, \
             or add v2: docs/adding-an-event.md\n"
        ));
    }

    #[test]
    fn a_missing_type_and_a_missing_schema_have_different_advice() {
        let lost = Difference { expected: None, ..changed() };
        assert!(lost.explain(&Versions::default()).contains("restore the type of Created v1"));
        let missing = Difference { found: None, ..changed() };
        assert!(missing.explain(&Versions::default()).contains("v1.json is missing: run `cargo xtask schemas`"));
    }
}
