//! Changes that stop, starve or hide something without a change of a schema, or that try to make the checks look away.

#![allow(clippy::unwrap_used, reason = "parts of tests: they fail by panicking")]

use contracts::repository::{BUS, EXCEPTIONS, EventName, Repository};
use contracts::{template, versions};
use serde_json::{Value, json};

use super::changes::in_text;
use super::{Kind, Workspace};
use crate::templates::{add_resource, edit, edit_events, edit_pattern, edit_rule, rule};

/// Changes of one event's files, publisher or subscriber, each with the check that must catch it.
pub(super) const SMUGGLED: [Kind; 100] = [
    ("link: the schema", "files-readable", |g, n| link(g, &n.schema_file())),
    ("link: the folder of the publisher's schemas", "files-readable", |g, n| {
        link(g, &format!("events/schemas/{}", n.service))
    }),
    ("link: the folder of all events", "files-readable", |g, _| link(g, "events")),
    ("link: the example", "files-readable", |g, n| link(g, &n.example_file())),
    ("link: what the subscriber reads", "files-readable", |g, n| reads(g, n).is_some_and(|file| link(g, &file))),
    ("link: the list of versions", "files-readable", |g, _| link(g, versions::FILE)),
    ("link: the exceptions", "files-readable", |g, _| link(g, EXCEPTIONS)),
    ("link: the publisher's template", "files-readable", |g, n| link(g, &Repository::template_file(&n.service))),
    ("link: what all templates include", "files-readable", |g, _| link(g, "infra/service.yaml")),
    ("link: the environments", "files-readable", |g, _| link(g, "infra/environments")),
    ("link: the template of the bus", "files-readable", |g, _| link(g, BUS)),
    ("key twice: in the schema", "files-readable", |g, n| {
        in_text(g, &n.schema_file(), |text| text.replacen('{', r#"{"type": "object", "#, 1))
    }),
    ("key twice: in the example", "files-readable", |g, n| {
        in_text(g, &n.example_file(), |text| text.replacen('{', r#"{"source": "busline.other", "#, 1))
    }),
    ("key twice: an escaped one in what is read", "files-readable", |g, n| {
        let Some(file) = reads(g, n) else { return false };
        in_text(g, &file, |text| text.replacen('{', r#"{"\u0074ype": "object", "#, 1))
    }),
    ("key twice: a version", "files-readable", |g, n| {
        let entry = format!(r#"{{"{n}": {{"released": null, "retired": null, "sha256": null}}, "#);
        in_text(g, versions::FILE, |text| text.replacen('{', &entry, 1))
    }),
    ("key twice: resources of the template", "files-readable", |g, n| {
        in_text(g, &Repository::template_file(&n.service), |text| format!("{text}\nResources: {{}}\n"))
    }),
    ("key twice: in what all templates include", "files-readable", |g, _| {
        in_text(g, "infra/service.yaml", |text| format!("{text}\nDlq: {{Type: 'AWS::SQS::Queue'}}\n"))
    }),
    ("key twice: in the bus", "files-readable", |g, _| in_text(g, BUS, |text| format!("{text}\nResources: {{}}\n"))),
    ("key twice: in an environment", "files-readable", |g, _| environment(g, "bus: {A: 1, A: 2}\n")),
    ("key twice: in the OpenAPI document", "files-readable", |g, n| {
        in_text(g, &format!("services/{}/openapi.yaml", n.service), |text| format!("{text}\npaths: {{}}\n"))
    }),
    ("YAML: a merge key", "files-readable", |g, n| {
        in_text(g, &Repository::template_file(&n.service), |text| format!("{text}\nMetadata: {{<<: {{a: 1}}}}\n"))
    }),
    ("YAML: an alias", "files-readable", |g, n| {
        in_text(g, &Repository::template_file(&n.service), |text| format!("{text}\nMetadata: {{a: &x 1, b: *x}}\n"))
    }),
    ("YAML: an alias in the exceptions", "files-readable", |g, _| {
        in_text(g, EXCEPTIONS, |text| format!("{text}\n- &x {{}}\n- *x\n"))
    }),
    ("YAML: an environment that cannot be read", "files-readable", |g, _| environment(g, "bus: [")),
    ("YAML: a bus that cannot be read", "files-readable", |g, _| in_text(g, BUS, |text| format!("{text}\nBad: ["))),
    ("YAML: a template that ends in its middle", "files-readable", |g, n| {
        in_text(g, &Repository::template_file(&n.service), |text| format!("{text}\nBad: ["))
    }),
    ("rule: behind Fn::If", "rule-understood", |g, n| {
        edit_events(&mut g.tree, n, |events, rule| {
            let event = events[rule].take();
            events[rule] = json!({"Fn::If": ["OnAws", event, {"Ref": "AWS::NoValue"}]});
        })
    }),
    ("rule: all events behind Fn::If", "rule-understood", |g, n| {
        edit_events(&mut g.tree, n, |events, _| {
            let all = events.take();
            *events = json!({"Fn::If": ["OnAws", all, {"Ref": "AWS::NoValue"}]});
        })
    }),
    ("rule: events as a list", "rule-understood", |g, n| {
        edit_events(&mut g.tree, n, |events, _| *events = json!([events.take()]))
    }),
    ("rule: its properties behind Fn::If", "rule-pattern-valid", |g, n| {
        edit_rule(&mut g.tree, n, |rule| *rule = json!({"Fn::If": ["OnAws", rule.take(), {}]}))
    }),
    ("rule: its type is a parameter", "rule-understood", |g, n| {
        edit_events(&mut g.tree, n, |events, rule| events[rule]["Type"] = json!({"Ref": "Env"}))
    }),
    ("rule: a source by Fn::Sub", "rule-pattern-valid", |g, n| {
        edit_pattern(&mut g.tree, n, |pattern| pattern["source"] = json!([{"Fn::Sub": "busline.${Env}"}]))
    }),
    ("rule: sources by Fn::If", "rule-names-event", |g, n| {
        edit_pattern(&mut g.tree, n, |pattern| pattern["source"] = json!({"Fn::If": ["OnAws", "a", "b"]}))
    }),
    ("rule: of a state machine", "rule-understood", |g, n| {
        let pattern = json!({"source": [n.source()], "detail-type": [n.detail_type()]});
        let event = json!({"Type": "EventBridgeRule", "Properties": {"Pattern": pattern}});
        in_reader_template(g, n, |resources, _| {
            resources["Extra"] =
                json!({"Type": "AWS::Serverless::StateMachine", "Properties": {"Events": {"E": event}}});
        })
    }),
    ("rule: of a state machine behind Fn::If", "rule-understood", |g, n| {
        in_reader_template(g, n, |resources, _| {
            let events = json!({"Fn::If": ["OnAws", {}, {}]});
            resources["Extra"] = json!({"Type": "AWS::Serverless::StateMachine", "Properties": {"Events": events}});
        })
    }),
    ("rule: as a resource without a permission", "rule-understood", |g, n| as_resource(g, n, None)),
    ("rule: as a resource with a permission for another rule", "rule-understood", |g, n| {
        as_resource(g, n, Some(json!({"SourceArn": {"Fn::GetAtt": ["Other", "Arn"]}})))
    }),
    ("rule: as a resource with a permission for another principal", "rule-understood", |g, n| {
        as_resource(g, n, Some(json!({"Principal": "s3.amazonaws.com"})))
    }),
    ("rule: as a resource with a permission of another account", "rule-understood", |g, n| {
        as_resource(g, n, Some(json!({"SourceAccount": "000000000000"})))
    }),
    ("rule: by a macro", "rule-understood", |g, n| {
        in_reader_template(g, n, |resources, function| {
            resources[function]["Properties"]["Events"]["Fn::Transform"] = json!({"Name": "Rules"});
        })
    }),
    ("rule: the template has another transform", "rule-understood", |g, n| {
        in_template(g, &reader(g, n), |template| {
            template["Transform"] = json!(["AWS::LanguageExtensions", "AWS::Serverless-2016-10-31"]);
        })
    }),
    ("rule: on a condition", "rule-understood", |g, n| {
        in_reader_template(g, n, |resources, function| resources[function]["Condition"] = json!("OnAws"))
    }),
    ("rule: a detail type by a stage variable", "rule-alternatives-live", |g, n| {
        let name = n.event.clone();
        edit_pattern(&mut g.tree, n, move |pattern| pattern["detail-type"] = json!([format!("{name}.${{Version}}")]))
    }),
    ("function: its properties behind Fn::If", "rule-understood", |g, n| {
        in_reader_template(g, n, |resources, function| {
            let properties = resources[function]["Properties"].take();
            resources[function]["Properties"] = json!({"Fn::If": ["OnAws", properties, {}]});
        })
    }),
    ("function: its handler by Fn::Sub", "rule-understood", |g, n| {
        in_reader(g, n, |function| function["Handler"] = json!({"Fn::Sub": "${Env}"}))
    }),
    ("function: of Lambda itself", "rule-understood", |g, n| {
        add_resource(&mut g.tree, &n.service, json!({"Type": "AWS::Lambda::Function", "Properties": {}}))
    }),
    ("function: another mapping of the stream", "rule-understood", |g, n| {
        add_resource(&mut g.tree, &n.service, json!({"Type": "AWS::Lambda::EventSourceMapping", "Properties": {}}))
    }),
    ("function: another configuration of failures", "rule-understood", |g, n| {
        add_resource(&mut g.tree, &n.service, json!({"Type": "AWS::Lambda::EventInvokeConfig", "Properties": {}}))
    }),
    ("function: a pipe to the bus", "rule-understood", |g, n| {
        add_resource(&mut g.tree, &n.service, json!({"Type": "AWS::Pipes::Pipe", "Properties": {}}))
    }),
    ("function: a separate bus", "rule-understood", |g, n| {
        add_resource(&mut g.tree, &n.service, json!({"Type": "AWS::Events::EventBus", "Properties": {"Name": "x"}}))
    }),
    ("function: a role of no function that may publish", "publisher-is-the-outbox", |g, n| {
        let statement = json!({"Effect": "Allow", "Action": "events:PutEvents", "Resource": {"Ref": "BusArn"},
            "Condition": {"StringEquals": {"events:source": n.source()}}});
        let policies = json!([{"PolicyDocument": {"Statement": [statement]}}]);
        add_resource(&mut g.tree, &n.service, json!({"Type": "AWS::IAM::Role", "Properties": {"Policies": policies}}))
    }),
    ("starved: only some titles", "rule-gets-every-event", |g, n| {
        filter(g, n, json!({"data": {"title": ["Buy milk"]}}))
    }),
    ("starved: a sequence that is never reached", "rule-gets-every-event", |g, n| {
        filter(g, n, json!({"metadata": {"sequence": [{"numeric": [">", 1_000_000_000]}]}}))
    }),
    ("starved: anything but the publisher", "rule-gets-every-event", |g, n| {
        let producer = n.service.clone();
        filter(g, n, json!({"metadata": {"producer": [{"anything-but": producer}]}}))
    }),
    ("starved: anything but the source", "rule-names-event", |g, n| {
        let source = n.source();
        edit_pattern(&mut g.tree, n, move |pattern| pattern["source"] = json!([{"anything-but": source}]))
    }),
    ("starved: no replay", "rule-gets-every-event", |g, n| {
        edit_pattern(&mut g.tree, n, |pattern| pattern["replay-name"] = json!([{"exists": false}]))
    }),
    ("starved: by one of two alternatives", "rule-gets-every-event", |g, n| {
        let alternatives = json!([{"detail": {"data": {"title": ["a"]}}}, {"detail": {"metadata": {"sequence": [1]}}}]);
        edit_pattern(&mut g.tree, n, |pattern| pattern["$or"] = alternatives)
    }),
    ("stopped: the subscriber may never run", "job-not-stopped", |g, n| {
        in_reader(g, n, |function| function["ReservedConcurrentExecutions"] = json!(0))
    }),
    ("stopped: the subscriber's concurrency is a parameter", "job-not-stopped", |g, n| {
        in_reader(g, n, |function| function["ReservedConcurrentExecutions"] = json!({"Ref": "Concurrency"}))
    }),
    ("stopped: a parameter of 00 is no reserve of none", "job-not-stopped", |g, n| {
        in_template(g, &reader(g, n), |template| reserve_by_parameter(template, "[0-9]+", "0"))
            && in_reader(g, n, |function| function["ReservedConcurrentExecutions"] = optional_reserve())
    }),
    ("stopped: 0 is the reserve on another condition", "job-not-stopped", |g, n| {
        in_template(g, &reader(g, n), |template| reserve_by_parameter(template, "^(0|[1-9][0-9]{0,3})$", "1"))
            && in_reader(g, n, |function| function["ReservedConcurrentExecutions"] = optional_reserve())
    }),
    ("stopped: no function may ever run", "job-not-stopped", |g, n| {
        in_template(g, &reader(g, n), |template| {
            template["Globals"]["Function"]["ReservedConcurrentExecutions"] = json!("0");
        })
    }),
    ("stopped: the publisher may never run", "job-not-stopped", |g, n| {
        in_publisher(g, n, |function| function["ReservedConcurrentExecutions"] = json!(0))
    }),
    ("stopped: the outbox's stream is off", "job-not-stopped", |g, n| {
        in_outbox(g, n, |event| event["Enabled"] = json!(false))
    }),
    ("stopped: the outbox's stream is on on a condition", "job-not-stopped", |g, n| {
        in_outbox(g, n, |event| event["Enabled"] = json!({"Fn::If": ["OnAws", true, false]}))
    }),
    ("stopped: the outbox's filter takes changes alone", "job-not-stopped", |g, n| {
        outbox_filter(g, n, r#"{"eventName": ["MODIFY"], "dynamodb": {"Keys": {"sk": {"S": ["OUTBOX"]}}}}"#)
    }),
    ("stopped: the outbox's filter takes other rows", "job-not-stopped", |g, n| {
        outbox_filter(g, n, r#"{"eventName": ["INSERT"], "dynamodb": {"Keys": {"sk": {"S": ["INBOX"]}}}}"#)
    }),
    ("stopped: the outbox's filter takes one event alone", "job-not-stopped", |g, n| {
        outbox_filter(
            g,
            n,
            r#"{"eventName": ["INSERT"], "dynamodb": {"NewImage": {"detailType": {"S": ["Other.v1"]}}}}"#,
        )
    }),
    ("stopped: the outbox's filter takes rows without a field that all have", "job-not-stopped", |g, n| {
        outbox_filter(g, n, r#"{"dynamodb": {"NewImage": {"detailType": {"S": [{"exists": false}]}}}}"#)
    }),
    ("stopped: the outbox's filter is none", "job-not-stopped", |g, n| outbox_filter(g, n, "{")),
    ("stopped: the publisher has no stream", "job-not-stopped", |g, n| {
        in_publisher(g, n, |function| function["Events"] = json!({}))
    }),
    ("stopped: the stream brings keys alone", "job-not-stopped", |g, n| {
        in_template(g, &n.service, |template| {
            template["Resources"]["Table"]["Properties"]["StreamSpecification"]["StreamViewType"] = json!("KEYS_ONLY");
        })
    }),
    ("stopped: the stream is that of another table", "job-not-stopped", |g, n| {
        in_template(g, &n.service, |template| {
            let resources = &mut template["Resources"];
            resources["Other"] = resources["Table"].clone();
        }) && in_outbox(g, n, |event| event["Stream"] = json!({"Fn::GetAtt": "Other.StreamArn"}))
    }),
    ("stopped: the publisher sends to another bus", "job-not-stopped", |g, n| {
        in_publisher(g, n, |function| function["Environment"]["Variables"]["BUS_NAME"] = json!("default"))
    }),
    ("stopped: the publisher sends to a renamed bus", "job-not-stopped", |g, n| {
        in_publisher(g, n, |function| {
            function["Environment"]["Variables"]["BUS_NAME"] = json!({"Fn::Sub": "${BusName}x"});
        })
    }),
    ("stopped: an environment names another bus", "bus-open", |g, n| {
        environment(g, &format!("{}: {{BusName: /busline/other/bus/name}}\n", n.service))
    }),
    ("stopped: another parameter of the bus", "job-not-stopped", |g, n| {
        in_template(g, &n.service, |template| {
            template["Parameters"]["BusName"]["Default"] = json!("/busline/local/old/name");
        })
    }),
    ("stopped: a policy of the bus denies", "bus-open", |g, _| {
        in_bus(g, |resources| {
            let statement = json!({"Effect": "Deny", "Principal": "*", "Action": "events:PutEvents", "Resource": "*"});
            let properties = json!({"StatementId": "x", "Statement": statement});
            resources["Policy"] = json!({"Type": "AWS::Events::EventBusPolicy", "Properties": properties});
        })
    }),
    ("stopped: the bus itself has a policy", "bus-open", |g, _| {
        in_bus(g, |resources| resources["Bus"]["Properties"]["Policy"] = json!({"Statement": []}))
    }),
    ("stopped: the bus exists on a condition", "bus-open", |g, _| {
        in_bus(g, |resources| resources["Bus"]["Condition"] = json!("DeliverBusLogs"))
    }),
    ("stopped: services find another bus", "bus-open", |g, _| {
        in_bus(g, |resources| resources["BusNameParameter"]["Properties"]["Value"] = json!("default"))
    }),
    ("stopped: a policy of the bus in a service's template", "permission-understood", |g, n| {
        let policy = json!({"Type": "AWS::Events::EventBusPolicy", "Properties": {"Statement": {"Effect": "Deny"}}});
        add_resource(&mut g.tree, &n.service, policy)
    }),
    ("lost: a rule outside of the services", "bus-open", |g, _| {
        in_bus(g, |resources| resources["Rule"] = json!({"Type": "AWS::Events::Rule", "Properties": {}}))
    }),
    ("lost: the dead-letter queue does not exist", "rule-understood", |g, n| {
        edit_rule(&mut g.tree, n, |rule| rule["DeadLetterConfig"] = json!({"Arn": {"Fn::GetAtt": "Gone.Arn"}}))
    }),
    ("lost: the dead-letter queue is an ARN", "rule-understood", |g, n| {
        edit_rule(&mut g.tree, n, |rule| rule["DeadLetterConfig"] = json!({"Arn": "arn:aws:sqs:eu-west-1:1:old"}))
    }),
    ("lost: the dead-letter queue was removed", "rule-understood", |g, n| {
        in_reader_template(g, n, |resources, _| drop(resources.as_object_mut().unwrap().remove("Dlq")))
    }),
    ("lost: the dead-letter queue has no policy", "rule-understood", |g, n| {
        in_reader_template(g, n, |resources, _| drop(resources.as_object_mut().unwrap().remove("DlqPolicy")))
    }),
    ("lost: the dead-letter queue's policy denies", "rule-understood", |g, n| {
        in_reader_template(g, n, |resources, _| {
            let statements = &mut resources["DlqPolicy"]["Properties"]["PolicyDocument"]["Statement"];
            statements.as_array_mut().unwrap().push(json!({"Effect": "Deny", "Principal": "*", "Action": "sqs:*"}));
        })
    }),
    ("lost: the dead-letter queue's policy is for another queue's messages", "rule-understood", |g, n| {
        in_policy_of_queue(g, n, |statement| statement["Resource"] = json!({"Fn::GetAtt": "Parking.Arn"}))
    }),
    ("lost: the dead-letter queue's policy is for other rules", "rule-understood", |g, n| {
        in_policy_of_queue(g, n, |statement| {
            statement["Condition"] = json!({"ArnLike": {"aws:SourceArn": "arn:aws:events:*:*:rule/other/*"}});
        })
    }),
    ("lost: what the publisher could not send is taken for sent", "job-not-stopped", |g, n| {
        in_outbox(g, n, |event| drop(event.as_object_mut().unwrap().remove("FunctionResponseTypes")))
    }),
    ("lost: retries depend on a condition", "reader-keeps-failures", |g, n| {
        in_keeper(g, n, |function| {
            let config = function["EventInvokeConfig"].take();
            function["EventInvokeConfig"] = json!({"Fn::If": ["OnAws", config, {"MaximumRetryAttempts": 0}]});
        })
    }),
    ("lost: another service accepts it", "files-readable", |g, n| {
        let subject = format!("{}/any", reader(g, n));
        let exception =
            format!("- {{rule: reader-keeps-failures, subject: {subject}, reason: ours, until: 2027-01-31}}\n");
        g.tree.put("services/another/exceptions.yaml", &exception);
        true
    }),
    ("lost: OnFailure was removed", "reader-keeps-failures", |g, n| {
        in_keeper(g, n, |function| {
            drop(function["EventInvokeConfig"].as_object_mut().unwrap().remove("DestinationConfig"));
        })
    }),
    ("lost: OnFailure is a topic that does not exist", "reader-keeps-failures", |g, n| {
        in_keeper(g, n, |function| {
            function["EventInvokeConfig"]["DestinationConfig"]["OnFailure"]["Destination"] = json!({"Ref": "Gone"});
        })
    }),
    ("lost: retries are cut to a minute", "reader-keeps-failures", |g, n| {
        in_keeper(g, n, |function| function["EventInvokeConfig"]["MaximumEventAgeInSeconds"] = json!(60))
    }),
    ("lost: no retries", "reader-keeps-failures", |g, n| {
        in_keeper(g, n, |function| function["EventInvokeConfig"]["MaximumRetryAttempts"] = json!(0))
    }),
    ("lost: the rule's retries are cut to a minute", "reader-keeps-failures", |g, n| {
        in_keeper(g, n, |function| {
            for event in function["Events"].as_object_mut().unwrap().values_mut() {
                event["Properties"]["RetryPolicy"] = json!({"MaximumEventAgeInSeconds": 60});
            }
        })
    }),
    ("lost: the outbox's OnFailure was removed", "reader-keeps-failures", |g, n| {
        in_outbox(g, n, |event| drop(event.as_object_mut().unwrap().remove("DestinationConfig")))
    }),
    ("lost: the outbox's retries are cut to a minute", "reader-keeps-failures", |g, n| {
        in_outbox(g, n, |event| event["MaximumRecordAgeInSeconds"] = json!("60"))
    }),
];

fn link(workspace: &mut Workspace, path: &str) -> bool {
    let before = workspace.tree.all().count();
    workspace.tree.link(path);
    workspace.tree.all().count() < before
}

/// The subscriber's file for an event that a rule gives to a function.
fn reads(workspace: &Workspace, name: &EventName) -> Option<String> {
    let place = rule(&workspace.tree, name)?;
    Some(format!("services/{}/reads/{}/{}.json", place.service, place.job, name.detail_type()))
}

/// The service with the first rule for an event.
pub(super) fn reader(workspace: &Workspace, name: &EventName) -> String {
    rule(&workspace.tree, name).unwrap().service
}

pub(super) fn environment(workspace: &mut Workspace, text: &str) -> bool {
    workspace.tree.put("infra/environments/smuggled.yaml", text);
    true
}

pub(super) fn in_template(workspace: &mut Workspace, service: &str, change: impl FnOnce(&mut Value)) -> bool {
    edit(&mut workspace.tree, service, |template| {
        change(template);
        true
    })
}

/// Changes the resources of the service with the first rule for an event; the second argument names its function.
pub(super) fn in_reader_template(
    workspace: &mut Workspace,
    name: &EventName,
    change: impl FnOnce(&mut Value, &str),
) -> bool {
    let place = rule(&workspace.tree, name).unwrap();
    let function = place.pointer.split('/').nth(2).unwrap().to_owned();
    in_template(workspace, &place.service, |template| change(&mut template["Resources"], &function))
}

/// Changes the properties of the function with the first rule for an event.
pub(super) fn in_reader(workspace: &mut Workspace, name: &EventName, change: impl FnOnce(&mut Value)) -> bool {
    in_reader_template(workspace, name, |resources, function| change(&mut resources[function]["Properties"]))
}

/// The reserved concurrency that [`reserve_by_parameter`] makes.
fn optional_reserve() -> Value {
    json!({"Fn::If": ["ReservesThese", {"Ref": "TheseExecutions"}, {"Ref": "AWS::NoValue"}]})
}

fn reserve_by_parameter(template: &mut Value, pattern: &str, none: &str) {
    template["Parameters"]["TheseExecutions"] = json!({"Type": "String", "Default": "0", "AllowedPattern": pattern});
    template["Conditions"]["ReservesThese"] = json!({"Fn::Not": [{"Fn::Equals": [{"Ref": "TheseExecutions"}, none]}]});
}

/// Changes the properties of a function of the same service with a rule and a destination for what it could not do.
pub(super) fn in_keeper(workspace: &mut Workspace, name: &EventName, change: impl FnOnce(&mut Value)) -> bool {
    let service = reader(workspace, name);
    in_template(workspace, &service, |template| {
        let keeps = |function: &Value| {
            let mut events = function["Events"].as_object().into_iter().flat_map(|events| events.values());
            events.any(|event| event["Type"] == "EventBridgeRule")
                && function["EventInvokeConfig"]["DestinationConfig"].is_object()
        };
        let mut resources = template["Resources"].as_object_mut().unwrap().values_mut();
        change(&mut resources.find(|resource| keeps(&resource["Properties"])).unwrap()["Properties"]);
    })
}

/// Changes the statement by which EventBridge may send to the subscriber's dead-letter queue.
pub(super) fn in_policy_of_queue(workspace: &mut Workspace, name: &EventName, change: impl FnOnce(&mut Value)) -> bool {
    in_reader_template(workspace, name, |resources, _| {
        let statements = &mut resources["DlqPolicy"]["Properties"]["PolicyDocument"]["Statement"];
        let mut statements = statements.as_array_mut().unwrap().iter_mut();
        change(statements.find(|statement| statement["Principal"]["Service"] == "events.amazonaws.com").unwrap());
    })
}

/// Changes the properties of the function that publishes an event.
pub(super) fn in_publisher(workspace: &mut Workspace, name: &EventName, change: impl FnOnce(&mut Value)) -> bool {
    in_template(workspace, &name.service, |template| {
        let mut resources = template["Resources"].as_object_mut().unwrap().values_mut();
        change(&mut resources.find(|resource| resource["Properties"]["Handler"] == "publish").unwrap()["Properties"]);
    })
}

/// Changes the properties of the event that brings the outbox to its function.
pub(super) fn in_outbox(workspace: &mut Workspace, name: &EventName, change: impl FnOnce(&mut Value)) -> bool {
    in_publisher(workspace, name, |function| {
        let mut events = function["Events"].as_object_mut().unwrap().values_mut();
        change(&mut events.find(|event| event["Type"] == "DynamoDB").unwrap()["Properties"]);
    })
}

fn outbox_filter(workspace: &mut Workspace, name: &EventName, pattern: &str) -> bool {
    in_outbox(workspace, name, |event| event["FilterCriteria"] = json!({"Filters": [{"Pattern": pattern}]}))
}

fn filter(workspace: &mut Workspace, name: &EventName, detail: Value) -> bool {
    edit_pattern(&mut workspace.tree, name, |pattern| pattern["detail"] = detail)
}

pub(super) fn in_bus(workspace: &mut Workspace, change: impl FnOnce(&mut Value)) -> bool {
    let mut bus = workspace.tree.template(BUS).unwrap();
    change(&mut bus["Resources"]);
    workspace.tree.put(BUS, template::text(&bus));
    true
}

/// Makes a resource of the rule of a function, with a permission that is right but for some properties, or without one.
pub(super) fn as_resource(workspace: &mut Workspace, name: &EventName, permission: Option<Value>) -> bool {
    let place = rule(&workspace.tree, name).unwrap();
    let event = place.pointer.rsplit('/').next().unwrap().to_owned();
    in_reader_template(workspace, name, |resources, function| {
        let mut moved = resources[function]["Properties"]["Events"].as_object_mut().unwrap().remove(&event).unwrap();
        let (rule, queue) = (moved["Properties"].take(), json!({"Fn::GetAtt": "Dlq.Arn"}));
        let target = json!({"Id": "x", "Arn": {"Fn::GetAtt": [function, "Arn"]}, "DeadLetterConfig": {"Arn": queue}});
        let properties =
            json!({"EventBusName": rule["EventBusName"], "EventPattern": rule["Pattern"], "Targets": [target]});
        resources["Moved"] = json!({"Type": "AWS::Events::Rule", "Properties": properties});
        if let Some(Value::Object(wrong)) = permission {
            let mut right = json!({"Action": "lambda:InvokeFunction", "Principal": "events.amazonaws.com",
                "FunctionName": {"Ref": function}, "SourceArn": {"Fn::GetAtt": "Moved.Arn"}});
            right.as_object_mut().unwrap().extend(wrong);
            resources["Permission"] = json!({"Type": "AWS::Lambda::Permission", "Properties": right});
        }
    })
}

/// The same, with a permission that is right.
pub(super) fn as_permitted_resource(workspace: &mut Workspace, name: &EventName) -> bool {
    as_resource(workspace, name, Some(json!({"SourceAccount": {"Ref": "AWS::AccountId"}})))
}
