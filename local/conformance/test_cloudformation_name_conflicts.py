"""What a stack retained is not created over by the next."""

import pytest

from conformance.cloud import Cloud, unique
from conformance.stacks import Stack, stack

pytestmark = [
    pytest.mark.aws(
        "https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-attribute-deletionpolicy.html",
    ),
    pytest.mark.patch("cloudformation_name_conflicts"),
]

TEMPLATE = """
Parameters:
  Name: {Type: String}
Resources:
  Table:
    Type: AWS::DynamoDB::Table
    DeletionPolicy: Retain
    UpdateReplacePolicy: Retain
    Properties:
      TableName: !Ref Name
      BillingMode: PAY_PER_REQUEST
      AttributeDefinitions: [{AttributeName: pk, AttributeType: S}]
      KeySchema: [{AttributeName: pk, KeyType: HASH}]
  Queue:
    Type: AWS::SQS::Queue
    DeletionPolicy: Retain
    UpdateReplacePolicy: Retain
    Properties: {QueueName: !Ref Name}
"""


def test_a_retained_resource_is_not_replaced(cloud: Cloud) -> None:
    dynamodb, sqs = cloud.client("dynamodb"), cloud.client("sqs")
    name = unique("retained")
    first = Stack(cloud)
    first.deploy(TEMPLATE, Name=name)
    dynamodb.put_item(TableName=name, Item={"pk": {"S": "kept"}})
    queue = sqs.get_queue_url(QueueName=name)["QueueUrl"]
    sqs.send_message(QueueUrl=queue, MessageBody="kept")
    first.delete()

    with stack(cloud) as second:
        assert second.try_to_deploy(TEMPLATE, Name=name) == "ROLLBACK_COMPLETE"
        assert any("already exists" in reason for reason in second.failures())
    assert dynamodb.scan(TableName=name)["Count"] == 1
    assert sqs.receive_message(QueueUrl=queue)["Messages"][0]["Body"] == "kept"

    dynamodb.delete_table(TableName=name)
    sqs.delete_queue(QueueUrl=queue)


IDENTITY = """
Parameters:
  Domain: {Type: String}
  Exists: {Type: String, Default: "false"}
Conditions:
  IsNew: !Equals [!Ref Exists, "false"]
Resources:
  Parameter: {Type: AWS::SSM::Parameter, Properties: {Type: String, Value: !Ref Domain}}
  Identity:
    Type: AWS::SES::EmailIdentity
    Condition: IsNew
    DeletionPolicy: Retain
    Properties: {EmailIdentity: !Ref Domain}
"""


def test_an_account_has_an_email_identity_once(cloud: Cloud) -> None:
    ses, domain = cloud.client("sesv2"), f"{unique('identity')}.example.com"
    with stack(cloud) as owner, stack(cloud) as refused, stack(cloud) as other:
        owner.deploy(IDENTITY, Domain=domain)
        assert refused.try_to_deploy(IDENTITY, Domain=domain) == "ROLLBACK_COMPLETE"
        assert any("already exists" in reason for reason in refused.failures())
        other.deploy(IDENTITY, Domain=domain, Exists="true")
        owner.deploy(IDENTITY, Domain=domain, Exists="true")
    assert ses.get_email_identity(EmailIdentity=domain)["IdentityType"] == "DOMAIN"
    ses.delete_email_identity(EmailIdentity=domain)


def test_a_refused_create_does_not_change_the_other_stack(cloud: Cloud) -> None:
    name = unique("owned")
    with stack(cloud) as owner, stack(cloud) as other:
        owner.deploy(TEMPLATE.replace("Retain", "Delete"), Name=name)
        assert other.try_to_deploy(TEMPLATE.replace("Retain", "Delete"), Name=name) == (
            "ROLLBACK_COMPLETE"
        )
        assert cloud.client("dynamodb").describe_table(TableName=name)["Table"]
        assert cloud.client("sqs").get_queue_url(QueueName=name)["QueueUrl"]
