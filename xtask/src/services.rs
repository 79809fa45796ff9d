//! The services of the repository, discovered through `[package.metadata.busline]` of `services/*/Cargo.toml`.

mod manifest;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use cargo_metadata::{MetadataCommand, Package};
use serde::Serialize;

use crate::arguments::Format;
use crate::home::Home;
use crate::stacks::{self, Stacks};
use crate::ui;

/// A service, as its own manifest describes it.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Service {
    /// The crate, the binary, the stack and the folder under `services/`.
    pub(crate) name: String,
    /// The folder, from the root of the repository.
    pub(crate) folder: PathBuf,
    /// Who reviews and deploys it: a user or team of the code host.
    pub(crate) owner: String,
    /// The path prefixes of its HTTP API behind the distribution.
    pub(crate) api: Vec<String>,
    /// The path of a GET route that answers 401 without a token.
    pub(crate) smoke: String,
    /// Whether it holds personal data, and so takes part in erasure and export.
    pub(crate) personal_data: bool,
    /// Which of its SSM parameters hold values of `cargo xtask status`, by the name of the field there.
    pub(crate) status: BTreeMap<String, String>,
    /// The addresses that the page may use beside its own, by directive of the content security policy.
    pub(crate) content_policy: BTreeMap<String, Vec<String>>,
    /// Values of its template's parameters on the separate local clouds that tests start.
    pub(crate) test_parameters: BTreeMap<String, String>,
}

/// Finds the services of a repository, in alphabetical order.
pub(crate) fn discover(repo: &Path) -> Result<Vec<Service>> {
    let metadata = MetadataCommand::new().current_dir(repo).no_deps().exec();
    let metadata = metadata.context("cannot read the workspace's manifests")?;
    let root = metadata.workspace_root.into_std_path_buf();
    let mut services = Vec::new();
    for package in metadata.packages {
        let manifest = package.manifest_path.clone().into_std_path_buf();
        let Some(folder) = manifest.parent().and_then(|folder| folder.strip_prefix(&root).ok()) else { continue };
        if folder.parent() == Some(Path::new("services")) {
            services.push(read(&package, folder)?);
        }
    }
    services.sort_by(|a, b| a.name.cmp(&b.name));
    check_together(&services)?;
    Ok(services)
}

/// The name that is most like one that does not exist, for error messages.
pub(crate) fn nearest<'a>(wanted: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let ranked = names.map(|name| (distance(wanted, name), name)).min()?;
    (ranked.0 <= wanted.chars().count().div_ceil(2)).then_some(ranked.1)
}

/// `cargo xtask services`: what the manifests and templates declare, in deployment order.
pub(crate) fn command(home: &Home, format: Format) -> Result<()> {
    let stacks = Stacks::discover(&home.repo)?;
    let discovered = stacks.all().iter().filter_map(|stack| {
        let service = stack.service.as_ref()?;
        Some(Discovered { service, needs: stack.needs.iter().map(String::as_str).collect() })
    });
    let discovered: Vec<Discovered<'_>> = discovered.collect();
    match format {
        Format::Json => ui::print(serde_json::to_string_pretty(&discovered)?),
        Format::Table => {
            let rows: Vec<[String; 7]> = discovered.iter().map(Discovered::row).collect();
            ui::print(ui::table(["service", "folder", "owner", "api", "smoke", "personal data", "needs"], &rows));
        }
    }
    Ok(())
}

/// A service with the stacks that its template needs.
#[derive(Serialize)]
struct Discovered<'a> {
    #[serde(flatten)]
    service: &'a Service,
    needs: Vec<&'a str>,
}

impl Discovered<'_> {
    fn row(&self) -> [String; 7] {
        let Service { name, folder, owner, api, smoke, personal_data, .. } = self.service;
        let personal_data = if *personal_data { "yes" } else { "no" };
        [
            name.clone(),
            folder.display().to_string(),
            owner.clone(),
            api.join(" "),
            smoke.clone(),
            personal_data.into(),
            self.needs.join(" "),
        ]
    }
}

