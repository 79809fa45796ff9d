//! Finds the benchmark scenarios of services, so that a service adds or deletes its own folder and no list names it.
//!
//! `services/<name>/bench/scenarios.rs` becomes the module `crate::scenarios::<name>`. It has a function
//! `scenarios(user: &User) -> Result<Box<dyn Scenarios>>`.
//!
//! Paths in the written file are relative, so that a copy of the repository with its target folder reads its own files.

#![allow(clippy::print_stdout, reason = "a build script speaks to cargo on its standard output")]
#![allow(clippy::disallowed_methods, reason = "cargo passes a build script its folders in the environment")]

use std::env;
use std::error::Error;
use std::fs;
use std::path::{Component, Path};

const SERVICES: &str = "../../services";
const SCENARIOS: &str = "bench/scenarios.rs";

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed={SERVICES}");
    let (output, services) = (fs::canonicalize(env::var("OUT_DIR")?)?, fs::canonicalize(SERVICES)?);
    fs::write(output.join("services.rs"), modules(&services, &relative(&output, &services))?)?;
    Ok(())
}

/// The modules of all services, and a function that calls each of them.
fn modules(services: &Path, from_output: &str) -> Result<String, Box<dyn Error>> {
    let names = names(services)?.into_iter().filter(|name| services.join(name).join(SCENARIOS).exists());
    let parts = names.map(|name| {
        let module = name.replace('-', "_");
        let declaration = format!("#[path = \"{from_output}/{name}/{SCENARIOS}\"]\nmod {module};\n");
        (declaration, format!("        (\"{name}\", {module}::scenarios(user).await?),\n"))
    });
    let (declarations, calls): (String, String) = parts.unzip();
    Ok(format!(
        "{declarations}\nasync fn of_services(user: &User) -> Result<BTreeMap<&'static str, Box<dyn Scenarios>>> {{\n    \
         Ok(BTreeMap::from([\n{calls}    ]))\n}}\n"
    ))
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

/// The path from one folder to another, with `/` between folders.
fn relative(from: &Path, to: &Path) -> String {
    let (from, to): (Vec<Component>, Vec<Component>) = (from.components().collect(), to.components().collect());
    let shared = from.iter().zip(&to).take_while(|(one, other)| one == other).count();
    let up = from[shared..].iter().map(|_| "..".to_owned());
    let down = to[shared..].iter().map(|part| part.as_os_str().to_string_lossy().into_owned());
    up.chain(down).collect::<Vec<_>>().join("/")
}
