//! The CloudFormation stacks: those of the platform, and one for each discovered service, in deployment order.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

use crate::services::{self, Service};
use crate::template::Template;
use crate::usage::UsageError;

/// The stack of the bucket that holds the services' code.
pub(crate) const ARTIFACTS: &str = "artifacts";
/// The stack of the event bus and its archive.
pub(crate) const BUS: &str = "bus";
/// The stack of the sender of emails and its identity in SES.
pub(crate) const MAIL: &str = "mail";
/// The stack of the page's bucket and distribution.
pub(crate) const WEB: &str = "web";

/// The stacks that belong to no service.
pub(crate) const PLATFORM: [&str; 4] = [ARTIFACTS, BUS, MAIL, WEB];

/// A CloudFormation stack of this repository.
#[derive(Clone, Debug)]
pub(crate) struct Stack {
    /// The name in commands, stack names and parameter paths.
    pub(crate) name: String,
    /// Its template, from the root of the repository.
    pub(crate) template: PathBuf,
    /// The service, for the stacks that are one.
    pub(crate) service: Option<Service>,
    /// The stacks that store what it reads: SSM parameters, and its code.
    pub(crate) needs: BTreeSet<String>,
}

/// Every stack, each after those that it needs.
#[derive(Clone, Debug)]
pub(crate) struct Stacks {
    ordered: Vec<Stack>,
}

impl Stacks {
    /// Finds the stacks of a repository.
    pub(crate) fn discover(repo: &Path) -> Result<Self> {
        let services = services::discover(repo)?;
        let mut stacks: Vec<Stack> = PLATFORM.map(Stack::for_platform).into();
        stacks.extend(services.iter().cloned().map(Stack::for_service));
        for stack in &mut stacks {
            let template = Template::read(repo, stack, &services)?;
            check_test_parameters(stack, &template)?;
            stack.needs.extend(template.needs());
            stack.needs.remove(&stack.name);
        }
        Ok(Self { ordered: ordered(stacks)? })
    }

    /// Every stack, in deployment order.
    pub(crate) fn all(&self) -> &[Stack] {
        &self.ordered
    }

    /// The services, in deployment order.
    pub(crate) fn services(&self) -> impl Iterator<Item = &Service> {
        self.ordered.iter().filter_map(|stack| stack.service.as_ref())
    }

    /// The stacks of these names, each once and in deployment order.
    pub(crate) fn select(&self, names: &[String]) -> Result<Vec<&Stack>> {
        let known: Vec<&str> = self.ordered.iter().map(|stack| stack.name.as_str()).collect();
        for name in names {
            if !known.contains(&name.as_str()) {
                return Err(unknown("stack", name, &known));
            }
        }
        Ok(self.ordered.iter().filter(|stack| names.contains(&stack.name)).collect())
    }

    /// The service of this name.
    pub(crate) fn service(&self, name: &str) -> Result<&Service> {
        let known: Vec<&str> = self.services().map(|service| service.name.as_str()).collect();
        self.services().find(|service| service.name == name).ok_or_else(|| unknown("service", name, &known))
    }
}

impl Stack {
    fn for_platform(name: &str) -> Self {
        let template = Path::new("infra").join(format!("{name}.yaml"));
        Self { name: name.into(), template, service: None, needs: BTreeSet::new() }
    }

    fn for_service(service: Service) -> Self {
        let template = service.folder.join("template.yaml");
        Self { name: service.name.clone(), template, service: Some(service), needs: [ARTIFACTS.to_owned()].into() }
    }
}

impl fmt::Display for Stack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

/// The name of a stack in CloudFormation.
pub(crate) fn stack_name(env: &str, stack: &str) -> String {
    format!("busline-{env}-{stack}")
}

/// The path of an SSM parameter that a stack stores.
pub(crate) fn parameter_path(env: &str, stack: &str, name: &str) -> String {
    format!("/busline/{env}/{stack}/{name}")
}

fn unknown(kind: &str, name: &str, known: &[&str]) -> anyhow::Error {
    let mut message = format!("there is no {kind} `{name}`");
    if let Some(near) = services::nearest(name, known.iter().copied()) {
        // Writing to a String cannot fail.
        write!(message, ": did you mean `{near}`?").ok();
    }
    UsageError(format!("{message}\nthe {kind}s are {} (`cargo xtask services` lists the services)", known.join(", ")))
        .into()
}

/// Puts each stack after those that it needs; otherwise platform stacks come first, then services by name.
///
/// The page's stack comes last among those that are ready, because it serves what the others deploy.
fn ordered(stacks: Vec<Stack>) -> Result<Vec<Stack>> {
    let mut waiting: BTreeMap<(usize, String), Stack> =
        stacks.into_iter().map(|stack| ((rank(&stack), stack.name.clone()), stack)).collect();
    let mut ordered = Vec::new();
    while !waiting.is_empty() {
        let names: BTreeSet<&String> = waiting.values().map(|stack| &stack.name).collect();
        let ready = waiting.iter().find(|(_, stack)| stack.needs.iter().all(|need| !names.contains(need)));
        let Some(key) = ready.map(|(key, _)| key.clone()) else { bail!(circle(&waiting)) };
        ordered.extend(waiting.remove(&key));
    }
    Ok(ordered)
}

