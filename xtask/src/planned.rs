//! The resources that an environment's stacks will have: each template with the values that are known before a deployment.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result};
use serde_json::{Map, Value, json};

use crate::environments;
use crate::parameters::{self, Sources};
use crate::services::Service;
use crate::stacks::Stacks;
use crate::template::{Parameter, Template};

/// What AWS replaces in every template.
const NO_VALUE: &str = "AWS::NoValue";

/// The place of an environment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place<'a> {
    pub(crate) env: &'a str,
    pub(crate) account: &'a str,
    pub(crate) region: &'a str,
}

/// A resource of a template.
#[derive(Clone, Debug)]
pub(crate) struct Resource {
    /// The name of its stack, such as `bus`.
    pub(crate) stack: String,
    /// Its type, such as `AWS::S3::Bucket`.
    pub(crate) kind: String,
    /// Its properties; a function with a value that is not known before the deployment is left as it is.
    pub(crate) properties: Value,
}

/// What is planned for an environment.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) resources: Vec<Resource>,
    /// Why stacks cannot be deployed with the values of the environment's file.
    pub(crate) refused: Vec<String>,
}

impl Plan {
    /// The plan for all stacks of a repository.
    pub(crate) fn read(repo: &Path, stacks: &Stacks, place: Place<'_>) -> Result<Self> {
        let services: Vec<Service> = stacks.services().cloned().collect();
        let mut file = environments::values(repo, place.env)?;
        let mut plan = Self { resources: Vec::new(), refused: Vec::new() };
        for stack in stacks.all() {
            let template = Template::read(repo, stack, &services)?;
            let given = file.remove(&stack.name).unwrap_or_default();
            let known = ["ArtifactBucket", "ArtifactKey", "Architecture"].map(|name| (name, String::new()));
            let known = known.into_iter().chain([("Env", place.env.to_owned())]).collect();
            let sources = Sources { env: place.env, known, given: given.clone() };
            if let Err(error) = parameters::assign(stack, &template, &sources) {
                plan.refused.push(format!("{error:#}"));
            }
            let values = Values::new(&template, place, given)?;
            plan.resources.extend(values.resources(&stack.name)?);
        }
        plan.refused.extend(
            file.keys().map(|stack| {
                format!("infra/environments/{}.yaml has values for `{stack}`, which is no stack", place.env)
            }),
        );
        Ok(plan)
    }

    /// The resources of a type.
    pub(crate) fn of_kind<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = &'a Resource> {
        self.resources.iter().filter(move |resource| resource.kind == kind)
    }
}

impl Resource {
    /// A property that is a text, and known.
    pub(crate) fn text(&self, property: &str) -> Option<&str> {
        self.properties[property].as_str()
    }
}

/// The values that are known in one template.
struct Values {
    template: Value,
    known: BTreeMap<String, String>,
}

impl Values {
    fn new(template: &Template, place: Place<'_>, given: BTreeMap<String, String>) -> Result<Self> {
        let default = |(name, parameter): (&String, &Parameter)| Some((name.clone(), parameter.known_default()?));
        let mut known: BTreeMap<String, String> = template.parameters.iter().filter_map(default).collect();
        known.extend(given);
        for (name, value) in [
            ("Env", place.env),
            ("AWS::AccountId", place.account),
            ("AWS::Region", place.region),
            ("AWS::Partition", "aws"),
            ("AWS::URLSuffix", "amazonaws.com"),
        ] {
            known.insert(name.to_owned(), value.to_owned());
        }
        Ok(Self { template: template.value()?, known })
    }

    /// The template's resources, without those that a condition excludes.
    fn resources(&self, stack: &str) -> Result<Vec<Resource>> {
        let declared = self.template["Resources"].as_object().context("a template without resources")?;
        let included = declared.values().filter(|resource| {
            let condition = resource["Condition"].as_str();
            condition.is_none_or(|name| self.holds(&json!({ "Condition": name })) != Some(false))
        });
        let resources = included.map(|resource| {
            let kind = resource["Type"].as_str().unwrap_or_default().to_owned();
            let mut properties = self.resolve(&resource["Properties"]).unwrap_or_default();
            if kind == "AWS::Serverless::Function" {
                self.add_globals(&mut properties);
            }
            Resource { stack: stack.to_owned(), kind, properties }
        });
        Ok(resources.collect())
    }

    /// The settings that SAM gives to every function.
    fn add_globals(&self, properties: &mut Value) {
        let globals = self.resolve(&self.template["Globals"]["Function"]).unwrap_or_default();
        let (Value::Object(globals), Value::Object(own)) = (globals, properties) else { return };
        for (name, value) in globals {
            own.entry(name).or_insert(value);
        }
    }

    /// A value with its functions calculated; none for what a template leaves out with `AWS::NoValue`.
    fn resolve(&self, value: &Value) -> Option<Value> {
        match value {
            Value::Array(items) => Some(items.iter().filter_map(|item| self.resolve(item)).collect()),
            Value::Object(entries) => match entries.iter().next() {
                Some((name, argument)) if entries.len() == 1 => self.call(name, argument),
                _ => Some(self.entries(entries)),
            },
            plain => Some(plain.clone()),
        }
    }

    fn entries(&self, entries: &Map<String, Value>) -> Value {
        let resolved = entries.iter().filter_map(|(name, value)| Some((name.clone(), self.resolve(value)?)));
        Value::Object(resolved.collect())
    }

