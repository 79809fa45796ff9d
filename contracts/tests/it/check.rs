//! The checks hold on this repository, and what can still reach a subscriber is read.

#![allow(clippy::unwrap_used, reason = "parts of tests: they fail by panicking")]

use contracts::repository::tree::Tree;
use contracts::repository::{EventName, Repository};
use contracts::{check, versions, window};
use serde_json::{Value, json};

use crate::repository::{describe, here, today, tree};

const TODOS: &str = "services/todos/template.yaml";
const NOTIFICATIONS: &str = "services/notifications/template.yaml";
const STATEMENT: &str = "              - Effect: Allow\n                Action: events:PutEvents\n";
const CONDITION: &str = "{StringEquals: {events:source: busline.todos}}";
const PATTERN: &str = "Pattern: {source: [busline.todos], detail-type: [TodoCreated.v1]}";

/// The checks that fail, with what they say.
fn said_of(tree: Tree) -> Vec<(&'static str, String)> {
    let checked = check::run(&Repository::of(tree, None), today());
    check::failures(&checked).map(|(rule, finding)| (rule, describe(rule, finding))).collect()
}

fn said_after(path: &str, old: &str, new: &str) -> Vec<(&'static str, String)> {
    let mut tree = tree();
    let text = tree.text(path).unwrap();
    assert!(text.contains(old), "{path} has no {old}");
    let text = text.replacen(old, new, 1);
    tree.put(path, text);
    said_of(tree)
}

