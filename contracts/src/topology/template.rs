//! A CloudFormation template as JSON.

use std::collections::BTreeMap;

use serde_json::{Map, Number, Value, json};
use serde_norway::Value as Yaml;

/// How long SQS keeps a message when a queue does not say: four days.
///
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-sqs-queue.html>
const DEFAULT_RETENTION: u64 = 345_600;
/// The longest that SQS keeps a message: fourteen days (the same page).
const LONGEST_RETENTION: u64 = 1_209_600;

/// Reads a template; `!Ref X` becomes `{"Ref": "X"}` and `!Sub x` `{"Fn::Sub": "x"}`.
pub(crate) fn parse(text: &str) -> Result<Value, serde_norway::Error> {
    Ok(json_of(serde_norway::from_str(text)?))
}

fn json_of(yaml: Yaml) -> Value {
    match yaml {
        Yaml::Null => Value::Null,
        Yaml::Bool(value) => value.into(),
        Yaml::Number(number) => json_number(&number),
        Yaml::String(text) => text.into(),
        Yaml::Sequence(items) => items.into_iter().map(json_of).collect(),
        Yaml::Mapping(entries) => {
            let entries = entries.into_iter().map(|(key, value)| (key_of(key), json_of(value)));
            Value::Object(entries.collect::<Map<_, _>>())
        }
        Yaml::Tagged(tagged) => {
            let name = tagged.tag.to_string();
            let name = name.trim_start_matches('!');
            let function = if name == "Ref" || name == "Condition" { name.into() } else { format!("Fn::{name}") };
            json!({ function: json_of(tagged.value) })
        }
    }
}

fn json_number(number: &serde_norway::Number) -> Value {
    let whole = number.as_u64().map(Number::from).or_else(|| number.as_i64().map(Number::from));
    let number = whole.or_else(|| number.as_f64().and_then(Number::from_f64));
    number.map_or(Value::Null, Value::Number)
}

/// JSON knows texts as keys alone; CloudFormation reads a YAML key such as `2012` as one.
fn key_of(key: Yaml) -> String {
    match json_of(key) {
        Value::String(text) => text,
        other => other.to_string(),
    }
}

/// The entries of an object; none of anything else.
pub(crate) fn entries(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}

/// One value, or the values of a list.
pub(crate) fn one_or_many(value: &Value) -> &[Value] {
    match value {
        Value::Null => &[],
        Value::Array(items) => items,
        one => std::slice::from_ref(one),
    }
}

/// The job of a function: its `Handler`.
pub(crate) fn job(function: &Value) -> Option<String> {
    function["Handler"].as_str().map(str::to_owned)
}

/// The resource that `!Ref X`, `!GetAtt X.Arn` or `X.Arn` names.
pub(crate) fn resource_name(reference: &Value) -> Option<&str> {
    let name = reference["Ref"].as_str();
    let attribute = &reference["Fn::GetAtt"];
    let attribute = attribute.as_str().and_then(|text| text.split('.').next()).or_else(|| attribute[0].as_str());
    name.or(attribute)
}

/// The parameters whose values CloudFormation looks up in SSM, with the paths that are their defaults.
pub(super) fn looked_up(parameters: &Value) -> BTreeMap<String, String> {
    entries(parameters)
        .filter(|(_, parameter)| parameter["Type"].as_str().is_some_and(|kind| kind.starts_with("AWS::SSM::Parameter")))
        .filter_map(|(name, parameter)| Some((name.clone(), parameter["Default"].as_str()?.to_owned())))
        .collect()
}

/// How long a queue keeps a message, in seconds; the longest possible where the template does not say a number.
pub(crate) fn retention(queue: &Value) -> u64 {
    match &queue["MessageRetentionPeriod"] {
        Value::Null => DEFAULT_RETENTION,
        given => number(given).unwrap_or(LONGEST_RETENTION),
    }
}

/// A number, also one that is written as a text.
pub(crate) fn number(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_str()?.parse().ok())
}
