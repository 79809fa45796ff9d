//! The subscribers' rules.

use serde_json::{Value, json};

use super::{Finding, Look, permissions};
use crate::pattern::{Pattern, SIZE_QUOTA};
use crate::repository::{EventName, Repository};
use crate::topology::{Rule, Service, State};

/// Where the templates look up our bus, in the environment `local`.
const BUS_NAME: &str = "/busline/local/bus/name";

/// The fields of a pattern that name events.
const NAMES: [&str; 2] = ["source", "detail-type"];

pub(super) fn pattern_valid(look: &Look<'_>) -> Vec<Finding> {
    each(look, |_, rule| {
        let error = Pattern::parse(&rule.pattern.to_string()).err()?;
        let problem = format!("EventBridge would refuse it: {error}");
        Some((problem, "correct the pattern; the job gets nothing until then".to_owned()))
    })
}

pub(super) fn pattern_size(look: &Look<'_>) -> Vec<Finding> {
    each(look, |_, rule| {
        let size = rule.pattern.to_string().chars().count();
        let problem = || format!("the pattern has {size} characters, EventBridge takes {SIZE_QUOTA}");
        (size > SIZE_QUOTA).then(|| (problem(), "split it into two rules".to_owned()))
    })
}

pub(super) fn names_event(look: &Look<'_>) -> Vec<Finding> {
    each(look, |_, rule| {
        let vague = ["source", "detail-type"].into_iter().find(|field| {
            let values = rule.pattern[*field].as_array();
            !values.is_some_and(|values| !values.is_empty() && values.iter().all(Value::is_string))
        })?;
        let problem = format!(
            "the pattern does not name its {vague} exactly: a new version would reach a job that cannot read it"
        );
        Some((
            problem,
            format!("list the values of {vague}, such as source: [busline.todos], detail-type: [TodoCreated.v1]"),
        ))
    })
}

pub(super) fn our_bus(look: &Look<'_>) -> Vec<Finding> {
    each(look, |service, rule| {
        if service.refers_to(&rule.bus, BUS_NAME) {
            return None;
        }
        let bus = if rule.bus.is_null() { "the account's default bus".to_owned() } else { rule.bus.to_string() };
        Some((
            format!("the rule listens at {bus}, where no event of ours comes"),
            "EventBusName: !Ref BusName".to_owned(),
        ))
    })
}

pub(super) fn enabled(look: &Look<'_>) -> Vec<Finding> {
    each(look, |_, rule| {
        let problem = || format!("the rule is switched off, or may be: {} would miss every event", rule.job);
        (rule.state == State::Disabled)
            .then(|| (problem(), "take out State, or write State: ENABLED; or take out the rule".to_owned()))
    })
}

pub(super) fn understood(look: &Look<'_>) -> Vec<Finding> {
    let services = look.repository.services.values();
    services.flat_map(|service| permissions::unclear(service, &service.unclear_rules)).collect()
}

/// What depends on neither publisher nor schema says nothing that could be checked: it may never match.
pub(super) fn looks_at_contract(look: &Look<'_>) -> Vec<Finding> {
    each(look, |_, rule| {
        let field = strange_field(&rule.pattern)?;
        let problem = format!("the pattern looks at `{field}`, of which no contract says what it is");
        Some((problem, "take it out: a pattern looks at source, detail-type and detail".to_owned()))
    })
}

fn strange_field(pattern: &Value) -> Option<&str> {
    let fields = pattern.as_object().into_iter().flatten();
    fields.into_iter().find_map(|(field, values)| match field.as_str() {
        "source" | "detail-type" | "detail" | "version" | "replay-name" => None,
        "$or" => values.as_array().into_iter().flatten().find_map(strange_field),
        strange => Some(strange),
    })
}

pub(super) fn whole_event(look: &Look<'_>) -> Vec<Finding> {
    each(look, |_, rule| {
        let setting = rule.rewrites.first()?;
        let problem =
            format!("{setting} gives {} something else than the event that its reader is checked for", rule.job);
        Some((problem, format!("take out {setting}: readers read whole events")))
    })
}

pub(super) fn dead_letters(look: &Look<'_>) -> Vec<Finding> {
    each(look, |_, rule| {
        let problem = || "what the rule cannot deliver within a day is lost".to_owned();
        rule.dead_letters.is_none().then(|| (problem(), "DeadLetterConfig: {Arn: !GetAtt Dlq.Arn}".to_owned()))
    })
}

pub(super) fn satisfiable(look: &Look<'_>) -> Vec<Finding> {
    each(look, |_, rule| {
        let pattern = Pattern::parse(&rule.pattern.to_string()).ok()?;
        let names: Vec<&EventName> = look.repository.published().map(|(name, _)| name).collect();
        if names.iter().any(|name| satisfying(look, &pattern, name).is_some()) {
            return None;
        }
        let selected: Vec<String> = names.iter().filter(|name| selects(rule, name)).map(ToString::to_string).collect();
        Some(unsatisfied(rule, &selected, &names))
    })
}

