//! Checks of the repository's own text: names of services, modules, words, doc comments, personal data.

pub(crate) mod doc_comments;
pub(crate) mod modules;
pub(crate) mod participants;
pub(crate) mod places;
pub(crate) mod released;
pub(crate) mod service_names;
pub(crate) mod sources;
pub(crate) mod words;

use anyhow::{Result, bail};

use crate::home::Home;

/// Runs the checks that fail: words, short doc comments, names of services in platform files, circles of modules,
/// personal data that nobody would erase.
pub(crate) fn run(home: &Home) -> Result<()> {
    let outcomes = [
        words::check(&home.repo),
        doc_comments::check(&home.repo),
        service_names::check(&home.repo),
        modules::check(&home.repo),
        participants::check(&home.repo),
    ];
    let failures: Vec<String> =
        outcomes.into_iter().filter_map(Result::err).map(|error| format!("{error:#}")).collect();
    if failures.is_empty() { Ok(()) } else { bail!(failures.join("\n")) }
}
