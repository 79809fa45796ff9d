//! CloudFormation templates as they are deployed: with the files that they include and the patterns written out.

mod patterns;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::aws::LOCAL;
use crate::services::Service;
use crate::stacks::Stack;

/// The key of a file that a template includes.
const INCLUDE: &str = "AWS::Include";

/// A template, ready for CloudFormation.
#[derive(Debug)]
pub(crate) struct Template {
    /// The file from the root of the repository, for error messages.
    pub(crate) path: PathBuf,
    /// The text that CloudFormation gets.
    pub(crate) body: String,
    /// Whether the text is the file's own.
    pub(crate) form: Form,
    /// The parameters by their names.
    pub(crate) parameters: BTreeMap<String, Parameter>,
}

/// How a template's text came about.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Form {
    /// It is the file as it stands.
    Source,
    /// Includes and patterns were written out, as JSON.
    Expanded,
}

/// How the template declares a parameter.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Parameter {
    #[serde(rename = "Type")]
    kind: String,
    default: Option<Value>,
}

impl Template {
    /// Reads a stack's template. `services` are those that the page's distribution serves.
    pub(crate) fn read(repo: &Path, stack: &Stack, services: &[Service]) -> Result<Self> {
        let path = repo.join(&stack.template);
        let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let include = |included: &str| fs::read_to_string(repo.join(included));
        Self::parse(stack.template.clone(), text, include, services)
    }

    fn parse(
        path: PathBuf,
        text: String,
        include: impl Fn(&str) -> std::io::Result<String>,
        services: &[Service],
    ) -> Result<Self> {
        let not_a_template = || format!("{} is not a CloudFormation template", path.display());
        let mut template = contracts::template::expand(&path.to_string_lossy(), &text, include)?;
        if patterns::are_in(&text) {
            template = patterns::expand(template, services);
        }
        let parameters = match template.get("Parameters") {
            Some(parameters) => serde_json::from_value(parameters.clone()).with_context(not_a_template)?,
            None => BTreeMap::new(),
        };
        template.as_object().with_context(not_a_template)?;
        if text.contains(INCLUDE) || patterns::are_in(&text) {
            let body = self::text(template);
            return Ok(Self { path, body, form: Form::Expanded, parameters });
        }
        Ok(Self { path, body: text, form: Form::Source, parameters })
    }

    /// The template as one value, without short forms of functions.
    pub(crate) fn value(&self) -> Result<Value> {
        value_of(&self.path.to_string_lossy(), &self.body)
    }

    /// Whether a parameter of this name is declared.
    pub(crate) fn declares(&self, parameter: &str) -> bool {
        self.parameters.contains_key(parameter)
    }

    /// The stacks that store the SSM parameters it reads.
    pub(crate) fn needs(&self) -> BTreeSet<String> {
        let paths = self.parameters.values().filter_map(Parameter::ssm_path);
        let stacks = paths.filter_map(|path| path.strip_prefix(&format!("/busline/{LOCAL}/"))?.split('/').next());
        stacks.map(str::to_owned).collect()
    }
}

/// A template without includes as one value, without short forms of functions. `path` is for error messages.
pub(crate) fn value_of(path: &str, body: &str) -> Result<Value> {
    let no_include = |_: &str| Err(std::io::Error::from(std::io::ErrorKind::NotFound));
    Ok(contracts::template::expand(path, body, no_include)?)
}

/// The text of such a value, for CloudFormation.
pub(crate) fn text(template: Value) -> String {
    contracts::template::text(&with_attribute_lists(template))
}

/// `Fn::GetAtt` takes a text with a dot in YAML alone, in JSON a list.
///
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference-getatt.html>
fn with_attribute_lists(value: Value) -> Value {
    match value {
        Value::Array(items) => items.into_iter().map(with_attribute_lists).collect(),
        Value::Object(entries) => {
            let attribute = entries.get("Fn::GetAtt").and_then(Value::as_str).and_then(|text| text.split_once('.'));
            match attribute {
                Some((resource, name)) => json!({ "Fn::GetAtt": [resource, name] }),
                None => entries.into_iter().map(|(key, value)| (key, with_attribute_lists(value))).collect(),
            }
        }
        other => other,
    }
}

