//! What is deployed where: the values that the stacks stored.

use std::collections::BTreeMap;

use anyhow::Result;
use aws_sdk_sqs::types::QueueAttributeName;
use serde::Serialize;

use crate::aws::{self, Target};
use crate::change_set::StackChanger;
use crate::cloud::Cloud;
use crate::stacks::Stack;
use crate::ui;

/// An environment's addresses and names. What is not deployed is null.
#[derive(Debug, Serialize)]
pub(crate) struct Status {
    /// Where the local cloud answers; null on AWS.
    pub(crate) endpoint: Option<String>,
    /// The AWS region.
    pub(crate) region: String,
    /// The environment's name.
    pub(crate) env: String,
    /// The web page's URL, without a slash at its end.
    pub(crate) web: Option<String>,
    /// The bucket that holds the page's files.
    pub(crate) web_bucket: Option<String>,
    /// The HTTP APIs' base URLs by service.
    pub(crate) apis: BTreeMap<&'static str, Option<String>>,
    /// The WebSocket API's URL.
    pub(crate) websocket: Option<String>,
    /// The Cognito user pool.
    pub(crate) user_pool_id: Option<String>,
    /// Its public client.
    pub(crate) user_pool_client_id: Option<String>,
    /// The event bus's name.
    pub(crate) bus: Option<String>,
    /// What each service owns.
    pub(crate) services: BTreeMap<&'static str, ServiceStatus>,
}

/// What a service owns.
#[derive(Debug, Serialize)]
pub(crate) struct ServiceStatus {
    /// Its stack's status in CloudFormation.
    pub(crate) stack: Option<String>,
    /// Its DynamoDB table.
    pub(crate) table: Option<String>,
    /// Its dead-letter queue.
    pub(crate) dlq_url: Option<String>,
    /// How many messages wait in that queue.
    pub(crate) dlq_depth: Option<u64>,
}

/// The values in SSM's parameter store under `/busline/<env>/`, by path.
struct Stored {
    env: String,
    values: BTreeMap<String, String>,
}

impl Status {
    /// Reads an environment.
    pub(crate) async fn read(target: &Target) -> Result<Self> {
        let stored = Stored::read(target).await?;
        let mut apis = BTreeMap::new();
        let mut services = BTreeMap::new();
        for (stack, service) in Stack::services() {
            apis.insert(service.name, stored.get(stack, "api-id").map(|id| target.api_url(&id)));
            services.insert(service.name, ServiceStatus::read(target, stack, &stored).await?);
        }
        Ok(Self {
            endpoint: target.cloud.map(Cloud::endpoint),
            region: target.region().to_owned(),
            env: target.env.clone(),
            web: stored.get(Stack::Web, "origin"),
            web_bucket: stored.get(Stack::Web, "bucket"),
            apis,
            websocket: stored.get(Stack::Notifications, "websocket-id").map(|id| target.websocket_url(&id)),
            user_pool_id: stored.get(Stack::Users, "user-pool-id"),
            user_pool_client_id: stored.get(Stack::Users, "user-pool-client-id"),
            bus: stored.get(Stack::Bus, "name"),
            services,
        })
    }

    /// As people read it.
    pub(crate) fn table(&self) -> String {
        let unknown = || "-".to_owned();
        let rows: Vec<[String; 5]> = self
            .services
            .iter()
            .map(|(name, service)| {
                [
                    (*name).to_owned(),
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
    async fn read(target: &Target, stack: Stack, stored: &Stored) -> Result<Self> {
        let name = stack.stack_name(&target.env);
        let status = StackChanger::new(target, &name).status().await?;
        let dlq_url = stored.get(stack, "dlq-url").map(|url| reachable(target, url));
        let dlq_depth = match &dlq_url {
            Some(url) => depth(target, url).await?,
            None => None,
        };
        let stack_status = status.map(|status| status.as_str().to_owned());
        Ok(Self { stack: stack_status, table: stored.get(stack, "table"), dlq_url, dlq_depth })
    }
}

impl Stored {
    async fn read(target: &Target) -> Result<Self> {
        let client = aws_sdk_ssm::Client::new(&target.sdk);
        let path = format!("/busline/{}/", target.env);
        let mut pages = client.get_parameters_by_path().path(path).recursive(true).into_paginator().send();
        let mut values = BTreeMap::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(aws::failed("read the stacks' parameters"))?;
            let parameters = page.parameters.unwrap_or_default().into_iter();
            values.extend(parameters.filter_map(|parameter| parameter.name.zip(parameter.value)));
        }
        Ok(Self { env: target.env.clone(), values })
    }

    fn get(&self, stack: Stack, name: &str) -> Option<String> {
        self.values.get(&stack.parameter(&self.env, name)).cloned()
    }
}

/// A queue's URL on the port that the local cloud has now: the stored one has the port that it had when deployed.
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
