//! Generating the schema files from the types, except those of released versions.

use std::io;
use std::path::{Path, PathBuf};

use events::catalog;
use jiff::civil::Date;

use super::{Difference, differences};
use crate::versions::{self, AlreadyReleased, Versions};

/// What to write for the schemas of drafts and the list of versions, with the versions of `release` released `today`.
///
/// # Errors
/// When a released schema differs from its type. When a version of `release` has no type or was released with another
/// schema. When a file cannot be read.
pub fn changes(repository: &Path, release: &[String], today: Date) -> Result<Vec<Difference>, UpdateError> {
    let mut versions = read_versions(repository)?;
    let mut changed = differences(repository).map_err(|source| unusable(repository, "events/schemas", source))?;
    let is_frozen = |difference: &&Difference| difference.schema().is_some_and(|schema| versions.is_released(schema));
    let refusals: Vec<String> =
        changed.iter().filter(is_frozen).map(|difference| difference.explain(&versions)).collect();
    if !refusals.is_empty() {
        return Err(UpdateError::Frozen(refusals.join("\n")));
    }
    update_versions(&mut versions, release, today)?;
    versions.0.retain(|schema, _| !is_of_deleted_service(repository, schema));
    let versions_file = Difference::compare(repository, versions::FILE, &versions.text());
    changed.extend(versions_file.map_err(|source| unusable(repository, versions::FILE, source))?);
    Ok(changed)
}

/// Writes and removes all files, or none: after an error, those that were changed before it are as they were.
///
/// # Errors
/// When a file cannot be written or removed.
pub fn write(repository: &Path, changes: &[Difference]) -> Result<(), UpdateError> {
    for (count, change) in changes.iter().enumerate() {
        let Err(source) = change.fix(repository) else { continue };
        for done in changes[..count].iter().rev() {
            done.undo(repository).map_err(|source| unusable(repository, &done.path, source))?;
        }
        return Err(unusable(repository, &change.path, source));
    }
    Ok(())
}

fn read_versions(repository: &Path) -> Result<Versions, UpdateError> {
    let path = repository.join(versions::FILE);
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Versions::default()),
        Err(source) => return Err(UpdateError::Unusable { path, source }),
    };
    Versions::parse(&text).map_err(|source| UpdateError::NoVersions { path, source })
}

/// Lists every version that has a type, removes drafts without a type, and releases the versions of `release`.
fn update_versions(versions: &mut Versions, release: &[String], today: Date) -> Result<(), UpdateError> {
    let events = catalog::all();
    let has_type = |schema: &str| events.iter().any(|event| event.schema == schema);
    versions.0.retain(|schema, version| version.released.is_some() || has_type(schema));
    for event in &events {
        versions.0.entry(event.schema.clone()).or_default();
    }
    for schema in release {
        let Some(event) = events.iter().find(|event| event.schema == *schema) else {
            let known: Vec<&str> = events.iter().map(|event| event.schema.as_str()).collect();
            return Err(UpdateError::Unknown { schema: schema.clone(), known: known.join(", ") });
        };
        versions.release(schema, &event.document(), today)?;
    }
    Ok(())
}

/// Whether the service of a version was deleted with its types and schemas. A service that only lost its schemas is not:
/// that would be a mistake.
fn is_of_deleted_service(repository: &Path, schema: &str) -> bool {
    let service = schema.split('/').next().unwrap_or(schema);
    let has_types = catalog::all().iter().any(|event| event.service == service);
    let has_folder = |parent: &str| repository.join(parent).join(service).exists();
    !has_types && !has_folder("services") && !has_folder(super::FOLDER)
}

fn unusable(repository: &Path, path: &str, source: io::Error) -> UpdateError {
    UpdateError::Unusable { path: repository.join(path), source }
}

/// Why the schema files were not generated.
#[derive(Debug, thiserror::Error)]
pub enum UpdateError {
    /// Released schemas differ from their types; the text names them, the differences and what to do.
    #[error("{0}")]
    Frozen(String),
    /// A version that should be released has no type.
    #[error("there is no event version {schema}; there are {known}")]
    Unknown {
        /// The requested schema's name.
        schema: String,
        /// The names of all schemas.
        known: String,
    },
    /// A version was released before, with another schema.
    #[error(transparent)]
    Released(#[from] AlreadyReleased),
    /// The list of versions cannot be parsed.
    #[error("{path} is not a list of versions")]
    NoVersions {
        /// The path of [`versions::FILE`] in the repository.
        path: PathBuf,
        /// The parser's error, with line and column.
        source: serde_json::Error,
    },
    /// A file cannot be read or written.
    #[error("{path} cannot be read or written")]
    Unusable {
        /// The path of the file or folder.
        path: PathBuf,
        /// The error of the file system.
        source: io::Error,
    },
}

#[cfg(test)]
mod tests {
    use std::fs;

    use jiff::civil::date;
    use tempfile::TempDir;

    use super::*;
    use crate::schemas::files;

    fn update(repository: &Path, release: &[String], today: Date) -> Result<Vec<Difference>, UpdateError> {
        let changes = changes(repository, release, today)?;
        write(repository, &changes).map(|()| changes)
    }

