"""The permissions that batch calls to a queue need."""

import pytest

from conformance.cloud import REGION, Cloud, unique
from conformance.identities import account_id, clients_of_role

pytestmark = [
    pytest.mark.aws(
        "https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-api-permissions-reference.html",
    ),
    pytest.mark.patch("sqs_batch_permissions"),
]


def test_batches_need_the_permissions_of_single_calls(cloud: Cloud) -> None:
    name = unique("queue")
    url = cloud.client("sqs").create_queue(QueueName=name)["QueueUrl"]
    single = ["SendMessage", "ReceiveMessage", "ChangeMessageVisibility", "DeleteMessage"]
    sqs = clients_of_role(
        cloud,
        {
            "Effect": "Allow",
            "Action": [f"sqs:{action}" for action in single],
            "Resource": f"arn:aws:sqs:{REGION}:{account_id(cloud)}:{name}",
        },
    )("sqs")
    sent = sqs.send_message_batch(QueueUrl=url, Entries=[{"Id": "1", "MessageBody": "x"}])
    assert not sent.get("Failed")
    (message,) = sqs.receive_message(QueueUrl=url)["Messages"]
    entry = {"Id": "1", "ReceiptHandle": message["ReceiptHandle"]}
    changed = sqs.change_message_visibility_batch(
        QueueUrl=url, Entries=[{**entry, "VisibilityTimeout": 5}]
    )
    assert not changed.get("Failed")
    assert not sqs.delete_message_batch(QueueUrl=url, Entries=[entry]).get("Failed")
