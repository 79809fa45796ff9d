//! `cargo xtask places`: numbers that show how far a change spreads.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anyhow::Result;
use clap::Args;

use super::released::ReleasedTexts;
use super::service_names::{is_platform, mentions, service_folders};
use super::sources::{self, Source};
use super::{doc_comments, modules, words};
use crate::home::Home;
use crate::ui;

#[derive(Args, Clone, Debug)]
pub(crate) struct PlacesRun {
    /// Count in another work tree, such as one of an older commit (`git worktree add`).
    #[arg(long, value_name = "DIR")]
    repo: Option<PathBuf>,
    /// Also count the files with this identifier in their code, such as the name of a field; may be given more than once.
    #[arg(long, value_name = "IDENTIFIER")]
    identifier: Vec<String>,
    /// List the places, not only their numbers.
    #[arg(long)]
    list: bool,
}

/// One number, and what was counted.
struct Count {
    name: String,
    number: usize,
    places: Vec<String>,
}

pub(crate) fn command(home: &Home, run: &PlacesRun) -> Result<()> {
    let repo = run.repo.as_deref().unwrap_or(&home.repo);
    let sources = sources::read(repo)?;
    let services = service_folders(repo)?;
    let mut counts = naming(&sources, &services);
    counts.extend(run.identifier.iter().map(|identifier| containing(&sources, identifier)));
    counts.extend(templates(&sources, &services));
    counts.extend(module_counts(repo, &sources)?);
    counts.push(short_comments(&sources)?);
    counts.push(glossary(home, &sources)?);
    let rows: Vec<[String; 2]> = counts.iter().map(|count| [count.name.clone(), count.number.to_string()]).collect();
    ui::print(ui::table(["count", "number"], &rows));
    if run.list {
        for count in counts {
            ui::print(format_args!("\n{}:\n  {}", count.name, count.places.join("\n  ")));
        }
    }
    Ok(())
}

/// Files that name a service outside its folder, by service, and platform files that name any.
fn naming(sources: &[Source], services: &[String]) -> Vec<Count> {
    let mut by_service: BTreeMap<&String, BTreeSet<&str>> =
        services.iter().map(|name| (name, BTreeSet::new())).collect();
    let mut platform = BTreeSet::new();
    for source in sources.iter().filter(|source| !source.path.starts_with("xtask/checks/")) {
        for mention in mentions(source, services) {
            let own = source.path.starts_with(&format!("services/{}/", mention.service));
            if !own {
                if let Some(name) = services.iter().find(|name| **name == mention.service) {
                    by_service.entry(name).or_default().insert(&source.path);
                }
                if is_platform(&source.path) {
                    platform.insert(source.path.as_str());
                }
            }
        }
    }
    let per_service = by_service.into_iter();
    let mut counts: Vec<Count> =
        per_service.map(|(name, files)| count(format!("files naming {name} outside services/{name}"), files)).collect();
    counts.push(count("platform files naming a service".into(), platform));
    counts
}

fn containing(sources: &[Source], identifier: &str) -> Count {
    let has = |source: &&Source| {
        let code = source.code();
        code.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).any(|word| word == identifier)
    };
    count(
        format!("files with {identifier} in their code"),
        sources.iter().filter(has).map(|source| source.path.as_str()).collect(),
    )
}

fn templates(sources: &[Source], services: &[String]) -> Vec<Count> {
    let own: Vec<String> = services.iter().map(|name| format!("services/{name}/template.yaml")).collect();
    let lines = |name: &str, is_counted: &dyn Fn(&Source) -> bool| {
        let files: Vec<&Source> = sources.iter().filter(|source| is_counted(source)).collect();
        Count {
            name: name.to_owned(),
            number: files.iter().map(|source| source.text.lines().count()).sum(),
            places: files.iter().map(|source| format!("{}: {}", source.path, source.text.lines().count())).collect(),
        }
    };
    vec![
        lines("lines of the services' templates", &|source| own.contains(&source.path)),
        lines("lines of templates in infra", &|source| {
            source.path.starts_with("infra/") && source.path.matches('/').count() == 1
        }),
    ]
}

fn module_counts(repo: &Path, sources: &[Source]) -> Result<[Count; 2]> {
    let findings = modules::find(repo, sources)?;
    let all = |name: &str, places: BTreeSet<String>| Count {
        name: name.to_owned(),
        number: places.len(),
        places: places.into_iter().collect(),
    };
    Ok([all("circles of modules", findings.circles), all("arrows against the layers", findings.arrows)])
}

fn short_comments(sources: &[Source]) -> Result<Count> {
    let found = doc_comments::short(sources, &ReleasedTexts::read(sources)?);
    Ok(Count {
        name: "doc comments of three words or fewer".into(),
        number: found.len(),
        places: found.iter().map(|one| format!("{}:{}: {}", one.path, one.line, one.text)).collect(),
    })
}

fn glossary(home: &Home, sources: &[Source]) -> Result<Count> {
    let found = words::Glossary::read(&home.repo)?.find(sources, &ReleasedTexts::read(sources)?);
    Ok(Count {
        name: "words of the glossary".into(),
        number: found.len(),
        places: found.iter().map(|one| format!("{}:{}: {}", one.path, one.line, one.entry)).collect(),
    })
}

fn count(name: String, files: BTreeSet<&str>) -> Count {
    Count { name, number: files.len(), places: files.into_iter().map(str::to_owned).collect() }
}
