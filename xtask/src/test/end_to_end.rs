//! The part `e2e`: groups of tests, each on a separate local cloud.

use std::path::PathBuf;

use anyhow::{Result, bail};

use crate::home::Home;
use crate::interrupts::Interrupts;
use crate::separate_cloud::on_separate_cloud;
use crate::test::programs::{self, Chosen, TestProgram};
use crate::test::{Selection, join_errors, side_by_side};

/// How many local clouds the end-to-end tests use at a time.
const CLOUDS: usize = 3;

/// The package of the journeys across services and of the tests of all services' permissions.
const JOURNEYS: &str = "tests";

/// The module of a service's tests that need the whole product.
const END_TO_END: &str = "e2e";
/// The module of a service's tests that take permissions away, and the program that tests those of all services.
const PERMISSIONS: &str = "permissions";

/// The end-to-end tests of each service, the journeys across services, and all tests of permissions: on separate local
/// clouds side by side, because most of the time they wait.
pub(super) async fn run(home: &Home, selection: &Selection<'_>, interrupts: &mut Interrupts) -> Result<()> {
    let programs = interrupts.unless(programs::compile(home)).await?;
    let groups = interrupts.unless(groups(&programs, selection)).await?;
    if groups.is_empty() {
        bail!("no end-to-end test has a name with {}", selection.arguments.join(" or "));
    }
    let runs = groups.iter().map(|group| on_own_cloud(home, group, selection.arguments));
    join_errors(side_by_side(CLOUDS, runs).await)
}

/// The end-to-end tests in groups that need a separate local cloud each, the longest ones first.
async fn groups<'a>(programs: &'a [TestProgram], selection: &Selection<'_>) -> Result<Vec<Vec<Chosen<'a>>>> {
    let selected = || programs.iter().filter(|program| selection.includes(program));
    let of_services = || selected().filter(|program| program.service.is_some() && program.integration);
    let of_all = || selected().filter(|program| is_of_all_services(program));
    let arguments = selection.arguments;
    // Tests of permissions take them away from functions that every other test needs.
    let permissions = programs::choose(of_services(), |test| is_in(test, PERMISSIONS), arguments).await?;
    let journeys = of_all().filter(|program| program.target != PERMISSIONS);
    let journeys = programs::choose(journeys, |_| true, arguments).await?;
    let halves = journeys.into_iter().flat_map(|all| all.split(2));
    let mut groups: Vec<Vec<Chosen>> = permissions.into_iter().chain(halves).map(|one| vec![one]).collect();
    groups.push(programs::choose(of_services(), |test| is_in(test, END_TO_END), arguments).await?);
    let denials = of_all().filter(|program| program.target == PERMISSIONS);
    groups.push(programs::choose(denials, |_| true, arguments).await?);
    groups.retain(|group| !group.is_empty());
    Ok(groups)
}

/// Whether a program tests the whole product, and not one service.
pub(super) fn is_of_all_services(program: &TestProgram) -> bool {
    program.package == JOURNEYS && program.integration
}

/// Runs some tests on a separate local cloud, one program after the other, also after a failure.
async fn on_own_cloud(home: &Home, tests: &[Chosen<'_>], arguments: &[String]) -> Result<()> {
    let mut interrupts = Interrupts::catch()?;
    on_separate_cloud(home, &mut interrupts, async |environment| run_chosen(tests, arguments, environment).await).await
}

pub(super) async fn run_chosen(
    tests: &[Chosen<'_>],
    arguments: &[String],
    environment: &[(&str, PathBuf)],
) -> Result<()> {
    let mut outcomes = Vec::new();
    for chosen in tests {
        outcomes.push(chosen.run(arguments, environment).await);
    }
    join_errors(outcomes)
}

/// Whether a test of a service is one of the part `e2e`.
pub(super) fn needs_cloud(test: &str) -> bool {
    is_in(test, END_TO_END) || is_in(test, PERMISSIONS)
}

/// Whether a test is in a module at the top of its program.
fn is_in(test: &str, module: &str) -> bool {
    test.strip_prefix(module).is_some_and(|rest| rest.starts_with("::"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_module_is_a_whole_path_segment() {
        assert!(is_in("e2e::inbox::shows_an_entry", "e2e"));
        assert!(!is_in("e2e_helpers::parses", "e2e") && !is_in("domain::e2e::x", "e2e"));
    }
}
