"""Queues that are as quick with many messages as with few.

Stock looks at every message of a queue to receive one, and ten times at every
one to delete ten: with 10,000 messages a call takes ten times as long as with
none, and to work off 200,000 takes most of an hour.

AWS: <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/standard-queues.html>.
A standard queue takes a nearly unlimited number of calls a second, however
many messages it holds.

Patched where messages are found: from the front of the queue, where those are
that were received or are next, and no further than needed. Retention is looked
after once a second and not with every call. FIFO queues stay as they are.
"""

import time
from collections.abc import Iterator
from typing import Any

from ministack.services import sqs

_EXPIRY_PERIOD_S = 1.0
"""The shortest retention is a minute: a second more is not seen."""

Record = dict[str, Any]


def apply() -> None:
    """Find messages from the front."""
    _expire_seldom()
    _collect_from_the_front()
    sqs._HANDLERS["DeleteMessageBatch"] = _delete_message_batch
    sqs._HANDLERS["ChangeMessageVisibilityBatch"] = _change_visibility_batch


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
        now = time.time()
        found: list[Record] = []
        for message in queue["messages"]:
            if len(found) == most:
                break
            # What a topic has put in has its fields only from here on.
            if message.get("visible_at", now) <= now:
                sqs._ensure_msg_fields(message)
                found.append(message)
        for message in found:
            message["receipt_handle"] = sqs.new_uuid()
            message["visible_at"] = now + hidden
            message["receive_count"] += 1
            if message.get("first_receive_at") is None:
                message["first_receive_at"] = now
        return found

    sqs._collect_msgs = collect


def _held(queue: Record, entries: list[Record]) -> Iterator[tuple[int, Record]]:
    """Where the messages are that these receipts hold, from the front."""
    receipts = {entry.get("ReceiptHandle", "") for entry in entries} - {""}
    for place, message in enumerate(queue["messages"]):
        if not receipts:
            return
        receipt = message.get("receipt_handle")
        if receipt in receipts:
            receipts.remove(receipt)
            yield place, message


def _delete_message_batch(data: Record, path_url: str) -> Record:
    queue = sqs._get_q(data.get("QueueUrl", path_url), "sqs:DeleteMessage")
    entries = data.get("Entries", [])
    sqs._validate_batch_entries(entries, "DeleteMessageBatchRequestEntry")
    with sqs._queues_lock:
        found = list(_held(queue, entries))
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
