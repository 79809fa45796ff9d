//! How much of what AWS charges for an environment uses in a month.

use std::collections::BTreeMap;

use anyhow::{Result, bail};
use serde_json::Value;

use super::usage::{Job, Usage};
use crate::package::Architecture;
use crate::planned::{Plan, Resource};

const HOURS: f64 = 730.0;
const KILOBYTES_IN_GB: f64 = 1e6;
/// Lines of the platform and of the function for one invocation.
const LOG_KILOBYTES: f64 = 1.5;
/// An event with its envelope.
const EVENT_KILOBYTES: f64 = 1.0;
/// An answer of an API with its headers.
const ANSWER_KILOBYTES: f64 = 4.0;
/// How often a user opens the page without its files in the browser's cache, and their size.
const PAGE_LOADS: f64 = 2.0;
const PAGE_KILOBYTES: f64 = 250.0;

/// Quantities by the ids of their prices.
#[derive(Debug, Default)]
pub(super) struct Quantities {
    /// Whether there are users or not.
    fixed: BTreeMap<&'static str, f64>,
    for_a_user: BTreeMap<&'static str, f64>,
    /// Functions without a usage.
    pub(super) not_counted: Vec<String>,
}

/// How often a function runs.
struct Runs {
    fixed: f64,
    for_a_user: f64,
}

impl Quantities {
    pub(super) fn calculate(plan: &Plan, usages: &BTreeMap<String, Usage>, architecture: Architecture) -> Result<Self> {
        let mut quantities = Self::default();
        quantities.add_fixed("alarms", plan.of_kind("AWS::CloudWatch::Alarm").map(alarm_metrics).sum());
        quantities.add_fixed("secrets", plan.of_kind("AWS::SecretsManager::Secret").count());
        let events: BTreeMap<&str, f64> =
            usages.values().flat_map(|usage| &usage.events).map(|(name, count)| (name.as_str(), *count)).collect();
        for function in plan.of_kind("AWS::Serverless::Function") {
            let usage = usages.get(&function.stack);
            quantities.add_function(function, usage, &events, architecture);
        }
        for schedule in plan.of_kind("AWS::Scheduler::Schedule") {
            let runs = runs_a_month(&schedule.properties["ScheduleExpression"]);
            for id in ["schedules", "lambda-requests"] {
                *quantities.fixed.entry(id).or_default() += runs;
            }
        }
        for (service, usage) in usages {
            expect_functions(plan, service, usage)?;
            quantities.add_service(usage);
        }
        for (id, quantity) in
            [("cdn-requests", PAGE_LOADS * 10.0), ("cdn-transfer", PAGE_LOADS * PAGE_KILOBYTES / KILOBYTES_IN_GB)]
        {
            quantities.add(id, quantity);
        }
        Ok(quantities)
    }

    /// Whether there is any of it.
    pub(super) fn has(&self, id: &str) -> bool {
        self.fixed.contains_key(id) || self.for_a_user.contains_key(id)
    }

