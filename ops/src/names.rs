//! Names inside ARNs, and the service inside a resource name.

use similar::get_close_matches;

/// How similar two names must be so that one is suggested for the other, from 0 to 1.
const MIN_SIMILARITY: f32 = 0.6;

/// The function's name in its ARN, with or without a version or alias.
///
/// <https://docs.aws.amazon.com/lambda/latest/dg/lambda-api-permissions-ref.html>
#[must_use]
pub fn function(arn: &str) -> Option<String> {
    let mut parts = arn.split(':');
    let service = parts.nth(2)?;
    let name = parts.nth(3)?;
    (service == "lambda" && !name.is_empty()).then(|| name.to_owned())
}

/// The rule's name in its ARN: `…:rule/<name>` on the default bus, `…:rule/<bus>/<name>` on another.
#[must_use]
pub fn rule(arn: &str) -> Option<String> {
    let name = arn.rsplit_once(":rule/")?.1.rsplit('/').next()?;
    (!name.is_empty()).then(|| name.to_owned())
}

/// The last part of an ARN: the name of a queue or topic.
#[must_use]
pub fn last_part(arn: &str) -> &str {
    arn.rsplit(':').next().unwrap_or(arn)
}

/// The service in a resource name `busline-<env>-<service>-…`, if the service has no hyphen; nor may the environment, if it
/// is another one than `env`.
#[must_use]
pub fn service(resource: &str, env: &str) -> Option<String> {
    let rest = resource.strip_prefix("busline-")?;
    let in_env = rest.strip_prefix(env).and_then(|rest| rest.strip_prefix('-'));
    let mut parts = in_env.or_else(|| Some(rest.split_once('-')?.1))?.split('-');
    let service = parts.next().filter(|part| !part.is_empty())?;
    parts.next().map(|_| service.to_owned())
}

/// A question with the known names that are similar to `name`, such as ` Did you mean `orders`?`; empty when there are none.
#[must_use]
pub fn suggestion(name: &str, known: &[&str]) -> String {
    let similar: Vec<String> =
        get_close_matches(name, known, 3, MIN_SIMILARITY).iter().map(|name| format!("`{name}`")).collect();
    if similar.is_empty() { String::new() } else { format!(" Did you mean {}?", similar.join(" or ")) }
}
