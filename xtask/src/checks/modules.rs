//! The graph of modules in services, `lambda-kit` and `ops`: no circle, and no arrow against the layers.
//!
//! An arrow is a path in the code of one module that leads into another one; re-exports are followed. Code for tests does
//! not count. Between a module and the modules inside it arrows may go both ways: they are one unit for everyone else.
//! Modules side by side must not reach each other in a circle, themselves or through the modules inside them.

mod graph;
mod paths;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;

use self::graph::circles;
use self::paths::Module;
use super::service_names::service_folders;
use super::sources::{self, Source};
use crate::ui;

/// What is still to be removed, from the root of the repository.
pub(crate) const PENDING: &str = "xtask/checks/modules.yaml";

/// The layers of a service that must not know each other.
const LAYERS: [&str; 3] = ["api", "store", "subscribe"];
/// The layer of rules, which knows none of them, and no crate for AWS, HTTP or events.
const DOMAIN: &str = "domain";
const FORBIDDEN_IN_DOMAIN: [&str; 5] = ["events", "http", "lambda_http", "lambda_runtime", "aws_lambda_events"];

/// What is wrong with the modules of a repository, each as one line of text.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Findings {
    /// Modules that reach each other: `ops: dlq::plan <-> dlq::queue`.
    pub(crate) circles: BTreeSet<String>,
    /// Arrows against the layers: `services/todos: store -> api`.
    pub(crate) arrows: BTreeSet<String>,
}

/// Findings that are known and still to be removed.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Pending {
    #[serde(default)]
    circles: BTreeSet<String>,
    #[serde(default)]
    arrows: BTreeSet<String>,
}

impl Pending {
    /// Reads the file of known findings.
    pub(crate) fn read(repo: &Path) -> Result<Self> {
        let path = repo.join(PENDING);
        let text = std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        serde_norway::from_str(&text).with_context(|| format!("{PENDING} must have lists of `circles` and `arrows`"))
    }
}

/// Reads the modules of all crates that are held to the rules.
pub(crate) fn find(repo: &Path, sources: &[Source]) -> Result<Findings> {
    let services = service_folders(repo)?.into_iter().map(|service| format!("services/{service}"));
    let mut findings = Findings::default();
    for folder in services.chain(["lambda-kit".into(), "ops".into()]) {
        let modules = paths::read(&folder, sources)?;
        findings
            .circles
            .extend(circles(&modules).into_iter().map(|circle| format!("{folder}: {}", circle.join(" <-> "))));
        if folder.starts_with("services/") {
            findings.arrows.extend(forbidden_arrows(&modules).into_iter().map(|arrow| format!("{folder}: {arrow}")));
        }
    }
    Ok(findings)
}

/// Fails for each circle and forbidden arrow that is not known; prints how many there are.
pub(crate) fn check(repo: &Path) -> Result<()> {
    let findings = find(repo, &sources::read(repo)?)?;
    ui::note(format_args!("{} circles of modules, {} forbidden arrows", findings.circles.len(), findings.arrows.len()));
    let problems = problems(&findings, &Pending::read(repo)?);
    ensure!(problems.is_empty(), "{}", problems.join("\n"));
    Ok(())
}

/// Findings that are not known.
pub(crate) fn problems(findings: &Findings, pending: &Pending) -> Vec<String> {
    let circles = findings.circles.difference(&pending.circles).map(|circle| format!("circle in {circle}"));
    let arrows = findings.arrows.difference(&pending.arrows).map(|arrow| format!("forbidden arrow in {arrow}"));
    circles.chain(arrows).collect()
}

fn forbidden_arrows(modules: &BTreeMap<String, Module>) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for (name, module) in modules {
        let layer = top(name);
        let targets: BTreeSet<&str> = module.targets.iter().map(|target| top(target)).collect();
        let forbidden = |target: &&&str| LAYERS.contains(*target) && **target != layer;
        if LAYERS.contains(&layer) || layer == DOMAIN {
            found.extend(targets.iter().filter(forbidden).map(|target| format!("{layer} -> {target}")));
        }
        if layer == DOMAIN {
            let crates = module.crates.iter().filter(|one| is_forbidden_in_domain(one));
            found.extend(crates.map(|one| format!("{layer} -> crate {one}")));
        }
    }
    found
}