fn assert_said(said: &[(&'static str, String)], rule: &str, word: &str) {
    assert!(said.iter().any(|(found, message)| *found == rule && message.contains(word)), "{rule} {word}: {said:#?}");
}

#[test]
fn a_permission_that_is_not_understood_is_reported() {
    let before = |statement: &str| format!("              - {statement}\n{STATEMENT}");
    let condition = |condition: &str| condition.to_owned();
    let resource = |kind: &str, properties: &str| {
        format!("Resources:\n  Extra:\n    Type: {kind}\n    Properties: {{{properties}}}\n")
    };
    let document = "PolicyDocument: {Statement: [{Effect: Allow, Action: 'events:PutEvents', Resource: '*'}]}";
    let changes = [
        (STATEMENT, before("{Effect: Deny, Action: 'events:*', Resource: '*'}"), "Effect"),
        (STATEMENT, before("{Effect: Deny, Action: 'Events:pute*', Resource: '*'}"), "Effect"),
        (STATEMENT, before("{Effect: Allow, NotAction: 'iam:*', Resource: '*'}"), "NotAction"),
        (STATEMENT, before("{Effect: Allow, Action: 'events:Put*', NotResource: x}"), "NotResource"),
        (STATEMENT, before("!If [X, {Effect: Allow, Action: '*', Resource: '*'}, !Ref AWS::NoValue]"), "Fn::If"),
        (CONDITION, condition("{StringEquals: {events:source: busline.todos, aws:SourceVpc: vpc-1}}"), "aws:SourceVpc"),
        (
            CONDITION,
            condition("{StringEquals: {events:source: busline.todos}, StringLike: {events:source: 'x*'}}"),
            "two",
        ),
        (CONDITION, condition("{StringNotEquals: {events:source: busline.users}}"), "StringNotEquals"),
        (CONDITION, condition("{'ForAllValues:StringEquals': {events:source: busline.todos}}"), "ForAllValues"),
        (CONDITION, condition("{StringEquals: {events:source: !Sub 'busline.${Env}'}}"), "Fn::Sub"),
        ("Resources:\n", resource("AWS::IAM::Policy", document), "AWS::IAM::Policy"),
        ("Resources:\n", resource("AWS::IAM::ManagedPolicy", document), "AWS::IAM::ManagedPolicy"),
        (
            "Resources:\n",
            resource("AWS::IAM::Role", "ManagedPolicyArns: [arn:aws:iam::aws:policy/Any]"),
            "ManagedPolicyArns",
        ),
        (
            "      Handler: create-todo\n",
            "      Handler: create-todo\n      Policies: [{EventBridgePutEventsPolicy: {EventBusName: x}}]\n".into(),
            "EventBridgePutEventsPolicy",
        ),
        ("      Role: !GetAtt CreateTodoRole.Arn", "      Role: !Sub '${CreateTodoRole.Arn}'".into(), "Fn::Sub"),
    ];
    for (old, new, word) in changes {
        let said = said_after(TODOS, old, &new);
        assert_said(&said, "permission-understood", word);
        assert!(said[0].1.contains("not understood: ") && said[0].1.contains("write it as "), "{}", said[0].1);
    }
}

#[test]
fn the_name_of_an_action_has_no_case_and_may_have_wildcards() {
    for action in ["events:putevents", "EVENTS:PutEvents", "'events:Put*'", "[logs:PutLogEvents, 'events:*']"] {
        let said = said_after(TODOS, "Action: events:PutEvents", &format!("Action: {action}"));
        assert!(said.is_empty(), "{action}: {said:#?}");
    }
    let wider = STATEMENT
        .replace("events:PutEvents", "'Events:put*'")
        .replace("Action", "Resource: '*'\n                Action");
    assert_said(
        &said_after(TODOS, STATEMENT, &format!("{wider}{STATEMENT}")),
        "publisher-speaks-for-itself",
        "any source",
    );
}

#[test]
fn a_permission_on_other_services_may_be_of_any_form() {
    let other = "              - {Effect: Deny, Action: 'dynamodb:*', Resource: '*', Condition: {Bool: {x: true}}}\n";
    let said = said_after(TODOS, STATEMENT, &format!("{other}{STATEMENT}"));
    assert!(said.is_empty(), "{said:#?}");
}

#[test]
fn a_rule_that_does_not_surely_deliver_is_reported() {
    let in_pattern = |change: &str| PATTERN.replace('}', &format!(", {change}}}"));
    let second_rule = format!(
        "        Second:\n          Type: EventBridgeRule\n          Properties: {{EventBusName: !Ref BusName, {PATTERN}, \
         DeadLetterConfig: {{Arn: !GetAtt Dlq.Arn}}}}\n"
    );
    let to_queue = "Resources:\n  Extra:\n    Type: AWS::Events::Rule\n    Properties: {EventPattern: {source: \
                    [busline.todos], detail-type: [TodoCreated.v1]}, Targets: [{Id: q, Arn: !GetAtt Dlq.Arn}]}\n";
    let handler = "      Handler: todo-created\n";
    let changes = [
        (PATTERN, format!("State: disabled\n            {PATTERN}"), "rule-enabled", "may be"),
        (PATTERN, format!("State: !If [X, ENABLED, DISABLED]\n            {PATTERN}"), "rule-enabled", "may be"),
        (PATTERN, PATTERN.replace("v1]", "v1, TodoNever.v1]"), "rule-alternatives-live", "\"TodoNever.v1\""),
        (PATTERN, PATTERN.replace("todos]", "todos, busline.users]"), "rule-alternatives-live", "\"busline.users\""),
        (PATTERN, in_pattern("account: [abc]"), "rule-looks-at-contract", "`account`"),
        (PATTERN, in_pattern("region: [eu-central-1]"), "rule-looks-at-contract", "`region`"),
        (
            PATTERN,
            in_pattern("replay-name: [{exists: true}]"),
            "rule-satisfiable",
            "take out what no published event has: `replay-name`",
        ),
        (handler, format!("{handler}      Events:\n{second_rule}"), "rule-delivers-once", "twice"),
        ("Resources:\n", to_queue.into(), "rule-understood", "no function"),
        ("  TodoCreatedRole:\n", "  TodoCreatedRole:\n    Condition: Never\n".into(), "rule-understood", "Never"),
        ("Resources:\n", "Resources:\n  'Fn::ForEach::X': [A, [b], {}]\n".into(), "rule-understood", "Fn::ForEach"),
    ];
    for (old, new, rule, word) in changes {
        let new = if rule == "rule-delivers-once" { with_second_rule(&second_rule) } else { said_new(old, &new) };
        assert_said(&said_of(new), rule, word);
    }
}

fn said_new(old: &str, new: &str) -> Tree {
    let mut tree = tree();
    let text = tree.text(NOTIFICATIONS).unwrap();
    assert!(text.contains(old), "no {old}");
    let text = text.replacen(old, new, 1);
    tree.put(NOTIFICATIONS, text);
    tree
}

fn with_second_rule(rule: &str) -> Tree {
    let text = tree().text(NOTIFICATIONS).unwrap().to_owned();
    let (before, after) = text.split_at(text.find(PATTERN).unwrap());
    let at = before.rfind("      Events:\n").unwrap() + "      Events:\n".len();
    let mut tree = tree();
    tree.put(NOTIFICATIONS, format!("{}{rule}{}{after}", &before[..at], &before[at..]));
    tree
}

#[test]
fn days_of_release_and_retirement_that_cannot_be_are_reported() {
    let with = |released: Value, retired: Value, hash: Value| {
        let mut tree = tree();
        let mut table: Value = serde_json::from_str(tree.text(versions::FILE).unwrap()).unwrap();
        table["todos/TodoCompleted/v1"] = json!({"released": released, "retired": retired, "sha256": hash});
        tree.put(versions::FILE, table.to_string());
        said_of(tree)
    };
    let hash = versions::hash(&here().schemas[&EventName::parse("todos/TodoCompleted/v1").unwrap()]);
    for (released, retired, word) in [
        (json!("2026-11-21"), json!("2026-11-20"), "before its release"),
        (json!("2026-11-21"), json!("2026-11-22"), "after today"),
        (json!("2026-11-22"), json!(null), "after today"),
        (json!(null), json!(null), "never a draft again"),
    ] {
        assert_said(&with(released, retired, json!(hash)), "release-dates", word);
    }
    assert_said(&with(json!(null), json!("2026-11-21"), json!(null)), "release-dates", "is not released");
}

#[test]
fn what_was_not_looked_at_is_said() {
    let checked = check::run(&Repository::of(tree(), None), today());
    let skipped: Vec<&str> = checked.iter().filter(|check| check.skipped.is_some()).map(|check| check.rule).collect();
    assert_eq!(skipped, ["schema-matches-type", "schema-has-type", "detail-type-matches-name"]);
    assert!(check::run(&here(), today()).iter().all(|check| check.skipped.is_none()));
}

#[test]
fn a_service_without_its_template_is_missed() {
    let mut tree = tree();
    tree.remove(NOTIFICATIONS);
    assert_said(&said_of(tree), "reader-has-rule", "there is no services/notifications/template.yaml");
}

#[test]
fn a_version_has_one_name() {
    for name in ["todos/TodoCreated/v01", "todos/TodoCreated/v+1", "todos/TodoCreated/v0", "/TodoCreated/v1"] {
        assert!(EventName::parse(name).is_none(), "{name}");
    }
    let mut tree = tree();
    tree.put("events/schemas/todos/TodoCreated/v01.json", "{}");
    assert_said(&said_of(tree), "files-readable", "v01.json");
}

#[test]
fn every_check_holds_on_this_repository() {
    let checked = check::run(&here(), today());
    let failures: Vec<String> = check::failures(&checked).map(|(rule, finding)| describe(rule, finding)).collect();
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
    assert!(checked.len() >= 30);
}

#[test]
fn every_subscriber_reads_what_can_reach_it() {
    let rows = window::of(&here(), today());
    let unread: Vec<_> = rows.iter().filter(|row| !row.holds()).collect();
    assert!(unread.is_empty(), "{unread:#?}");
    let completed = rows.iter().find(|row| row.event == "todos/TodoCompleted/v1").unwrap();
    assert_eq!(completed.jobs, ["push-todos", "todo-completed", "update-agenda"]);
}
