//! What alarms of queues must be, in every template.

use std::collections::BTreeSet;
use std::path::Path;

use crate::planned::{Place, Plan, Resource};
use crate::stacks::Stacks;

const PLACE: Place<'_> = Place { env: "prod", account: "123456789012", region: "eu-west-1" };
/// The longest time that an alarm looks at, in seconds; with periods of less than an hour it is a day.
///
/// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html>
const LONGEST: u64 = 604_800;
const LONGEST_OF_SHORT_PERIODS: u64 = 86_400;
/// What an operator has left when the last alarm of a queue is raised, in seconds.
const LEFT: u64 = 3 * 86_400;

/// An alarm that watches one queue.
struct QueueAlarm<'a> {
    stack: &'a str,
    name: &'a str,
    metrics: BTreeSet<&'a str>,
    queues: BTreeSet<String>,
    window: u64,
    period: u64,
    is_raised_by_one: bool,
}

impl<'a> QueueAlarm<'a> {
    fn new(alarm: &'a Resource) -> Option<Self> {
        let properties = &alarm.properties;
        let of_expression = properties["Metrics"].as_array().into_iter().flatten().map(|it| &it["MetricStat"]);
        let metrics =
            of_expression.map(|it| (&it["Metric"], &it["Period"])).chain([(properties, &properties["Period"])]);
        let of_queues: Vec<_> = metrics.filter(|(metric, _)| metric["Namespace"] == "AWS/SQS").collect();
        let period = of_queues.first()?.1.as_u64()?;
        Some(Self {
            stack: &alarm.stack,
            name: alarm.text("AlarmName")?,
            metrics: of_queues.iter().filter_map(|(metric, _)| metric["MetricName"].as_str()).collect(),
            queues: of_queues.iter().map(|(metric, _)| metric["Dimensions"][0]["Value"].to_string()).collect(),
            window: period * properties["EvaluationPeriods"].as_u64()?,
            period,
            is_raised_by_one: properties["DatapointsToAlarm"] == 1 || properties["EvaluationPeriods"] == 1,
        })
    }
}

fn plan() -> Plan {
    let repo = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    Plan::read(repo, &Stacks::discover(repo).unwrap(), PLACE).unwrap()
}

fn alarms(plan: &Plan) -> Vec<QueueAlarm<'_>> {
    plan.of_kind("AWS::CloudWatch::Alarm").filter_map(QueueAlarm::new).collect()
}

/// A message that was received three times leaves the metric of ages, and one that is held leaves that of visible ones.
#[test]
fn no_alarm_of_a_queue_ends_when_an_operator_looks_at_its_messages() {
    let plan = plan();
    let counts = BTreeSet::from(["ApproximateNumberOfMessagesVisible", "ApproximateNumberOfMessagesNotVisible"]);
    for alarm in alarms(&plan) {
        assert_eq!((&alarm.metrics, alarm.queues.len()), (&counts, 1), "{}", alarm.name);
        let longest = if alarm.period < 3600 { LONGEST_OF_SHORT_PERIODS } else { LONGEST };
        assert!(alarm.window <= longest, "CloudWatch refuses {}", alarm.name);
    }
}

/// The last alarm of a queue leaves an operator days, and is not raised in the first half of a message's time.
#[test]
fn each_queue_has_an_alarm_of_messages_that_it_is_about_to_delete() {
    let plan = plan();
    let alarms = alarms(&plan);
    let queues: Vec<&Resource> = plan.of_kind("AWS::SQS::Queue").collect();
    let stacks: BTreeSet<&str> = queues.iter().map(|queue| queue.stack.as_str()).collect();
    assert!(!stacks.is_empty());
    for stack in stacks {
        let own: Vec<&&Resource> = queues.iter().filter(|queue| queue.stack == stack).collect();
        for retention in own.iter().map(|queue| queue.properties["MessageRetentionPeriod"].as_u64().unwrap()) {
            let is_last = |alarm: &&QueueAlarm| {
                let is_in_time = alarm.window + LEFT <= retention && alarm.window * 2 >= retention;
                alarm.stack == stack && is_in_time && !alarm.is_raised_by_one
            };
            let watched: BTreeSet<&String> = alarms.iter().filter(is_last).flat_map(|alarm| &alarm.queues).collect();
            assert_eq!(
                watched.len(),
                own.len(),
                "{stack}: a queue deletes messages after {retention} s without an alarm"
            );
        }
    }
}
