//! Changes of the Rust types themselves: a copy of the source, one kind of change in each event, one build.

#![allow(clippy::unwrap_used, reason = "parts of tests: they fail by panicking")]

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::repository::root;

/// An event's struct, the kind of change, what is replaced after the struct's name, by what, and what the checks say.
const CHANGES: [(&str, &str, &str, &str, &str); 7] = [
    (
        "UserRegisteredV1",
        "a field is renamed",
        "pub display_name: String",
        "pub shown_name: String",
        "schema-matches-type: the Rust type UserRegisteredV1 and the file differ",
    ),
    (
        "UserProfileChangedV1",
        "a field is removed",
        "    #[schemars(with = \"Text<2, 35>\")]\n    pub locale: String,\n",
        "",
        "schema-matches-type: the Rust type UserProfileChangedV1 and the file differ",
    ),
    (
        "TodoCreatedV1",
        "a field has another type",
        "pub priority: Priority",
        "pub priority: u8",
        "schema-matches-type: the Rust type TodoCreatedV1 and the file differ",
    ),
    (
        "TodoChangedV1",
        "a bound is loosened",
        "Text<1, 200>",
        "Text<1, 500>",
        "schema-matches-type: the Rust type TodoChangedV1 and the file differ",
    ),
    (
        "TodoCompletedV1",
        "it has another name",
        "const NAME: &'static str = \"TodoCompleted\"",
        "const NAME: &'static str = \"TodoFinished\"",
        "schema-has-type: todos/TodoCompleted/v1 is published, and `events` has no type",
    ),
    (
        "TodoReopenedV1",
        "an optional field is required",
        "    #[serde(skip_serializing_if = \"Option::is_none\")]\n    pub due_at: Option<Timestamp>",
        "    pub due_at: Timestamp",
        "schema-matches-type: the Rust type TodoReopenedV1 and the file differ",
    ),
    (
        "TodoDeletedV1",
        "a field is added",
        "pub todo_id: Uuid,",
        "pub todo_id: Uuid,\n    /// Why.\n    pub reason: Option<String>,",
        "schema-matches-type: the Rust type TodoDeletedV1 and the file differ",
    ),
];

#[test]
#[ignore = "builds a copy of the source, for half a minute: cargo xtask test --only contracts runs it"]
fn each_change_of_a_rust_type_is_caught() {
    let copy = root().join("target/contracts-mutations");
    copy_source(&copy);
    for (name, _, old, new, _) in CHANGES {
        let service = if name.starts_with("User") { "users" } else { "todos" };
        let file = copy.join(format!("events/src/publishers/{service}.rs"));
        let text = fs::read_to_string(&file).unwrap();
        let (before, after) = text.split_once(&format!("pub struct {name} {{")).unwrap();
        assert!(after.contains(old), "{name} has no `{old}`");
        // Attributes of the first field are behind the struct's name, those of the struct itself before it.
        fs::write(&file, format!("{before}pub struct {name} {{{}", after.replacen(old, new, 1))).unwrap();
    }
    let said = checks_of(&copy);
    let missed: Vec<_> = CHANGES.iter().filter(|change| !said.contains(change.4)).collect();
    for (name, kind, _, _, expected) in CHANGES {
        let line = said.lines().find(|line| line.contains(expected)).unwrap_or("MISSED");
        println!("{name}: {kind}\n    {line}");
    }
    assert!(missed.is_empty(), "not caught: {missed:#?}\n{said}");
    fs::remove_dir_all(copy).unwrap();
}

/// Copies what git knows, changed or not.
fn copy_source(to: &Path) {
    if to.exists() {
        fs::remove_dir_all(to).unwrap();
    }
    let mut list = Command::new("git");
    let listed = run(list.arg("-C").arg(root()).args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"]));
    for path in listed.split('\0').filter(|path| !path.is_empty()) {
        let from = root().join(path);
        // A file that was removed and is not yet committed so.
        if from.is_file() {
            fs::create_dir_all(to.join(path).parent().unwrap()).unwrap();
            fs::copy(from, to.join(path)).unwrap();
        }
    }
}

/// What the checks say of a copy, with its own types: the output of the test that runs them all.
fn checks_of(copy: &Path) -> String {
    let mut command = Command::new("cargo");
    command
        .args(["test", "--package", "contracts", "--test", "it"])
        // With other settings, cargo keeps what this copy's `events` compiles to apart from what the repository's does, and
        // from that of the copy in which `cargo xtask test` makes a new service.
        .args(["--config", "profile.dev.package.events.debug=1"])
        .args(["--", "check::every_check_holds"])
        .current_dir(copy);
    let output =
        command.env("CARGO_TARGET_DIR", root().join("target")).env_remove("CARGO_MANIFEST_DIR").output().unwrap();
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

fn run(command: &mut Command) -> String {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}
