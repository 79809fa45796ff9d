//! Parameters of a template with values that are known before it is deployed.

use std::collections::BTreeMap;

use serde_json::Value;

use super::entries;

/// The parameters to which a deployment gives a value itself, whatever their default is.
pub const SET_BY_DEPLOYMENT: [&str; 6] =
    ["Architecture", "ArtifactBucket", "ArtifactKey", "Env", "LocalPort", "WebOrigin"];

/// The template with the known parameters put in: `!Ref Service` and `${Service}` become the default of `Service`.
///
/// A value is known when the parameter is a text with a default, no pattern or list allows another value, and it is not
/// among those that an environment or the deployment sets. What is not known stays a function.
pub(crate) fn resolve(template: Value, is_set: impl Fn(&str) -> bool) -> Value {
    let known: BTreeMap<String, String> = entries(&template["Parameters"])
        .filter(|(name, _)| !SET_BY_DEPLOYMENT.contains(&name.as_str()) && !is_set(name))
        .filter_map(|(name, parameter)| Some((name.clone(), constant(parameter)?)))
        .collect();
    if known.is_empty() { template } else { replaced(template, &known) }
}

fn constant(parameter: &Value) -> Option<String> {
    let default = parameter["Default"]
        .as_str()
        .filter(|_| parameter["Type"] == "String" && parameter["AllowedPattern"].is_null())?;
    let only_default = match &parameter["AllowedValues"] {
        Value::Null => true,
        Value::Array(values) => values.iter().all(|value| value == default),
        _ => false,
    };
    only_default.then(|| default.to_owned())
}

fn replaced(value: Value, known: &BTreeMap<String, String>) -> Value {
    match value {
        Value::Array(items) => items.into_iter().map(|item| replaced(item, known)).collect(),
        Value::Object(entries) if entries.len() == 1 => {
            let value = Value::Object(entries);
            if let Some(text) = value["Ref"].as_str().and_then(|name| known.get(name)) {
                return text.clone().into();
            }
            if let Some(text) = value["Fn::Sub"].as_str() {
                return substituted(text, known);
            }
            children(value, known)
        }
        other => children(other, known),
    }
}

fn children(value: Value, known: &BTreeMap<String, String>) -> Value {
    match value {
        Value::Object(entries) => entries
            .into_iter()
            .map(|(name, entry)| (name, replaced(entry, known)))
            .collect::<serde_json::Map<_, _>>()
            .into(),
        other => other,
    }
}

/// A text of `Fn::Sub`; plain when nothing is left to put in.
fn substituted(text: &str, known: &BTreeMap<String, String>) -> Value {
    let text = known.iter().fold(text.to_owned(), |text, (name, value)| text.replace(&format!("${{{name}}}"), value));
    if text.contains("${") { serde_json::json!({ "Fn::Sub": text }) } else { text.into() }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn template(parameters: &Value) -> Value {
        json!({
            "Parameters": parameters,
            "Resources": {"A": {"Name": {"Fn::Sub": "busline-${Env}-${Service}"}, "Source": {"Fn::Sub": "busline.${Service}"},
                "Job": {"Ref": "Service"}}},
        })
    }

    #[test]
    fn a_parameter_with_a_fixed_default_is_substituted() {
        let parameters = json!({"Env": {"Type": "String"}, "Service": {"Type": "String", "Default": "x"}});
        let resolved = resolve(template(&parameters), |_| false);
        let expected = json!({"Name": {"Fn::Sub": "busline-${Env}-x"}, "Source": "busline.x", "Job": "x"});
        assert_eq!(resolved["Resources"]["A"], expected);
    }

    #[test]
    fn a_parameter_that_can_have_another_value_is_not_substituted() {
        for parameter in [
            json!({"Type": "String"}),
            json!({"Type": "String", "Default": "x", "AllowedValues": ["x", "y"]}),
            json!({"Type": "String", "Default": "x", "AllowedPattern": "^[a-z]$"}),
            json!({"Type": "AWS::SSM::Parameter::Value<String>", "Default": "/busline/local/x"}),
        ] {
            let template = template(&json!({"Service": parameter}));
            assert_eq!(resolve(template.clone(), |_| false), template);
        }
        for name in ["Service", "WebOrigin", "ArtifactKey"] {
            let mut template = template(&json!({name: {"Type": "String", "Default": "x"}}));
            template["Resources"]["A"]["Job"] = json!({"Ref": name});
            assert_eq!(resolve(template.clone(), |name| name == "Service"), template);
        }
    }
}
