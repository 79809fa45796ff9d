//! The kinds of change.

#![allow(clippy::unwrap_used, reason = "parts of tests: they fail by panicking")]

use serde_json::{Value, json};

use super::Kind;
use super::changes::{
    add, after_pattern, before_pattern, beside_statement, data, doubled, everywhere, in_example, in_pattern,
    in_publisher, in_reader, in_released, in_schema, in_text, in_type, in_versions, is_released, lend_role, loosen,
    misname, open, reader_file, regenerated, relax, relax_field, remove, remove_value, rename, rename_field, retype,
    retype_field, rule, set, shorten, typed, unbuilt, without_examples, without_type,
};

/// Changes of types, schemas, releases, rules, readers and permissions, each with the check that must catch it.
pub(super) const KINDS: [Kind; 59] = [
    ("type: a field is renamed", "schema-matches-type", |g, n| in_type(g, n, |schema| rename(data(schema)))),
    ("type: a field is removed", "schema-matches-type", |g, n| in_type(g, n, |schema| remove(data(schema)))),
    ("type: a field has another type", "schema-matches-type", |g, n| in_type(g, n, |schema| retype(data(schema)))),
    ("type: a field has no bound any longer", "schema-matches-type", |g, n| {
        in_type(g, n, |schema| loosen(data(schema)))
    }),
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
    ("type: it is gone", "schema-has-type", |g, n| without_type(g, n)),
    ("schema: a field is renamed", "released-schema-frozen", |g, n| in_released(g, n, rename)),
    ("schema: a field is no longer required", "released-schema-frozen", |g, n| in_released(g, n, relax)),
    ("schema: a field has no bound any longer", "schema-matches-type", |g, n| {
        in_schema(g, n, |schema| loosen(data(schema)))
    }),
    ("schema: it takes fields that it does not name", "schema-closed", |g, n| {
        in_schema(g, n, |schema| open(data(schema)))
    }),
    ("schema: it carries another name", "schema-names-itself", |g, n| in_schema(g, n, misname)),
    ("schema: it is no JSON Schema", "schema-valid", |g, n| {
        in_schema(g, n, |schema| set(schema, "type", json!("objekt")))
    }),
    ("schema: it is no JSON", "files-readable", |g, n| in_text(g, &n.schema_file(), |text| text.replacen(':', "", 1))),
    ("schema: the file is gone", "schema-matches-type", |g, n| g.tree.remove(&n.schema_file()).is_some()),
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
    ("release: the version is retired while it is read", "rule-satisfiable", |g, n| {
        in_versions(g, |versions| set(&mut versions[n.to_string()], "retired", json!("2026-11-20")))
    }),
    ("release: the hash is another one", "released-schema-frozen", |g, n| {
        is_released(g, n)
            && in_versions(g, |versions| set(&mut versions[n.to_string()], "sha256", json!("0".repeat(64))))
    }),
    ("rule: another source", "rule-satisfiable", |g, n| {
        in_pattern(g, n, |p| p.replace("source: [busline.", "source: [buslime."))
    }),
    ("rule: another version", "rule-satisfiable", |g, n| in_pattern(g, n, |p| p.replace(".v1]", ".v9]"))),
    ("rule: any detail-type of the source", "rule-names-event", |g, n| {
        in_pattern(g, n, |p| format!("{}}}", p.split(", detail-type").next().unwrap()))
    }),
    ("rule: a prefix instead of the detail-type", "rule-names-event", |g, n| {
        in_pattern(g, n, |p| p.replace("detail-type: [", "detail-type: [{prefix: ").replace(".v1]", "}]"))
    }),
    ("rule: a filter that no event passes", "rule-satisfiable", |g, n| {
        in_pattern(g, n, |p| p.replace(".v1]}", ".v1], detail: {metadata: {producer: [1]}}}"))
    }),
    ("rule: a pattern that EventBridge refuses", "rule-pattern-valid", |g, n| {
        in_pattern(g, n, |p| p.replace(".v1]}", ".v1], detail: {data: {title: [{prefixed: x}]}}}"))
    }),
    ("rule: a pattern that is too long", "rule-pattern-size", |g, n| {
        in_pattern(g, n, |p| {
            p.replace(
                ".v1]}",
                &format!(".v1], detail: {{data: {{title: [{{anything-but: {}}}]}}}}}}", "x".repeat(2_100)),
            )
        })
    }),
    ("rule: it is gone", "reader-has-rule", |g, n| before_pattern(g, n, "Type: EventBridgeRule", "Type: Api")),
    ("rule: it listens at another bus", "rule-on-our-bus", |g, n| {
        before_pattern(g, n, "EventBusName: !Ref BusName", "EventBusName: default")
    }),
    ("rule: it is switched off", "rule-enabled", |g, n| {
        before_pattern(g, n, "EventBusName: !Ref BusName", "State: DISABLED\n            EventBusName: !Ref BusName")
    }),
    ("rule: it gives the job a part of the event", "rule-delivers-whole-event", |g, n| {
        before_pattern(
            g,
            n,
            "EventBusName: !Ref BusName",
            "InputPath: $.detail\n            EventBusName: !Ref BusName",
        )
    }),
    ("rule: what it cannot deliver is lost", "rule-has-dead-letters", |g, n| {
        after_pattern(g, n, "            DeadLetterConfig: {Arn: !GetAtt Dlq.Arn}\n", "")
    }),
    ("reader: it demands a field that nobody sends", "reader-reads-publisher", |g, n| {
        in_reader(g, n, |schema| add(data(schema), "required"))
    }),
    ("reader: it takes shorter texts than are sent", "reader-reads-publisher", |g, n| {
        in_reader(g, n, |schema| shorten(data(schema)))
    }),
    ("reader: it is gone", "rule-has-reader", |g, n| {
        reader_file(g, n).is_some_and(|file| g.tree.remove(&file).is_some())
    }),
    ("permission: it is gone", "publisher-may-publish", |g, n| {
        in_publisher(g, n, "Action: events:PutEvents", "Action: events:DescribeRule")
    }),
    ("permission: for another service's source", "publisher-speaks-for-itself", |g, n| {
        in_publisher(g, n, &format!("events:source: busline.{}", n.service), "events:source: busline.other")
    }),
    ("permission: for any source", "publisher-speaks-for-itself", |g, n| {
        in_publisher(g, n, &format!("Condition: {{StringEquals: {{events:source: busline.{}}}}}", n.service), "")
    }),
    ("permission: for other detail types alone", "publisher-may-publish", |g, n| {
        in_publisher(
            g,
            n,
            &format!("events:source: busline.{}", n.service),
            &format!("events:source: busline.{}, events:detail-type: Other.v1", n.service),
        )
    }),
    ("permission: for an HTTP function too", "publisher-is-the-outbox", |g, n| lend_role(g, n)),
    ("permission: on every bus", "publisher-names-our-bus", |g, n| {
        in_publisher(g, n, "Resource: !Ref BusArn", "Resource: '*'")
    }),
    ("permission: it is denied as well", "permission-understood", |g, n| {
        beside_statement(g, n, "{Effect: Deny, Action: 'events:*', Resource: '*'}")
    }),
    ("permission: all but some actions", "permission-understood", |g, n| {
        beside_statement(g, n, "{Effect: Allow, NotAction: 'iam:*', Resource: '*'}")
    }),
    ("permission: a wildcard, in other letters", "publisher-speaks-for-itself", |g, n| {
        beside_statement(g, n, "{Effect: Allow, Action: 'EVENTS:put*', Resource: !Ref BusArn}")
    }),
    ("permission: on a condition that contracts do not know", "permission-understood", |g, n| {
        let source = format!("events:source: busline.{}", n.service);
        in_publisher(g, n, &source, &format!("{source}, aws:SourceVpc: vpc-1"))
    }),
    ("permission: in a policy of its own", "permission-understood", |g, n| {
        let document = "{Statement: [{Effect: Allow, Action: '*', Resource: '*'}]}";
        let policy = format!("  Extra: {{Type: 'AWS::IAM::Policy', Properties: {{PolicyDocument: {document}}}}}");
        in_publisher(g, n, "Resources:\n", &format!("Resources:\n{policy}\n"))
    }),
    ("permission: in a managed policy", "permission-understood", |g, n| {
        let policies = "      Policies:\n        - PolicyName";
        let managed = "      ManagedPolicyArns: [arn:aws:iam::aws:policy/Any]\n";
        in_publisher(g, n, policies, &format!("{managed}{policies}"))
    }),
    ("rule: its state is decided elsewhere", "rule-enabled", |g, n| {
        let (bus, state) = ("EventBusName: !Ref BusName", "State: !If [X, ENABLED, DISABLED]");
        before_pattern(g, n, bus, &format!("{state}\n            {bus}"))
    }),
    ("rule: another detail-type that nobody sends", "rule-alternatives-live", |g, n| {
        in_pattern(g, n, |p| p.replace(".v1]", ".v1, Never.v1]"))
    }),
    ("rule: another source that sends no such event", "rule-alternatives-live", |g, n| {
        in_pattern(g, n, |p| p.replace("source: [", "source: [busline.never, "))
    }),
    ("rule: of one account alone", "rule-looks-at-contract", |g, n| {
        in_pattern(g, n, |p| p.replace(".v1]}", ".v1], account: [abc]}"))
    }),
    ("rule: it is there twice", "rule-delivers-once", |g, n| doubled(g, n)),
    ("rule: to a queue", "rule-understood", |g, n| {
        let Some((path, pattern)) = rule(g, n) else { return false };
        let rule = format!("{{EventPattern: {pattern}, Targets: [{{Id: q, Arn: !GetAtt Dlq.Arn}}]}}");
        let resource = format!("Resources:\n  Extra: {{Type: 'AWS::Events::Rule', Properties: {rule}}}\n");
        in_text(g, &path, |text| text.replacen("Resources:\n", &resource, 1))
    }),
    ("release: it is retired before its release", "release-dates", |g, n| {
        in_versions(g, |versions| set(&mut versions[n.to_string()], "retired", json!("2026-01-01")))
    }),
    ("release: its day is lost", "release-dates", |g, n| {
        in_versions(g, |versions| set(&mut versions[n.to_string()], "released", Value::Null))
    }),
];

