"""Queues to see what arrives, and who may send to them."""

import json
from dataclasses import dataclass
from typing import Any

from conformance.cloud import Client, Cloud, unique, wait_for


@dataclass(frozen=True)
class Queue:
    """A standard queue and its messages."""

    url: str
    arn: str
    client: Client

    def take(self, count: int = 1, seconds: float = 15) -> list[dict[str, Any]]:
        """Wait for `count` messages, remove and return them."""
        taken: list[dict[str, Any]] = []

        def enough() -> bool:
            taken.extend(self.poll())
            return len(taken) >= count

        wait_for(enough, seconds, f"{count} messages in {self.arn}")
        return taken

    def poll(self) -> list[dict[str, Any]]:
        """Remove and return the messages that are there now."""
        messages: list[dict[str, Any]] = self.client.receive_message(
            QueueUrl=self.url, MaxNumberOfMessages=10, MessageAttributeNames=["All"]
        ).get("Messages", [])
        for message in messages:
            self.client.delete_message(QueueUrl=self.url, ReceiptHandle=message["ReceiptHandle"])
        return messages

    def admit(self, service: str, source_arn: str) -> None:
        """Let `service` send to the queue for `source_arn`."""
        statement = policy(service.partition(".")[0], "sqs:SendMessage", self.arn, source_arn)
        self.client.set_queue_attributes(
            QueueUrl=self.url, Attributes={"Policy": json.dumps(statement)}
        )


def policy(service: str, action: str, resource: str, source_arn: str) -> dict[str, Any]:
    """A resource's policy that lets a service (`sns`, `events`) act for one source."""
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": f"{service}.amazonaws.com"},
                "Action": action,
                "Resource": resource,
                "Condition": {"ArnEquals": {"aws:SourceArn": source_arn}},
            }
        ],
    }


def create(cloud: Cloud) -> Queue:
    """A new queue without a policy."""
    client = cloud.client("sqs")
    url = client.create_queue(QueueName=unique("queue"))["QueueUrl"]
    attributes = client.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    return Queue(url, attributes["Attributes"]["QueueArn"], client)


def topic_with_queue(cloud: Cloud, **attributes: str) -> tuple[str, Queue]:
    """A topic that delivers raw to a queue, as each service's failures do."""
    sns = cloud.client("sns")
    arn = sns.create_topic(Name=unique("topic"), Attributes=attributes)["TopicArn"]
    queue = create(cloud)
    queue.admit("sns.amazonaws.com", arn)
    sns.subscribe(
        TopicArn=arn,
        Protocol="sqs",
        Endpoint=queue.arn,
        Attributes={"RawMessageDelivery": "true"},
    )
    return arn, queue
