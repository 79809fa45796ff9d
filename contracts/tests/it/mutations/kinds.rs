//! The kinds of change.

#![allow(clippy::unwrap_used, reason = "parts of tests: they fail by panicking")]

use serde_json::{Value, json};

use super::Kind;
use super::changes::{
    Selection, add, data, duplicate_rule, everywhere, in_example, in_read_code, in_reader, in_released, in_schema,
    in_text, in_type, in_versions, is_released, loosen, name_another_schema, open, reader_file, regenerated, relax,
    relax_field, remove, remove_value, rename, rename_field, retired, retype, retype_field, second_publisher,
    selections, set, shorten, to_queue, typed, unbuilt, without_examples, without_type,
};
use crate::templates::{
    add_resource, add_statement, edit_events, edit_pattern, edit_publishing_resource, edit_rule, edit_statement,
    share_publishing_role,
};

/// Changes of types, schemas, releases, rules, readers and permissions, each with the check that must catch it.
pub(super) const KINDS: [Kind; 66] = [
    ("type: a field is renamed", "schema-matches-type", |g, n| in_type(g, n, |schema| rename(data(schema)))),
    ("type: a field is removed", "schema-matches-type", |g, n| in_type(g, n, |schema| remove(data(schema)))),
    ("type: a field has another type", "schema-matches-type", |g, n| in_type(g, n, |schema| retype(data(schema)))),
    ("type: a field no longer has a bound", "schema-matches-type", |g, n| in_type(g, n, |schema| loosen(data(schema)))),
    ("type: a field is added", "schema-matches-type", |g, n| in_type(g, n, |schema| add(data(schema), "optional"))),
    ("type: a field is no longer required", "schema-matches-type", |g, n| in_type(g, n, |schema| relax(data(schema)))),
    ("type: a field of the envelope is removed", "schema-matches-type", |g, n| {
        in_type(g, n, |schema| remove(&mut schema["properties"]["metadata"]))
    }),
    ("type: it is sent with another detail-type", "detail-type-matches-name", |g, n| {
        typed(g, n, |typed| typed.detail_type.push('0'))
    }),
    ("type: it is sent with another source", "detail-type-matches-name", |g, n| {
        typed(g, n, |typed| typed.source.push('s'))
    }),
    ("type: it is removed", "schema-has-type", |g, n| without_type(g, n)),
    ("schema: a field is renamed", "released-schema-frozen", |g, n| in_released(g, n, rename)),
    ("schema: a field is no longer required", "released-schema-frozen", |g, n| in_released(g, n, relax)),
    ("schema: a field no longer has a bound", "schema-matches-type", |g, n| {
        in_schema(g, n, |schema| loosen(data(schema)))
    }),
    ("schema: it allows fields that it does not name", "schema-closed", |g, n| {
        in_schema(g, n, |schema| open(data(schema)))
    }),
    ("schema: it carries another name", "schema-names-itself", |g, n| in_schema(g, n, name_another_schema)),
    ("schema: it is not a JSON Schema", "schema-valid", |g, n| {
        in_schema(g, n, |schema| set(schema, "type", json!("objekt")))
    }),
    ("schema: it is not JSON", "files-readable", |g, n| in_text(g, &n.schema_file(), |text| text.replacen(':', "", 1))),
    ("schema: the file is removed", "schema-matches-type", |g, n| g.tree.remove(&n.schema_file()).is_some()),
    ("schema: a field is renamed in type, file and release", "reader-reads-publisher", |g, n| {
        everywhere(g, n, rename_field)
    }),
    ("schema: a field is optional in type, file and release", "reader-reads-publisher", |g, n| {
        everywhere(g, n, relax_field)
    }),
    ("schema: a field has another type in type, file and release", "reader-reads-publisher", |g, n| {
        everywhere(g, n, retype_field)
    }),
    ("release: the version is not listed", "version-listed", |g, n| {
        in_versions(g, |versions| versions.as_object_mut().unwrap().remove(&n.to_string()).is_some())
    }),
    ("release: the version is retired while a rule selects only it", "rule-satisfiable", |g, n| {
        selections(g, n).contains(&Selection::Only) && retired(g, n)
    }),
    ("release: the version is retired while rules select it among others", "rule-alternatives-live", |g, n| {
        selections(g, n) == [Selection::AmongOthers] && retired(g, n)
    }),
    ("release: the hash is another one", "released-schema-frozen", |g, n| {
        is_released(g, n)
            && in_versions(g, |versions| set(&mut versions[n.to_string()], "sha256", json!("0".repeat(64))))
    }),
    ("rule: another source", "rule-satisfiable", |g, n| {
        edit_pattern(&mut g.tree, n, |pattern| pattern["source"] = json!([format!("buslime.{}", n.service)]))
    }),
    ("rule: another version", "rule-satisfiable", |g, n| {
        edit_pattern(&mut g.tree, n, |pattern| pattern["detail-type"] = json!([format!("{}.v9", n.event)]))
    }),
    ("rule: any detail-type of the source", "rule-names-event", |g, n| {
        edit_pattern(&mut g.tree, n, |pattern| drop(pattern.as_object_mut().unwrap().remove("detail-type")))
    }),
    ("rule: a prefix instead of the detail-type", "rule-names-event", |g, n| {
        edit_pattern(&mut g.tree, n, |pattern| pattern["detail-type"] = json!([{"prefix": n.event}]))
    }),
    ("rule: a prefix that other systems share", "rule-names-event", |g, n| {
        edit_pattern(&mut g.tree, n, |pattern| pattern["source"] = json!([{"prefix": "bus"}]))
    }),
    ("rule: a filter that no event passes", "rule-satisfiable", |g, n| {
        edit_pattern(&mut g.tree, n, |pattern| pattern["detail"] = json!({"metadata": {"producer": [1]}}))
    }),
    ("rule: a pattern that EventBridge refuses", "rule-pattern-valid", |g, n| {
        edit_pattern(&mut g.tree, n, |pattern| pattern["detail"] = json!({"data": {"title": [{"prefixed": "x"}]}}))
    }),
    ("rule: a pattern that is too long", "rule-pattern-size", |g, n| {
        let filter = json!({"data": {"title": [{"anything-but": "x".repeat(2_100)}]}});
        edit_pattern(&mut g.tree, n, |pattern| pattern["detail"] = filter)
    }),
    ("rule: it is removed", "reader-has-rule", |g, n| {
        edit_events(&mut g.tree, n, |events, rule| drop(events.as_object_mut().unwrap().remove(rule)))
    }),
    ("rule: it listens at another bus", "rule-on-our-bus", |g, n| {
        edit_rule(&mut g.tree, n, |rule| rule["EventBusName"] = json!("default"))
    }),
    ("rule: it is switched off", "rule-enabled", |g, n| {
        edit_rule(&mut g.tree, n, |rule| rule["State"] = json!("DISABLED"))
    }),
    ("rule: it gives the job a part of the event", "rule-delivers-whole-event", |g, n| {
        edit_rule(&mut g.tree, n, |rule| rule["InputPath"] = json!("$.detail"))
    }),
    ("rule: events that it cannot deliver are lost", "rule-has-dead-letters", |g, n| {
        edit_rule(&mut g.tree, n, |rule| drop(rule.as_object_mut().unwrap().remove("DeadLetterConfig")))
    }),
    (
        "rule: any publisher, and one of them leaves out a field that is read",
        "reader-reads-publisher",
        second_publisher,
    ),
    ("reader: it demands a field that no service sends", "reader-reads-publisher", |g, n| {
        in_reader(g, n, |schema| add(data(schema), "required"))
    }),
    ("reader: it takes shorter texts than are sent", "reader-reads-publisher", |g, n| {
        in_reader(g, n, |schema| shorten(data(schema)))
    }),
    ("reader: its file demands less than its code", "reader-matches-code", |g, n| {
        in_reader(g, n, |schema| relax(data(schema))) && regenerated(g)
    }),
    ("reader: its code demands more than its file", "reader-matches-code", |g, n| {
        in_read_code(g, n, |schema| add(data(schema), "required"))
    }),
    ("reader: its file has other words than its code", "reader-matches-code", |g, n| {
        in_reader(g, n, |schema| set(schema, "title", json!("other words"))) && regenerated(g)
    }),
    ("reader: it is removed", "rule-has-reader", |g, n| {
        reader_file(g, n).is_some_and(|file| g.tree.remove(&file).is_some())
    }),
    ("permission: it is removed", "publisher-may-publish", |g, n| {
        edit_statement(&mut g.tree, &n.service, |statement| statement["Action"] = json!("events:DescribeRule"))
    }),
    ("permission: for another service's source", "publisher-speaks-for-itself", |g, n| {
        edit_statement(&mut g.tree, &n.service, |statement| {
            statement["Condition"]["StringEquals"]["events:source"] = json!("busline.other");
        })
    }),
    ("permission: for any source", "publisher-speaks-for-itself", |g, n| {
        edit_statement(&mut g.tree, &n.service, |statement| {
            statement.as_object_mut().unwrap().remove("Condition");
        })
    }),
    ("permission: for other detail types alone", "publisher-may-publish", |g, n| {
        edit_statement(&mut g.tree, &n.service, |statement| {
            statement["Condition"]["StringEquals"]["events:detail-type"] = json!("Other.v1");
        })
    }),
    ("permission: for an HTTP function too", "publisher-is-the-outbox", |g, n| {
        share_publishing_role(&mut g.tree, &n.service)
    }),
    ("permission: on every bus", "publisher-names-our-bus", |g, n| {
        edit_statement(&mut g.tree, &n.service, |statement| statement["Resource"] = json!("*"))
    }),
    ("permission: it is denied as well", "permission-understood", |g, n| {
        add_statement(&mut g.tree, &n.service, json!({"Effect": "Deny", "Action": "events:*", "Resource": "*"}))
    }),
    ("permission: all but some actions", "permission-understood", |g, n| {
        add_statement(&mut g.tree, &n.service, json!({"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}))
    }),
    ("permission: a wildcard, in another case", "publisher-speaks-for-itself", |g, n| {
        let statement = json!({"Effect": "Allow", "Action": "EVENTS:put*", "Resource": {"Ref": "BusArn"}});
        add_statement(&mut g.tree, &n.service, statement)
    }),
    ("permission: on a condition that contracts do not know", "permission-understood", |g, n| {
        edit_statement(&mut g.tree, &n.service, |statement| {
            statement["Condition"]["StringEquals"]["aws:SourceVpc"] = json!("vpc-1");
        })
    }),
    ("permission: in a separate policy", "permission-understood", |g, n| {
        let document = json!({"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]});
        let policy = json!({"Type": "AWS::IAM::Policy", "Properties": {"PolicyDocument": document}});
        add_resource(&mut g.tree, &n.service, policy)
    }),
    ("permission: in a managed policy", "permission-understood", |g, n| {
        edit_publishing_resource(&mut g.tree, &n.service, |resource| {
            let is_role = resource["Handler"].is_null();
            let arn = json!("arn:aws:iam::aws:policy/Any");
            if is_role {
                resource["ManagedPolicyArns"] = json!([arn]);
            } else {
                resource["Policies"].as_array_mut().unwrap().push(arn);
            }
        })
    }),
    ("permission: a boundary that contracts do not know", "permission-understood", |g, n| {
        edit_publishing_resource(&mut g.tree, &n.service, |resource| {
            resource["PermissionsBoundary"] = json!("arn:aws:iam::aws:policy/Any");
        })
    }),
    ("rule: its state is decided elsewhere", "rule-enabled", |g, n| {
        edit_rule(&mut g.tree, n, |rule| rule["State"] = json!({"Fn::If": ["X", "ENABLED", "DISABLED"]}))
    }),
    ("rule: another detail-type that no service sends", "rule-alternatives-live", |g, n| {
        edit_pattern(&mut g.tree, n, |pattern| pattern["detail-type"].as_array_mut().unwrap().push(json!("Never.v1")))
    }),
    ("rule: another source that sends no such event", "rule-alternatives-live", |g, n| {
        edit_pattern(&mut g.tree, n, |pattern| pattern["source"].as_array_mut().unwrap().push(json!("busline.never")))
    }),
    ("rule: of one account alone", "rule-looks-at-contract", |g, n| {
        edit_pattern(&mut g.tree, n, |pattern| pattern["account"] = json!(["abc"]))
    }),
    ("rule: it exists twice", "rule-delivers-once", duplicate_rule),
    ("rule: to a queue", "rule-understood", to_queue),
    ("release: it is retired before its release", "release-dates", |g, n| {
        in_versions(g, |versions| set(&mut versions[n.to_string()], "retired", json!("2026-01-01")))
    }),
    ("release: its date is missing", "release-dates", |g, n| {
        in_versions(g, |versions| set(&mut versions[n.to_string()], "released", Value::Null))
    }),
];

/// Changes of what stands beside them, likewise.
pub(super) const BESIDE: [Kind; 7] = [
    ("example: it is removed", "example-exists", |g, n| without_examples(g, n)),
    ("example: a required field is missing", "example-valid", |g, n| {
        in_example(g, n, |event| remove_value(&mut event["detail"]["data"]))
    }),
    ("example: a value of another type", "example-valid", |g, n| {
        in_example(g, n, |event| set(&mut event["detail"]["metadata"], "sequence", json!("one")))
    }),
    ("example: another event's source", "example-names-event", |g, n| {
        in_example(g, n, |event| set(event, "source", json!("busline.other")))
    }),
    ("example: it is not JSON", "files-readable", |g, n| {
        in_text(g, &n.example_file(), |text| text.replacen(':', "", 1))
    }),
    ("documentation: the catalogue differs", "docs-current", |g, n| {
        in_text(g, "docs/catalog.md", |text| text.replace(&n.event, "Other"))
    }),
    ("code: nothing builds the event", "publisher-builds-event", |g, n| unbuilt(g, n)),
];

/// Changes that no check catches, and why that is right.
pub(super) const HARMLESS: [Kind; 3] = [
    ("rule: a value is listed twice", "EventBridge matches any of them", |g, n| {
        edit_pattern(&mut g.tree, n, |pattern| pattern["source"].as_array_mut().unwrap().push(json!(n.source())))
    }),
    ("example: another valid value", "it stands for the same event", |g, n| {
        in_example(g, n, |event| set(&mut event["detail"]["metadata"], "causationId", json!("another request")))
    }),
    ("permission: its action is a list of one", "it allows the same", |g, n| {
        edit_statement(&mut g.tree, &n.service, |statement| statement["Action"] = json!(["events:PutEvents"]))
    }),
];
