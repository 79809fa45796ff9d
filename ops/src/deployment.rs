//! The services of an environment, discovered from what is deployed there.
//!
//! Every service's stack writes SSM parameters `/busline/<env>/<service>/<name>`, such as `dlq-url` or `table`. No
//! service is named in this program, so that it works from any folder and on any account.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use aws_config::SdkConfig;
use aws_json::ssm::parameters_by_path;

use crate::error::UsageError;
use crate::names;

/// A stack that writes one of these parameters is a service. Others, such as the bus or the web page, are not.
const SERVICE_PARAMETERS: [&str; 4] = ["api-id", "dlq-url", "parking-url", "table"];

/// The services that are deployed in one environment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Deployment {
    env: String,
    services: BTreeMap<String, Service>,
}

/// The parameters of one deployed service.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Service {
    parameters: BTreeMap<String, String>,
}

impl Service {
    /// The URL of its dead-letter queue.
    #[must_use]
    pub fn dlq_url(&self) -> Option<&str> {
        self.parameter("dlq-url")
    }

    /// The URL of its parking queue.
    #[must_use]
    pub fn parking_url(&self) -> Option<&str> {
        self.parameter("parking-url")
    }

    /// The name of its table.
    #[must_use]
    pub fn table(&self) -> Option<&str> {
        self.parameter("table")
    }

    fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.get(name).map(String::as_str)
    }
}

impl Deployment {
    /// Reads the parameters of an environment.
    ///
    /// # Errors
    /// When SSM fails, or the credentials lack `ssm:GetParametersByPath`.
    pub async fn discover(sdk: &SdkConfig, env: &str) -> Result<Self> {
        Ok(Self::from_parameters(env, read_parameters(sdk, env).await?))
    }

    /// The environment without a service: nothing is known of what is deployed there.
    #[must_use]
    pub fn unknown_services(env: &str) -> Self {
        Self { env: env.to_owned(), ..Self::default() }
    }

    fn from_parameters(env: &str, parameters: impl IntoIterator<Item = (String, String)>) -> Self {
        let prefix = format!("/busline/{env}/");
        let mut services: BTreeMap<String, Service> = BTreeMap::new();
        for (path, value) in parameters {
            let Some((service, name)) = path.strip_prefix(&prefix).and_then(|rest| rest.split_once('/')) else {
                continue;
            };
            services.entry(service.to_owned()).or_default().parameters.insert(name.to_owned(), value);
        }
        services.retain(|_, service| SERVICE_PARAMETERS.iter().any(|name| service.parameter(name).is_some()));
        Self { env: env.to_owned(), services }
    }

    /// The deployed services by name.
    #[must_use]
    pub fn services(&self) -> &BTreeMap<String, Service> {
        &self.services
    }

    /// The service that owns a resource named `busline-<env>-<service>-…`, such as a function, a rule or a queue.
    ///
    /// Names of environments and services may contain hyphens, so deployed services are tried first, the longest name
    /// first. A service without readable parameters, such as a deleted one, is still recognised if its name has no hyphen.
    #[must_use]
    pub fn service_of(&self, resource: &str) -> Option<String> {
        let rest = resource.strip_prefix(&format!("busline-{}-", self.env));
        let owns = |service: &&String| {
            let after = rest.and_then(|rest| rest.strip_prefix(service.as_str()));
            after.is_some_and(|after| after.starts_with('-'))
        };
        let owner = self.services.keys().filter(owns).max_by_key(|service| service.len());
        owner.cloned().or_else(|| names::service(resource, &self.env))
    }

    /// The error for a `name` that is neither a deployed service nor one of the queues. It lists the services.
    #[must_use]
    pub fn unknown(&self, name: &str, queues: &[&str]) -> UsageError {
        if self.services.is_empty() {
            return self.nothing_deployed();
        }
        let known: Vec<&str> = self.services.keys().map(String::as_str).collect();
        let hint = names::suggestion(name, &[known.as_slice(), queues].concat());
        UsageError(format!(
            "the environment `{}` has no service or queue `{name}`.{hint} Deployed services: {}",
            self.env,
            known.join(", ")
        ))
    }

