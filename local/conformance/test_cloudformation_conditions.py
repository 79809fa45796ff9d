"""Resources that exist on a condition."""

import pytest

from conformance.cloud import Cloud
from conformance.stacks import stack

pytestmark = [
    pytest.mark.aws(
        "https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/conditions-section-structure.html",
    ),
    pytest.mark.patch("cloudformation_conditions"),
]

TEMPLATE = """
Parameters:
  Logs: {Type: String, AllowedValues: [deliver, none]}
Conditions:
  Deliver: !Equals [!Ref Logs, deliver]
Resources:
  Queue: {Type: AWS::SQS::Queue}
  DeadLetters: {Type: AWS::SQS::Queue, Condition: Deliver}
"""


def test_a_change_set_lists_the_resources_that_will_exist(cloud: Cloud) -> None:
    with stack(cloud) as it:
        assert it.changes(TEMPLATE, Logs="none") == {"Queue": "Add"}
        it.deploy(TEMPLATE, Logs="none")
        assert not it.has_changes(TEMPLATE, Logs="none")


def test_turning_a_condition_over_adds_and_removes(cloud: Cloud) -> None:
    with stack(cloud) as it:
        it.deploy(TEMPLATE, Logs="none")
        assert it.changes(TEMPLATE, Logs="deliver") == {"DeadLetters": "Add"}
        it.deploy(TEMPLATE, Logs="deliver")
        dead_letters = it.physical_id("DeadLetters")
        sqs = cloud.client("sqs")
        assert sqs.get_queue_attributes(QueueUrl=dead_letters, AttributeNames=["QueueArn"])
        assert it.changes(TEMPLATE, Logs="none") == {"DeadLetters": "Remove"}
        it.deploy(TEMPLATE, Logs="none")
        assert dead_letters not in sqs.list_queues().get("QueueUrls", [])
