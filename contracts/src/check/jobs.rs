//! The jobs of a service's program, compared with the functions of its template, the list of consumed events, and the
//! permission tests.

use super::{Context, Finding};
use crate::repository::Repository;
use crate::rust::{self, Subscription};
use crate::topology::Service;

/// Each function names a job of the program, which otherwise does not start; each job has its function.
pub(super) fn both_known(context: &Context<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for service in context.repository.services.values() {
        let file = format!("services/{}/src/main.rs", service.name);
        let Some(jobs) = context.in_source(&file, rust::jobs) else { continue };
        let subject = |job: &str| format!("{}/{job}", service.name);
        for job in service.jobs.difference(&jobs) {
            let problem = format!("a function has the Handler {job}, and the program has no such job: it cannot start");
            let finding = Finding::new(&subject(job), &file, problem, format!("add the line \"{job}\" => …"));
            findings.push(finding.at_line(context.line(&file, "match handler_name()")));
        }
        for job in jobs.difference(&service.jobs) {
            let template = Repository::template_file(&service.name);
            let problem = format!("the program has the job {job}, and no function has it as its Handler");
            let finding = Finding::new(&subject(job), template, problem, "add the function, or remove the job");
            findings.push(finding.at("/Resources"));
        }
    }
    findings
}

/// What a job reads is derived from the list, which only tests contain: it must say what the program runs.
pub(super) fn match_list(context: &Context<'_>) -> Vec<Finding> {
    context.repository.services.values().flat_map(|service| differences(context, service)).collect()
}

fn differences(context: &Context<'_>, service: &Service) -> Vec<Finding> {
    let main = format!("services/{}/src/main.rs", service.name);
    let list = format!("services/{}/src/subscribe/consumed_events.rs", service.name);
    let wired = context.in_source(&main, rust::wired).unwrap_or_default();
    let listed = context.in_source(&list, rust::listed).unwrap_or_default();
    let missing = |one: &Subscription, others: &[Subscription]| !others.iter().any(|other| other.is_same(one));
    let subject = |job: &str| format!("{}/{job}", service.name);
    let unlisted = wired.iter().filter(|wired| missing(wired, &listed)).map(|wired| {
        let problem = format!("main.rs lets the job {} read {wired}, and this list has no such row", wired.job);
        let advice = format!("add the row, or correct {main}: files in reads/ are written from the list");
        Finding::new(&subject(&wired.job), &list, problem, advice).at_line(context.line(&list, "vec!["))
    });
    let unwired = listed.iter().filter(|listed| missing(listed, &wired)).map(|listed| {
        let problem =
            format!("the list of consumed events lets the job {} read {listed}, and main.rs does not", listed.job);
        let advice = format!("subscribe to it with this function, or correct {list}");
        let line = context.line(&main, &format!("\"{}\" =>", listed.job));
        Finding::new(&subject(&listed.job), &main, problem, advice).at_line(line)
    });
    unlisted.chain(unwired).collect()
}

/// Each job is named in a pattern of a `match` of the scenarios. A job of any other name could only fail there while the
/// tests run.
pub(super) fn have_permission_cases(context: &Context<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for service in context.repository.services.values() {
        let tests = format!("services/{}/tests/it/permissions", service.name);
        let exercised = context.in_sources(&tests, |file| rust::exercised(file).into_iter().collect());
        let file = format!("{tests}.rs");
        for job in service.jobs.iter().filter(|job| !exercised.contains(job)) {
            let problem = format!("no scenario lets the job {job} do its work: its permissions are not tested");
            let advice =
                format!("add \"{job}\" => …, a real request or event, to the match of the function `exercise`");
            let line = context.line(&file, ".job.as_str()");
            findings.push(Finding::new(&format!("{}/{job}", service.name), &file, problem, advice).at_line(line));
        }
    }
    findings
}
