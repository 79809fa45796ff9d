//! The names of a new service, derived from the one that the user chose.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use super::files;
use crate::checks::{service_names, sources};
use crate::resource_names;
use crate::rust_text::KEYWORDS;
use crate::services;
use crate::stacks;
use crate::usage::UsageError;

/// Folders of SSM parameters below `/busline/<env>/` that belong to no service, beside those of the platform stacks.
const RESERVED: [&str; 2] = ["participants", "contracts"];

/// Names that the code of a new service already uses, and crates that every Rust program has.
const USED: [&str; 22] = [
    "alloc", "api", "app", "body", "box", "core", "count", "erase", "error", "event", "export", "name", "none",
    "option", "page", "result", "row", "some", "std", "store", "string", "test",
];

/// The names of a new service.
#[derive(Debug)]
pub(super) struct Names {
    /// The service, as in paths: `sample-books`.
    pub(super) service: String,
    /// Its module in the crate of events: `sample_books`.
    module: String,
    /// The type of an item: `SampleBook`.
    pub(super) entity: String,
    /// An item in identifiers: `sample_book`.
    snake: String,
}

impl Names {
    /// Checks the form of a name.
    pub(super) fn parse(service: &str) -> Result<Self> {
        let known = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        let is_well_formed = service.len() >= 2
            && service.chars().all(known)
            && service.starts_with(|c: char| c.is_ascii_lowercase())
            && !service.ends_with('-')
            && !service.contains("--");
        if !is_well_formed {
            return refuse(
                service,
                "a name has two or more characters a-z, 0-9 and inner hyphens, and begins with a-z",
            );
        }
        let singular = singular(service);
        let snake = singular.replace('-', "_");
        for word in [service, snake.as_str()] {
            if KEYWORDS.contains(&word) {
                return refuse(service, &format!("`{word}` is a keyword of Rust: choose another name"));
            }
            if USED.contains(&word) {
                return refuse(service, &format!("the code of a service has its own `{word}`: choose another name"));
            }
        }
        let entity = singular.split('-').map(capitalized).collect();
        Ok(Self { service: service.to_owned(), module: service.replace('-', "_"), entity, snake })
    }

    /// Checks that the names of the service's AWS resources are short enough in every environment.
    pub(super) fn check_length(&self, repo: &Path) -> Result<()> {
        let read = |included: &str| fs::read_to_string(repo.join(included));
        let (path, text) = files::TEMPLATE;
        let template = contracts::template::expand(&self.fill(path, ""), &self.fill(text, ""), read)?;
        let Some(long) = resource_names::too_long(&template).into_iter().max_by_key(|long| long.longest - long.limit)
        else {
            return Ok(());
        };
        let most = self.service.len().saturating_sub(long.longest - long.limit);
        refuse(&self.service, &format!("{long}: choose a name of at most {most} characters"))
    }

    /// Checks that nothing in the repository has the name.
    pub(super) fn check_free(&self, repo: &Path) -> Result<()> {
        let name = &self.service;
        if stacks::PLATFORM.contains(&name.as_str()) || RESERVED.contains(&name.as_str()) {
            return refuse(name, "the platform uses this name in every environment: choose another name");
        }
        if let Some(place) = self.places().into_iter().find(|place| repo.join(place).exists()) {
            return refuse(name, &format!("{place} exists: choose another name, or delete it first"));
        }
        let prefix = format!("/{name}");
        for service in services::discover(repo)? {
            if service.api.contains(&prefix) {
                return refuse(name, &format!("the service {} has the path {prefix}: choose another", service.name));
            }
        }
        let lock = fs::read_to_string(repo.join("Cargo.lock")).context("cannot read Cargo.lock")?;
        if lock.lines().any(|line| line == format!("name = \"{name}\"")) {
            return refuse(name, "a crate in Cargo.lock has this name: choose another name");
        }
        self.check_platform(repo)
    }

    /// Platform code must not name a service, not even by accident.
    fn check_platform(&self, repo: &Path) -> Result<()> {
        let exceptions = service_names::Exceptions::read(repo)?;
        let found = service_names::in_platform(&sources::read(repo)?, std::slice::from_ref(&self.service), &exceptions);
        match found.mentions.first() {
            Some(one) => refuse(
                &self.service,
                &format!("platform code uses this word ({}:{}: {}): choose another name", one.path, one.line, one.word),
            ),
            None => Ok(()),
        }
    }

