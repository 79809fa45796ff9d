//! The subscribers' rules.

use serde_json::Value;

use super::{Finding, Look};
use crate::pattern::{Pattern, SIZE_QUOTA};
use crate::repository::{EventName, Repository};
use crate::topology::{Rule, Service, State};

/// Where the templates look up our bus, in the environment `local`.
const BUS_NAME: &str = "/busline/local/bus/name";

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
        let problem = || format!("the rule is switched off: {} misses every event", rule.job);
        (rule.state == State::Disabled).then(|| (problem(), "take out State: DISABLED, or the rule".to_owned()))
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
    (problem, format!("its part on `detail` asks for what the schema never allows: {}", rule.pattern["detail"]))
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
