//! The kinds of change.

#![allow(clippy::unwrap_used, reason = "parts of tests: they fail by panicking")]

use contracts::repository::EventName;
use contracts::versions;
use serde_json::{Value, json};

use super::{Ground, Kind};

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
    ("schema: a field is renamed", "released-schema-frozen", |g, n| in_schema(g, n, |schema| rename(data(schema)))),
    ("schema: a field is no longer required", "released-schema-frozen", |g, n| {
        in_schema(g, n, |schema| relax(data(schema)))
    }),
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
        everywhere(g, n, |schema| rename_read(data(schema)))
    }),
    ("schema: a field is optional in type, file and release", "reader-reads-publisher", |g, n| {
        everywhere(g, n, |schema| relax(data(schema)))
    }),
    ("schema: a field has another type in type, file and release", "reader-reads-publisher", |g, n| {
        everywhere(g, n, |schema| retype(data(schema)))
    }),
    ("release: the version is not listed", "version-listed", |g, n| {
        in_versions(g, |versions| versions.as_object_mut().unwrap().remove(&n.to_string()).is_some())
    }),
    ("release: the version is retired while it is read", "rule-satisfiable", |g, n| {
        in_versions(g, |versions| set(&mut versions[n.to_string()], "retired", json!("2026-11-20")))
    }),
    ("release: the hash is another one", "released-schema-frozen", |g, n| {
        in_versions(g, |versions| set(&mut versions[n.to_string()], "sha256", json!("0".repeat(64))))
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

fn in_text(ground: &mut Ground, path: &str, change: impl Fn(&str) -> String) -> bool {
    let Some(text) = ground.tree.text(path) else { return false };
    let changed = change(text);
    let differs = changed != text;
    ground.tree.put(path, changed);
    differs
}

fn in_json(ground: &mut Ground, path: &str, change: impl Fn(&mut Value) -> bool) -> bool {
    let Some(text) = ground.tree.text(path) else { return false };
    let mut value: Value = serde_json::from_str(text).unwrap();
    let changed = change(&mut value);
    ground.tree.put(path, format!("{value:#}\n"));
    changed
}

fn in_schema(ground: &mut Ground, name: &EventName, change: impl Fn(&mut Value) -> bool) -> bool {
    in_json(ground, &name.schema_file(), change)
}

fn in_example(ground: &mut Ground, name: &EventName, change: impl Fn(&mut Value) -> bool) -> bool {
    in_json(ground, &name.example_file(), change)
}

fn in_versions(ground: &mut Ground, change: impl Fn(&mut Value) -> bool) -> bool {
    in_json(ground, versions::FILE, change)
}

fn typed(ground: &mut Ground, name: &EventName, change: impl Fn(&mut contracts::repository::TypeDocument)) -> bool {
    let found = ground.types.iter_mut().find(|typed| typed.schema == name.to_string());
    found.map(change).is_some()
}

fn in_type(ground: &mut Ground, name: &EventName, change: impl Fn(&mut Value) -> bool) -> bool {
    let found = ground.types.iter_mut().find(|typed| typed.schema == name.to_string());
    found.is_some_and(|typed| change(&mut typed.document))
}

fn without_type(ground: &mut Ground, name: &EventName) -> bool {
    let before = ground.types.len();
    ground.types.retain(|typed| typed.schema != name.to_string());
    ground.types.len() < before
}

/// Type, file and release change together, as if the version were released anew.
fn everywhere(ground: &mut Ground, name: &EventName, change: impl Fn(&mut Value) -> bool) -> bool {
    let done = in_type(ground, name, &change) && in_schema(ground, name, &change);
    let schema = serde_json::from_str(ground.tree.text(&name.schema_file()).unwrap()).unwrap();
    let hash = versions::hash(&schema);
    done && in_versions(ground, |versions| set(&mut versions[name.to_string()], "sha256", json!(hash)))
}

fn reader_file(ground: &Ground, name: &EventName) -> Option<String> {
    let end = format!("/{}.json", name.detail_type());
    let mut files = ground.tree.below("services").map(|(path, _)| path);
    files.find(|path| path.contains("/reads/") && path.ends_with(&end)).map(str::to_owned)
}

fn in_reader(ground: &mut Ground, name: &EventName, change: impl Fn(&mut Value) -> bool) -> bool {
    reader_file(ground, name).is_some_and(|file| in_json(ground, &file, change))
}

/// Where the first rule for an event is: its template and its pattern's text.
fn rule(ground: &Ground, name: &EventName) -> Option<(String, String)> {
    let pattern = format!("{{source: [{}], detail-type: [{}]}}", name.source(), name.detail_type());
    let mut templates = ground.tree.below("services").filter(|(path, _)| path.ends_with("template.yaml"));
    templates.find(|(_, text)| text.contains(&pattern)).map(|(path, _)| (path.to_owned(), pattern))
}

fn in_pattern(ground: &mut Ground, name: &EventName, change: impl Fn(&str) -> String) -> bool {
    let Some((path, pattern)) = rule(ground, name) else { return false };
    in_text(ground, &path, |text| text.replacen(&pattern, &change(&pattern), 1))
}

fn before_pattern(ground: &mut Ground, name: &EventName, old: &str, new: &str) -> bool {
    let Some((path, pattern)) = rule(ground, name) else { return false };
    in_text(ground, &path, |text| {
        let (before, after) = text.split_once(&pattern).unwrap();
        let at = before.rfind(old).unwrap();
        format!("{}{new}{}{pattern}{after}", &before[..at], &before[at + old.len()..])
    })
}

fn after_pattern(ground: &mut Ground, name: &EventName, old: &str, new: &str) -> bool {
    let Some((path, pattern)) = rule(ground, name) else { return false };
    in_text(ground, &path, |text| {
        let (before, after) = text.split_once(&pattern).unwrap();
        format!("{before}{pattern}{}", after.replacen(old, new, 1))
    })
}

fn in_publisher(ground: &mut Ground, name: &EventName, old: &str, new: &str) -> bool {
    let path = format!("services/{}/template.yaml", name.service);
    in_text(ground, &path, |text| text.replacen(old, new, 1))
}

/// One more statement of the publisher's role.
fn beside_statement(ground: &mut Ground, name: &EventName, statement: &str) -> bool {
    let old = "              - Effect: Allow\n                Action: events:PutEvents";
    in_publisher(ground, name, old, &format!("              - {statement}\n{old}"))
}

/// A second rule of the same function with the same pattern.
fn doubled(ground: &mut Ground, name: &EventName) -> bool {
    let Some((path, pattern)) = rule(ground, name) else { return false };
    in_text(ground, &path, |text| {
        let (before, _) = text.split_once(&pattern).unwrap();
        let events = "      Events:\n";
        let at = before.rfind(events).unwrap() + events.len();
        let properties = format!("{{EventBusName: !Ref BusName, Pattern: {pattern}}}");
        let second = format!("        Second: {{Type: EventBridgeRule, Properties: {properties}}}\n");
        format!("{}{second}{}", &text[..at], &text[at..])
    })
}

/// Another function gets the publisher's role.
fn lend_role(ground: &mut Ground, name: &EventName) -> bool {
    let path = format!("services/{}/template.yaml", name.service);
    in_text(ground, &path, |text| {
        let at = text.find("      Role: !GetAtt ").unwrap();
        let end = at + text[at..].find('\n').unwrap();
        format!("{}      Role: !GetAtt PublishRole.Arn{}", &text[..at], &text[end..])
    })
}

fn without_examples(ground: &mut Ground, name: &EventName) -> bool {
    let start = name.example_file().replace(".json", ".");
    let files: Vec<String> =
        ground.tree.all().map(|(path, _)| path.to_owned()).filter(|path| path.starts_with(&start)).collect();
    files.iter().filter(|file| ground.tree.remove(file).is_some()).count() > 0
}

fn unbuilt(ground: &mut Ground, name: &EventName) -> bool {
    let folder = format!("services/{}/src", name.service);
    let files: Vec<(String, String)> = ground
        .tree
        .below(&folder)
        .map(|(path, text)| (path.to_owned(), text.replace(&name.type_name(), "Nothing")))
        .collect();
    for (path, text) in files {
        ground.tree.put(&path, text);
    }
    true
}

/// Writes the documentation anew, as its command would.
fn regenerated(ground: &mut Ground) -> bool {
    let contents = contracts::catalog::contents::Contents::of(ground.tree.all()).unwrap();
    let files = contracts::catalog::files(&contents);
    for (path, text) in files {
        ground.tree.put(&path, text);
    }
    true
}

fn data(schema: &mut Value) -> &mut Value {
    &mut schema["properties"]["data"]
}

fn set(object: &mut Value, key: &str, value: Value) -> bool {
    let changes = object[key] != value;
    object[key] = value;
    changes
}

/// The first required property.
fn first(object: &Value) -> Option<String> {
    object["required"].get(0).and_then(Value::as_str).map(str::to_owned)
}

fn rename(object: &mut Value) -> bool {
    let Some(name) = object["required"].as_array().and_then(|names| names.last()?.as_str().map(str::to_owned)) else {
        return false;
    };
    renamed(object, &name)
}

/// Renames a field that every reader of ours uses: the subject's id or the owner's.
fn rename_read(object: &mut Value) -> bool {
    first(object).is_some_and(|name| renamed(object, &name))
}

fn renamed(object: &mut Value, name: &str) -> bool {
    let new = format!("{name}X");
    let Some(property) = object["properties"].as_object_mut().and_then(|properties| properties.remove(name)) else {
        return false;
    };
    object["properties"][&new] = property;
    for required in object["required"].as_array_mut().unwrap() {
        if required == name {
            *required = json!(new);
        }
    }
    true
}

fn remove(object: &mut Value) -> bool {
    let Some(name) = first(object) else { return false };
    object["properties"].as_object_mut().unwrap().remove(&name);
    object["required"].as_array_mut().unwrap().retain(|required| *required != name);
    true
}

fn retype(object: &mut Value) -> bool {
    let Some(name) = first(object) else { return false };
    object["properties"][&name] = json!({"type": "integer"});
    true
}

fn relax(object: &mut Value) -> bool {
    let required = object["required"].as_array_mut();
    required.is_some_and(|required| !required.is_empty() && required.remove(0).is_string())
}

fn loosen(object: &mut Value) -> bool {
    let mut properties = object["properties"].as_object_mut().into_iter().flatten();
    properties.any(|(_, property)| {
        let keywords = property.as_object_mut().unwrap();
        ["maxLength", "format", "maxItems"].iter().any(|keyword| keywords.remove(*keyword).is_some())
    })
}

fn add(object: &mut Value, need: &str) -> bool {
    object["properties"]["newField"] = json!({"type": "string"});
    if need == "required" {
        object["required"].as_array_mut().unwrap().push(json!("newField"));
    }
    true
}

fn open(object: &mut Value) -> bool {
    object.as_object_mut().unwrap().remove("additionalProperties").is_some()
}

fn misname(schema: &mut Value) -> bool {
    set(&mut schema["properties"]["metadata"]["properties"]["schema"], "const", json!("other/Other/v1"))
}

/// Texts without a format, which are sent longer than three characters.
fn shorten(object: &mut Value) -> bool {
    let mut properties = object["properties"].as_object_mut().into_iter().flatten();
    properties.any(|(_, property)| {
        let is_text = property["type"] == "string";
        if is_text {
            property["maxLength"] = json!(3);
        }
        is_text
    })
}

fn remove_value(data: &mut Value) -> bool {
    let fields = data.as_object_mut().unwrap();
    let required = ["todoId", "userId"].iter().find(|name| fields.contains_key(**name)).copied();
    required.is_some_and(|name| fields.remove(name).is_some())
}
