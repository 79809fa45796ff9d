"""Events of the emails of a configuration set."""

import json
from typing import Any

import pytest

from conformance.cloud import Cloud, unique, wait_for
from conformance.stacks import stack
from conformance.test_mail_identities import mail

pytestmark = [
    pytest.mark.aws(
        "https://docs.aws.amazon.com/ses/latest/dg/event-publishing-retrieving-sns-contents.html"
    ),
    pytest.mark.patch("ses_events"),
]

TEMPLATE = """
Parameters:
  Name: {Type: String}
Resources:
  Queue: {Type: AWS::SQS::Queue}
  QueuePolicy:
    Type: AWS::SQS::QueuePolicy
    Properties:
      Queues: [!Ref Queue]
      PolicyDocument:
        Version: "2012-10-17"
        Statement:
          - Effect: Allow
            Principal: {Service: sns.amazonaws.com}
            Action: sqs:SendMessage
            Resource: !GetAtt Queue.Arn
            Condition: {ArnEquals: {aws:SourceArn: !Ref Topic}}
  Topic: {Type: AWS::SNS::Topic}
  TopicPolicy:
    Type: AWS::SNS::TopicPolicy
    Properties:
      Topics: [!Ref Topic]
      PolicyDocument:
        Version: "2012-10-17"
        Statement:
          - Effect: Allow
            Principal: {Service: ses.amazonaws.com}
            Action: sns:Publish
            Resource: !Ref Topic
            Condition: {StringEquals: {aws:SourceAccount: !Ref AWS::AccountId}}
  Subscription:
    Type: AWS::SNS::Subscription
    DependsOn: QueuePolicy
    Properties:
      TopicArn: !Ref Topic
      Protocol: sqs
      Endpoint: !GetAtt Queue.Arn
      RawMessageDelivery: true
  Set: {Type: AWS::SES::ConfigurationSet, Properties: {Name: !Ref Name}}
  Destination:
    Type: AWS::SES::ConfigurationSetEventDestination
    DependsOn: TopicPolicy
    Properties:
      ConfigurationSetName: !Ref Set
      EventDestination:
        Enabled: true
        MatchingEventTypes: [bounce, complaint, reject]
        SnsDestination: {TopicARN: !Ref Topic}
"""


def test_bounces_and_complaints_are_published_with_the_tags_of_the_email(cloud: Cloud) -> None:
    ses, name = cloud.client("sesv2"), unique("set")
    sender = f"{unique('sender')}@example.com"
    ses.create_email_identity(EmailIdentity=sender)
    with stack(cloud) as it:
        it.deploy(TEMPLATE, Name=name)
        queue = it.physical_id("Queue")
        for outcome in ("success", "bounce", "complaint"):
            reader = f"{outcome}+{unique('label')}@simulator.amazonses.com"
            tags = [{"Name": "user", "Value": outcome}]
            ses.send_email(**mail(sender, reader), ConfigurationSetName=name, EmailTags=tags)
        events = received(cloud, queue, 2)
    assert {kind: event["mail"]["tags"]["user"] for kind, event in events.items()} == {
        "Bounce": ["bounce"],
        "Complaint": ["complaint"],
    }
    assert events["Bounce"]["mail"]["tags"]["ses:configuration-set"] == [name]
    assert events["Bounce"]["bounce"]["bounceType"] == "Permanent"
    (bounced,) = events["Bounce"]["bounce"]["bouncedRecipients"]
    assert bounced["emailAddress"].startswith("bounce+")
    (complained,) = events["Complaint"]["complaint"]["complainedRecipients"]
    assert complained["emailAddress"].startswith("complaint+")


def received(cloud: Cloud, queue: str, count: int) -> dict[str, Any]:
    """So many events, by their types."""
    sqs, events = cloud.client("sqs"), dict[str, Any]()

    def enough() -> bool:
        answer = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10)
        for message in answer.get("Messages", []):
            event = json.loads(message["Body"])
            events[event["eventType"]] = event
        return len(events) >= count

    wait_for(enough, what="events of emails")
    return events


def test_an_email_of_an_unknown_configuration_set_is_refused(cloud: Cloud) -> None:
    ses, sender = cloud.client("sesv2"), f"{unique('sender')}@example.com"
    ses.create_email_identity(EmailIdentity=sender)
    with pytest.raises(ses.exceptions.NotFoundException):
        ses.send_email(**mail(sender, "reader@example.com"), ConfigurationSetName=unique("no-set"))
