//! What is deployed in an environment: the values that the stacks stored in SSM.

use std::collections::BTreeMap;

use anyhow::Result;
use aws_json::ssm;
use aws_sdk_sqs::types::QueueAttributeName;
use serde::Serialize;

use crate::aws::{self, Target};
use crate::change_set::StackChanger;
use crate::cloud::Cloud;
use crate::services::Service;
use crate::stacks::{self, BUS, WEB};
use crate::ui;

/// An environment's addresses and names. What is not deployed is null.
#[derive(Debug, Serialize)]
pub(crate) struct Status {
    /// The endpoint of the local cloud; null on AWS.
    pub(crate) endpoint: Option<String>,
    pub(crate) region: String,
    pub(crate) env: String,
    /// The web page's URL, without a slash at its end.
    pub(crate) web: Option<String>,
    /// The bucket that holds the page's files.
    pub(crate) web_bucket: Option<String>,
    /// The HTTP APIs' base URLs by service.
    pub(crate) apis: BTreeMap<String, Option<String>>,
    pub(crate) websocket: Option<String>,
    /// The Cognito user pool, and its public client below.
    pub(crate) user_pool_id: Option<String>,
    pub(crate) user_pool_client_id: Option<String>,
    pub(crate) bus: Option<String>,
    /// Each service's own resources.
    pub(crate) services: BTreeMap<String, ServiceStatus>,
}

/// A service's own resources.
#[derive(Debug, Serialize)]
pub(crate) struct ServiceStatus {
    /// Its stack's status in CloudFormation.
    pub(crate) stack: Option<String>,
    pub(crate) table: Option<String>,
    pub(crate) dlq_url: Option<String>,
    /// The number of messages in that queue.
    pub(crate) dlq_depth: Option<u64>,
}

/// The values in SSM's parameter store under `/busline/<env>/`, by path.
struct Stored {
    env: String,
    values: BTreeMap<String, String>,
}

impl Status {
    /// Reads the status of an environment.
    pub(crate) async fn read(target: &Target, services: &[Service]) -> Result<Self> {
        let stored = Stored::read(target).await?;
        let mut apis = BTreeMap::new();
        let mut of_services = BTreeMap::new();
        for Service { name, .. } in services {
            apis.insert(name.clone(), stored.get(name, "api-id").map(|id| target.api_url(&id)));
            of_services.insert(name.clone(), ServiceStatus::read(target, name, &stored).await?);
        }
        Ok(Self {
            endpoint: target.cloud.map(Cloud::endpoint),
            region: target.region().to_owned(),
            env: target.env.clone(),
            web: stored.get(WEB, "origin"),
            web_bucket: stored.get(WEB, "bucket"),
            apis,
            websocket: stored.field(services, "websocket").map(|id| target.websocket_url(&id)),
            user_pool_id: stored.field(services, "user_pool_id"),
            user_pool_client_id: stored.field(services, "user_pool_client_id"),
            bus: stored.get(BUS, "name"),
            services: of_services,
        })
    }

    /// The status as a table for a terminal.
    pub(crate) fn table(&self) -> String {
        let unknown = || "-".to_owned();
        let rows: Vec<[String; 5]> = self
            .services
            .iter()
            .map(|(name, service)| {
                [
                    name.clone(),
                    service.stack.clone().unwrap_or_else(|| "not deployed".into()),
                    self.apis.get(name).cloned().flatten().unwrap_or_else(unknown),
                    service.table.clone().unwrap_or_else(unknown),
                    service.dlq_depth.map_or_else(unknown, |depth| depth.to_string()),
                ]
            })
            .collect();
        let place = self.endpoint.as_deref().unwrap_or("AWS");
        let pool = self.user_pool_id.as_deref().unwrap_or("-");
        let bus = self.bus.as_deref().unwrap_or("-");
        let page = self.web.as_deref().unwrap_or("-");
        let websocket = self.websocket.as_deref().unwrap_or("-");
        format!(
            "env {}, {place}, {}\nbus {bus}, user pool {pool}\npage {page}\nwebsocket {websocket}\n\n{}",
            self.env,
            self.region,
            ui::table(["service", "stack", "api", "table", "in DLQ"], &rows)
        )
    }
}

impl ServiceStatus {
    async fn read(target: &Target, service: &str, stored: &Stored) -> Result<Self> {
        let name = stacks::stack_name(&target.env, service);
        let status = StackChanger::new(target, &name).status().await?;
        let dlq_url = stored.get(service, "dlq-url").map(|url| reachable(target, url));
        let dlq_depth = match &dlq_url {
            Some(url) => depth(target, url).await?,
            None => None,
        };
        let stack_status = status.map(|status| status.as_str().to_owned());
        Ok(Self { stack: stack_status, table: stored.get(service, "table"), dlq_url, dlq_depth })
    }
}

impl Stored {
    async fn read(target: &Target) -> Result<Self> {
        let path = format!("/busline/{}/", target.env);
        let values = ssm::parameters_by_path(&target.sdk, &path).await;
        let values = values.map_err(aws::call_failed("read the stacks' parameters"))?;
        Ok(Self { env: target.env.clone(), values })
    }

    fn get(&self, stack: &str, name: &str) -> Option<String> {
        self.values.get(&stacks::parameter_path(&self.env, stack, name)).cloned()
    }

    /// The value of a field of the status, from the service that has the field in its manifest.
    fn field(&self, services: &[Service], field: &str) -> Option<String> {
        let mut stored = services.iter().filter_map(|service| Some((service, service.status.get(field)?)));
        stored.find_map(|(service, name)| self.get(&service.name, name))
    }
}

/// A queue's URL with the local cloud's current port: the stored URL has the port of the time of deployment.
fn reachable(target: &Target, url: String) -> String {
    let Some(cloud) = target.cloud else {
        return url;
    };
    let path = url.split_once("://").and_then(|(_, rest)| rest.split_once('/')).map(|(_, path)| path.to_owned());
    path.map_or(url, |path| format!("{}/{path}", cloud.endpoint()))
}

async fn depth(target: &Target, queue_url: &str) -> Result<Option<u64>> {
    let name = QueueAttributeName::ApproximateNumberOfMessages;
    let client = aws_sdk_sqs::Client::new(&target.sdk);
    let output = client.get_queue_attributes().queue_url(queue_url).attribute_names(name.clone()).send().await;
    let output = output.map_err(aws::failed("read the depth of a dead-letter queue"))?;
    Ok(output.attributes.and_then(|attributes| attributes.get(&name)?.parse().ok()))
}