fn is_forbidden_in_domain(name: &str) -> bool {
    FORBIDDEN_IN_DOMAIN.contains(&name) || name.starts_with("aws_")
}

fn top(module: &str) -> &str {
    module.split("::").next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(files: &[(&str, &str)]) -> (Vec<Vec<String>>, BTreeSet<String>) {
        let sources: Vec<Source> = files
            .iter()
            .map(|(path, text)| Source { path: format!("services/x/src/{path}"), text: (*text).into() })
            .collect();
        let modules = paths::read("services/x", &sources).unwrap();
        (circles(&modules), forbidden_arrows(&modules))
    }

    #[test]
    fn modules_that_reach_each_other_are_a_circle() {
        let (circles, _) = findings(&[
            ("main.rs", "mod a; mod b; mod c;"),
            ("a.rs", "use crate::b::B; pub struct A;"),
            ("b.rs", "pub struct B; fn b() { crate::c::c(); }"),
            ("c.rs", "pub fn c() -> super::a::A { todo!() }"),
        ]);
        assert_eq!(circles, [["a", "b", "c"]]);
    }

    #[test]
    fn a_circle_through_inner_modules_is_found_on_the_outer_level() {
        let (circles, _) = findings(&[
            ("main.rs", "mod a; mod b;"),
            ("a.rs", "mod inner; pub struct A;"),
            ("a/inner.rs", "use crate::b::B;"),
            ("b.rs", "use crate::a; pub struct B(a::A);"),
        ]);
        assert_eq!(circles, [["a", "b"]]);
    }

    #[test]
    fn a_module_and_the_modules_inside_it_are_one_unit() {
        let (circles, _) = findings(&[
            ("main.rs", "mod a; use a::A; struct Job(A);"),
            ("a.rs", "mod inner; use inner::I; pub struct A(I); fn a(_: crate::Job) {}"),
            ("a/inner.rs", "use super::A; pub struct I(Box<A>);"),
        ]);
        assert!(circles.is_empty(), "{circles:?}");
    }

    #[test]
    fn a_re_export_is_followed() {
        let (circles, _) = findings(&[
            ("main.rs", "mod a;"),
            ("a.rs", "mod x; mod y; pub(crate) use x::{X as Renamed}; pub(crate) use y::*;"),
            ("a/x.rs", "use crate::a::Y; pub struct X(Y);"),
            ("a/y.rs", "use super::Renamed; pub struct Y(Box<Renamed>);"),
        ]);
        assert_eq!(circles, [["a::x", "a::y"]]);
    }

    #[test]
    fn code_for_tests_does_not_count() {
        let (circles, _) = findings(&[
            ("main.rs", "mod a; mod b;"),
            ("a.rs", "use crate::b::B;"),
            ("b.rs", "pub struct B; #[cfg(test)] mod tests { use crate::a::A; } #[cfg(test)] use crate::a::A;"),
        ]);
        assert!(circles.is_empty(), "{circles:?}");
    }

    #[test]
    fn a_path_inside_a_macro_counts() {
        let (circles, _) = findings(&[
            ("main.rs", "mod a; mod b;"),
            ("a.rs", "fn a() { json!({\"x\": crate::b::b()}) }"),
            ("b.rs", "use crate::a::a; pub fn b() {}"),
        ]);
        assert_eq!(circles, [["a", "b"]]);
    }

    #[test]
    fn layers_do_not_know_each_other_and_the_domain_knows_no_adapters() {
        let (_, arrows) = findings(&[
            ("main.rs", "mod api; mod store; mod domain;"),
            ("api.rs", "mod body; use crate::domain::D; use crate::store::S;"),
            ("api/body.rs", "pub struct B;"),
            ("store.rs", "use super::api::body::B; use aws_sdk_dynamodb::Client;"),
            ("domain.rs", "use http::StatusCode; fn d(d: aws_sdk_s3::Client) {}"),
        ]);
        let expected = ["api -> store", "domain -> crate aws_sdk_s3", "domain -> crate http", "store -> api"];
        assert_eq!(arrows.iter().map(String::as_str).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn modules_of_this_repository_have_no_circle_and_keep_to_the_layers() {
        let repo = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        check(repo).unwrap();
    }
}
