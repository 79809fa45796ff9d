//! The routes of a service's HTTP API, compared with its OpenAPI file and its end-to-end tests.

use serde_json::Value;

use super::{Context, Finding};
use crate::repository::Repository;
use crate::rust::Request;
use crate::template::{self, entries};
use crate::topology::{METHODS, Route, Service};

/// The end-to-end tests of several services together.
const JOURNEYS: &str = "tests/journeys/";

/// An operation of an OpenAPI file.
struct Operation {
    pointer: String,
    method: String,
    path: String,
    id: Value,
}

pub(super) fn described(context: &Context<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for service in context.repository.services.values() {
        let file = format!("services/{}/openapi.yaml", service.name);
        let text = context.repository.tree.text(&file).unwrap_or_default();
        // Another check reports a file that does not parse.
        let Ok(document) = template::parse(text) else { continue };
        let operations = operations(&document["paths"]);
        findings.extend(service.routes.iter().filter_map(|route| undescribed(service, route, &operations, &file)));
        findings.extend(operations.iter().filter_map(|operation| unanswered(service, operation)));
    }
    findings
}

fn operations(paths: &Value) -> Vec<Operation> {
    let operation = |path: &String, method: &str, operation: &Value| Operation {
        pointer: format!("/paths/{}/{method}", path.replace('~', "~0").replace('/', "~1")),
        method: method.to_ascii_uppercase(),
        path: path.clone(),
        id: operation["operationId"].clone(),
    };
    let of_path = |(path, item): (&String, &Value)| -> Vec<Operation> {
        let named = METHODS.iter().filter_map(|method| Some((*method, item.get(method)?)));
        named.map(|(method, found)| operation(path, method, found)).collect()
    };
    entries(paths).flat_map(of_path).collect()
}

/// A route without an operation, or with one that names another job.
fn undescribed(service: &Service, route: &Route, operations: &[Operation], file: &str) -> Option<Finding> {
    let Route { job, method, path, .. } = route;
    let subject = format!("{}/{job}", service.name);
    let found = operations.iter().find(|operation| (&operation.method, &operation.path) == (method, path));
    match found {
        Some(operation) if operation.id == **job => None,
        Some(operation) => {
            let problem = format!("the operationId of {method} {path} is {}, and its job is {job}", operation.id);
            let advice = format!("write operationId: {job}");
            Some(Finding::new(&subject, file, problem, advice).at(format!("{}/operationId", operation.pointer)))
        }
        None => {
            let problem = format!("the template has the route {method} {path}, and this file has no such operation");
            let advice = format!("describe it, with operationId: {job}, its request and every answer");
            Some(Finding::new(&subject, file, problem, advice).at("/paths"))
        }
    }
}

/// An operation without a route.
fn unanswered(service: &Service, operation: &Operation) -> Option<Finding> {
    let Operation { pointer, method, path, id } = operation;
    let is_it = |route: &Route| (&route.method, &route.path) == (method, path);
    if service.routes.iter().any(is_it) {
        return None;
    }
    let template = Repository::template_file(&service.name);
    let problem = format!("openapi.yaml has {method} {path} at {pointer}, and no function has this route");
    let advice = format!(
        "add a function with Handler: {} and an event of Type HttpApi with Method: {method} and Path: {path}, or remove \
         the operation",
        id.as_str().unwrap_or("…")
    );
    Some(Finding::new(&service.name, template, problem, advice).at("/Resources"))
}

pub(super) fn tested(context: &Context<'_>) -> Vec<Finding> {
    let journeys = requests(context, JOURNEYS);
    let routes = context.repository.services.values().flat_map(|service| &service.routes);
    let routes: Vec<&Route> = routes.collect();
    let services = context.repository.services.values();
    services.flat_map(|service| untested(context, service, &routes, &journeys)).collect()
}

/// The requests of the tests with paths that begin so.
fn requests(context: &Context<'_>, start: &str) -> Vec<Request> {
    let tests = context.repository.tree.all().filter(|(path, _)| path.starts_with(start));
    tests.flat_map(|(_, text)| context.proofs.requests(text).to_vec()).collect()
}

/// The routes of a service of which no test makes a request. One that fits several routes counts for the one with the
/// fewest parameters, or for none.
fn untested(context: &Context<'_>, service: &Service, all: &[&Route], journeys: &[Request]) -> Vec<Finding> {
    let tests = format!("services/{}/tests/it/e2e", service.name);
    let own = requests(context, &tests);
    let fits = |request: &Request, route: &Route| request.method == route.method && request.fits(&route.path);
    let parameters = |route: &Route| route.path.matches('{').count();
    let is_of = |request: &Request, route: &Route| {
        let mut others = all.iter().filter(|other| **other != route && fits(request, other));
        fits(request, route) && others.all(|other| parameters(other) > parameters(route))
    };
    let is_tested = |route: &&Route| own.iter().chain(journeys).any(|request| is_of(request, route));
    let untested = service.routes.iter().filter(|route| !is_tested(route));
    untested
        .map(|Route { job, method, path, .. }| {
            let problem = format!("no end-to-end test makes a request {method} {path}");
            let advice = format!(
                "add a test that uses the route as a client does, with its path in the call: .{}(\"{path}\")",
                method.to_ascii_lowercase()
            );
            Finding::new(&format!("{}/{job}", service.name), format!("{tests}.rs"), problem, advice)
        })
        .collect()
}