fn read(package: &Package, folder: &Path) -> Result<Service> {
    let file = folder.join("Cargo.toml").display().to_string();
    let name = package.name.to_string();
    if !folder.ends_with(&name) {
        bail!("{file}: `package.name` is `{name}`: it must be the name of its folder");
    }
    if stacks::PLATFORM.contains(&name.as_str()) {
        bail!("{file}: `{name}` is the name of a platform stack: give the service another name");
    }
    manifest::read(&file, &name, folder, package.metadata.get("busline"))
}

/// Rules between services: one owner for each path prefix and for each value of the status.
fn check_together(services: &[Service]) -> Result<()> {
    let file = |service: &Service| format!("services/{}/Cargo.toml", service.name);
    for (index, service) in services.iter().enumerate() {
        for other in &services[..index] {
            for prefix in &service.api {
                if let Some(taken) = other.api.iter().find(|taken| overlap(prefix, taken)) {
                    bail!(
                        "{}: `api`: {prefix} is taken, because {} has {taken}: choose another prefix",
                        file(service),
                        file(other)
                    );
                }
            }
            if let Some(field) = service.status.keys().find(|field| other.status.contains_key(*field)) {
                bail!(
                    "{}: `status.{field}` is taken by {}: one service alone can store it",
                    file(service),
                    file(other)
                );
            }
        }
    }
    Ok(())
}

/// Whether a path can begin with both prefixes, segment by segment.
fn overlap(one: &str, other: &str) -> bool {
    let (short, long) = if one.len() <= other.len() { (one, other) } else { (other, one) };
    long.strip_prefix(short).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// The number of characters to insert, delete or replace to turn one text into the other.
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (i, a) in one.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, &b) in other.iter().enumerate() {
            let replaced = diagonal + usize::from(a != b);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[other.len()]
}

/// A service of this name for unit tests.
#[cfg(test)]
pub(crate) fn sample(name: &str, api: &[&str]) -> Service {
    Service {
        name: name.into(),
        folder: Path::new("services").join(name),
        owner: format!("@busline/{name}"),
        api: api.iter().map(|&prefix| prefix.to_owned()).collect(),
        smoke: api[0].to_owned(),
        personal_data: false,
        status: BTreeMap::new(),
        content_policy: BTreeMap::new(),
        test_parameters: BTreeMap::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_services_of_this_repository_are_found() {
        let repo = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let services = discover(repo).unwrap();
        let folders = std::fs::read_dir(repo.join("services")).unwrap();
        let manifests = folders.filter(|entry| entry.as_ref().unwrap().path().join("Cargo.toml").exists()).count();
        assert_eq!(services.len(), manifests);
        assert!(services.iter().all(|service| repo.join(&service.folder).is_dir()));
    }

    #[test]
    fn a_prefix_has_one_owner() {
        let taken = [sample("alpha", &["/a", "/b"]), sample("beta", &["/b/c"])];
        let error = check_together(&taken).unwrap_err().to_string();
        assert!(error.contains("services/beta/Cargo.toml: `api`: /b/c is taken"), "{error}");
        assert!(check_together(&[sample("alpha", &["/me"]), sample("beta", &["/messages"])]).is_ok());
    }

    #[test]
    fn a_value_of_the_status_has_one_owner() {
        let mut services = [sample("alpha", &["/a"]), sample("beta", &["/b"])];
        for service in &mut services {
            service.status.insert("websocket".into(), "websocket-id".into());
        }
        let error = check_together(&services).unwrap_err().to_string();
        assert!(error.contains("`status.websocket` is taken by services/alpha/Cargo.toml"), "{error}");
    }

    #[test]
    fn the_nearest_name_is_like_the_wanted_one() {
        let names = ["billing", "search"];
        assert_eq!(nearest("biling", names.into_iter()), Some("billing"));
        assert_eq!(nearest("zzzzzz", names.into_iter()), None);
    }
}