fn rank(stack: &Stack) -> usize {
    match stack.name.as_str() {
        ARTIFACTS | BUS | MAIL => 0,
        WEB => 2,
        _ => 1,
    }
}

/// One circle among stacks of which each needs another one of them.
fn circle(waiting: &BTreeMap<(usize, String), Stack>) -> String {
    let needs: BTreeMap<&str, &BTreeSet<String>> =
        waiting.values().map(|stack| (stack.name.as_str(), &stack.needs)).collect();
    let mut path: Vec<&str> = Vec::new();
    let mut current = needs.keys().next().copied();
    while let Some(name) = current.filter(|name| !path.contains(name)) {
        path.push(name);
        current = needs[name].iter().map(String::as_str).find(|need| needs.contains_key(need));
    }
    let start = path.iter().position(|name| Some(*name) == current).unwrap_or_default();
    let mut names = path.split_off(start);
    names.extend(current);
    format!(
        "the stacks need each other in a circle, so none of them can be deployed first: {}\neach reads an SSM parameter \
         of the next (`Default: /busline/local/<stack>/…` in its template): remove one of these parameters",
        names.join(" -> ")
    )
}

fn check_test_parameters(stack: &Stack, template: &Template) -> Result<()> {
    let Some(service) = &stack.service else { return Ok(()) };
    let Some(name) = service.test_parameters.keys().find(|name| !template.declares(name)) else { return Ok(()) };
    let manifest = service.folder.join("Cargo.toml");
    bail!("{}: `test-parameters.{name}`: {} declares no such parameter", manifest.display(), template.path.display())
}

/// The stacks of these services alone, without needs.
#[cfg(test)]
pub(crate) fn of_services(services: Vec<Service>) -> Stacks {
    Stacks { ordered: services.into_iter().map(Stack::for_service).collect() }
}

/// A stack of this name, without needs.
#[cfg(test)]
pub(crate) fn sample(name: &str) -> Stack {
    Stack::for_platform(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::template;

    fn stack(name: &str, needs: &[&str]) -> Stack {
        let mut stack = Stack::for_platform(name);
        stack.needs = needs.iter().map(|&need| need.to_owned()).collect();
        stack
    }

    fn names(stacks: &[Stack]) -> Vec<&str> {
        stacks.iter().map(|stack| stack.name.as_str()).collect()
    }

    #[test]
    fn a_test_parameter_is_one_of_the_template() {
        let mut service = services::sample("samples", &["/samples"]);
        service.test_parameters.insert("Day".into(), "3".into());
        let error = check_test_parameters(&Stack::for_service(service), &template::sample()).unwrap_err().to_string();
        assert!(error.contains("samples/Cargo.toml: `test-parameters.Day`: infra/t.yaml declares no"), "{error}");
    }

    #[test]
    fn each_stack_comes_after_those_that_it_needs() {
        let stacks =
            vec![stack("web", &["zebra"]), stack("apple", &["zebra"]), stack("zebra", &["bus"]), stack("bus", &[])];
        assert_eq!(names(&ordered(stacks).unwrap()), ["bus", "zebra", "apple", "web"]);
    }

    #[test]
    fn a_need_that_no_stack_meets_does_not_change_the_order() {
        let stacks = vec![stack("apple", &["telemetry"]), stack("bus", &[])];
        assert_eq!(names(&ordered(stacks).unwrap()), ["bus", "apple"]);
    }

    #[test]
    fn a_circle_is_shown_as_a_path() {
        let stacks = vec![stack("bus", &[]), stack("a", &["b"]), stack("b", &["c"]), stack("c", &["b"])];
        let error = ordered(stacks).unwrap_err().to_string();
        assert!(error.contains("b -> c -> b"), "{error}");
    }

    #[test]
    fn an_unknown_stack_is_refused_with_the_nearest_name() {
        let stacks = Stacks { ordered: vec![stack("bus", &[]), stack("billing", &[])] };
        let error = stacks.select(&["biling".into()]).unwrap_err();
        assert!(error.is::<UsageError>() && error.to_string().contains("did you mean `billing`?"), "{error}");
        assert_eq!(stacks.select(&["billing".into(), "bus".into()]).unwrap().len(), 2);
    }

    #[test]
    fn platform_stacks_are_no_services() {
        let stacks = Stacks { ordered: vec![stack("bus", &[])] };
        assert!(stacks.service("bus").unwrap_err().to_string().contains("there is no service `bus`"));
    }

    #[test]
    fn the_stacks_of_this_repository_have_an_order() {
        let repo = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let stacks = Stacks::discover(repo).unwrap();
        let all = names(stacks.all());
        assert_eq!((&all[..3], all[all.len() - 1]), (&[ARTIFACTS, BUS, MAIL][..], WEB));
    }
}
