//! The rules of a template.

use serde_json::{Map, Value, json};

use super::template::{self, entries, one_or_many, resource_name};
use super::{Rule, State, Unclear};
use crate::pattern::Pattern;

const REWRITES: [&str; 3] = ["Input", "InputPath", "InputTransformer"];

/// The rules that a function declares as its events.
pub(super) fn of_function(logical: &str, function: &Value) -> Vec<Rule> {
    let job = template::job(function).unwrap_or_default();
    entries(&function["Events"])
        .filter(|(_, event)| matches!(event["Type"].as_str(), Some("EventBridgeRule" | "CloudWatchEvent")))
        .map(|(name, event)| {
            let properties = &event["Properties"];
            Rule {
                pointer: format!("/Resources/{logical}/Properties/Events/{name}"),
                job: job.clone(),
                pattern: properties["Pattern"].clone(),
                bus: properties["EventBusName"].clone(),
                state: state(&properties["State"]),
                rewrites: rewrites(properties),
                dead_letters: properties.get("DeadLetterConfig").cloned(),
            }
        })
        .collect()
}

/// The rules of a rule resource, one a target that is a function of the template.
pub(super) fn of_rule(logical: &str, rule: &Value, resources: &Value) -> Vec<Rule> {
    one_or_many(&rule["Targets"])
        .iter()
        .filter_map(|target| {
            let function = &resources[resource_name(&target["Arn"])?];
            Some(Rule {
                pointer: format!("/Resources/{logical}"),
                job: template::job(&function["Properties"])?,
                pattern: rule["EventPattern"].clone(),
                bus: rule["EventBusName"].clone(),
                state: state(&rule["State"]),
                rewrites: rewrites(target),
                dead_letters: target.get("DeadLetterConfig").cloned(),
            })
        })
        .collect()
}

/// The targets of a rule that are no function of the template: what they do with an event, nobody checks.
pub(super) fn without_job(logical: &str, rule: &Value, resources: &Value) -> Vec<Unclear> {
    let job = |target: &Value| template::job(&resources[resource_name(&target["Arn"])?]["Properties"]);
    let targets = one_or_many(&rule["Targets"]);
    let strange = targets.iter().enumerate().filter(|(_, target)| job(target).is_none()).map(|(at, target)| Unclear {
        pointer: format!("/Resources/{logical}/Properties/Targets/{at}"),
        what: format!("the target {}, which is no function of this template", target["Arn"]),
        write: "!GetAtt of a function's Arn, which names its job in Handler".to_owned(),
    });
    let none = targets.is_empty().then(|| Unclear {
        pointer: format!("/Resources/{logical}"),
        what: "a rule without a target".to_owned(),
        write: "the rule as an event of its function".to_owned(),
    });
    strange.chain(none).collect()
}

fn state(value: &Value) -> State {
    if value.is_null() || value == "ENABLED" { State::Enabled } else { State::Disabled }
}

fn rewrites(target: &Value) -> Vec<String> {
    REWRITES.iter().filter(|name| target.get(**name).is_some()).map(|name| (*name).to_owned()).collect()
}

/// Whether the part of a pattern that looks at the two names lets them through; an invalid one lets nothing.
pub(super) fn selects(pattern: &Value, source: &str, detail_type: &str) -> bool {
    let names = |field: &&str| pattern.get(*field).map(|values| ((*field).to_owned(), values.clone()));
    let part: Map<_, _> = ["source", "detail-type"].iter().filter_map(names).collect();
    let event = json!({"source": source, "detail-type": detail_type});
    part.is_empty() || Pattern::parse(&Value::Object(part).to_string()).is_ok_and(|pattern| pattern.matches(&event))
}

#[cfg(test)]
mod tests {
    use crate::topology::{Service, State};

    const TEMPLATE: &str = r"
Resources:
  Fn:
    Type: AWS::Serverless::Function
    Properties:
      Handler: todo-created
      Events:
        Rule:
          Type: EventBridgeRule
          Properties:
            EventBusName: !Ref BusName
            Pattern: {source: [busline.todos], detail-type: [TodoCreated.v1], detail: {data: {priority: [high]}}}
  Plain:
    Type: AWS::Events::Rule
    Properties:
      State: DISABLED
      EventPattern: {source: [busline.users]}
      Targets: [{Arn: !GetAtt Fn.Arn, Id: one, InputPath: $.detail}]
";

    #[test]
    fn rules_of_both_kinds_are_read_whole() {
        let rules = Service::parse("x", TEMPLATE).unwrap().rules;
        let [plain, inline] = [&rules[1], &rules[0]];
        assert_eq!(inline.pattern["detail"]["data"]["priority"][0], "high");
        assert_eq!((&*inline.job, inline.bus["Ref"].as_str()), ("todo-created", Some("BusName")));
        assert_eq!((&*plain.job, plain.state, &*plain.rewrites[0]), ("todo-created", State::Disabled, "InputPath"));
    }

    #[test]
    fn a_rule_selects_by_source_and_detail_type() {
        let rule = &Service::parse("x", TEMPLATE).unwrap().rules[0];
        assert!(rule.selects("busline.todos", "TodoCreated.v1"));
        assert!(!rule.selects("busline.todos", "TodoCreated.v2"));
        assert!(!rule.selects("busline.users", "TodoCreated.v1"));
    }
}