impl Parameter {
    /// The SSM parameter's path, for a type that CloudFormation reads from there.
    ///
    /// <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-supplied-parameter-types.html>
    pub(crate) fn ssm_path(&self) -> Option<&str> {
        let looked_up = self.kind.starts_with("AWS::SSM::Parameter::Value<");
        self.default.as_ref().and_then(Value::as_str).filter(|_| looked_up)
    }

    /// The value that the parameter has when none is given, if the template itself tells it.
    pub(crate) fn known_default(&self) -> Option<String> {
        if self.ssm_path().is_some() {
            return None;
        }
        match self.default.as_ref()? {
            Value::String(text) => Some(text.clone()),
            other => Some(other.to_string()),
        }
    }

    /// Whether CloudFormation has a value when we give none.
    pub(crate) fn has_default(&self) -> bool {
        self.default.is_some()
    }
}

#[cfg(test)]
const SAMPLE: &str = r"
Transform: AWS::Serverless-2016-10-31
Parameters:
  Env: {Type: String, Default: local}
  BusName:
    Type: AWS::SSM::Parameter::Value<String>
    Default: /busline/local/bus/name
  Days: {Type: Number, Default: 14}
Conditions:
  Live: !Not [!Equals [!Ref Env, local]]
Resources:
  Topic:
    Type: AWS::SNS::Topic
    Properties:
      TopicName: !Sub busline-${Env}
      Labels: !If [Live, [{Key: a, Value: !GetAtt Other.Arn}], !Ref AWS::NoValue]
";

/// A template with one parameter of each kind.
#[cfg(test)]
pub(crate) fn sample() -> Template {
    parsed(SAMPLE)
}

/// The template of this text, which may include a file with one queue.
#[cfg(test)]
pub(crate) fn parsed(body: &str) -> Template {
    let queue = "Queue: {Type: 'AWS::SQS::Queue', Properties: {Labels: [{Key: a, Value: {'Fn::GetAtt': Other.Arn}}]}}";
    Template::parse("infra/t.yaml".into(), body.into(), |_| Ok(queue.into()), &[]).unwrap()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_read_beside_short_forms_of_functions() {
        let template = sample();
        let names: Vec<_> = template.parameters.keys().collect();
        assert_eq!(names, ["BusName", "Days", "Env"]);
        assert_eq!(template.parameters["BusName"].ssm_path(), Some("/busline/local/bus/name"));
        assert_eq!(template.parameters["Env"].ssm_path(), None);
    }

    #[test]
    fn a_template_needs_the_stacks_that_store_what_it_reads() {
        assert_eq!(sample().needs(), ["bus".to_owned()].into());
    }

    #[test]
    fn a_template_without_includes_is_deployed_as_it_stands() {
        let template = sample();
        assert_eq!((template.body.as_str(), template.form), (SAMPLE, Form::Source));
    }

    #[test]
    fn an_included_file_is_part_of_what_is_deployed() {
        let include = "Resources: {Fn::Transform: {Name: AWS::Include, Parameters: {Location: queue.yaml}}}";
        let template = parsed(include);
        let body: Value = serde_json::from_str(&template.body).unwrap();
        assert_eq!(template.form, Form::Expanded);
        assert_eq!(body["Resources"]["Queue"]["Type"], "AWS::SQS::Queue");
        let tag = &body["Resources"]["Queue"]["Properties"]["Labels"][0];
        assert_eq!(tag["Value"]["Fn::GetAtt"], json!(["Other", "Arn"]));
    }

    #[test]
    fn a_file_that_is_no_template_is_refused_by_name() {
        let error = Template::parse("t.yaml".into(), "- a list".into(), |_| Ok(String::new()), &[]).unwrap_err();
        assert!(error.to_string().contains("t.yaml"), "{error}");
    }
}
