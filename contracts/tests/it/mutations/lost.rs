//! Changes of what is beside rules and schemas: the path of what failed, what a function runs, and the bus.

#![allow(clippy::unwrap_used, reason = "parts of tests: they fail by panicking")]

use contracts::repository::{EXCEPTIONS, EventName};
use serde_json::{Value, json};

use super::changes::in_text;
use super::smuggled::{
    as_resource, environment, in_bus, in_keeper, in_outbox, in_policy_of_queue, in_publisher, in_reader,
    in_reader_template, in_template, reader,
};
use super::{Kind, Workspace};
use crate::templates::{add_resource, edit_events, edit_pattern, edit_rule};

const KEY: &str = "arn:aws:kms:eu-west-1:1:key/x";

/// Changes like those of [`super::smuggled`], each with the check that must catch it.
pub(super) const LOST: [Kind; 76] = [
    ("path: the topic's policy was removed", "reader-keeps-failures", |g, n| remove(g, n, "FailuresTopicPolicy")),
    ("path: the topic's policy is on a condition", "rule-understood", |g, n| {
        in_resource(g, n, "FailuresTopicPolicy", |it| it["Condition"] = json!("OnAws"))
    }),
    ("path: the topic's policy has a condition that nobody meets", "reader-keeps-failures", |g, n| {
        in_statements(g, n, "FailuresTopicPolicy", |statements| {
            statements[0]["Condition"]["StringEquals"] = json!({"aws:PrincipalOrgID": "o-1"});
        })
    }),
    ("path: the topic's policy is for another bucket", "reader-keeps-failures", |g, n| {
        in_statements(g, n, "FailuresTopicPolicy", |statements| {
            statements[0]["Condition"]["ArnEquals"]["aws:SourceArn"] = json!("arn:aws:s3:::other");
        })
    }),
    ("path: the topic's policy denies", "reader-keeps-failures", |g, n| {
        in_statements(g, n, "FailuresTopicPolicy", |statements| statements[1]["Effect"] = json!("Deny"))
    }),
    ("path: an inline policy of the topic", "reader-keeps-failures", |g, n| {
        let properties = json!({"TopicArn": {"Ref": "FailuresTopic"}, "PolicyDocument": {"Statement": []}});
        in_reader_template(g, n, |resources, _| {
            resources["Inline"] = json!({"Type": "AWS::SNS::TopicInlinePolicy", "Properties": properties});
        })
    }),
    ("path: the topic leaves out what looks like an address", "reader-keeps-failures", |g, n| {
        in_properties(g, n, "FailuresTopic", |topic| topic["DataProtectionPolicy"] = json!({"Statement": []}))
    }),
    ("path: the topic has a key", "reader-keeps-failures", |g, n| {
        in_properties(g, n, "FailuresTopic", |topic| topic["KmsMasterKeyId"] = json!(KEY))
    }),
    ("path: the topic takes small messages alone", "reader-keeps-failures", |g, n| {
        in_properties(g, n, "FailuresTopic", |topic| topic["MaximumMessageSize"] = json!(1024))
    }),
    ("path: the subscription was removed", "reader-keeps-failures", |g, n| remove(g, n, "FailuresSubscription")),
    ("path: the subscription is on a condition", "rule-understood", |g, n| {
        in_resource(g, n, "FailuresSubscription", |it| it["Condition"] = json!("OnAws"))
    }),
    ("path: the subscription is of another queue", "reader-keeps-failures", |g, n| {
        in_properties(g, n, "FailuresSubscription", |it| it["Endpoint"] = json!({"Fn::GetAtt": "Parking.Arn"}))
    }),
    ("path: the subscription is of another account's queue", "reader-keeps-failures", |g, n| {
        in_properties(g, n, "FailuresSubscription", |it| it["Endpoint"] = json!("arn:aws:sqs:eu-west-1:2:dlq"))
    }),
    ("path: the subscription is of another topic", "reader-keeps-failures", |g, n| {
        in_properties(g, n, "FailuresSubscription", |it| it["TopicArn"] = json!({"Ref": "AlarmTopic"}))
    }),
    ("path: the subscription sends emails", "reader-keeps-failures", |g, n| {
        in_properties(g, n, "FailuresSubscription", |it| it["Protocol"] = json!("email"))
    }),
    ("path: the subscription filters", "reader-keeps-failures", |g, n| {
        in_properties(g, n, "FailuresSubscription", |it| it["FilterPolicy"] = json!({"requestContext": ["none"]}))
    }),
    ("path: the subscription filters by attributes", "reader-keeps-failures", |g, n| {
        in_properties(g, n, "FailuresSubscription", |it| it["FilterPolicyScope"] = json!("MessageAttributes"))
    }),
    ("path: the subscription wraps messages", "reader-keeps-failures", |g, n| {
        in_properties(g, n, "FailuresSubscription", |it| it["RawMessageDelivery"] = json!(false))
    }),
    ("path: the bucket tells nobody", "reader-keeps-failures", |g, n| {
        in_properties(g, n, "FailuresBucket", |bucket| bucket["NotificationConfiguration"] = json!({}))
    }),
    ("path: the bucket tells of deletions", "reader-keeps-failures", |g, n| {
        in_properties(g, n, "FailuresBucket", |bucket| {
            bucket["NotificationConfiguration"]["TopicConfigurations"][0]["Event"] = json!("s3:ObjectRemoved:*");
        })
    }),
    ("path: the bucket tells of other objects", "reader-keeps-failures", |g, n| {
        in_properties(g, n, "FailuresBucket", |bucket| {
            let filter = json!({"S3Key": {"Rules": [{"Name": "prefix", "Value": "other/"}]}});
            bucket["NotificationConfiguration"]["TopicConfigurations"][0]["Filter"] = filter;
        })
    }),
    ("path: the bucket forgets after a day", "reader-keeps-failures", |g, n| {
        in_properties(g, n, "FailuresBucket", |bucket| {
            bucket["LifecycleConfiguration"]["Rules"][0]["ExpirationInDays"] = json!(1);
        })
    }),
    ("path: the bucket has a key", "reader-keeps-failures", |g, n| {
        in_properties(g, n, "FailuresBucket", |bucket| {
            let rule = json!({"ServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": KEY}});
            bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"] = json!([rule]);
        })
    }),
    ("path: the bucket's policy denies", "reader-keeps-failures", |g, n| {
        in_statements(g, n, "FailuresBucketPolicy", |statements| drop(fields(&mut statements[0]).remove("Condition")))
    }),
    ("path: the queue forgets after a minute", "reader-keeps-failures", |g, n| {
        in_properties(g, n, "Dlq", |queue| queue["MessageRetentionPeriod"] = json!(60))
    }),
    ("path: how long the queue keeps is a parameter", "reader-keeps-failures", |g, n| {
        in_properties(g, n, "Dlq", |queue| queue["MessageRetentionPeriod"] = json!({"Ref": "Seconds"}))
    }),
    ("path: the queue takes small messages alone", "reader-keeps-failures", |g, n| {
        in_properties(g, n, "Dlq", |queue| queue["MaximumMessageSize"] = json!(1024))
    }),
    ("path: the queue has a key", "reader-keeps-failures", |g, n| {
        in_properties(g, n, "Dlq", |queue| queue["KmsMasterKeyId"] = json!(KEY))
    }),
    ("path: the queue is a FIFO one", "reader-keeps-failures", |g, n| {
        in_properties(g, n, "Dlq", |queue| queue["FifoQueue"] = json!(true))
    }),
    ("path: the queue has a dead-letter queue itself", "reader-keeps-failures", |g, n| {
        in_properties(g, n, "Dlq", |queue| queue["RedrivePolicy"] = json!({"maxReceiveCount": 1}))
    }),
    ("path: the queue delays messages for good", "reader-keeps-failures", |g, n| {
        in_properties(g, n, "Dlq", |queue| queue["DelaySeconds"] = json!(900))
    }),
    ("path: a function empties the queue", "reader-keeps-failures", |g, n| {
        in_reader(g, n, |function| {
            let queue = json!({"Queue": {"Fn::GetAtt": "Dlq.Arn"}, "FilterCriteria": {"Filters": [{"Pattern": "{}"}]}});
            function["Events"]["Drain"] = json!({"Type": "SQS", "Properties": queue});
        })
    }),
    ("path: the queue lets in no topic", "reader-keeps-failures", |g, n| {
        in_statements(g, n, "DlqPolicy", |statements| drop(statements.as_array_mut().unwrap().remove(0)))
    }),
    ("path: the queue lets in another topic", "reader-keeps-failures", |g, n| {
        in_statements(g, n, "DlqPolicy", |statements| {
            statements[0]["Condition"]["ArnEquals"]["aws:SourceArn"] = json!({"Ref": "AlarmTopic"});
        })
    }),
    ("path: an inline policy of the queue denies", "reader-keeps-failures", |g, n| {
        let statement = json!({"Effect": "Deny", "Principal": "*", "Action": "sqs:SendMessage", "Resource": "*"});
        let properties = json!({"Queue": {"Ref": "Dlq"}, "PolicyDocument": {"Statement": [statement]}});
        in_reader_template(g, n, |resources, _| {
            resources["Inline"] = json!({"Type": "AWS::SQS::QueueInlinePolicy", "Properties": properties});
        })
    }),
    ("path: a second policy of the queue replaces the first", "reader-keeps-failures", |g, n| {
        let url = "https://sqs.${AWS::Region}.amazonaws.com/${AWS::AccountId}/busline-${Env}-dlq";
        let properties = json!({"Queues": [{"Fn::Sub": url}], "PolicyDocument": {"Statement": []}});
        in_reader_template(g, n, |resources, _| {
            resources["Second"] = json!({"Type": "AWS::SQS::QueuePolicy", "Properties": properties});
        })
    }),
    ("path: the queue's policy has a condition on the organisation", "rule-understood", |g, n| {
        in_policy_of_queue(g, n, |statement| {
            statement["Condition"]["StringEquals"] = json!({"aws:PrincipalOrgID": "o-1"});
        })
    }),
    ("path: the boundary keeps functions from the topic", "permission-understood", |g, n| {
        in_statements(g, n, "Boundary", |statements| {
            statements[3]["NotAction"].as_array_mut().unwrap().push(json!("sns:Publish"));
        })
    }),
    ("path: the boundary keeps the publisher from the bucket", "permission-understood", |g, n| {
        in_statements(g, n, "Boundary", |statements| {
            let deny = json!({"Effect": "Deny", "Action": "s3:*", "Resource": "*"});
            statements.as_array_mut().unwrap().push(deny);
        })
    }),
    ("path: the rule has a name that the queue's policy does not know", "rule-understood", |g, n| {
        edit_rule(&mut g.tree, n, |rule| rule["RuleName"] = json!({"Fn::Sub": "other-${Env}"}))
    }),
    ("path: no repetition by the rule", "reader-keeps-failures", |g, n| {
        in_keeper(g, n, |function| {
            for event in function["Events"].as_object_mut().unwrap().values_mut() {
                event["Properties"]["RetryPolicy"] = json!({"MaximumRetryAttempts": 0});
            }
        })
    }),
    ("path: no repetition for the outbox", "reader-keeps-failures", |g, n| {
        in_outbox(g, n, |event| event["MaximumRetryAttempts"] = json!(0))
    }),
    ("path: how often is tried is a parameter", "reader-keeps-failures", |g, n| {
        in_keeper(g, n, |function| function["EventInvokeConfig"]["MaximumRetryAttempts"] = json!({"Ref": "Tries"}))
    }),
    ("path: an exception for a check that takes none", "files-readable", |g, n| {
        let exception =
            format!("\n- {{rule: job-not-stopped, subject: {}/publish, reason: ours, until: 2027-01-31}}\n", n.service);
        in_text(g, EXCEPTIONS, |text| format!("{text}{exception}"))
    }),
    ("outbox: it is read from now on", "job-not-stopped", |g, n| {
        in_outbox(g, n, |event| event["StartingPosition"] = json!("LATEST"))
    }),
    ("outbox: it is on by a parameter", "job-not-stopped", |g, n| {
        in_outbox(g, n, |event| event["Enabled"] = json!({"Ref": "Publishing"}))
    }),
    ("outbox: the filter has a key", "job-not-stopped", |g, n| {
        in_outbox(g, n, |event| event["KmsKeyArn"] = json!(KEY))
    }),
    ("outbox: events are summed up", "job-not-stopped", |g, n| {
        in_outbox(g, n, |event| event["TumblingWindowInSeconds"] = json!(900))
    }),
    ("outbox: a policy of the stream denies", "job-not-stopped", |g, n| {
        in_table(g, n, |table| table["StreamSpecification"]["ResourcePolicy"] = json!({"PolicyDocument": {}}))
    }),
    ("outbox: a policy of the table denies", "job-not-stopped", |g, n| {
        in_table(g, n, |table| table["ResourcePolicy"] = json!({"PolicyDocument": {}}))
    }),
    ("outbox: the table has a key", "job-not-stopped", |g, n| {
        in_table(g, n, |table| table["SSESpecification"]["KMSMasterKeyId"] = json!(KEY))
    }),
    ("outbox: the table is on a condition", "rule-understood", |g, n| {
        in_template(g, &n.service, |template| template["Resources"]["Table"]["Condition"] = json!("OnAws"))
    }),
    ("program: the subscriber runs other code", "job-not-stopped", |g, n| {
        in_reader(g, n, |function| function["CodeUri"] = json!("s3://old/todos.zip"))
    }),
    ("program: the publisher runs other code", "job-not-stopped", |g, n| {
        in_publisher(g, n, |function| function["CodeUri"]["Key"] = json!("older"))
    }),
    ("program: no function runs what was built", "job-not-stopped", |g, n| {
        in_template(g, &n.service, |template| template["Globals"]["Function"]["Runtime"] = json!("nodejs22.x"))
    }),
    ("program: the subscriber is an image", "job-not-stopped", |g, n| {
        in_reader(g, n, |function| (function["PackageType"], function["ImageUri"]) = (json!("Image"), json!("x")))
    }),
    ("program: rules invoke an alias of the subscriber", "job-not-stopped", |g, n| {
        in_reader(g, n, |function| function["AutoPublishAlias"] = json!("live"))
    }),
    ("program: all functions have an alias of a fixed version", "job-not-stopped", |g, n| {
        in_template(g, &reader(g, n), |template| {
            template["Globals"]["Function"]["AutoPublishAlias"] = json!("live");
            template["Globals"]["Function"]["AutoPublishCodeSha256"] = json!("0".repeat(64));
        })
    }),
    ("program: an alias of the publisher", "rule-understood", |g, n| {
        add_resource(&mut g.tree, &n.service, json!({"Type": "AWS::Lambda::Alias", "Properties": {"Name": "live"}}))
    }),
    ("program: a layer wraps the subscriber", "job-not-stopped", |g, n| {
        in_reader(g, n, |function| function["Layers"] = json!(["arn:aws:lambda:eu-west-1:1:layer:x:1"]))
    }),
    ("program: a variable wraps the subscriber", "job-not-stopped", |g, n| {
        in_reader(g, n, |function| {
            function["Environment"]["Variables"]["AWS_LAMBDA_EXEC_WRAPPER"] = json!("/opt/drop");
        })
    }),
    ("program: the publisher sends to another address", "job-not-stopped", |g, n| {
        in_publisher(g, n, |function| {
            function["Environment"]["Variables"]["AWS_ENDPOINT_URL_EVENTBRIDGE"] = json!("https://example.com");
        })
    }),
    ("program: the publisher is in a network", "job-not-stopped", |g, n| {
        in_publisher(g, n, |function| function["VpcConfig"] = json!({"SubnetIds": ["subnet-1"]}))
    }),
    ("program: the subscriber's variables have a key", "job-not-stopped", |g, n| {
        in_reader(g, n, |function| function["KmsKeyArn"] = json!(KEY))
    }),
    ("program: a deployment runs a custom resource", "rule-understood", |g, n| {
        add_resource(&mut g.tree, &n.service, json!({"Type": "Custom::Stop", "Properties": {"ServiceToken": "x"}}))
    }),
    ("program: a schedule switches the rule off", "rule-understood", |g, n| {
        let target = json!({"Arn": "arn:aws:scheduler:::aws-sdk:eventbridge:disableRule", "Input": "{}"});
        add_resource(
            &mut g.tree,
            &n.service,
            json!({"Type": "AWS::Scheduler::Schedule", "Properties": {"Target": target}}),
        )
    }),
    ("program: a loop writes resources", "rule-understood", |g, n| {
        in_reader_template(g, n, |resources, _| resources["Fn::ForEach::Rules"] = json!(["Name", ["a"], {}]))
    }),
    ("rule: moved to a bus of this service", "rule-on-our-bus", |g, n| {
        edit_rule(&mut g.tree, n, |rule| rule["EventBusName"] = json!({"Fn::Sub": "${BusName}-2"}))
    }),
    ("rule: it is on by a condition", "rule-enabled", |g, n| {
        edit_rule(&mut g.tree, n, |rule| rule["State"] = json!({"Fn::If": ["OnAws", "ENABLED", "DISABLED"]}))
    }),
    ("rule: a template makes another event of it", "rule-delivers-whole-event", |g, n| {
        edit_rule(&mut g.tree, n, |rule| rule["InputTransformer"] = json!({"InputTemplate": "{}"}))
    }),
    ("rule: it waits for a permission of another function", "rule-understood", |g, n| {
        as_resource(g, n, Some(json!({"FunctionName": {"Ref": "Publish"}})))
            && in_reader_template(g, n, |resources, _| resources["Moved"]["DependsOn"] = json!("Permission"))
    }),
    ("rule: as a resource with a permission of an organisation", "rule-understood", |g, n| {
        as_resource(g, n, Some(json!({"PrincipalOrgID": "o-1"})))
    }),
    ("rule: one of several events is another account's", "rule-gets-every-event", |g, n| {
        edit_pattern(&mut g.tree, n, |pattern| pattern["account"] = json!(["000000000000"]))
    }),
    ("rule: an event of a type that SAM does not know", "rule-understood", |g, n| {
        edit_events(&mut g.tree, n, |events, rule| events[rule]["Type"] = json!("EventBridgeRuleV2"))
    }),
    ("bus: it has a key", "bus-open", |g, _| {
        in_bus(g, |resources| resources["Bus"]["Properties"]["KmsKeyIdentifier"] = json!(KEY))
    }),
    ("bus: it has another name", "bus-open", |g, _| {
        in_bus(g, |resources| resources["Bus"]["Properties"]["Name"] = json!({"Fn::Sub": "busline-${Env}-2"}))
    }),
];

