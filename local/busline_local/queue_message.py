"""Puts a message on a queue in the name of an AWS service, inside the server."""

import hashlib
import time
from typing import Any

from ministack.core.concurrency import esm_wake
from ministack.core.responses import new_uuid
from ministack.services import sqs


def text(value: str) -> dict[str, str]:
    """A message attribute of type String."""
    return {"DataType": "String", "StringValue": value}


def number(value: int) -> dict[str, str]:
    """A message attribute of type Number."""
    return {"DataType": "Number", "StringValue": str(value)}


def enqueue(queue: dict[str, Any], body: str, attributes: dict[str, dict[str, str]]) -> None:
    """Append a message to MiniStack's record of a queue, as SendMessage would."""
    now = time.time()
    message = {
        "id": new_uuid(),
        "body": body,
        # SQS documents MD5 as the checksum that clients compare.
        "md5_body": hashlib.md5(body.encode(), usedforsecurity=False).hexdigest(),
        "md5_attrs": sqs._md5_msg_attrs(attributes),
        "message_attributes": attributes,
        "receipt_handle": None,
        "sent_at": now,
        "visible_at": now + sqs.queue_delay(queue),
        "receive_count": 0,
    }
    sqs._ensure_msg_fields(message)
    queue["messages"].append(message)
    esm_wake.set()
