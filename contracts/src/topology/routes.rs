//! The routes of a template's HTTP API.

use serde_json::Value;

use super::properties::job;
use crate::template::entries;

/// The methods of routes, as OpenAPI files and clients write them.
pub(crate) const METHODS: [&str; 5] = ["delete", "get", "patch", "post", "put"];

/// One route of the HTTP API, and the job that answers it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// Where it is in the template, as a JSON pointer.
    pub pointer: String,
    /// The function's `Handler`, which names its job.
    pub job: String,
    /// The method in upper case.
    pub method: String,
    /// The path with its parameters in braces, such as `/todos/{id}`.
    pub path: String,
}

/// The routes that a function declares as its events.
///
/// <https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-property-function-httpapi.html>
pub(super) fn from_function(logical: &str, function: &Value) -> Vec<Route> {
    let job = job(function).unwrap_or_default();
    let routes = entries(&function["Events"]).filter(|(_, event)| event["Type"] == "HttpApi");
    routes
        .map(|(name, event)| {
            let text = |property: &str| event["Properties"][property].as_str().unwrap_or_default();
            Route {
                pointer: format!("/Resources/{logical}/Properties/Events/{name}"),
                job: job.clone(),
                method: text("Method").to_ascii_uppercase(),
                path: text("Path").to_owned(),
            }
        })
        .collect()
}
