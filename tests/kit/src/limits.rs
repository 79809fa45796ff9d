//! Checks of the limits that `docs/limits.md` lists.

use std::fs;

use serde_norway::Value as Yaml;

const DOCUMENT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/limits.md");

/// Checks that the document lists exactly these limits of a service.
///
/// # Panics
/// When a limit is missing there, has another value, or is not one of `limits`.
pub fn assert_documented(service: &str, limits: &[(&str, u64)]) {
    let document = fs::read_to_string(DOCUMENT).unwrap();
    let rows = document.lines().filter_map(|line| line.strip_prefix(&format!("| {service} | ")));
    let documented: Vec<(&str, u64)> = rows
        .map(|row| {
            let cells: Vec<&str> = row.split(" | ").collect();
            (cells[0], cells[1].parse().unwrap())
        })
        .collect();
    assert_eq!(documented, limits, "docs/limits.md, the rows of {service}");
}

/// The default of a template's parameter that is a number.
///
/// # Panics
/// When the template has no such parameter.
#[must_use]
pub fn parameter_default(template: &str, parameter: &str) -> u64 {
    let template: Yaml = serde_norway::from_str(template).unwrap();
    template["Parameters"][parameter]["Default"].as_u64().unwrap()
}
