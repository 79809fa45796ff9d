//! How near the templates come to AWS's limits, with the longest environment, account and region.

use std::path::Path;

use anyhow::{Result, bail};
use serde_json::{Value, json};

use crate::planned::{Place, Plan, Resource};
use crate::resource_names::{self, ACCOUNT_ID, MAX_ENVIRONMENT};
use crate::services::Service;
use crate::stacks::Stacks;
use crate::template::Template;
use crate::ui;

/// The longest name of a region that AWS sells to everyone.
const REGION: &str = "ap-southeast-1";
/// The length of a value that only CloudFormation knows, such as the ARN of a table's index.
const UNKNOWN: usize = 160;

/// CloudFormation allows 500; the rest is for what a service adds before it is divided.
///
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html>
const RESOURCES: usize = 400;
const TEMPLATE_BYTES: usize = 1_048_576;
const PARAMETERS: usize = 200;
/// Of all inline policies of a role, and of a managed policy, without spaces.
///
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html>
const ROLE_POLICIES: usize = 10_240;
const MANAGED_POLICY: usize = 6_144;
/// Of all variables of a function together: <https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>
const ENVIRONMENT_BYTES: usize = 4_096;
/// Of a bucket policy, in bytes: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-policies.html>
const BUCKET_POLICY: usize = 20_480;
/// Of a pattern, in characters: <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html>
const EVENT_PATTERN: usize = 2_048;

/// What comes nearest to a limit.
#[derive(Debug)]
struct Measure {
    what: &'static str,
    limit: usize,
    /// By the place where it was found.
    found: Vec<(String, usize)>,
}

impl Measure {
    fn new(what: &'static str, limit: usize, found: impl IntoIterator<Item = (String, usize)>) -> Self {
        Self { what, limit, found: found.into_iter().collect() }
    }

    fn largest(&self) -> (String, usize) {
        self.found.iter().max_by_key(|(_, size)| *size).cloned().unwrap_or_default()
    }

    fn is_exceeded(&self) -> bool {
        self.largest().1 > self.limit
    }

    fn row(&self) -> [String; 4] {
        let (place, size) = self.largest();
        [self.what.to_owned(), size.to_string(), self.limit.to_string(), place]
    }
}

/// Prints how near every limit is; fails if one is exceeded.
pub(crate) fn check(repo: &Path, stacks: &Stacks) -> Result<()> {
    let measures = measures(repo, stacks)?;
    let rows: Vec<[String; 4]> = measures.iter().map(Measure::row).collect();
    ui::print(ui::table(["largest", "is", "limit", "where"], &rows));
    let exceeded: Vec<&str> = measures.iter().filter(|one| one.is_exceeded()).map(|one| one.what).collect();
    if exceeded.is_empty() { Ok(()) } else { bail!("above AWS's limits: {}", exceeded.join(", ")) }
}

fn measures(repo: &Path, stacks: &Stacks) -> Result<Vec<Measure>> {
    let (env, account) = ("e".repeat(MAX_ENVIRONMENT), "0".repeat(ACCOUNT_ID));
    let plan = Plan::read(repo, stacks, Place { env: &env, account: &account, region: REGION })?;
    let services: Vec<Service> = stacks.services().cloned().collect();
    let (mut bytes, mut parameters, mut names) = (Vec::new(), Vec::new(), Vec::new());
    for stack in stacks.all() {
        let template = Template::read(repo, stack, &services)?;
        bytes.push((stack.name.clone(), template.body.len()));
        parameters.push((stack.name.clone(), template.parameters.len()));
        names.extend(resource_names::long_names(&template.value()?));
    }
    let resources = stacks.all().iter().map(|stack| {
        let of_stack = plan.resources.iter().filter(|resource| resource.stack == stack.name);
        (stack.name.clone(), of_stack.map(with_generated).sum())
    });
    let mut measures = vec![
        Measure::new("resources of a stack", RESOURCES, resources),
        Measure::new("bytes of a template", TEMPLATE_BYTES, bytes),
        Measure::new("parameters of a template", PARAMETERS, parameters),
        Measure::new("policies of a role, characters", ROLE_POLICIES, of_functions(&plan, |p| Some(&p["Policies"]))),
        Measure::new(
            "managed policy, characters",
            MANAGED_POLICY,
            of_kind(&plan, "AWS::IAM::ManagedPolicy", |p| Some(&p["PolicyDocument"])),
        ),
        Measure::new(
            "policy of a bucket, bytes",
            BUCKET_POLICY,
            of_kind(&plan, "AWS::S3::BucketPolicy", |p| Some(&p["PolicyDocument"])),
        ),
        Measure::new(
            "environment of a function, bytes",
            ENVIRONMENT_BYTES,
            of_functions(&plan, |p| Some(&p["Environment"]["Variables"])),
        ),
        Measure::new("pattern of a rule, characters", EVENT_PATTERN, patterns(&plan)),
    ];
    for (property, limit) in resource_names::LIMITS {
        let of_property = names.iter().filter(|name| name.property == property);
        let found: Vec<_> = of_property.map(|name| (name.pattern.clone(), name.longest)).collect();
        if !found.is_empty() {
            measures.push(Measure::new(property, limit, found));
        }
    }
    Ok(measures)
}

