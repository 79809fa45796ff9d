//! The documents: every relative link, and every path of the repository that they name, exists.
//!
//! Documents may describe a service that was deleted: its paths are printed, and are no failure.

#![expect(clippy::unwrap_used, reason = "a test")]

use std::fs;
use std::path::{Component, Path, PathBuf};

/// The folders with a folder, or a file, for each service.
const OF_SERVICES: [&str; 5] =
    ["services/", "events/schemas/", "events/examples/", "events/src/publishers/", "docs/asyncapi/"];

/// Folders that hold no documents of ours.
const SKIPPED: [&str; 4] = ["target", "node_modules", "dist", "generated"];

struct Document {
    /// Relative to the repository.
    path: PathBuf,
    /// The lines outside of code blocks.
    lines: Vec<String>,
}

#[test]
fn every_link_and_path_in_the_documents_exists() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let mut documents = Vec::new();
    read_documents(root, root, &mut documents);
    assert!(documents.len() > 20, "only {} documents were found", documents.len());
    let missing: Vec<Missing> = documents.iter().flat_map(|document| missing(root, document)).collect();
    let (of_deleted, missing): (Vec<_>, Vec<_>) =
        missing.into_iter().partition(|one| is_of_deleted_service(root, &one.path));
    for Missing { document, path } in of_deleted {
        eprintln!("{document} describes a service that is not here: {path}");
    }
    let missing: Vec<String> = missing.iter().map(|one| format!("{}: {}", one.document, one.path)).collect();
    assert!(missing.is_empty(), "these documents name what does not exist:\n{}", missing.join("\n"));
}

fn read_documents(root: &Path, folder: &Path, documents: &mut Vec<Document>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() && !name.starts_with('.') && !SKIPPED.contains(&name.as_str()) {
            read_documents(root, &path, documents);
        } else if path.extension().is_some_and(|extension| extension == "md") {
            let lines = without_code_blocks(&fs::read_to_string(&path).unwrap());
            documents.push(Document { path: path.strip_prefix(root).unwrap().to_owned(), lines });
        }
    }
}

fn without_code_blocks(text: &str) -> Vec<String> {
    let mut is_code = false;
    let mut lines = Vec::new();
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            is_code = !is_code;
        } else if !is_code {
            lines.push(line.to_owned());
        }
    }
    lines
}

/// What a document names and the repository does not have.
struct Missing {
    document: String,
    /// A path from the root of the repository, with the anchor of a link.
    path: String,
}

fn missing(root: &Path, document: &Document) -> Vec<Missing> {
    let folder = document.path.parent().unwrap();
    let mut missing = Vec::new();
    for line in &document.lines {
        for target in links(line).filter(|target| !target.contains(':')) {
            if !link_exists(root, document, target) {
                missing.push(normalized(&folder.join(target)).display().to_string());
            }
        }
        for path in paths(root, line) {
            if !root.join(path).exists() && !root.join(folder).join(path).exists() {
                missing.push(path.to_owned());
            }
        }
    }
    let document = document.path.display().to_string();
    missing.into_iter().map(|path| Missing { document: document.clone(), path }).collect()
}

/// Whether a path would be in the files of a service that is not there.
fn is_of_deleted_service(root: &Path, path: &str) -> bool {
    OF_SERVICES.iter().filter_map(|parent| path.strip_prefix(parent)).any(|rest| {
        let name = rest.split(['/', '.']).next().unwrap_or_default().replace('_', "-");
        !name.is_empty() && !root.join("services").join(name).is_dir()
    })
}

/// The targets of Markdown links and of HTML attributes.
fn links(line: &str) -> impl Iterator<Item = &str> {
    let between = |start: &'static str, end: char| {
        line.split(start).skip(1).filter_map(move |rest| rest.split_once(end)).map(|(target, _)| target)
    };
    between("](", ')').chain(between("src=\"", '"')).chain(between("href=\"", '"'))
}

fn link_exists(root: &Path, document: &Document, target: &str) -> bool {
    let (path, anchor) = target.split_once('#').unwrap_or((target, ""));
    let path = match path {
        "" => document.path.clone(),
        path => normalized(&document.path.parent().unwrap().join(path)),
    };
    if anchor.is_empty() || path.extension().is_none_or(|extension| extension != "md") {
        return root.join(path).exists();
    }
    fs::read_to_string(root.join(path)).is_ok_and(|text| {
        without_code_blocks(&text).iter().filter(|line| line.starts_with('#')).any(|line| anchor_of(line) == anchor)
    })
}

fn normalized(path: &Path) -> PathBuf {
    let mut result = PathBuf::new();
    for component in path.components() {
        match component {
            Component::ParentDir => drop(result.pop()),
            component => result.push(component),
        }
    }
    result
}

/// The anchor that GitHub gives a heading.
fn anchor_of(heading: &str) -> String {
    let text = heading.trim_start_matches('#').trim().to_lowercase();
    text.chars().filter(|c| c.is_alphanumeric() || "-_ ".contains(*c)).map(|c| if c == ' ' { '-' } else { c }).collect()
}

/// The code spans that are a path below one of the repository's folders, without placeholders such as `<name>`.
fn paths<'a>(root: &Path, line: &'a str) -> impl Iterator<Item = &'a str> {
    let is_path = |span: &&str| span.chars().all(|c| c.is_ascii_alphanumeric() || "-_./".contains(c));
    line.split('`')
        .skip(1)
        .step_by(2)
        .filter(is_path)
        .filter(|span| span.split_once('/').is_some_and(|(first, _)| !first.is_empty() && root.join(first).is_dir()))
        .filter(|span| !span.starts_with('.') && !span.starts_with("target/"))
}

#[test]
fn a_path_in_a_service_that_is_here_is_not_excused() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let service = fs::read_dir(root.join("services")).unwrap().next().unwrap().unwrap().file_name();
    let service = service.to_str().unwrap();
    for path in [
        format!("services/{service}/src/no-such-file.rs"),
        format!("events/src/publishers/{service}/no-such-file.rs"),
        format!("events/schemas/{service}/NoSuchEvent/v1.json"),
        "xtask/no-such-file.rs".to_owned(),
    ] {
        assert!(!is_of_deleted_service(root, &path), "{path}");
    }
    for path in ["services/no-such-service/README.md", "events/src/publishers/no_such_service.rs"] {
        assert!(is_of_deleted_service(root, path), "{path}");
    }
}

#[test]
fn links_paths_and_anchors_are_recognised() {
    let line = "See [ops](ops/README.md#figures), `xtask/src/main.rs`, `xtask/<name>` and <img src=\"a.svg\">.";
    assert_eq!(links(line).collect::<Vec<_>>(), ["ops/README.md#figures", "a.svg"]);
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    assert_eq!(paths(root, line).collect::<Vec<_>>(), ["xtask/src/main.rs"]);
    assert_eq!(anchor_of("## 2. Would it work `now`?"), "2-would-it-work-now");
    assert_eq!(normalized(Path::new("docs/../ops/README.md")), Path::new("ops/README.md"));
}
