//! What Busline's names and AWS's ARNs say.

/// The services that this repository has; each has a queue `busline-<env>-<service>-dlq`.
pub const SERVICES: [&str; 3] = ["users", "todos", "notifications"];

/// The function's name in its ARN, with or without a version or alias.
///
/// Source: <https://docs.aws.amazon.com/lambda/latest/dg/lambda-api-permissions-ref.html>
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

/// The service in a name `busline-<env>-<service>-…`.
#[must_use]
pub fn service(name: &str) -> Option<String> {
    let parts: Vec<&str> = name.strip_prefix("busline-")?.split('-').collect();
    // The environment's own name may have hyphens.
    let known = parts.iter().skip(1).find(|part| SERVICES.contains(part));
    known.or_else(|| parts.get(1)).filter(|part| !part.is_empty() && parts.len() > 2).map(|part| (*part).to_owned())
}

/// The dead-letter queue of a service.
#[must_use]
pub fn queue(env: &str, service: &str) -> String {
    format!("busline-{env}-{service}-dlq")
}
