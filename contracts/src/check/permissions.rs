//! What the publishers may and do publish.

use crate::repository::{EventName, Repository};
use crate::topology::{Service, Unclear};

use super::{Finding, Look};

/// Where the templates look up our bus, in the environment `local`.
const BUS_ARN: &str = "/busline/local/bus/arn";

/// The one job that publishes: it is fed by the outbox, so that nothing is sent that was not committed.
const PUBLISH: &str = "publish";

pub(super) fn builds(look: &Look<'_>) -> Vec<Finding> {
    let builds = |name: &EventName| {
        let folder = format!("services/{}/src", name.service);
        look.repository.tree.below(&folder).any(|(_, source)| mentions(source, &name.type_name()))
    };
    let silent = look.repository.published().map(|(name, _)| name).filter(|name| !builds(name));
    silent
        .map(|name| {
            let problem =
                format!("nothing in services/{}/src builds a {}: nobody emits {name}", name.service, name.type_name());
            let advice = format!("build it in services/{}/src/store/event.rs, or retire the version", name.service);
            Finding::new(name, format!("services/{}/src", name.service), problem, advice)
        })
        .collect()
}

pub(super) fn may_publish(look: &Look<'_>) -> Vec<Finding> {
    let may = |name: &EventName| {
        let grants = look.repository.services.get(&name.service).into_iter().flat_map(|service| &service.grants);
        grants.filter(|grant| !grant.jobs.is_empty()).any(|grant| grant.allows(&name.source(), &name.detail_type()))
    };
    let forbidden = look.repository.published().map(|(name, _)| name).filter(|name| !may(name));
    forbidden
        .map(|name| {
            let (source, detail_type) = (name.source(), name.detail_type());
            let problem =
                format!("no role of {} may publish {detail_type} as {source}: the bus would refuse it", name.service);
            let advice = format!(
                "allow events:PutEvents to the job `{PUBLISH}` on the condition StringEquals events:source {source}"
            );
            Finding::new(name, Repository::template_file(&name.service), problem, advice)
        })
        .collect()
}

pub(super) fn understood(look: &Look<'_>) -> Vec<Finding> {
    look.repository.services.values().flat_map(|service| unclear(service, &service.unclear_permissions)).collect()
}

/// What of a template is not understood: nothing is believed of it, neither that it allows nor that it forbids.
pub(super) fn unclear(service: &Service, parts: &[Unclear]) -> Vec<Finding> {
    let file = Repository::template_file(&service.name);
    let found = parts.iter().map(|part| {
        let problem = format!("not understood: {}", part.what);
        Finding::new(&service.name, &file, problem, format!("write it as {}", part.write)).at(&part.pointer)
    });
    found.collect()
}

pub(super) fn for_itself(look: &Look<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for service in look.repository.services.values() {
        let own = format!("busline.{}", service.name);
        for grant in &service.grants {
            let granted = match &grant.sources {
                None => "any source".to_owned(),
                Some(sources) if !sources.is_empty() && sources.iter().all(|source| *source == own) => continue,
                Some(sources) => sources.join(", "),
            };
            let problem = format!("{} may publish as {granted}: it could speak for other services", grant.role);
            let advice = format!("give the statement Condition: {{StringEquals: {{events:source: {own}}}}}");
            let file = Repository::template_file(&service.name);
            findings.push(Finding::new(&service.name, file, problem, advice).at(format!("/Resources/{}", grant.role)));
        }
    }
    findings
}

pub(super) fn outbox_alone(look: &Look<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for service in look.repository.services.values() {
        for grant in &service.grants {
            for job in grant.jobs.iter().filter(|job| *job != PUBLISH) {
                let problem = format!("the job {job} may publish: an event could leave without its change, or twice");
                let advice = "take events:PutEvents from it and write the event into the outbox";
                let file = Repository::template_file(&service.name);
                let finding = Finding::new(&format!("{}/{job}", service.name), file, problem, advice);
                findings.push(finding.at(format!("/Resources/{}", grant.role)));
            }
        }
    }
    findings
}

pub(super) fn our_bus(look: &Look<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for service in look.repository.services.values() {
        for grant in service.grants.iter().filter(|grant| !service.refers_to(&grant.resource, BUS_ARN)) {
            let problem = format!("{} may publish to {}, which is not our bus", grant.role, grant.resource);
            let advice = "name the parameter that looks up the bus's ARN: Resource: !Ref BusArn";
            let file = Repository::template_file(&service.name);
            findings.push(Finding::new(&service.name, file, problem, advice).at(format!("/Resources/{}", grant.role)));
        }
    }
    findings
}

/// Whether a source text has this identifier as a whole word.
fn mentions(source: &str, name: &str) -> bool {
    let is_part = |letter: char| letter.is_alphanumeric() || letter == '_';
    source
        .match_indices(name)
        .any(|(at, _)| !source[..at].ends_with(is_part) && !source[at + name.len()..].starts_with(is_part))
}
