//! Whether a function runs the program that was built, whenever it is invoked.

use serde_json::{Value, json};

use super::properties::given;
use crate::template::entries;

/// The settings that leave this open to no doubt. With another one, such as an alias, a layer, an image or a network, a
/// function may run something else, or may not reach what it needs.
const SETTINGS: [&str; 19] = [
    "Architectures",
    "CodeUri",
    "Description",
    "Environment",
    "EphemeralStorage",
    "EventInvokeConfig",
    "Events",
    "FunctionName",
    "Handler",
    "LoggingConfig",
    "MemorySize",
    "PermissionsBoundary",
    "Policies",
    "ReservedConcurrentExecutions",
    "Role",
    "Runtime",
    "Tags",
    "Timeout",
    "Tracing",
];

/// The settings that decide which code runs, for a function of any kind.
const CODE: [&str; 10] = [
    "Architectures",
    "AutoPublishAlias",
    "AutoPublishCodeSha256",
    "CodeUri",
    "ImageConfig",
    "ImageUri",
    "InlineCode",
    "Layers",
    "PackageType",
    "Runtime",
];

/// The one endpoint that a function may be told: that of a WebSocket API, which has no other way to be found.
const SOCKETS: &str = "AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI";

/// A setting, what it causes, and what would be right.
type Reason = (String, String, String);

/// The settings of a function with which it may not run the program that was built.
pub(super) fn doubts(function: &Value) -> Vec<Reason> {
    let strange = given(function).filter(|(name, _)| !SETTINGS.contains(&name.as_str())).map(|(name, value)| {
        let what = format!("with {name}: {value}, it is not known what the function runs, or whether it can");
        (name.clone(), what, format!("the function without {name}"))
    });
    strange.chain(other_code(function)).chain(redirections(function)).collect()
}

/// The same, of what decides on the code alone: for a function that neither publishes nor reads events, and writes into the
/// table of those that do.
pub(super) fn doubts_of_code(function: &Value) -> Vec<Reason> {
    doubts(function).into_iter().filter(|(setting, ..)| CODE.contains(&setting.as_str())).collect()
}

fn other_code(function: &Value) -> impl Iterator<Item = Reason> {
    let built = [
        ("Architectures", json!([{"Ref": "Architecture"}])),
        ("CodeUri", json!({"Bucket": {"Ref": "ArtifactBucket"}, "Key": {"Ref": "ArtifactKey"}})),
        ("Runtime", json!("provided.al2023")),
    ];
    built.into_iter().filter(|(name, value)| function[*name] != *value).map(|(name, value)| {
        let what = format!("{name} is {}: the function does not run what was built and checked", function[name]);
        (name.to_owned(), what, format!("{name}: {value}"))
    })
}

/// Variables that the SDK and Lambda's runtime read themselves, such as the address of a service.
///
/// <https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html>
fn redirections(function: &Value) -> impl Iterator<Item = Reason> {
    let variables = entries(&function["Environment"]["Variables"]);
    let is_read_by_others = |name: &str| name.starts_with("Fn::") || (name.starts_with("AWS_") && name != SOCKETS);
    variables.filter(move |(name, _)| is_read_by_others(name)).map(|(name, value)| {
        let what = format!("{name} is {value}: the function may speak to another service than AWS's, or not at all");
        (format!("Environment/Variables/{name}"), what, format!("the function without {name}"))
    })
}