    #[cfg(test)]
    pub(super) fn ids(&self) -> impl Iterator<Item = &'static str> {
        self.fixed.keys().chain(self.for_a_user.keys()).copied()
    }

    #[expect(clippy::cast_precision_loss, reason = "an estimate")]
    pub(super) fn amount(&self, id: &str, users: u64) -> f64 {
        let of = |map: &BTreeMap<&'static str, f64>| map.get(id).copied().unwrap_or_default();
        of(&self.fixed) + of(&self.for_a_user) * users as f64
    }

    #[expect(clippy::cast_precision_loss, reason = "a small number")]
    fn add_fixed(&mut self, id: &'static str, count: usize) {
        *self.fixed.entry(id).or_default() += count as f64;
    }

    fn add(&mut self, id: &'static str, quantity: f64) {
        *self.for_a_user.entry(id).or_default() += quantity;
    }

    fn add_service(&mut self, usage: &Usage) {
        let published: f64 = usage.events.values().sum();
        for (id, quantity) in [
            ("events", published),
            ("archive", published * EVENT_KILOBYTES / KILOBYTES_IN_GB),
            ("users", usage.signs_in),
            ("websocket-minutes", usage.websocket_minutes),
            ("websocket-messages", usage.websocket_messages),
            ("schedules", usage.schedule_runs),
            ("dynamodb-storage", usage.table_kilobytes / KILOBYTES_IN_GB),
            ("dynamodb-backups", usage.table_kilobytes / KILOBYTES_IN_GB),
            ("s3-storage", usage.bucket_megabytes / 1000.0),
            ("s3-writes", usage.objects),
        ] {
            self.add(id, quantity);
        }
    }

    fn add_function(
        &mut self,
        function: &Resource,
        usage: Option<&Usage>,
        events: &BTreeMap<&str, f64>,
        architecture: Architecture,
    ) {
        let name = function.text("Handler").unwrap_or_default();
        let of = |jobs: fn(&Usage) -> &BTreeMap<String, Job>| usage.and_then(|usage| jobs(usage).get(name));
        let (request, job) = (of(|usage| &usage.requests), of(|usage| &usage.jobs));
        let one = request.or(job).or_else(|| of(|usage| &usage.invocations)).cloned().unwrap_or_default();
        let mut runs = runs(function, usage, events);
        runs.for_a_user += one.a_month;
        if runs.fixed + runs.for_a_user == 0.0 {
            self.not_counted.push(format!("{}/{name}", function.stack));
            return;
        }
        if request.is_some() {
            let answers = one.a_month * ANSWER_KILOBYTES / KILOBYTES_IN_GB;
            let through_api = ["http-api", "cdn-requests", "cdn-functions"].map(|id| (id, one.a_month));
            through_api
                .into_iter()
                .chain([("cdn-transfer", answers)])
                .for_each(|(id, quantity)| self.add(id, quantity));
        }
        let memory = function.properties["MemorySize"].as_f64().unwrap_or(128.0) / 1024.0;
        let compute = if architecture == Architecture::Arm64 { "lambda-arm64" } else { "lambda-x86" };
        for (id, quantity) in [
            ("lambda-requests", 1.0),
            (compute, memory * one.milliseconds / 1000.0),
            ("logs", LOG_KILOBYTES / KILOBYTES_IN_GB),
            ("dynamodb-reads", one.reads),
            ("dynamodb-writes", one.writes),
            ("emails", one.emails),
        ] {
            *self.fixed.entry(id).or_default() += quantity * runs.fixed;
            self.add(id, quantity * runs.for_a_user);
        }
    }
}

/// How often the events of its template invoke a function.
fn runs(function: &Resource, usage: Option<&Usage>, events: &BTreeMap<&str, f64>) -> Runs {
    let mut runs = Runs { fixed: 0.0, for_a_user: 0.0 };
    for event in function.properties["Events"].as_object().into_iter().flat_map(|events| events.values()) {
        let properties = &event["Properties"];
        match event["Type"].as_str().unwrap_or_default() {
            "EventBridgeRule" => {
                let types = properties["Pattern"]["detail-type"].as_array().into_iter().flatten();
                runs.for_a_user += types.filter_map(|kind| events.get(kind.as_str()?)).sum::<f64>();
            }
            // The publisher: one record for each event.
            "DynamoDB" if properties["FilterCriteria"].to_string().contains("OUTBOX") => {
                runs.for_a_user += usage.map_or(0.0, |usage| usage.events.values().sum());
            }
            "Schedule" | "ScheduleV2" => runs.fixed += runs_a_month(&properties["Schedule"]),
            _ => {}
        }
    }
    runs
}

