"""A queue moves a message to its dead-letter queue when the consumer keeps failing."""

import json
from typing import Any

import pytest

from conformance import functions, queues
from conformance.cloud import Cloud, wait_for

pytestmark = [
    pytest.mark.aws(
        "https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-dead-letter-queues.html"
    ),
    pytest.mark.guard,
]

_CONSUME = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"]


def redrive(source: queues.Queue, target: queues.Queue, invisible_seconds: int) -> None:
    policy = {"deadLetterTargetArn": target.arn, "maxReceiveCount": 2}
    source.client.set_queue_attributes(
        QueueUrl=source.url,
        Attributes={
            "RedrivePolicy": json.dumps(policy),
            "VisibilityTimeout": str(invisible_seconds),
        },
    )


def test_a_message_moves_unchanged_after_its_last_receive(cloud: Cloud) -> None:
    source, target = queues.create(cloud), queues.create(cloud)
    redrive(source, target, invisible_seconds=0)
    attributes = {"RequestID": {"DataType": "String", "StringValue": "1"}}
    source.client.send_message(
        QueueUrl=source.url, MessageBody="poison", MessageAttributes=attributes
    )

    def receive() -> list[dict[str, Any]]:
        answer = source.client.receive_message(QueueUrl=source.url)
        return list(answer.get("Messages", []))

    assert [len(receive()) for _ in range(3)] == [1, 1, 0]
    message = target.take()[0]
    assert message["Body"] == "poison"
    assert message["MessageAttributes"] == attributes


@pytest.mark.aws("https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html")
def test_failed_messages_move_and_the_rest_is_deleted(cloud: Cloud) -> None:
    source, target = queues.create(cloud), queues.create(cloud)
    # A message must stay invisible for as long as the function may take.
    function = functions.deploy(cloud, (_CONSUME, source.arn), Timeout=3)
    redrive(source, target, invisible_seconds=3)
    cloud.client("lambda").create_event_source_mapping(
        EventSourceArn=source.arn, FunctionName=function.name, BatchSize=1
    )
    for body in ({"mark": "a"}, {"mark": "poison", "do": "fail"}, {"mark": "b"}):
        source.client.send_message(QueueUrl=source.url, MessageBody=json.dumps(body))
    assert json.loads(target.take()[0]["Body"])["mark"] == "poison"
    wait_for(lambda: {"a", "b"} <= {mark for [mark] in function.marks()})
    assert function.marks().count(["poison"]) == 2