    /// The schema's name of an event with a text of bounded length.
    fn name() -> String {
        let events = catalog::all();
        let bounded = events.iter().find(|event| event.document().to_string().contains("\"maxLength\":200"));
        bounded.unwrap().schema.clone()
    }

    fn file() -> String {
        format!("events/schemas/{}.json", name())
    }

    /// `TodoCreated v1` of `todos/TodoCreated/v1`.
    fn display_name() -> String {
        name().split_once('/').unwrap().1.replace('/', " ")
    }

    fn generated(release: &[String]) -> TempDir {
        let folder = TempDir::new().unwrap();
        update(folder.path(), release, today()).unwrap();
        folder
    }

    fn today() -> Date {
        date(2026, 11, 21)
    }

    fn change(folder: &TempDir) {
        let path = folder.path().join(file());
        fs::write(&path, fs::read_to_string(&path).unwrap().replace(": 200", ": 300")).unwrap();
    }

    #[test]
    fn an_empty_repository_gets_a_draft_of_each_event() {
        let folder = generated(&[]);
        assert_eq!(files(folder.path()).unwrap().len(), catalog::all().len() + 1);
        assert!(update(folder.path(), &[], today()).unwrap().is_empty(), "a second time changes nothing");
    }

    #[test]
    fn a_draft_follows_its_type_and_a_released_schema_does_not() {
        let draft = generated(&[]);
        change(&draft);
        let written = update(draft.path(), &[], today()).unwrap();
        assert_eq!(written.iter().map(|difference| &*difference.path).collect::<Vec<_>>(), [file()]);

        let released = generated(&[name()]);
        change(&released);
        let changed = fs::read_to_string(released.path().join(file())).unwrap();
        let refused = update(released.path(), &[], today()).unwrap_err().to_string();
        assert!(refused.starts_with(&format!("{} is released, and", display_name())), "{refused}");
        assert!(refused.contains("-          \"maxLength\": 300,\n+          \"maxLength\": 200,\n"), "{refused}");
        assert_eq!(fs::read_to_string(released.path().join(file())).unwrap(), changed, "nothing is written");
    }

    #[test]
    fn a_draft_without_a_type_is_removed_and_a_released_version_without_a_type_is_reported() {
        let folder = generated(&[]);
        let path = folder.path().join("events/schemas/a/Archived/v1.json");
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, "{}").unwrap();
        update(folder.path(), &[], today()).unwrap();
        assert!(!path.exists());

        fs::write(&path, "{}").unwrap();
        let mut versions = read_versions(folder.path()).unwrap();
        versions.release("a/Archived/v1", &serde_json::json!({}), today()).unwrap();
        fs::write(folder.path().join(versions::FILE), versions.text()).unwrap();
        let refused = update(folder.path(), &[], today()).unwrap_err().to_string();
        assert!(refused.contains("restore the type of Archived v1"), "{refused}");
    }

    #[test]
    fn the_versions_of_a_deleted_service_are_removed_and_those_of_one_without_schemas_are_not() {
        let folder = generated(&[]);
        let mut versions = read_versions(folder.path()).unwrap();
        for schema in ["deleted/Created/v1", "kept/Created/v1"] {
            versions.release(schema, &serde_json::json!({}), today()).unwrap();
        }
        fs::write(folder.path().join(versions::FILE), versions.text()).unwrap();
        fs::create_dir_all(folder.path().join("services/kept")).unwrap();
        update(folder.path(), &[], today()).unwrap();
        let versions = read_versions(folder.path()).unwrap();
        assert!(!versions.is_released("deleted/Created/v1") && versions.is_released("kept/Created/v1"));
    }

    #[test]
    fn a_file_that_cannot_be_written_leaves_the_others_as_they_were() {
        let folder = TempDir::new().unwrap();
        let change = |path: &str, found: Option<&str>, expected: Option<&str>| Difference {
            path: path.to_owned(),
            expected: expected.map(str::to_owned),
            found: found.map(str::to_owned),
        };
        for path in ["changed", "removed", "no-folder"] {
            fs::write(folder.path().join(path), "before").unwrap();
        }
        let changes = [
            change("changed", Some("before"), Some("after")),
            change("removed", Some("before"), None),
            change("new/file", None, Some("after")),
            change("no-folder/file", None, Some("after")),
            change("never", None, Some("after")),
        ];
        let error = write(folder.path(), &changes).unwrap_err().to_string();
        assert!(error.ends_with("no-folder/file cannot be read or written"), "{error}");
        let left = files(folder.path()).unwrap();
        let left: Vec<_> = left.iter().map(|path| fs::read_to_string(path).unwrap()).collect();
        assert_eq!(left, ["before"; 3]);
    }

    #[test]
    fn a_version_without_a_type_cannot_be_released() {
        let folder = TempDir::new().unwrap();
        let refused = update(folder.path(), &["a/Created/v2".to_owned()], today()).unwrap_err().to_string();
        assert!(refused.starts_with("there is no event version a/Created/v2; there are "), "{refused}");
    }
}
