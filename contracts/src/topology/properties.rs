//! What the properties of resources in a template mean.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::template::{entries, number};

/// How long SQS keeps a message when a queue does not say: four days, in seconds.
///
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-sqs-queue.html>
const DEFAULT_RETENTION: u64 = 345_600;
/// The longest that SQS keeps a message: fourteen days, in seconds (the same page).
const MAX_RETENTION: u64 = 1_209_600;

/// The job of a function: its `Handler`.
pub(super) fn job(function: &Value) -> Option<String> {
    function["Handler"].as_str().map(str::to_owned)
}

/// The resource that `!Ref X`, `!GetAtt X.Arn` or `X.Arn` names.
pub(super) fn resource_name(reference: &Value) -> Option<&str> {
    let name = reference["Ref"].as_str();
    let attribute = &reference["Fn::GetAtt"];
    let attribute = attribute.as_str().and_then(|text| text.split('.').next()).or_else(|| attribute[0].as_str());
    name.or(attribute)
}

/// The properties that have a value.
pub(super) fn given(properties: &Value) -> impl Iterator<Item = (&String, &Value)> {
    entries(properties).filter(|(_, value)| !value.is_null())
}

/// The parameters that CloudFormation looks up in SSM, with the paths that are their defaults.
pub(super) fn ssm_parameters(parameters: &Value) -> BTreeMap<String, String> {
    entries(parameters)
        .filter(|(_, parameter)| {
            parameter["Type"].as_str().is_some_and(|kind| kind.starts_with("AWS::SSM::Parameter::Value<"))
        })
        .filter_map(|(name, parameter)| Some((name.clone(), parameter["Default"].as_str()?.to_owned())))
        .collect()
}

/// How long a queue keeps a message, in seconds; the longest possible where the template does not state a number.
pub(super) fn retention(queue: &Value) -> u64 {
    match &queue["MessageRetentionPeriod"] {
        Value::Null => DEFAULT_RETENTION,
        given => number(given).unwrap_or(MAX_RETENTION),
    }
}
