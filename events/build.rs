//! Finds the publishers and their events, so that a service adds or deletes its own files and no list names it.
//!
//! - `src/publishers/<service>.rs` becomes the module `events::<service>`.
//! - `examples/<service>/<Event>/v<N>.json` stands for the event version `<service>/<Event>/v<N>`. Its type is
//!   `events::<service>::<Event>V<N>`, or `events::participants::<Event>V<N>` for the events that each participant
//!   publishes. An example without such a type does not compile.
//!
//! Paths in the written files are relative, so that a copy of the repository with its target folder reads its own files.

#![allow(clippy::print_stdout, reason = "a build script speaks to cargo on its standard output")]
#![allow(clippy::disallowed_methods, reason = "cargo passes a build script its folders in the environment")]

use std::env;
use std::error::Error;
use std::fs;
use std::path::{Component, Path};

/// The events in `src/participants.rs`.
const PARTICIPANT_EVENTS: [&str; 2] = ["UserDataErased", "UserDataExported"];

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=src/publishers");
    println!("cargo::rerun-if-changed=examples");
    let output = fs::canonicalize(env::var("OUT_DIR")?)?;
    let package = fs::canonicalize(env::var("CARGO_MANIFEST_DIR")?)?;
    let from_output = relative(&output, &package);
    fs::write(output.join("publishers.rs"), publishers(&package, &from_output)?)?;
    fs::write(output.join("catalog.rs"), catalog(&package, &from_output)?)?;
    Ok(())
}

/// The modules of all publishers, and their re-exports for `lib.rs`.
fn publishers(package: &Path, from_output: &str) -> Result<String, Box<dyn Error>> {
    let files = names(&package.join("src/publishers"))?;
    let services: Vec<&str> = files.iter().filter_map(|file| file.strip_suffix(".rs")).collect();
    let lines =
        |before: &str| services.iter().map(|service| format!("{before}{};\n", module(service))).collect::<Vec<_>>();
    let (modules, exports) = (lines("    pub mod ").concat(), lines("pub use publishers::").concat());
    Ok(format!("#[path = \"{from_output}/src/publishers\"]\nmod publishers {{\n{modules}}}\n{exports}"))
}

/// A list with an expression for each event version that has an example.
fn catalog(package: &Path, from_output: &str) -> Result<String, Box<dyn Error>> {
    let examples = package.join("examples");
    let mut lines = Vec::new();
    for service in names(&examples)? {
        for event in names(&examples.join(&service))? {
            for file in names(&examples.join(&service).join(&event))? {
                // A further example of a version, such as `v1.minimal.json`, is for tests only.
                let version = file.strip_prefix('v').and_then(|rest| rest.strip_suffix(".json"));
                let Some(version) = version.and_then(|digits| digits.parse::<u32>().ok()) else { continue };
                let example = format!("include_str!(\"{from_output}/examples/{service}/{event}/{file}\")");
                lines.push(if PARTICIPANT_EVENTS.contains(&event.as_str()) {
                    format!("participant_event::<crate::participants::{event}V{version}>(\"{service}\", {example}),\n")
                } else {
                    format!("event::<crate::{}::{event}V{version}>({example}),\n", module(&service))
                });
            }
        }
    }
    Ok(format!("vec![\n{}]\n", lines.concat()))
}

/// The module of a service: `user-groups` publishes in `user_groups`.
fn module(service: &str) -> String {
    service.replace('-', "_")
}

/// The names in a folder, sorted.
fn names(folder: &Path) -> Result<Vec<String>, Box<dyn Error>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder)? {
        names.push(entry?.file_name().to_string_lossy().into_owned());
    }
    names.sort();
    Ok(names)
}

/// The way from one folder to another, with `/` between folders.
fn relative(from: &Path, to: &Path) -> String {
    let (from, to): (Vec<Component>, Vec<Component>) = (from.components().collect(), to.components().collect());
    let shared = from.iter().zip(&to).take_while(|(one, other)| one == other).count();
    let up = from[shared..].iter().map(|_| "..".to_owned());
    let down = to[shared..].iter().map(|part| part.as_os_str().to_string_lossy().into_owned());
    up.chain(down).collect::<Vec<_>>().join("/")
}