fn of_functions(plan: &Plan, part: fn(&Value) -> Option<&Value>) -> Vec<(String, usize)> {
    of_kind(plan, "AWS::Serverless::Function", part)
}

fn of_kind(plan: &Plan, kind: &str, part: fn(&Value) -> Option<&Value>) -> Vec<(String, usize)> {
    let sizes = plan.of_kind(kind).filter_map(|one| Some((place(one), size(part(&one.properties)?))));
    sizes.collect()
}

fn patterns(plan: &Plan) -> Vec<(String, usize)> {
    let functions = plan.of_kind("AWS::Serverless::Function");
    let rules = functions.flat_map(|function| {
        let events = function.properties["Events"].as_object().into_iter().flatten();
        events.map(move |(_, event)| (place(function), size(&event["Properties"]["Pattern"])))
    });
    rules.collect()
}

fn place(resource: &Resource) -> String {
    let name = ["Handler", "BucketName"].iter().find_map(|property| resource.text(property));
    format!("{} {}", resource.stack, name.unwrap_or(&resource.kind))
}

/// The length as JSON without spaces, with the values that CloudFormation fills in.
fn size(value: &Value) -> usize {
    if value.is_null() { 0 } else { filled(value).to_string().len() }
}

fn filled(value: &Value) -> Value {
    match value {
        Value::Array(items) => items.iter().map(filled).collect(),
        Value::Object(entries) => match entries.iter().next() {
            Some((name, _)) if entries.len() == 1 && (name == "Ref" || name.starts_with("Fn::")) => {
                json!("x".repeat(UNKNOWN))
            }
            _ => entries
                .iter()
                .map(|(name, value)| (name.clone(), filled(value)))
                .collect::<serde_json::Map<_, _>>()
                .into(),
        },
        plain => plain.clone(),
    }
}

/// How many resources SAM makes of one.
///
/// <https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-specification-generated-resources.html>
fn with_generated(resource: &Resource) -> usize {
    match resource.kind.as_str() {
        "AWS::Serverless::Function" => {
            let events = resource.properties["Events"].as_object().into_iter().flatten();
            let of_events: usize = events.map(|(_, event)| if event["Type"] == "DynamoDB" { 1 } else { 2 }).sum();
            let role = usize::from(resource.properties["Role"].is_null());
            let invocation = usize::from(!resource.properties["EventInvokeConfig"].is_null());
            1 + role + invocation + of_events
        }
        // The API and its stage.
        "AWS::Serverless::HttpApi" => 2,
        "AWS::Serverless::WebSocketApi" => {
            let routes = resource.properties["Routes"].as_object().map_or(0, serde_json::Map::len);
            // API, stage, deployment, authorizer with its permission; a route, an integration and a permission each.
            5 + 3 * routes
        }
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_templates_of_this_repository_are_within_all_limits() {
        let repo = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let measures = measures(repo, &Stacks::discover(repo).unwrap()).unwrap();
        let exceeded: Vec<_> = measures.iter().filter(|one| one.is_exceeded()).map(Measure::row).collect();
        assert!(exceeded.is_empty(), "{exceeded:?}");
        let empty: Vec<_> = measures.iter().filter(|one| one.largest().1 == 0).map(|one| one.what).collect();
        assert!(empty.is_empty(), "nothing was measured: {empty:?}");
    }

    #[test]
    fn what_is_larger_than_its_limit_is_told() {
        let measure = Measure::new("resources", 400, [("a".to_owned(), 401), ("b".to_owned(), 3)]);
        assert!(measure.is_exceeded());
        assert_eq!(measure.row(), ["resources", "401", "400", "a"]);
    }

    #[test]
    fn a_function_has_its_role_rule_and_permission() {
        let event = |kind: &str| json!({"Type": kind});
        let function = |events: Value| Resource {
            stack: "s".into(),
            kind: "AWS::Serverless::Function".into(),
            properties: json!({"Events": events, "EventInvokeConfig": {}}),
        };
        assert_eq!(with_generated(&function(json!({"Rule": event("EventBridgeRule")}))), 5);
        assert_eq!(with_generated(&function(json!({"Stream": event("DynamoDB")}))), 4);
    }

    #[test]
    fn a_value_that_only_cloudformation_knows_counts_as_a_long_arn() {
        assert_eq!(size(&json!({"Resource": {"Fn::GetAtt": "Table.Arn"}})), r#"{"Resource":""}"#.len() + UNKNOWN);
    }
}
