//! Changes that hide rules, permissions, code or publishers from the analysis: in resources that it does not read, in values
//! that a deployment replaces, and in sources that build nothing.

#![allow(clippy::unwrap_used, reason = "parts of tests: they fail by panicking")]

use contracts::repository::{BUS, EXCEPTIONS, EventName};
use contracts::template;
use serde_json::{Value, json};

use super::changes::{in_text, unbuilt};
use super::smuggled::{in_bus, in_template, reader};
use super::{Kind, Workspace};
use crate::templates::{add_resource, edit_pattern, edit_statement, rule};

/// Changes like those of [`super::smuggled`], each with the check that must catch it.
pub(super) const TEMPLATES: [Kind; 47] = [
    ("code: the event is named in a comment alone", "publisher-builds-event", |g, n| {
        instead(g, n, &format!("// {} is built elsewhere.\n", n.type_name()))
    }),
    ("code: the event is named in a comment of several lines alone", "publisher-builds-event", |g, n| {
        instead(g, n, &format!("/* fn f() {{ send({} {{ id }}); }} */\n", n.type_name()))
    }),
    ("code: the event is named in an import alone", "publisher-builds-event", |g, n| {
        instead(g, n, &format!("use events::{};\n", n.type_name()))
    }),
    ("code: the event is named in a text alone", "publisher-builds-event", |g, n| {
        instead(g, n, &format!("const TEXT: &str = \"{} {{ id }}\";\n", n.type_name()))
    }),
    ("code: the event is named in a type alone", "publisher-builds-event", |g, n| {
        instead(g, n, &format!("fn f() -> Schema {{ schema::<{}>() }}\n", n.type_name()))
    }),
    ("code: the event is built in a test alone", "publisher-builds-event", |g, n| {
        instead(g, n, &format!("#[cfg(test)]\nmod built {{ fn f() {{ send({} {{ id }}); }} }}\n", n.type_name()))
    }),
    ("code: the event is built on a condition that never holds", "publisher-builds-event", |g, n| {
        instead(g, n, &format!("#[cfg(any())]\nfn built() {{ send({} {{ id }}); }}\n", n.type_name()))
    }),
    ("code: the event is built in a module of tests in another file", "publisher-builds-event", |g, n| {
        g.tree.put(&source(n, "built"), format!("fn f() {{ send({} {{ id }}); }}\n", n.type_name()));
        instead(g, n, "#[cfg(test)]\nmod built;\n")
    }),
    ("code: the event is built in a file that is no module", "publisher-builds-event", |g, n| {
        g.tree.put(&source(n, "built"), format!("fn f() {{ send({} {{ id }}); }}\n", n.type_name()));
        instead(g, n, "// No module.\n")
    }),
    ("code: another type with the event's name is built", "publisher-builds-event", |g, n| {
        let name = n.type_name();
        instead(g, n, &format!("struct {name} {{}}\nfn f() {{ send({name} {{}}); }}\n"))
    }),
    ("hidden: permissions of a state machine", "rule-understood", |g, n| {
        let properties = json!({"Definition": {}, "Policies": [{"Statement": [publishing()]}]});
        add(g, n, "AWS::Serverless::StateMachine", properties)
    }),
    ("hidden: a state machine with a role from elsewhere", "rule-understood", |g, n| {
        add(g, n, "AWS::StepFunctions::StateMachine", json!({"RoleArn": "arn:aws:iam::1:role/x"}))
    }),
    ("hidden: a user that may publish", "rule-understood", |g, n| add(g, n, "AWS::IAM::User", inline())),
    ("hidden: a group that may publish", "rule-understood", |g, n| add(g, n, "AWS::IAM::Group", inline())),
    ("hidden: a module", "rule-understood", |g, n| add(g, n, "Acme::Events::Rule::MODULE", json!({}))),
    ("hidden: a module with a name like AWS's", "rule-understood", |g, n| {
        add(g, n, "AWS::CloudWatch::Alarm::MODULE", json!({}))
    }),
    ("hidden: a private type", "rule-understood", |g, n| add(g, n, "Acme::Events::Rule", json!({}))),
    ("hidden: a set of stacks", "rule-understood", |g, n| add(g, n, "AWS::CloudFormation::StackSet", json!({}))),
    ("hidden: a macro is defined", "rule-understood", |g, n| add(g, n, "AWS::CloudFormation::Macro", json!({}))),
    ("hidden: a custom resource", "rule-understood", |g, n| {
        add(
            g,
            n,
            "AWS::CloudFormation::CustomResource",
            json!({"ServiceToken": "arn:aws:lambda:eu-west-1:1:function:x"}),
        )
    }),
    ("hidden: a schema of the bus's registry", "rule-understood", |g, n| {
        add(g, n, "AWS::EventSchemas::Schema", json!({}))
    }),
    ("hidden: a connection of the bus", "rule-understood", |g, n| add(g, n, "AWS::Events::Connection", json!({}))),
    ("hidden: an action that is looked up", "permission-understood", |g, n| {
        let action = "{{resolve:ssm:/busline/action}}";
        edit_statement(&mut g.tree, &n.service, |statement| statement["Action"] = json!(action))
    }),
    ("hidden: one of several actions is looked up in part", "permission-understood", |g, n| {
        let actions = json!(["dynamodb:GetItem", "events:{{resolve:ssm:/busline/action}}"]);
        edit_statement(&mut g.tree, &n.service, |statement| statement["Action"] = actions)
    }),
    ("hidden: a source that is looked up", "permission-understood", |g, n| {
        edit_statement(&mut g.tree, &n.service, |statement| {
            statement["Condition"]["StringEquals"]["events:source"] = json!("{{resolve:ssm:/busline/source}}");
        })
    }),
    ("hidden: the boundary's exceptions are looked up", "permission-understood", |g, n| {
        in_template(g, &n.service, |template| {
            let statements = &mut template["Resources"]["Boundary"]["Properties"]["PolicyDocument"]["Statement"];
            let mut statements = statements.as_array_mut().unwrap().iter_mut();
            let open = statements.find(|statement| !statement["NotAction"].is_null()).unwrap();
            open["NotAction"] = json!(["logs:*", "{{resolve:ssm:/busline/action}}"]);
        })
    }),
    ("code: a route's function runs other code", "job-not-stopped", |g, n| {
        in_function_of_route(g, n, |function| function["CodeUri"] = json!("s3://old/code.zip"))
    }),
    ("code: a route's function is written in the template", "job-not-stopped", |g, n| {
        in_function_of_route(g, n, |function| function["InlineCode"] = json!("exports.handler = () => {};"))
    }),
    ("code: a route's function is an image", "job-not-stopped", |g, n| {
        in_function_of_route(g, n, |function| {
            (function["PackageType"], function["ImageUri"]) =
                (json!("Image"), json!("1.dkr.ecr.eu-west-1.amazonaws.com/x"));
        })
    }),
    ("code: a layer wraps a route's function", "job-not-stopped", |g, n| {
        in_function_of_route(g, n, |function| function["Layers"] = json!(["arn:aws:lambda:eu-west-1:1:layer:x:1"]))
    }),
    ("code: an alias of a route's function stays at an old version", "job-not-stopped", |g, n| {
        in_function_of_route(g, n, |function| {
            (function["AutoPublishAlias"], function["AutoPublishCodeSha256"]) = (json!("live"), json!("0".repeat(64)));
        })
    }),
    ("code: all functions run what a key names", "job-not-stopped", |g, n| {
        in_template(g, &n.service, |template| template["Globals"]["Function"]["CodeUri"]["Key"] = json!("older"))
    }),
    ("parameter: a source that the deployment replaces", "rule-names-event", |g, n| {
        let source = n.source();
        by_parameter(g, n, "WebOrigin", &source, |pattern| pattern["source"] = json!([{"Ref": "WebOrigin"}]))
    }),
    ("parameter: a detail type that the deployment replaces", "rule-names-event", |g, n| {
        let detail_type = n.detail_type();
        by_parameter(g, n, "ArtifactKey", &detail_type, |pattern| {
            pattern["detail-type"] = json!([{"Ref": "ArtifactKey"}]);
        })
    }),
    ("parameter: a part of a source that the deployment replaces", "rule-names-event", |g, n| {
        let publisher = n.service.clone();
        by_parameter(g, n, "LocalPort", &publisher, |pattern| {
            pattern["source"] = json!([{"Fn::Sub": "busline.${LocalPort}"}]);
        })
    }),
    ("bus: a function with a rule", "bus-open", |g, n| {
        let pattern = json!({"source": [n.source()], "detail-type": [n.detail_type()]});
        let rule =
            json!({"Type": "EventBridgeRule", "Properties": {"EventBusName": {"Ref": "Bus"}, "Pattern": pattern}});
        beside(g, "AWS::Serverless::Function", json!({"Events": {"Rule": rule}}))
    }),
    ("bus: a state machine", "bus-open", |g, _| beside(g, "AWS::Serverless::StateMachine", json!({}))),
    ("bus: a nested stack", "bus-open", |g, _| beside(g, "AWS::CloudFormation::Stack", json!({"TemplateURL": "x"}))),
    ("bus: a module", "bus-open", |g, _| beside(g, "Acme::Events::Rule::MODULE", json!({}))),
    ("bus: a pipe", "bus-open", |g, _| beside(g, "AWS::Pipes::Pipe", json!({}))),
    ("bus: a custom resource", "bus-open", |g, _| beside(g, "Custom::Rule", json!({"ServiceToken": "x"}))),
    ("bus: a resource with properties that a function decides", "bus-open", |g, _| {
        beside(g, "AWS::SNS::Topic", json!({"Fn::If": ["MailAlarms", {}, {}]}))
    }),
    ("bus: a role that may publish", "bus-open", |g, _| {
        beside(g, "AWS::IAM::Role", json!({"Policies": [{"PolicyDocument": {"Statement": [publishing()]}}]}))
    }),
    ("bus: a role with permissions from elsewhere", "bus-open", |g, _| {
        beside(
            g,
            "AWS::IAM::Role",
            json!({"ManagedPolicyArns": ["arn:aws:iam::aws:policy/AmazonEventBridgeFullAccess"]}),
        )
    }),
    ("bus: another transform", "bus-open", |g, _| {
        let mut bus = g.tree.template(BUS).unwrap();
        bus["Transform"] = json!(["AWS::LanguageExtensions"]);
        g.tree.put(BUS, template::text(&bus));
        true
    }),
    ("bus: a macro writes its resources", "bus-open", |g, _| {
        in_bus(g, |resources| resources["Fn::Transform"] = json!({"Name": "Rules"}))
    }),
    ("exception: it holds for ever", "exceptions-hold", |g, n| {
        let subject = rule(&g.tree, n).map(|rule| format!("{}/{}", rule.service, rule.job)).unwrap();
        let row = format!("- {{rule: rule-gets-every-event, subject: {subject}, reason: ours, until: 9999-12-31}}\n");
        edit_pattern(&mut g.tree, n, |pattern| pattern["detail"] = json!({"data": {"never": ["x"]}}))
            && in_text(g, EXCEPTIONS, |text| format!("{text}\n{row}"))
    }),
];

