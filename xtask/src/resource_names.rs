//! Whether the names in a template fit into AWS's limits, whatever the environment and the account.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::Value;

/// AWS's limits in characters, by the property that holds the name.
///
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html>
/// <https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html>
/// <https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutRule.html>
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html>
/// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-queues.html>
/// <https://docs.aws.amazon.com/sns/latest/api/API_CreateTopic.html>
/// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.NamingRulesDataTypes.html>
pub(crate) const LIMITS: [(&str, usize); 7] = [
    ("BucketName", 63),
    ("FunctionName", 64),
    ("RuleName", 64),
    ("RoleName", 64),
    ("QueueName", 80),
    ("TopicName", 256),
    ("TableName", 255),
];

/// The maximum length of an environment's name.
pub(crate) const MAX_ENVIRONMENT: usize = 16;
/// The length of an account's id.
pub(crate) const ACCOUNT_ID: usize = 12;

/// A name, as long as it can be in any environment.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct LongName {
    pub(crate) property: &'static str,
    /// The name with its parameters: `busline-${Env}-todos`.
    pub(crate) pattern: String,
    pub(crate) longest: usize,
    pub(crate) limit: usize,
}

impl fmt::Display for LongName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "with an environment of {MAX_ENVIRONMENT} characters, the {} {} has {}, and AWS allows {}",
            self.property, self.pattern, self.longest, self.limit
        )
    }
}

/// The names that can be too long, in an expanded template.
pub(crate) fn too_long(template: &Value) -> Vec<LongName> {
    long_names(template).into_iter().filter(|name| name.longest > name.limit).collect()
}

/// All names in an expanded template.
pub(crate) fn long_names(template: &Value) -> Vec<LongName> {
    let defaults = template["Parameters"].as_object().into_iter().flatten();
    let mut values: BTreeMap<&str, String> = defaults
        .filter_map(|(name, parameter)| Some((name.as_str(), parameter["Default"].as_str()?.to_owned())))
        .collect();
    values.insert("Env", "e".repeat(MAX_ENVIRONMENT));
    values.insert("AWS::AccountId", "0".repeat(ACCOUNT_ID));
    let mut found = Vec::new();
    find(&template["Resources"], &values, &mut found);
    found
}

fn find(value: &Value, values: &BTreeMap<&str, String>, found: &mut Vec<LongName>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| find(item, values, found)),
        Value::Object(members) => {
            for (property, limit) in LIMITS {
                let Some(pattern) = members.get(property).and_then(pattern) else { continue };
                let longest = longest(pattern, values);
                found.push(LongName { property, pattern: pattern.to_owned(), longest, limit });
            }
            members.values().for_each(|member| find(member, values, found));
        }
        _ => {}
    }
}

/// A name that the template sets; another template or AWS chooses the others.
fn pattern(name: &Value) -> Option<&str> {
    name.as_str().or_else(|| name["Fn::Sub"].as_str())
}

fn longest(pattern: &str, values: &BTreeMap<&str, String>) -> usize {
    let name = values
        .iter()
        .fold(pattern.to_owned(), |name, (parameter, value)| name.replace(&format!("${{{parameter}}}"), value));
    name.chars().count()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use serde_json::json;

    use super::*;
    use crate::stacks::Stacks;

    #[test]
    fn the_longest_environment_and_account_count() {
        let bucket = |name: &str| {
            let name = json!({"Fn::Sub": format!("busline-${{Env}}-${{Service}}-{name}-${{AWS::AccountId}}")});
            json!({
                "Parameters": {"Env": {"Type": "String"}, "Service": {"Default": "notes"}},
                "Resources": {"Bucket": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": name}}},
            })
        };
        assert_eq!(too_long(&bucket(&"x".repeat(19))), []);
        let [long] = &too_long(&bucket(&"x".repeat(20)))[..] else { panic!("one name is too long") };
        assert_eq!((long.property, long.longest, long.limit), ("BucketName", 64, 63));
    }

    #[test]
    fn every_name_of_this_repository_fits() {
        let repo = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let mut names = 0;
        for stack in Stacks::discover(repo).unwrap().all() {
            let template = contracts::template::read(repo, stack.template.to_str().unwrap()).unwrap();
            assert_eq!(too_long(&template), [], "{stack}");
            names += template.to_string().matches("Name\":{\"Fn::Sub\":\"busline-").count();
        }
        assert!(names > 10, "only {names} names were found");
    }
}