    /// A mapping with one entry, which may be a function.
    fn call(&self, name: &str, argument: &Value) -> Option<Value> {
        let unknown = || Some(json!({ name: argument }));
        let known = |value: Option<Value>| value.map_or_else(unknown, Some);
        match name {
            "Ref" if argument == NO_VALUE => None,
            "Ref" => known(argument.as_str().and_then(|name| self.known.get(name)).map(|value| json!(value))),
            "Fn::Sub" => known(self.substitute(argument)),
            "Fn::Split" => known(split(&self.resolve(argument)?)),
            "Fn::Select" => known(select(&self.resolve(argument)?)),
            "Fn::If" => match self.holds(&json!({"Condition": argument[0]})) {
                Some(true) => self.resolve(&argument[1]),
                Some(false) => self.resolve(&argument[2]),
                None => unknown(),
            },
            _ => Some(json!({ name: self.resolve(argument)? })),
        }
    }

    /// The text of `Fn::Sub` when all of its variables are known.
    fn substitute(&self, argument: &Value) -> Option<Value> {
        let text = argument.as_str().or_else(|| argument[0].as_str())?;
        let mut text =
            self.known.iter().fold(text.to_owned(), |text, (name, value)| text.replace(&format!("${{{name}}}"), value));
        for (name, value) in argument[1].as_object().into_iter().flatten() {
            text = text.replace(&format!("${{{name}}}"), self.resolve(value)?.as_str()?);
        }
        (!text.contains("${")).then(|| json!(text))
    }

    /// Whether a condition holds, if that is known.
    fn holds(&self, condition: &Value) -> Option<bool> {
        let (name, argument) = condition.as_object()?.iter().next()?;
        let all =
            |arguments: &Value| arguments.as_array()?.iter().map(|one| self.holds(one)).collect::<Option<Vec<_>>>();
        match name.as_str() {
            "Condition" => self.holds(&self.template["Conditions"][argument.as_str()?]),
            "Fn::Not" => self.holds(&argument[0]).map(|holds| !holds),
            "Fn::And" => Some(all(argument)?.into_iter().all(|holds| holds)),
            "Fn::Or" => Some(all(argument)?.into_iter().any(|holds| holds)),
            "Fn::Equals" => {
                let [left, right] = [0, 1].map(|side| scalar(&self.resolve(&argument[side])?));
                Some(left? == right?)
            }
            _ => None,
        }
    }
}

/// The text that CloudFormation compares: a number is equal to the same digits.
fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(_) | Value::Bool(_) => Some(value.to_string()),
        _ => None,
    }
}

fn split(arguments: &Value) -> Option<Value> {
    let (separator, text) = (arguments[0].as_str()?, arguments[1].as_str()?);
    Some(text.split(separator).map(Value::from).collect())
}

fn select(arguments: &Value) -> Option<Value> {
    let index = arguments[0].as_u64().or_else(|| arguments[0].as_str()?.parse().ok())?;
    arguments[1].as_array()?.get(usize::try_from(index).ok()?).cloned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::template;

    const PLACE: Place<'_> = Place { env: "prod", account: "123456789012", region: "eu-west-1" };

    fn properties(body: &str, given: &[(&str, &str)]) -> Vec<Value> {
        let given = given.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let values = Values::new(&template::parsed(body), PLACE, given).unwrap();
        values.resources("t").unwrap().into_iter().map(|resource| resource.properties).collect()
    }

    #[test]
    fn names_are_known_where_their_parameters_are() {
        let body = r#"
Parameters: {Env: {Type: String}, Mail: {Type: String, Default: a@b.example}, Bus: {Type: "AWS::SSM::Parameter::Value<String>", Default: /busline/local/bus/name}}
Resources:
  A: {Type: T, Properties: {Name: !Sub "busline-${Env}-${AWS::AccountId}", Domain: !Select [1, !Split ["@", !Ref Mail]], Bus: !Ref Bus}}
"#;
        let expected = json!({"Name": "busline-prod-123456789012", "Domain": "b.example", "Bus": {"Ref": "Bus"}});
        assert_eq!(properties(body, &[]), [expected]);
        assert_eq!(properties(body, &[("Mail", "a@c.example")])[0]["Domain"], "c.example");
    }

    #[test]
    fn what_a_condition_excludes_is_not_planned() {
        let body = r#"
Parameters: {Name: {Type: String, Default: ""}}
Conditions: {Named: !Not [!Equals [!Ref Name, ""]]}
Resources:
  A: {Type: T, Condition: Named, Properties: {}}
  B: {Type: T, Properties: {Name: !If [Named, !Ref Name, !Ref "AWS::NoValue"], More: 1}}
"#;
        assert_eq!(properties(body, &[]), [json!({"More": 1})]);
        assert_eq!(properties(body, &[("Name", "x")]), [json!({}), json!({"Name": "x", "More": 1})]);
    }

    #[test]
    fn a_function_has_the_settings_of_all() {
        let body = r"
Globals: {Function: {MemorySize: 256, Timeout: 10}}
Resources: {A: {Type: AWS::Serverless::Function, Properties: {Timeout: 60}}}
";
        assert_eq!(properties(body, &[]), [json!({"MemorySize": 256, "Timeout": 60})]);
    }

    #[test]
    fn every_resource_of_this_repository_with_a_name_has_a_known_one() {
        let repo = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let stacks = Stacks::discover(repo).unwrap();
        let plan = Plan::read(repo, &stacks, PLACE).unwrap();
        for property in ["BucketName", "TableName", "QueueName", "FunctionName", "LogGroupName"] {
            // The others have the name of another resource there.
            let is_named = |one: &&Resource| !one.kind.ends_with("MetricFilter") && !one.kind.ends_with("Permission");
            let named: Vec<_> =
                plan.resources.iter().filter(is_named).filter(|one| !one.properties[property].is_null()).collect();
            assert!(named.len() > 1, "{property}");
            let unknown = named.iter().find(|one| !one.text(property).is_some_and(|name| name.contains("prod")));
            assert!(unknown.is_none(), "{unknown:?}");
        }
    }
}
