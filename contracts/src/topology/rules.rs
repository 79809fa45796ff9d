//! The rules of a template.

use serde_json::{Map, Value, json};

use super::properties::{job, resource_name};
use super::{Rule, State, Unclear, silence};
use crate::pattern::Pattern;
use crate::template::one_or_many;

const INPUT_SETTINGS: [&str; 3] = ["Input", "InputPath", "InputTransformer"];

/// The rules that a function declares as its events.
pub(super) fn from_function(logical: &str, function: &Value) -> Vec<Rule> {
    let job = job(function).unwrap_or_default();
    silence::rules(function)
        .map(|(name, event)| {
            let properties = &event["Properties"];
            Rule {
                pointer: format!("/Resources/{logical}/Properties/Events/{name}"),
                job: job.clone(),
                pattern: properties["Pattern"].clone(),
                bus: properties["EventBusName"].clone(),
                state: state(&properties["State"]),
                input_settings: input_settings(properties),
                dead_letter_config: properties.get("DeadLetterConfig").cloned(),
            }
        })
        .collect()
}

/// The rules of a rule resource: one for each target that is a function of the template.
pub(super) fn from_rule(logical: &str, rule: &Value, resources: &Value) -> Vec<Rule> {
    one_or_many(&rule["Targets"])
        .iter()
        .filter_map(|target| {
            let function = &resources[resource_name(&target["Arn"])?];
            Some(Rule {
                pointer: format!("/Resources/{logical}"),
                job: job(&function["Properties"])?,
                pattern: rule["EventPattern"].clone(),
                bus: rule["EventBusName"].clone(),
                state: state(&rule["State"]),
                input_settings: input_settings(target),
                dead_letter_config: target.get("DeadLetterConfig").cloned(),
            })
        })
        .collect()
}

/// The targets of a rule that are no function of the template: nothing checks what they do with an event.
pub(super) fn without_job(logical: &str, rule: &Value, resources: &Value) -> Vec<Unclear> {
    let function = |target: &Value| job(&resources[resource_name(&target["Arn"])?]["Properties"]);
    let targets = one_or_many(&rule["Targets"]);
    let unknown =
        targets.iter().enumerate().filter(|(_, target)| function(target).is_none()).map(|(at, target)| Unclear {
            pointer: format!("/Resources/{logical}/Properties/Targets/{at}"),
            what: format!("the target {}, which is no function of this template", target["Arn"]),
            write: "!GetAtt of a function's Arn, which names its job in Handler".to_owned(),
        });
    let none = targets.is_empty().then(|| Unclear {
        pointer: format!("/Resources/{logical}"),
        what: "a rule without a target".to_owned(),
        write: "the rule as an event of its function".to_owned(),
    });
    unknown.chain(none).collect()
}

fn state(value: &Value) -> State {
    if value.is_null() || value == "ENABLED" { State::Enabled } else { State::Disabled }
}

fn input_settings(target: &Value) -> Vec<String> {
    INPUT_SETTINGS.iter().filter(|name| target.get(**name).is_some()).map(|name| (*name).to_owned()).collect()
}

/// Whether the part of a pattern that concerns the two fields matches them; an invalid pattern matches nothing.
pub(crate) fn selects(pattern: &Value, source: &str, detail_type: &str) -> bool {
    let only = |field: &&str| pattern.get(*field).map(|values| ((*field).to_owned(), values.clone()));
    let part: Map<_, _> = ["source", "detail-type"].iter().filter_map(only).collect();
    let event = json!({"source": source, "detail-type": detail_type});
    part.is_empty() || Pattern::parse(&Value::Object(part).to_string()).is_ok_and(|pattern| pattern.matches(&event))
}

#[cfg(test)]
mod tests {
    use crate::template;
    use crate::topology::{Rule, Service, State};

    const TEMPLATE: &str = r"
Resources:
  Fn:
    Type: AWS::Serverless::Function
    Properties:
      Handler: created
      Events:
        Rule:
          Type: EventBridgeRule
          Properties:
            EventBusName: !Ref BusName
            Pattern: {source: [busline.a], detail-type: [Created.v1], detail: {data: {priority: [high]}}}
  Plain:
    Type: AWS::Events::Rule
    Properties:
      State: DISABLED
      EventPattern: {source: [busline.b]}
      Targets: [{Arn: !GetAtt Fn.Arn, Id: one, InputPath: $.detail}]
";

    fn rules() -> Vec<Rule> {
        Service::from_template("x", &template::parse(TEMPLATE).unwrap()).rules
    }

    #[test]
    fn rules_of_both_kinds_are_read() {
        let rules = rules();
        let [plain, inline] = [&rules[1], &rules[0]];
        assert_eq!(inline.pattern["detail"]["data"]["priority"][0], "high");
        assert_eq!((&*inline.job, inline.bus["Ref"].as_str()), ("created", Some("BusName")));
        assert_eq!((&*plain.job, plain.state, &*plain.input_settings[0]), ("created", State::Disabled, "InputPath"));
    }

    #[test]
    fn a_rule_selects_by_source_and_detail_type() {
        let rule = &rules()[0];
        assert!(rule.selects("busline.a", "Created.v1"));
        assert!(!rule.selects("busline.a", "Created.v2"));
        assert!(!rule.selects("busline.b", "Created.v1"));
    }

    #[test]
    fn a_rule_selects_every_source_with_a_prefix() {
        let pattern = serde_json::json!({"source": [{"prefix": "busline."}], "detail-type": ["Created.v1"]});
        assert!(
            super::selects(&pattern, "busline.a", "Created.v1") && super::selects(&pattern, "busline.b", "Created.v1")
        );
        assert!(!super::selects(&pattern, "aws.s3", "Created.v1"));
    }
}
