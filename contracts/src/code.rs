//! What the code of a work tree publishes and reads: cargo builds it, and so decides what is stale, and it is asked.
//!
//! The files in `events/schemas/` and `services/<service>/reads/` are written from the same code by
//! `cargo xtask schemas`. A check that believed the files alone would not see that the code has changed since.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{fs, io};

use events::catalog;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tempfile::TempDir;

use crate::words;

/// The variable with the folder into which the test programs write what their code gives.
const FOLDER: &str = "BUSLINE_DERIVED_SCHEMAS";
/// The test program of `events` that writes the types of all events, its test, and the file that it writes.
const TYPES: &str = "types";
const TYPES_TEST: &str = "every_type_gives_a_document";
const TYPES_FILE: &str = "types.json";
/// The test of a subscriber that writes what its jobs read.
const READS_TEST: &str = "subscribe::consumed_events::schema_files_match_the_payload_types";

/// The names and the schema that the Rust type of one event version gives.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct TypeDocument {
    /// Its schema's name, as the envelope carries it.
    pub schema: String,
    /// The bus's `source`, as the publisher sends it.
    pub source: String,
    /// The bus's `detail-type`, as the publisher sends it.
    pub detail_type: String,
    /// The JSON Schema of its `detail`.
    pub document: Value,
}

/// The types that this program was compiled with.
#[must_use]
pub fn compiled_types() -> Vec<TypeDocument> {
    let document = |event: catalog::EventType| TypeDocument {
        document: event.document(),
        schema: event.schema,
        source: event.source,
        detail_type: event.detail_type,
    };
    catalog::all().into_iter().map(document).collect()
}

/// The schemas that the code of a work tree gives.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CodeSchemas {
    /// The services to compare with their files; none stands for all.
    pub services: Option<BTreeSet<String>>,
    /// The types of all events.
    pub types: Vec<TypeDocument>,
    /// The schema of what a job reads, by the path of its file from the repository's root.
    pub reads: BTreeMap<String, Value>,
}

impl CodeSchemas {
    /// Builds the code below a repository's root with cargo, and asks it for its schemas.
    ///
    /// With `services`, only what these publish and read is compiled and compared: a deployment of one service does not
    /// contain the code of another.
    ///
    /// # Errors
    /// When cargo cannot build the code, or the code does not give its schemas.
    pub fn derive(root: &Path, services: Option<BTreeSet<String>>) -> Result<Self, DeriveError> {
        if services.as_ref().is_some_and(BTreeSet::is_empty) {
            return Ok(Self { services, ..Self::default() });
        }
        let mut derived = Self { services, ..Self::default() };
        let subscribers = derived.subscribers(root)?;
        let programs = build(root, &subscribers)?;
        let folder = TempDir::new().map_err(DeriveError::NoFolder)?;
        derived.types = ask(&programs, TYPES, TYPES_TEST, folder.path(), TYPES_FILE)?;
        for service in &subscribers {
            let reads: BTreeMap<String, Value> =
                ask(&programs, service, READS_TEST, folder.path(), &format!("{service}.reads.json"))?;
            derived
                .reads
                .extend(reads.into_iter().map(|(path, schema)| (format!("services/{service}/{path}"), schema)));
        }
        Ok(derived)
    }

    /// Whether the files of a service are compared.
    #[must_use]
    pub fn includes(&self, service: &str) -> bool {
        self.services.as_ref().is_none_or(|services| services.contains(service))
    }

    /// The services with code that reads events.
    fn subscribers(&self, root: &Path) -> Result<Vec<String>, DeriveError> {
        let mut names = Vec::new();
        for entry in fs::read_dir(root.join("services")).map_err(DeriveError::NoFolder)? {
            let entry = entry.map_err(DeriveError::NoFolder)?;
            let name = entry.file_name().to_string_lossy().into_owned();
            if self.includes(&name) && entry.path().join("src/subscribe.rs").exists() {
                names.push(name);
            }
        }
        names.sort();
        Ok(names)
    }
}

/// Builds the test programs of subscribers and the one of the events' types; returns their paths by name.
fn build(root: &Path, subscribers: &[String]) -> Result<BTreeMap<String, PathBuf>, DeriveError> {
    let mut cargo = Command::new("cargo");
    // `--workspace` as `cargo xtask test` has it: with `--package` alone, dependencies would be compiled once more.
    cargo.args(["test", "--quiet", "--workspace", "--no-run", "--message-format=json-render-diagnostics"]);
    cargo.args(["--test", TYPES]);
    cargo.args(subscribers.iter().flat_map(|service| ["--bin", service]));
    let cargo = cargo.current_dir(root).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::inherit());
    let output = cargo.output().map_err(DeriveError::NoCargo)?;
    if !output.status.success() {
        return Err(DeriveError::NotBuilt(root.to_owned()));
    }
    Ok(String::from_utf8_lossy(&output.stdout).lines().filter_map(test_program).collect())
}

/// The name and the path of a test program in a line of cargo's messages.
fn test_program(message: &str) -> Option<(String, PathBuf)> {
    let message: Value = serde_json::from_str(message).ok()?;
    let is_test = message["reason"] == "compiler-artifact" && message["profile"]["test"] == true;
    let path = message["executable"].as_str().filter(|_| is_test)?;
    Some((message["target"]["name"].as_str()?.to_owned(), path.into()))
}

/// Runs a test that writes what the code gives into a file, and reads the file.
fn ask<T: DeserializeOwned>(
    programs: &BTreeMap<String, PathBuf>,
    name: &str,
    test: &str,
    folder: &Path,
    file: &str,
) -> Result<T, DeriveError> {
    let silent = |reason: String| DeriveError::Silent { program: name.to_owned(), test: test.to_owned(), reason };
    let program = programs.get(name).ok_or_else(|| silent("cargo built no such test program".into()))?;
    let run = Command::new(program).args(["--exact", test]).env(FOLDER, folder).stdin(Stdio::null()).output();
    let output = run.map_err(|error| silent(words::chain(&error)))?;
    if !output.status.success() {
        return Err(silent(String::from_utf8_lossy(&output.stdout).trim().to_owned()));
    }
    let written = fs::read(folder.join(file)).map_err(|error| silent(format!("it wrote no {file}: {error}")))?;
    serde_json::from_slice(&written).map_err(|error| silent(format!("its {file} does not parse: {error}")))
}

/// Why it is not known what the code publishes and reads.
#[derive(Debug, thiserror::Error)]
pub enum DeriveError {
    /// The program cargo cannot be started.
    #[error("what the code publishes and reads is not known: cannot run cargo")]
    NoCargo(#[source] io::Error),
    /// The code does not compile, or the folder is no cargo workspace with it.
    #[error(
        "what the code publishes and reads is not known: cargo cannot build the tests in {0}, its messages are above"
    )]
    NotBuilt(PathBuf),
    /// The folder of the services, or the temporary one, cannot be used.
    #[error("what the code publishes and reads is not known")]
    NoFolder(#[source] io::Error),
    /// A test program did not write what its code gives.
    #[error(
        "what the code publishes and reads is not known: the test `{test}` of {program} does not tell it: {reason}"
    )]
    Silent {
        /// The name of the program.
        program: String,
        /// The test that should have written it.
        test: String,
        /// The last lines of its output, or how it ended.
        reason: String,
    },
}
