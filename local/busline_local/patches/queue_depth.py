"""Queues that are as quick with many messages as with few.

Stock looks at every message of a queue to receive one, and ten times at every
one to delete ten: with 10,000 messages a call takes ten times as long as with
none, and to work off 200,000 takes most of an hour.

AWS: <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/standard-queues.html>.
A standard queue takes a nearly unlimited number of calls a second, however
many messages it holds.

Patched where messages are found: from the front of the queue, where those are
that were received or are next, and no further than needed. A consumer that
holds many messages, such as one that reads a whole queue, is as quick with the
last as with the first: hidden messages at the front are skipped, and a receipt
tells where its message was. Retention is looked after once a second and not
with every call. FIFO queues stay as they are.
"""

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from ministack.services import sqs

_EXPIRY_PERIOD_S = 1.0
"""The shortest retention is a minute: a second more is not seen."""

Record = dict[str, Any]


@dataclass(frozen=True)
class _Front:
    """Messages at the front of a queue, all of which are hidden."""

    count: int
    last: Record
    """The last of them: if it has another place, some were deleted."""

    until: float
    """The first time at which one of them is visible."""


_fronts: dict[str, _Front] = {}
"""By the ARN of the queue."""


def apply() -> None:
    """Find messages from the front."""
    _expire_seldom()
    _collect_from_the_front()
    sqs._HANDLERS["DeleteMessageBatch"] = _delete_message_batch
    sqs._HANDLERS["ChangeMessageVisibilityBatch"] = _change_visibility_batch
    _forget_front_at_single_changes()


def _forget_front_at_single_changes() -> None:
    stock = sqs._HANDLERS["ChangeMessageVisibility"]

    def change(data: Record, path_url: str) -> Any:
        answer = stock(data, path_url)
        _fronts.pop(_arn(sqs._get_q(data.get("QueueUrl", path_url))), None)
        return answer

    sqs._HANDLERS["ChangeMessageVisibility"] = change


def _expire_seldom() -> None:
    stock = sqs._expire_retained
    checked: dict[str, tuple[float, str | None]] = {}

    def expire(queue: Record) -> None:
        attributes = queue["attributes"]
        arn, retention = attributes.get("QueueArn", ""), attributes.get("MessageRetentionPeriod")
        now = time.time()
        last, was = checked.get(arn, (0.0, None))
        if was != retention or not last <= now < last + _EXPIRY_PERIOD_S:
            checked[arn] = (now, retention)
            stock(queue)

    sqs._expire_retained = expire


def _collect_from_the_front() -> None:
    stock = sqs._collect_msgs

    def collect(queue: Record, most: int, hidden: int) -> list[Record]:
        if queue["is_fifo"]:
            return list(stock(queue, most, hidden))
        return _collect(queue, most, hidden)

    sqs._collect_msgs = collect


def _collect(queue: Record, most: int, hidden: int) -> list[Record]:
    messages, now = queue["messages"], time.time()
    place, until = _hidden_front(queue, now)
    found: list[Record] = []
    while place < len(messages) and len(found) < most:
        message = messages[place]
        # What a topic has put in has its fields only from here on.
        if message.get("visible_at", now) <= now:
            sqs._ensure_msg_fields(message)
            message["receipt_handle"] = f"{sqs.new_uuid()}@{place}"
            message["visible_at"] = now + hidden
            message["receive_count"] += 1
            if message.get("first_receive_at") is None:
                message["first_receive_at"] = now
            found.append(message)
        until = min(until, message["visible_at"])
        place += 1
    if place > 0:
        _fronts[_arn(queue)] = _Front(place, messages[place - 1], until)
    return found


def _hidden_front(queue: Record, now: float) -> tuple[int, float]:
    """How many messages at the front are hidden, and until when all of them are."""
    front, messages = _fronts.get(_arn(queue)), queue["messages"]
    if front is None or front.until <= now or len(messages) < front.count:
        return 0, math.inf
    if messages[front.count - 1] is not front.last:
        return 0, math.inf
    return front.count, front.until


def _arn(queue: Record) -> str:
    return str(queue["attributes"].get("QueueArn", ""))


def _held(queue: Record, entries: list[Record]) -> Iterator[tuple[int, Record]]:
    """Where the messages are that these receipts hold."""
    messages = queue["messages"]
    for receipt in {entry.get("ReceiptHandle", "") for entry in entries} - {""}:
        place = _place(messages, receipt)
        if place is not None:
            yield place, messages[place]


def _place(messages: list[Record], receipt: str) -> int | None:
    """Where a message is: at the front, or no further back than when it was received."""
    last = len(messages) - 1
    _, _, received_at = receipt.partition("@")
    # Without a place it was received by something else, such as an event source mapping.
    highest = min(int(received_at), last) if received_at.isdecimal() else last
    for front, back in zip(range(highest + 1), range(highest, -1, -1), strict=True):
        for place in (front, back):
            if messages[place].get("receipt_handle") == receipt:
                return place
        if front >= back:
            return None
    return None


def _delete_message_batch(data: Record, path_url: str) -> Record:
    queue = sqs._get_q(data.get("QueueUrl", path_url), "sqs:DeleteMessage")
    entries = data.get("Entries", [])
    sqs._validate_batch_entries(entries, "DeleteMessageBatchRequestEntry")
    with sqs._queues_lock:
        found = sorted(_held(queue, entries), key=lambda held: held[0])
        # A new list, as others may be going through the old one.
        left = list(queue["messages"])
        for place, _message in reversed(found):
            del left[place]
        queue["messages"] = left
    return _answer(entries, {message["receipt_handle"] for _place, message in found})


def _change_visibility_batch(data: Record, path_url: str) -> Record:
    queue = sqs._get_q(data.get("QueueUrl", path_url), "sqs:ChangeMessageVisibility")
    entries = data.get("Entries", [])
    sqs._validate_batch_entries(entries, "ChangeMessageVisibilityBatchRequestEntry")
    held = {message["receipt_handle"]: message for _place, message in _held(queue, entries)}
    now = time.time()
    for entry in entries:
        message = held.get(entry.get("ReceiptHandle", ""))
        if message is not None:
            hidden = int(entry.get("VisibilityTimeout", 30))
            message["visible_at"] = now + hidden
            front = _fronts.get(_arn(queue))
            if front is not None and now + hidden < front.until:
                _fronts[_arn(queue)] = replace(front, until=now + hidden)
            if hidden == 0:
                sqs.esm_wake.set()
    return _answer(entries, set(held))


def _answer(entries: list[Record], held: set[str]) -> Record:
    """Each entry's result."""
    done: list[Record] = []
    failed: list[Record] = []
    for entry in entries:
        receipt = entry.get("ReceiptHandle", "")
        if receipt in held:
            done.append({"Id": entry.get("Id", "")})
        else:
            failed.append(
                {
                    "Id": entry.get("Id", ""),
                    "Code": "ReceiptHandleIsInvalid",
                    "Message": "The input receipt handle is invalid.",
                    "SenderFault": True,
                }
            )
    return {"Successful": done, "Failed": failed}