/// How often a schedule such as `rate(1 hour)` runs in a month; any other counts as once a day.
fn runs_a_month(schedule: &Value) -> f64 {
    let text = schedule.as_str().unwrap_or_default();
    let rate = text.strip_prefix("rate(").and_then(|text| text.strip_suffix(')'));
    let Some((count, unit)) = rate.and_then(|rate| rate.split_once(' ')) else { return HOURS / 24.0 };
    let hours = match unit.trim_end_matches('s') {
        "minute" => 1.0 / 60.0,
        "hour" => 1.0,
        _ => 24.0,
    };
    count.parse::<f64>().map_or(HOURS / 24.0, |count| HOURS / hours / count)
}

/// What is charged of an alarm: the metrics in its expression, or its one metric.
///
/// <https://aws.amazon.com/cloudwatch/pricing/>
fn alarm_metrics(alarm: &Resource) -> usize {
    let metrics = alarm.properties["Metrics"].as_array().into_iter().flatten();
    metrics.filter(|metric| metric["MetricStat"].is_object()).count().max(1)
}

/// A usage that names a function which does not exist would count for nothing.
fn expect_functions(plan: &Plan, service: &str, usage: &Usage) -> Result<()> {
    let of_service = || plan.of_kind("AWS::Serverless::Function").filter(|function| function.stack == service);
    match usage.functions().find(|name| !of_service().any(|function| function.text("Handler") == Some(name))) {
        Some(unknown) => bail!("services/{service}/usage.yaml has `{unknown}`, which is no function of its template"),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn function(handler: &str, events: &Value) -> Resource {
        let properties = json!({"Handler": handler, "MemorySize": 512, "Events": {"One": events}});
        Resource { stack: "notes".into(), kind: "AWS::Serverless::Function".into(), properties }
    }

    fn calculate(resources: Vec<Resource>, usage: &str) -> Result<Quantities> {
        let plan = Plan { resources, refused: Vec::new() };
        let usages = BTreeMap::from([("notes".to_owned(), serde_norway::from_str(usage).unwrap())]);
        Quantities::calculate(&plan, &usages, Architecture::Arm64)
    }

    #[test]
    fn each_event_invokes_its_readers_and_the_publisher() {
        let rule = json!({"Type": "EventBridgeRule", "Properties": {"Pattern": {"detail-type": ["NoteCreated.v1"]}}});
        let stream =
            json!({"Type": "DynamoDB", "Properties": {"FilterCriteria": {"Filters": [{"Pattern": "OUTBOX"}]}}});
        let resources = vec![
            function("read", &rule),
            function("publish", &stream),
            function("create", &json!({"Type": "HttpApi"})),
        ];
        let usage = "{requests: {create: {a-month: 10, writes: 4, milliseconds: 20}}, events: {NoteCreated.v1: 10}}";
        let quantities = calculate(resources, usage).unwrap();
        let amounts = ["lambda-requests", "events", "http-api", "dynamodb-writes", "lambda-arm64"];
        let amounts = amounts.map(|id| format!("{:.1}", quantities.amount(id, 100)));
        // Half a GB: 1,000 calls of 20 ms, and 2,000 invocations of 25 ms.
        assert_eq!(amounts, ["3000.0", "1000.0", "1000.0", "4000.0", "35.0"]);
    }

    #[test]
    fn a_schedule_runs_without_users() {
        let hourly = json!({"Type": "Schedule", "Properties": {"Schedule": "rate(1 hour)"}});
        let quantities = calculate(vec![function("watch", &hourly)], "{}").unwrap();
        assert_eq!(format!("{:.1}", quantities.amount("lambda-requests", 0)), "730.0");
        assert_eq!(format!("{:.1}", runs_a_month(&json!("rate(15 minutes)"))), "2920.0");
    }

    #[test]
    fn a_usage_of_no_function_is_refused_and_a_function_without_one_is_told() {
        let error = calculate(Vec::new(), "{jobs: {gone: {a-month: 1}}}").unwrap_err().to_string();
        assert!(error.contains("services/notes/usage.yaml has `gone`"), "{error}");
        let quantities = calculate(vec![function("new", &json!({"Type": "HttpApi"}))], "{}").unwrap();
        assert_eq!(quantities.not_counted, ["notes/new"]);
    }
}
