//! Reading metrics of `CloudWatch`.

use aws_config::SdkConfig;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::client::{CLOUDWATCH, CallError, Client};

/// A metric of one resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Metric<'a> {
    /// The service that writes it, such as `AWS/SQS`.
    pub namespace: &'a str,
    /// Its name in the namespace, such as `ApproximateAgeOfOldestMessage`.
    pub name: &'a str,
    /// The name and the value of its dimension, such as `QueueName`.
    pub dimension: (&'a str, &'a str),
}

/// The highest value of a metric in one minute.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Datapoint {
    /// The beginning of the minute, in seconds since 1970.
    pub timestamp: f64,
    /// The highest value, in the metric's own unit.
    pub maximum: f64,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Statistics {
    #[serde(default)]
    datapoints: Vec<Datapoint>,
}

/// The newest value of a metric between two times, in seconds since 1970; `None` when there is none.
///
/// Needs `cloudwatch:GetMetricStatistics`.
/// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricStatistics.html>
///
/// # Errors
/// When the metric cannot be read.
pub async fn newest_maximum(
    config: &SdkConfig,
    metric: Metric<'_>,
    (from, until): (i64, i64),
) -> Result<Option<Datapoint>, CallError> {
    let found: Statistics =
        Client::new(config, CLOUDWATCH).call("GetMetricStatistics", &input(metric, from, until)).await?;
    Ok(found.datapoints.into_iter().max_by(|one, other| one.timestamp.total_cmp(&other.timestamp)))
}

fn input(metric: Metric<'_>, from: i64, until: i64) -> Value {
    let (name, value) = metric.dimension;
    json!({
        "Namespace": metric.namespace, "MetricName": metric.name, "Dimensions": [{"Name": name, "Value": value}],
        "StartTime": from, "EndTime": until, "Period": 60, "Statistics": ["Maximum"],
    })
}