/// An event that a publisher can emit and that a pattern lets through: an example, or one changed so that it matches.
pub(crate) fn satisfying(look: &Look<'_>, pattern: &Pattern, name: &EventName) -> Option<Value> {
    let examples = look.repository.examples.get(name)?;
    let found = examples.iter().map(|example| &example.event).find(|event| pattern.matches(event));
    found.cloned().or_else(|| {
        let candidates = examples.iter().flat_map(|example| pattern.fill(&example.event));
        candidates.into_iter().find(|event| can_be_emitted(look, name, event))
    })
}

fn can_be_emitted(look: &Look<'_>, name: &EventName, event: &Value) -> bool {
    event["source"] == name.source()
        && event["detail-type"] == name.detail_type()
        && event.get("replay-name").is_none()
        && look.valid(name, &event["detail"]).is_ok()
}

fn unsatisfied(rule: &Rule, selected: &[String], published: &[&EventName]) -> (String, String) {
    if selected.is_empty() {
        let wanted = format!("{} / {}", rule.pattern["source"], rule.pattern["detail-type"]);
        let problem = format!("nothing that is published matches the rule of {}: it looks for {wanted}", rule.job);
        let known: Vec<String> =
            published.iter().map(|name| format!("{} / {}", name.source(), name.detail_type())).collect();
        return (problem, format!("published are {}", known.join(", ")));
    }
    let problem = format!("no event that is valid for {} matches the whole pattern", selected.join(" or "));
    let fields = rule.pattern.as_object().into_iter().flatten();
    let beside = fields.filter(|(field, _)| !NAMES.contains(&field.as_str()));
    let asked: Vec<String> = beside.map(|(field, values)| format!("`{field}` {values}")).collect();
    (problem, format!("widen or take out what no published event has: {}", asked.join(", ")))
}

/// Each value of `source` and `detail-type` by itself: a dead one is a job that waits for what nobody sends.
pub(super) fn alternatives(look: &Look<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (service, rule) in look.repository.rules() {
        for field in NAMES {
            let values = rule.pattern[field].as_array().into_iter().flatten().filter(|value| value.is_string());
            for value in values.filter(|value| !is_live(look, rule, field, value)) {
                let problem =
                    format!("no event that somebody publishes matches the rule of {} by its {field} {value}", rule.job);
                let advice = format!("take {value} out, or correct it");
                let file = Repository::template_file(&service.name);
                let subject = format!("{}/{}", service.name, rule.job);
                findings.push(Finding::new(&subject, file, problem, advice).at(&rule.pointer));
            }
        }
    }
    findings
}

fn is_live(look: &Look<'_>, rule: &Rule, field: &str, value: &Value) -> bool {
    let mut alone = rule.pattern.clone();
    alone[field] = json!([value]);
    // What EventBridge refuses is said by the check `rule-pattern-valid`.
    let Ok(pattern) = Pattern::parse(&alone.to_string()) else { return true };
    look.repository.published().any(|(name, _)| satisfying(look, &pattern, name).is_some())
}

/// Two rules that give one event to one job: it would do its work twice, each time with its own retries.
pub(super) fn delivers_once(look: &Look<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for service in look.repository.services.values() {
        for (at, rule) in service.rules.iter().enumerate() {
            let others = service.rules[..at].iter().filter(|other| other.job == rule.job);
            let Some((name, other, event)) = others.into_iter().find_map(|other| given_twice(look, rule, other)) else {
                continue;
            };
            let problem =
                format!("{} gets {name} twice: the rule at {} gives it the same event", rule.job, other.pointer);
            let file = Repository::template_file(&service.name);
            let subject = format!("{}/{}", service.name, rule.job);
            let advice = "take out one of the two rules, or narrow it";
            findings.push(Finding::new(&subject, file, problem, advice).at(&rule.pointer).shown_by(event));
        }
    }
    findings
}

fn given_twice<'a>(look: &Look<'a>, rule: &Rule, other: &'a Rule) -> Option<(&'a EventName, &'a Rule, Value)> {
    let [first, second] = [rule, other].map(|rule| Pattern::parse(&rule.pattern.to_string()).ok());
    let (first, second) = (first?, second?);
    look.repository.published().map(|(name, _)| name).find_map(|name| {
        let shared = |pattern: &Pattern, narrower: &Pattern| {
            satisfying(look, pattern, name).filter(|event| narrower.matches(event))
        };
        let event = shared(&first, &second).or_else(|| shared(&second, &first))?;
        Some((name, other, event["detail"].clone()))
    })
}

fn selects(rule: &Rule, name: &EventName) -> bool {
    rule.selects(&name.source(), &name.detail_type())
}

/// Looks at every rule; gives what is wrong and what would be right.
fn each(look: &Look<'_>, wrong: impl Fn(&Service, &Rule) -> Option<(String, String)>) -> Vec<Finding> {
    look.repository
        .rules()
        .filter_map(|(service, rule)| {
            let (problem, advice) = wrong(service, rule)?;
            let file = Repository::template_file(&service.name);
            Some(Finding::new(&format!("{}/{}", service.name, rule.job), file, problem, advice).at(&rule.pointer))
        })
        .collect()
}
