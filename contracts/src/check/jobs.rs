//! The jobs of a service's program, compared with the functions of its template.

use std::collections::BTreeSet;

use super::{Context, Finding};
use crate::repository::Repository;

/// Each function names a job of the program, which otherwise does not start; each job has its function.
pub(super) fn both_known(context: &Context<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for service in context.repository.services.values() {
        let file = format!("services/{}/src/main.rs", service.name);
        let Some(text) = context.repository.tree.text(&file) else { continue };
        let jobs: BTreeSet<&str> = text.lines().filter_map(job).collect();
        let subject = |job: &str| format!("{}/{job}", service.name);
        for job in service.jobs.iter().filter(|job| !jobs.contains(job.as_str())) {
            let problem = format!("a function has the Handler {job}, and the program has no such job: it cannot start");
            findings.push(Finding::new(&subject(job), &file, problem, format!("add the line \"{job}\" => …")));
        }
        for job in jobs.into_iter().filter(|job| !service.jobs.contains(*job)) {
            let template = Repository::template_file(&service.name);
            let problem = format!("the program has the job {job}, and no function has it as its Handler");
            findings.push(Finding::new(&subject(job), template, problem, "add the function, or remove the job"));
        }
    }
    findings
}

/// The name in a line such as `"list-users" => serve(…)`.
fn job(line: &str) -> Option<&str> {
    let (name, rest) = line.trim_start().strip_prefix('"')?.split_once('"')?;
    rest.trim_start().starts_with("=>").then_some(name)
}
