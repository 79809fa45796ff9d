//! What the publishers are allowed to publish, and what they publish.

use std::collections::{BTreeMap, BTreeSet};

use crate::repository::{EventName, Repository};
use crate::topology::{PUBLISH, Service, Unclear};

use super::{Context, Finding};

/// The path of our bus in SSM, in the environment `local`.
const BUS_ARN: &str = "/busline/local/bus/arn";

/// The module with which a program begins.
const MAIN: &str = "main";

pub(super) fn builds(context: &Context<'_>) -> Vec<Finding> {
    let publishers: BTreeSet<&str> = context.repository.published().map(|(name, _)| name.service.as_str()).collect();
    let built: BTreeMap<&str, BTreeSet<String>> =
        publishers.into_iter().map(|publisher| (publisher, built(context, publisher))).collect();
    let is_built = |name: &EventName| built[name.service.as_str()].contains(&name.type_name());
    let unbuilt = context.repository.published().map(|(name, _)| name).filter(|name| !is_built(name));
    unbuilt
        .map(|name| {
            let problem =
                format!("nothing in services/{}/src builds a {}: {name} is never sent", name.service, name.type_name());
            let advice = format!(
                "build it in services/{}/src/store/, as {} {{ … }}, or retire the version",
                name.service,
                name.type_name()
            );
            Finding::new(name, format!("services/{}/src", name.service), problem, advice)
        })
        .collect()
}

/// The types of which the program of a service builds values: `main.rs`, its modules, and theirs.
fn built(context: &Context<'_>, service: &str) -> BTreeSet<String> {
    let (mut types, mut waiting) = (BTreeSet::new(), vec![MAIN.to_owned()]);
    while let Some(module) = waiting.pop() {
        let file = format!("services/{service}/src/{module}.rs");
        let Some(text) = context.repository.tree.text(&file) else { continue };
        let found = context.proofs.built(text);
        types.extend(found.types.iter().cloned());
        let inner = |name: &String| if module == MAIN { name.clone() } else { format!("{module}/{name}") };
        waiting.extend(found.modules.iter().map(inner));
    }
    types
}

pub(super) fn may_publish(context: &Context<'_>) -> Vec<Finding> {
    let may = |name: &EventName| {
        let grants = context.repository.services.get(&name.service).into_iter().flat_map(|service| &service.grants);
        grants.filter(|grant| !grant.jobs.is_empty()).any(|grant| grant.allows(&name.source(), &name.detail_type()))
    };
    let forbidden = context.repository.published().map(|(name, _)| name).filter(|name| !may(name));
    forbidden
        .map(|name| {
            let (source, detail_type) = (name.source(), name.detail_type());
            let problem =
                format!("no role of {} may publish {detail_type} as {source}: the bus would refuse it", name.service);
            let advice = format!(
                "allow events:PutEvents to the job `{PUBLISH}` on the condition StringEquals events:source {source}"
            );
            Finding::new(name, Repository::template_file(&name.service), problem, advice).at("/Resources")
        })
        .collect()
}

pub(super) fn understood(context: &Context<'_>) -> Vec<Finding> {
    context.repository.services.values().flat_map(|service| unclear(service, &service.unclear_permissions)).collect()
}

/// The parts of a service's template that are not understood: nothing is derived from them.
pub(super) fn unclear(service: &Service, parts: &[Unclear]) -> Vec<Finding> {
    not_understood(&service.name, &Repository::template_file(&service.name), parts)
}

/// The parts of any template that are not understood.
pub(super) fn not_understood(subject: &str, file: &str, parts: &[Unclear]) -> Vec<Finding> {
    let found = parts.iter().map(|part| {
        let problem = format!("not understood: {}", part.what);
        Finding::new(subject, file, problem, format!("write it as {}", part.write)).at(&part.pointer)
    });
    found.collect()
}

pub(super) fn for_itself(context: &Context<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for service in context.repository.services.values() {
        let own = format!("busline.{}", service.name);
        for grant in &service.grants {
            let granted = match &grant.sources {
                None => "any source".to_owned(),
                Some(sources) if !sources.is_empty() && sources.iter().all(|source| *source == own) => continue,
                Some(sources) => sources.join(", "),
            };
            let problem = format!("{} may publish as {granted}: it could publish events of other services", grant.role);
            let advice = format!("give the statement Condition: {{StringEquals: {{events:source: {own}}}}}");
            let file = Repository::template_file(&service.name);
            findings.push(Finding::new(&service.name, file, problem, advice).at(format!("/Resources/{}", grant.role)));
        }
    }
    findings
}

pub(super) fn outbox_alone(context: &Context<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for service in context.repository.services.values() {
        for grant in &service.grants {
            for job in grant.jobs.iter().filter(|job| *job != PUBLISH) {
                let problem = format!("the job {job} may publish: an event could be sent without its change, or twice");
                let advice = "remove events:PutEvents from its role and write the event into the outbox";
                let file = Repository::template_file(&service.name);
                let finding = Finding::new(&format!("{}/{job}", service.name), file, problem, advice);
                findings.push(finding.at(format!("/Resources/{}", grant.role)));
            }
            if grant.jobs.is_empty() {
                let problem = format!("{} may publish and is the role of no function", grant.role);
                let advice = "remove events:PutEvents from it: the job `publish` alone sends events";
                let file = Repository::template_file(&service.name);
                let finding = Finding::new(&service.name, file, problem, advice);
                findings.push(finding.at(format!("/Resources/{}", grant.role)));
            }
        }
    }
    findings
}

pub(super) fn our_bus(context: &Context<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for service in context.repository.services.values() {
        for grant in service.grants.iter().filter(|grant| !service.refers_to(&grant.resource, BUS_ARN)) {
            let problem = format!("{} may publish to {}, which is not our bus", grant.role, grant.resource);
            let advice = "name the parameter that looks up the bus's ARN: Resource: !Ref BusArn";
            let file = Repository::template_file(&service.name);
            findings.push(Finding::new(&service.name, file, problem, advice).at(format!("/Resources/{}", grant.role)));
        }
    }
    findings
}
