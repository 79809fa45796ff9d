"""A bucket notifies a topic of new objects, if the topic's policy admits the bucket.

The failure path of every service uses it.
"""

import json

import pytest

from conformance import queues
from conformance.cloud import Cloud, unique
from conformance.stacks import stack

pytestmark = [
    pytest.mark.aws(
        "https://docs.aws.amazon.com/AmazonS3/latest/userguide/EventNotifications.html",
    ),
    pytest.mark.guard,
]

_TEMPLATE = """
Resources:
  Topic: {Type: AWS::SNS::Topic}
  Policy:
    Type: AWS::SNS::TopicPolicy
    Properties:
      Topics: [!Ref Topic]
      PolicyDocument:
        Version: "2012-10-17"
        Statement:
          Effect: Allow
          Principal: {Service: s3.amazonaws.com}
          Action: sns:Publish
          Resource: !Ref Topic
          Condition: {ArnEquals: {"aws:SourceArn": !Sub "arn:${AWS::Partition}:s3:::BUCKET"}}
  Bucket:
    Type: AWS::S3::Bucket
    DependsOn: Policy
    Properties:
      BucketName: BUCKET
      NotificationConfiguration:
        TopicConfigurations: [{Event: "s3:ObjectCreated:*", Topic: !Ref Topic}]
Outputs:
  Topic: {Value: !Ref Topic}
"""


def test_a_new_object_is_announced_through_a_topic(cloud: Cloud) -> None:
    bucket, queue = unique("bucket"), queues.create(cloud)
    with stack(cloud) as created:
        topic = created.deploy(_TEMPLATE.replace("BUCKET", bucket))["Topic"]
        queue.admit("sns.amazonaws.com", topic)
        sns, s3 = cloud.client("sns"), cloud.client("s3")
        raw = {"RawMessageDelivery": "true"}
        sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue.arn, Attributes=raw)
        s3.put_object(Bucket=bucket, Key="failed/a b", Body=b"1")
        event = json.loads(queue.take()[0]["Body"])
        s3.delete_object(Bucket=bucket, Key="failed/a b")
    assert event["Records"][0]["eventName"] == "ObjectCreated:Put"
    assert event["Records"][0]["s3"]["object"]["key"] == "failed/a+b"


def test_a_topic_that_does_not_admit_the_bucket_cannot_be_notified(cloud: Cloud) -> None:
    s3, bucket = cloud.client("s3"), unique("bucket")
    topic = cloud.client("sns").create_topic(Name=unique("topic"))["TopicArn"]
    policy = {"Version": "2012-10-17", "Statement": []}
    cloud.client("sns").set_topic_attributes(
        TopicArn=topic, AttributeName="Policy", AttributeValue=json.dumps(policy)
    )
    s3.create_bucket(
        Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": s3.meta.region_name}
    )
    with pytest.raises(s3.exceptions.ClientError, match="Unable to validate"):
        s3.put_bucket_notification_configuration(
            Bucket=bucket,
            NotificationConfiguration={
                "TopicConfigurations": [{"TopicArn": topic, "Events": ["s3:ObjectCreated:*"]}]
            },
        )
