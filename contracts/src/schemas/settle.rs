//! Writing the schema files anew from the types, as far as that is allowed.

use std::io;
use std::path::{Path, PathBuf};

use events::catalog;
use jiff::civil::Date;

use super::{Difference, differences};
use crate::versions::{self, AlreadyReleased, Versions};

/// Writes the schemas of drafts and the list of versions, and marks the versions of `release` as released `today`.
/// Gives the files that were written or removed.
///
/// # Errors
/// When a released schema is not what its type says: nothing is written then. When a version of `release` has no type or
/// was released with another schema. When a file cannot be read or written.
pub fn settle(repository: &Path, release: &[String], today: Date) -> Result<Vec<Difference>, SettleError> {
    let mut versions = read_versions(repository)?;
    let mut changed = differences(repository).map_err(|source| unusable(repository, "events/schemas", source))?;
    let is_frozen = |difference: &&Difference| difference.schema().is_some_and(|schema| versions.is_released(schema));
    let refusals: Vec<String> =
        changed.iter().filter(is_frozen).map(|difference| difference.explain(&versions)).collect();
    if !refusals.is_empty() {
        return Err(SettleError::Frozen(refusals.join("\n")));
    }
    list(&mut versions, release, today)?;
    let listed = Difference::of(repository, versions::FILE, &versions.text());
    changed.extend(listed.map_err(|source| unusable(repository, versions::FILE, source))?);
    for difference in &changed {
        difference.mend(repository).map_err(|source| unusable(repository, &difference.path, source))?;
    }
    Ok(changed)
}

fn read_versions(repository: &Path) -> Result<Versions, SettleError> {
    let path = repository.join(versions::FILE);
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Versions::default()),
        Err(source) => return Err(SettleError::Unusable { path, source }),
    };
    Versions::parse(&text).map_err(|source| SettleError::NoVersions { path, source })
}

/// Lists every version that has a type, drops drafts that have none any more, and releases what is asked for.
fn list(versions: &mut Versions, release: &[String], today: Date) -> Result<(), SettleError> {
    let events = catalog::all();
    let has_type = |schema: &str| events.iter().any(|event| event.schema == schema);
    versions.0.retain(|schema, version| version.released.is_some() || has_type(schema));
    for event in &events {
        versions.0.entry(event.schema.clone()).or_default();
    }
    for schema in release {
        let Some(event) = events.iter().find(|event| event.schema == *schema) else {
            let known: Vec<&str> = events.iter().map(|event| event.schema.as_str()).collect();
            return Err(SettleError::Unknown { schema: schema.clone(), known: known.join(", ") });
        };
        versions.release(schema, &event.document(), today)?;
    }
    Ok(())
}

fn unusable(repository: &Path, path: &str, source: io::Error) -> SettleError {
    SettleError::Unusable { path: repository.join(path), source }
}

/// Why the schema files were not written.
#[derive(Debug, thiserror::Error)]
pub enum SettleError {
    /// Released schemas are not what their types say; the text says which, how they differ and what to do.
    #[error("{0}")]
    Frozen(String),
    /// There is no type of a version that was to be released.
    #[error("there is no event version {schema}; there are {known}")]
    Unknown {
        /// What was asked for.
        schema: String,
        /// What there is.
        known: String,
    },
    /// A version was released before, with another schema.
    #[error(transparent)]
    Released(#[from] AlreadyReleased),
    /// The list of versions is not one.
    #[error("{path} is no list of versions")]
    NoVersions {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: serde_json::Error,
    },
    /// A file cannot be read or written.
    #[error("{path} cannot be read or written")]
    Unusable {
        /// Which.
        path: PathBuf,
        /// Why.
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

    const CREATED: &str = "events/schemas/todos/TodoCreated/v1.json";

    fn settled(release: &[&str]) -> TempDir {
        let folder = TempDir::new().unwrap();
        settle(folder.path(), &release.iter().map(|&name| name.to_owned()).collect::<Vec<_>>(), today()).unwrap();
        folder
    }

    fn today() -> Date {
        date(2026, 11, 21)
    }

    fn tamper(folder: &TempDir) {
        let path = folder.path().join(CREATED);
        fs::write(&path, fs::read_to_string(&path).unwrap().replace(": 200", ": 300")).unwrap();
    }

    #[test]
    fn an_empty_repository_gets_a_draft_of_each_event() {
        let folder = settled(&[]);
        assert_eq!(files(folder.path()).unwrap().len(), catalog::all().len() + 1);
        assert!(settle(folder.path(), &[], today()).unwrap().is_empty(), "a second time changes nothing");
    }

    #[test]
    fn a_draft_follows_its_type_and_a_released_schema_does_not() {
        let draft = settled(&[]);
        tamper(&draft);
        let written = settle(draft.path(), &[], today()).unwrap();
        assert_eq!(written.iter().map(|difference| &*difference.path).collect::<Vec<_>>(), [CREATED]);

        let released = settled(&["todos/TodoCreated/v1"]);
        tamper(&released);
        let tampered = fs::read_to_string(released.path().join(CREATED)).unwrap();
        let refused = settle(released.path(), &[], today()).unwrap_err().to_string();
        assert!(refused.starts_with("TodoCreated v1 is released, and"), "{refused}");
        assert!(refused.contains("-          \"maxLength\": 300,\n+          \"maxLength\": 200,\n"), "{refused}");
        assert_eq!(fs::read_to_string(released.path().join(CREATED)).unwrap(), tampered, "nothing is written");
    }

    #[test]
    fn a_draft_without_a_type_goes_and_a_released_version_without_one_is_missed() {
        let folder = settled(&[]);
        let path = folder.path().join("events/schemas/todos/TodoArchived/v1.json");
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, "{}").unwrap();
        settle(folder.path(), &[], today()).unwrap();
        assert!(!path.exists());

        fs::write(&path, "{}").unwrap();
        let mut versions = read_versions(folder.path()).unwrap();
        versions.release("todos/TodoArchived/v1", &serde_json::json!({}), today()).unwrap();
        fs::write(folder.path().join(versions::FILE), versions.text()).unwrap();
        let refused = settle(folder.path(), &[], today()).unwrap_err().to_string();
        assert!(refused.contains("bring the type of TodoArchived v1 back"), "{refused}");
    }

    #[test]
    fn what_has_no_type_cannot_be_released() {
        let folder = TempDir::new().unwrap();
        let refused = settle(folder.path(), &["todos/TodoCreated/v2".to_owned()], today()).unwrap_err().to_string();
        assert!(refused.starts_with("there is no event version todos/TodoCreated/v2; there are users/"), "{refused}");
    }
}
