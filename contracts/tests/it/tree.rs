//! What is read as a contract is a regular file of the repository.

#![allow(clippy::unwrap_used, reason = "parts of tests: they fail by panicking")]

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use contracts::check;
use contracts::repository::Repository;
use contracts::repository::tree::Tree;
use contracts::versions;
use tempfile::TempDir;

use crate::repository::{describe, today};

const SCHEMA: &str = "events/schemas/a/Created/v1.json";
const READS: &str = "services/b/reads/created/Created.v1.json";
const TEMPLATE: &str = "services/b/template.yaml";

/// A folder with some contracts, and another folder that links lead to.
struct Folder {
    own: TempDir,
    other: TempDir,
}

impl Folder {
    fn new() -> Self {
        let folder = Self { own: TempDir::new().unwrap(), other: TempDir::new().unwrap() };
        for (path, text) in [
            (SCHEMA, "{}"),
            ("events/examples/a/Created/v1.json", "{}"),
            (versions::FILE, "{}"),
            ("events/src/publishers/a.rs", "struct CreatedV1 {}\n"),
            (READS, "{}"),
            (TEMPLATE, "Resources: {}\n"),
            ("infra/bus.yaml", "Resources: {}\n"),
            ("infra/environments/prod.yaml", "bus: {}\n"),
            ("contracts/exceptions.yaml", "[]\n"),
        ] {
            folder.write(path, text);
        }
        folder
    }

    fn path(&self) -> &Path {
        self.own.path()
    }

    fn write(&self, path: &str, text: &str) {
        let file = self.path().join(path);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, text).unwrap();
    }

    /// Moves what is at a path into the other folder and leaves a link.
    fn replace_by_link(&self, path: &str) {
        let (here, there) = (self.path().join(path), self.other.path().join("moved"));
        fs::rename(&here, &there).unwrap();
        symlink(&there, &here).unwrap();
    }

    fn commit(&self) {
        let script =
            "git init --quiet . && git add . && git -c user.name=x -c user.email=x@example.com commit --quiet -m x";
        assert!(Command::new("sh").args(["-c", script]).current_dir(self.path()).status().unwrap().success());
    }
}

/// What is reported about files that cannot be read.
fn unreadable(tree: Tree) -> Vec<String> {
    let checked = check::run(&Repository::new(tree, None), today());
    let failures = check::failures(&checked).filter(|(rule, _)| *rule == "files-readable");
    failures.map(|(rule, finding)| describe(rule, finding)).collect()
}

#[test]
fn a_link_in_the_place_of_a_contract_is_refused_by_name() {
    for path in [
        SCHEMA,
        READS,
        TEMPLATE,
        versions::FILE,
        "events/examples/a/Created/v1.json",
        "infra/environments/prod.yaml",
        "contracts/exceptions.yaml",
        "events/schemas/a",
        "events/schemas",
        "events/src/publishers",
        "events/src",
        "events",
        "services/b",
        "services",
        "contracts",
        "infra",
    ] {
        let folder = Folder::new();
        folder.replace_by_link(path);
        let message = format!(
            "files-readable: it is a symbolic link: contracts are regular files of the repository\n  at {path}\n"
        );
        let found = unreadable(Tree::read(folder.path()).unwrap());
        assert!(found.iter().any(|found| found.starts_with(&message)), "{path}: {found:#?}");
        folder.commit();
        let found = unreadable(Tree::from_commit(folder.path(), "HEAD").unwrap());
        assert!(found.iter().any(|found| found.starts_with(&message)), "{path} of a commit: {found:#?}");
    }
}

#[test]
fn the_link_of_an_editor_is_no_contract() {
    let folder = Folder::new();
    symlink("anna@example.com.4711:1790000000", folder.path().join("services/b/.#template.yaml")).unwrap();
    let found = unreadable(Tree::read(folder.path()).unwrap());
    assert!(!found.iter().any(|found| found.contains(".#")), "{found:#?}");
    folder.commit();
    let found = unreadable(Tree::from_commit(folder.path(), "HEAD").unwrap());
    assert!(found.iter().any(|found| found.contains(".#template.yaml")), "a committed one is refused: {found:#?}");
}

#[test]
fn a_template_behind_a_link_is_not_deployed() {
    let folder = Folder::new();
    assert!(contracts::template::read(folder.path(), TEMPLATE).is_ok());
    folder.replace_by_link(TEMPLATE);
    let error = contracts::template::read(folder.path(), TEMPLATE).unwrap_err();
    let source = std::error::Error::source(&error).unwrap().to_string();
    assert!(source.contains("services/b/template.yaml is a symbolic link"), "{source}");
}

#[test]
fn a_pipe_is_not_waited_for() {
    let folder = Folder::new();
    fs::remove_file(folder.path().join(SCHEMA)).unwrap();
    assert!(Command::new("mkfifo").arg(folder.path().join(SCHEMA)).status().unwrap().success());
    let found = unreadable(Tree::read(folder.path()).unwrap());
    assert!(found.iter().any(|found| found.contains("it is no regular file") && found.contains(SCHEMA)), "{found:#?}");
}

#[test]
fn a_key_that_is_given_twice_is_refused_with_its_place() {
    for (path, text, place) in [
        (SCHEMA, "{\n  \"type\": \"object\",\n  \"type\": \"string\"\n}", "line 3, column 8"),
        ("events/examples/a/Created/v1.json", "{\"a\": {\"b\": 1, \"b\": 2}}", "line 1, column 18"),
        (READS, "{\"a\": 1, \"\\u0061\": 2}", "the key \"a\" is given twice"),
        (versions::FILE, "{\"a/Created/v1\": {}, \"a/Created/v1\": {}}", "line 1, column 35"),
        (TEMPLATE, "Resources: {}\nResources: {}\n", "line 2 column 1"),
        ("infra/bus.yaml", "Resources:\n  A: {Type: x}\n  A: {Type: y}\n", "line 3 column 3"),
        ("infra/environments/prod.yaml", "bus: {A: 1, A: 2}\n", "line 1 column 13"),
        ("contracts/exceptions.yaml", "- {rule: reader-proven, rule: x}\n", "the key \"rule\" is given twice"),
        ("services/b/openapi.yaml", "paths: {}\npaths: {}\n", "line 2 column 1"),
    ] {
        let folder = Folder::new();
        folder.write(path, text);
        let found = unreadable(Tree::read(folder.path()).unwrap());
        let is_it = |found: &&String| found.contains(place) && found.contains(path) && found.contains("twice");
        assert!(found.iter().any(|found| is_it(&found)), "{path} {place}: {found:#?}");
    }
}

#[test]
fn yaml_that_cloudformation_does_not_take_is_refused_wherever_it_is_read() {
    for path in [TEMPLATE, "infra/bus.yaml", "infra/environments/prod.yaml", "contracts/exceptions.yaml"] {
        for (text, word) in
            [("a: &x {b: 1}\nc: *x\n", "an anchor"), ("a: {<<: {b: 1}}\n", "a merge key"), ("a: [", path)]
        {
            let folder = Folder::new();
            folder.write(path, text);
            let found = unreadable(Tree::read(folder.path()).unwrap());
            assert!(
                found.iter().any(|found| found.contains(word) && found.contains(path)),
                "{path} {text}: {found:#?}"
            );
        }
    }
}