fn publishing() -> Value {
    json!({"Effect": "Allow", "Action": "events:PutEvents", "Resource": "*"})
}

fn inline() -> Value {
    json!({"Policies": [{"PolicyName": "x", "PolicyDocument": {"Statement": [publishing()]}}]})
}

fn add(workspace: &mut Workspace, name: &EventName, kind: &str, properties: Value) -> bool {
    add_resource(&mut workspace.tree, &name.service, resource(kind, properties))
}

/// Adds a resource to the template of the bus.
fn beside(workspace: &mut Workspace, kind: &str, properties: Value) -> bool {
    in_bus(workspace, |resources| resources["Extra"] = resource(kind, properties))
}

fn resource(kind: &str, properties: Value) -> Value {
    let mut resource = json!({"Type": kind});
    resource["Properties"] = properties;
    resource
}

fn source(name: &EventName, module: &str) -> String {
    format!("services/{}/src/{module}.rs", name.service)
}

/// Lets the publisher build no such event, and adds a text to its `main.rs`.
fn instead(workspace: &mut Workspace, name: &EventName, text: &str) -> bool {
    let kept: Vec<(String, String)> =
        workspace.tree.all().filter(|(path, _)| *path == source(name, "built")).map(owned).collect();
    let is_changed = unbuilt(workspace, name);
    for (path, text) in kept {
        workspace.tree.put(&path, text);
    }
    is_changed && in_text(workspace, &source(name, "main"), |main| format!("{main}\n{text}"))
}

fn owned((path, text): (&str, &str)) -> (String, String) {
    (path.to_owned(), text.to_owned())
}

/// Changes the properties of a function of the publisher that answers a route and reads no event.
fn in_function_of_route(workspace: &mut Workspace, name: &EventName, change: impl FnOnce(&mut Value)) -> bool {
    in_template(workspace, &name.service, |template| {
        let mut resources = template["Resources"].as_object_mut().unwrap().values_mut();
        let answers = |resource: &&mut Value| {
            let events = resource["Properties"]["Events"].as_object();
            events.is_some_and(|events| events.values().all(|event| event["Type"] == "HttpApi"))
        };
        change(&mut resources.find(answers).unwrap()["Properties"]);
    })
}

/// Gives a parameter of the subscriber's template a default and lets the pattern depend on it.
fn by_parameter(
    workspace: &mut Workspace,
    name: &EventName,
    parameter: &str,
    default: &str,
    change: impl FnOnce(&mut Value),
) -> bool {
    let service = reader(workspace, name);
    in_template(workspace, &service, |template| {
        template["Parameters"][parameter] = json!({"Type": "String", "Default": default});
    }) && edit_pattern(&mut workspace.tree, name, change)
}
