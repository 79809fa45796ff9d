"""A stack is created of resources that exist."""

import pytest

from conformance.cloud import Cloud, unique, wait_for

pytestmark = [
    pytest.mark.aws(
        "https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/resource-import-supported-resources.html",
        "https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/import-resources-manually.html",
    ),
    pytest.mark.patch("cloudformation_imports"),
]

TEMPLATE = """
Resources:
  Secret:
    Type: AWS::SecretsManager::Secret
    DeletionPolicy: Delete
    Properties: {Description: imported}
"""


def test_a_secret_that_exists_becomes_part_of_a_stack(cloud: Cloud) -> None:
    secrets, cloudformation = cloud.client("secretsmanager"), cloud.client("cloudformation")
    name = unique("imported")
    arn = secrets.create_secret(Name=name, SecretString="kept", Description="imported")["ARN"]
    created = cloudformation.create_change_set(
        StackName=name,
        ChangeSetName=name,
        ChangeSetType="IMPORT",
        TemplateBody=TEMPLATE,
        ResourcesToImport=[
            {
                "ResourceType": "AWS::SecretsManager::Secret",
                "LogicalResourceId": "Secret",
                "ResourceIdentifier": {"Id": arn},
            }
        ],
    )

    def status() -> str:
        return str(cloudformation.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"])

    def is_created() -> bool:
        change_set = cloudformation.describe_change_set(ChangeSetName=created["Id"])
        return bool(change_set["Status"] == "CREATE_COMPLETE")

    wait_for(is_created, what="the change set")
    cloudformation.execute_change_set(ChangeSetName=created["Id"])
    wait_for(lambda: status() == "IMPORT_COMPLETE", what="the import")
    assert secrets.get_secret_value(SecretId=arn)["SecretString"] == "kept"
    cloudformation.delete_stack(StackName=name)
