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
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Datapoint {
    /// The beginning of the minute, in seconds since 1970.
    pub timestamp: f64,
    /// The highest value, in the metric's own unit.
    pub maximum: f64,
}

/// The number of metrics that one call reads.
const MAX_QUERIES: usize = 500;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Page {
    #[serde(default)]
    metric_data_results: Vec<Series>,
    next_token: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Series {
    id: String,
    #[serde(default)]
    timestamps: Vec<f64>,
    #[serde(default)]
    values: Vec<f64>,
}

/// The newest value of each metric between two times, in seconds since 1970; `None` for a metric without any. One call reads
/// 500 metrics.
///
/// Needs `cloudwatch:GetMetricData`.
/// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html>
///
/// # Errors
/// When the metrics cannot be read.
pub async fn newest_maxima(
    config: &SdkConfig,
    metrics: &[Metric<'_>],
    window: (i64, i64),
) -> Result<Vec<Option<Datapoint>>, CallError> {
    let client = Client::new(config, CLOUDWATCH);
    let mut newest = Vec::with_capacity(metrics.len());
    for metrics in metrics.chunks(MAX_QUERIES) {
        let mut found = vec![None; metrics.len()];
        let mut next = None;
        loop {
            let page: Page = client.call("GetMetricData", &input(metrics, window, next.as_deref())).await?;
            for series in page.metric_data_results {
                keep_newest(&mut found, &series);
            }
            next = page.next_token.filter(|token| !token.is_empty());
            if next.is_none() {
                break;
            }
        }
        newest.extend(found);
    }
    Ok(newest)
}

/// The id of a query is `m` and the index of its metric.
fn keep_newest(found: &mut [Option<Datapoint>], series: &Series) {
    let index = series.id.strip_prefix('m').and_then(|index| index.parse::<usize>().ok());
    let Some(newest) = index.and_then(|index| found.get_mut(index)) else { return };
    for (&timestamp, &maximum) in series.timestamps.iter().zip(&series.values) {
        if newest.is_none_or(|newest: Datapoint| newest.timestamp < timestamp) {
            *newest = Some(Datapoint { timestamp, maximum });
        }
    }
}

fn input(metrics: &[Metric<'_>], (from, until): (i64, i64), next: Option<&str>) -> Value {
    let queries: Vec<Value> = metrics.iter().enumerate().map(|(index, metric)| query(index, metric)).collect();
    let mut input = json!({"MetricDataQueries": queries, "StartTime": from, "EndTime": until});
    if let Some(token) = next {
        input["NextToken"] = json!(token);
    }
    input
}

fn query(index: usize, metric: &Metric<'_>) -> Value {
    let (name, value) = metric.dimension;
    let of_resource = json!({
        "Namespace": metric.namespace, "MetricName": metric.name, "Dimensions": [{"Name": name, "Value": value}],
    });
    json!({"Id": format!("m{index}"), "MetricStat": {"Metric": of_resource, "Period": 60, "Stat": "Maximum"}})
}
