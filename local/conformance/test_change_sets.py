"""Deployments through change sets, of templates with the SAM transform."""

import pytest

from conformance import functions
from conformance.cloud import Client, Cloud, unique
from conformance.stacks import Stack, stack

pytestmark = [
    pytest.mark.aws(
        "https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-updating-stacks-changesets.html",
        "https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/stack-failure-options.html",
    ),
    pytest.mark.guard,
]

HEAD = """
Transform: AWS::Serverless-2016-10-31
Parameters:
  Bucket: {Type: String}
  Key: {Type: String}
Globals:
  Function:
    Runtime: provided.al2023
    CodeUri: {Bucket: !Ref Bucket, Key: !Ref Key}
Resources:
  Role:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Version: "2012-10-17"
        Statement:
          - {Effect: Allow, Principal: {Service: lambda.amazonaws.com}, Action: sts:AssumeRole}
  First:
    Type: AWS::Serverless::Function
    Properties: {Handler: function.handler, Role: !GetAtt Role.Arn}
"""
SECOND = """
  Second:
    Type: AWS::Serverless::Function
    Properties: {Handler: function.handler, Role: !GetAtt Role.Arn, Timeout: 7}
"""
WRONG = """
  Wrong:
    Type: AWS::SSM::Parameter
    Properties: {Type: String, Value: !GetAtt Role.Nothing}
    DependsOn: [First]
"""


@pytest.fixture
def code(cloud: Cloud) -> dict[str, str]:
    """The bucket and key of a function's code; the same code is also at `second.zip`."""
    s3, bucket = cloud.client("s3"), unique("code")
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    for key in ("first.zip", "second.zip"):
        s3.put_object(Bucket=bucket, Key=key, Body=functions.code())
    return {"Bucket": bucket, "Key": "first.zip"}


def revision(client: Client, it: Stack, logical_id: str) -> str:
    name = it.physical_id(logical_id)
    return str(client.get_function_configuration(FunctionName=name)["RevisionId"])


def test_an_unchanged_template_has_no_changes(cloud: Cloud, code: dict[str, str]) -> None:
    with stack(cloud) as it:
        it.deploy(HEAD + SECOND, **code)
        assert not it.has_changes(HEAD + SECOND, **code)
        assert it.has_changes(HEAD, **code)
        assert it.has_changes(HEAD + SECOND, **(code | {"Key": "second.zip"}))


def test_new_code_updates_its_functions_in_place(cloud: Cloud, code: dict[str, str]) -> None:
    client = cloud.client("lambda")
    with stack(cloud) as it:
        it.deploy(HEAD + SECOND, **code)
        name, before = it.physical_id("First"), revision(client, it, "First")
        it.deploy(HEAD + SECOND, **(code | {"Key": "second.zip"}))
        assert it.physical_id("First") == name
        assert revision(client, it, "First") != before


def test_a_resource_removed_from_the_template_is_deleted(
    cloud: Cloud, code: dict[str, str]
) -> None:
    client = cloud.client("lambda")
    with stack(cloud) as it:
        it.deploy(HEAD + SECOND, **code)
        second = it.physical_id("Second")
        it.deploy(HEAD, **code)
        with pytest.raises(client.exceptions.ResourceNotFoundException):
            client.get_function(FunctionName=second)
        assert revision(client, it, "First")


def test_a_failing_update_changes_nothing(cloud: Cloud, code: dict[str, str]) -> None:
    client = cloud.client("lambda")
    with stack(cloud) as it:
        it.deploy(HEAD + SECOND, **code)
        changed = HEAD + SECOND.replace("Timeout: 7", "Timeout: 9") + WRONG
        assert it.try_to_deploy(changed, **code) == "UPDATE_ROLLBACK_COMPLETE"
        assert any("Nothing" in reason for reason in it.failures())
        config = client.get_function_configuration(FunctionName=it.physical_id("Second"))
        assert config["Timeout"] == 7
        assert not it.has_changes(HEAD + SECOND, **code)


def test_missing_code_rolls_the_update_back(cloud: Cloud, code: dict[str, str]) -> None:
    with stack(cloud) as it:
        it.deploy(HEAD, **code)
        status = it.try_to_deploy(HEAD, **(code | {"Key": "nowhere.zip"}))
        assert status == "UPDATE_ROLLBACK_COMPLETE"


def test_a_failing_creation_leaves_nothing(cloud: Cloud, code: dict[str, str]) -> None:
    with stack(cloud) as it:
        assert it.try_to_deploy(HEAD + WRONG, **code) == "ROLLBACK_COMPLETE"
        names = [one["RoleName"] for one in cloud.client("iam").list_roles()["Roles"]]
        assert not any(name.startswith(it.name) for name in names)
