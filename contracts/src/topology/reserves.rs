//! A reserved concurrency that an environment may do without.

use serde_json::{Value, json};

/// The setting of a function.
const SETTING: &str = "ReservedConcurrentExecutions";

/// What a parameter must allow alone: every 0 is then written `0`, as the condition expects it.
const PATTERN: &str = "^(0|[1-9][0-9]{0,3})$";

/// The settings of a function without a reserved concurrency that is a parameter, if no value of the parameter can stop
/// the function: 0 reserves none.
///
/// An account in which ten functions may run at a time can reserve none for any of them.
/// <https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html>
pub(super) fn without_optional(template: &Value, mut function: Value) -> Value {
    if is_optional(template, &function[SETTING])
        && let Some(settings) = function.as_object_mut()
    {
        settings.remove(SETTING);
    }
    function
}

fn is_optional(template: &Value, reserved: &Value) -> bool {
    let (condition, parameter) = (&reserved["Fn::If"][0], &reserved["Fn::If"][1]["Ref"]);
    let (Some(condition), Some(parameter)) = (condition.as_str(), parameter.as_str()) else { return false };
    let declared = &template["Parameters"][parameter];
    let form = json!({"Fn::If": [condition, {"Ref": parameter}, {"Ref": "AWS::NoValue"}]});
    let is_not_zero = json!({"Fn::Not": [{"Fn::Equals": [{"Ref": parameter}, "0"]}]});
    *reserved == form
        && template["Conditions"][condition] == is_not_zero
        && declared["Type"] == "String"
        && declared["AllowedPattern"] == PATTERN
}

#[cfg(test)]
mod tests {
    use super::*;

    fn template() -> Value {
        json!({
            "Parameters": {"Executions": {"Type": "String", "Default": "2", "AllowedPattern": PATTERN}},
            "Conditions": {"Reserves": {"Fn::Not": [{"Fn::Equals": [{"Ref": "Executions"}, "0"]}]}},
        })
    }

    fn reserved() -> Value {
        json!({SETTING: {"Fn::If": ["Reserves", {"Ref": "Executions"}, {"Ref": "AWS::NoValue"}]}, "Handler": "a"})
    }

    #[test]
    fn a_parameter_that_can_stop_no_function_is_no_reservation() {
        assert_eq!(without_optional(&template(), reserved()), json!({"Handler": "a"}));
    }

    #[test]
    fn any_other_form_stays() {
        for (pointer, value) in [
            ("/Parameters/Executions/Type", json!("Number")),
            ("/Parameters/Executions/AllowedPattern", json!("[0-9]+")),
            ("/Parameters/Executions/AllowedPattern", json!(null)),
            ("/Conditions/Reserves", json!({"Fn::Equals": [{"Ref": "Executions"}, "0"]})),
            ("/Conditions/Reserves/Fn::Not/0/Fn::Equals/0/Ref", json!("Other")),
            ("/Conditions/Reserves/Fn::Not/0/Fn::Equals/1", json!("1")),
        ] {
            let mut changed = template();
            *changed.pointer_mut(pointer).unwrap() = value;
            assert_eq!(without_optional(&changed, reserved()), reserved(), "{pointer}");
        }
        for (index, value) in [(1, json!({"Ref": "Other"})), (1, json!(0)), (2, json!(0)), (0, json!("OnAws"))] {
            let mut changed = reserved();
            changed[SETTING]["Fn::If"][index] = value;
            assert_eq!(without_optional(&template(), changed.clone()), changed);
        }
        assert_eq!(without_optional(&template(), json!({SETTING: 0})), json!({SETTING: 0}));
    }
}
