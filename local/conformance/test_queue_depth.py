"""Queues that hold thousands of messages."""

import statistics
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from conformance.cloud import Client, Cloud, unique

pytestmark = [
    pytest.mark.aws(
        "https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/standard-queues.html"
    ),
    pytest.mark.patch("queue_depth"),
]

DEPTH = 20_000
CALLS = 20


class Queue:
    """A queue of the test's own."""

    def __init__(self, cloud: Cloud, depth: int) -> None:
        self.sqs: Client = cloud.client("sqs")
        self.url = self.sqs.create_queue(QueueName=unique("depth"))["QueueUrl"]
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(self.send, range(0, depth, 10)))

    def send(self, first: int) -> None:
        """Put ten messages in."""
        entries = [{"Id": str(n), "MessageBody": str(first + n)} for n in range(10)]
        answer = self.sqs.send_message_batch(QueueUrl=self.url, Entries=entries)
        assert not answer.get("Failed")

    def receive(self, hidden: int = 60) -> list[dict[str, str]]:
        """Ten messages at the most."""
        answer = self.sqs.receive_message(
            QueueUrl=self.url, MaxNumberOfMessages=10, VisibilityTimeout=hidden
        )
        return list(answer.get("Messages", []))

    def delete(self, *receipts: str) -> list[str]:
        """Take messages out; the codes of what failed."""
        entries = [{"Id": str(n), "ReceiptHandle": receipt} for n, receipt in enumerate(receipts)]
        answer = self.sqs.delete_message_batch(QueueUrl=self.url, Entries=entries)
        return [entry["Code"] for entry in answer.get("Failed", [])]

    def show(self, *receipts: str) -> list[str]:
        """Give messages back; the codes of what failed."""
        entries = [
            {"Id": str(n), "ReceiptHandle": receipt, "VisibilityTimeout": 0}
            for n, receipt in enumerate(receipts)
        ]
        answer = self.sqs.change_message_visibility_batch(QueueUrl=self.url, Entries=entries)
        return [entry["Code"] for entry in answer.get("Failed", [])]


@pytest.fixture
def make(cloud: Cloud) -> Iterator[Callable[[int], Queue]]:
    made: list[Queue] = []

    def new(depth: int) -> Queue:
        made.append(Queue(cloud, depth))
        return made[-1]

    yield new
    for queue in made:
        queue.sqs.delete_queue(QueueUrl=queue.url)


def test_ten_messages_take_equally_long_in_a_queue_of_twenty_thousand(
    make: Callable[[int], Queue],
) -> None:
    few, many = make(10 * CALLS), make(DEPTH)
    times: dict[str, list[float]] = {few.url: [], many.url: []}
    for _ in range(CALLS):
        for queue in (few, many):
            begun = time.perf_counter()
            receipts = [message["ReceiptHandle"] for message in queue.receive()]
            assert queue.delete(*receipts) == []
            times[queue.url].append(time.perf_counter() - begun)
    ratio = statistics.median(times[many.url]) / statistics.median(times[few.url])
    assert ratio < 4, f"{ratio:.1f} times as long with {DEPTH} messages"


@pytest.mark.guard
def test_a_receipt_deletes_only_its_own_message(make: Callable[[int], Queue]) -> None:
    queue = make(20)
    first, second = queue.receive(), queue.receive()
    assert queue.delete(first[0]["ReceiptHandle"], "mine") == ["ReceiptHandleIsInvalid"]
    assert queue.delete(first[0]["ReceiptHandle"]) == ["ReceiptHandleIsInvalid"]
    given = [message["ReceiptHandle"] for message in first[1:]]
    assert queue.show(*given) == []
    assert queue.show("mine") == ["ReceiptHandleIsInvalid"]
    again = {message["Body"] for message in queue.receive()}
    assert again == {message["Body"] for message in first[1:]}
    assert {message["Body"] for message in second} & again == set()
    assert queue.receive() == []


@pytest.mark.guard
def test_messages_are_received_in_order(make: Callable[[int], Queue]) -> None:
    queue = make(0)
    queue.send(0)
    queue.send(10)
    bodies = [int(message["Body"]) for _ in range(2) for message in queue.receive()]
    assert bodies == list(range(20))


@pytest.mark.guard
def test_messages_that_are_given_back_are_received_while_others_are_held(
    make: Callable[[int], Queue],
) -> None:
    queue = make(100)
    held = [queue.receive() for _ in range(5)]
    given = held[2]
    assert queue.show(*[message["ReceiptHandle"] for message in given]) == []
    again = queue.receive()
    assert {message["Body"] for message in again} == {message["Body"] for message in given}
    assert queue.delete(*[message["ReceiptHandle"] for message in held[4]]) == []
    assert queue.delete(*[message["ReceiptHandle"] for message in held[1]]) == []
    assert queue.delete(*[message["ReceiptHandle"] for message in given]) != []
    bodies = [message["Body"] for _ in range(6) for message in queue.receive()]
    assert len(set(bodies)) == len(bodies) == 50


@pytest.mark.guard
def test_one_message_that_is_given_back_is_received_again(make: Callable[[int], Queue]) -> None:
    queue = make(20)
    held = queue.receive() + queue.receive()
    queue.sqs.change_message_visibility(
        QueueUrl=queue.url, ReceiptHandle=held[13]["ReceiptHandle"], VisibilityTimeout=0
    )
    assert [message["Body"] for message in queue.receive()] == [held[13]["Body"]]
