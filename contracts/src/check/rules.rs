//! Checks of the subscribers' rules: their patterns, their events and the permissions that they need.

use serde_json::{Value, json};

use super::{Context, Finding, permissions};
use crate::pattern::{Pattern, SIZE_QUOTA};
use crate::repository::{EventName, Repository};
use crate::topology::{BUS_NAME, Rule, Service, State};

/// How the `source` of each of our events starts.
const SOURCE_PREFIX: &str = "busline.";

/// The fields of a pattern that name events.
const NAMES: [&str; 2] = ["source", "detail-type"];

pub(super) fn pattern_valid(context: &Context<'_>) -> Vec<Finding> {
    each(context, |_, rule| {
        let error = Pattern::parse(&rule.pattern.to_string()).err()?;
        let problem = format!("EventBridge would refuse the pattern: {error}");
        Some((problem, "correct the pattern; the job gets nothing until then".to_owned()))
    })
}

pub(super) fn pattern_size(context: &Context<'_>) -> Vec<Finding> {
    each(context, |_, rule| {
        let size = rule.pattern.to_string().chars().count();
        let problem = || format!("the pattern has {size} characters, EventBridge accepts {SIZE_QUOTA}");
        (size > SIZE_QUOTA).then(|| (problem(), "split it into two rules".to_owned()))
    })
}

pub(super) fn names_event(context: &Context<'_>) -> Vec<Finding> {
    each(context, |_, rule| {
        // A prefix of the source selects publishers, and the job is proven to read the event of each of them.
        let is_prefix =
            |value: &Value| value["prefix"].as_str().is_some_and(|prefix| prefix.starts_with(SOURCE_PREFIX));
        let is_named = |field: &str, value: &Value| value.is_string() || (field == "source" && is_prefix(value));
        let vague = NAMES.into_iter().find(|field| {
            let values = rule.pattern[*field].as_array();
            !values.is_some_and(|values| !values.is_empty() && values.iter().all(|value| is_named(field, value)))
        })?;
        let problem = match vague {
            "source" => "the pattern does not name its source: it would match events of other systems".to_owned(),
            _ => format!("the pattern does not name its {vague}: a new version would reach a job that cannot read it"),
        };
        let advice = "list exact values, such as source: [busline.<service>], detail-type: [<Event>.v1]; for the events of \
                      every publisher write source: [{prefix: busline.}]";
        Some((problem, advice.to_owned()))
    })
}

pub(super) fn our_bus(context: &Context<'_>) -> Vec<Finding> {
    each(context, |service, rule| {
        if service.refers_to(&rule.bus, BUS_NAME) {
            return None;
        }
        let bus = if rule.bus.is_null() { "the account's default bus".to_owned() } else { rule.bus.to_string() };
        Some((
            format!("the rule listens on {bus}, where none of our events is published"),
            "EventBusName: !Ref BusName".to_owned(),
        ))
    })
}

pub(super) fn enabled(context: &Context<'_>) -> Vec<Finding> {
    each(context, |_, rule| {
        let problem = || format!("the rule is switched off, or may be: {} would get no event", rule.job);
        (rule.state == State::Disabled)
            .then(|| (problem(), "remove State, or write State: ENABLED; or remove the rule".to_owned()))
    })
}

pub(super) fn understood(context: &Context<'_>) -> Vec<Finding> {
    let services = context.repository.services.values();
    services.flat_map(|service| permissions::unclear(service, &service.unclear_rules)).collect()
}

/// A filter on a field that neither publisher nor schema determines cannot be checked: it may never match.
pub(super) fn filters_on_described_fields(context: &Context<'_>) -> Vec<Finding> {
    each(context, |_, rule| {
        let field = unknown_field(&rule.pattern)?;
        let problem = format!("the pattern filters on `{field}`, which no contract describes");
        Some((problem, "remove it: a pattern filters on source, detail-type and detail".to_owned()))
    })
}

/// A filter takes events from a job that reads them: it gets less than its contract promises.
pub(super) fn every_event(context: &Context<'_>) -> Vec<Finding> {
    each(context, |_, rule| {
        let filters = rule.pattern.as_object()?.keys().filter(|field| !NAMES.contains(&field.as_str()));
        let filters: Vec<String> = filters.map(|field| format!("`{field}`")).collect();
        let list = filters.join(", ");
        let problem =
            format!("the rule keeps events from {} by {list}, and the job reads all of its detail types", rule.job);
        let advice = format!("remove {list}, and let the job decide; or accept it with an exception");
        (!filters.is_empty()).then_some((problem, advice))
    })
}

fn unknown_field(pattern: &Value) -> Option<&str> {
    let fields = pattern.as_object().into_iter().flatten();
    fields.into_iter().find_map(|(field, values)| match field.as_str() {
        "source" | "detail-type" | "detail" | "version" | "replay-name" => None,
        "$or" => values.as_array().into_iter().flatten().find_map(unknown_field),
        unknown => Some(unknown),
    })
}

pub(super) fn whole_event(context: &Context<'_>) -> Vec<Finding> {
    each(context, |_, rule| {
        let setting = rule.input_settings.first()?;
        let problem = format!(
            "{setting} changes the event before {} gets it, and its reader is checked for the whole event",
            rule.job
        );
        Some((problem, format!("remove {setting}: readers read whole events")))
    })
}

pub(super) fn dead_letters(context: &Context<'_>) -> Vec<Finding> {
    each(context, |_, rule| {
        let problem = || "events that the rule cannot deliver within a day are lost".to_owned();
        rule.dead_letter_config.is_none().then(|| (problem(), "DeadLetterConfig: {Arn: !GetAtt Dlq.Arn}".to_owned()))
    })
}