    /// The files and folders of the service, from the root of the repository; schemas and documents are generated later.
    pub(super) fn places(&self) -> [String; 3] {
        [format!("services/{}", self.service), self.publisher(), format!("events/examples/{}", self.service)]
    }

    /// The module of the service's events.
    pub(super) fn publisher(&self) -> String {
        format!("events/src/publishers/{}.rs", self.module)
    }

    /// Replaces placeholders by names; `accounts` is the service that owns the users' accounts.
    pub(super) fn fill(&self, text: &str, accounts: &str) -> String {
        let camel = self.entity[..1].to_lowercase() + &self.entity[1..];
        text.replace("__service__", &self.service)
            .replace("__module__", &self.module)
            .replace("__Entity__", &self.entity)
            .replace("__entityCamel__", &camel)
            .replace("__entity__", &self.snake)
            .replace("__accounts__", accounts)
    }
}

fn refuse<T>(name: &str, rule: &str) -> Result<T> {
    Err(UsageError(format!("no service can be called `{name}`: {rule}")).into())
}

/// The singular of an English noun, as far as its ending shows it.
fn singular(name: &str) -> String {
    match name {
        _ if name.ends_with("ies") && name.len() > 4 => format!("{}y", &name[..name.len() - 3]),
        _ if name.ends_with('s') && !name.ends_with("ss") && name.len() > 2 => name[..name.len() - 1].to_owned(),
        _ => name.to_owned(),
    }
}

fn capitalized(word: &str) -> String {
    let (first, rest) = word.split_at(1);
    first.to_uppercase() + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    fn repo() -> &'static Path {
        Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
    }

    fn refusal(name: &str) -> String {
        let error = Names::parse(name).and_then(|names| names.check_free(repo())).unwrap_err();
        assert!(error.is::<UsageError>(), "{name}: {error:#}");
        error.to_string()
    }

    #[test]
    fn names_of_items_follow_from_the_name_of_the_service() {
        for (service, entity, snake) in [
            ("samples", "Sample", "sample"),
            ("sample-books", "SampleBook", "sample_book"),
            ("sample-entries", "SampleEntry", "sample_entry"),
            ("sample-glass", "SampleGlass", "sample_glass"),
        ] {
            let names = Names::parse(service).unwrap();
            assert_eq!((names.entity.as_str(), names.snake.as_str()), (entity, snake));
        }
        let names = Names::parse("sample-books").unwrap();
        assert_eq!(
            names.fill("__module__ __entityCamel__Id __service__", "x"),
            "sample_books sampleBookId sample-books"
        );
    }

    #[test]
    fn bad_names_are_refused_with_one_line() {
        for name in ["", "x", "Samples", "2samples", "-samples", "samples-", "la--bels", "la_bels"] {
            let error = refusal(name);
            assert!(error.contains("two or more characters a-z") && !error.contains('\n'), "{error}");
        }
        assert!(refusal("types").contains("keyword") && refusal("errors").contains("has its own"));
    }

    #[test]
    fn a_name_that_makes_a_bucket_too_long_is_refused_with_one_line() {
        let check = |name: &str| Names::parse(name).unwrap().check_length(repo());
        check("sixteen-samples1").unwrap();
        let error = check("seventeen-samples").unwrap_err().to_string();
        assert!(error.contains("the BucketName busline-") && error.contains("has 64"), "{error}");
        assert!(error.contains("AWS allows 63: choose a name of at most 16") && !error.contains('\n'), "{error}");
    }

    #[test]
    fn taken_names_are_refused_with_one_line() {
        for name in ["bus", "artifacts", "web", "participants", "contracts"] {
            assert!(refusal(name).contains("the platform uses this name"), "{name}");
        }
        for service in services::discover(repo()).unwrap() {
            assert!(refusal(&service.name).contains("exists"), "{}", service.name);
        }
        assert!(
            refusal("serde").contains("Cargo.lock") && refusal("messages").contains("platform code uses this word")
        );
    }
}
