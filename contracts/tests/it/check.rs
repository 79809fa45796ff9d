//! The checks hold on this repository, and what can still reach a subscriber is read.

#![allow(clippy::unwrap_used, reason = "parts of tests: they fail by panicking")]

use std::collections::BTreeSet;

use contracts::code::CodeSchemas;
use contracts::proofs::Proofs;
use contracts::repository::tree::Tree;
use contracts::repository::{EventName, Repository};
use contracts::{check, deploy, diff, versions, window};
use serde_json::{Value, json};

use crate::repository::{Subject, code, describe, here, today, tree};
use crate::templates::{
    add_resource, add_statement, edit, edit_events, edit_pattern, edit_publishing_resource, edit_rule, edit_statement,
};

thread_local! {
    /// Most proofs are the same for every change that one test makes.
    static PROOFS: Proofs = Proofs::default();
}

/// The checks that fail, with their messages.
fn failures(tree: Tree) -> Vec<(&'static str, String)> {
    let checked = PROOFS.with(|proofs| check::run_with(&Repository::new(tree, None), today(), proofs));
    check::failures(&checked).map(|(rule, finding)| (rule, describe(rule, finding))).collect()
}

fn failures_after(change: impl FnOnce(&mut Tree) -> bool) -> Vec<(&'static str, String)> {
    let mut tree = tree();
    assert!(change(&mut tree), "there is nothing to change");
    failures(tree)
}