pub(super) fn satisfiable(context: &Context<'_>) -> Vec<Finding> {
    each(context, |_, rule| {
        let pattern = Pattern::parse(&rule.pattern.to_string()).ok()?;
        let names: Vec<&EventName> = context.repository.published().map(|(name, _)| name).collect();
        if names.iter().any(|name| satisfying(context, &pattern, name).is_some()) {
            return None;
        }
        let selected: Vec<String> = names.iter().filter(|name| selects(rule, name)).map(ToString::to_string).collect();
        Some(unsatisfied(rule, &selected, &names))
    })
}

/// An event that a publisher can send and that matches a pattern: an example, or an example changed to match.
pub(crate) fn satisfying(context: &Context<'_>, pattern: &Pattern, name: &EventName) -> Option<Value> {
    let examples = context.repository.examples.get(name)?;
    let found = examples.iter().map(|example| &example.event).find(|event| pattern.matches(event));
    found.cloned().or_else(|| {
        let candidates = examples.iter().flat_map(|example| pattern.fill(&example.event));
        candidates.into_iter().find(|event| can_be_sent(context, name, event))
    })
}

fn can_be_sent(context: &Context<'_>, name: &EventName, event: &Value) -> bool {
    event["source"] == name.source()
        && event["detail-type"] == name.detail_type()
        && event.get("replay-name").is_none()
        && context.valid(name, &event["detail"]).is_ok()
}

fn unsatisfied(rule: &Rule, selected: &[String], published: &[&EventName]) -> (String, String) {
    if selected.is_empty() {
        let pattern = format!("{} / {}", rule.pattern["source"], rule.pattern["detail-type"]);
        let problem = format!("no published event matches the rule of {}: it looks for {pattern}", rule.job);
        let known: Vec<String> =
            published.iter().map(|name| format!("{} / {}", name.source(), name.detail_type())).collect();
        return (problem, format!("published are {}", known.join(", ")));
    }
    let problem = format!("no event that is valid for {} matches the whole pattern", selected.join(" or "));
    let fields = rule.pattern.as_object().into_iter().flatten();
    let others = fields.filter(|(field, _)| !NAMES.contains(&field.as_str()));
    let filters: Vec<String> = others.map(|(field, values)| format!("`{field}` {values}")).collect();
    (problem, format!("change or remove what no published event has: {}", filters.join(", ")))
}

/// Each value of `source` and `detail-type` alone: a job would wait for a value that no service sends.
pub(super) fn alternatives(context: &Context<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (service, rule) in context.repository.rules() {
        for field in NAMES {
            let values = rule.pattern[field]
                .as_array()
                .into_iter()
                .flatten()
                .filter(|value| value.is_string() || value.is_object());
            for value in values.filter(|value| !is_live(context, rule, field, value)) {
                let problem = format!("no published event matches the rule of {} by its {field} {value}", rule.job);
                let advice = format!("remove {value}, or correct it");
                let file = Repository::template_file(&service.name);
                let subject = format!("{}/{}", service.name, rule.job);
                findings.push(Finding::new(&subject, file, problem, advice).at(&rule.pointer));
            }
        }
    }
    findings
}

fn is_live(context: &Context<'_>, rule: &Rule, field: &str, value: &Value) -> bool {
    let mut alone = rule.pattern.clone();
    alone[field] = json!([value]);
    // The check `rule-pattern-valid` reports what EventBridge refuses.
    let Ok(pattern) = Pattern::parse(&alone.to_string()) else { return true };
    context.repository.published().any(|(name, _)| satisfying(context, &pattern, name).is_some())
}

/// Two rules that give one event to one job: it would run twice, each time with its own retries.
pub(super) fn delivers_once(context: &Context<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for service in context.repository.services.values() {
        for (at, rule) in service.rules.iter().enumerate() {
            let others = service.rules[..at].iter().filter(|other| other.job == rule.job);
            let Some((name, other, event)) = others.into_iter().find_map(|other| given_twice(context, rule, other))
            else {
                continue;
            };
            let problem =
                format!("{} gets {name} twice: the rule at {} gives it the same event", rule.job, other.pointer);
            let file = Repository::template_file(&service.name);
            let subject = format!("{}/{}", service.name, rule.job);
            let advice = "remove one of the two rules, or narrow it";
            findings.push(Finding::new(&subject, file, problem, advice).at(&rule.pointer).shown_by(event));
        }
    }
    findings
}

fn given_twice<'a>(context: &Context<'a>, rule: &Rule, other: &'a Rule) -> Option<(&'a EventName, &'a Rule, Value)> {
    let [first, second] = [rule, other].map(|rule| Pattern::parse(&rule.pattern.to_string()).ok());
    let (first, second) = (first?, second?);
    context.repository.published().map(|(name, _)| name).find_map(|name| {
        let shared = |pattern: &Pattern, narrower: &Pattern| {
            satisfying(context, pattern, name).filter(|event| narrower.matches(event))
        };
        let event = shared(&first, &second).or_else(|| shared(&second, &first))?;
        Some((name, other, event["detail"].clone()))
    })
}

fn selects(rule: &Rule, name: &EventName) -> bool {
    rule.selects(&name.source(), &name.detail_type())
}

/// Checks every rule; `wrong` returns the problem and the advice.
fn each(context: &Context<'_>, wrong: impl Fn(&Service, &Rule) -> Option<(String, String)>) -> Vec<Finding> {
    context
        .repository
        .rules()
        .filter_map(|(service, rule)| {
            let (problem, advice) = wrong(service, rule)?;
            let file = Repository::template_file(&service.name);
            Some(Finding::new(&format!("{}/{}", service.name, rule.job), file, problem, advice).at(&rule.pointer))
        })
        .collect()
}
