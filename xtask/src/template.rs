//! What a CloudFormation template declares, as far as deploying needs it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde::Deserialize;
use serde_norway::Value;

/// A template, read.
#[derive(Debug)]
pub(crate) struct Template {
    /// Where it was read.
    pub(crate) path: PathBuf,
    /// Its text, as it is sent to CloudFormation.
    pub(crate) body: String,
    /// Its parameters by name.
    pub(crate) parameters: BTreeMap<String, Parameter>,
}

/// A parameter's declaration.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Parameter {
    #[serde(rename = "Type")]
    kind: String,
    default: Option<Value>,
}

#[derive(Deserialize)]
struct Declarations {
    #[serde(rename = "Parameters", default)]
    parameters: BTreeMap<String, Parameter>,
}

impl Template {
    /// Reads a template file.
    pub(crate) fn read(path: PathBuf) -> Result<Self> {
        let body = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        Self::parse(path, body)
    }

    fn parse(path: PathBuf, body: String) -> Result<Self> {
        let declarations: Declarations = serde_norway::from_str(&body)
            .with_context(|| format!("{} is not a CloudFormation template", path.display()))?;
        Ok(Self { path, body, parameters: declarations.parameters })
    }

    /// Whether a parameter of this name is declared.
    pub(crate) fn declares(&self, parameter: &str) -> bool {
        self.parameters.contains_key(parameter)
    }
}

impl Parameter {
    /// The SSM parameter's path, for the type whose value CloudFormation looks up there.
    ///
    /// <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-supplied-parameter-types.html>
    pub(crate) fn ssm_path(&self) -> Option<&str> {
        let looked_up = self.kind.starts_with("AWS::SSM::Parameter::Value<");
        self.default.as_ref().and_then(Value::as_str).filter(|_| looked_up)
    }

    /// Whether CloudFormation has a value when we give none.
    pub(crate) fn has_default(&self) -> bool {
        self.default.is_some()
    }
}

/// Values for an environment's parameters, by stack: `infra/environments/<env>.yaml`, which may be absent.
pub(crate) fn environment_file(repo: &Path, env: &str) -> Result<BTreeMap<String, BTreeMap<String, String>>> {
    let path = repo.join("infra/environments").join(format!("{env}.yaml"));
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(BTreeMap::new()),
        Err(error) => return Err(error).with_context(|| format!("cannot read {}", path.display())),
    };
    let values: BTreeMap<String, BTreeMap<String, Value>> = serde_norway::from_str(&text)
        .with_context(|| format!("{} must hold `stack: {{Parameter: value}}`", path.display()))?;
    values.into_iter().map(|(stack, values)| Ok((stack, texts(values, &path)?))).collect()
}

fn texts(values: BTreeMap<String, Value>, path: &Path) -> Result<BTreeMap<String, String>> {
    values
        .into_iter()
        .map(|(name, value)| {
            let text = match &value {
                Value::String(text) => text.clone(),
                Value::Number(number) => number.to_string(),
                Value::Bool(flag) => flag.to_string(),
                _ => anyhow::bail!("{name} in {} must be a text, a number or true/false", path.display()),
            };
            Ok((name, text))
        })
        .collect()
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
      Tags: !If [Live, [{Key: a, Value: !GetAtt Other.Arn}], !Ref AWS::NoValue]
";

/// A template with one parameter of each kind.
#[cfg(test)]
pub(crate) fn sample() -> Template {
    parsed(SAMPLE)
}

/// The template of this text.
#[cfg(test)]
pub(crate) fn parsed(body: &str) -> Template {
    Template::parse("t.yaml".into(), body.into()).unwrap()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_intrinsic_tags_parse() {
        let template = sample();
        let names: Vec<_> = template.parameters.keys().collect();
        assert_eq!(names, ["BusName", "Days", "Env"]);
        assert_eq!(template.parameters["BusName"].ssm_path(), Some("/busline/local/bus/name"));
        assert_eq!(template.parameters["Env"].ssm_path(), None);
    }

    #[test]
    fn a_file_that_is_no_template_is_refused_by_name() {
        let error = Template::parse("t.yaml".into(), "- a list".into()).unwrap_err();
        assert!(error.to_string().contains("t.yaml"), "{error}");
    }
}