/// Changes of what stands beside them, likewise.
pub(super) const BESIDE: [Kind; 7] = [
    ("example: it is gone", "example-exists", |g, n| without_examples(g, n)),
    ("example: a required field is missing", "example-valid", |g, n| {
        in_example(g, n, |event| remove_value(&mut event["detail"]["data"]))
    }),
    ("example: a value of another type", "example-valid", |g, n| {
        in_example(g, n, |event| set(&mut event["detail"]["metadata"], "sequence", json!("one")))
    }),
    ("example: another event's source", "example-names-event", |g, n| {
        in_example(g, n, |event| set(event, "source", json!("busline.other")))
    }),
    ("example: it is no JSON", "files-readable", |g, n| {
        in_text(g, &n.example_file(), |text| text.replacen(':', "", 1))
    }),
    ("documentation: the catalogue says something else", "docs-current", |g, n| {
        in_text(g, "docs/catalog.md", |text| text.replace(&n.event, "Other"))
    }),
    ("code: nothing builds the event", "publisher-builds-event", |g, n| unbuilt(g, n)),
];

/// Changes that no check catches, and why that is right.
pub(super) const HARMLESS: [Kind; 4] = [
    (
        "reader: a description is worded otherwise",
        "the words change no verdict, and the service's own test compares the file with its type",
        |g, n| in_reader(g, n, |schema| set(schema, "title", json!("worded otherwise"))) && regenerated(g),
    ),
    ("rule: a value is listed twice", "EventBridge matches any of them", |g, n| {
        in_pattern(g, n, |p| p.replace("source: [busline.todos]", "source: [busline.todos, busline.todos]"))
    }),
    ("example: another valid value", "it stands for the same event", |g, n| {
        in_example(g, n, |event| set(&mut event["detail"]["data"], "title", json!("Buy bread")))
    }),
    ("permission: its action is a list of one", "it allows the same", |g, n| {
        in_publisher(g, n, "Action: events:PutEvents", "Action: [events:PutEvents]")
    }),
];