/// Changes that no report catches, and why.
pub(super) const UNCAUGHT: [Kind; 5] = [
    ("an alarm was removed", "it tells of failures and causes none; the messages are kept", |g, n| {
        remove(g, n, "FailedMessagesAlarm")
    }),
    (
        "a subscriber has a second of time",
        "no analysis knows how long a job takes; what it could not do is kept",
        |g, n| in_reader(g, n, |function| function["Timeout"] = json!(1)),
    ),
    ("a subscriber writes into another table", "which setting means what is known to its code alone", |g, n| {
        in_reader(g, n, |function| function["Environment"]["Variables"]["TABLE_NAME"] = json!("another"))
    }),
    ("the code takes an event for done", "the code of jobs is not proven: their tests are", |g, n| {
        let file = format!("services/{}/src/subscribe/dropped.rs", reader(g, n));
        g.tree.put(&file, "pub(crate) fn drop_all() {}\n");
        true
    }),
    ("an environment lowers a limit", "values of environments are reviewed like code", |g, n| {
        environment(g, &format!("{}: {{WritesPerMinute: 1}}\n", n.service))
    }),
];

fn fields(value: &mut Value) -> &mut serde_json::Map<String, Value> {
    value.as_object_mut().unwrap()
}

fn remove(workspace: &mut Workspace, name: &EventName, resource: &str) -> bool {
    in_reader_template(workspace, name, |resources, _| drop(fields(resources).remove(resource).unwrap()))
}

/// Changes a resource of the service with the first rule for an event.
fn in_resource(workspace: &mut Workspace, name: &EventName, logical: &str, change: impl FnOnce(&mut Value)) -> bool {
    in_reader_template(workspace, name, |resources, _| change(&mut resources[logical]))
}

fn in_properties(workspace: &mut Workspace, name: &EventName, logical: &str, change: impl FnOnce(&mut Value)) -> bool {
    in_resource(workspace, name, logical, |resource| change(&mut resource["Properties"]))
}

fn in_statements(workspace: &mut Workspace, name: &EventName, logical: &str, change: impl FnOnce(&mut Value)) -> bool {
    in_properties(workspace, name, logical, |policy| change(&mut policy["PolicyDocument"]["Statement"]))
}

fn in_table(workspace: &mut Workspace, name: &EventName, change: impl FnOnce(&mut Value)) -> bool {
    in_template(workspace, &name.service, |template| change(&mut template["Resources"]["Table"]["Properties"]))
}