fn assert_reported(failures: &[(&'static str, String)], rule: &str, word: &str) {
    let is_it = |(found, message): &(&str, String)| *found == rule && message.contains(word);
    assert!(failures.iter().any(is_it), "{rule} {word}: {failures:#?}");
}

#[test]
fn a_permission_that_is_not_understood_is_reported() {
    let service = &*Subject::find().name.service;
    let statement = |statement: Value| failures_after(|tree| add_statement(tree, service, statement));
    let condition = |condition: Value| {
        failures_after(|tree| edit_statement(tree, service, |statement| statement["Condition"] = condition))
    };
    let resource = |kind: &str, properties: Value| {
        failures_after(|tree| add_resource(tree, service, json!({"Type": kind, "Properties": properties})))
    };
    let publishing = |name: &str, value: Value| {
        failures_after(|tree| edit_publishing_resource(tree, service, |resource| resource[name] = value))
    };
    let document = json!({"Statement": [{"Effect": "Allow", "Action": "events:PutEvents", "Resource": "*"}]});
    let own = format!("busline.{service}");
    let changes = [
        (statement(json!({"Effect": "Deny", "Action": "events:*", "Resource": "*"})), "Effect"),
        (statement(json!({"Effect": "Deny", "Action": "Events:pute*", "Resource": "*"})), "Effect"),
        (statement(json!({"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"})), "NotAction"),
        (statement(json!({"Effect": "Allow", "Action": "events:Put*", "NotResource": "x"})), "NotResource"),
        (statement(json!({"Fn::If": ["X", {"Effect": "Allow", "Action": "*"}, {"Ref": "AWS::NoValue"}]})), "Fn::If"),
        (condition(json!({"StringEquals": {"events:source": own, "aws:SourceVpc": "vpc-1"}})), "aws:SourceVpc"),
        (condition(json!({"StringEquals": {"events:source": own}, "StringLike": {"events:source": "x*"}})), "two"),
        (condition(json!({"StringNotEquals": {"events:source": "busline.other"}})), "StringNotEquals"),
        (condition(json!({"ForAllValues:StringEquals": {"events:source": own}})), "ForAllValues"),
        (condition(json!({"StringEquals": {"events:source": {"Fn::Sub": "busline.${Env}"}}})), "Fn::Sub"),
        (resource("AWS::IAM::Policy", json!({"PolicyDocument": document})), "AWS::IAM::Policy"),
        (resource("AWS::IAM::ManagedPolicy", json!({"PolicyDocument": document})), "AWS::IAM::ManagedPolicy"),
        (
            resource("AWS::IAM::Role", json!({"ManagedPolicyArns": ["arn:aws:iam::aws:policy/Any"]})),
            "ManagedPolicyArns",
        ),
        (publishing("PermissionsBoundary", json!("arn:aws:iam::aws:policy/Any")), "PermissionsBoundary"),
        (
            resource("AWS::Serverless::Function", json!({"Policies": [{"EventBridgePutEventsPolicy": {}}]})),
            "EventBridgePutEventsPolicy",
        ),
        (resource("AWS::Serverless::Function", json!({"Role": {"Fn::Sub": "${Other.Arn}"}})), "Fn::Sub"),
    ];
    for (failures, word) in changes {
        assert_reported(&failures, "permission-understood", word);
        assert!(failures[0].1.contains("not understood: ") && failures[0].1.contains("write it as "), "{failures:?}");
    }
}

#[test]
fn action_names_ignore_case_and_may_have_wildcards() {
    let service = &*Subject::find().name.service;
    for action in [
        json!("events:putevents"),
        json!("EVENTS:PutEvents"),
        json!("events:Put*"),
        json!(["logs:PutLogEvents", "events:*"]),
    ] {
        let failures =
            failures_after(|tree| edit_statement(tree, service, |statement| statement["Action"] = action.clone()));
        assert!(failures.is_empty(), "{action}: {failures:#?}");
    }
    let wider = json!({"Effect": "Allow", "Action": "Events:put*", "Resource": {"Ref": "BusArn"}});
    let failures = failures_after(|tree| add_statement(tree, service, wider));
    assert_reported(&failures, "publisher-speaks-for-itself", "any source");
}

#[test]
fn a_permission_for_other_services_may_have_any_form() {
    let service = &*Subject::find().name.service;
    let other = json!({"Effect": "Deny", "Action": "dynamodb:*", "Resource": "*", "Condition": {"Bool": {"x": true}}});
    let failures = failures_after(|tree| add_statement(tree, service, other));
    assert!(failures.is_empty(), "{failures:#?}");
}

#[test]
fn a_rule_that_may_not_deliver_is_reported() {
    let Subject { name, reader, .. } = Subject::find();
    let rule = |change: &dyn Fn(&mut Value)| failures_after(|tree| edit_rule(tree, &name, change));
    let pattern = |change: &dyn Fn(&mut Value)| failures_after(|tree| edit_pattern(tree, &name, change));
    let queue = json!({"Id": "q", "Arn": {"Fn::GetAtt": "Dlq.Arn"}});
    let values = json!({"source": [name.source()], "detail-type": [name.detail_type()]});
    let to_queue = json!({"Type": "AWS::Events::Rule", "Properties": {"EventPattern": values, "Targets": [queue]}});
    let changes = [
        (rule(&|rule| rule["State"] = json!("disabled")), "rule-enabled", "may be"),
        (rule(&|rule| rule["State"] = json!({"Fn::If": ["X", "ENABLED", "DISABLED"]})), "rule-enabled", "may be"),
        (
            pattern(&|pattern| pattern["detail-type"].as_array_mut().unwrap().push(json!("Never.v1"))),
            "rule-alternatives-live",
            "\"Never.v1\"",
        ),
        (
            pattern(&|pattern| pattern["source"].as_array_mut().unwrap().push(json!("busline.never"))),
            "rule-alternatives-live",
            "\"busline.never\"",
        ),
        (
            pattern(&|pattern| pattern["source"].as_array_mut().unwrap().push(json!({"prefix": "busline.never"}))),
            "rule-alternatives-live",
            "busline.never",
        ),
        (pattern(&|pattern| pattern["account"] = json!(["abc"])), "rule-looks-at-contract", "`account`"),
        (pattern(&|pattern| pattern["region"] = json!(["eu-central-1"])), "rule-looks-at-contract", "`region`"),
        (
            pattern(&|pattern| pattern["replay-name"] = json!([{"exists": true}])),
            "rule-satisfiable",
            "no published event has: `replay-name`",
        ),
        (
            failures_after(|tree| edit_events(tree, &name, |events, rule| events["Second"] = events[rule].clone())),
            "rule-delivers-once",
            "twice",
        ),
        (failures_after(|tree| add_resource(tree, &reader.service, to_queue)), "rule-understood", "no function"),
        (
            failures_after(|tree| {
                edit(tree, &reader.service, |template| {
                    template["Resources"]["Dlq"]["Condition"] = json!("Never");
                    true
                })
            }),
            "rule-understood",
            "Never",
        ),
        (
            failures_after(|tree| {
                edit(tree, &reader.service, |template| {
                    template["Resources"]["Fn::ForEach::X"] = json!(["A", ["b"], {}]);
                    true
                })
            }),
            "rule-understood",
            "Fn::ForEach",
        ),
    ];
    for (failures, rule, word) in changes {
        assert_reported(&failures, rule, word);
    }
}

#[test]
fn impossible_dates_of_release_and_retirement_are_reported() {
    let name = Subject::find().name;
    let with = |released: Value, retired: Value, hash: Value| {
        let mut tree = tree();
        let mut table: Value = serde_json::from_str(tree.text(versions::FILE).unwrap()).unwrap();
        table[name.to_string()] = json!({"released": released, "retired": retired, "sha256": hash});
        tree.put(versions::FILE, table.to_string());
        failures(tree)
    };
    let hash = versions::hash(&here().schemas[&name]);
    let tomorrow = today().tomorrow().unwrap().to_string();
    for (released, retired, word) in [
        (json!("2026-11-21"), json!("2026-11-20"), "before its release"),
        (json!("2026-11-21"), json!(tomorrow), "after today"),
        (json!(tomorrow), json!(null), "after today"),
        (json!(null), json!(null), "never becomes a draft again"),
    ] {
        assert_reported(&with(released, retired, json!(hash)), "release-dates", word);
    }
    assert_reported(&with(json!(null), json!("2026-11-21"), json!(null)), "release-dates", "is not released");
}

#[test]
fn a_draft_needs_a_reader_and_a_released_event_does_not() {
    let name = Subject::find().name;
    let mut unread = tree();
    for service in here().services.keys() {
        unread.remove(&Repository::template_file(service));
    }
    let of_event = |tree: Tree| {
        failures(tree)
            .into_iter()
            .any(|(rule, message)| rule == "event-has-reader" && message.contains(&format!("no job reads {name}")))
    };
    assert!(!of_event(unread.clone()));
    let mut table: Value = serde_json::from_str(unread.text(versions::FILE).unwrap()).unwrap();
    table[name.to_string()] = json!({"released": null, "retired": null, "sha256": null});
    unread.put(versions::FILE, table.to_string());
    assert!(of_event(unread));
}

#[test]
fn checks_that_were_skipped_are_listed() {
    let checked = check::run(&Repository::new(tree(), None), today());
    let skipped: Vec<&str> = checked.iter().filter(|check| check.skipped.is_some()).map(|check| check.rule).collect();
    assert_eq!(skipped, ["schema-matches-type", "schema-has-type", "detail-type-matches-name", "reader-matches-code"]);
    assert!(check::run(&here(), today()).iter().all(|check| check.skipped.is_none()));
}

#[test]
fn a_comparison_that_was_skipped_refuses_a_deployment() {
    let failures = check::failing(&Repository::new(tree(), None), today(), &Proofs::default());
    assert!(failures.iter().any(|failure| failure.rule == "reader-matches-code"), "{failures:#?}");
    assert!(check::failing(&here(), today(), &Proofs::default()).is_empty());
}

#[test]
fn a_difference_and_a_decision_tell_which_comparison_was_skipped() {
    let (whole, files) = (here(), Repository::new(tree(), None));
    let proofs = Proofs::default();
    let answers = |head: &Repository| {
        let service = head.services.keys().next().unwrap();
        let decision = deploy::decide(head, &deploy::Services::new(), service, today(), &[], &proofs);
        let difference = diff::with_checks(&whole, head, today(), &[], &proofs);
        let texts = [decision.describe(service, "prod"), difference.markdown()];
        texts.into_iter().zip([json!(decision), json!(difference)]).collect::<Vec<_>>()
    };
    let skipped = json!(["schema-matches-type", "schema-has-type", "detail-type-matches-name", "reader-matches-code"]);
    for (text, json) in answers(&files) {
        assert!(text.contains("skipped: schema-matches-type, ") && json["skipped"] == skipped, "{text}\n{json}");
    }
    for (text, json) in answers(&whole) {
        assert!(!text.contains("skipped") && json["skipped"].is_null(), "{text}\n{json}");
    }
}

/// What the check of readers and code reports, when the code of some services gives what a change makes of it.
fn reader_findings(services: Option<&str>, change: impl Fn(&mut CodeSchemas, &Subject)) -> Vec<String> {
    let subject = Subject::find();
    let mut code = CodeSchemas { services: services.map(|name| BTreeSet::from([name.to_owned()])), ..code() };
    change(&mut code, &subject);
    let checked = check::run(&Repository::new(tree(), Some(code)), today());
    let found = check::failures(&checked).filter(|(rule, _)| *rule == "reader-matches-code");
    found.map(|(rule, finding)| describe(rule, finding)).collect()
}

/// The code of the subject's reader requires one more field.
fn require_more(code: &mut CodeSchemas, subject: &Subject) {
    let required = &mut code.reads.get_mut(&subject.reader.file).unwrap()["properties"]["data"]["required"];
    required.as_array_mut().unwrap().push(json!("oneMore"));
}

#[test]
fn code_that_reads_more_than_its_file_is_reported_with_the_file_and_the_command() {
    let file = Subject::find().reader.file;
    let found = reader_findings(None, require_more);
    assert!(found.len() == 1 && found[0].contains(&file) && found[0].contains("oneMore"), "{found:#?}");
    assert!(found[0].contains("run `cargo xtask schemas`"), "{found:#?}");
    let found = reader_findings(None, |code, subject| drop(code.reads.remove(&subject.reader.file)));
    assert!(found.len() == 1 && found[0].contains("no code reads this event"), "{found:#?}");
    let found =
        reader_findings(None, |code, _| drop(code.reads.insert("services/a/reads/b/C.v1.json".into(), json!({}))));
    assert!(found.len() == 1 && found[0].contains("the file is missing"), "{found:#?}");
}

#[test]
fn the_code_of_one_service_is_not_compared_when_another_is_deployed() {
    let Subject { name, reader, .. } = Subject::find();
    assert_eq!(reader_findings(Some(&reader.service), require_more).len(), 1);
    // What was not asked for is not among what the code gives.
    let found = reader_findings(Some(&name.service), |code, _| {
        code.reads.retain(|path, _| path.starts_with(&format!("services/{}/", name.service)));
    });
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn a_job_without_its_line_in_the_program_is_reported() {
    let Subject { reader, .. } = Subject::find();
    let file = format!("services/{}/src/main.rs", reader.service);
    let line = format!("\"{}\" =>", reader.job);
    let renamed = |tree: &mut Tree| {
        let text = tree.text(&file).unwrap().replace(&line, "\"forgotten\" =>");
        tree.put(&file, text);
        true
    };
    let failures = failures_after(renamed);
    assert_reported(&failures, "job-in-program", &format!("has the Handler {}", reader.job));
    assert_reported(&failures, "job-in-program", "the program has the job forgotten");
}

#[test]
fn a_service_without_its_template_is_reported() {
    let file = Repository::template_file(&Subject::find().reader.service);
    let failures = failures_after(|tree| tree.remove(&file).is_some());
    assert_reported(&failures, "reader-has-rule", &format!("there is no {file}"));
}

#[test]
fn a_template_without_its_included_file_is_reported_by_name() {
    let service = Subject::find().reader.service;
    let failures = failures_after(|tree| {
        edit(tree, &service, |template| {
            let parameters = json!({"Location": "../../infra/no-such-file.yaml"});
            template["Resources"]["Fn::Transform"] = json!({"Name": "AWS::Include", "Parameters": parameters});
            true
        })
    });
    assert_reported(&failures, "files-readable", "includes infra/no-such-file.yaml, which cannot be read");
}

#[test]
fn a_version_has_one_spelling() {
    for name in ["a/Created/v01", "a/Created/v+1", "a/Created/v0", "/Created/v1"] {
        assert!(EventName::parse(name).is_none(), "{name}");
    }
    let mut tree = tree();
    tree.put("events/schemas/a/Created/v01.json", "{}");
    assert_reported(&failures(tree), "files-readable", "v01.json");
}

#[test]
fn every_check_holds_on_this_repository() {
    // A version may be released today.
    let checked = check::run(&here(), today().max(jiff::Zoned::now().date()));
    let failures: Vec<String> = check::failures(&checked).map(|(rule, finding)| describe(rule, finding)).collect();
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
    assert!(checked.len() >= 30);
}

#[test]
fn every_subscriber_reads_what_can_reach_it() {
    let rows = window::rows(&here(), today());
    let unread: Vec<_> = rows.iter().filter(|row| !row.passes()).collect();
    assert!(unread.is_empty(), "{unread:#?}");
    let Subject { name, reader, .. } = Subject::find();
    let row = rows.iter().find(|row| row.event == name.to_string() && row.service == reader.service).unwrap();
    assert!(row.jobs.contains(&reader.job), "{row:?}");
}
