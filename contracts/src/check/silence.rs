//! What stops or starves publishers and readers although no contract has changed.

use serde_json::{Value, json};

use super::{Context, Finding, permissions};
use crate::repository::{self, BUS, Repository};
use crate::template::entries;
use crate::topology::{self, Service, Silence};

const BUS_KIND: &str = "AWS::Events::EventBus";
const BUS_SUB: &str = "busline-${Env}";

pub(super) fn not_stopped(context: &Context<'_>) -> Vec<Finding> {
    each(context, |service| &service.stopping)
}

pub(super) fn failures_kept(context: &Context<'_>) -> Vec<Finding> {
    each(context, |service| &service.losing)
}

fn each(context: &Context<'_>, silences: fn(&Service) -> &Vec<Silence>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for service in context.repository.services.values() {
        for silence in silences(service) {
            let subject = format!("{}/{}", service.name, silence.subject);
            let advice = format!("write {}", silence.write);
            let finding = Finding::new(&subject, Repository::template_file(&service.name), &silence.what, advice);
            findings.push(finding.at(&silence.pointer));
        }
    }
    findings
}

/// The templates beside the services have one bus, give its names to the others, and forbid nothing on it.
pub(super) fn bus_open(context: &Context<'_>) -> Vec<Finding> {
    let tree = &context.repository.tree;
    let mut findings = Vec::new();
    for (path, _) in tree.below("infra") {
        // A file that is no template is reported by another check, or included by one.
        let Ok(template) = tree.template(path) else { continue };
        let mut unclear = topology::macros(&template);
        for (logical, resource) in entries(&template["Resources"]) {
            match closing(resource) {
                Some((problem, advice)) => {
                    findings.push(Finding::new("bus", path, problem, advice).at(format!("/Resources/{logical}")));
                }
                None => unclear.extend(topology::beside_services(logical, resource, &template["Resources"])),
            }
        }
        findings.extend(permissions::not_understood("bus", path, &unclear));
        if path == BUS {
            findings.extend(misnamed(&template["Resources"]));
        }
    }
    findings.extend(redirected(context.repository));
    findings
}

fn closing(resource: &Value) -> Option<(String, &'static str)> {
    let kind = resource["Type"].as_str().unwrap_or_default();
    let problem = match kind {
        "AWS::Events::EventBusPolicy" => "a policy of the bus may refuse what roles allow".to_owned(),
        "AWS::Events::Rule" => "a rule outside of the services has no contract".to_owned(),
        BUS_KIND if strange_setting(resource).is_some() => {
            format!("the bus has {}, with which it may refuse or lose events", strange_setting(resource)?)
        }
        BUS_KIND if resource["Properties"]["Name"] != json!({"Fn::Sub": BUS_SUB}) => {
            let name = &resource["Properties"]["Name"];
            let problem = format!(
                "the bus is named {name}, and not {BUS_SUB}: it would be another bus, on which no rule of the services that \
                 run listens"
            );
            return Some((problem, "keep the name: services look it up when they are deployed"));
        }
        BUS_KIND if !resource["Condition"].is_null() => "the bus exists only on a condition".to_owned(),
        _ => return None,
    };
    Some((problem, "remove it: the roles of publishers and the rules of services decide who sends and who gets events"))
}

fn strange_setting(bus: &Value) -> Option<&String> {
    let known = |name: &str| matches!(name, "Name" | "Description" | "LogConfig" | "Tags");
    let given = entries(&bus["Properties"]).filter(|(_, value)| !value.is_null());
    given.map(|(name, _)| name).find(|name| !known(name))
}

/// The parameters by which services find the bus must name it.
fn misnamed(resources: &Value) -> Vec<Finding> {
    let buses: Vec<&String> =
        entries(resources).filter(|(_, resource)| resource["Type"] == BUS_KIND).map(|(name, _)| name).collect();
    let [bus] = buses[..] else {
        let problem = format!("{BUS} has {} buses", buses.len());
        return vec![Finding::new("bus", BUS, problem, "keep one bus, which all services share")];
    };
    let arn = json!({"Fn::GetAtt": format!("{bus}.Arn")});
    let wanted = [("name", vec![json!({"Ref": bus})]), ("arn", vec![arn, json!({"Fn::GetAtt": [bus, "Arn"]})])];
    let missing = wanted.into_iter().filter(|(end, values)| {
        let name = format!("/busline/${{Env}}/bus/{end}");
        let is_it = |resource: &Value| {
            let properties = &resource["Properties"];
            resource["Type"] == "AWS::SSM::Parameter"
                && resource["Condition"].is_null()
                && properties["Name"]["Fn::Sub"] == *name
                && values.contains(&properties["Value"])
        };
        !entries(resources).any(|(_, resource)| is_it(resource))
    });
    missing
        .map(|(end, values)| {
            let problem = format!("no parameter /busline/${{Env}}/bus/{end} names the bus: services would not find it");
            Finding::new("bus", BUS, problem, format!("an AWS::SSM::Parameter with the Value {}", values[0]))
        })
        .collect()
}

/// Environments that let a service look up another bus than its template.
fn redirected(repository: &Repository) -> Vec<Finding> {
    let set = repository::parameters_of_environments(&repository.tree);
    let looked_up = set.iter().filter(|(stack, parameter)| {
        let path = repository.services.get(stack).and_then(|service| service.ssm_parameters.get(parameter));
        path.is_some_and(|path| path.ends_with("/bus/name") || path.ends_with("/bus/arn"))
    });
    looked_up
        .map(|(stack, parameter)| {
            let problem = format!("an environment gives {stack} another {parameter} than its template looks up");
            Finding::new(
                stack,
                "infra/environments",
                problem,
                "remove it: the deployment fills in the environment's path",
            )
        })
        .collect()
}
