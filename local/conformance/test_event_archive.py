"""An archive that a template makes, and a replay out of it."""

import datetime
import json

import pytest

from conformance.cloud import Cloud, unique, wait_for
from conformance.stacks import Stack, stack

pytestmark = [
    pytest.mark.aws(
        "https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-events-archive.html",
    ),
    pytest.mark.patch("event_archive"),
]

TEMPLATE = """
Parameters:
  Name: {Type: String}
  Days: {Type: Number, Default: 30}
  Described: {Type: String, Default: first}
Resources:
  Bus:
    Type: AWS::Events::EventBus
    Properties: {Name: !Ref Name}
  Archive:
    Type: AWS::Events::Archive
    Properties:
      ArchiveName: !Ref Name
      Description: !Ref Described
      SourceArn: !GetAtt Bus.Arn
      RetentionDays: !Ref Days
      EventPattern: {source: [{prefix: busline.}]}
Outputs:
  Bus: {Value: !GetAtt Bus.Arn}
  Archive: {Value: !GetAtt Archive.Arn}
  ArchiveName: {Value: !Ref Archive}
"""


def put(cloud: Cloud, bus: str, source: str) -> None:
    detail = json.dumps({"from": source})
    entry = {"Source": source, "DetailType": "Happened.v1", "Detail": detail, "EventBusName": bus}
    assert cloud.client("events").put_events(Entries=[entry])["FailedEntryCount"] == 0


def test_a_template_makes_an_archive_with_its_pattern_and_retention(cloud: Cloud) -> None:
    events = cloud.client("events")
    with stack(cloud) as it:
        name = unique("archive")
        outputs = it.deploy(TEMPLATE, Name=name)
        assert outputs["ArchiveName"] == name
        archive = events.describe_archive(ArchiveName=name)
        assert archive["ArchiveArn"] == outputs["Archive"]
        assert archive["EventSourceArn"] == outputs["Bus"]
        assert archive["RetentionDays"] == 30
        assert json.loads(archive["EventPattern"]) == {"source": [{"prefix": "busline."}]}


def test_an_update_keeps_the_archive_and_its_events(cloud: Cloud) -> None:
    events = cloud.client("events")
    with stack(cloud) as it:
        name = unique("archive")
        it.deploy(TEMPLATE, Name=name)
        put(cloud, name, "busline.orders")
        wait_for(lambda: events.describe_archive(ArchiveName=name)["EventCount"] == 1)
        it.deploy(TEMPLATE, Name=name, Days="7", Described="second")
        archive = events.describe_archive(ArchiveName=name)
        assert (archive["RetentionDays"], archive["Description"]) == (7, "second")
        assert archive["EventCount"] == 1


def test_deleting_the_stack_deletes_the_archive(cloud: Cloud) -> None:
    events = cloud.client("events")
    name = unique("archive")
    one = Stack(cloud)
    one.deploy(TEMPLATE, Name=name)
    one.delete()
    with pytest.raises(events.exceptions.ResourceNotFoundException):
        events.describe_archive(ArchiveName=name)


def test_a_replay_brings_back_the_archived_events_with_its_name(cloud: Cloud) -> None:
    events, sqs = cloud.client("events"), cloud.client("sqs")
    with stack(cloud) as it:
        name = unique("archive")
        outputs = it.deploy(TEMPLATE, Name=name)
        put(cloud, name, "busline.orders")
        put(cloud, name, "another.system")
        wait_for(lambda: events.describe_archive(ArchiveName=name)["EventCount"] == 1)

        queue = sqs.create_queue(QueueName=name)["QueueUrl"]
        attributes = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])
        pattern = {"replay-name": [name]}
        rule = events.put_rule(Name=name, EventBusName=name, EventPattern=json.dumps(pattern))
        queue_arn = attributes["Attributes"]["QueueArn"]
        sqs.set_queue_attributes(
            QueueUrl=queue, Attributes={"Policy": policy(queue_arn, rule["RuleArn"])}
        )
        events.put_targets(
            Rule=name, EventBusName=name, Targets=[{"Id": "queue", "Arn": queue_arn}]
        )
        now = datetime.datetime.now(datetime.UTC)
        events.start_replay(
            ReplayName=name,
            EventSourceArn=outputs["Archive"],
            EventStartTime=now - datetime.timedelta(minutes=5),
            EventEndTime=now + datetime.timedelta(minutes=5),
            Destination={"Arn": outputs["Bus"]},
        )
        received = wait_for(lambda: sqs.receive_message(QueueUrl=queue).get("Messages"))
        event = json.loads(received[0]["Body"])
        assert (event["source"], event["replay-name"]) == ("busline.orders", name)

        sqs.delete_queue(QueueUrl=queue)
        events.remove_targets(Rule=name, EventBusName=name, Ids=["queue"])
        events.delete_rule(Name=name, EventBusName=name)


def policy(queue_arn: str, rule_arn: str) -> str:
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": queue_arn,
        "Condition": {"ArnEquals": {"aws:SourceArn": rule_arn}},
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})