    /// Checks that the environment has a service at all.
    ///
    /// # Errors
    /// [`UsageError`] when nothing is deployed.
    pub fn require_services(&self) -> Result<(), UsageError> {
        if self.services.is_empty() { Err(self.nothing_deployed()) } else { Ok(()) }
    }

    fn nothing_deployed(&self) -> UsageError {
        UsageError(format!(
            "no service is deployed in the environment `{env}`: there are no SSM parameters /busline/{env}/<service>/…; \
             check --env, the region, the profile and AWS_ENDPOINT_URL",
            env = self.env
        ))
    }
}

/// Every SSM parameter under `/busline/<env>/`, with its value.
///
/// # Errors
/// When SSM fails.
pub async fn read_parameters(sdk: &SdkConfig, env: &str) -> Result<BTreeMap<String, String>> {
    let path = format!("/busline/{env}/");
    let context = || format!("cannot read what is deployed in the environment `{env}` (SSM parameters {path})");
    parameters_by_path(sdk, &path).await.with_context(context)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn deployment(env: &str, services: &[&str]) -> Deployment {
        let table = |service: &&str| (format!("/busline/{env}/{service}/table"), format!("busline-{env}-{service}"));
        Deployment::from_parameters(env, services.iter().map(table))
    }

    #[test]
    fn services_are_told_from_other_stacks_by_their_parameters() {
        let parameters = [
            ("/busline/local/bus/name", "busline-local"),
            ("/busline/local/orders/dlq-url", "http://localhost/orders-dlq"),
            ("/busline/local/orders/contracts/reads/ship/OrderPlaced.v1", "{}"),
            ("/busline/local/participants/orders", "erasure,export"),
            ("/busline/local/web/domain", "example.com"),
        ];
        let owned = parameters.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let found = Deployment::from_parameters("local", owned);
        assert_eq!(found.services().keys().collect::<Vec<_>>(), ["orders"]);
        assert_eq!(found.services()["orders"].dlq_url(), Some("http://localhost/orders-dlq"));
        assert_eq!(found.services()["orders"].table(), None);
    }

    #[test]
    fn names_with_hyphens_are_resolved_by_what_is_deployed() {
        let found = deployment("pull-7", &["mail", "mail-archive"]);
        assert_eq!(found.service_of("busline-pull-7-mail-archive-dlq").as_deref(), Some("mail-archive"));
        assert_eq!(found.service_of("busline-pull-7-mail-send").as_deref(), Some("mail"));
        assert_eq!(found.service_of("another-queue"), None);
        let unknown = Deployment::unknown_services("pull-7");
        assert_eq!(unknown.service_of("busline-pull-7-orders-ship").as_deref(), Some("orders"));
        assert_eq!(unknown.service_of("busline-local-orders-ship").as_deref(), Some("orders"));
    }

    #[test]
    fn an_unknown_service_is_answered_with_similar_and_deployed_names() {
        let UsageError(text) =
            deployment("prod", &["campaigns", "orders"]).unknown("ordrs", &["busline-prod-orders-dlq"]);
        assert_eq!(
            text,
            "the environment `prod` has no service or queue `ordrs`. Did you mean `orders`? Deployed services: \
             campaigns, orders"
        );
        let UsageError(text) = deployment("prod", &["orders"]).unknown("x", &[]);
        assert!(!text.contains("Did you mean"), "{text}");
    }

    #[test]
    fn an_empty_environment_is_reported_as_empty() {
        let empty = deployment("prod", &[]);
        assert!(
            empty.require_services().unwrap_err().0.starts_with("no service is deployed in the environment `prod`")
        );
        assert!(empty.unknown("orders", &[]).0.contains("/busline/prod/<service>/"));
    }
}
